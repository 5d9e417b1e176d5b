-- Whether the last of its tries that told anything of it found the receiver unwell: silent, overloaded or broken. It is
-- asked slowly then. One that turns an event down is well.
alter table guestpass.webhook_endpoints add column unwell boolean not null default false;
update guestpass.webhook_endpoints set unwell = failures > 0;

-- Whether an endpoint gets the events of one guest one after the other.
alter table guestpass.webhook_endpoints
  add column ordering text not null default 'none' check (ordering in ('none', 'guest'));

-- The earlier delivery that this one waits for; it has no job meanwhile. Means something while it is pending.
alter table guestpass.deliveries add column behind text;
create index deliveries_behind on guestpass.deliveries (behind) where behind is not null;

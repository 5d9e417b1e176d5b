-- When the guest took the consent back. What happened until then was consented to, and stays on record.
alter table guestpass.attempts add column consent_withdrawn_at timestamptz;

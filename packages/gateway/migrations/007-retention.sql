-- When what is personal in an attempt was forgotten because of its age; the rest of the row stays.
alter table guestpass.attempts add column forgotten_at timestamptz;

create index attempts_to_forget on guestpass.attempts (settled_at) where forgotten_at is null and status <> 'intent';

-- Guests whose data must be kept, whatever their age and whoever asks to erase it. One matter may hold many guests,
-- and one guest may be held for several matters.
create table guestpass.legal_holds (
  attempt_id text not null references guestpass.attempts (id),
  matter text not null,
  number bigint generated always as identity unique,
  reason text not null,
  placed_at timestamptz not null,
  primary key (attempt_id, matter)
);

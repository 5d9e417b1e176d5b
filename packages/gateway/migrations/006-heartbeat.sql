-- One row that is written to find out whether the database takes writes at all.
create table guestpass.heartbeat (
  one boolean primary key default true check (one),
  at timestamptz not null
);

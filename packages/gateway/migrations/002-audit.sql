-- The audit log: one chain for the whole fleet. `line` is the record as it was hashed and as it is exported.
create table guestpass.audit_records (
  sequence bigint primary key check (sequence > 0),
  event_type text not null,
  attempt_id text,
  recorded_at timestamptz not null,
  line text not null,
  previous_hash text not null check (previous_hash ~ '^[0-9a-f]{64}$'),
  hash text not null check (hash ~ '^[0-9a-f]{64}$')
);

create index audit_records_by_attempt on guestpass.audit_records (attempt_id) where attempt_id is not null;
create index audit_records_by_type on guestpass.audit_records (event_type, sequence);

-- Where the chain stands. Its one row is locked by whoever appends, so that numbers have no gap and hashes no fork;
-- it also counts outcomes, because each record tells the success rate up to itself.
create table guestpass.audit_head (
  one boolean primary key default true check (one),
  sequence bigint not null,
  hash text not null,
  admitted bigint not null default 0,
  refused bigint not null default 0,
  failed bigint not null default 0,
  unknown bigint not null default 0
) with (fillfactor = 20);

insert into guestpass.audit_head (sequence, hash) values (0, repeat('0', 64));

create function guestpass.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'The table % takes new rows only.', tg_table_name using errcode = 'object_not_in_prerequisite_state';
end $$;

create trigger audit_records_append_only
  before update or delete or truncate on guestpass.audit_records
  for each statement execute function guestpass.refuse_change();

create function guestpass.refuse_removal() returns trigger language plpgsql as $$
begin
  raise exception 'The head of the audit log stays.' using errcode = 'object_not_in_prerequisite_state';
end $$;

create trigger audit_head_stays
  before delete or truncate on guestpass.audit_head
  for each statement execute function guestpass.refuse_removal();

-- Replication and restore settings do not switch the rule off.
alter table guestpass.audit_records enable always trigger audit_records_append_only;
alter table guestpass.audit_head enable always trigger audit_head_stays;

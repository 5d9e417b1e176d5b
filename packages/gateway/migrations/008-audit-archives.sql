-- The oldest records may leave the log once they stand in a signed archive. Each row is a new beginning: the record
-- that the rest follows, with the signed checkpoint that vouches for it.
create table guestpass.audit_archives (
  sequence bigint primary key check (sequence > 0),
  hash text not null check (hash ~ '^[0-9a-f]{64}$'),
  -- As it was signed: what checks the rest of the log checks this first.
  checkpoint text not null,
  -- What the archive is, as it stands beside the file.
  manifest text not null,
  archived_at timestamptz not null
);

create function guestpass.check_archive() returns trigger language plpgsql as $$
begin
  if new.sequence <= coalesce((select max(sequence) from guestpass.audit_archives), 0)
    or new.sequence >= (select sequence from guestpass.audit_head)
    or not exists (select from guestpass.audit_records r where r.sequence = new.sequence and r.hash = new.hash)
  then
    raise exception 'Record % is not where the log may begin.', new.sequence
      using errcode = 'object_not_in_prerequisite_state';
  end if;
  return new;
end $$;

create trigger audit_archives_checked
  before insert on guestpass.audit_archives
  for each row execute function guestpass.check_archive();

create trigger audit_archives_append_only
  before update or delete or truncate on guestpass.audit_archives
  for each statement execute function guestpass.refuse_change();

-- Records are still never changed. They are removed from the front only, and no further than the last archive.
drop trigger audit_records_append_only on guestpass.audit_records;

create trigger audit_records_append_only
  before update or truncate on guestpass.audit_records
  for each statement execute function guestpass.refuse_change();

create function guestpass.check_removal() returns trigger language plpgsql as $$
begin
  if exists (
      select from gone where sequence > coalesce((select max(sequence) from guestpass.audit_archives), 0))
    or exists (select from guestpass.audit_records r where r.sequence < (select max(sequence) from gone))
  then
    raise exception 'The table % takes new rows only.', tg_table_name using errcode = 'object_not_in_prerequisite_state';
  end if;
  return null;
end $$;

create trigger audit_records_removal
  after delete on guestpass.audit_records
  referencing old table as gone
  for each statement execute function guestpass.check_removal();

-- The one way to remove records for a role that may only read and insert: whoever is granted this function removes
-- what an archive holds, and nothing else.
create function guestpass.remove_archived_records(at_most integer) returns bigint
language sql security definer set search_path = '' as $$
  with oldest as (
    select sequence from guestpass.audit_records
    where sequence <= (select max(sequence) from guestpass.audit_archives)
    order by sequence limit at_most
  ), gone as (
    delete from guestpass.audit_records r using oldest o where r.sequence = o.sequence returning r.sequence
  )
  select count(*) from gone
$$;

revoke execute on function guestpass.remove_archived_records(integer) from public;

-- Replication and restore settings do not switch the rules off.
alter table guestpass.audit_archives enable always trigger audit_archives_checked;
alter table guestpass.audit_archives enable always trigger audit_archives_append_only;
alter table guestpass.audit_records enable always trigger audit_records_append_only;
alter table guestpass.audit_records enable always trigger audit_records_removal;

-- The same rules as before, said so that they cost next to nothing: each new version of a row is held to them, and a
-- bounded repetition such as {1,60} takes PostgreSQL some 20 µs to match. The rows that are there kept the old ones.
alter table guestpass.attempts
  drop constraint attempts_id_check,
  add constraint attempts_id_check check (id ~ '^att_[A-Za-z0-9_-]+$' and length(id) <= 64) not valid;

alter table guestpass.audit_records
  drop constraint audit_records_previous_hash_check,
  add constraint audit_records_previous_hash_check
    check (length(previous_hash) = 64 and previous_hash !~ '[^0-9a-f]') not valid,
  drop constraint audit_records_hash_check,
  add constraint audit_records_hash_check check (length(hash) = 64 and hash !~ '[^0-9a-f]') not valid;

alter table guestpass.deliveries
  drop constraint deliveries_id_check,
  add constraint deliveries_id_check check (id ~ '^dlv_[A-Za-z0-9_-]+$' and length(id) <= 64) not valid,
  drop constraint deliveries_event_id_check,
  add constraint deliveries_event_id_check
    check (event_id ~ '^[A-Za-z0-9_-]+$' and length(event_id) <= 64) not valid;

-- What is personal in an attempt, under AES-256-GCM with the key of its guest: the very bytes that the audit record of
-- its outcome holds. `guest_id`, `correlation_id` and, where the platform was asked, `detail` stay empty.
alter table guestpass.attempts
  add column sealed_person bytea,
  -- Finds the attempts of a guest id: a keyed hash of it.
  add column guest_print bytea check (length(guest_print) = 32);

create index attempts_by_guest_print on guestpass.attempts (guest_print) where guest_print is not null;

-- The body of a webhook that tells of a guest who has a key, and what its receiver answered, likewise. `body` and
-- `response_excerpt` are for what is about nobody.
alter table guestpass.deliveries add column sealed_body bytea;
alter table guestpass.delivery_attempts add column sealed_excerpt bytea;

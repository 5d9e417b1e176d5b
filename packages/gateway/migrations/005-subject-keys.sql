-- One key for each guest whose personal fields stand in the audit log. The log holds the ciphertext; without the key
-- nobody can read it, and the chain stays whole.
create table guestpass.subject_keys (
  attempt_id text primary key,
  -- Sealed with the master key; null once erased.
  sealed_key bytea,
  created_at timestamptz not null,
  erased_at timestamptz,
  check ((sealed_key is null) = (erased_at is not null))
);

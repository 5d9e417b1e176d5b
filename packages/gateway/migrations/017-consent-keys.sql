-- The public keys that consent receipts were signed with, of every gateway that shares this database. Never deleted: a
-- receipt is good for as long as somebody keeps it.
create table guestpass.consent_keys (
  kid text primary key,
  public_key bytea not null check (length(public_key) = 32),
  first_used_at timestamptz not null
);

-- One row for each guest that asked to be let in. An intent is written before the platform is called and becomes
-- exactly one outcome. Holds neither the captcha answer nor the attributes; the guest pass is sealed.
create table guestpass.attempts (
  id text primary key check (id ~ '^att_[A-Za-z0-9_-]{1,60}$'),
  number bigint generated always as identity unique,
  status text not null check (status in ('intent', 'admitted', 'refused', 'failed', 'unknown')),

  -- Who works on it, and until when: an intent whose lease has ended belongs to a process that is gone.
  owner text not null,
  lease_until timestamptz not null,

  -- What the guest said.
  channel_id text,
  consent_timestamp text,
  captcha_provider text,
  captcha_verified boolean,
  captcha_score double precision,
  started_at timestamptz not null,

  -- What became of it.
  settled_at timestamptz,
  guest_id text,
  stage text,
  code text,
  detail text,
  platform_status integer,
  retry_after_ms bigint,
  latency_ms double precision,
  duration_ms double precision,
  stages jsonb,
  retries integer,
  status_codes integer[],
  correlation_id text,

  -- The guest pass, session token included, under AES-256-GCM: kept only as long as its idempotency key is good.
  sealed_pass bytea,

  check ((status = 'intent') = (settled_at is null)),
  check (sealed_pass is null or status = 'admitted')
);

create index attempts_by_lease on guestpass.attempts (lease_until) where status = 'intent';
create index attempts_by_guest on guestpass.attempts (guest_id) where guest_id is not null;
create index attempts_by_channel on guestpass.attempts (channel_id, number);
create index attempts_by_outcome on guestpass.attempts (status, number) where status <> 'admitted';
create index attempts_with_pass on guestpass.attempts (settled_at) where sealed_pass is not null;

-- The unique key decides, for the whole fleet, who works on a request that came more than once. Keys are hashed.
create table guestpass.idempotency_keys (
  hash bytea primary key check (length(hash) = 32),
  fingerprint text not null,
  attempt_id text not null,
  expires_at timestamptz not null
);

create index idempotency_keys_by_attempt on guestpass.idempotency_keys (attempt_id);
create index idempotency_keys_by_expiry on guestpass.idempotency_keys (expires_at);

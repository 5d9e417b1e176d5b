-- Who is told of outcomes. Secrets are sealed; the previous one signs beside the new one until its time is up.
create table guestpass.webhook_endpoints (
  id text primary key check (id ~ '^ep_[A-Za-z0-9_-]{1,60}$'),
  number bigint generated always as identity unique,
  url text not null,
  description text not null default '',
  -- Null: every type.
  event_types text[],
  sealed_secret bytea not null,
  sealed_previous_secret bytea,
  previous_secret_until timestamptz,
  enabled boolean not null default true,
  disabled_reason text,
  -- Since when it has only failed, and how often; null after a success.
  failing_since timestamptz,
  failures integer not null default 0,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);

-- One event for one endpoint. The body is written once and sent byte for byte on each try.
create table guestpass.deliveries (
  id text primary key check (id ~ '^dlv_[A-Za-z0-9_-]{1,60}$'),
  number bigint generated always as identity unique,
  event_id text not null check (event_id ~ '^[A-Za-z0-9_-]{1,64}$'),
  event_type text not null,
  attempt_id text,
  endpoint_id text not null references guestpass.webhook_endpoints (id),
  -- Null only after erasure.
  body bytea,
  state text not null check (state in ('pending', 'delivered', 'dead', 'held')),
  tries integer not null default 0,
  -- When the next try is due; null unless pending.
  next_at timestamptz,
  created_at timestamptz not null,
  settled_at timestamptz,
  unique (event_id, endpoint_id),
  check ((state = 'pending') = (next_at is not null))
);

create index deliveries_by_state on guestpass.deliveries (state, number) where state <> 'delivered';
create index deliveries_by_endpoint on guestpass.deliveries (endpoint_id, number);
create index deliveries_by_attempt on guestpass.deliveries (attempt_id) where attempt_id is not null;

-- Each try, as it went.
create table guestpass.delivery_attempts (
  delivery_id text not null references guestpass.deliveries (id),
  try integer not null check (try > 0),
  started_at timestamptz not null,
  duration_ms double precision not null,
  -- `delivered`, or what went wrong in one word.
  outcome text not null,
  response_status integer,
  -- At most 2 KiB, control characters escaped.
  response_excerpt text,
  primary key (delivery_id, try)
);

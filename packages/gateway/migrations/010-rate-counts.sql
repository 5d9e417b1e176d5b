-- What a fleet of gateways has counted lately, for its rate limits. Keys are hashed. Rows live for about a minute, so
-- they need not outlive a crash: what is lost with them is counted in the processes too.
create unlogged table guestpass.rate_counts (
  key bytea not null check (length(key) = 32),
  slot_at timestamptz not null,
  count integer not null check (count >= 0),
  primary key (key, slot_at)
) with (fillfactor = 50);

create index rate_counts_by_slot on guestpass.rate_counts (slot_at);

-- What a fleet of gateways has granted lately under each rate limit: one row a key, so that whoever changes it sees what
-- all others did. Keys are hashed. Rows live for about a minute, so they need not outlive a crash: what is lost with
-- them is counted in the processes too. Gateways of the version before still count in rate_counts.
create unlogged table guestpass.rate_uses (
  key bytea primary key check (length(key) = 32),
  -- The newest slot of time that is counted; slots are numbered from the Unix epoch, by the clock of this database.
  slot bigint not null,
  -- Uses of the slots up to it, oldest first.
  uses integer[] not null
) with (fillfactor = 50);

-- The pace of calls to the platform, which counts them for each OAuth client, whichever gateway makes them: one row a
-- client, with the instant at which all that it has been granted so far is used up at its rate.
create unlogged table if not exists guestpass.platform_turns (
  client bytea primary key check (length(client) = 32),
  full_at timestamptz not null
) with (fillfactor = 20);

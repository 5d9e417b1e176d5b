-- Changes what is counted under rate limits, and tells what is counted then. Gateways ask this for every guest, and to
-- plan it costs twice what it does: in a function it is planned once a connection.
--
-- Each row is changed behind its lock, from what the one before left there, so no two gateways see the same room. All
-- write in the same order and never wait for each other in a circle. Uses are counted in the newest slot of the row, also
-- when the clock says less; a row ahead of it by a window was written before that clock was set back, and begins anew.
create function guestpass.change_rate_uses(changes jsonb, slot_ms double precision, now timestamptz)
returns table (key text, slot bigint, uses integer[], left_ms double precision)
language plpgsql set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  -- A row holds the slots of a window and that of now.
  window_slots constant integer := 12;
  moment constant double precision := extract(epoch from now)::double precision * 1000 / slot_ms;
begin
  return query
  insert into guestpass.rate_uses as u (key, slot, uses)
  select told.key, floor(moment)::bigint, case
    when back = 0 or told.at = floor(moment) then array_fill(0, array[window_slots]) || (more - back)
    else array(
      select case when slot = floor(moment) then more when slot = told.at then -back else 0 end
      from generate_series(floor(moment)::bigint - window_slots, floor(moment)::bigint) as slot order by slot) end
  from (
    select decode(r.key, 'base64') as key, more, back, at
    from jsonb_to_recordset(changes) as r(key text, more integer, back integer, at bigint)
  ) as told
  order by told.key
  on conflict on constraint rate_uses_pkey do update
  set (slot, uses) = (
    select newest, array(
      select greatest(0, greatest(0, u.uses[slot - u.slot + window_slots + 1])
        + coalesce(excluded.uses[case when slot = newest then window_slots + 1
          when slot < excluded.slot then slot - excluded.slot + window_slots + 1 end], 0))
      from generate_series(newest - window_slots, newest) as slot order by slot)
    from (select case when u.slot > excluded.slot + window_slots then excluded.slot
      else greatest(u.slot, excluded.slot) end) as n(newest))
  returning encode(u.key, 'base64'), u.slot, u.uses, greatest(0, (u.slot + 1 - moment) * slot_ms);
end $$;

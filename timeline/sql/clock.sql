-- The mall's time: the database's clock plus the demo's offset, which exists in demo mode only.
create or replace function timeline_now() returns timestamptz
language sql volatile
set search_path = pg_catalog, public
as $$
  select clock_timestamp() + coalesce((select ahead from public.timeline_clockoffset where id = 1), interval '0')
$$;

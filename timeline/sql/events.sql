-- Events are for ever, and each root's events are a chain.

-- The exact text that is hashed. A frozen format: never change it, only add a new function beside it.
create or replace function timeline_event_text(e timeline_event) returns text
language sql immutable
set search_path = pg_catalog, public
as $$
  select concat_ws(E'\x1f', e.root, e.seq, e.subject, e.name, e.state_before, e.state_after,
                   coalesce(e.by_id::text, ''), (extract(epoch from e.at) * 1000000)::bigint, e.body)
$$;

-- Links a new event to the end of its root's chain. The writer holds the root's lock; the unique place catches a fault.
create or replace function timeline_event_link() returns trigger
language plpgsql
set search_path = pg_catalog, public
as $$
declare
  last record;
begin
  select seq, hash into last from timeline_event where root = new.root order by seq desc limit 1;
  new.seq := coalesce(last.seq, 0) + 1;
  new.prev := coalesce(last.hash, ''::bytea);
  new.hash := sha256(new.prev || convert_to(timeline_event_text(new), 'UTF8'));
  return new;
end $$;

create or replace trigger timeline_event_link before insert on timeline_event
  for each row execute function timeline_event_link();

-- For every table whose rows are for ever.
create or replace function timeline_refuse_change() returns trigger
language plpgsql
set search_path = pg_catalog, public
as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'KM900';
end $$;

create or replace trigger timeline_event_forever before update or delete or truncate on timeline_event
  for each statement execute function timeline_refuse_change();

-- Where chains do not hold: of one root, or of all (null).
create or replace function timeline_broken_chains(wanted text) returns table (root text, seq bigint, fault text)
language sql stable
set search_path = pg_catalog, public
as $$
  select c.root::text, c.seq,
         case when c.seq <> c.place then 'gap before this event'
              when c.prev <> coalesce(c.hash_before, ''::bytea) then 'not linked to the event before'
              else 'contents do not match the hash' end
  from (
    select e.root, e.seq, e.prev, e.hash, timeline_event_text(e) as contents,
           row_number() over chain as place, lag(e.hash) over chain as hash_before
    from timeline_event e
    where wanted is null or e.root = wanted
    window chain as (partition by e.root order by e.seq)
  ) c
  where c.seq <> c.place
     or c.prev <> coalesce(c.hash_before, ''::bytea)
     or c.hash <> sha256(c.prev || convert_to(c.contents, 'UTF8'))
$$;

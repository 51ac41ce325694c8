-- The ends of all chains, in one statement and so of one moment: accounts that moved money, and streams of events.
create or replace function ledger_chain_heads() returns table (chain text, seq bigint, head bytea)
language sql stable
set search_path = pg_catalog, public
as $$
  select 'account:' || a.address, a.seq, a.head from ledger_account a where a.seq > 0
  union all
  (select distinct on (e.root) 'stream:' || e.root, e.seq, e.hash from timeline_event e order by e.root, e.seq desc)
$$;

-- Writes an anchor behind the one before it, with the heads that have grown since. The application has no other way.
create or replace function ledger_write_anchor(
  new_day date, new_made_at timestamptz, new_leaves bigint, new_root text, new_previous bigint,
  new_body text, new_signature text, new_public_key text, chains text[], seqs bigint[], heads bytea[]
) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  last record;
  new_id bigint;
begin
  select id, day into last from ledger_anchor order by day desc limit 1;
  if last.id is distinct from new_previous or last.day >= new_day then
    raise exception 'an anchor of % does not follow that of %', new_day, last.day using errcode = 'KM901';
  end if;
  if array[cardinality(seqs), cardinality(heads)] <> array_fill(cardinality(chains), array[2]) then
    raise exception 'the columns of the leaves have different lengths' using errcode = 'KM901';
  end if;
  insert into ledger_anchor (day, made_at, leaves, root, previous_id, body, signature, public_key)
  values (new_day, new_made_at, new_leaves, new_root, new_previous, new_body, new_signature, new_public_key)
  returning id into new_id;
  insert into ledger_anchorleaf (anchor_id, chain, seq, head)
  select new_id, l.chain, l.seq, l.head from unnest(chains, seqs, heads) as l (chain, seq, head);
  return new_id;
end $$;

revoke all on function ledger_write_anchor(date, timestamptz, bigint, text, bigint, text, text, text, text[], bigint[], bytea[]) from public;

create or replace trigger ledger_anchor_forever before update or delete or truncate on ledger_anchor
  for each statement execute function timeline_refuse_change();
create or replace trigger ledger_anchorleaf_forever before update or delete or truncate on ledger_anchorleaf
  for each statement execute function timeline_refuse_change();

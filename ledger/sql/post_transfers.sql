-- The one way money moves. Takes a batch of transfers as arrays, locks the accounts once in one order, writes transfers,
-- both postings with running balance, and each account's hash chain, or nothing at all.
--
-- Every statement and every expression costs something in every call, so a single transfer has a path of its own, and a
-- batch works on arrays: docs/benchmarks.md shows where the time goes.
--
-- Errors (sqlstate): KM001 bad batch · KM002 bad amount · KM003 same account twice · KM004 unknown account
--                    KM005 key reused with other contents · KM006 an account would leave its limits

-- The exact text that is hashed for a posting. A frozen format; `ledger_post` writes the same expression out, since a
-- call costs more than the text, and `check_books` reads every chain with this one.
create or replace function ledger_posting_text(
  address text, seq bigint, key text, amount bigint, balance bigint, reason text, subject text, journal text, at timestamptz
) returns text
language sql immutable
set search_path = pg_catalog, public
as $$
  select concat_ws(E'\x1f', address, seq, key, amount, balance, reason, subject, journal,
                   (extract(epoch from at) * 1000000)::bigint)
$$;

-- Opens the accounts among `addresses` that the chart knows and nobody has used yet; refuses those it does not know.
create or replace function ledger_open(addresses text[]) returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
  bad text;
begin
  select a into bad from unnest(addresses) a
   where a is null or (not exists (select from ledger_account where address = a)
                       and not exists (select from ledger_accountkind where a ~ pattern)) limit 1;
  if found then
    raise exception 'the chart of accounts does not know %', coalesce(bad, 'an account without an address') using errcode = 'KM004';
  end if;
  insert into ledger_account (address, kind_id, balance, lowest, highest, seq, head)
  select a.address, k.name, 0, k.lowest, k.highest, 0, ''
    from (select distinct unnest(addresses) as address) a
    join ledger_accountkind k on a.address ~ k.pattern
   where not exists (select from ledger_account x where x.address = a.address)
   order by a.address
  on conflict (address) do nothing;
end $$;

create or replace function ledger_post(
  keys text[], sources text[], targets text[], amounts bigint[],
  reasons text[], subjects text[], journals text[], ats timestamptz[]
) returns table (place int, transfer_id bigint, is_new boolean)
language plpgsql
security definer
set search_path = pg_catalog, public, pg_temp
set plan_cache_mode = force_generic_plan -- the arrays' lengths would have every statement planned anew
set enable_seqscan = off -- a plan that was made while the tables were small is kept while they grow
as $$
declare
  size constant int := coalesce(cardinality(keys), 0);
  bad text;
  s int;
  g int;
  line int := 0;
  written int;
  micros bigint;
  -- The accounts of this batch, each once, in the order of their addresses; `source_of[i]` is a place among them.
  addresses text[];
  source_of int[];
  target_of int[];
  account_ids bigint[];
  balances bigint[];
  lowests bigint[];
  highests bigint[];
  seqs bigint[];
  heads bytea[];
  -- The transfers and their postings, two for each.
  ids bigint[] := '{}';
  source_ids bigint[] := '{}';
  target_ids bigint[] := '{}';
  earlier jsonb;
  known jsonb;
  line_accounts bigint[] := '{}';
  line_seqs bigint[] := '{}';
  line_ids bigint[] := '{}';
  line_amounts bigint[] := '{}';
  line_balances bigint[] := '{}';
  line_hashes bytea[] := '{}';
  -- The same for a single transfer, which needs no arrays.
  from_id bigint;
  from_balance bigint;
  from_lowest bigint;
  from_seq bigint;
  from_head bytea;
  to_id bigint;
  to_balance bigint;
  to_highest bigint;
  to_seq bigint;
  to_head bytea;
begin
  if size = 0 or size > 5000 then
    raise exception 'a batch has 1 to 5000 transfers, not %', size using errcode = 'KM001';
  end if;
  if (cardinality(sources) = size and cardinality(targets) = size and cardinality(amounts) = size
      and cardinality(reasons) = size and cardinality(subjects) = size and cardinality(journals) = size
      and cardinality(ats) = size) is not true then
    raise exception 'the columns of a batch have different lengths' using errcode = 'KM001';
  end if;
  for i in 1 .. size loop
    if keys[i] is null or keys[i] = '' or ats[i] is null or coalesce(reasons[i], '') = ''
       or coalesce(subjects[i], '') = '' or coalesce(journals[i], '') = '' then
      raise exception 'transfer % lacks a key, a reason, a subject, a journal or a time', i using errcode = 'KM001';
    end if;
    if amounts[i] is null or amounts[i] <= 0 or amounts[i] > 1000000000000000 then
      raise exception '% fen is no amount for %', amounts[i], keys[i] using errcode = 'KM002';
    end if;
    if sources[i] = targets[i] then
      raise exception '% would move money from % to itself', keys[i], sources[i] using errcode = 'KM003';
    end if;
  end loop;

  -- A single transfer: the same steps as below, without arrays and sets. A join finds both accounts or none.
  if size = 1 then
    for i in 1 .. 2 loop
      if sources[1] < targets[1] then
        select a.id, a.balance, a.lowest, a.seq, a.head, b.id, b.balance, b.highest, b.seq, b.head
          into from_id, from_balance, from_lowest, from_seq, from_head,
               to_id, to_balance, to_highest, to_seq, to_head
          from ledger_account a, ledger_account b where a.address = sources[1] and b.address = targets[1]
           for no key update of a for no key update of b;
      else
        select a.id, a.balance, a.lowest, a.seq, a.head, b.id, b.balance, b.highest, b.seq, b.head
          into from_id, from_balance, from_lowest, from_seq, from_head,
               to_id, to_balance, to_highest, to_seq, to_head
          from ledger_account b, ledger_account a where a.address = sources[1] and b.address = targets[1]
           for no key update of b for no key update of a;
      end if;
      exit when from_id is not null;
      perform ledger_open(sources || targets);
    end loop;
    insert into ledger_transfer as t (key, source_id, target_id, amount, reason, subject, journal, at)
    values (keys[1], from_id, to_id, amounts[1], reasons[1], subjects[1], journals[1], ats[1])
    on conflict (key) do nothing returning t.id into transfer_id;
    place := 1;
    is_new := transfer_id is not null;
    if not is_new then
      select t.id into transfer_id from ledger_transfer t
       where t.key = keys[1]
         and (t.source_id, t.target_id, t.amount, t.reason, t.subject, t.journal)
           = (from_id, to_id, amounts[1], reasons[1], subjects[1], journals[1]);
      if not found then
        raise exception 'the key % was used for another transfer', keys[1] using errcode = 'KM005';
      end if;
      return next;
      return;
    end if;
    from_balance := from_balance - amounts[1];
    to_balance := to_balance + amounts[1];
    if from_balance < from_lowest then
      raise exception '% holds % fen, % are asked of it', sources[1], from_balance + amounts[1], amounts[1]
        using errcode = 'KM006', detail = sources[1];
    end if;
    if to_balance > to_highest then
      raise exception '% may hold % fen at most', targets[1], to_highest using errcode = 'KM006', detail = targets[1];
    end if;
    micros := extract(epoch from ats[1]) * 1000000;
    from_head := sha256(from_head || convert_to(concat_ws(E'\x1f', sources[1], from_seq + 1, keys[1], -amounts[1],
                          from_balance, reasons[1], subjects[1], journals[1], micros), 'UTF8'));
    to_head := sha256(to_head || convert_to(concat_ws(E'\x1f', targets[1], to_seq + 1, keys[1], amounts[1],
                          to_balance, reasons[1], subjects[1], journals[1], micros), 'UTF8'));
    insert into ledger_posting (account_id, seq, transfer_id, amount, balance, hash) values
      (from_id, from_seq + 1, transfer_id, -amounts[1], from_balance, from_head),
      (to_id, to_seq + 1, transfer_id, amounts[1], to_balance, to_head);
    update ledger_account a
       set seq = a.seq + 1,
           balance = case when a.id = from_id then from_balance else to_balance end,
           head = case when a.id = from_id then from_head else to_head end
     where a.id in (from_id, to_id);
    return next;
    return;
  end if;

  select k into bad from unnest(keys) k group by k having count(*) > 1 limit 1;
  if bad is not null then
    raise exception 'the key % stands twice in one batch', bad using errcode = 'KM001';
  end if;
  with used as (select a, row_number() over (order by a)::int as n from (select distinct unnest(sources || targets) as a) x)
  select (select array_agg(a order by n) from used),
         array_agg(f.n order by t.i), array_agg(h.n order by t.i)
    into addresses, source_of, target_of
    from unnest(sources, targets) with ordinality as t (source, target, i)
    left join used f on f.a = t.source left join used h on h.a = t.target;

  -- One lock order for everybody: by address; all of them or, while one has yet to be opened, none.
  for i in 1 .. 2 loop
    select array_agg(id), array_agg(balance), array_agg(lowest), array_agg(highest), array_agg(seq), array_agg(head)
      into account_ids, balances, lowests, highests, seqs, heads
      from (select a.id, a.balance, a.lowest, a.highest, a.seq, a.head from ledger_account a
             where a.address = any (addresses)
               and (select count(*) from ledger_account c where c.address = any (addresses)) = cardinality(addresses)
             order by a.address for no key update) locked;
    exit when account_ids is not null;
    perform ledger_open(sources || targets);
  end loop;

  for i in 1 .. size loop
    ids[i] := nextval('ledger_transfer_id_seq');
    source_ids[i] := account_ids[source_of[i]];
    target_ids[i] := account_ids[target_of[i]];
  end loop;
  -- A key that is there already is left alone, and looked at below.
  insert into ledger_transfer (id, key, source_id, target_id, amount, reason, subject, journal, at)
  select * from unnest(ids, keys, source_ids, target_ids, amounts, reasons, subjects, journals, ats)
  on conflict (key) do nothing;
  get diagnostics written = row_count;
  if written < size then
    select jsonb_object_agg(t.key, jsonb_build_array(t.id, b.address, h.address, t.amount, t.reason, t.subject, t.journal)) into earlier
      from unnest(keys, ids) k (key, id)
      join ledger_transfer t on t.key = k.key and t.id <> k.id
      join ledger_account b on b.id = t.source_id
      join ledger_account h on h.id = t.target_id;
  end if;

  for i in 1 .. size loop
    known := earlier -> keys[i];
    if known is not null then
      if known - 0 is distinct from jsonb_build_array(sources[i], targets[i], amounts[i], reasons[i], subjects[i], journals[i]) then
        raise exception 'the key % was used for another transfer', keys[i] using errcode = 'KM005';
      end if;
      place := i; transfer_id := known -> 0; is_new := false;
      return next;
      continue;
    end if;

    s := source_of[i];
    g := target_of[i];
    if balances[s] - amounts[i] < lowests[s] then
      raise exception '% holds % fen, % are asked of it', sources[i], balances[s], amounts[i]
        using errcode = 'KM006', detail = sources[i];
    end if;
    if balances[g] + amounts[i] > highests[g] then
      raise exception '% may hold % fen at most', targets[i], highests[g]
        using errcode = 'KM006', detail = targets[i];
    end if;
    micros := extract(epoch from ats[i]) * 1000000;
    seqs[s] := seqs[s] + 1;
    balances[s] := balances[s] - amounts[i];
    heads[s] := sha256(heads[s] || convert_to(concat_ws(E'\x1f', sources[i], seqs[s], keys[i], -amounts[i], balances[s],
                                                        reasons[i], subjects[i], journals[i], micros), 'UTF8'));
    seqs[g] := seqs[g] + 1;
    balances[g] := balances[g] + amounts[i];
    heads[g] := sha256(heads[g] || convert_to(concat_ws(E'\x1f', targets[i], seqs[g], keys[i], amounts[i], balances[g],
                                                        reasons[i], subjects[i], journals[i], micros), 'UTF8'));
    line := line + 2;
    line_accounts[line - 1] := account_ids[s];
    line_accounts[line] := account_ids[g];
    line_seqs[line - 1] := seqs[s];
    line_seqs[line] := seqs[g];
    line_ids[line - 1] := ids[i];
    line_ids[line] := ids[i];
    line_amounts[line - 1] := -amounts[i];
    line_amounts[line] := amounts[i];
    line_balances[line - 1] := balances[s];
    line_balances[line] := balances[g];
    line_hashes[line - 1] := heads[s];
    line_hashes[line] := heads[g];
    place := i; transfer_id := ids[i]; is_new := true;
    return next;
  end loop;
  if line = 0 then
    return; -- nothing but known keys
  end if;

  insert into ledger_posting (account_id, seq, transfer_id, amount, balance, hash)
  select * from unnest(line_accounts, line_seqs, line_ids, line_amounts, line_balances, line_hashes);
  update ledger_account a set balance = v.balance, seq = v.seq, head = v.head
    from unnest(account_ids, balances, seqs, heads) v (id, balance, seq, head)
   where a.id = v.id and a.seq <> v.seq;
end $$;

revoke all on function ledger_post(text[], text[], text[], bigint[], text[], text[], text[], timestamptz[]) from public;
revoke all on function ledger_open(text[]) from public;

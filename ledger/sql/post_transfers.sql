-- The one way money moves. Takes a batch of transfers as arrays, locks the accounts once in one order, writes transfers,
-- both postings with running balance, and each account's hash chain, or nothing at all.
--
-- Errors (sqlstate): KM001 bad batch · KM002 bad amount · KM003 same account twice · KM004 unknown account
--                    KM005 key reused with other contents · KM006 an account would leave its limits

-- The exact text that is hashed for a posting. A frozen format.
create or replace function ledger_posting_text(
  address text, seq bigint, key text, amount bigint, balance bigint, reason text, subject text, journal text, at timestamptz
) returns text
language sql immutable
set search_path = pg_catalog, public
as $$
  select concat_ws(E'\x1f', address, seq, key, amount, balance, reason, subject, journal,
                   (extract(epoch from at) * 1000000)::bigint)
$$;

create or replace function ledger_post(
  keys text[], sources text[], targets text[], amounts bigint[],
  reasons text[], subjects text[], journals text[], ats timestamptz[]
) returns table (place int, transfer_id bigint, is_new boolean)
language plpgsql
security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  size constant int := coalesce(cardinality(keys), 0);
  bad text;
  i int;
  known record;
  source_account record;
  target_account record;
  new_id bigint;
begin
  if size = 0 or size > 5000 then
    raise exception 'a batch has 1 to 5000 transfers, not %', size using errcode = 'KM001';
  end if;
  if array[cardinality(sources), cardinality(targets), cardinality(amounts), cardinality(reasons),
           cardinality(subjects), cardinality(journals), cardinality(ats)] <> array_fill(size, array[7]) then
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
  select k into bad from unnest(keys) k group by k having count(*) > 1 limit 1;
  if bad is not null then
    raise exception 'the key % stands twice in one batch', bad using errcode = 'KM001';
  end if;

  -- Open accounts that the chart knows and nobody has used yet.
  select a into bad from unnest(sources || targets) a
   where a is null or (not exists (select from ledger_account where address = a)
                       and not exists (select from ledger_accountkind where a ~ pattern)) limit 1;
  if found then
    raise exception 'the chart of accounts does not know %', coalesce(bad, 'an account without an address') using errcode = 'KM004';
  end if;
  insert into ledger_account (address, kind_id, balance, lowest, highest, seq, head)
  select a.address, k.name, 0, k.lowest, k.highest, 0, ''
    from (select distinct unnest(sources || targets) as address) a
    join ledger_accountkind k on a.address ~ k.pattern
   where not exists (select from ledger_account x where x.address = a.address)
   order by a.address
  on conflict (address) do nothing;

  -- One lock order for everybody: by address.
  perform from ledger_account where address = any (sources || targets) order by address for no key update;

  for i in 1 .. size loop
    select t.id, s.address as source, g.address as target, t.amount, t.reason, t.subject, t.journal into known
      from ledger_transfer t
      join ledger_account s on s.id = t.source_id
      join ledger_account g on g.id = t.target_id
     where t.key = keys[i];
    if found then
      if (known.source, known.target, known.amount, known.reason, known.subject, known.journal)
         is distinct from (sources[i], targets[i], amounts[i], reasons[i]::varchar, subjects[i]::varchar, journals[i]::varchar) then
        raise exception 'the key % was used for another transfer', keys[i] using errcode = 'KM005';
      end if;
      place := i; transfer_id := known.id; is_new := false;
      return next;
      continue;
    end if;

    select id, balance, lowest, highest, seq, head into source_account from ledger_account where address = sources[i];
    select id, balance, lowest, highest, seq, head into target_account from ledger_account where address = targets[i];
    if source_account.balance - amounts[i] < source_account.lowest then
      raise exception '% holds % fen, % are asked of it', sources[i], source_account.balance, amounts[i]
        using errcode = 'KM006', detail = sources[i];
    end if;
    if target_account.balance + amounts[i] > target_account.highest then
      raise exception '% may hold % fen at most', targets[i], target_account.highest
        using errcode = 'KM006', detail = targets[i];
    end if;

    insert into ledger_transfer (key, source_id, target_id, amount, reason, subject, journal, at)
    values (keys[i], source_account.id, target_account.id, amounts[i], reasons[i], subjects[i], journals[i], ats[i])
    returning id into new_id;
    source_account.seq := source_account.seq + 1;
    source_account.balance := source_account.balance - amounts[i];
    source_account.head := sha256(source_account.head || convert_to(ledger_posting_text(
      sources[i], source_account.seq, keys[i], -amounts[i], source_account.balance, reasons[i], subjects[i], journals[i], ats[i]), 'UTF8'));
    target_account.seq := target_account.seq + 1;
    target_account.balance := target_account.balance + amounts[i];
    target_account.head := sha256(target_account.head || convert_to(ledger_posting_text(
      targets[i], target_account.seq, keys[i], amounts[i], target_account.balance, reasons[i], subjects[i], journals[i], ats[i]), 'UTF8'));
    insert into ledger_posting (account_id, seq, transfer_id, amount, balance, hash) values
      (source_account.id, source_account.seq, new_id, -amounts[i], source_account.balance, source_account.head),
      (target_account.id, target_account.seq, new_id, amounts[i], target_account.balance, target_account.head);
    update ledger_account a set balance = v.balance, seq = v.seq, head = v.head
      from (values (source_account.id, source_account.balance, source_account.seq, source_account.head),
                   (target_account.id, target_account.balance, target_account.seq, target_account.head)) v (id, balance, seq, head)
     where a.id = v.id;
    place := i; transfer_id := new_id; is_new := true;
    return next;
  end loop;
end $$;

revoke all on function ledger_post(text[], text[], text[], bigint[], text[], text[], text[], timestamptz[]) from public;

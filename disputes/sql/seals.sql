-- The end of the chain of seals, for whoever sets the next one: nobody else does until this transaction ends. A function
-- that is volatile looks anew after it has waited.
create or replace function disputes_seal_tail() returns table (id bigint, number text, year int, place int, sha256 text)
language plpgsql volatile
set search_path = pg_catalog, public
as $$
begin
  perform pg_advisory_xact_lock(520057);
  return query select s.id, s.number::text, s.year::int, s.place::int, s.sha256::text
    from disputes_seal s order by s.id desc limit 1;
end $$;

-- A seal stands behind the last one, carries the next number of its year, and says what it says.
create or replace function disputes_check_seal() returns trigger
language plpgsql
set search_path = pg_catalog, public
as $$
declare
  last record;
  told jsonb := new.statement::jsonb;
begin
  perform pg_advisory_xact_lock(520057);
  select s.id, s.year, s.place, s.sha256, s.number into last from disputes_seal s order by s.id desc limit 1;
  if new.previous_id is distinct from last.id
     or new.year < coalesce(last.year, 0)
     or new.place <> (case when new.year = last.year then last.place + 1 else 1 end)
     or new.number <> 'KM' || new.year || '-' || lpad(new.place::text, 6, '0') then
    raise exception 'seal % does not follow %', new.number, last.number using errcode = 'KM902';
  end if;
  if new.sha256 <> encode(sha256(convert_to(new.statement, 'UTF8')), 'hex')
     or told ->> 'text_sha256' <> encode(sha256(convert_to(new.text, 'UTF8')), 'hex')
     or told ->> 'number' <> new.number
     or told ->> 'previous_sha256' <> coalesce(last.sha256, '') then
    raise exception 'seal % says something else than what is sealed', new.number using errcode = 'KM902';
  end if;
  return new;
end $$;

create or replace trigger disputes_seal_follows before insert on disputes_seal
  for each row execute function disputes_check_seal();
create or replace trigger disputes_seal_forever before update or delete or truncate on disputes_seal
  for each statement execute function timeline_refuse_change();

-- What a ruling decides and says is for ever from the moment it is written; only whether it is served, or changed by a
-- panel, comes later.
create or replace function disputes_keep_ruling() returns trigger
language plpgsql
set search_path = pg_catalog, public
as $$
begin
  if tg_op = 'DELETE' or (old.dispute_id, old.version, old.shares, old.grants, old.compensation, old.rule_ids,
      old.rulebook_version, old.findings, old.reasons, old.arithmetic, old.funding, old.departs, old.departs_because,
      old.needs_signature, old.sha256, old.by_id, old.at)
    is distinct from (new.dispute_id, new.version, new.shares, new.grants, new.compensation, new.rule_ids,
      new.rulebook_version, new.findings, new.reasons, new.arithmetic, new.funding, new.departs, new.departs_because,
      new.needs_signature, new.sha256, new.by_id, new.at)
    or old.is_final and not new.is_final then
    raise exception 'a ruling is never changed: the next version is a row of its own' using errcode = 'KM902';
  end if;
  return new;
end $$;

create or replace trigger disputes_ruling_kept before update or delete on disputes_ruling
  for each row execute function disputes_keep_ruling();

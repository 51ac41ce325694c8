-- A published version of the rulebook is for ever: orders are decided by it years later.
create or replace function rulebook_version_keep() returns trigger
language plpgsql
set search_path = pg_catalog, public
as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'a rulebook version is taken back, never deleted' using errcode = 'KM900';
  end if;
  if old.state in ('announced', 'in_force', 'superseded', 'withdrawn') and (
       new.state in ('draft', 'signing')
       or (new.number, new.body, new.sha256, new.is_major, new.is_retroactive, new.purpose, new.author_id,
           new.drafted_at, new.proposed_by_id, new.signed_by_id, new.announced_at, new.effective_at)
          is distinct from
          (old.number, old.body, old.sha256, old.is_major, old.is_retroactive, old.purpose, old.author_id,
           old.drafted_at, old.proposed_by_id, old.signed_by_id, old.announced_at, old.effective_at)) then
    raise exception 'the rulebook version % is published and cannot be changed', old.number using errcode = 'KM900';
  end if;
  return new;
end $$;

create or replace trigger rulebook_version_keep before update or delete on rulebook_rulebookversion
  for each row execute function rulebook_version_keep();

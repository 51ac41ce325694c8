-- Whether the payout brake is on, asked under a shared lock that lasts to the end of the transaction. In one call, but in
-- two statements: the second sees what was committed before the lock was had. The number is `PAYING` in ledger/brake.py.
create or replace function ledger_brake_is_raised() returns boolean
language plpgsql volatile
set search_path = pg_catalog, public
as $$
begin
  perform pg_advisory_xact_lock_shared(520054);
  return exists (select from ledger_brake where state = 'raised');
end $$;

-- A check of the books is for ever.
create or replace trigger ledger_bookscheck_forever before update or delete or truncate on ledger_bookscheck
  for each statement execute function timeline_refuse_change();
create or replace trigger ledger_brake_forever before delete or truncate on ledger_brake
  for each statement execute function timeline_refuse_change();

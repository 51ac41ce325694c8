-- Locks accounts in the order in which the posting function does, before a verb that posts more than once: so its later
-- postings wait for nobody. Accounts that nobody has used yet are left out. The application may not lock rows of a table
-- that it may not change, so the owner does.
create or replace function ledger_lock(addresses text[]) returns void
language plpgsql
security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform from ledger_account where address = any (addresses) order by address for no key update;
end $$;

revoke all on function ledger_lock(text[]) from public;

-- Transfers and postings are for ever; an account's name and limits too.
create or replace trigger ledger_transfer_forever before update or delete or truncate on ledger_transfer
  for each statement execute function timeline_refuse_change();
create or replace trigger ledger_posting_forever before update or delete or truncate on ledger_posting
  for each statement execute function timeline_refuse_change();
create or replace trigger ledger_account_forever before delete or truncate on ledger_account
  for each statement execute function timeline_refuse_change();

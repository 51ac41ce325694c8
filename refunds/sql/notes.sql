-- A credit note is for ever.
create or replace trigger refunds_creditnote_forever before update or delete or truncate on refunds_creditnote
  for each statement execute function timeline_refuse_change();

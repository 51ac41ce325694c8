-- Each change that a verb wrote on its page must meet its row, in the state in which the verb saw it.
create or replace function timeline_expect(what text, wanted bigint, met bigint) returns void
language plpgsql
set search_path = pg_catalog, public
as $$
begin
  if met <> wanted then
    raise exception '% of % rows of % were moved without their lock', wanted - met, wanted, what using errcode = 'KM901';
  end if;
end $$;

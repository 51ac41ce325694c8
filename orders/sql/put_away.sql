-- What was said about a sale can be put away: privacy keeps it sealed under a key that is destroyed in its time.
-- The chain goes on: place, link and hash of each message stay; only its text is replaced, by one sign, by one function.

-- What stands in the place of a text that was put away. Frozen: rows hold it.
create or replace function orders_put_away_sign() returns text
language sql immutable
set search_path = pg_catalog, public
as $$ select '［已封存］'::text $$;

-- A message is for ever, but for its text, which only `orders_put_words_away` replaces.
create or replace function orders_message_only_put_away() returns trigger
language plpgsql
set search_path = pg_catalog, public
as $$
begin
  if current_setting('kamen.putting_away', true) is distinct from 'on'
     or new.text is distinct from orders_put_away_sign()
     or (new.id, new.order_id, new.author_id, new.at, new.signs, new.seq, new.prev, new.hash)
        is distinct from (old.id, old.order_id, old.author_id, old.at, old.signs, old.seq, old.prev, old.hash) then
    raise exception 'orders_message is append-only' using errcode = 'KM900';
  end if;
  return new;
end $$;

drop trigger if exists orders_message_forever on orders_message;
create trigger orders_message_forever before delete or truncate on orders_message
  for each statement execute function timeline_refuse_change();
create or replace trigger orders_message_only_put_away before update on orders_message
  for each row execute function orders_message_only_put_away();

-- Replaces what was said about an order by the sign; returns how many messages that were. As the owner: the application
-- itself may not change a message.
create or replace function orders_put_words_away(wanted bigint) returns integer
language plpgsql security definer
set search_path = pg_catalog, public
as $$
declare
  number integer;
begin
  perform set_config('kamen.putting_away', 'on', true);
  update orders_message set text = orders_put_away_sign() where order_id = wanted and text <> orders_put_away_sign();
  get diagnostics number = row_count;
  perform set_config('kamen.putting_away', 'off', true);
  return number;
end $$;
revoke all on function orders_put_words_away(bigint) from public;

-- Where conversations do not hold: of one order, or of all (null). The contents of a message that was put away can no
-- longer be held against its hash; that such a message has its sealed piece is a question of privacy's own.
create or replace function orders_broken_conversations(wanted bigint) returns table (order_id bigint, seq bigint, fault text)
language sql stable
set search_path = pg_catalog, public
as $$
  select c.order_id, c.seq::bigint,
         case when c.seq <> c.place then 'gap before this message'
              when c.prev <> coalesce(c.hash_before, ''::bytea) then 'not linked to the message before'
              else 'contents do not match the hash' end
  from (
    select m.order_id, m.seq, m.prev, m.hash, orders_message_text(m) as contents,
           m.text = orders_put_away_sign() as is_away,
           row_number() over chain as place, lag(m.hash) over chain as hash_before
    from orders_message m
    where wanted is null or m.order_id = wanted
    window chain as (partition by m.order_id order by m.seq)
  ) c
  where c.seq <> c.place
     or c.prev <> coalesce(c.hash_before, ''::bytea)
     or (not c.is_away and c.hash <> sha256(c.prev || convert_to(c.contents, 'UTF8')))
$$;

-- What is said about an order is for ever, and the messages of each order are a chain.

-- The exact text that is hashed. A frozen format: never change it, only add a new function beside it.
create or replace function orders_message_text(m orders_message) returns text
language sql immutable
set search_path = pg_catalog, public
as $$
  select concat_ws(E'\x1f', m.order_id, m.seq, m.author_id, (extract(epoch from m.at) * 1000000)::bigint,
                   m.signs::text, m.text)
$$;

-- Links a new message to the end of its order's chain. The writer holds the order's lock; the unique place catches a fault.
create or replace function orders_message_link() returns trigger
language plpgsql
set search_path = pg_catalog, public
as $$
declare
  last record;
begin
  select seq, hash into last from orders_message where order_id = new.order_id order by seq desc limit 1;
  new.seq := coalesce(last.seq, 0) + 1;
  new.prev := coalesce(last.hash, ''::bytea);
  new.hash := sha256(new.prev || convert_to(orders_message_text(new), 'UTF8'));
  return new;
end $$;

-- Where conversations do not hold: of one order, or of all (null).
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
           row_number() over chain as place, lag(m.hash) over chain as hash_before
    from orders_message m
    where wanted is null or m.order_id = wanted
    window chain as (partition by m.order_id order by m.seq)
  ) c
  where c.seq <> c.place
     or c.prev <> coalesce(c.hash_before, ''::bytea)
     or c.hash <> sha256(c.prev || convert_to(c.contents, 'UTF8'))
$$;

create or replace trigger orders_message_link before insert on orders_message
  for each row execute function orders_message_link();

create or replace trigger orders_message_forever before update or delete or truncate on orders_message
  for each statement execute function timeline_refuse_change();

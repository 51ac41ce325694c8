"""What must be true of shops and their stock: queries that return no rows. `manage.py check_books` runs them all."""

CHECKS = {
    "a batch holds as many cards as were added": """
        select 'batch:' || b.id from shops_batch b left join shops_card c on c.batch_id = b.id
         group by b.id having count(c.id) <> b.size
    """,
    "a card belongs where its batch, its listing and its key belong": """
        select 'card:' || c.id from shops_card c
          join shops_batch b on b.id = c.batch_id join shops_listing l on l.id = c.listing_id
          join shops_datakey k on k.id = c.data_key_id
         where b.listing_id <> c.listing_id or l.shop_id <> c.shop_id or k.shop_id <> c.shop_id
    """,
    "only kinds that are delivered from stock have cards": """
        select distinct 'listing:' || l.id from shops_listing l join shops_card c on c.listing_id = l.id
         where l.kind not in ('ACTIVATION_CODE', 'POINT_CARD')
    """,
    "every batch is on record": """
        select 'batch:' || b.id from shops_batch b
         where 1 <> (select count(*) from timeline_event e
            where e.subject = 'listing:' || b.listing_id and e.name = 'listing.stocked'
              and (e.body::jsonb ->> 'batch')::bigint = b.id)
    """,
    "no code lies in the open": """
        select 'card:' || id from shops_card where position(convert_to('CANARY-', 'UTF8') in sealed) > 0
    """,
    "what was left of a deposit went back once, and only when the shop closed": """
        select 'deposit:' || d.id from shops_deposit d
          left join timeline_event e on e.subject = 'deposit:' || d.id and e.name = 'deposit.returned'
          left join ledger_transfer t on t.key = 'deposit:' || d.id || ':returned'
         where (d.state = 'returned') <> (e.id is not null)
            or coalesce(t.amount, 0) <> coalesce((e.body::jsonb ->> 'amount')::bigint, 0)
    """,
}

"""What must be true of shops and their stock: queries that return no rows. `manage.py check_books` runs them all."""

CHECKS = {
    "a shop's own row knows until when it is licensed": """
        select 'shop:' || s.id from shops_shop s
         where s.licensed_until is distinct from (
            select min(l.valid_until) from shops_licence l where l.shop_id = s.id and l.state in ('valid', 'ended'))
    """,
    "what is forbidden to a shop is forbidden by a step that was not lifted": """
        select 'shop:' || s.id from shops_shop s
         where s.no_listings_until > timeline_now() and not exists (
                select from shops_sanction x where x.shop_id = s.id and x.step = 'no_listings'
                   and x.state in ('in_force', 'appealed', 'upheld') and x.until >= s.no_listings_until)
            or s.no_sales_until > timeline_now() and not exists (
                select from shops_sanction x where x.shop_id = s.id and x.state <> 'lifted'
                   and (x.step = 'closing' or x.step = 'no_sales' and x.until >= s.no_sales_until))
    """,
    "an approved application has the shop of whoever applied": """
        select 'application:' || a.id from shops_application a join shops_shop s on s.id = a.shop_id
         where a.applicant_id <> s.owner_id
    """,
    "nobody decided about themselves": """
        select e.subject from timeline_event e join shops_application a on e.subject = 'application:' || a.id
         where e.name in ('application.approved', 'application.refused') and e.by_id = a.applicant_id
    """,
    "a shop's own row knows exactly its people": """
        select 'shop:' || s.id from shops_shop s
         where s.staff <> coalesce((
            select jsonb_object_agg('u' || m.user_id, case m.state when 'working' then m.duty else '' end)
              from (select distinct on (user_id) user_id, state, duty from shops_member
                     where shop_id = s.id and user_id is not null order by user_id, id desc) m), '{}'::jsonb)
    """,
    "nobody of a shop buys from it": """
        select 'order:' || o.id from orders_order o join shops_member m on m.shop_id = o.shop_id and m.user_id = o.buyer_id
          join timeline_event e on e.subject = 'member:' || m.id and e.name = 'member.working'
         where o.placed_at >= e.at and (m.state = 'working' or o.placed_at < m.entered_at)
    """,
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
         where l.kind not in ('ACTIVATION_CODE', 'POINT_CARD', 'GAME_ACCOUNT')
    """,
    "every batch is on record": """
        select 'batch:' || b.id from shops_batch b
         where 1 <> (select count(*) from timeline_event e
            where e.subject = 'listing:' || b.listing_id and e.name = 'listing.stocked'
              and (e.body::jsonb ->> 'batch')::bigint = b.id)
    """,
    "a card is withheld exactly as its batch is stopped": """
        select 'card:' || c.id from shops_card c join shops_batch b on b.id = c.batch_id
         where (c.withheld_at is null) <> (b.stopped_at is null)
    """,
    "a card is sold until its end less the rest term of its listing": """
        select 'card:' || c.id from shops_card c join shops_listing l on l.id = c.listing_id
         where c.expired_at is null and c.sell_by <> c.expires_at - l.rest_days * interval '1 day'
    """,
    "what a shop sent in is forgotten once it was read": """
        select 'intake:' || i.id from shops_intake i
         where i.finished_at is not null and length(i.sealed) > 0
            or i.finished_at is null and length(i.sealed) = 0
    """,
    "an intake and its batch agree": """
        select 'intake:' || i.id from shops_intake i left join shops_batch b on b.id = i.batch_id
         where coalesce(b.size, 0) <> i.accepted
            or i.finished_at is not null and i.failure = '' and jsonb_array_length(i.problems) + i.accepted <> i.lines
    """,
    "only a destroyed key is empty, and nothing under it can be read": """
        select 'datakey:' || k.id from shops_datakey k
         where (k.destroyed_at is null) <> (length(k.wrapped) > 0)
            or k.destroyed_at is not null
               and exists (select from shops_card c where c.data_key_id = k.id and c.erased_at is null)
    """,
    "no code lies in the open": """
        select 'card:' || id from shops_card where position(convert_to('CANARY-', 'UTF8') in sealed) > 0
    """,
    "what was left of a deposit went back once, and only when the shop closed": """
        select 'deposit:' || d.id from shops_deposit d
         where (d.state = 'returned') <> exists (
                select from timeline_event e where e.subject = 'deposit:' || d.id and e.name = 'deposit.returned')
            or coalesce((select sum(t.amount) from ledger_transfer t
                          where t.subject = 'deposit:' || d.id and t.reason = 'deposit_returned'), 0)
               <> coalesce((select sum((e.body::jsonb ->> 'amount')::bigint) from timeline_event e
                             where e.subject = 'deposit:' || d.id
                               and e.name in ('deposit.returned', 'deposit.partly_returned')), 0)
    """,
    "a deposit that a channel took is in the books, and only then": """
        select p.number from ledger_payment p left join ledger_transfer t on t.key = 'payment:' || p.id || ':in'
         where p.subject like 'deposit:%'
           and (p.state = 'confirmed') is distinct from (t.id is not null and t.amount = p.amount)
    """,
    "a shop's money leaves only as its people asked, to an account that had rested": """
        select o.number from ledger_payout o join shops_payee y on o.cause = 'payee:' || y.id
         where o.destination <> 'account' or o.payee <> y.account or o.channel <> y.channel
            or o.planned_at < y.named_at + interval '24 hours'
            or exists (select from ledger_payoutleg l where l.payout_id = o.id
                          and l.source <> 'shop:' || y.shop_id || ':available')
    """,
    "nothing is withdrawn but by a payout": """
        select t.key from ledger_transfer t
         where t.reason = 'withdrawal' and not exists (select from ledger_payoutleg l where l.key = t.key)
    """,
}

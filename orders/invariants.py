"""What must be true of sales: queries that return no rows. `manage.py check_books` runs them all."""

CHECKS = {
    "the escrow of an order is what its units hold": """
        select 'order:' || o.id || ': ' || coalesce(a.balance, 0) || ' in escrow, units hold ' || coalesce(u.held, 0)
          from orders_order o
          left join ledger_account a on a.address = 'order:' || o.id || ':escrow'
          left join (select order_id, sum(held + coupon_held) as held from orders_unit group by order_id) u
            on u.order_id = o.id
         where coalesce(a.balance, 0)
               <> coalesce(u.held, 0) + case when o.state = 'placed' then o.from_wallet else 0 end
    """,
    "what a paid order cost is what its units cost": """
        select 'order:' || o.id from orders_order o join orders_unit u on u.order_id = o.id
         where o.paid_at is not null group by o.id
        having (o.total, o.from_platform, o.from_shop)
               is distinct from (sum(u.paid), sum(u.coupon), sum(u.shop_coupon))
    """,
    "what an order has off is what its coupons say": """
        select 'order:' || o.id from orders_order o
          left join (select order_id, sum(amount) filter (where bearer = 'platform') as platform,
                            sum(amount) filter (where bearer = 'shop') as shop
                       from orders_couponuse where back_at is null group by order_id) c on c.order_id = o.id
         where o.state not in ('cancelled', 'expired', 'refunded')
           and (o.from_platform, o.from_shop) is distinct from (coalesce(c.platform, 0), coalesce(c.shop, 0))
    """,
    "a coupon is used by as many orders as it counts, and by nobody more often than one may": """
        select 'coupon:' || c.id from orders_coupon c
         where c.taken < (select count(*) from orders_couponuse where coupon_id = c.id and back_at is null)
            or exists (select from orders_couponuse where coupon_id = c.id and back_at is null
                        group by user_id having count(*) > c.per_person)
    """,
    "what is set aside for coupons is what was given for them and not spent": """
        select 'platform:coupons: ' || coalesce(a.balance, 0) || ' there, ' || x.amount || ' should be'
          from (select coalesce((select sum(p.amount) from ledger_posting p
                                   join ledger_account k on k.id = p.account_id and k.kind_id = 'coupons'
                                   join ledger_transfer t on t.id = p.transfer_id
                                  where t.subject like 'coupon:%'), 0)
                     - coalesce((select sum(coupon) from orders_unit), 0)
                     + coalesce((select sum(p.amount) from ledger_posting p
                                   join ledger_account k on k.id = p.account_id and k.kind_id = 'coupons'
                                   join ledger_transfer t on t.id = p.transfer_id
                                  where t.subject not like 'coupon:%' and p.amount > 0), 0) as amount) x
          left join ledger_account a on a.kind_id = 'coupons'
         where coalesce(a.balance, 0) <> x.amount
    """,
    "two people of finance have set aside what a platform coupon can cost, and nobody for a shop's": """
        select coalesce(t.subject, 'coupon:' || c.id)
          from (select * from ledger_transfer where key ~ '^coupon:[0-9]+:funded$') t
          full join (select * from orders_coupon where agreed_by_id is not null) c on t.key = 'coupon:' || c.id || ':funded'
         where c.shop_id is not null or c.agreed_by_id is null or c.agreed_by_id = c.made_by_id
            or t.amount is distinct from c.value * c.most
    """,
    "what went back of a platform coupon is what its units say": """
        select 'order:' || o.id from orders_order o
          join (select order_id, sum(coupon) as coupon, sum(coupon_back) as back from orders_unit group by order_id) u
            on u.order_id = o.id
         where o.from_platform > 0 and o.paid_at is not null
           and u.back <> coalesce((
                select sum(t.amount) from ledger_transfer t join ledger_account g on g.id = t.target_id
                 where t.reason = 'coupon' and g.address in ('platform:coupons', 'platform:own')
                   and (t.subject = 'order:' || o.id
                        or t.subject in (select 'unit:' || id from orders_unit where order_id = o.id))), 0)
    """,
    "the commission of a unit is what the platform took and did not give back": """
        select 'unit:' || u.id from orders_unit u
          left join (select t.subject, sum(p.amount) as amount from ledger_posting p
                       join ledger_account a on a.id = p.account_id and a.kind_id = 'fees'
                       join ledger_transfer t on t.id = p.transfer_id and t.reason = 'commission'
                      group by t.subject) c on c.subject = 'unit:' || u.id
         where u.commission <> coalesce(c.amount, 0)
    """,
    "the platform takes of a unit no more than the commission its order was placed under": """
        select 'unit:' || u.id from orders_unit u join orders_order o on o.id = u.order_id
         where u.commission > (u.released + u.coupon_released + u.fee) * o.commission_bp / 10000
    """,
    "conversations are unbroken chains": """
        select 'order:' || order_id || ', message ' || seq || ': ' || fault from orders_broken_conversations(null)
    """,
    "an order that is over holds nothing": """
        select 'order:' || o.id || ' ' || o.state from orders_order o join orders_unit u on u.order_id = o.id
         where o.state in ('archived', 'cancelled', 'expired', 'refunded') and u.held > 0
    """,
    "nothing of a unit is released while a case holds it": """
        select 'unit:' || u.id || ' ' || t.key from orders_unit u
          join timeline_event e on e.name = 'refund.requested' and e.subject = u.held_by
          join ledger_transfer t on t.subject = 'unit:' || u.id and t.reason in ('release', 'settle') and t.at > e.at
         where u.held_by <> ''
    """,
    "a code is delivered to one unit, and a taken code has one": """
        select 'card:' || c.id from shops_card c left join orders_unit u on u.card_id = c.id
         where (c.taken_at is null) <> (u.id is null) and not (u.id is null and c.voided_at is not null)
    """,
    "a unit that was looked at has its record, and the other way round": """
        select 'unit:' || u.id from orders_unit u
         where (u.delivery = 'sealed'
                and exists (select from orders_reveal r where r.unit_id = u.id and r.at >= u.delivered_at))
            or (u.delivery = 'revealed'
                and not exists (select from orders_reveal r where r.unit_id = u.id and r.at >= u.delivered_at))
    """,
    "only the buyer has looked at a code": """
        select 'unit:' || u.id from orders_reveal r join orders_unit u on u.id = r.unit_id
          join orders_order o on o.id = u.order_id where r.user_id <> o.buyer_id
    """,
    "what is reserved of a deposit is the sum of what open cases need": """
        select 'shop:' || s.id || ': ' || coalesce(a.balance, 0) || ' reserved, cases need ' || coalesce(x.amount, 0)
          from shops_shop s
          left join ledger_account a on a.address = 'shop:' || s.id || ':reserved'
          left join (select o.shop_id, sum(e.amount) as amount from orders_exposure e join orders_order o on o.id = e.order_id
                      group by o.shop_id) x on x.shop_id = s.id
         where coalesce(a.balance, 0) <> coalesce(x.amount, 0)
    """,
    "what is set aside for a case is what moved there for it": """
        select coalesce(e.cause, m.cause) || ': ' || coalesce(m.amount, 0) || ' moved, ' || coalesce(e.amount, 0) || ' noted'
          from orders_exposure e
          full join (select regexp_replace(t.subject, '^order:[0-9]+:balance:', '') as cause, sum(p.amount) as amount
                       from ledger_posting p
                       join ledger_account a on a.id = p.account_id and a.kind_id = 'reserved'
                       join ledger_transfer t on t.id = p.transfer_id group by 1) m on m.cause = e.cause
         where coalesce(m.amount, 0) <> coalesce(e.amount, 0)
    """,
    "what a unit cost is held, released, given back or kept, and none of these is below zero": """
        select 'unit:' || id from orders_unit
         where paid <> held + released + refunded + fee or least(held, released, refunded, fee, covered, commission) < 0
            or coupon <> coupon_held + coupon_released + coupon_back or least(coupon_held, coupon_released, coupon_back) < 0
    """,
    "nobody gets back more for a unit than it cost": """
        select 'unit:' || id from orders_unit where refunded + covered > paid
    """,
    "an order has as many units as were bought": """
        select 'order:' || o.id from orders_order o
          join timeline_event e on e.subject = 'order:' || o.id and e.name = 'order.placed'
         where (e.body::jsonb ->> 'quantity')::int <> (select count(*) from orders_unit u where u.order_id = o.id)
    """,
    "whoever was delivered a code has one": """
        select 'unit:' || u.id from orders_unit u join orders_snapshot s on s.order_id = u.order_id
         where u.delivery in ('sealed', 'revealed') and u.card_id is null
           and s.body::jsonb ->> 'kind' in ('ACTIVATION_CODE', 'POINT_CARD', 'GAME_ACCOUNT')
    """,
    "an order that was paid by a channel is in the books once, for that channel and amount": """
        select p.number from ledger_payment p
          left join orders_order o on o.payment_id = p.id and 'order:' || o.id = p.subject
          left join ledger_transfer t on t.key = p.subject || ':paid' and t.amount = p.amount
               and t.source_id = (select id from ledger_account where address = 'channel:' || p.channel)
         where p.subject like 'order:%' and (p.state = 'confirmed') <> (o.id is not null and t.id is not null)
    """,
    "the platform pays for its own fault what its units say": """
        select 'order:' || o.id from orders_order o
          left join (select order_id, sum(covered) as covered from orders_unit group by order_id) u on u.order_id = o.id
         where coalesce(u.covered, 0) + o.compensated_by_platform <> coalesce((
            select sum(l.amount) from ledger_payoutleg l join ledger_payout p on p.id = l.payout_id
             where l.source = 'platform:own' and p.under = 'order:' || o.id and p.state <> 'void'), 0)
    """,
}

#: The same about orders to which something happened after event `%(events)s`.
RECENT = {
    "the escrow of an order is what its units hold": """
        select 'order:' || o.id || ': ' || coalesce(a.balance, 0) || ' in escrow, units hold ' || coalesce(u.held, 0)
          from orders_order o
          left join ledger_account a on a.address = 'order:' || o.id || ':escrow'
          left join lateral (select sum(held + coupon_held) as held from orders_unit where order_id = o.id) u on true
         where o.id in (select substr(root, 7)::bigint from timeline_event where id > %(events)s and root like 'order:%%')
           and coalesce(a.balance, 0)
               <> coalesce(u.held, 0) + case when o.state = 'placed' then o.from_wallet else 0 end
    """,
    "what a unit cost is held, released, given back or kept, and none of these is below zero": """
        select 'unit:' || id from orders_unit
         where order_id in (select substr(root, 7)::bigint from timeline_event where id > %(events)s and root like 'order:%%')
           and (paid <> held + released + refunded + fee
                or least(held, released, refunded, fee, covered, commission) < 0)
    """,
    "nobody gets back more for a unit than it cost": """
        select 'unit:' || id from orders_unit
         where order_id in (select substr(root, 7)::bigint from timeline_event where id > %(events)s and root like 'order:%%')
           and refunded + covered > paid
    """,
    "an order that is over holds nothing": """
        select 'order:' || o.id || ' ' || o.state from orders_order o join orders_unit u on u.order_id = o.id
         where o.id in (select substr(root, 7)::bigint from timeline_event where id > %(events)s and root like 'order:%%')
           and o.state in ('archived', 'cancelled', 'expired', 'refunded') and u.held > 0
    """,
    "nothing of a unit is released while a case holds it": """
        select 'unit:' || u.id || ' ' || t.key from ledger_transfer t
          join orders_unit u on t.subject = 'unit:' || u.id and u.held_by <> ''
          join timeline_event e on e.name = 'refund.requested' and e.subject = u.held_by
         where t.id > %(transfers)s and t.reason in ('release', 'settle') and t.at > e.at
    """,
}

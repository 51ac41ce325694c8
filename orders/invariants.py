"""What must be true of sales: queries that return no rows. `manage.py check_books` runs them all."""

CHECKS = {
    "the escrow of an order is what its units hold": """
        select 'order:' || o.id || ': ' || coalesce(a.balance, 0) || ' in escrow, units hold ' || coalesce(u.held, 0)
          from orders_order o
          left join ledger_account a on a.address = 'order:' || o.id || ':escrow'
          left join (select order_id, sum(held) as held from orders_unit group by order_id) u on u.order_id = o.id
         where coalesce(a.balance, 0) <> coalesce(u.held, 0)
    """,
    "what a paid order cost is what its units cost": """
        select 'order:' || o.id from orders_order o join orders_unit u on u.order_id = o.id
         where o.paid_at is not null group by o.id having o.total <> sum(u.paid)
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
         where (c.taken_at is null) <> (u.id is null)
    """,
    "a unit that was looked at has its record, and the other way round": """
        select 'unit:' || u.id from orders_unit u
         where (u.delivery = 'sealed' and exists (select from orders_reveal r where r.unit_id = u.id))
            or (u.delivery = 'revealed' and not exists (select from orders_reveal r where r.unit_id = u.id))
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
}

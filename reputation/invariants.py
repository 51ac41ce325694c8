"""What must be true of levels, measures, alarms and figures: queries that return no rows."""

CHECKS = {
    "nothing of a batch is sold while its alarm is open": """
        select 'alarm:' || a.id from reputation_alarm a join shops_batch b on b.id = a.batch_id
         where a.state in ('raised', 'confirmed') and b.stopped_at is null
    """,
    "what an alarm holds is listed in it": """
        select 'unit:' || u.id || ' held by ' || u.held_by from orders_unit u
         where u.held_by like 'alarm:%'
           and not exists (select from reputation_alarmunit l
                            where l.unit_id = u.id and 'alarm:' || l.alarm_id = u.held_by)
    """,
    "nobody is barred without a measure": """
        select 'user:' || u.id from accounts_user u
         where u.barred_until is not null
           and not exists (select from reputation_measure m
                            where m.user_id = u.id and m.step = 'barred' and m.until = u.barred_until)
    """,
    "whoever rated an order bought it": """
        select 'rating:' || r.id from reputation_rating r join orders_order o on o.id = r.order_id
         where r.buyer_id <> o.buyer_id or r.shop_id <> o.shop_id
    """,
    "whoever says for the buyer how a case was handled is its buyer, and the case is over": """
        select 'score:' || s.id from reputation_score s join refunds_refund r on r.id = s.refund_id
         where (s.side = 'buyer') <> (s.by_id = r.buyer_id) or r.closed_at is null or s.at < r.closed_at
    """,
    "what stops a shop without a person has its figures": """
        select 'sanction:' || s.id from shops_sanction s
         where s.imposed_by_id is null and not exists (select from reputation_hardstop h where h.sanction_id = s.id)
    """,
}

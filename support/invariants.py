"""What must be true of talks and shifts: queries that return no rows. `manage.py check_books` runs them all."""

CHECKS = {
    "a talk was first answered when its first answer was given, and else not": """
        select 'talk:' || t.id from support_talk t
          left join (select talk_id, min(at) as at from support_answer group by talk_id) a on a.talk_id = t.id
         where t.first_answer_at is distinct from a.at
    """,
    "nobody answers a talk about their own sale": """
        select 'talk:' || t.id from support_talk t
          join orders_order o on o.id = t.order_id join shops_shop s on s.id = o.shop_id
         where t.taken_by_id in (o.buyer_id, s.owner_id)
    """,
    "nobody is on two shifts at once": """
        select 'shift:' || a.id || ' and ' || b.id from support_shift a join support_shift b
            on b.user_id = a.user_id and b.id > a.id and b.since < a.until and b.until > a.since
         where a.ended_at is null and b.ended_at is null
    """,
}

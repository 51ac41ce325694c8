"""What must be true of complaints: queries that return no rows. `manage.py check_books` runs them all."""

CHECKS = {
    "a complaint that is answered has one result that nobody took back, and no other has": """
        select 'complaint:' || c.id || ' ' || c.state from complaints_complaint c
         where (c.state = 'answered') and not exists (
               select from complaints_word w where w.complaint_id = c.id and w.kind = 'result' and w.at = c.answered_at)
            or c.state in ('arrived', 'working') and c.answered_at is not null
    """,
    "a complaint and its case are about the same order": """
        select 'complaint:' || c.id from complaints_complaint c join refunds_refund r on r.id = c.refund_id
         where c.order_id is distinct from r.order_id
    """,
    "a result that says paid is what went back": """
        select 'word:' || w.id from complaints_word w join complaints_complaint c on c.id = w.complaint_id
         where w.outcome in ('paid', 'part') and (w.amount = 0
               or c.refund_id is not null and w.amount > coalesce((
                  select r.approved from refunds_refund r where r.id = c.refund_id), 0) + coalesce((
                  select d.supplemented from disputes_dispute d where d.refund_id = c.refund_id), 0))
    """,
    "what a channel paid by itself is booked once, as a payout that nobody sent": """
        select 'external:' || e.id || ' booked ' || e.booked || ', paid ' || coalesce(sum(p.amount), 0)
          from complaints_external e
          join complaints_complaint c on c.id = e.complaint_id
          left join ledger_payout p on p.key like '%:outside:' || e.reference and p.state = 'paid'
         where e.booked > 0
         group by e.id having coalesce(sum(p.amount), 0) > e.booked
    """,
}

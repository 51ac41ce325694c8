"""What must be true of refund cases: queries that return no rows. `manage.py check_books` runs them all."""

from refunds.states import REFUND, RefundState

OVER = ", ".join(f"'{state}'" for state in sorted(REFUND.terminal))
UNDECIDED = ", ".join(f"'{state}'" for state in sorted(set(REFUND.steps) - {RefundState.APPROVED}))

#: Nobody had any of it when it was decided.
LEFT_OWED = """exists (select from timeline_event w
                         where w.root = 'order:' || r.order_id and w.name = 'order.waterfall_ran_dry'
                           and w.body::jsonb ->> 'cause' = 'refund:' || r.id
                        having sum((w.body::jsonb ->> 'missing')::bigint) >= r.approved)"""

CHECKS = {
    "a unit has one open case at most": """
        select 'unit:' || unit_id from refunds_refunditem where is_open group by unit_id having count(*) > 1
    """,
    "a unit is held by a case exactly while its part of it is open": """
        select 'unit:' || u.id || ' held by ' || u.held_by || ', open in ' || coalesce('refund:' || i.refund_id, 'none')
          from orders_unit u left join refunds_refunditem i on i.unit_id = u.id and i.is_open
         where (u.held_by like 'refund:%' or i.id is not null)
           and u.held_by is distinct from 'refund:' || i.refund_id
    """,
    "a case is open exactly while it waits for somebody's decision": f"""
        select 'refund:' || r.id || ' ' || r.state from refunds_refund r join refunds_refunditem i on i.refund_id = r.id
         where i.is_open <> (r.state in ({UNDECIDED}))
    """,
    "a case has at least one unit, all of its order": """
        select 'refund:' || r.id from refunds_refund r
         where not exists (select from refunds_refunditem i where i.refund_id = r.id)
            or exists (select from refunds_refunditem i join orders_unit u on u.id = i.unit_id
                        where i.refund_id = r.id and u.order_id <> r.order_id)
    """,
    "a case has exactly one outcome once it is decided, and only then": """
        select 'refund:' || r.id || ' ' || r.state || ' ' || r.outcome from refunds_refund r
         where (r.state in ('approved', 'refunded')) <> (r.outcome <> '')
            or (r.state in ('approved', 'refunded')) <> (r.approved is not null)
    """,
    "a case was decided once": """
        select e.subject from timeline_event e
         where e.name in ('refund.approved', 'refund.withdrawn', 'refund.lapsed', 'refund.rejected', 'refund.exchanged')
         group by e.subject having count(*) > 1
    """,
    "a case that is over says since when": f"""
        select 'refund:' || id from refunds_refund where (state in ({OVER})) <> (closed_at is not null)
    """,
    "nobody asks for more than the rules give": """
        select 'refund:' || r.id from refunds_refund r
          join lateral (select sum(asked) as asked, sum(entitled) as figure, sum(fee) as fee
                          from refunds_refunditem where refund_id = r.id) i on true
         where r.asked > r.figure or (r.asked, r.figure, r.fee) is distinct from (i.asked, i.figure, i.fee)
    """,
    "what is granted is what is approved, compensation aside": """
        select 'refund:' || r.id from refunds_refund r
         where r.approved is not null
           and r.approved < (select sum(coalesce(i.granted, 0)) from refunds_refunditem i where i.refund_id = r.id)
    """,
    "a machine's no is never the last word": """
        select 'refund:' || r.id from refunds_refund r
          join timeline_event e on e.subject = 'refund:' || r.id and e.state_after = 'rejected' where e.by_id is null
    """,
    "a refunded case has a payout that arrived, unless nobody had any of it, and the other way round": f"""
        select 'refund:' || r.id || ' ' || r.state || ', payout ' || coalesce(p.state, 'none') from refunds_refund r
          left join ledger_payout p on p.id = r.payout_id
         where (r.state = 'refunded') <> (p.state is not distinct from 'paid')
           and not (r.state = 'refunded' and p.id is null and {LEFT_OWED})
    """,
    "a case that was paid has its credit note, over the sum that went back, and no other has one": f"""
        select 'refund:' || r.id || ' ' || r.state || ', note over ' || coalesce(n.amount::text, 'none')
          from refunds_refund r left join refunds_creditnote n on n.refund_id = r.id
         where case when r.state = 'refunded' and not (r.payout_id is null and {LEFT_OWED})
                    -- notes from before what nobody had was left out are over what was approved
                    then n.id is null or n.amount not in (r.approved, coalesce((
                         select sum(p.amount) from ledger_payout p
                          where p.state <> 'void' and p.cause in (
                                'refund:' || r.id, 'order:' || r.order_id || ':balance:refund:' || r.id)), 0))
                    else n.id is not null end
    """,
    "a credit note beside a case is over a payout that arrived, to the fen, and of its sale": """
        select 'note ' || n.number from refunds_creditnote n join ledger_payout p on p.id = n.payout_id
          left join ledger_payment m on m.id = p.payment_id
         where p.state <> 'paid' or p.amount <> n.amount or p.cause like 'refund:%'
            or n.order_id is not null and 'order:' || n.order_id not in (p.under, coalesce(m.subject, ''))
    """,
    "a case's payout is its own, and none of its payouts is without it": """
        select p.cause from ledger_payout p left join refunds_refund r on r.payout_id = p.id
         where p.cause like 'refund:%' and p.cause is distinct from 'refund:' || r.id
           and p.state <> 'void' and p.key not like '%:outside:%'
    """,
    "a payout never exceeds what was approved": """
        select 'refund:' || r.id from refunds_refund r join ledger_payout p on p.id = r.payout_id
         where p.amount > r.approved
    """,
    "nothing is approved by silence that our records contradict or the rules leave to people": """
        select 'refund:' || id from refunds_refund
         where outcome in ('silence', 'instant')
           and (is_contradicted or route <> 'AUTO' or decision @> '{"is_people_only": true}')
    """,
    "a case has one open offer at most, and only where one can be taken": """
        select 'refund:' || r.id || ' ' || r.state || ', ' || count(*) || ' open' from refunds_refund r
          join refunds_offer o on o.refund_id = r.id and o.fate = 'open'
         group by r.id having count(*) > 1 or r.state not in ('bargaining', 'declined', 'disputed')
    """,
    "while they bargain one side has the turn, and it is not whoever made the open offer": """
        select 'refund:' || r.id || ' ' || r.state || ' ' || r.turn from refunds_refund r
          left join refunds_offer o on o.refund_id = r.id and o.fate = 'open'
         where (r.state = 'bargaining') <> (r.turn in ('buyer', 'shop'))
            or r.state = 'bargaining' and (o.id is null or o.side = r.turn)
    """,
    "each side made three offers at most, and as many while the platform had the case": """
        select 'refund:' || refund_id || ' ' || side from refunds_offer
         group by refund_id, side, in_dispute having count(*) > 3
    """,
    "what was agreed is what was paid": """
        select 'refund:' || r.id from refunds_refund r
         where r.outcome in ('settlement', 'standing')
           and r.approved is distinct from (select o.amount from refunds_offer o
                                             where o.refund_id = r.id and o.fate = 'taken'
                                             order by o.number desc limit 1)
    """,
    "a question is open exactly while the buyer is asked": """
        select 'refund:' || r.id || ' ' || r.state from refunds_refund r
         where (r.state = 'questioned') <> exists (
            select from refunds_question q where q.refund_id = r.id and q.answered_at is null
               and r.state not in ('disputed', 'withdrawn', 'lapsed', 'approved', 'refunded', 'rejected', 'replacing',
                                   'checking', 'exchanged'))
    """,
    "talks have their clock exactly while they go on": """
        select 'refund:' || r.id || ' ' || r.state from refunds_refund r
         where (r.state = 'bargaining') <> exists (
            select from timeline_timer t where t.subject = 'refund:' || r.id and t."limit" = 'NEGOTIATE'
               and t.state in ('running', 'paused', 'stuck'))
    """,
    "a case whose replacement is checked has one, and its old codes are void": """
        select 'refund:' || r.id || ' ' || r.state from refunds_refund r
         where r.state in ('checking', 'exchanged')
               and not exists (select from refunds_replacement p where p.refund_id = r.id)
            or exists (select from refunds_replacement p join shops_card c on c.id = p.old_card_id
                        where p.refund_id = r.id and c.voided_at is null)
    """,
    "a code without a unit was replaced": """
        select 'card:' || c.id from shops_card c left join orders_unit u on u.card_id = c.id
         where c.taken_at is not null and u.id is null
           and not exists (select from refunds_replacement p where p.old_card_id = c.id)
    """,
    "nothing is set aside for a case that is over": f"""
        select x.cause from orders_exposure x join refunds_refund r on x.cause = 'refund:' || r.id
         where x.amount > 0 and r.state in ({OVER})
    """,
    "what is contested was paid by the instant lane": """
        select 'contest:' || c.id from refunds_contest c join refunds_refund r on r.id = c.refund_id
         where r.outcome <> 'instant' or r.state <> 'refunded'
    """,
    "what the fund gave for a contest is in the books, and only where a person overturned the payment": """
        select 'contest:' || c.id || ' ' || c.state from refunds_contest c
          left join ledger_transfer t on t.key = 'contest:' || c.id || ':whole'
         where c.made_whole <> coalesce(t.amount, 0)
            or c.state <> 'overturned' and c.made_whole > 0
    """,
    "nobody decided a contest in a sale of their own": """
        select 'contest:' || c.id from refunds_contest c
          join refunds_refund r on r.id = c.refund_id join orders_order o on o.id = r.order_id
          join shops_shop s on s.id = o.shop_id
         where c.decided_by_id in (c.by_id, r.buyer_id, s.owner_id)
    """,
    "the guarantee fund pays a case's principal, and compensation up to its cap": """
        select 'refund:' || r.id from refunds_refund r
          join ledger_payout p on p.cause = 'refund:' || r.id
          join ledger_payoutleg l on l.payout_id = p.id and l.source = 'platform:fund'
         group by r.id
        having sum(l.amount) > case when r.reason = 'FRAUD' then 0 else 100000 end + coalesce((select sum(granted) from refunds_refunditem where refund_id = r.id), 0)
    """,
}

#: The same about cases to which something happened after event `%(events)s`.
RECENT = {
    "a refunded case has a payout that arrived, unless nobody had any of it, and the other way round": f"""
        select 'refund:' || r.id || ' ' || r.state || ', payout ' || coalesce(p.state, 'none') from refunds_refund r
          left join ledger_payout p on p.id = r.payout_id
         where r.id in (select substr(subject, 8)::bigint from timeline_event
                         where id > %(events)s and subject like 'refund:%%')
           and (r.state = 'refunded') <> (p.state is not distinct from 'paid')
           and not (r.state = 'refunded' and p.id is null and {LEFT_OWED})
    """,
    "a payout never exceeds what was approved": """
        select 'refund:' || r.id from refunds_refund r join ledger_payout p on p.id = r.payout_id
         where r.id in (select substr(subject, 8)::bigint from timeline_event
                         where id > %(events)s and subject like 'refund:%%')
           and p.amount > r.approved
    """,
    "a case was decided once": """
        select e.subject from timeline_event e
         where e.name in ('refund.approved', 'refund.withdrawn', 'refund.lapsed', 'refund.rejected', 'refund.exchanged')
           and e.subject in (select subject from timeline_event where id > %(events)s and subject like 'refund:%%')
         group by e.subject having count(*) > 1
    """,
}

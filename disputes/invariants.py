"""What must be true of disputes: queries that return no rows. `manage.py check_books` runs them all."""

CHECKS = {
    "a dispute has exactly one outcome once it is decided, and only then": """
        select 'dispute:' || id || ' ' || state || ' ' || outcome from disputes_dispute
         where (outcome <> '') <> (state in ('ruled', 'enforcing', 'closed', 'withdrawn'))
    """,
    "a dispute that is over says since when": """
        select 'dispute:' || id from disputes_dispute where (state in ('closed', 'withdrawn')) <> (closed_at is not null)
    """,
    "a ruled dispute has one ruling that was served, and no other has any": """
        select 'dispute:' || d.id from disputes_dispute d
         where (d.outcome in ('ruling', 'provisional'))
               <> (select count(*) = 1 from disputes_ruling r where r.dispute_id = d.id and r.is_final)
    """,
    "a case is with the platform exactly while its dispute is open and unpaid": """
        select 'dispute:' || d.id || ' ' || d.state || ', refund ' || f.state
          from disputes_dispute d join refunds_refund f on f.id = d.refund_id
         where (d.state in ('opened', 'evidence', 'review', 'signing') and f.state <> 'disputed')
            or (d.state in ('closed', 'withdrawn') and f.state not in ('refunded', 'rejected', 'withdrawn'))
    """,
    "a disputed case has its dispute": """
        select 'refund:' || f.id from refunds_refund f left join disputes_dispute d on d.refund_id = f.id
         where f.state = 'disputed' and d.id is null
    """,
    "what was ruled is what was approved, to the fen": """
        select 'dispute:' || d.id || ': ruled ' || x.award || ', approved ' || coalesce(f.approved, 0)
          from disputes_dispute d join refunds_refund f on f.id = d.refund_id
          join lateral (
            select r.compensation + coalesce((select sum(value::bigint) from jsonb_each_text(r.grants)), 0) as award
              from disputes_ruling r where r.dispute_id = d.id and r.is_final
          ) x on true
         where f.state <> 'disputed' and x.award <> coalesce(f.approved, 0)
    """,
    "what was ruled is what was paid, unless nobody had it": """
        select 'refund:' || f.id from disputes_dispute d join refunds_refund f on f.id = d.refund_id
          left join ledger_payout p on p.cause = 'refund:' || f.id
         where d.outcome in ('ruling', 'provisional') and f.approved is not null
           and f.approved <> coalesce(p.amount, 0) + coalesce((
                select sum((e.body::jsonb ->> 'missing')::bigint) from timeline_event e
                 where e.name = 'order.waterfall_ran_dry' and e.body::jsonb ->> 'cause' = 'refund:' || f.id), 0)
    """,
    "the shares of a ruling are a whole": """
        select 'ruling:' || r.id from disputes_ruling r
         where 10000 <> (select sum(value::bigint) from jsonb_each_text(r.shares))
    """,
    "nobody judges, signs or writes in their own case": """
        select 'dispute:' || d.id from disputes_dispute d
          join refunds_refund f on f.id = d.refund_id join orders_order o on o.id = f.order_id
          join shops_shop s on s.id = o.shop_id
         where d.arbiter_id in (o.buyer_id, s.owner_id) or d.senior_id in (o.buyer_id, s.owner_id)
            or exists (select from disputes_ruling r where r.dispute_id = d.id and r.by_id in (o.buyer_id, s.owner_id))
    """,
    "who signs a ruling wrote none of the case": """
        select 'signature:' || g.id from disputes_signature g join disputes_ruling r on r.id = g.ruling_id
         where exists (select from disputes_ruling w where w.dispute_id = r.dispute_id and w.by_id = g.user_id)
    """,
    "a ruling that needed a second person was served with one": """
        select 'ruling:' || r.id from disputes_ruling r
         where r.is_final and r.needs_signature and r.by_id is not null
           and not exists (select from disputes_signature g where g.ruling_id = r.id and g.agrees)
    """,
    "nobody ruled before both sides had their time or said that they had nothing to add": """
        select 'ruling:' || r.id from disputes_ruling r join disputes_dispute d on d.id = r.dispute_id
         where not (d.buyer_rested and d.shop_rested) and not exists (
            select from timeline_event e where e.subject = 'dispute:' || d.id and e.name = 'dispute.clock_fired'
               and e.body::jsonb ->> 'limit' = 'EVIDENCE' and e.at <= r.at)
    """,
    "evidence is what was hashed": """
        select 'evidence:' || id from disputes_evidence
         where attachment_id is null and sha256 <> encode(sha256(convert_to(body, 'UTF8')), 'hex')
    """,
    "nobody of the staff opens the file of their own case": """
        select e.subject || ' #' || e.seq from timeline_event e
          join disputes_dispute d on e.subject = 'dispute:' || d.id
          join refunds_refund f on f.id = d.refund_id join orders_order o on o.id = f.order_id
          join shops_shop s on s.id = o.shop_id
         where e.name = 'dispute.file_opened' and e.by_id in (o.buyer_id, s.owner_id)
    """,
    "a ruling that was served is sealed": """
        select 'ruling:' || r.id from disputes_ruling r left join disputes_seal s on s.ruling_id = r.id
         where r.is_final and s.id is null
    """,
    "seals are one unbroken chain": """
        select s.number from disputes_seal s left join disputes_seal p on p.id = s.previous_id
         where s.statement::jsonb ->> 'previous_sha256' <> coalesce(p.sha256, '')
            or p.id is null and exists (select from disputes_seal e where e.id < s.id)
            or s.sha256 <> encode(sha256(convert_to(s.statement, 'UTF8')), 'hex')
            or s.statement::jsonb ->> 'text_sha256' <> encode(sha256(convert_to(s.text, 'UTF8')), 'hex')
    """,
    "a seal says what its ruling says": """
        select s.number from disputes_seal s join disputes_ruling r on r.id = s.ruling_id
         where s.text::jsonb -> 'ruling' ->> 'sha256' <> r.sha256
    """,
}

#: What was served by an earlier version of the mall is sealed within minutes; only a second look in a row counts.
LATE = {"a ruling that was served is sealed"}

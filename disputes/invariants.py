"""What must be true of disputes: queries that return no rows. `manage.py check_books` runs them all."""

CHECKS = {
    "a dispute has exactly one outcome once it is decided, and only then": """
        select 'dispute:' || id || ' ' || state || ' ' || outcome from disputes_dispute
         where (outcome <> '') <> (case when state = 'suspended' then suspended_in else state end
                                   in ('ruled', 'appealed', 'enforcing', 'closed', 'withdrawn'))
    """,
    "a dispute that is over says since when": """
        select 'dispute:' || id from disputes_dispute where (state in ('closed', 'withdrawn')) <> (closed_at is not null)
    """,
    "a ruled dispute has one ruling that was served, and no other has any": """
        select 'dispute:' || d.id from disputes_dispute d
         where (d.outcome in ('ruling', 'provisional', 'default', 'dismissed'))
               <> (select count(*) = 1 from disputes_ruling r
                    where r.dispute_id = d.id and r.is_final and not r.is_superseded)
    """,
    "a case is with the platform exactly while its dispute is open and unpaid": """
        select 'dispute:' || d.id || ' ' || d.state || ', refund ' || f.state
          from disputes_dispute d join refunds_refund f on f.id = d.refund_id
         where (case when d.state = 'suspended' then d.suspended_in else d.state end
                in ('opened', 'evidence', 'review', 'questioned', 'proposed', 'signing')
                and f.state <> 'disputed' and d.advanced = 0 and not d.is_remanded)
            or (d.state in ('closed', 'withdrawn')
                and f.state not in ('refunded', 'rejected', 'withdrawn', 'exchanged', 'lapsed'))
    """,
    "a disputed case has its dispute": """
        select 'refund:' || f.id from refunds_refund f left join disputes_dispute d on d.refund_id = f.id
         where f.state = 'disputed' and d.id is null
    """,
    "what was ruled is what was approved, to the fen": """
        select 'dispute:' || d.id || ': ruled ' || x.award || ', approved ' || coalesce(f.approved, 0)
               || ' and ' || d.supplemented || ', made whole ' || d.made_whole
          from disputes_dispute d join refunds_refund f on f.id = d.refund_id
          join lateral (
            select r.compensation + coalesce((select sum(value::bigint) from jsonb_each_text(r.grants)), 0) as award,
                   r.orders_replacement
              from disputes_ruling r where r.dispute_id = d.id and r.is_final and not r.is_superseded
          ) x on true
         where f.state <> 'disputed' and d.outcome in ('ruling', 'provisional', 'default', 'dismissed')
           and not x.orders_replacement -- then refunds says what became of it
           and case when d.state in ('enforcing', 'closed')
                    then x.award <> coalesce(f.approved, 0) + d.supplemented - d.made_whole
                    else x.award < coalesce(f.approved, 0) + d.supplemented
                         and d.advanced = 0 and not d.is_remanded end
    """,
    "what was ruled is what was paid, unless nobody had it": """
        select 'refund:' || f.id from disputes_dispute d join refunds_refund f on f.id = d.refund_id
         where f.approved is not null and f.outcome = 'ruling'
           and f.approved + d.supplemented <> coalesce((
                select sum(p.amount) from ledger_payout p
                 where p.state <> 'void' and p.cause in (select way || cause from (
                           values ('refund:' || f.id), ('dispute:' || d.id)
                           union all select 'ruling:' || r.id || early from disputes_ruling r, (values (''), (':early')) e (early)
                                      where r.dispute_id = d.id
                       ) x (cause), (values (''), ('order:' || f.order_id || ':balance:')) w (way))), 0)
             + coalesce((
                select sum((e.body::jsonb ->> 'missing')::bigint) from timeline_event e
                 where e.name = 'order.waterfall_ran_dry'
                   and (e.body::jsonb ->> 'cause' in ('refund:' || f.id, 'dispute:' || d.id)
                        or e.body::jsonb ->> 'cause' in (
                            select 'ruling:' || r.id || early from disputes_ruling r, (values (''), (':early')) e (early)
                             where r.dispute_id = d.id))), 0)
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
         where g.agrees
           and exists (select from disputes_ruling w where w.dispute_id = r.dispute_id and w.by_id = g.user_id)
    """,
    "a ruling that needed a second person was served with one": """
        select 'ruling:' || r.id from disputes_ruling r
         where r.is_final and (r.needs_signature and r.by_id is not null or r.kind = 'default')
           and not exists (select from disputes_signature g where g.ruling_id = r.id and g.agrees)
    """,
    "fraud was found by the arbiter and two more people of one mind": """
        select 'ruling:' || r.id from disputes_ruling r
         where r.is_final and r.needs_panel
           and 2 > (select count(distinct g.user_id) from disputes_signature g
                     where g.ruling_id = r.id and g.agrees and g.user_id is distinct from r.by_id)
    """,
    "nobody ruled before both sides had their time or said that they had nothing to add": """
        select 'ruling:' || r.id from disputes_ruling r join disputes_dispute d on d.id = r.dispute_id
         where r.kind <> 'dismissal' and not (d.buyer_rested and d.shop_rested) and not exists (
            select from timeline_event e where e.subject = 'dispute:' || d.id and e.name = 'dispute.clock_fired'
               and e.body::jsonb ->> 'limit' = 'EVIDENCE' and e.at <= r.at)
    """,
    "an appealed case has one open appeal, and no other has any": """
        select 'dispute:' || d.id || ' ' || d.state from disputes_dispute d
         where (case when d.state = 'suspended' then d.suspended_in else d.state end = 'appealed')
               <> exists (select from disputes_appeal a
                           where a.dispute_id = d.id and a.state in ('filed', 'answering', 'panel'))
    """,
    "who votes on an appeal had no part in the case before": """
        select 'vote:' || v.id from disputes_vote v join disputes_appeal a on a.id = v.appeal_id
         where exists (select from disputes_seat s where s.dispute_id = a.dispute_id and s.user_id = v.user_id
                          and s.part in ('arbiter', 'senior', 'member', 'neutral'))
            or exists (select from disputes_ruling r where r.dispute_id = a.dispute_id and r.by_id = v.user_id
                          and r.kind <> 'appeal')
    """,
    "a vote is what the history says was cast": """
        select 'vote:' || v.id from disputes_vote v
          join timeline_event e on e.subject = 'appeal:' || v.appeal_id and e.name = 'appeal.voted' and e.by_id = v.user_id
         where e.body::jsonb ->> 'sha256' <> encode(sha256(convert_to(concat_ws(chr(10), 'appeal:' || v.appeal_id,
               'user:' || v.user_id, v.word,
               coalesce((select string_agg(key || '=' || value, ',' order by key collate "C")
                           from jsonb_each_text(v.shares)), ''),
               coalesce((select string_agg(key || '=' || value, ',' order by key collate "C")
                           from jsonb_each_text(v.grants)), ''),
               coalesce(v.compensation::text, ''), v.reasons), 'UTF8')), 'hex') -- earlier ones have no hash
    """,
    "an appeal was decided by three votes, or by a chief's": """
        select 'appeal:' || a.id from disputes_appeal a
         where a.state in ('upheld', 'modified', 'remanded')
           and (select count(*) from disputes_vote v where v.appeal_id = a.id) < 3
           and not exists (select from disputes_vote v where v.appeal_id = a.id and v.user_id = a.chief_id)
    """,
    "the award does not shrink for a buyer who appeals alone": """
        select 'appeal:' || a.id from disputes_appeal a join disputes_ruling n on n.appeal_id = a.id
          join lateral (select r.grants, r.compensation from disputes_ruling r
                         where r.dispute_id = a.dispute_id and r.is_final and r.version < n.version
                         order by r.version desc limit 1) b on true
         where a.side = 'buyer' and a.joined_ground = ''
           and n.compensation + (select coalesce(sum(value::bigint), 0) from jsonb_each_text(n.grants))
               < b.compensation + (select coalesce(sum(value::bigint), 0) from jsonb_each_text(b.grants))
    """,
    "a case is sent back once at most": """
        select 'dispute:' || dispute_id from disputes_appeal where state = 'remanded'
         group by dispute_id having count(*) > 1
    """,
    "nobody has a part in a case that is over": """
        select 'seat:' || s.id from disputes_seat s join disputes_dispute d on d.id = s.dispute_id
         where s.until is null and d.state in ('closed', 'withdrawn')
    """,
    "something is asked for exactly while the case waits for it": """
        select 'dispute:' || d.id || ' ' || d.state from disputes_dispute d
         where (case when d.state = 'suspended' then d.suspended_in else d.state end = 'questioned')
               <> exists (select from disputes_question q where q.dispute_id = d.id and q.answered_at is null)
    """,
    "a proposal is open exactly while the case waits for it": """
        select 'dispute:' || d.id || ' ' || d.state from disputes_dispute d
         where (case when d.state = 'suspended' then d.suspended_in else d.state end = 'proposed')
               <> exists (select from disputes_proposal p where p.dispute_id = d.id and p.ended_at is null)
    """,
    "what was mediated both sides accepted": """
        select 'dispute:' || d.id from disputes_dispute d
         where d.outcome = 'mediated' and not exists (
            select from disputes_proposal p where p.dispute_id = d.id
               and p.buyer_accepted_at is not null and p.shop_accepted_at is not null)
    """,
    "what made a shop whole came from the fund, to the fen": """
        select 'dispute:' || d.id from disputes_dispute d
         where d.made_whole <> coalesce((
                select sum(t.amount) from ledger_transfer t where t.reason = 'made_whole'
                   and t.subject in (select 'ruling:' || r.id from disputes_ruling r where r.dispute_id = d.id)), 0)
             + coalesce((
                select sum((e.body::jsonb ->> 'missing')::bigint + coalesce((e.body::jsonb ->> 'platform')::bigint, 0))
                  from timeline_event e
                 where e.subject = 'dispute:' || d.id and e.name = 'dispute.shop_made_whole'), 0)
    """,
    "a penalty was imposed by a second person, and only then taken": """
        select 'penalty:' || p.id from disputes_penalty p
         where (p.is_imposed is true) <> exists (select from ledger_transfer t where t.key = 'penalty:' || p.id)
    """,
    "the staff of the platform does not rule against it above 200 yuan": """
        select 'ruling:' || r.id from disputes_ruling r
         where r.kind = 'decision' and (r.shares ->> 'platform')::bigint > 0
           and not exists (select from disputes_seat s where s.dispute_id = r.dispute_id and s.user_id = r.by_id
                              and s.part = 'neutral') -- of the case now, or before a panel sent it back
           and (select coalesce(sum(value::bigint), 0) from jsonb_each_text(r.grants)) * (r.shares ->> 'platform')::bigint
               > 20000 * greatest(10000 - (r.shares ->> 'buyer')::bigint, 1)
    """,
    "a case with a neutral from outside has that neutral as its judge": """
        select 'dispute:' || d.id from disputes_dispute d join disputes_neutral n on n.id = d.neutral_id
         where d.state in ('evidence', 'review', 'questioned', 'proposed') and d.arbiter_id is distinct from n.user_id
    """,
    # Of cases of which the stream says so since they were opened or referred: in earlier ones a clock could rule.
    "a case against the platform is ruled by nobody of the house": """
        select 'dispute:' || d.id from disputes_dispute d
          join lateral (select max(e.at) as at from timeline_event e
                         where e.subject = 'dispute:' || d.id and e.name in ('dispute.opened', 'dispute.referred')
                           and e.body::jsonb ->> 'judge' = 'outside') x on x.at is not null
         where d.is_against_platform and (
               exists (select from disputes_ruling r
                        where r.dispute_id = d.id and r.is_final and not r.is_superseded
                          and not exists (select from disputes_seat s where s.dispute_id = d.id and s.user_id = r.by_id
                                             and s.part = 'neutral')
                          and not exists (select from disputes_vote v join disputes_neutral n on n.user_id = v.user_id
                                           where v.appeal_id = r.appeal_id))
            or exists (select from disputes_appeal a
                        where a.dispute_id = d.id and a.state in ('upheld', 'modified', 'remanded')
                          and a.filed_at > x.at
                          and not exists (select from disputes_vote v join disputes_neutral n on n.user_id = v.user_id
                                           where v.appeal_id = a.id)))
    """,
    "evidence is what was hashed": """
        select 'evidence:' || id from disputes_evidence
         where attachment_id is null and sha256 <> encode(sha256(convert_to(body, 'UTF8')), 'hex')
           and body <> orders_put_away_sign() -- its sealed piece is privacy's question
    """,
    "nobody of the staff opens the file of their own case": """
        select e.subject || ' #' || e.seq from timeline_event e
          join disputes_dispute d on e.subject = 'dispute:' || d.id
          join refunds_refund f on f.id = d.refund_id join orders_order o on o.id = f.order_id
          join shops_shop s on s.id = o.shop_id
         where e.name = 'dispute.file_opened' and e.by_id in (o.buyer_id, s.owner_id)
    """,
    "what is owed to a buyer is what nobody had": """
        select 'owed:' || o.id from disputes_owed o
         where o.amount > coalesce((select sum(coalesce(e.body::jsonb ->> 'missing', e.body::jsonb ->> 'amount')::bigint)
                                      from timeline_event e
                                     where e.root = 'order:' || o.order_id and e.body::jsonb ->> 'cause' = o.cause
                                       and e.name in ('order.waterfall_ran_dry', 'order.owed_by_platform', 'order.owed_by_shop')
                                       and coalesce(e.body::jsonb ->> 'payer', 'shop') = o.payer), 0) -- less once overturned
    """,
    "an order of which something is or was owed remembers it": """
        select distinct 'order:' || o.id from disputes_owed w join orders_order o on o.id = w.order_id where not o.ran_dry
    """,
    "what is owed for the price of a unit is left of it, and part of what is owed": """
        select 'unit:' || u.id from orders_unit u
          join (select e.key::bigint as unit, sum(e.value::bigint) as amount
                  from disputes_owed o, jsonb_each_text(o.units) e where o.paid_at is null group by e.key) x on x.unit = u.id
         where x.amount > u.paid - u.refunded - u.covered - u.fee
        union all
        select 'owed:' || o.id from disputes_owed o
         where (select coalesce(sum(value::bigint), 0) from jsonb_each_text(o.units)) > o.amount - o.paid
    """,
    "what was paid of a claim on a shop is in its payouts": """
        select 'owed:' || o.id from disputes_owed o
         where o.paid <> coalesce((select sum(p.amount) from ledger_payout p
                                    where p.cause = 'owed:' || o.id and p.state <> 'void'), 0)
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

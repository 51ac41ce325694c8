"""What must be true of the books: queries that return no rows. `manage.py check_books` runs them all."""

CHECKS = {
    "the sum of all balances is zero": "select sum(balance) || ' fen' from ledger_account having sum(balance) <> 0",
    "a balance is the sum of the account's postings": """
        select a.address || ': ' || a.balance || ' but postings say ' || coalesce(sum(p.amount), 0)
          from ledger_account a left join ledger_posting p on p.account_id = a.id
         group by a.id having a.balance <> coalesce(sum(p.amount), 0)
    """,
    "a balance is that of the account's last posting": """
        select a.address from ledger_account a
         where (a.balance, a.seq) is distinct from (
            coalesce((select p.balance from ledger_posting p where p.account_id = a.id order by p.seq desc limit 1), 0),
            (select count(*) from ledger_posting p where p.account_id = a.id))
    """,
    "every transfer has two postings, opposite and equal": """
        select t.key from ledger_transfer t left join ledger_posting p on p.transfer_id = t.id
         group by t.id having count(p.id) <> 2 or sum(p.amount) <> 0
            or count(*) filter (where p.account_id = t.source_id and p.amount = -t.amount) <> 1
            or count(*) filter (where p.account_id = t.target_id and p.amount = t.amount) <> 1
    """,
    "no account is outside its limits": """
        select address || ': ' || balance from ledger_account where balance < lowest or balance > highest
    """,
    "an account keeps to its line of the chart": """
        select a.address from ledger_account a join ledger_accountkind k on k.name = a.kind_id
         where a.address !~ k.pattern or a.lowest is distinct from k.lowest or a.highest is distinct from k.highest
    """,
    "chains of postings are unbroken": """
        select address || ' #' || seq from (
            select a.address, p.seq, p.hash, a.head, a.seq as last_seq, row_number() over chain as place,
                   lag(p.balance, 1, 0::bigint) over chain + p.amount as balance_should, p.balance,
                   sha256(lag(p.hash, 1, ''::bytea) over chain || convert_to(ledger_posting_text(
                       a.address, p.seq, t.key, p.amount, p.balance, t.reason, t.subject, t.journal, t.at), 'UTF8')) as should
              from ledger_posting p join ledger_account a on a.id = p.account_id join ledger_transfer t on t.id = p.transfer_id
            window chain as (partition by p.account_id order by p.seq)
        ) x where seq <> place or hash <> should or balance <> balance_should or (seq = last_seq and hash <> head)
    """,
    "debts are what can be recovered": """
        select sum(balance) || ' fen apart' from ledger_account where kind_id in ('debt', 'recoverable') having sum(balance) <> 0
    """,
    "a confirmed payment was credited once, for the same channel, charge and amount": """
        select p.number from ledger_payment p
         where (p.state = 'confirmed') <> exists (
            select from ledger_notice n
             where n.payment_id = p.id and n.outcome = 'credited' and n.channel = p.channel
               and n.provider_txn = p.provider_txn and n.amount = p.amount)
    """,
    "a confirmed top-up is in the books, and only then": """
        select p.number from ledger_payment p
          left join ledger_transfer t on t.key = 'payment:' || p.id || ':in'
         where p.subject like 'user:%'
           and (p.state = 'confirmed') is distinct from (t.id is not null and t.amount = p.amount)
    """,
    "a charge that was not credited is sent back, whole": """
        select n.channel || ' ' || n.provider_txn from ledger_notice n
         where (n.outcome = 'returned') <> exists (
            select from ledger_payout o
             where o.payment_id = n.payment_id and o.charge = n.provider_txn and o.amount = n.amount
               and o.key = 'notice:' || n.id)
    """,
    "the legs of a payout are its amount": """
        select o.number from ledger_payout o left join ledger_payoutleg l on l.payout_id = o.id
         group by o.id having o.amount <> coalesce(sum(l.amount), 0)
    """,
    "every leg of a payout is in the books": """
        select l.key from ledger_payoutleg l join ledger_payout o on o.id = l.payout_id
          left join ledger_transfer t on t.key = l.key
          left join ledger_account s on s.id = t.source_id left join ledger_account g on g.id = t.target_id
         where t.id is null or t.amount <> l.amount or s.address <> l.source
            or g.address <> case o.destination when 'wallet' then 'user:' || o.user_id || ':wallet'
                                               else 'channel:' || o.channel || ':out' end
    """,
    "a payout by a channel that arrived has its confirmation, and the other way round": """
        select o.number from ledger_payout o
          left join ledger_transfer t on t.key in ('payout:' || o.id || ':confirmed', 'payout:' || o.id || ':to_wallet')
         where o.destination <> 'wallet' and (o.state = 'paid') is distinct from (t.id is not null and t.amount = o.amount)
    """,
    "a void payout went back leg by leg, and no other did": """
        select o.number from ledger_payout o join ledger_payoutleg l on l.payout_id = o.id
          left join ledger_transfer t on t.key = l.key || ':void'
         where (o.state = 'void') is distinct from (t.id is not null and t.amount = l.amount)
    """,
    "what is on its way out of a channel is what open payouts hold": """
        select a.address from ledger_account a where a.kind_id = 'channel_out'
           and coalesce((select sum(p.amount) from ledger_posting p join ledger_transfer t on t.id = p.transfer_id
                          where p.account_id = a.id
                            and (t.reason <> 'deposit_returned' or exists (
                                select from ledger_payoutleg l where l.key = t.key))), 0)
            <> coalesce((select sum(o.amount) from ledger_payout o
                          where 'channel:' || o.channel || ':out' = a.address
                            and o.state in ('planned', 'sending', 'retrying', 'manual')), 0)
    """,
    "no more goes back to a charge than came from it": """
        select o.channel || ' ' || o.charge from ledger_payout o
         where o.destination = 'channel' and o.state <> 'void' and o.key not like '%:twice:outside:%'
           and not exists (select from ledger_transfer t where t.key = 'payout:' || o.id || ':to_wallet')
         group by o.channel, o.charge
        having sum(o.amount) > coalesce((
            select n.amount from ledger_notice n where n.channel = o.channel and n.provider_txn = o.charge), 0)
    """,
    "a channel takes no more back of a charge on its own account than it brought": """
        select o.channel || ' ' || o.charge from ledger_payout o
         where o.key like '%:outside:%' and o.state <> 'void'
         group by o.channel, o.charge
        having sum(o.amount) > coalesce((
            select n.amount from ledger_notice n where n.channel = o.channel and n.provider_txn = o.charge), 0)
    """,
    "two people of finance let a debt go, and the books say how much of it": """
        select 'writeoff:' || w.id || ' ' || w.state from ledger_writeoff w
          left join ledger_transfer t on t.key = 'writeoff:' || w.id || ':written_off'
         where w.state = 'agreed' and w.decided_by_id in (w.proposed_by_id, w.user_id)
            or w.state <> 'agreed' and t.id is not null
            or coalesce(t.amount, 0) > w.amount
    """,
    "what a buyer owes is paid, collected or let go, and nothing else": """
        select t.key from ledger_transfer t join ledger_account g on g.id = t.target_id
         where g.kind_id = 'debt' and g.address like 'user:%' and t.reason not in ('debt_collected', 'debt_written_off')
    """,
    "two people of finance put money into a pocket of the mall, and the books say how much": """
        select 'contribution:' || c.id || ' ' || c.state from ledger_contribution c
          left join ledger_transfer t on t.key = 'contribution:' || c.id || ':booked'
          left join ledger_account g on g.id = t.target_id
         where (c.state = 'booked') is distinct from (t.id is not null)
            or c.state = 'booked' and (c.decided_by_id is null or c.decided_by_id = c.proposed_by_id
                                       or t.amount <> c.amount or g.address <> 'platform:' || c.purse)
    """,
    "what comes from the mall's own bank was put in by two people": """
        select t.key from ledger_account a
          join ledger_posting p on p.account_id = a.id join ledger_transfer t on t.id = p.transfer_id
         where a.address = 'channel:bank'
           and not (t.source_id = a.id and t.reason = 'funding'
                    and exists (select from ledger_contribution c where t.key = 'contribution:' || c.id || ':booked'))
    """,
    "nobody agreed with himself about a payout": """
        select subject || ' #' || seq from timeline_event
         where name = 'payout.agreed' and (body::jsonb ->> 'with')::bigint is not distinct from by_id
    """,
    "two people of finance released the payout brake": """
        select 'brake:' || b.id from ledger_brake b
         where b.state = 'released' and (
            b.signed_by_id is null or b.released_by_id is null or b.signed_by_id = b.released_by_id
            or not exists (select from timeline_event e where e.root = 'brake:' || b.id and e.name = 'brake.signed'
                              and e.by_id = b.signed_by_id)
            or not exists (select from timeline_event e where e.root = 'brake:' || b.id and e.name = 'brake.released'
                              and e.by_id = b.released_by_id))
    """,
    "nobody takes money out of the platform's own pocket but for its own fault": """
        select t.key from ledger_transfer t join ledger_account s on s.id = t.source_id
         where s.address = 'platform:own' and t.reason not in ('funding', 'correction')
           and not (t.reason = 'coupon' and t.key ~ '^coupon:[0-9]+:funded$')
           and not (t.reason = 'platform_fault'
                    and t.key ~ '^(ruling:[0-9]+|refund:[0-9]+:outage|order:[0-9]+:outage:[0-9]+):fault$')
           and not exists (select from ledger_payoutleg l where l.key = t.key)
    """,
    "an anchor names the one before it": """
        select day from (select day, previous_id, lag(id) over (order by day) as before from ledger_anchor) x
         where previous_id is distinct from before
    """,
    "what was anchored is still in its chain": """
        select l.chain || ' #' || l.seq || ' of ' || k.day from ledger_anchorleaf l join ledger_anchor k on k.id = l.anchor_id
         where not exists (select from ledger_posting p join ledger_account a on a.id = p.account_id
                            where l.chain = 'account:' || a.address and p.seq = l.seq and p.hash = l.head)
           and not exists (select from timeline_event e
                            where l.chain = 'stream:' || e.root and e.seq = l.seq and e.hash = l.head)
    """,
}

#: The same questions about what moved after transfer `%(transfers)s` and event `%(events)s`; the sums are asked whole.
RECENT = {
    "the sum of all balances is zero": CHECKS["the sum of all balances is zero"],
    "debts are what can be recovered": CHECKS["debts are what can be recovered"],
    "a balance is that of the account's last posting": """
        select a.address from ledger_account a
         where a.id in (select p.account_id from ledger_posting p where p.transfer_id > %(transfers)s)
           and not exists (select from ledger_posting p where p.account_id = a.id and p.seq = a.seq
                              and p.balance = a.balance and p.hash = a.head)
    """,
    "every transfer has two postings, opposite and equal": """
        select t.key from ledger_transfer t left join ledger_posting p on p.transfer_id = t.id
         where t.id > %(transfers)s
         group by t.id having count(p.id) <> 2 or sum(p.amount) <> 0
            or count(*) filter (where p.account_id = t.source_id and p.amount = -t.amount) <> 1
            or count(*) filter (where p.account_id = t.target_id and p.amount = t.amount) <> 1
    """,
    "no account is outside its limits": """
        select a.address || ': ' || a.balance from ledger_account a
         where (a.balance < a.lowest or a.balance > a.highest)
           and a.id in (select p.account_id from ledger_posting p where p.transfer_id > %(transfers)s)
    """,
    "chains of postings are unbroken": """
        select a.address || ' #' || p.seq
          from ledger_posting p join ledger_account a on a.id = p.account_id join ledger_transfer t on t.id = p.transfer_id
          left join ledger_posting b on b.account_id = p.account_id and b.seq = p.seq - 1
         where p.transfer_id > %(transfers)s
           and (p.seq > 1 and b.id is null or p.balance <> coalesce(b.balance, 0) + p.amount
                or p.hash <> sha256(coalesce(b.hash, ''::bytea) || convert_to(ledger_posting_text(
                       a.address, p.seq, t.key, p.amount, p.balance, t.reason, t.subject, t.journal, t.at), 'UTF8')))
    """,
    "every leg of a payout is in the books": f"""
        select key from ({CHECKS["every leg of a payout is in the books"].replace("select l.key", "select l.key, l.payout_id").replace("%", "%%")}
        ) x where payout_id in (select substr(subject, 8)::bigint from timeline_event
                                 where id > %(events)s and subject like 'payout:%%')
    """,
    "a payout by a channel that arrived has its confirmation, and the other way round": """
        select o.number from ledger_payout o
          left join ledger_transfer t on t.key in ('payout:' || o.id || ':confirmed', 'payout:' || o.id || ':to_wallet')
         where o.id in (select substr(subject, 8)::bigint from timeline_event
                         where id > %(events)s and subject like 'payout:%%')
           and o.destination <> 'wallet' and (o.state = 'paid') is distinct from (t.id is not null and t.amount = o.amount)
    """,
    "no more goes back to a charge than came from it": """
        select o.channel || ' ' || o.charge from ledger_payout o
         where o.destination = 'channel' and o.state <> 'void' and o.key not like '%%:twice:outside:%%'
           and (o.channel, o.charge) in (
               select p.channel, p.charge from ledger_payout p where p.id in (
                   select substr(subject, 8)::bigint from timeline_event where id > %(events)s and subject like 'payout:%%'))
           and not exists (select from ledger_transfer t where t.key = 'payout:' || o.id || ':to_wallet')
         group by o.channel, o.charge
        having sum(o.amount) > coalesce((
            select n.amount from ledger_notice n where n.channel = o.channel and n.provider_txn = o.charge), 0)
    """,
    "a confirmed payment was credited once, for the same channel, charge and amount": """
        select p.number from ledger_payment p
         where p.id in (select substr(subject, 9)::bigint from timeline_event
                         where id > %(events)s and subject like 'payment:%%')
           and (p.state = 'confirmed') <> exists (
            select from ledger_notice n
             where n.payment_id = p.id and n.outcome = 'credited' and n.channel = p.channel
               and n.provider_txn = p.provider_txn and n.amount = p.amount)
    """,
}

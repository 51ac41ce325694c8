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
}

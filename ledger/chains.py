"""Walking the chains: each account's postings and each stream's events, from the first link to the head."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.db import connection

#: How many chains are walked with one question.
BATCH = 500

#: Postings whose place, hash, balance or head is not what the contents say. `{which}` chooses the accounts.
BROKEN_POSTINGS = """
    select address, seq, fault from (
        select a.address, p.seq, case
                 when p.seq <> row_number() over chain then 'a posting before this one is missing'
                 when p.balance <> lag(p.balance, 1, 0::bigint) over chain + p.amount then 'the balance does not add up'
                 when p.hash <> sha256(lag(p.hash, 1, ''::bytea) over chain || convert_to(ledger_posting_text(
                        a.address, p.seq, t.key, p.amount, p.balance, t.reason, t.subject, t.journal, t.at), 'UTF8'))
                   then 'the contents do not match the hash'
                 when p.seq = a.seq and (p.hash <> a.head or p.balance <> a.balance)
                   then 'the account''s head or balance is not that of its last posting'
               end as fault
          from ledger_account a
          join ledger_posting p on p.account_id = a.id join ledger_transfer t on t.id = p.transfer_id
         where {which}
        window chain as (partition by p.account_id order by p.seq)
    ) x where fault is not null
    union all
    select a.address, a.seq, 'the last postings are missing' from ledger_account a
     where {which} and a.seq <> (select coalesce(max(p.seq), 0) from ledger_posting p where p.account_id = a.id)
    order by 1, 2
"""

#: The same of events, of chosen streams: the timeline's own question, which asks about one stream or about all.
BROKEN_EVENTS = """
    select root, seq, fault from (
        select e.root, e.seq, case
                 when e.seq <> row_number() over chain then 'an event before this one is missing'
                 when e.prev <> coalesce(lag(e.hash) over chain, ''::bytea) then 'not linked to the event before'
                 when e.hash <> sha256(e.prev || convert_to(timeline_event_text(e), 'UTF8'))
                   then 'the contents do not match the hash'
               end as fault
          from timeline_event e where e.root = any (%s)
        window chain as (partition by e.root order by e.seq)
    ) x where fault is not null order by 1, 2
"""


@dataclass(frozen=True)
class Break:
    """A place where a chain does not hold."""

    kind: str
    address: str
    seq: int
    what: str

    def __str__(self) -> str:
        return f"{self.kind} {self.address}: link {self.seq}: {self.what}"


Told = Callable[[str, int, int], None]


def breaks_of_accounts(addresses: Sequence[str]) -> list[Break]:
    """Where the chains of these accounts do not hold."""
    with connection.cursor() as cursor:
        which = "a.address = any (%(wanted)s)"
        cursor.execute(BROKEN_POSTINGS.format(which=which), {"wanted": list(addresses)})
        return [Break("account", *row) for row in cursor.fetchall()]


def breaks_of_streams(roots: Sequence[str]) -> list[Break]:
    """Where the chains of these streams do not hold."""
    with connection.cursor() as cursor:
        cursor.execute(BROKEN_EVENTS, [list(roots)])
        return [Break("stream", *row) for row in cursor.fetchall()]


def breaks(told: Told = lambda _kind, _done, _all: None) -> Iterator[Break]:
    """Walk all chains, a batch at a time; `told` hears how far it is: what, how many, of how many."""
    for kind, batches, all_of_them, walk in (
        ("accounts", *_addresses(), breaks_of_accounts),
        ("streams", *_roots(), breaks_of_streams),
    ):
        done = 0
        for batch in batches:
            yield from walk(batch)
            done += len(batch)
            told(kind, done, all_of_them)


def known(addresses: Sequence[str]) -> tuple[list[str], list[str]]:
    """Which of `addresses` are accounts and which are streams of events."""
    with connection.cursor() as cursor:
        cursor.execute("select address from ledger_account where address = any (%s) order by 1", [list(addresses)])
        accounts = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            "select w.name from unnest(%s::text[]) as w (name)"
            " where exists (select from timeline_event e where e.root = w.name) order by 1",
            [list(addresses)],
        )
        return accounts, [row[0] for row in cursor.fetchall()]


def _addresses() -> tuple[Iterator[list[str]], int]:
    return _batches("select address as name from ledger_account where address > %s order by 1 limit %s"), _count(
        "select count(*) from ledger_account"
    )


def _roots() -> tuple[Iterator[list[str]], int]:
    return _batches("select distinct root as name from timeline_event where root > %s order by 1 limit %s"), _count(
        "select count(distinct root) from timeline_event"
    )


def _batches(query: str) -> Iterator[list[str]]:
    last = ""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(query, [last, BATCH])
            batch = [row[0] for row in cursor.fetchall()]
        if not batch:
            return
        yield batch
        last = batch[-1]


def _count(query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])

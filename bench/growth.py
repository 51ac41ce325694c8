"""Growth: the same figures with more and more transfers and cases behind them.

Transfers are made with COPY as the owner, chunk by chunk; each chunk is one transaction that also brings the accounts'
balances, places and chain heads up to date, so a run that was stopped goes on where it was, and the books hold.
"""

import hashlib
import io
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.clients import Crew
from bench.report import Table

#: Wallets that the transfers run between, and how many transfers are committed at a time.
WALLETS = 20_000
CHUNK = 50_000
FIRST_WALLET = 800_000_000
PURSE = 10**9
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Size:
    """How many transfers are behind each measurement, and how many cases."""

    transfers: tuple[int, ...]
    cases: int
    seconds: float
    verbs: int


def measure(size: Size, tell: Callable[[str], None]) -> dict[str, Any]:
    """Fill, measure, fill more, measure again; at the end sampled accounts are checked line by line."""
    found: dict[str, Any] = {"cases": 0, "figures": []}
    table = Table(
        "with so much behind it", ["transfers", "cases", "transfers/s", "buys/s", "accepts/s", "statement ms"]
    )
    grow_cases(size.cases, tell)
    for wanted in size.transfers:
        grow_transfers(wanted, tell)
        row = figures(size)
        found["figures"].append(row)
        table.row(
            f"{row['transfers']:,}", f"{row['cases']:,}", row["transfers_s"], row["buys_s"], row["accepts_s"], row["ms"]
        )
    wrong = wrong_accounts(sample=200)
    if wrong:
        raise AssertionError(f"The books do not hold: {wrong[:5]}")
    tell(f"{table}\n200 sampled accounts hold, line by line and hash by hash")
    return found


def figures(size: Size) -> dict[str, Any]:
    """A few of the figures that must not fall as the tables grow."""
    from django.db import connections

    from bench import transfers
    from ledger.accounts import statement

    transfers.prepare()
    with connections["owner"].cursor() as cursor:
        cursor.execute("select count(*) from ledger_transfer")
        there = cursor.fetchone()[0]
        cursor.execute("select count(*) from refunds_refund")
        cases = cursor.fetchone()[0]
    clients = 4
    with Crew(clients) as crew:
        speeds = {"transfers_s": crew.run("bench.transfers:kamen", clients=clients, seconds=size.seconds).per_second}
        for name, verb in (("buys_s", "buy and deliver"), ("accepts_s", "accept")):
            crew.call("bench.verbs:get_ready", clients=clients, verb=verb, count=size.verbs)
            speeds[name] = crew.run("bench.verbs:run", clients=clients, seconds=60, verb=verb).per_second
    address = f"user:{FIRST_WALLET + 7}:wallet"
    began = time.monotonic()
    for _ in range(20):
        list(statement(address)[:20])
    speed = {name: round(value, 1) for name, value in speeds.items()}
    return {"transfers": there, "cases": cases, **speed, "ms": round((time.monotonic() - began) * 50, 2)}


def grow_cases(wanted: int, tell: Callable[[str], None]) -> None:
    """Cases of every age: waiting, paid, with the platform; copies of real ones."""
    from django.db import connections

    from bench import copies, verbs
    from orders.models import Order

    with connections["owner"].cursor() as cursor:
        cursor.execute("select count(*) from refunds_refund")
        there = cursor.fetchone()[0]
        if there >= wanted:
            return
        originals = []
        for _shop in range(4):
            scene = verbs.open_scene()
            verbs.stock_up(scene, 3)
            for verb in ("accept", "ask, instant refund", "rule and enforce"):
                operation = verbs.prepared(verb, scene)
                if verb != "accept":
                    operation()
                originals.append(copies.original_of(Order.objects.latest("pk")))
        while there < wanted:
            some = min(5_000, wanted - there)
            copies.make(originals, some, cursor.cursor)
            there += some
            tell(f"{there:,} cases")
        cursor.execute("vacuum analyze")


def grow_transfers(wanted: int, tell: Callable[[str], None]) -> None:
    """Until the ledger holds `wanted` transfers."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        ids = open_wallets(cursor)
        cursor.execute("select count(*) from ledger_transfer")
        there = cursor.fetchone()[0]
        while there < wanted:
            began = time.monotonic()
            some = min(CHUNK, wanted - there)
            cursor.execute("select coalesce(max(id), 0) from ledger_transfer")
            add_chunk(cursor, ids, first=int(cursor.fetchone()[0]) + 1, count=some)
            there += some
            tell(f"{there:,} transfers ({some / (time.monotonic() - began):,.0f}/s)")
        cursor.execute("vacuum analyze ledger_transfer, ledger_posting, ledger_account")


def open_wallets(cursor: Any) -> dict[str, int]:
    """Wallets with money in them, opened and filled by the ledger's own function."""
    from ledger.transfers import Move, post

    cursor.execute("select address, id from ledger_account where address like 'user:8%%:wallet'")
    found = dict(cursor.fetchall())
    missing = [number for number in range(WALLETS) if f"user:{FIRST_WALLET + number}:wallet" not in found]
    for start in range(0, len(missing), 5_000):
        moves = [
            Move(f"grow:{n}", "channel:bench", f"user:{FIRST_WALLET + n}:wallet", PURSE, "top_up", "bench:1")
            for n in missing[start : start + 5_000]
        ]
        post(moves, journal="grow", at=EPOCH)
    if missing:
        cursor.execute("select address, id from ledger_account where address like 'user:8%%:wallet'")
        found = dict(cursor.fetchall())
    return found


def add_chunk(cursor: Any, ids: dict[str, int], *, first: int, count: int) -> None:
    """`count` transfers between wallets, with their postings, balances and chains; all of them or none."""
    chance = random.Random(first)
    names = chance.sample(sorted(ids), min(len(ids), max(2, count // 5)))
    cursor.execute("begin")
    cursor.execute(
        "select address, balance, seq, head from ledger_account where address = any(%s) order by address for update",
        [names],
    )
    state = {address: [balance, seq, bytes(head)] for address, balance, seq, head in cursor.fetchall()}
    transfers, postings = io.StringIO(), io.StringIO()
    at = EPOCH + timedelta(seconds=first % 20_000_000)
    micros = int(at.timestamp()) * 1_000_000
    for number in range(first, first + count):
        source, target = chance.sample(names, 2)
        amount, key = chance.randrange(1, 1_000), f"grow:{number}:t"
        if state[source][0] < amount:
            source, target = target, source
        transfers.write(f"{number}\t{key}\t{ids[source]}\t{ids[target]}\t{amount}\tcorrection\tbench:1\t{key}\t{at}\n")
        for address, signed in ((source, -amount), (target, amount)):
            mine = state[address]
            mine[0] += signed
            mine[1] += 1
            words = (address, mine[1], key, signed, mine[0], "correction", "bench:1", key, micros)
            mine[2] = hashlib.sha256(mine[2] + "\x1f".join(map(str, words)).encode()).digest()
            postings.write(f"{ids[address]}\t{mine[1]}\t{number}\t{signed}\t{mine[0]}\t\\\\x{mine[2].hex()}\n")
    for text, table, columns in (
        (transfers, "ledger_transfer", "id, key, source_id, target_id, amount, reason, subject, journal, at"),
        (postings, "ledger_posting", "account_id, seq, transfer_id, amount, balance, hash"),
    ):
        text.seek(0)
        cursor.cursor.copy_expert(f"copy {table} ({columns}) from stdin", text)
    cursor.execute(
        "update ledger_account a set balance = v.balance, seq = v.seq, head = v.head"
        "  from unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bytea[]) v (address, balance, seq, head)"
        " where a.address = v.address",
        [list(state), *([each[place] for each in state.values()] for place in range(3))],
    )
    cursor.execute("select setval('ledger_transfer_id_seq', %s)", [first + count])
    cursor.execute("commit")


def wrong_accounts(sample: int) -> list[str]:
    """Sampled accounts whose balance, running balance, chain or limits do not hold; the sum of all balances, too."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("select sum(balance) from ledger_account")
        wrong = [] if cursor.fetchone()[0] == 0 else ["the sum of all balances"]
        cursor.execute(
            "with chosen as (select * from ledger_account where seq > 1 order by md5(address) limit %s),"
            " lines as (select a.address, a.head, a.balance held, a.seq last, p.seq, p.balance, p.hash,"
            "   row_number() over w place, sum(p.amount) over w running,"
            "   sha256(lag(p.hash, 1, ''::bytea) over w || convert_to(ledger_posting_text(a.address, p.seq, t.key,"
            "     p.amount, p.balance, t.reason, t.subject, t.journal, t.at), 'UTF8')) should"
            "  from chosen a join ledger_posting p on p.account_id = a.id"
            "  join ledger_transfer t on t.id = p.transfer_id"
            "  window w as (partition by a.id order by p.seq))"
            " select distinct address from lines where seq <> place or balance <> running or hash <> should"
            "  or (seq = last and (hash <> head or balance <> held))",
            [sample],
        )
        return wrong + [address for (address,) in cursor.fetchall()]

"""Transfers per second: the mall's one call beside the bare limit, the same schema by ORM, and django-hordak."""

import hashlib
import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from bench.clients import Crew
from bench.house import has_hordak, prepare_hordak
from bench.report import Table, median

#: So many wallets and so many escrows take part when the work is spread.
ACCOUNTS = 1_000
#: Fen per wallet at the start: more than any run can spend.
PURSE = 10**12
HOT = "platform:fees"
BATCH = 100
PEERS = {
    "bare limit": "bench.transfers:bare",
    "kamen": "bench.transfers:kamen",
    "ORM": "bench.transfers:orm",
    "hordak": "bench.transfers:hordak",
    "hordak, balance checked": "bench.transfers:hordak_checked",
}


@dataclass(frozen=True)
class Size:
    """How long and how often to measure."""

    rounds: int
    seconds: float
    clients: tuple[int, ...] = (1, 4, 8)
    #: Seconds after which each line gets one round only: on a busy machine everything takes longer.
    budget: float = 100


def measure(size: Size, tell: Callable[[str], None]) -> dict[str, Any]:
    """Every peer in every round, next to the bare limit of that moment; medians over the rounds."""
    prepare()
    began = time.monotonic()
    found: dict[str, Any] = {"rounds": size.rounds, "seconds": size.seconds, "clients are": "processes", "figures": []}
    peers = {name: work for name, work in PEERS.items() if has_hordak() or not name.startswith("hordak")}
    if not has_hordak():
        tell("django-hordak is not installed: its lines are missing (make bench installs it).")
    most = max(size.clients)
    with Crew(most) as ours, _hordak_crew(most) as theirs:
        for hot, clients in itertools.product((False, True), size.clients):
            speeds: dict[str, list[float]] = {name: [] for name in [*peers, f"kamen, batches of {BATCH}"]}
            ratios: dict[str, list[float]] = {name: [] for name in speeds}
            errors: dict[str, dict[str, int]] = {}
            for done in range(size.rounds):
                if done and time.monotonic() - began > size.budget:
                    break
                limit = 0.0
                for name, work in peers.items():
                    crew = theirs if name.startswith("hordak") else ours
                    assert crew is not None
                    run = crew.run(work, clients=clients, seconds=size.seconds, hot=hot)
                    limit = limit or run.per_second
                    speeds[name].append(run.per_second)
                    ratios[name].append(run.per_second / limit)
                    if run.errors:
                        errors[name] = run.errors
                run = ours.run("bench.transfers:batches", clients=clients, seconds=size.seconds, hot=hot)
                name = f"kamen, batches of {BATCH}"
                speeds[name].append(run.per_second * BATCH)
                ratios[name].append(run.per_second * BATCH / limit)
            table = Table(
                f"transfers/s, {'one hot account' if hot else 'spread'}, {clients} clients (processes)",
                ["", "per second", "of the bare limit", "kamen is … times as fast"],
            )
            kamen = median(speeds["kamen"])
            for name, values in speeds.items():
                row = {
                    "account": "hot" if hot else "spread",
                    "clients": clients,
                    "peer": name,
                    "per_second": round(median(values), 1),
                    "rounds": [round(value, 1) for value in values],
                    "of_limit": round(median(ratios[name]), 3),
                    "kamen_times": round(kamen / median(values), 2) if median(values) else None,
                    "errors": errors.get(name, {}),
                }
                found["figures"].append(row)
                table.row(name, f"{row['per_second']:,.0f}", f"{row['of_limit']:.2f}", row["kamen_times"])
            tell(str(table))
    found["wal"] = wal()
    tell(f"WAL per transfer: {found['wal']['single']} bytes alone, {found['wal']['batch']} in a batch of {BATCH}")
    return found


def prepare_bare() -> None:
    """The two tables of the bare limit."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "create table if not exists bench_account (id int primary key, balance bigint not null);"
            "create table if not exists bench_entry (id bigint generated always as identity primary key,"
            " account int not null, amount bigint not null, at timestamptz not null);"
            "grant select, insert, update on bench_account, bench_entry to kamen_app;"
            "grant usage on all sequences in schema public to kamen_app;"
            f"insert into bench_account select n, 0 from generate_series(0, {ACCOUNTS}) n on conflict do nothing"
        )


def prepare() -> None:
    """Tables of the bare limit, accounts with money in them, and the peer's database."""
    from django.db import connections

    from ledger.transfers import Move, post
    from timeline import clock

    prepare_bare()
    at = clock.now()
    moves = [
        Move(f"bench:purse:{number}", "channel:bench", f"user:{WALLETS + number}:wallet", PURSE, "top_up", "bench:1")
        for number in range(ACCOUNTS)
    ] + [
        Move(f"bench:open:{number}", "channel:bench", f"order:{ESCROWS + number}:escrow", 1, "order_paid", "bench:1")
        for number in range(ACCOUNTS)
    ]
    post(moves, journal="bench", at=at)
    if has_hordak():
        prepare_hordak()
        with Crew(1, "bench.hordak_settings") as crew:
            crew.call("bench.transfers:open_hordak_accounts", clients=1)
    with connections["owner"].cursor() as cursor:
        cursor.execute("vacuum analyze")


def wal() -> dict[str, int]:
    """Bytes of write-ahead log per transfer, alone and in a batch; nobody else writes meanwhile."""
    from django.db import connections

    def written(operation: Callable[[], None], times: int, size: int) -> int:
        with connections["owner"].cursor() as cursor:
            cursor.execute("select pg_current_wal_insert_lsn()")
            before = cursor.fetchone()[0]
            for _ in range(times):
                operation()
            cursor.execute("select (pg_current_wal_insert_lsn() - %s::pg_lsn)::bigint", [before])
            return int(cursor.fetchone()[0] // (times * size))

    single, batch = kamen(0), batches(0)
    written(single, 200, 1)  # pages touched for the first time since a checkpoint are logged whole: not counted
    return {"single": written(single, 400, 1), "batch": written(batch, 10, BATCH)}


#: Ids far above those that anything real has.
WALLETS, ESCROWS = 700_000_000, 700_000_000


def bare(number: int, *, hot: bool = False) -> Callable[[], None]:
    """The limit: one small committed write, a row changed and a row added, in one round trip."""
    from django.db import connection
    from django.utils import timezone

    chance = random.Random()
    statement = (
        "with changed as (update bench_account set balance = balance + 1 where id = %s)"
        " insert into bench_entry (account, amount, at) values (%s, 1, %s)"
    )

    def operation() -> None:
        account = 0 if hot else chance.randrange(1, ACCOUNTS)
        with connection.cursor() as cursor:
            cursor.execute(statement, [account, account, timezone.now()])

    return operation


def _pair(chance: random.Random, hot: bool) -> tuple[str, str]:
    target = HOT if hot else f"order:{ESCROWS + chance.randrange(ACCOUNTS)}:escrow"
    return f"user:{WALLETS + chance.randrange(ACCOUNTS)}:wallet", target


def kamen(number: int, *, hot: bool = False) -> Callable[[], None]:
    """The mall's one call."""
    from django.utils import timezone

    from ledger.transfers import transfer

    chance, run, count = random.Random(), uuid4().hex, itertools.count()

    def operation() -> None:
        source, target = _pair(chance, hot)
        key = f"bench:{run}:{next(count)}"
        transfer(
            source=source, target=target, amount=1, reason="order_paid", subject="bench:1", key=key, at=timezone.now()
        )

    return operation


def batches(number: int, *, hot: bool = False) -> Callable[[], None]:
    """The same call with a hundred transfers."""
    from django.utils import timezone

    from ledger.transfers import Move, post

    chance, run, count = random.Random(), uuid4().hex, itertools.count()

    def operation() -> None:
        moves = [
            Move(f"bench:{run}:{next(count)}", *_pair(chance, hot), 1, "order_paid", "bench:1") for _ in range(BATCH)
        ]
        post(moves, journal=moves[0].key, at=timezone.now())

    return operation


def orm(number: int, *, hot: bool = False) -> Callable[[], None]:
    """The same tables, written by the ORM with the same promises: known keys, locks in order, limits, chains."""
    from django.db import transaction
    from django.utils import timezone

    from ledger.models import Account, Posting, Transfer

    chance, run, count = random.Random(), uuid4().hex, itertools.count()

    def operation() -> None:
        addresses, key, at = _pair(chance, hot), f"bench:{run}:{next(count)}", timezone.now()
        with transaction.atomic(using="owner"):
            locked = Account.objects.using("owner").select_for_update(no_key=True).order_by("address")
            found = {account.address: account for account in locked.filter(address__in=addresses)}
            if Transfer.objects.using("owner").filter(key=key).exists():
                return
            source, target = found[addresses[0]], found[addresses[1]]
            assert source.balance >= 1
            made = Transfer.objects.using("owner").create(
                key=key,
                source=source,
                target=target,
                amount=1,
                reason="order_paid",
                subject="bench:1",
                journal=key,
                at=at,
            )
            lines = []
            for account, amount in ((source, -1), (target, 1)):
                account.seq += 1
                account.balance += amount
                microseconds = int(at.timestamp() * 1_000_000)
                words = (account.address, account.seq, key, amount, account.balance, "order_paid", "bench:1", key)
                text = "\x1f".join(str(word) for word in (*words, microseconds))
                account.head = hashlib.sha256(bytes(account.head) + text.encode()).digest()
                lines.append(
                    Posting(
                        account=account,
                        seq=account.seq,
                        transfer=made,
                        amount=amount,
                        balance=account.balance,
                        hash=account.head,
                    )
                )
            Posting.objects.using("owner").bulk_create(lines)
            for account in (source, target):
                account.save(using="owner", update_fields=["balance", "seq", "head"])

    return operation


# The peer: these run in processes with bench.hordak_settings.


def _hordak_crew(most: int) -> Any:
    from contextlib import nullcontext

    return Crew(most, "bench.hordak_settings") if has_hordak() else nullcontext(None)


def open_hordak_accounts(number: int) -> None:
    """As many accounts as ours, one of them hot, and money in each wallet."""
    from hordak.models import Account, AccountType
    from moneyed import Money

    if Account.objects.exists():
        return
    words = {"type": AccountType.liability, "currencies": ["CNY"]}
    world = Account.objects.create(name="world", code="w", **words)
    hot = Account.objects.create(name="hot", code="h", **words)
    assert hot.pk
    for place in range(ACCOUNTS):
        wallet = Account.objects.create(name=f"wallet {place}", code=f"{10_000 + place}", **words)
        Account.objects.create(name=f"escrow {place}", code=f"{20_000 + place}", **words)
        world.transfer_to(wallet, Money(1_000_000, "CNY"))


def hordak(number: int, *, hot: bool = False, check: bool = False) -> Callable[[], None]:
    """django-hordak's own verb, in a transaction; its triggers check each transaction's legs either way."""
    from django.db import transaction
    from hordak.models import Account
    from moneyed import Money

    chance, one = random.Random(), Money("0.01", "CNY")
    found = {account.code: account for account in Account.objects.order_by("pk")}

    def operation() -> None:
        wallet = found[f"{10_000 + chance.randrange(ACCOUNTS)}"]
        target = found["h"] if hot else found[f"{20_000 + chance.randrange(ACCOUNTS)}"]
        with transaction.atomic():
            if check:
                # What the mall's call promises: under its lock, the source has the money.
                locked = Account.objects.select_for_update(no_key=True).get(pk=wallet.pk)
                assert abs(locked.get_balance()["CNY"]) >= one
            wallet.transfer_to(target, one)

    return operation


def hordak_checked(number: int, *, hot: bool = False) -> Callable[[], None]:
    """The same, and no account is overdrawn: the source is locked and asked for its balance first."""
    return hordak(number, hot=hot, check=True)

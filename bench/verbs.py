"""Full verbs through Django: how many a second, and how often each asks the database for one unit and for 500."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.clients import Crew, OutOfWork
from bench.report import Table

#: Fen per code, and the instant lane's cap is above it.
PRICE = 98
#: So many codes of one order somebody may look at within a few minutes, at least.
MOST_LOOKS = 10
VERBS = ("buy and deliver", "ask, instant refund", "accept", "rule and enforce")


@dataclass(frozen=True)
class Size:
    """How many of each verb the clients of one run share, and how many units a large order has."""

    rounds: int
    runs: dict[str, int]
    many: int
    clients: tuple[int, ...] = (1, 4, 8)
    #: So many of each verb one after the other, whose processor time is counted.
    once: int = 50
    #: Seconds after which the rest is measured on a quarter of the things.
    budget: float = 90


def measure(size: Size, tell: Callable[[str], None], *, bare_seconds: float = 0.3) -> dict[str, Any]:
    """Verbs per second with each number of clients, beside the bare limit of that moment, and queries per verb."""
    from bench import transfers
    from bench.report import median

    transfers.prepare_bare()
    began = time.monotonic()
    found: dict[str, Any] = {"clients are": "processes", "per_second": [], "queries": queries(size.many)}
    table = Table("queries per verb", ["", "for 1 unit", "units", "for so many"])
    for name, counts in found["queries"].items():
        table.row(name, counts["one"], counts["units"], counts["many"])
    tell(str(table))
    found["processor"] = processor(size.once)
    table = Table("processor time of one verb", ["", "ms in Python", "ms in PostgreSQL", "bytes of WAL"])
    for name, spent in found["processor"].items():
        table.row(name, spent["python_ms"], spent["database_ms"], spent["wal"])
    tell(str(table))
    table = Table("verbs/s", ["", "clients", "per second", "p99 ms", "of the bare limit", "errors"])
    with Crew(max(size.clients)) as crew:
        for verb in VERBS:
            for clients in size.clients:
                speeds, ratios, p99s, errors = [], [], [], 0
                for _round in range(size.rounds):
                    is_late = time.monotonic() - began > size.budget
                    each = max(1, size.runs[verb] // clients // (4 if is_late else 1))
                    crew.call("bench.verbs:get_ready", clients=clients, verb=verb, count=each)
                    limit = crew.run("bench.transfers:bare", clients=clients, seconds=bare_seconds).per_second
                    run = crew.run("bench.verbs:run", clients=clients, seconds=60, verb=verb)
                    speeds.append(run.per_second)
                    ratios.append(run.per_second / limit if limit else 0)
                    p99s.append(run.percentile(99))
                    errors += sum(run.errors.values())
                    for text, times in run.errors.items():
                        tell(f"{verb}: {times} × {text}")
                row = {
                    "verb": verb,
                    "clients": clients,
                    "per_second": round(median(speeds), 1),
                    "p99_ms": round(median(p99s), 1),
                    "of_limit": round(median(ratios), 4),
                    "errors": errors,
                }
                found["per_second"].append(row)
                table.row(verb, clients, row["per_second"], row["p99_ms"], f"{row['of_limit']:.3f}", errors)
    tell(str(table))
    return found


# In the client


@dataclass
class Scene:
    """What one client needs for its verbs: a shop of its own with goods, and the staff who rule."""

    listing: Any
    owner: Any
    seniors: list[Any]
    at: datetime
    ready: list[Callable[[], None]]


_scenes: dict[int, Scene] = {}


def get_ready(number: int, *, verb: str, count: int) -> None:
    """Make what `count` verbs need, by the verbs that come before them; not timed."""
    scene = _scenes.get(number) or open_scene()
    _scenes[number] = scene
    stock_up(scene, count + 1)
    prepared(verb, scene)()  # the first of a process pays for what is made once
    scene.ready = [prepared(verb, scene) for _ in range(count)]


def run(number: int, *, verb: str) -> Callable[[], None]:
    """The verb itself, on one prepared thing after the other."""
    ready = _scenes[number].ready

    def operation() -> None:
        if not ready:
            raise OutOfWork
        ready.pop()()

    return operation


def open_scene(ago: timedelta = timedelta(0)) -> Scene:
    """A shop that sells codes."""
    from accounts.models import Role
    from shops.states import DepositState
    from tests.factories import ListingFactory, ShopFactory, UserFactory
    from timeline import clock

    at, name = clock.now() - ago, uuid4().hex[:10]
    owner = UserFactory(name=f"seller-{name}")
    shop = ShopFactory(
        owner=owner, name=f"店 {name}", slug=name, at=at, required=50_000_000, deposit=DepositState.ACTIVE
    )
    listing = ListingFactory(shop=shop, title=f"码 {name}", price=PRICE, codes=1, at=at)
    UserFactory(name=f"arbiter-{name}", role=Role.ARBITER)
    seniors = [UserFactory(name=f"senior{place}-{name}", role=Role.SENIOR) for place in (1, 2)]
    return Scene(listing, owner, seniors, at, [])


def stock_up(scene: Scene, count: int) -> None:
    """As many codes as will be sold."""
    from shops import stock

    codes = [f"B-{uuid4().hex}" for _ in range(count)]
    for start in range(0, count, 1_000):
        stock.add_batch(scene.listing, codes[start : start + 1_000], by=scene.owner, at=scene.at)


def rich_buyer(scene: Scene, fen: int = 1_000_000) -> Any:
    """Somebody new with money in the wallet: nobody's quota of instant refunds or of cases is used up."""
    from ledger.transfers import transfer
    from tests.factories import UserFactory

    buyer = UserFactory(name=f"buyer-{uuid4().hex[:12]}")
    wallet = f"user:{buyer.pk}:wallet"
    words = {"reason": "top_up", "subject": buyer.address, "key": f"bench:{buyer.address}", "at": scene.at}
    transfer(source="channel:bench", target=wallet, amount=fen, **words)
    return buyer


def buy(scene: Scene, buyer: Any, quantity: int = 1) -> Any:
    """Place, pay from the wallet, and the codes are there."""
    from orders import lifecycle as orders

    order = orders.place(buyer=buyer, listing=fresh(scene.listing), quantity=quantity, acknowledged=True, at=scene.at)
    orders.pay_from_wallet(order, by=buyer, at=scene.at)
    return order


def reveal(scene: Scene, buyer: Any, order: Any, is_valid: bool | None) -> list[Any]:
    """Look at every code; then the issuer says what it was worth, unless nobody knows."""
    from orders import delivery

    visit = delivery.Visit(address="203.0.113.77", session="s", agent="bench")
    units = list(order.units.order_by("place"))
    for unit in units:
        delivery.reveal(unit, by=buyer, at=scene.at, visit=visit)
        if is_valid is not None:
            delivery.record_validity(unit, is_valid=is_valid, source="issuer", at=scene.at)
    return list(order.units.order_by("place"))


def claim(scene: Scene, buyer: Any, order: Any, units: list[Any], reason: str = "CODE_INVALID") -> Any:
    """A case over these units."""
    from refunds import lifecycle as refunds

    return refunds.ask(order=fresh(order), units=units, reason=reason, text="显示无效", by=buyer, at=scene.at)


def fresh(thing: Any) -> Any:
    """The thing as a request would find it."""
    return type(thing)._base_manager.get(pk=thing.pk)


def prepared(verb: str, scene: Scene, quantity: int = 1) -> Callable[[], None]:
    """What stands before the verb, done; and the verb, to be called."""
    steps = parts(verb, scene, quantity)

    def operation() -> None:
        for step in steps.values():
            step()

    return operation


def parts(verb: str, scene: Scene, quantity: int = 1) -> dict[str, Callable[[], Any]]:
    """The same, verb by verb: some of what we measure is two, as a person would do them one after the other."""
    from disputes import lifecycle as disputes
    from disputes.models import Dispute
    from orders import lifecycle as orders
    from refunds import lifecycle as refunds
    from tests.fixtures.disputes import declined, drafted

    buyer, at = rich_buyer(scene), scene.at
    if verb == "buy and deliver":
        listing, bought = fresh(scene.listing), []
        words = {"buyer": buyer, "listing": listing, "quantity": quantity, "acknowledged": True, "at": at}
        return {
            "place": lambda: bought.append(orders.place(**words)),
            "pay and deliver": lambda: orders.pay_from_wallet(bought[0], by=buyer, at=at),
        }
    order = buy(scene, buyer, quantity)
    if verb == "ask, instant refund":
        units = reveal(scene, buyer, order, is_valid=False)
        order = fresh(order)

        def ask() -> None:
            refund = refunds.ask(order=order, units=units, reason="CODE_INVALID", text="显示无效", by=buyer, at=at)
            assert refund.outcome == "instant", refund.outcome

        return {verb: ask}
    if verb == "accept":
        units = list(order.units.order_by("place"))
        refund = fresh(claim(scene, buyer, order, units, reason="CHANGE_OF_MIND"))
        return {verb: lambda: refunds.accept(refund, by=scene.owner, at=at)}
    refund = declined(fresh(order), buyer, at=at, places=tuple(range(1, quantity + 1)))
    refunds.escalate(refund, by=buyer, at=at)
    dispute = Dispute.objects.get(refund=refund)
    if dispute.arbiter is None:
        raise RuntimeError("nobody was there to take the dispute")
    disputes.rest(dispute, by=buyer, at=at)
    disputes.rest(dispute, by=scene.owner, at=at)
    arbiter, dispute = dispute.arbiter, fresh(dispute)
    draft = drafted(dispute)
    ours = next(each for each in scene.seniors if each != arbiter)

    def sign() -> None:
        signer = dispute.senior or ours
        disputes.sign(dispute, agrees=True, by=signer, at=at)

    return {"rule": lambda: disputes.rule(dispute, draft, by=arbiter, at=at), "sign and enforce": sign}


def queries(many: int) -> dict[str, dict[str, int]]:
    """How often each verb asks the database, savepoints not counted, for one unit and for `many`.

    Nobody may look at hundreds of codes in a minute, so cases that need a look are of a few units only.
    """
    from tests.queries import recorded

    scene = open_scene()
    found: dict[str, dict[str, int]] = {}
    for verb in VERBS:
        units = many if verb in ("buy and deliver", "accept") else min(many, MOST_LOOKS)
        for name, quantity in (("one", 1), ("many", units)):
            stock_up(scene, quantity)
            for part, step in parts(verb, scene, quantity).items():
                with recorded() as asked:
                    step()
                found.setdefault(part, {"units": units})[name] = len(asked)
    return found


def processor(count: int) -> dict[str, dict[str, float]]:
    """What one verb costs, by one client: milliseconds of processor time here and in its backend, and bytes of WAL.

    A busy machine spoils these figures far less than those that the clock on the wall gives.
    """
    scene = open_scene()
    found: dict[str, dict[str, float]] = {}
    for verb in VERBS:
        stock_up(scene, count + 5)
        here, there, written = 0.0, 0.0, 0
        for turn in range(-5, count):  # the first five pay for what is made once
            operation = prepared(verb, scene)  # one after the other: nobody takes fifty disputes at once
            log, server, own = wal(), backend_seconds(), time.process_time()
            operation()
            own, server, log = time.process_time() - own, backend_seconds() - server, wal() - log
            if turn >= 0:
                here, there, written = here + own, there + server, written + log
        found[verb] = {
            "python_ms": round(here / count * 1000, 2),
            "database_ms": round(there / count * 1000, 2),
            "wal": round(written / count),
        }
    return found


def backend_seconds() -> float:
    """Processor time of this connection's server process so far; nothing where the machine does not say."""
    from django.db import connection

    connection.ensure_connection()
    said = Path(f"/proc/{connection.connection.get_backend_pid()}/schedstat")
    return int(said.read_text().split()[0]) / 1e9 if said.exists() else 0.0


def wal() -> int:
    """How far the server has written its log, in bytes: everybody's."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        return int(cursor.fetchone()[0])

"""What speaks for risk, and how much: signals are looked for once a day, explained, and fade.

A score may add delay, proof or a person. It never lowers a sum and never refuses a claim: from 40 on a file is asked
for, from 60 on nothing is paid by the instant lane (the rulebook's own rule), from 80 on people alone decide. That is
all that is done with it (`refunds.triage`). Rule source: rules 6.4; weights and half-life are data
(`reputation.thresholds`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from accounts import lifecycle as accounts
from accounts.models import Role, User
from orders.models import Attachment, Message, Order, Redemption, Reveal
from refunds.models import Refund
from refunds.states import RefundState
from reputation import figures
from reputation.claims_seen import CLAIMS, naming
from reputation.contacts import known
from reputation.evidence import BACK, DAY, MOST, NOT_BORNE_OUT, TELLING, Found, counted, listed
from reputation.models import KnownContact, Signal, Trace
from reputation.purchases_seen import PURCHASES
from reputation.shops_seen import SELLERS, in_chunks
from reputation.thresholds import thresholds
from shops import vault
from shops.models import Payee, Shop
from timeline import events
from timeline.door import change, lock_root, require, verb
from timeline.spans import SHANGHAI

#: So many people are looked at with one round of questions.
CHUNK = 500
#: Whose doings of late make one look.
LATELY = timedelta(days=2)
#: What the signals take: claims in ten orders, orders in a day, orders near a cap, buyers on one device, weeks.
CLAIMS_IN_TEN, FEWEST_CLAIMS, ORDERS_A_DAY, NEAR_CAP, NEAR_CAP_BP = 3, 4, 30, 3, 9_500
BUYERS_ON_ONE, TIMES_TURNOVER, LEAST_TURNOVER = 5, 5, 100_000
#: Claims that were not borne out: how many of them within a minute of looking are a signal.
TIMES_IN_SECONDS = 2

Name = Signal.Name


def look_all(*, at: datetime) -> int:
    """Look at everybody who did something lately or has a score, and at every shop; returns how many scores moved."""
    trace(at=at)
    moved, last = 0, 0
    bought = Order.objects.filter(buyer=OuterRef("pk"), placed_at__gt=at - LATELY)
    claimed = Refund.objects.filter(buyer=OuterRef("pk"), opened_at__gt=at - LATELY)
    said = Message.objects.filter(author=OuterRef("pk"), order__buyer=OuterRef("pk"), at__gt=at - LATELY)
    concerned = User.objects.filter(Exists(bought) | Exists(claimed) | Exists(said) | Q(risk__gt=0))
    while people := list(concerned.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        last = people[-1].pk
        for name, detect in BUYERS.items():
            _keep(name, "user_id", detect([user.pk for user in people], at), at=at)
        scored = scores(people, at=at)
        for user in people:
            score, names = scored[user.pk]
            if score != user.risk:
                accounts.set_risk(user, score, signals=names, at=at)
                moved += 1
    for name, detect_shops in SHOPS.items():
        _keep(name, "shop_id", detect_shops(at), at=at)
    return moved


def let_go(*, at: datetime) -> int:
    """Take back what rests on contacts that were taken off the list since it was found; returns how many marks moved.

    What rests on others, too, stays with these. A contact is taken off by one person, and each mark goes by itself.
    """
    dropped = KnownContact.objects.filter(dropped_at__isnull=False).order_by("-dropped_at", "-pk")
    last = dropped.first()
    if last is None:
        return 0
    marked = Signal.objects.filter(name=Name.KNOWN_CONTACT, found_at__lt=last.dropped_at)
    # What was dismissed since it was seen is asked for in SQL: it stays as it is, and would keep the later ones out.
    rows = list(marked.exclude(dismissed_at__gte=F("seen_at")).order_by("pk")[:CHUNK])
    oldest = min((row.first_at for row in rows), default=at) - BACK
    people = [row.user_id for row in rows if row.user_id is not None]
    gone = naming(people, {each.handle for each in dropped.filter(dropped_at__gt=oldest)}, since=oldest)
    still = naming(people, known(), since=oldest)
    return sum(_take_back(row.pk, gone, still, last, at=at) for row in rows)


@verb
def _take_back(pk: int, gone: Found, still: Found, last: KnownContact, *, at: datetime) -> bool:
    user = Signal.objects.select_related("user").get(pk=pk).user
    assert user is not None  # noqa: S101 - a signal about a buyer
    lock_root(user)
    signal = Signal.objects.get(pk=pk)
    lost = set(signal.evidence) & set(gone.get(user.pk, [])) - set(still.get(user.pk, []))
    kept = [each for each in signal.evidence if each not in lost]
    if not lost or kept:
        change(signal, evidence=kept, found_at=at)
        return bool(lost)
    change(signal, dismissed_at=at, dismissed_by=last.dropped_by, dismissed_because=last.dropped_because)
    data = {"signal": signal.name, "reason": signal.dismissed_because}
    events.record(root=user.address, subject=user.address, name="user.signal_dismissed", by=None, at=at, data=data)
    score, names = scores([user], at=at)[user.pk]
    if score != user.risk:
        accounts.set_risk(user, score, signals=names, at=at)
    return True


def scores(people: Iterable[User], *, at: datetime) -> dict[int, tuple[int, list[str]]]:
    """The score of each, 0 to 100, and the signals that it is made of."""
    half_life = thresholds().signals.half_life.days
    found: dict[int, tuple[int, list[str]]] = {user.pk: (0, []) for user in people}
    for signal in Signal.objects.filter(user__in=list(found)).order_by("pk"):
        weight = signal.now(at, half_life)
        if weight:
            assert signal.user_id is not None  # noqa: S101 - asked for by their users
            score, names = found[signal.user_id]
            found[signal.user_id] = (min(100, score + weight), [*names, signal.name])
    return found


@verb
def dismiss(signal: Signal, *, reason: str, by: Any, at: datetime) -> None:
    """A person of risk looked and found an innocent reason: the signal weighs nothing until it is seen again.

    Refused: `not_your_turn`, `no_reason`, `not_yourself`, `wrong_moment`.
    """
    root: Any = signal.user or signal.shop or signal.batch.listing.shop  # type: ignore[union-attr]
    lock_root(root)
    signal.refresh_from_db()
    require(by.has_role(Role.RISK), "not_your_turn", _("This is for the people of risk."))
    require(signal.user_id != by.pk, "not_yourself", _("Nobody judges themselves."))
    require(bool(reason.strip()), "no_reason", _("Say why."))
    require(not signal.is_dismissed(), "wrong_moment", _("Somebody has looked into this already."))
    change(signal, dismissed_at=at, dismissed_by=by, dismissed_because=reason.strip()[:500])
    data = {"signal": signal.name, "reason": signal.dismissed_because}
    events.record(
        root=root.address,
        subject=root.address,
        name="user.signal_dismissed" if isinstance(root, User) else "shop.signal_dismissed",
        by=by,
        at=at,
        data=data,
    )
    if signal.user_id is not None:
        score, names = scores([root], at=at)[root.pk]
        accounts.set_risk(root, score, signals=names, at=at)


def trace(*, at: datetime) -> None:
    """Keep what accounts may share, as digests: devices and addresses of reveals, pictures, accounts for payouts."""
    since = at - LATELY
    found: set[tuple[int, str, str]] = set()
    looks = Reveal.objects.filter(at__gt=since).order_by()
    for user, agent, address in looks.values_list("user", "agent_hash", "address_prefix").distinct():
        # A kind of browser alone is shared by thousands: with the network it is a device.
        found.add((user, Trace.Kind.DEVICE, f"{agent[:40]}{address}"[:64]))
        found.add((user, Trace.Kind.ADDRESS, address[:64]))
    pictures = Attachment.objects.filter(at__gt=since).order_by()
    for user, digest in pictures.values_list("uploader", "sha256").distinct():
        found.add((user, Trace.Kind.PICTURE, digest))
    payees = Payee.objects.filter(named_at__gt=since).order_by()
    for owner, named_by, channel, account in payees.values_list("shop__owner", "named_by", "channel", "account"):
        digest = vault.fingerprint(f"{channel}:{account}").hex()[2:]  # under the pepper: accounts could be guessed
        found |= {(owner, Trace.Kind.PAYEE, digest), (named_by, Trace.Kind.PAYEE, digest)}
    rows = [Trace(user_id=user, kind=kind, digest=digest, first_at=at) for user, kind, digest in sorted(found)]
    Trace.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


def linked(user: Any) -> list[tuple[User, str]]:
    """Accounts that share something with somebody's, and what; for staff."""
    mine = Trace.objects.filter(user=user).order_by()
    shared = (
        Trace.objects.filter(kind__in=mine.values("kind"), digest__in=mine.values("digest"))
        .exclude(user=user)
        .select_related("user")
        .order_by("user", "kind")
    )
    known = set(mine.values_list("kind", "digest"))
    found = {(row.user, str(Trace.Kind(row.kind).label)) for row in shared if (row.kind, row.digest) in known}
    return sorted(found, key=lambda pair: (pair[0].pk, pair[1]))


# What is looked for in buyers


def _many_claims(people: list[int], at: datetime) -> Found:
    """Claims that were not borne out; those that were paid back, settled or conceded say nothing against anybody."""
    since = at - BACK
    orders = counted(Order.objects.filter(buyer__in=people, paid_at__gt=since), "buyer")
    rows = (
        Refund.objects.filter(
            buyer__in=people,
            opened_at__gt=since,
            state__in=NOT_BORNE_OUT,
        )
        .order_by("pk")
        .values_list("buyer", "number")
    )
    claims = listed(rows)
    return {
        user: numbers
        for user, numbers in claims.items()
        if len(numbers) >= FEWEST_CLAIMS and len(numbers) * 10 > CLAIMS_IN_TEN * orders.get(user, 0)
    }


def _claim_in_seconds(people: list[int], at: datetime) -> Found:
    """Claimed again and again within a minute of looking, and never borne out: nobody tries a code in that time."""
    looked = Reveal.objects.filter(
        unit__refund_items__refund=OuterRef("pk"),
        at__gte=OuterRef("opened_at") - timedelta(minutes=1),
        at__lte=OuterRef("opened_at"),
    )
    rows = Refund.objects.filter(
        Exists(looked), buyer__in=people, reason="CODE_INVALID", opened_at__gt=at - BACK, state__in=NOT_BORNE_OUT
    )
    found = listed(rows.order_by("pk").values_list("buyer", "number"))
    return {user: numbers for user, numbers in found.items() if len(numbers) >= TIMES_IN_SECONDS}


def _used_after_refund(people: list[int], at: datetime) -> Found:
    """The issuer says that a code was used after its price had been paid back."""
    used = Redemption.objects.filter(
        unit__refund_items__refund=OuterRef("pk"),
        unit__refund_items__granted__gt=0,
        by=None,
        redeemed_at__gt=OuterRef("closed_at"),
    )
    rows = Refund.objects.filter(Exists(used), buyer__in=people, state=RefundState.REFUNDED, opened_at__gt=at - BACK)
    return listed(rows.order_by("pk").values_list("buyer", "number"))


def _linked_accounts(people: list[int], at: datetime) -> Found:
    """Somebody claims, and so does another account on the same device or with the same payee."""
    claims = Refund.objects.filter(buyer=OuterRef("user"), opened_at__gt=at - BACK)
    mine = Trace.objects.filter(Exists(claims), user__in=people, kind__in=TELLING)
    others = Trace.objects.filter(Exists(claims), kind__in=TELLING, digest__in=mine.values("digest"))
    by_digest: dict[tuple[str, str], set[int]] = defaultdict(set)
    for kind, digest, user in others.order_by().values_list("kind", "digest", "user"):
        by_digest[kind, digest].add(user)
    found: dict[int, set[str]] = defaultdict(set)
    for users in by_digest.values():
        for user in users & set(people):
            found[user] |= {f"user:{other}" for other in users - {user}}
    return {user: sorted(others)[:MOST] for user, others in found.items() if others}


def _chargeback(people: list[int], at: datetime) -> Found:
    """The channel paid an order back on its own account, and so did we."""
    other = Refund.objects.filter(order=OuterRef("order"), state=RefundState.REFUNDED).exclude(
        outcome=Refund.Outcome.EXTERNAL
    )
    rows = Refund.objects.filter(Exists(other), buyer__in=people, outcome=Refund.Outcome.EXTERNAL)
    return listed(rows.filter(opened_at__gt=at - BACK).order_by("pk").values_list("buyer", "number"))


def _many_purchases(people: list[int], at: datetime) -> Found:
    """More orders in a day than anybody needs; told with the day, so that as many on another day are seen again."""
    bought = counted(Order.objects.filter(buyer__in=people, placed_at__gt=at - DAY), "buyer")
    day = at.astimezone(SHANGHAI).date()
    return {user: [f"{day}: {count}"] for user, count in bought.items() if count > ORDERS_A_DAY}


def _just_under_cap(people: list[int], at: datetime) -> Found:
    """Several orders in a day that just fit under what their shop may take on."""
    near = Order.objects.filter(
        buyer__in=people,
        placed_at__gt=at - DAY,
        total__lte=F("shop__order_cap"),
        total__gte=F("shop__order_cap") * NEAR_CAP_BP / 10_000,
    )
    rows = listed(near.order_by("pk").values_list("buyer", "number"))
    return {user: numbers for user, numbers in rows.items() if len(numbers) >= NEAR_CAP}


def _own_shop(people: list[int], at: datetime) -> Found:
    """Buys from a shop whose owner or staff was seen on the same device or has the same payee."""
    bought: dict[int, set[int]] = defaultdict(set)
    for user, shop in (
        Order.objects.filter(buyer__in=people, paid_at__gt=at - BACK).values_list("buyer", "shop").distinct().order_by()
    ):
        bought[user].add(shop)
    kept = {
        shop.pk: {shop.owner_id, *shop.people()} for shop in Shop.objects.filter(pk__in=set().union(*bought.values()))
    }
    found: dict[int, list[str]] = {}
    traces: dict[int, set[tuple[str, str]]] = defaultdict(set)
    wanted = set(bought).union(*kept.values()) if kept else set(bought)
    for user, kind, digest in (
        Trace.objects.filter(user__in=wanted, kind__in=TELLING).order_by().values_list("user", "kind", "digest")
    ):
        traces[user].add((kind, digest))
    for user, shops in bought.items():
        mine = [
            shop for shop in shops if any(traces[user] & traces[each] for each in kept.get(shop, ()) if each != user)
        ]
        if mine:
            found[user] = [f"shop:{shop}" for shop in sorted(mine)]
    return found


# What is looked for in shops


def _same_device_buyers(at: datetime) -> Found:
    """Many buyers of one shop on one device."""
    rows = (
        Reveal.objects.filter(at__gt=at - BACK)
        .order_by()
        .values("unit__order__shop", "agent_hash", "address_prefix")
        .annotate(buyers=Count("user", distinct=True))
        .filter(buyers__gte=BUYERS_ON_ONE)
    )
    return listed((row["unit__order__shop"], str(row["buyers"])) for row in rows)


def _off_platform(at: datetime) -> Found:
    """The shop's side wrote what leads away: other ways to pay, other places to talk."""
    said = Message.objects.filter(at__gt=at - BACK).exclude(signs=[]).exclude(author=F("order__buyer"))
    rows = said.filter(author__staff_roles__isnull=True).order_by("order__shop", "order__number")
    return listed(rows.values_list("order__shop", "order__number").distinct())


def _sudden_turnover(at: datetime) -> Found:
    """Five times as much in a week as in the weeks before, from the day counts."""
    week, month = figures.window(at, 7), figures.window(at - timedelta(days=7), 28)
    found: dict[int, list[str]] = {}
    for shops in in_chunks():
        now = figures.of_shops(shops, since=week[0], until=week[1])
        before = figures.of_shops(shops, since=month[0], until=month[1])
        for shop in shops:
            sold, usual = now[shop.pk].total("orders"), before[shop.pk].total("orders") // 4
            if usual and sold >= LEAST_TURNOVER and sold >= TIMES_TURNOVER * usual:
                found[shop.pk] = [str(sold), str(usual)]
    return found


BUYERS: dict[str, Callable[[list[int], datetime], Found]] = {
    Name.MANY_CLAIMS: _many_claims,
    Name.CLAIM_IN_SECONDS: _claim_in_seconds,
    Name.USED_AFTER_REFUND: _used_after_refund,
    Name.LINKED_ACCOUNTS: _linked_accounts,
    Name.CHARGEBACK: _chargeback,
    Name.MANY_PURCHASES: _many_purchases,
    Name.JUST_UNDER_CAP: _just_under_cap,
    Name.OWN_SHOP: _own_shop,
    **CLAIMS,
    **PURCHASES,
}
SHOPS: dict[str, Callable[[datetime], Found]] = {
    Name.SAME_DEVICE_BUYERS: _same_device_buyers,
    Name.OFF_PLATFORM: _off_platform,
    Name.SUDDEN_TURNOVER: _sudden_turnover,
    **SELLERS,
}


def _keep(name: str, of: str, found: Found, *, at: datetime) -> None:
    """Keep what was found, the newest of it; it counts anew only if something is new, so that what is old fades.

    What is told in figures alone counts anew, too, if it was away and is there again: nothing else tells the second
    time from the first.
    """
    known = {getattr(row, of): row for row in Signal.objects.filter(name=name, **{f"{of}__in": list(found)}).order_by()}
    weight, still_there = thresholds().signals.weights[name], list[int]()
    for subject, evidence in sorted(found.items()):
        row, kept = known.get(subject), evidence[-MOST:]
        if row is not None and not _is_new(row, kept, at):
            still_there.append(row.pk)
            continue
        with transaction.atomic():  # what is kept is told: it counts as new only once
            if row is None:
                row = Signal.objects.create(
                    name=name, weight=weight, evidence=kept, first_at=at, seen_at=at, found_at=at, **{of: subject}
                )
            else:
                row.evidence, row.weight, row.seen_at, row.found_at = kept, weight, at, at
                row.save(update_fields=["evidence", "weight", "seen_at", "found_at"])
            if name == Name.DECEIVED:
                _tell_risk(row, at=at)
    if still_there:
        Signal.objects.filter(pk__in=still_there).update(found_at=at)


def _is_new(row: Signal, kept: list[str], at: datetime) -> bool:
    """Whether what is found now is more than what was found before."""
    if set(kept) - set(row.evidence):
        return True
    is_figure = all(each.isdecimal() for each in kept)
    return is_figure and row.found_at is not None and at - row.found_at > LATELY


@verb
def _tell_risk(signal: Signal, *, at: datetime) -> None:
    """People of risk hear of somebody who may be deceived: they ask, hold what can be held, and tell the police."""
    user = signal.user
    assert user is not None  # noqa: S101 - a signal about a buyer
    lock_root(user)
    data = {"signal": signal.name, "orders": signal.evidence}
    events.record(root=user.address, subject=user.address, name="user.may_be_deceived", by=None, at=at, data=data)


def about_batch(batch: Any, *, sold: int, bad: int, at: datetime) -> None:
    """Bad codes in a batch are a signal of their own, before they are an alarm."""
    known = Signal.objects.filter(name=Name.BATCH_BAD, batch=batch).first()
    evidence = [str(bad), str(sold)]
    if known is None:
        weight = thresholds().signals.weights[Name.BATCH_BAD]
        Signal.objects.create(
            name=Name.BATCH_BAD, batch=batch, weight=weight, evidence=evidence, first_at=at, seen_at=at
        )
    elif known.evidence != evidence:
        known.evidence, known.seen_at = evidence, at
        known.save(update_fields=["evidence", "seen_at"])

"""The daily reconciliation: the channel's file, our payments and payouts, and the books must say the same.

Each day's file is fetched once and kept. Each line is looked for by its number, never by its time, and each of our own
records must turn up in some file. What differs is a ticket of finance: open · explained or booked. Nothing is paid or
taken because of a file; people do that.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from ledger import gateways, payments
from ledger.gateways import ChannelDown, ChannelRefused, SettledDay, SettledLine, UnknownChannel
from ledger.models import OUTSIDE, Difference, Notice, Payment, Payout, Settlement, SettlementLine, Transfer
from ledger.states import DifferenceState, PayoutState
from timeline.door import Refused, begin, change, enter, lock, require, verb
from timeline.spans import SHANGHAI, hours

log = logging.getLogger(__name__)

#: How long finance has for each difference; then there is an alarm, again and again.
TO_EXPLAIN = hours(24)
#: How many days back a channel is asked for what was not fetched yet.
DAYS_BACK = 7
SHORTEST_REASON = 6
CHARGE, REFUND, PAYOUT = SettlementLine.Kind.CHARGE, SettlementLine.Kind.REFUND, SettlementLine.Kind.PAYOUT
Kind = Difference.Kind


@dataclass(frozen=True)
class Found:
    """Something that differs, before it is a ticket."""

    kind: str
    what: str
    number: str
    txn: str = ""
    theirs: int | None = None
    ours: int | None = None


def run(*, at: datetime) -> int:
    """Compare every day that is over and was not fetched yet; returns how many. Not inside a transaction.

    A channel that is away is asked again at the next wake-up.
    """
    done = 0
    today = at.astimezone(SHANGHAI).date()
    for channel in gateways.open_channels():
        known = set(Settlement.objects.filter(channel=channel).values_list("day", flat=True).order_by("day"))
        for back in range(DAYS_BACK, 0, -1):
            day = today - timedelta(days=back)
            if day in known:
                continue
            try:
                done += compare(channel, day, at=at) is not None
            except (ChannelDown, ChannelRefused, UnknownChannel) as error:
                log.warning("no settlement file of %s from %s: %s", day, channel, error)
    return done


def compare(channel: str, day: date, *, at: datetime) -> Settlement | None:
    """Fetch a day's file, keep it, and open a ticket for everything that differs; nothing if it was fetched before.

    Before a charge counts as missing here, the channel is asked about it as for any lost notice.
    """
    told = gateways.find(channel).settled(day)
    _ask_about_lost_notices(channel, told, at=at)
    with transaction.atomic():
        settlement, is_new = Settlement.objects.get_or_create(
            channel=channel,
            day=day,
            defaults={
                "fetched_at": at,
                "sha256": told.sha256,
                "lines": len(told.lines),
                "came_in": sum(each.amount for each in told.lines if each.kind == CHARGE),
                "went_out": sum(each.amount for each in told.lines if each.kind != CHARGE),
            },
        )
        if not is_new:
            return None
        earlier = _seen_before(channel, told.lines)
        SettlementLine.objects.bulk_create(
            SettlementLine(settlement=settlement, **{name: getattr(each, name) for name in each.__dataclass_fields__})
            for each in told.lines
        )
    found = [*_of_lines(channel, told.lines, earlier), *_missing_there(channel, settlement)]
    wrong = {(each.what, each.number, each.txn) for each in found}
    matched = sum((each.kind, each.number, each.txn) not in wrong for each in told.lines)
    Settlement.objects.filter(pk=settlement.pk).update(matched=matched)
    for each in found:
        _open(settlement, each, at=at)
    return settlement


@verb
def settle(difference: Difference, *, is_booked: bool, reason: str, by: Any, at: datetime) -> None:
    """Finance closes a ticket: it is explained, or what was wrong is put right in the books. Always with the reason.

    Refused: `not_your_turn`, `wrong_moment`, `reason_missing`.
    """
    lock(difference)
    require(by.has_role("finance"), "not_your_turn", _("Only finance closes these tickets."))
    require(difference.state == DifferenceState.OPEN, "wrong_moment", _("This ticket is closed already."))
    said = reason.strip()
    require(len(said) >= SHORTEST_REASON, "reason_missing", _("Say what it was, in six characters at least."))
    change(difference, settled_by=by, settled_at=at, reason=said[:1000])
    state = DifferenceState.BOOKED if is_booked else DifferenceState.EXPLAINED
    enter(difference, state, by=by, at=at, data={"reason": said[:1000]})


@verb
def lapse(difference: Difference, *, limit: str, at: datetime) -> None:
    """Nobody of finance has explained it in time: an alarm, and the clock runs again."""
    lock(difference)
    if difference.machine.limits.get(difference.state) != limit or not difference.is_overdue(at):
        return  # closed while this call was on its way
    log.critical("difference %s (%s %s) is not explained", difference.pk, difference.kind, difference.number)
    enter(difference, DifferenceState.OPEN, by=None, at=at, span=TO_EXPLAIN, event="difference.overdue")


# What differs


def _of_lines(channel: str, lines: Iterable[SettledLine], earlier: Counter[tuple[str, str, str]]) -> Iterator[Found]:
    """Line by line: is it ours, once, over the same sum, in the same state, and in the books?"""
    seen = Counter(earlier)
    for line in lines:
        key = (line.kind, line.number, line.txn)
        seen[key] += 1
        if seen[key] > 1:
            yield Found(Kind.DUPLICATE, line.kind, line.number, line.txn, theirs=line.amount)
            continue
        yield from _of_charge(channel, line) if line.kind == CHARGE else _of_sent(channel, line)


def _of_charge(channel: str, line: SettledLine) -> Iterator[Found]:
    notice = Notice.objects.filter(channel=channel, provider_txn=line.txn).select_related("payment").first()
    if notice is None or notice.payment.number != line.number:
        yield Found(Kind.MISSING_HERE, line.kind, line.number, line.txn, theirs=line.amount)
        return
    both = {"theirs": line.amount, "ours": notice.amount}
    if line.state != "done":
        yield Found(Kind.STATUS, line.kind, line.number, line.txn, **both)
    if line.amount != notice.amount:
        yield Found(Kind.AMOUNT, line.kind, line.number, line.txn, **both)
    if not _is_booked_in(notice):
        yield Found(Kind.NOT_BOOKED, line.kind, line.number, line.txn, **both)


def _of_sent(channel: str, line: SettledLine) -> Iterator[Found]:
    """What the channel paid back or out. One that we never asked for is its own doing: a refund there, a chargeback."""
    payout = Payout.objects.filter(channel=channel, number=line.number).first()
    payout = payout or Payout.objects.filter(channel=channel, key__endswith=f"{OUTSIDE}{line.number}").first()
    if payout is None:
        is_ours = line.kind == REFUND and Notice.objects.filter(channel=channel, provider_txn=line.txn).exists()
        kind = Kind.OUTSIDE if is_ours else Kind.MISSING_HERE
        yield Found(kind, line.kind, line.number, line.txn, theirs=line.amount)
        return
    ours = _booked_outside(channel, line.number) if payout.outside else payout.amount
    both = {"theirs": line.amount, "ours": ours}
    if payout.outside and ours < line.amount:
        # Somebody told of it before and not all was left of the sale: finance books the rest.
        yield Found(Kind.OUTSIDE, line.kind, line.number, line.txn, **both)
    elif line.amount != ours:
        yield Found(Kind.AMOUNT, line.kind, line.number, line.txn, **both)
    is_as_said = (payout.state == PayoutState.PAID) == (line.state == "done")
    if not is_as_said or (line.kind == PAYOUT) != payout.goes_to_account():
        yield Found(Kind.STATUS, line.kind, line.number, line.txn, **both)
    elif not Transfer.objects.filter(key=f"{payout.address}:confirmed", amount=payout.amount).exists():
        yield Found(Kind.NOT_BOOKED, line.kind, line.number, line.txn, **both)


def _missing_there(channel: str, settlement: Settlement) -> Iterator[Found]:
    """What we believe to have happened before the end of the day, since the first file, and no file knows."""
    first = Settlement.objects.filter(channel=channel).order_by("day").first()
    if first is None:
        return
    since, until = _begin(first.day), _begin(settlement.day + timedelta(days=1))
    lines = SettlementLine.objects.filter(settlement__channel=channel)
    charges = set(lines.filter(kind=CHARGE).values_list("txn", flat=True).order_by("pk"))
    for notice in (
        Notice.objects.filter(channel=channel, at__gte=since, at__lt=until).select_related("payment").order_by("pk")
    ):
        if notice.provider_txn not in charges:
            number = notice.payment.number
            yield Found(Kind.MISSING_THERE, CHARGE, number, notice.provider_txn, ours=notice.amount)
    sent = set(lines.exclude(kind=CHARGE).values_list("number", flat=True).order_by("pk"))
    for payout in Payout.objects.filter(
        channel=channel, state=PayoutState.PAID, paid_at__gte=since, paid_at__lt=until
    ).order_by("pk"):
        to_wallet = Transfer.objects.filter(key=f"{payout.address}:to_wallet").exists()
        if (payout.outside or payout.number) not in sent and not to_wallet:
            what = PAYOUT if payout.goes_to_account() else REFUND
            yield Found(Kind.MISSING_THERE, what, payout.number, payout.charge, ours=payout.amount)


def _booked_outside(channel: str, number: str) -> int:
    """What we have booked of what a channel did under its own number, in fen, over all its parts."""
    parts = Payout.objects.filter(channel=channel, key__endswith=f"{OUTSIDE}{number}").exclude(state=PayoutState.VOID)
    return sum(parts.order_by("pk").values_list("amount", flat=True))


def _is_booked_in(notice: Notice) -> bool:
    """Whether the books took in what a notice told: to whom it was for, or to suspense on its way back."""
    source = f"channel:{notice.channel}"
    found = Transfer.objects.filter(source__address=source, amount=notice.amount)
    if notice.outcome == Notice.Outcome.RETURNED:
        return found.filter(key=f"notice:{notice.pk}:in").exists()
    payment: Payment = notice.payment
    return found.filter(subject__in=[payment.address, payment.subject]).exists()


def _seen_before(channel: str, lines: Iterable[SettledLine]) -> Counter[tuple[str, str, str]]:
    numbers = {each.number for each in lines}
    rows = SettlementLine.objects.filter(settlement__channel=channel, number__in=numbers)
    return Counter(rows.values_list("kind", "number", "txn").order_by("pk"))


def _ask_about_lost_notices(channel: str, told: SettledDay, *, at: datetime) -> None:
    """A charge in the file whose notice never came is confirmed now, as by any other way of hearing of it."""
    charges = {each.txn: each.number for each in told.lines if each.kind == CHARGE}
    known = set(Notice.objects.filter(channel=channel, provider_txn__in=charges).values_list("provider_txn", flat=True))
    numbers = {number for txn, number in charges.items() if txn not in known}
    for payment in Payment.objects.filter(channel=channel, number__in=numbers).order_by("pk"):
        try:
            payments.ask_channel(payment, at=at)
        except (ChannelDown, ChannelRefused, Refused) as error:
            log.warning("%s: %s", payment.address, error)


@verb
def _open(settlement: Settlement, found: Found, *, at: datetime) -> None:
    """One ticket for each difference, however often a file tells it."""
    name = {"channel": settlement.channel, "kind": found.kind, "what": found.what, "number": found.number}
    if Difference.objects.filter(**name, txn=found.txn).exists():
        return
    difference = Difference(
        settlement=settlement, **name, txn=found.txn, theirs=found.theirs, ours=found.ours, found_at=at
    )
    data = {"kind": str(found.kind), "number": found.number, "theirs": found.theirs or 0, "ours": found.ours or 0}
    begin(difference, by=None, at=at, span=TO_EXPLAIN, data=data)


def _begin(day: date) -> datetime:
    return datetime.combine(day, time.min, SHANGHAI)

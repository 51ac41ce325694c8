"""What the rules give on a claim: the rulebook's answer for each unit, over what our records know. Writes nothing."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Count, prefetch_related_objects

from orders.facts import Known, known_of
from orders.models import Order, Unit
from refunds import hooks, reasons, stated
from refunds.models import AWAY, OWN_TILL, Refund, Replacement
from refunds.stated import NOTHING, Told
from rulebook import clocks, collected, versions
from rulebook.book import Book
from rulebook.decisions import Decision, Line, Outcome, Route
from rulebook.engine import WAITING
from rulebook.retroactive import decide_pinned
from shops.models import Deposit, Kind
from timeline.spans import Span

log = logging.getLogger(__name__)

QUOTA_DAYS = timedelta(days=30)
#: Claims up to this many fen get the shop's short answering time (timers: small_or_undelivered).
SMALL = 5_000
#: From which score of risk a buyer is asked for evidence, and from which people alone decide; in between, at 60, the
#: rulebook closes the instant lane. A score says who looks and what is asked for; no sum follows from it (rules 6.4).
ASKS_EVIDENCE, PEOPLE_ONLY = 40, 80


class Lane(StrEnum):
    """What becomes of a claim the moment it is filed."""

    PROVEN = "proven"  # nothing was performed, our records prove it and the money is in escrow: paid at once
    INSTANT = "instant"  # proven, within the level's cap and quota: paid at once
    AGREED = "agreed"  # small, and the shop said in advance that it pays such claims at once
    WAIT = "wait"  # the supplier may still deliver: it is asked first, so that value never goes out twice
    URGENT = "urgent"  # waiting hurts, or nobody is there to answer: the platform takes it on at once
    PREDECISION = "predecision"  # a machine's no, with a person one click away
    PERSON = "person"  # the same where no machine may say no: a person of the platform looks at once
    ASKED = "asked"  # the shop answers


@dataclass(frozen=True)
class Part:
    """Units of a claim about which the same is known, and what the rules say of each. Amounts are fen a unit."""

    units: tuple[Unit, ...]
    known: Known
    decision: Decision
    #: What the rules give at most; where a person decides, the suggestion or all that is left.
    entitled: int
    fee: int

    @property
    def is_for_people(self) -> bool:
        """Whether the rules leave the sum to people."""
        return self.decision.route is Route.HUMAN or self.decision.outcome in WAITING

    @property
    def waits(self) -> bool:
        """Whether the supplier's answer comes first."""
        return self.decision.outcome is Outcome.HOLD and self.decision.route is Route.AUTO

    @property
    def is_mere_word(self) -> bool:
        """Whether the platform itself would be at fault and our records do not show it: no shop answers for that."""
        owed = self.decision.refund + self.decision.compensation > 0
        return owed and self.decision.fault_class == "PLATFORM" and not (self.decision.proven and self.known.is_proven)

    @property
    def is_proven(self) -> bool:
        """Whether our own records prove the claim, and the figure needs no judgment."""
        decision = self.decision
        gives = decision.refund + decision.compensation > 0
        return decision.route is Route.AUTO and decision.proven and self.known.is_proven and gives


@dataclass(frozen=True)
class Preview:
    """What a claim would come to, before anybody files it. Amounts are fen over all units."""

    reason: str
    level: str
    parts: tuple[Part, ...]
    instant_cap: int
    #: The version its order is pinned to, whose clocks count.
    rulebook_version: str
    ends: dict[int, datetime | None] = field(default_factory=dict)
    #: What the buyer stated beside our records.
    told: Told = NOTHING
    #: Nobody answers for the shop: its sales are suspended, or it is gone.
    is_shop_away: bool = False
    #: Up to so many fen a case, the shop said, it pays at once what our records do not contradict.
    agreed: int = 0
    #: The buyer's score of risk, 0 to 100.
    risk: int = 0

    @property
    def units(self) -> list[Unit]:
        """All units of the claim in their places."""
        return sorted((unit for part in self.parts for unit in part.units), key=lambda unit: unit.place)

    @property
    def figure(self) -> int:
        """What the rules give at most."""
        return sum(part.entitled * len(part.units) for part in self.parts)

    @property
    def fee(self) -> int:
        """What stays with the shop of it, for the buyer's own reason."""
        return sum(part.fee * len(part.units) for part in self.parts)

    @property
    def compensation(self) -> int:
        """What comes on top."""
        return sum(part.decision.compensation * len(part.units) for part in self.parts)

    @property
    def route(self) -> str:
        """Who may decide the case as a whole: people as soon as one unit needs them."""
        if any(part.is_for_people for part in self.parts):
            return Refund.Route.HUMAN
        return Refund.Route.AUTO if self.figure or self.compensation else Refund.Route.AUTO_PREDECISION

    @property
    def is_proven(self) -> bool:
        """Whether our own records prove the claim for every unit."""
        return all(part.is_proven for part in self.parts)

    @property
    def is_contradicted(self) -> bool:
        """Whether our own records speak against the claim for a unit."""
        return any(part.known.is_contradicted for part in self.parts)

    @property
    def asks_evidence(self) -> bool:
        """Whether the buyer is asked for a file where others are not; nothing is refused or lowered without one.

        What our records prove is asked of nobody, and who only changed their mind has nothing to show.
        """
        return self.risk >= ASKS_EVIDENCE and not self.is_proven and self.reason != reasons.CHANGE_OF_MIND

    @property
    def is_people_only(self) -> bool:
        """Whether neither a machine nor a clock pays or says no here, because of the buyer's score: people do."""
        return self.risk >= PEOPLE_ONLY

    @property
    def is_paid_by_silence(self) -> bool:
        """Whether the shop is asked, and its silence pays the figure."""
        needs_a_person = self.is_people_only or self.route == Refund.Route.HUMAN
        return self.lane is Lane.ASKED and not self.is_contradicted and not needs_a_person

    @property
    def lane(self) -> Lane:
        """What becomes of the claim the moment it is filed."""
        if self.reason in reasons.URGENT:
            return Lane.URGENT
        if not self.is_people_only and (lane := self._at_once()):
            return lane
        if any(part.waits for part in self.parts):
            return Lane.WAIT
        if self.reason in OWN_TILL or any(part.is_mere_word for part in self.parts):
            return Lane.PERSON
        if self.is_shop_away:
            return Lane.URGENT
        if self.route == Refund.Route.AUTO_PREDECISION:
            return Lane.PERSON if self.is_people_only else Lane.PREDECISION
        return Lane.AGREED if self._is_agreed() else Lane.ASKED

    def _at_once(self) -> Lane | None:
        """The lanes of what our records prove; nothing if they do not, or if it is too much for the level."""
        if not self.is_proven or self.is_contradicted:
            return None
        if all(part.decision.fault_class == "PLATFORM" for part in self.parts):
            return Lane.PROVEN  # the platform's own fault by its own register: there is nobody to ask first
        in_escrow = all(unit.held >= part.entitled for part in self.parts for unit in part.units)
        if in_escrow and self.reason in reasons.NON_PERFORMANCE:
            return Lane.PROVEN
        # The engine asks unit by unit; the cap is for the case, or 500 small units would pass under it.
        is_small = self.figure + self.compensation <= self.instant_cap
        return Lane.INSTANT if is_small and all(part.decision.instant for part in self.parts) else None

    def _is_agreed(self) -> bool:
        """Whether the shop's own word covers it: a figure without judgment that rests on nobody's mere assertion."""
        return (
            0 < self.figure + self.compensation <= self.agreed
            and not self.is_contradicted
            and not self.is_people_only
            and self.route == Refund.Route.AUTO
            and all(part.decision.proven and part.known.state != "USED" for part in self.parts)
        )

    def answer_span(self, asked: int) -> Span:
        """How long the shop has to answer: the shortest clock that applies (timers: SELLER_RESPONSE)."""
        pinned = self.rulebook_version
        if self.lane is Lane.WAIT:
            return clocks.span("SUPPLIER_QUERY", version=pinned)
        found = [clocks.span("SELLER_RESPONSE", variant, version=pinned) for variant in (None, self.level)]
        if asked <= SMALL or all(part.known.state == "UNDELIVERED" for part in self.parts):
            found.append(clocks.span("SELLER_RESPONSE", "small_or_undelivered", version=pinned))
        return min(found, key=lambda span: span.amount)

    def record(self) -> dict[str, Any]:
        """The decision as it is kept with the case: every rule and every line of arithmetic, per group of units."""
        return {
            "reason": self.reason,
            "level": self.level,
            "version": self.parts[0].decision.version,
            "figure": self.figure,
            "fee": self.fee,
            "compensation": self.compensation,
            "lane": self.lane.value,
            "is_people_only": self.is_people_only,
            "is_proven": self.is_proven,
            "stated": self.told.stored(),
            "parts": [_recorded(part) for part in self.parts],
        }


def preview(
    order: Order,
    units: Sequence[Unit],
    reason: str,
    *,
    buyer: Any,
    at: datetime,
    told: Told = NOTHING,
    is_supplier_late: bool = False,
) -> Preview:
    """What the rules give on a claim of `reason` over `units`, as our records are at `at`. The same number of queries
    for one unit and for 500.

    `is_supplier_late`: the supplier had its time to answer and did not, which counts against the supply side.
    """
    book, level = versions.book_of(order.rulebook_version), order.buyer_level
    later = [version.book for version in versions.better_later(order.rulebook_version, at)]
    if order.snapshot.listing.kind == Kind.MEMBERSHIP:
        prefetch_related_objects(list(units), "handover")  # whose term ends the time to file
    known = known_of(order, units, reason, book=book, at=at)
    if any(found.is_proven for found in known.values()):
        # Only what our records prove can be paid at once, so only there the quota matters.
        used = _instant_used(buyer, at=at)
        known = {pk: _with(found, instant_used=used, buyer_risk=buyer.risk) for pk, found in known.items()}
    if renewed := [unit.pk for unit in units if unit.handover_id]:
        counted = Replacement.objects.filter(unit__in=renewed).values_list("unit").annotate(times=Count("pk"))
        for pk, times in counted.order_by("unit"):
            known[pk] = _with(known[pk], reissue_count=times)
    if is_supplier_late:
        known = {pk: _late(found) for pk, found in known.items()}
    if told.facts:
        known = {pk: stated.with_words(found, told.facts) for pk, found in known.items()}
    groups: dict[Any, list[Unit]] = {}
    for unit in sorted(units, key=lambda unit: unit.place):
        found = known[unit.pk]
        alike = (found.state, found.records.state_proof, tuple(sorted(found.facts.items())), unit.paid, unit.left)
        groups.setdefault(alike, []).append(unit)
    preview = Preview(
        reason=reason,
        level=level,
        rulebook_version=order.rulebook_version,
        parts=tuple(_part(tuple(group), known[group[0].pk], reason, book, later) for group in groups.values()),
        instant_cap=book.levels[level].instant_cap_fen,
        ends={
            unit.pk: reasons.window_ends_at(
                order,
                unit,
                reason,
                seen_at=known[unit.pk].seen_at,
                level=level,
                book=book,
                happened_at=told.happened_at,
            )
            for unit in units
        },
        told=told,
        risk=buyer.risk,
    )
    if preview.lane is Lane.INSTANT and (held := hooks.held_cap(order, buyer)) is not None:
        preview = replace(preview, instant_cap=min(preview.instant_cap, held))
    if preview.lane not in {Lane.ASKED, Lane.PREDECISION, Lane.PERSON}:
        return preview  # whoever answers for the shop is not asked anyway
    state, agreed = _shop(order)
    return replace(preview, is_shop_away=state in AWAY, agreed=agreed or 0)


def _shop(order: Order) -> tuple[str, int | None]:
    """The state of the shop's deposit, and up to how much it pays at once by its own word."""
    found = Deposit.objects.filter(shop=order.shop_id).values_list("state", "shop__word__most")
    return found.get()


def _instant_used(buyer: Any, *, at: datetime) -> int:
    """How often somebody was paid at once in the last 30 days."""
    return Refund.objects.filter(buyer=buyer, is_instant=True, opened_at__gt=at - QUOTA_DAYS).count()


def _with(known: Known, **facts: int) -> Known:
    """What is known of a unit, and what this room's own records add."""
    return replace(known, records=replace(known.records, known={**known.records.known, **facts}))


def _late(known: Known) -> Known:
    """What is known of a unit after its supplier's time to answer."""
    answers = replace(known.records.answers, timed_out=True)
    return replace(known, records=replace(known.records, answers=answers))


def _part(units: tuple[Unit, ...], known: Known, reason: str, book: Book, later: Sequence[Book]) -> Part:
    unit = units[0]
    decision = _decided(unit, known, reason, book, later)
    if decision.route is Route.HUMAN or decision.outcome in WAITING:
        return Part(units, known, decision, min(decision.suggest or decision.refund or unit.left, unit.left), 0)
    entitled = min(decision.refund, unit.left)
    return Part(units, known, decision, entitled, min(decision.fee, unit.left - entitled))


def _decided(unit: Unit, known: Known, reason: str, book: Book, later: Sequence[Book]) -> Decision:
    """What the engine says; if it fails, people decide: the mall fails open to them, never to a no."""
    try:
        return decide_pinned(collected.claim(known.records, reason), book, later)
    except Exception:
        log.exception("the rulebook could not decide %s for %s", reason, unit.address)
    return Decision(
        outcome=Outcome.ESCALATE,
        route=Route.HUMAN,
        fault_class="UNDETERMINED",
        refund=0,
        fee=0,
        compensation=0,
        payers={},
        compensation_payer=None,
        instant=False,
        proven=False,
        claimed=(),
        remedies=("ESCALATE_HUMAN",),
        rules=(book.person_rule,),
        lines=(Line("PERSON_DECIDES", book.person_rule),),
        basis=(),
        version=book.version,
    )


def _recorded(part: Part) -> dict[str, Any]:
    decision = part.decision
    return {
        "places": [unit.place for unit in part.units],
        "state": part.known.state,
        "state_proof": part.known.records.state_proof.value,
        "facts": part.known.facts,
        "grades": collected.grades(part.known.records),
        "is_contradicted": part.known.is_contradicted,
        "entitled": part.entitled,
        "fee": part.fee,
        "fault": decision.fault_class,
        "is_proven": decision.proven and part.known.is_proven,
        **decision.summary(),
        "basis": list(decision.basis),
        "lines": [[line.code, line.rule, dict(line.numbers)] for line in decision.lines],
    }

"""Precedents: every ruling as features and outcome, so that like cases are found, decided alike, and read by everybody.

Nearest is what has the same reason and kind, then the same state of the goods, proof and size. The range of the five
nearest is from their second to their fourth outcome; who decides outside of it says why. Rules beat precedents: what a
panel changed is none. One ruling in twenty is decided a second time by somebody who does not see the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from accounts.models import Role
from disputes import assignment
from disputes.models import Dispute, Precedent, Ruling, SecondLook
from disputes.models.kept import NEAR_ENOUGH
from orders.states import Grade
from refunds.models import RefundItem
from timeline import page
from timeline.door import lock, note, require, verb

WHOLE = 10_000
#: How many like cases are shown, and how few make no range.
NEAREST, FEWEST = 5, 3
#: Among how many of the newest with the same reason the nearest are looked for.
POOL = 300
#: How old a ruling is before everybody reads it in the digest, without names.
DIGEST_AFTER = timedelta(days=30)
#: One ruling in so many is decided again.
SAMPLE = 20
#: From weak to strong; a case is as well proven as its weakest unit.
GRADES: list[str] = [Grade.UNKNOWN, Grade.CLAIMED, Grade.VERIFIED]


@dataclass(frozen=True)
class Features:
    """What makes a case like another one. Sums are fen."""

    reason: str
    kind: str
    deliveries: tuple[str, ...]
    grade: str
    units: int
    paid: int


@dataclass(frozen=True)
class Near:
    """The nearest cases and the range of what they gave back, in basis points; no range where there are too few."""

    cases: Sequence[Precedent]
    low: int | None
    high: int | None

    def is_left_by(self, returned_bp: int) -> bool:
        """Whether an outcome is outside of the range."""
        return self.low is not None and self.high is not None and not self.low <= returned_bp <= self.high


def features_of(dispute: Dispute, items: Sequence[RefundItem]) -> Features:
    """The features of a case by the units that it is about."""
    units = [item.unit for item in items]
    return Features(
        reason=dispute.refund.reason,
        kind=dispute.refund.order.snapshot.listing.kind,
        deliveries=tuple(sorted({unit.delivery for unit in units})),
        grade=min((unit.grade for unit in units), key=GRADES.index) if units else Grade.UNKNOWN,
        units=len(units),
        paid=sum(unit.paid for unit in units),
    )


def near(features: Features, *, besides: Dispute | None = None) -> Near:
    """The nearest five standing precedents, the nearest first, in one query."""
    found = Precedent.objects.standing().filter(reason=features.reason, kind=features.kind)
    if besides is not None:
        found = found.exclude(ruling__dispute=besides)
    pool = found.select_related("ruling__dispute", "ruling__seal").order_by("-at", "-pk")[:POOL]
    cases = sorted(pool, key=lambda each: (_distance(features, each), -each.pk))[:NEAREST]
    outcomes = sorted(each.returned_bp for each in cases)
    if len(outcomes) < FEWEST:
        return Near(cases, None, None)
    quarter = len(outcomes) // 4
    return Near(cases, outcomes[quarter], outcomes[-1 - quarter])


def returned(award: int, paid: int) -> int:
    """What goes back as a part of what was paid, in basis points."""
    return min(award * WHOLE // paid, WHOLE) if paid else 0


def record(*, at: datetime, most: int = 100) -> int:
    """Make precedents of what was sealed since, and ask for second looks; returns how many. A wake-up call, no verb."""
    waiting = (
        Ruling.objects.filter(is_final=True, precedent=None)
        .exclude(seal=None)
        .select_related("dispute__refund__order__snapshot__listing", "seal")
        .order_by("pk")[:most]
    )
    made = 0
    for ruling in list(waiting):
        dispute = ruling.dispute
        items = list(RefundItem.objects.filter(refund=dispute.refund).select_related("unit").order_by("unit__place"))
        features = features_of(dispute, items)
        award = sum(ruling.grants.values())
        outcome = returned(award, features.paid)
        _precedent, is_new = Precedent.objects.get_or_create(
            ruling=ruling,
            defaults={
                "reason": features.reason,
                "kind": features.kind,
                "deliveries": list(features.deliveries),
                "grade": features.grade,
                "units": features.units,
                "paid": features.paid,
                "asked": dispute.refund.asked,
                "award": award,
                "returned_bp": outcome,
                "shares": ruling.shares,
                "rule_ids": ruling.rule_ids,
                "rulebook_version": ruling.rulebook_version,
                "leaves": near(features, besides=dispute).is_left_by(outcome),
                "at": ruling.at,
            },
        )
        made += is_new
        if is_new and ruling.by_id is not None and is_drawn(ruling):
            _ask_again(dispute, ruling, at=at)
    return made


def is_drawn(ruling: Ruling) -> bool:
    """Whether a ruling is decided again: one in twenty, by its seal, which nobody could choose."""
    return int(ruling.seal.sha256[:8], 16) % SAMPLE == 0


@verb
def _ask_again(dispute: Dispute, ruling: Ruling, *, at: datetime) -> None:
    """Ask somebody who never had to do with the case, with the fewest such requests; nobody where there is none."""
    lock(dispute)
    roles = (Role.ARBITER, Role.SENIOR)
    people = [person for role in roles for person in assignment.free_of_conflict(dispute, role, at=at)]
    left_out = {ruling.by_id, *ruling.signatures.values_list("user", flat=True).order_by("pk")}
    free = {person.pk: person for person in people if person.pk not in left_out}
    if not free:
        return
    waiting = dict(
        SecondLook.objects.filter(user__in=free, decided_at=None).values_list("user").annotate(n=Count("pk")).order_by()
    )
    chosen = min(free.values(), key=lambda person: (waiting.get(person.pk, 0), person.pk))
    page.insert([SecondLook(ruling=ruling, user=chosen, asked_at=at)])
    note(dispute, "dispute.second_look_asked", by=None, at=at, data={"version": ruling.version, "of": chosen.pk})


@verb
def look_again(look: SecondLook, *, returned_bp: int, note_text: str, by: Any, at: datetime) -> None:
    """Somebody decides a case again, blind; nothing follows for the case. Refused: `not_your_turn`, `wrong_moment`."""
    dispute = look.ruling.dispute
    lock(dispute)
    look.refresh_from_db()
    require(look.user_id == by.pk, "not_your_turn", _("Somebody else was asked for this second look."))
    require(look.decided_at is None, "wrong_moment", _("You have given your second look already."))
    require(0 <= returned_bp <= WHOLE, "bad_amount", _("From nothing to all of what was paid."))
    look.decided_at, look.returned_bp, look.note = at, returned_bp, note_text.strip()[:2000]
    look.save(update_fields=["decided_at", "returned_bp", "note"])
    note(dispute, "dispute.second_look_given", by=by, at=at, data={"version": look.ruling.version})


@dataclass(frozen=True)
class Agreement:
    """How often two people who do not know of each other come to the same, within a tenth of what was paid."""

    looks: int
    agreed: int
    kappa_bp: int | None

    @property
    def agreed_bp(self) -> int:
        """The share of the looks that agree."""
        return self.agreed * WHOLE // self.looks if self.looks else 0


def agreement() -> Agreement:
    """The team's figure over all second looks: the share, and Cohen's kappa over nothing, a part, everything."""
    found = (
        SecondLook.objects.exclude(returned_bp=None)
        .exclude(ruling__precedent=None)
        .values_list("ruling__precedent__returned_bp", "returned_bp")
        .order_by("pk")
    )
    pairs = cast(list[tuple[int, int]], list(found))  # both are there: what lacks one is left out
    agreed = sum(abs(first - second) <= NEAR_ENOUGH for first, second in pairs)
    return Agreement(
        len(pairs), agreed, kappa([(outcome_class(first), outcome_class(second)) for first, second in pairs])
    )


def searched(*, reason: str = "", kind: str = "", rule: str = "", number: str = "") -> Any:
    """Precedents for the staff's list, newest first."""
    found = Precedent.objects.select_related("ruling__dispute", "ruling__seal").order_by("-at", "-pk")
    if reason:
        found = found.filter(reason=reason)
    if kind:
        found = found.filter(kind=kind)
    if rule:
        found = found.filter(rule_ids__contains=[rule])
    if number:
        found = found.filter(Q(ruling__seal__number=number) | Q(ruling__dispute__number=number))
    return found


def digest(*, at: datetime) -> Any:
    """What everybody reads: precedents that are 30 days old, newest first; those that a panel changed are marked."""
    return Precedent.objects.filter(at__lte=at - DIGEST_AFTER).select_related("ruling__seal").order_by("-pk")


def instead(found: Sequence[Precedent]) -> dict[int, Precedent]:
    """What stands in place of those that a panel changed, by their ids; nothing where the case is not decided anew.

    One question for one and for a whole page, whether or not any was changed.
    """
    cases = {each.ruling.dispute_id for each in found}
    standing = Precedent.objects.standing().filter(ruling__dispute__in=cases).select_related("ruling__seal")
    newer = {each.ruling.dispute_id: each for each in standing.order_by("pk")}
    return {
        each.pk: newer[each.ruling.dispute_id]
        for each in found
        if each.ruling.is_superseded and each.ruling.dispute_id in newer
    }


def _distance(features: Features, other: Precedent) -> int:
    mine, theirs = set(features.deliveries), set(other.deliveries)
    apart = 4 * len(mine ^ theirs)
    apart += 2 * (features.grade != other.grade)
    apart += min(abs(features.paid.bit_length() - other.paid.bit_length()), 4)
    return apart + min(abs(features.units.bit_length() - other.units.bit_length()), 2)


def outcome_class(returned_bp: int) -> int:
    """Nothing, a part, or everything."""
    return 0 if returned_bp == 0 else 2 if returned_bp == WHOLE else 1


def kappa(pairs: list[tuple[int, int]]) -> int | None:
    """Cohen's kappa in basis points; nothing where there is no chance to disagree."""
    count = len(pairs)
    if not count:
        return None
    same = sum(first == second for first, second in pairs)
    by_chance = sum(
        sum(first == each for first, _second in pairs) * sum(second == each for _first, second in pairs)
        for each in range(3)
    )
    if by_chance == count * count:
        return None
    return (same * count - by_chance) * WHOLE // (count * count - by_chance)

"""What a shop can do with a batch, and how each batch and each listing stands, in figures."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from shops import hooks
from shops.models import Batch, Card, Clash
from timeline.door import lock, note, require

#: Below so many sold codes a failure rate says nothing.
FEWEST_SOLD = 10
#: Between the mall's reason and the shop's own, where the mall took over what the shop had stopped.
OWN, LONGEST_REASON = " · ", 200


@dataclass(frozen=True)
class Figures:
    """How many codes of a batch or of a listing are where; each code counts in one of the first six."""

    for_sale: int = 0
    ending: int = 0  # too near its end to be sold
    stopped: int = 0
    reserved: int = 0  # bound to an order that is not paid
    sold: int = 0
    gone: int = 0  # withdrawn before anybody had it
    expired: int = 0
    revealed: int = 0
    failed: int = 0  # given back as bad
    voided: int = 0  # out of the trade, whoever had them

    @property
    def sealed(self) -> int:
        """What the vault holds that nobody has."""
        return self.for_sale + self.ending + self.stopped

    @property
    def taken(self) -> int:
        """What orders have."""
        return self.reserved + self.sold

    @property
    def failure_bp(self) -> int | None:
        """How many of those sold were given back as bad, in basis points; nothing while too few were sold."""
        return self.failed * 10_000 // self.sold if self.sold >= FEWEST_SOLD else None

    @property
    def failure(self) -> str:
        """The same as people read it; nothing while it says nothing."""
        rate = self.failure_bp
        return "" if rate is None else f"{rate // 100}.{rate % 100:02} %"


NOTHING = Figures()


@transaction.atomic
def stop(batch: Batch, *, reason: str, by: Any, at: datetime) -> None:
    """Nothing more of this batch is sold: by its shop, by the people of risk, or by the mall itself (`by` nobody).

    Orders that have codes of it keep them. Refused: `not_your_turn`, `wrong_moment`.
    """
    listing = batch.listing
    lock(listing)
    batch.refresh_from_db()
    is_of_the_mall = by is None or by.has_role("risk")
    require(listing.is_of(by) or is_of_the_mall, "not_your_turn", _("Only the shop stops its own batches."))
    require(batch.stopped_at is None, "wrong_moment", _("Nothing of this batch is being sold already."))
    batch.stopped_at, batch.stop_reason = at, reason.strip()
    batch.is_stopped_by_mall = is_of_the_mall and not listing.is_of(by)
    batch.full_clean(exclude={"listing", "added_by", "supplier"})
    batch.save(update_fields=["stopped_at", "stop_reason", "is_stopped_by_mall"])
    Card.objects.filter(batch=batch, withheld_at=None).update(withheld_at=at)
    data = {"batch": batch.pk, "reason": batch.stop_reason, "by_mall": batch.is_stopped_by_mall}
    note(listing, "listing.batch_stopped", by=by, at=at, data=data)


@transaction.atomic
def resume(batch: Batch, *, by: Any, at: datetime) -> None:
    """What is left of the batch is sold again. What the mall stopped, only the mall sells again; what is recalled, only
    whoever lifts the alarm (`by` nobody).

    Refused: `not_your_turn`, `stopped_by_mall`, `wrong_moment`.
    """
    listing = batch.listing
    lock(listing)
    batch.refresh_from_db()
    is_of_the_mall = by is None or by.has_role("risk")
    require(listing.is_of(by) or is_of_the_mall, "not_your_turn", _("Only the shop stops its own batches."))
    require(batch.stopped_at is not None, "wrong_moment", _("This batch is being sold already."))
    require(
        by is None or not (hooks.recalled(batch) if is_of_the_mall else batch.is_stopped_by_mall),
        "stopped_by_mall",
        _("The mall stopped this batch; it will look into it with you before anything more of it is sold."),
    )
    batch.stopped_at, batch.stop_reason, batch.is_stopped_by_mall = None, "", False
    batch.save(update_fields=["stopped_at", "stop_reason", "is_stopped_by_mall"])
    Card.objects.filter(batch=batch, withheld_at__isnull=False).update(withheld_at=None)
    note(listing, "listing.batch_resumed", by=by, at=at, data={"batch": batch.pk})


@transaction.atomic
def take_over(batch: Batch, *, because: str, at: datetime) -> None:
    """What its shop stopped is stopped by the mall from now on: the shop cannot sell it again by itself.

    `because` is the mall's reason, by number; nothing happens to what the mall has stopped already.
    """
    lock(batch.listing)
    batch.refresh_from_db()
    if batch.stopped_at is None or batch.is_stopped_by_mall:
        return
    batch.is_stopped_by_mall = True
    batch.stop_reason = f"{because}{OWN}{batch.stop_reason}"[:LONGEST_REASON]
    batch.save(update_fields=["is_stopped_by_mall", "stop_reason"])
    data = {"batch": batch.pk, "reason": batch.stop_reason, "by_mall": True}
    note(batch.listing, "listing.batch_stopped", by=None, at=at, data=data)


@transaction.atomic
def give_back(batch: Batch, *, because: str) -> bool:
    """The mall has no reason any more: what was taken over stays stopped by its shop. Says whether it was taken over.

    The caller records why.
    """
    lock(batch.listing)
    batch.refresh_from_db()
    if not batch.stop_reason.startswith(f"{because}{OWN}"):
        return False
    batch.is_stopped_by_mall = False
    batch.stop_reason = batch.stop_reason.removeprefix(f"{because}{OWN}")
    batch.save(update_fields=["is_stopped_by_mall", "stop_reason"])
    return True


def actions_for(batch: Batch, user: Any, *, is_of_risk: bool | None = None) -> list[str]:
    """What `user` can do with the batch now, as the verbs ask. For a list, who asks says once if they are of risk."""
    if is_of_risk is None:
        is_of_risk = user.has_role("risk")
    if not (batch.listing.is_of(user) or is_of_risk):
        return []
    if batch.stopped_at is None:
        return ["stop"]
    is_bound = hooks.recalled(batch) if is_of_risk else batch.is_stopped_by_mall
    return [] if is_bound else ["resume"]


@transaction.atomic
def settle(clash: Clash, *, finding: str, by: Any, at: datetime) -> None:
    """Somebody of risk found out whose the codes are, and says so; refused: `not_your_turn`, `wrong_moment`."""
    listing = clash.batch.listing
    lock(listing)
    clash.refresh_from_db()
    require(by.has_role("risk"), "not_your_turn", _("This is for the people of risk."))
    require(clash.settled_at is None, "wrong_moment", _("Somebody has looked into this already."))
    clash.settled_at, clash.settled_by, clash.finding = at, by, finding.strip()
    clash.full_clean(exclude={"batch", "other", "settled_by"})
    clash.save(update_fields=["settled_at", "settled_by", "finding"])
    data = {"clash": clash.pk, "batch": clash.batch_id, "finding": clash.finding}
    note(listing, "listing.clash_settled", by=by, at=at, data=data)


def by_batch(batches: Iterable[Batch], *, at: datetime) -> dict[int, Figures]:
    """The figures of these batches, by number; one query for one and for fifty."""
    return _figures("batch", [batch.pk for batch in batches], at)


def by_listing(listings: Iterable[int], *, at: datetime) -> dict[int, Figures]:
    """The figures of these listings (numbers), by number; one query for one and for fifty."""
    return _figures("listing", list(listings), at)


def _figures(part: str, keys: list[int], at: datetime) -> dict[int, Figures]:
    on_hand = Q(taken_at=None, voided_at=None, expired_at=None)
    over = Q(sell_by__isnull=False, sell_by__lte=at)
    counted = (
        Card.objects.filter(**{f"{part}__in": keys})
        .order_by()
        .values(part)
        .annotate(
            for_sale=Count("pk", filter=on_hand & Q(withheld_at=None) & ~over),
            ending=Count("pk", filter=on_hand & Q(withheld_at=None) & over),
            stopped=Count("pk", filter=on_hand & Q(withheld_at__isnull=False)),
            reserved=Count("pk", filter=Q(taken_at__isnull=False, sold_at=None)),
            sold=Count("pk", filter=Q(sold_at__isnull=False)),
            gone=Count("pk", filter=Q(taken_at=None, voided_at__isnull=False, expired_at=None)),
            expired=Count("pk", filter=Q(expired_at__isnull=False)),
            revealed=Count("pk", filter=Q(revealed_at__isnull=False)),
            failed=Count("pk", filter=Q(failed_at__isnull=False)),
            voided=Count("pk", filter=Q(voided_at__isnull=False)),
        )
    )
    found = {row.pop(part): Figures(**row) for row in counted}
    return {key: found.get(key, NOTHING) for key in keys}

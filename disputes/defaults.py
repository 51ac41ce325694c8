"""What silence in the time for evidence means: where one answer follows from it, the ruling is drafted with reasons.

Nobody loses because of silence alone. A draft is signed by a person, the arbiter or a senior; where the file speaks
against it, or a sum is left to people, nothing is drafted and the case is reviewed (machines: 4.7).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy

from disputes import rulings
from disputes.models import PARTIES, Dispute, Evidence, Side
from disputes.rulings import WHOLE, Draft, Finding, Weight
from orders.models import Reveal, ValidityRecord
from orders.states import Delivery, Grade
from refunds.models import RefundItem

#: Claims that a delivery did not happen, or too late, and that a code is bad.
NON_DELIVERY = frozenset({"NOT_DELIVERED", "LATE_DELIVERY"})
INVALID = "CODE_INVALID"
#: Units of which somebody has seen the code.
SEEN = frozenset({Delivery.REVEALED, Delivery.USED, Delivery.PARTIAL})


class Case(models.TextChoices):
    """The rows of the table that give one answer."""

    NOT_DELIVERED = "not_delivered", gettext_lazy("Nothing proves a delivery")
    INVALID = "invalid", gettext_lazy("The issuer says that the code is invalid")
    SILENT_SHOP = "silent_shop", gettext_lazy("The shop is silent, and our records are neutral")
    BOTH_SILENT = "both_silent", gettext_lazy("Both are silent: whoever had to show something did not")
    RECORD_MISSING = "record_missing", gettext_lazy("A record of ours is missing")


#: What the draft of each row says to both sides.
REASONS = {
    Case.NOT_DELIVERED: gettext_lazy(
        "Nothing in our records or from the shop proves that the goods were delivered, and whoever must deliver proves"
        " it. What was asked goes back, up to what the rules give."
    ),
    Case.INVALID: gettext_lazy(
        "The issuer confirms that the code was invalid. What was asked goes back, up to what the rules give."
    ),
    Case.SILENT_SHOP: gettext_lazy(
        "The buyer said what is wrong, the shop said nothing in its time, and our records do not speak against the"
        " claim. What was asked goes back, up to what the rules give."
    ),
    Case.BOTH_SILENT: gettext_lazy(
        "Neither side said anything in its time. The shop must show the delivery and the buyer the defect; our records"
        " decide between them."
    ),
    Case.RECORD_MISSING: gettext_lazy(
        "A record that the platform must keep is missing. That counts against the platform, not against the shop: the"
        " platform pays."
    ),
}


@dataclass(frozen=True)
class Default:
    """A draft that follows from silence, and whether a senior signs it in any case."""

    case: Case
    draft: Draft
    needs_senior: bool = False


def found(dispute: Dispute) -> Default | None:
    """The one answer that silence gives, or nothing: then people review the case."""
    items = rulings.items_of(dispute.refund)
    has_buyer, has_shop = _has_filed(dispute, Side.BUYER), _has_filed(dispute, Side.SHOP)
    if has_buyer and has_shop:
        return None
    if _lacks_our_record(items):
        return Default(Case.RECORD_MISSING, _draft(dispute, items, Case.RECORD_MISSING, "platform"), needs_senior=True)
    refund = dispute.refund
    if refund.reason in NON_DELIVERY and not has_shop and not any(_is_delivered(item) for item in items):
        return Default(Case.NOT_DELIVERED, _draft(dispute, items, Case.NOT_DELIVERED, "seller"))
    if refund.reason == INVALID and not refund.is_contradicted and _is_known_bad(items):
        return Default(Case.INVALID, _draft(dispute, items, Case.INVALID, "seller"))
    if has_shop or refund.is_contradicted:
        return None
    if has_buyer or _has_minimum(dispute):
        if not rulings.rulebook_amount(refund, items):
            return None
        return Default(Case.SILENT_SHOP, _draft(dispute, items, Case.SILENT_SHOP, "seller"))
    payer = "seller" if not any(_is_delivered(item) for item in items) else "buyer"
    return Default(Case.BOTH_SILENT, _draft(dispute, items, Case.BOTH_SILENT, payer))


def _has_filed(dispute: Dispute, side: Side) -> bool:
    """Whether a side said anything while it was heard; a shop that answered the claim before has filed that."""
    if dispute.has_rested(side) or dispute.statements.filter(side=side).exists():
        return True
    given = dispute.evidence.filter(side=side)
    if side == Side.SHOP:
        return given.exists()
    return given.filter(is_sealed=True).exists()


def _has_minimum(dispute: Dispute) -> bool:
    """Whether the claim itself says what is wrong, in words or with a file."""
    return bool(dispute.refund.text.strip()) or dispute.refund.attachments.exists()


def _is_delivered(item: RefundItem) -> bool:
    return item.unit.delivery != Delivery.UNDELIVERED and item.unit.grade == Grade.VERIFIED


def _is_known_bad(items: Sequence[RefundItem]) -> bool:
    units = {item.unit_id for item in items}
    said = ValidityRecord.objects.filter(unit__in=units).order_by("at", "pk").values_list("unit_id", "is_valid")
    last = dict(said)
    return set(last) == units and not any(last.values())


def _lacks_our_record(items: Sequence[RefundItem]) -> bool:
    """Whether a code was seen by somebody and we cannot say by whom."""
    seen = {item.unit_id for item in items if item.unit.delivery in SEEN and item.unit.card_id is not None}
    known = set(Reveal.objects.filter(unit__in=seen).order_by("pk").values_list("unit_id", flat=True))
    return bool(seen - known)


def _draft(dispute: Dispute, items: Sequence[RefundItem], case: Case, payer: str) -> Draft:
    """What was asked goes back, up to what the rules give; or nothing, where the buyer carries it."""
    grants = {item.unit_id: 0 if payer == "buyer" else rulings.by_rules(item) for item in items}
    paid = sum(item.unit.paid for item in items)
    buyer_bp = WHOLE - sum(grants.values()) * WHOLE // paid if paid else WHOLE
    shares = {**dict.fromkeys(PARTIES, 0), "buyer": buyer_bp}
    if payer != "buyer":
        shares[payer] = WHOLE - buyer_bp
    file = Evidence.objects.filter(dispute=dispute).order_by("pk").values_list("pk", flat=True)
    return Draft(
        shares=shares,
        grants=grants,
        compensation=0 if payer == "buyer" else dispute.refund.compensation,
        rule_ids=rulings.rules_of(dispute.refund),
        findings={pk: Finding(Weight.ACCEPTED) for pk in file},
        issues=rulings.chinese(lambda: str(case.label)),
        reasons=rulings.chinese(lambda: str(REASONS[case])),
        departs_because=rulings.chinese(lambda: str(case.label)),
    )

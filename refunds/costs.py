"""What each answer would cost a shop, told before it is chosen: money, a fee that stays, metrics, a second failure."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from ledger.templatetags.money import yuan
from orders.models import Unit
from refunds import reasons
from refunds.models import Refund
from rulebook import versions
from rulebook.arithmetic import ceiled
from rulebook.formulas.codes import SECOND_FAILURE_BP
from rulebook.formulas.drafts import COMPENSATION_CAP_FEN
from shops.models import CODES


def of_accepting(refund: Refund) -> int:
    """Fen that leave the shop's side with a yes: what is asked and the compensation on top."""
    return refund.asked + refund.compensation


def of_second_failure(refund: Refund, units: int) -> int:
    """Fen on top if a code that is sent anew fails as well: a tenth of each price, at most ¥50 a unit."""
    each = refund.asked // max(units, 1)
    return units * min(ceiled(each, SECOND_FAILURE_BP), COMPENSATION_CAP_FEN)


def of_fraud(units: Sequence[Unit], *, version: str) -> int:
    """Fen that the law gives on top of the price where fraud is found (消保法 55), by this version of the rulebook."""
    fraud = versions.book_of(version).fraud
    return sum(max(fraud.multiple * unit.paid, fraud.floor_fen) for unit in units)


def at_stake(refund: Refund, units: Sequence[Unit]) -> int:
    """Fen that a case may cost the shop in the end: what is asked, what comes on top, and what a panel could give."""
    most = of_fraud(units, version=refund.order.rulebook_version) if refund.is_threefold else 0
    return refund.asked + max(refund.compensation, most)


def choices(refund: Refund, *, units: int, kind: str) -> list[dict[str, Any]]:
    """Each answer with its money (fen; nothing where none moves) and what else follows."""
    whole = of_accepting(refund)
    kept = _(" You keep %(fee)s.") % {"fee": yuan(refund.fee)} if refund.fee else ""
    found = [
        {
            "name": _("Accept"),
            "sum": whole,
            "then": _("Paid back at once. Counts as answered in time; no dispute.") + kept,
        }
    ]
    if kind in CODES and refund.reason in reasons.NON_PERFORMANCE:
        found.append(
            {
                "name": _("Send a working code"),
                "sum": 0,
                "then": _("One unit of stock for each. If it fails as well: %(whole)s back and %(more)s on top.")
                % {"whole": yuan(whole), "more": yuan(of_second_failure(refund, units))},
            }
        )
    found.append(
        {
            "name": _("Offer something"),
            "sum": None,
            "then": _("What you agree on. A case that ends so is no lost dispute."),
        }
    )
    found.append(
        {
            "name": _("Decline by a rule"),
            "sum": None,
            "then": _("If the platform decides for the buyer: %(whole)s, and it counts as a lost dispute.")
            % {"whole": yuan(whole)},
        }
    )
    if refund.is_paid_by_silence():
        silence = _("%(whole)s is paid back, and it counts as not answered.") % {"whole": yuan(whole)}
    elif refund.is_left_to_the_buyer():
        silence = _("If the shop stays silent, the buyer decides.")
    else:
        silence = _("The platform decides, and it counts as not answered.")
    found.append({"name": _("Say nothing"), "sum": whole if refund.is_paid_by_silence() else None, "then": silence})
    return found

"""What a shop may cite when it declines: the codes, and the published rules that give less than everything."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.facts import STATES
from orders.models import Unit
from orders.states import Delivery
from refunds.models import Refund
from rulebook import versions
from rulebook.arithmetic import WHOLE
from rulebook.book import Book
from rulebook.matrix import Row


class DeclineCode(models.TextChoices):
    """Why a shop declines, in a word."""

    CODE_WAS_GOOD = "code_was_good", _("The code was good when it was sold")
    DELIVERED = "delivered", _("It was delivered as promised")
    ALREADY_SEEN = "already_seen", _("The code was looked at, so it cannot be sold again")
    WINDOW_OVER = "window_over", _("The time for this reason is over")
    OTHER = "other", _("Another reason, told below")


def is_published(refund: Refund, rule: str) -> bool:
    """Whether the rulebook that the case's order is pinned to has a row of this name."""
    return any(row.id == rule for row in versions.book_of(refund.order.rulebook_version).matrix.rows)


def applicable(refund: Refund) -> list[str]:
    """The rules that can be cited in a case: rows for its goods and the state of its units that do not give everything.

    Where every row gives everything back, as for what was never delivered, there is nothing to decline with.
    """
    book = versions.book_of(refund.order.rulebook_version)
    kind = refund.order.snapshot.listing.kind
    found = Unit.objects.filter(refund_items__refund=refund).values_list("delivery", flat=True).distinct()
    states = {STATES.get(Delivery(each), "USED") for each in found.order_by("delivery")}
    return [row.id for row in book.matrix.rows if _fits(row, kind, states, book, refund.decision["level"])]


def _fits(row: Row, kind: str, states: set[str], book: Book, level: str) -> bool:
    gives_all = row.refund_bp == WHOLE and not row.fee and not row.fee_bp
    return (
        not gives_all and not row.when and kind in row.kinds and bool(states & set(row.states)) and level in row.levels
    )

"""The special roads of a claim: what else begins with a case about a child, illegal goods or stolen money.

None of them decides anything. The case is with the platform at once, its units held; what begins here is what people
need beside the case: the family's papers, the report on a listing, the freeze of what can still be intercepted.
"""

from datetime import datetime
from typing import Any

from refunds import reasons
from refunds.papers import Guardian, Report
from rulebook import clocks
from shops import reported
from timeline import numbers
from timeline.door import begin as begin_tracked
from timeline.door import note, verb


@verb
def begin(refund: Any, *, by: Any, at: datetime) -> None:
    """A case of a special road was filed: what belongs to it begins, in the same transaction."""
    if refund.reason == reasons.MINOR_PURCHASE:
        _await_papers(refund, by=by, at=at)
    elif refund.reason == reasons.ILLEGAL_GOODS:
        _report(refund, by=by, at=at)
    elif refund.reason == reasons.UNAUTHORIZED_PAYMENT:
        note(refund, "refund.frozen", by=None, at=at, data={"paid_by": refund.order.paid_by})


def _await_papers(refund: Any, *, by: Any, at: datetime) -> None:
    guardian = Guardian(refund=refund, made_at=at)
    span = clocks.span("MINOR_MATERIALS", version=refund.order.rulebook_version)
    begin_tracked(guardian, by=by, at=at, span=span, data={"refund": refund.number})


def _report(refund: Any, *, by: Any, at: datetime) -> None:
    """The listing is off sale while the report is open; a report that repeats an open one is kept all the same."""
    listing = refund.order.snapshot.listing
    was_on_sale = reported.withhold(listing, at=at, data={"refund": refund.number})
    report = Report.objects.create(
        number=numbers.new("J", at),
        listing=listing,
        refund=refund,
        reporter=by,
        text=refund.text,
        took_down=was_on_sale,
        at=at,
    )
    note(refund, "refund.reported", by=by, at=at, data={"report": report.number, "taken_down": was_on_sale})


def is_reported(listing: Any) -> bool:
    """Whether an open report keeps a listing off sale."""
    return Report.objects.filter(listing=listing, decided_at=None).exists()

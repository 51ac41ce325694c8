"""Reports that something may not be sold: upheld · dismissed. They live apart from the case that brought them."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Role
from refunds.papers import Report
from shops import reported
from shops.models import Shop
from timeline import events
from timeline.door import locked, require, verb

#: Who decides reports, and who may read them.
DECIDING = frozenset({Role.RISK, Role.LEAD})
READING = DECIDING | {Role.AUDITOR}


def visible_to(user: Any) -> QuerySet[Report]:
    """The reports that `user` may read: people of risk, leads and auditors all of them, others their own."""
    if user.roles & READING:
        return Report.objects.all()
    return Report.objects.filter(reporter=user)


def may_decide(user: Any) -> bool:
    """Whether `user` decides reports."""
    return bool(user.roles & DECIDING)


@verb
def uphold(report: Report, *, finding: str, by: Any, at: datetime) -> None:
    """The report is right: the offer is never sold again. The case is decided on its own.

    Refused: `not_your_turn`, `own_shop`, `wrong_moment`, `why_missing`.
    """
    _decide(report, is_upheld=True, finding=finding, by=by, at=at)
    reported.forbid(report.listing, by=by, at=at, data={"report": report.number})


@verb
def dismiss(report: Report, *, finding: str, by: Any, at: datetime) -> None:
    """The report is unfounded: the offer is on sale again, if it was taken off for this and nobody else reports it.

    Refused: `not_your_turn`, `own_shop`, `wrong_moment`, `why_missing`.
    """
    _decide(report, is_upheld=False, finding=finding, by=by, at=at)
    others = Report.objects.filter(listing=report.listing_id, decided_at=None)
    if report.took_down and not others.exists():
        reported.give_back(report.listing, by=by, at=at, data={"report": report.number})


def _decide(report: Report, *, is_upheld: bool, finding: str, by: Any, at: datetime) -> None:
    shop = locked(Shop, report.listing.shop_id)
    report.refresh_from_db()
    require(may_decide(by), "not_your_turn", _("Only people of risk and leads decide reports."))
    require(
        not shop.is_worked_in_by(by) and report.reporter_id != by.pk,
        "own_shop",
        _("Nobody decides a report of their own or about the shop they work in."),
    )
    require(report.decided_at is None, "wrong_moment", _("This report is decided already."))
    require(bool(finding.strip()), "why_missing", _("Say in words what you found."))
    report.decided_at, report.decided_by, report.is_upheld = at, by, is_upheld
    report.finding = finding.strip()[:2000]
    report.save(update_fields=["decided_at", "decided_by", "is_upheld", "finding"])
    data = {"report": report.number, "finding": report.finding}
    told: dict[str, Any] = {"root": shop.address, "subject": shop.address, "by": by, "at": at, "data": data}
    if is_upheld:
        events.record(name="shop.report_upheld", **told)
    else:
        events.record(name="shop.report_dismissed", **told)

"""Where staff work, beside the bench: the pages that a role opens, and no others."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from accounts.staffing import SEEING_STAFF
from complaints.models import READING as READING_COMPLAINTS
from ledger.roles import SEEING_ACCOUNTS, SEEING_BRAKE
from notifications.mail_log import READING as READING_MAIL
from orders.parties import SEEING_COUPONS, SEEING_HEALTH, SEEING_SIGNS
from privacy.holds import SEEING as SEEING_PRIVACY
from refunds.contests import SEEING as SEEING_CONTESTS
from refunds.reports import READING as READING_REPORTS
from reputation.suspending import HEARING
from rulebook.lifecycle import RULE_STAFF
from shops.commission import SEEING as SEEING_COMMISSION
from shops.looks import READING as READING_LOOKS
from support.models import ANSWERING

register = template.Library()


@dataclass(frozen=True)
class Place:
    """A page of staff: the name of its route, its icon, its words, and whose it is."""

    route: str
    icon: str
    label: str | Promise
    roles: frozenset[Role]


#: Who sees to it that nothing is left lying.
HOUSE_KEEPERS = frozenset({Role.LEAD, Role.FINANCE, Role.RISK, Role.AUDITOR})

PLACES = [
    Place("desks:board", "users", _("The lead's board"), frozenset({Role.LEAD})),
    Place("accounts:staff", "users", _("Staff of the mall"), SEEING_STAFF),
    Place("support:queue", "life-buoy", _("Support room"), ANSWERING),
    Place("complaints:queue", "mail", _("Complaints from outside"), READING_COMPLAINTS),
    Place("notifications:mail_log", "mail", _("Log of mail"), READING_MAIL),
    Place("desks:house", "house", _("Is the house in order?"), HOUSE_KEEPERS),
    Place("ledger:queue", "banknote", _("Payouts in a person's hands"), frozenset({Role.FINANCE})),
    Place("ledger:differences", "scale", _("Differences with the channels"), SEEING_ACCOUNTS),
    Place("ledger:debts", "scale", _("Who owes the fund"), SEEING_ACCOUNTS),
    Place("ledger:contributions", "banknote", _("Money that the mall puts in"), SEEING_ACCOUNTS),
    Place("ledger:brake", "octagon-alert", _("Payout brake"), SEEING_BRAKE),
    Place("ledger:accounts", "landmark", _("Accounts"), SEEING_ACCOUNTS),
    Place("shops:all_looks", "search", _("Looks at shops' money"), READING_LOOKS),
    Place("shops:commission_proposals", "receipt-text", _("Commission by kind"), SEEING_COMMISSION),
    Place("shops:applications_queue", "file-text", _("Who wants to open a shop"), frozenset({Role.RISK, Role.LEAD})),
    Place("shops:moderation", "search", _("Listings to look over"), frozenset({Role.RISK})),
    Place("shops:watched", "store", _("Shops under watch"), frozenset({Role.RISK, Role.LEAD})),
    Place("rulebook:staff", "book-open", _("Versions of the rulebook"), frozenset(RULE_STAFF)),
    Place("reputation:risk", "shield-alert", _("Risk"), frozenset({Role.RISK})),
    Place("reputation:suspensions", "scale", _("Appeals against suspensions"), HEARING),
    Place("refunds:contests", "scale", _("Contested instant payments"), SEEING_CONTESTS),
    Place("refunds:reports", "octagon-alert", _("Reports that something may not be sold"), READING_REPORTS),
    Place("privacy:desk", "shield-check", _("Privacy"), SEEING_PRIVACY),
    Place("orders:platform_coupons", "receipt-text", _("Coupons of the platform"), SEEING_COUPONS),
    Place("orders:suppliers", "truck", _("How suppliers are doing"), SEEING_HEALTH),
    Place("orders:signs", "shield-alert", _("Hints at deals outside"), SEEING_SIGNS),
    Place("clocks:outages", "plug", _("Register of outages"), frozenset({Role.LEAD})),
    Place("clocks:stuck", "clock-alert", _("Clocks that were given up"), frozenset({Role.LEAD})),
]


@register.simple_tag
def staff_places(user: Any) -> list[Place]:
    """The places that `user`'s roles open; none for everybody else. One query."""
    roles = user.roles
    return [place for place in PLACES if roles & place.roles]

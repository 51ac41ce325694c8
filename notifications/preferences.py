"""What people are mailed: a choice for each group of notices, and what nobody can choose away."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from notifications.models import Group, Mailing, Preference
from timeline.door import locked, require, verb

REMINDER = ".reminder"
#: What a notice is about, by the part of its code before the dot. Messages are told apart: there may be many.
GROUPS = {
    "order": Group.ORDERS,
    "refund": Group.CASES,
    "contest": Group.CASES,
    "talk": Group.MESSAGES,
    "complaint": Group.CASES,
    "dispute": Group.DISPUTES,
    "appeal": Group.DISPUTES,
    "payment": Group.MONEY,
    "payout": Group.MONEY,
    "payee": Group.MONEY,
    "deposit": Group.MONEY,
    "coupon": Group.MONEY,
    "commission": Group.MONEY,
    "brake": Group.HOUSE,
    "clock": Group.HOUSE,
    "outage": Group.HOUSE,
    "contribution": Group.HOUSE,
    "role": Group.HOUSE,
    "rulebook": Group.HOUSE,
}
#: Notices that are mailed, beside every reminder: those with which somebody's time begins, or money moves.
MAILED = {
    "order.delivered",
    "order.undelivered",
    "order.late",
    "order.late_by_you",
    "order.code_was_bad",
    "order.units_recalled",
    "order.recall_confirmed",
    "order.recall_reminded",
    "user.may_be_deceived",
    "refund.requested",
    "refund.declined",
    "refund.questioned",
    "refund.offered",
    "refund.checking",
    "refund.refunded",
    "refund.lapsed",
    "contest.upheld",
    "contest.overturned",
    "contest.overturned_for_nothing",
    "contest.claimed",
    "dispute.evidence",
    "dispute.assigned",
    "dispute.ruled",
    "commission.agreed",
    "deposit.short",
    "deposit.suspended",
    "payment.charged_back",
    "payout.manual_for_finance",
    "payee.cooling",
    "shop.webhook_added",
    "shop.webhook_failing",
    "talk.waiting",
    "talk.handed_over",
    "talk.answered",
    "talk.late",
    "complaint.arrived",
    "complaint.asked_again",
    "complaint.case_decided",
    "complaint.late",
    "complaint.not_taken",
    "alarm.raised",
    "alarm.raised_for_risk",
    "batchanswer.awaited",
    "batchanswer.missed",
    "measure.in_force",
    "role.granted",
    "role.revoked",
    "user.suspended",
    "user.suspension_appealed",
    "user.suspension_lifted",
    "user.suspension_upheld",
    "sanction.in_force",
    "sanction.stopped",
    "sanction.stopped_for_risk",
    "shortfall.low",
    "shortfall.stopped",
}
#: Mailed to everybody whatever they chose: rights end with them, or somebody else may be at their money.
NEEDED = {
    "order.units_recalled",
    "order.recall_confirmed",
    "order.recall_reminded",
    "refund.declined",
    "contest.claimed",
    "dispute.evidence",
    "dispute.ruled",
    "deposit.suspended",
    "payee.cooling",
    "role.granted",
    "role.revoked",
    "user.suspended",
    "user.suspension_lifted",
    "user.suspension_upheld",
    "erasure.agreed",
    "erasure.refused",
    "erasure.put_off",
}


def group_of(code: str) -> Group:
    """What a notice is about."""
    if code == "order.message":
        return Group.MESSAGES
    return GROUPS.get(code.partition(".")[0], Group.SHOP)


def is_important(code: str) -> bool:
    """Whether a notice is mailed to those who chose nothing."""
    return code in MAILED or code.endswith(REMINDER)


def is_needed(code: str) -> bool:
    """Whether a notice is mailed whatever somebody chose. Reminders are: silence has a price."""
    return code in NEEDED or code.endswith(REMINDER)


def wants_mail(code: str, mailing: str) -> bool:
    """Whether somebody who chose `mailing` for its group gets this notice as a mail."""
    match mailing:
        case Mailing.ALL:
            return True
        case Mailing.NONE:
            return is_needed(code)
    return is_important(code)


def chosen(users: Iterable[int]) -> dict[tuple[int, str], str]:
    """What these people chose, by person and group; who chose nothing is not in it."""
    rows = Preference.objects.filter(user__in=set(users)).order_by("pk")
    return {(user, group): mail for user, group, mail in rows.values_list("user_id", "group", "mail")}


def of(user: User) -> dict[str, str]:
    """What somebody chose, for every group."""
    known = {group: mail for (_user, group), mail in chosen([user.pk]).items()}
    return {group: known.get(group, Mailing.IMPORTANT) for group in Group.values}


@verb
def choose(user: User, mails: Mapping[str, str], *, by: User, at: datetime) -> None:
    """Somebody says what they want to be mailed about; groups that are not named stay as they were.

    Refused: `not_your_turn`, `no_such_choice`.
    """
    user = locked(User, user.pk)
    require(by.pk == user.pk, "not_your_turn", _("Everybody chooses this for themselves."))
    known = set(mails) <= set(Group.values) and set(mails.values()) <= set(Mailing.values)
    require(known, "no_such_choice", _("There is no such choice."))
    for group, mail in sorted(mails.items()):
        Preference.objects.update_or_create(user=user, group=group, defaults={"mail": mail})

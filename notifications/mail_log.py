"""The log of mail, for the people who help: who was sent what, when, and what came of it; and one more try.

Nobody reads a whole address here. That a mail server took a mail says nothing about its being read; the inbox is the
record, and what somebody must not miss stands there, too.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from notifications.models import Delivery, DeliveryAttempt
from notifications.sentences import sentence
from shops.particulars import hidden_email
from timeline import events
from timeline.door import locked, require, verb

#: Who reads the log, and who lets a mail be tried again.
READING, TRYING = frozenset({Role.AGENT, Role.LEAD, Role.AUDITOR}), frozenset({Role.AGENT, Role.LEAD})

Outcome = DeliveryAttempt.Outcome
OUTCOMES: dict[str, str | Promise] = {
    Outcome.ACCEPTED: _("The mail server took it"),
    Outcome.FAILED: _("The mail server did not take it"),
    Outcome.NOT_SENT: _("Not sent: nobody has confirmed this address"),
}
#: What a mail can have come to: word, icon, tone.
STATES: dict[str, tuple[str | Promise, str, str]] = {
    "waiting": (_("Waits to be sent"), "hourglass", "amber"),
    "sent": (_("Sent"), "circle-check", "green"),
    "given_up": (_("Given up"), "octagon-alert", "vermilion"),
}


@dataclass(frozen=True)
class Line:
    """One try of a mail: when, what came of it in words, and the kind of fault."""

    at: datetime
    outcome: str
    word: str | Promise
    fault: str


def may_read(user: Any) -> bool:
    """Whether `user` reads the log."""
    return bool(user.roles & READING)


def mails(state: str = "") -> QuerySet[Delivery]:
    """Every mail with its tries, or those that have come to `state`; the reader's list orders them."""
    found = Delivery.objects.select_related("notification__user", "notification__event").prefetch_related(
        Prefetch("attempts", queryset=DeliveryAttempt.objects.order_by("pk"))
    )
    match state:
        case "waiting":
            return found.filter(sent_at=None, given_up_at=None)
        case "sent":
            return found.exclude(sent_at=None)
        case "given_up":
            return found.exclude(given_up_at=None)
    return found


def state_of(mail: Delivery) -> str:
    """What a mail has come to: `waiting`, `sent` or `given_up`."""
    if mail.sent_at is not None:
        return "sent"
    return "waiting" if mail.given_up_at is None else "given_up"


def row(mail: Delivery, user: Any) -> dict[str, Any]:
    """A mail as the log shows it: the address in part, the sentence of the notice, every try."""
    notice = mail.notification
    word, icon, tone = STATES[state_of(mail)]
    return {
        "mail": mail,
        "person": notice.user_id,
        "address": hidden_email(notice.user.email),
        "sentence": sentence(notice.code, notice.words),
        "state": state_of(mail),
        "word": word,
        "icon": icon,
        "tone": tone,
        "lines": [Line(each.at, each.outcome, OUTCOMES[each.outcome], each.fault) for each in mail.attempts.all()],
        "may_try": bool(user.roles & TRYING) and mail.sent_at is None,
    }


@verb
def try_again(mail: Delivery, *, by: Any, at: datetime) -> None:
    """A mail that did not leave is sent with the next round: who asked for it is on record.

    Refused: `not_your_turn`, `wrong_moment` for one that was taken, or that somebody is just sending.
    """
    person = locked(User, mail.notification.user_id)
    fresh = Delivery.objects.select_for_update().get(pk=mail.pk)
    require(bool(by.roles & TRYING), "not_your_turn", _("Only people who help let a mail be tried again."))
    require(fresh.sent_at is None, "wrong_moment", _("The mail server has taken this mail already."))
    is_under_way = fresh.tries > fresh.attempts.count() and fresh.next_try_at > at
    require(not is_under_way, "wrong_moment", _("This mail is being sent right now."))
    Delivery.objects.filter(pk=mail.pk).update(given_up_at=None, next_try_at=at)
    mail.given_up_at, mail.next_try_at = None, at
    data = {"mail": mail.pk, "code": mail.notification.code}
    events.record(root=person.address, subject=person.address, name="user.mail_retried", by=by, at=at, data=data)

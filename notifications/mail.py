"""Mail: notices that must reach people outside the mall, sent by a periodic worker and tried again with back-off.

A mail says what the notice in the inbox says, with a link; never a code, never what somebody wrote. It may come twice
(a worker that died between the mail server's yes and our note of it), with the same Message-ID, but never not at all.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import connection, transaction
from django.db.models import Count, F, Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from notifications import official, preferences
from notifications.models import Delivery, DeliveryAttempt, Mailing, Notification
from notifications.sentences import sentence
from timeline import reminders

log = logging.getLogger(__name__)

#: How long until the next try, after each failure; after the last one the mail is given up.
BACK_OFF = [timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6)]
#: So long one worker has a mail for itself: longer than a mail server may take.
LEASE = timedelta(minutes=2)
PATIENCE = 20  # seconds for the mail server

Outcome = DeliveryAttempt.Outcome


def post(notices: Sequence[Notification]) -> None:
    """Put the mails of new notices on their way, in the transaction that writes the notices; twice changes nothing."""
    if not notices:
        return
    choices = preferences.chosen(notice.user_id for notice in notices)

    def is_mailed(notice: Notification) -> bool:
        mailing = choices.get((notice.user_id, preferences.group_of(notice.code)), Mailing.IMPORTANT)
        return preferences.wants_mail(notice.code, mailing)

    wanted = {notice.event_id for notice in notices if is_mailed(notice)}
    if not wanted:
        return
    stored = Notification.objects.filter(event__in=wanted, deliveries=None).order_by("pk")
    mails = [
        Delivery(notification=notice, made_at=notice.at, next_try_at=notice.at)
        for notice in stored
        if is_mailed(notice)
    ]
    Delivery.objects.bulk_create(mails, ignore_conflicts=True)


def send_due(*, at: datetime, most: int = 50) -> int:
    """Send what is due; returns how many mails the server took. Any number may run; none is needed twice."""
    ids = _take(most, at=at)
    if not ids:
        return 0
    return sum(_send(pk, at=at) for pk in ids)


def is_due(*, at: datetime) -> bool:
    """Whether a mail waits to be sent now, or somebody is just sending it: tried, and nothing noted of it yet."""
    unsent = Delivery.objects.filter(sent_at=None, given_up_at=None).annotate(noted=Count("attempts"))
    return unsent.filter(Q(next_try_at__lte=at) | Q(tries__gt=F("noted"))).exists()


def delivered(notice: Notification, *, at: datetime) -> None:
    """Report down that a reminder has reached its person; other notices have nothing to report."""
    if notice.code.endswith(preferences.REMINDER):
        data = notice.event.data
        reminders.delivered(timer=data["timer"], number=data["number"], at=at)


def letter(notice: Notification) -> EmailMessage:
    """The mail of a notice, in the language of its reader."""
    with translation.override(notice.user.language or settings.LANGUAGE_CODE):
        words = {
            "sentence": sentence(notice.code, notice.words),
            "url": f"{settings.PUBLIC_ADDRESS}{notice.url}",
            "inbox": f"{settings.PUBLIC_ADDRESS}{reverse('notifications:index')}",
            "code": official.code_of(notice),
            "check": f"{settings.PUBLIC_ADDRESS}{reverse('notifications:official')}",
        }
        subject = _("[Kamen] %(sentence)s") % {"sentence": " ".join(words["sentence"].split())[:120]}
        body = render_to_string("notifications/mail.txt", words)
    headers = {"Message-ID": f"<notice-{notice.pk}@{_domain()}>", "Auto-Submitted": "auto-generated"}
    return EmailMessage(subject, body, to=[notice.user.email], headers=headers)


def _take(most: int, *, at: datetime) -> list[int]:
    """Claim mails that are due, in a transaction of its own: whoever dies while sending leaves them to the next."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update notifications_delivery set next_try_at = %s, tries = tries + 1 where id in ("
            " select id from notifications_delivery where sent_at is null and given_up_at is null and next_try_at <= %s"
            " order by next_try_at, id limit %s for update skip locked) returning id",
            [at + LEASE, at, most],
        )
        return sorted(row[0] for row in cursor.fetchall())


def _send(pk: int, *, at: datetime) -> bool:
    delivery = Delivery.objects.select_related("notification__user", "notification__event").get(pk=pk)
    user = delivery.notification.user
    is_theirs = EmailAddress.objects.filter(user=user, email__iexact=user.email, verified=True).exists()
    if not user.is_active or not is_theirs:
        _note(delivery, Outcome.NOT_SENT, "nobody is known at this address", at=at)
        return False
    try:
        message = letter(delivery.notification)
        message.connection = get_connection(timeout=PATIENCE)
        message.send()
    except Exception as error:  # noqa: BLE001 - one mail that cannot be sent holds up no other
        log.warning("mail %s was not taken: %s", pk, type(error).__name__)  # the text may name an address
        _note(delivery, Outcome.FAILED, type(error).__name__, at=at)
        return False
    _note(delivery, Outcome.ACCEPTED, "", at=at)
    return True


@transaction.atomic
def _note(delivery: Delivery, outcome: Outcome, fault: str, *, at: datetime) -> None:
    """Write down what came of a try, and what follows from it."""
    DeliveryAttempt.objects.create(delivery=delivery, at=at, outcome=outcome, fault=fault)
    mine = Delivery.objects.filter(pk=delivery.pk, sent_at=None)
    if outcome == Outcome.ACCEPTED:
        mine.update(sent_at=at, given_up_at=None)
        delivered(delivery.notification, at=at)
    elif outcome == Outcome.NOT_SENT:
        mine.update(given_up_at=at)
    elif delivery.tries > len(BACK_OFF):
        mine.update(given_up_at=at)
        log.error("mail %s is given up after %s tries", delivery.pk, delivery.tries)
    else:
        mine.update(next_try_at=at + BACK_OFF[delivery.tries - 1])


def _domain() -> str:
    return settings.PUBLIC_ADDRESS.partition("://")[2].partition("/")[0].partition(":")[0]

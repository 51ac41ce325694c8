"""Sending what the endpoints are told: in the order of each case, again with growing patience, given up with a word."""

import logging
import time
from collections import defaultdict
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from notifications import outside, webhooks
from notifications.models import Call, CallAttempt
from shops.models import Shop
from timeline import events
from timeline.door import lock_root

log = logging.getLogger(__name__)

#: How long until the next try, after each failure; after the last one the call is given up and can be replayed.
BACK_OFF = [
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
]
#: So long one worker has a call for itself: longer than all its calls of one round may take.
LEASE = timedelta(minutes=3)
MOST_OF_ONE = 10
GOOD = range(200, 300)


def send_due(*, at: datetime, most: int = 40) -> int:
    """Send what is due; returns how many calls arrived. Any number may run; none is needed twice.

    An endpoint that fails once is left alone for this round: one that hangs costs the others one patience, not forty.
    """
    taken: dict[int, list[Call]] = defaultdict(list)
    for call in _take(most, at=at):
        taken[call.endpoint_id].append(call)
    arrived = 0
    for calls in taken.values():
        for place, call in enumerate(calls, start=1):
            if not _send(call, at=at):
                _leave([each.pk for each in calls[place:]], at=at)
                break
            arrived += 1
    return arrived


def _take(most: int, *, at: datetime) -> list[Call]:
    """Claim calls that are due and that no earlier one of their case stands before, oldest first.

    Claims come one after another, so that two workers never hold two calls of one case.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('notifications_call'))")
        cursor.execute(
            """
            with due as (
                select c.id, row_number() over (partition by c.endpoint_id order by c.id) as place
                  from notifications_call c
                  join notifications_endpoint e on e.id = c.endpoint_id and e.removed_at is null and e.paused_at is null
                 where c.sent_at is null and c.given_up_at is null and c.next_try_at <= %(at)s
                   and not exists (
                       select from notifications_call b
                        where b.endpoint_id = c.endpoint_id and b.root = c.root and b.sequence < c.sequence
                          and b.sent_at is null and b.given_up_at is null and b.next_try_at > %(at)s)
            )
            update notifications_call set next_try_at = %(until)s, tries = tries + 1 where id in (
                select c.id from notifications_call c join due on due.id = c.id
                 where due.place <= %(of_one)s
                   and c.sent_at is null and c.given_up_at is null and c.next_try_at <= %(at)s
                 order by c.id limit %(most)s for update of c skip locked) returning id
            """,
            {"at": at, "until": at + LEASE, "most": most, "of_one": MOST_OF_ONE},
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(Call.objects.filter(pk__in=ids).select_related("endpoint__shop").order_by("pk"))


def _leave(ids: list[int], *, at: datetime) -> None:
    """Give back what was claimed and not tried."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update notifications_call set next_try_at = %s, tries = tries - 1"
            " where id = any(%s) and sent_at is null and given_up_at is null",
            [at, ids],
        )


def _send(call: Call, *, at: datetime) -> bool:
    """One try, outside of every transaction of ours; what came of it is written down."""
    began, status, fault = time.monotonic(), None, ""
    try:
        way = outside.find_way(call.endpoint.webhook_url, may_be_private=settings.WEBHOOKS_MAY_BE_PRIVATE)
        status = outside.post(way, body=call.body.encode(), headers=headers(call, at=at))
    except outside.Unreachable as error:
        fault = str(error)[:80]
    if status is not None and status not in GOOD:
        fault = "not a 2xx"
    _note(call, status, fault, took=timedelta(seconds=round(time.monotonic() - began, 3)), at=at)
    return not fault


def headers(call: Call, *, at: datetime) -> dict[str, str]:
    """What stands beside the body: what it is, who it is for, and the proof that it is ours."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "Kamen-Webhooks/1",
        "Kamen-Call": str(call.pk),
        "Kamen-Event": call.type,
        "Kamen-Sequence": str(call.sequence),
        "Kamen-Signature": webhooks.signature(call.endpoint, call.body, at=at),
    }


@transaction.atomic
def _note(call: Call, status: int | None, fault: str, *, took: timedelta, at: datetime) -> None:
    """Write down what came of a try, and what follows from it."""
    if fault and call.tries > len(BACK_OFF):
        lock_root(call.endpoint.shop)  # its stream hears of it; the root comes before the row
    CallAttempt.objects.create(call=call, at=at, status=status, fault=fault, took=took)
    mine = Call.objects.open().filter(pk=call.pk)
    if not fault:
        mine.update(sent_at=at)
    elif call.tries <= len(BACK_OFF):
        mine.update(next_try_at=at + BACK_OFF[call.tries - 1])
    elif mine.update(given_up_at=at):
        log.error("call %s of endpoint %s is given up after %s tries", call.pk, call.endpoint_id, call.tries)
        _tell_the_shop(call, at=at)


def _tell_the_shop(call: Call, *, at: datetime) -> None:
    """Its owner hears of an endpoint that fails, once a day, not with each call."""
    shop: Shop = call.endpoint.shop
    day = at - timedelta(days=1)
    others = Call.objects.filter(endpoint=call.endpoint, given_up_at__gt=day).exclude(pk=call.pk)
    if not others.exists():
        events.record(
            root=shop.address,
            subject=shop.address,
            name="shop.webhook_failing",
            by=None,
            at=at,
            data={"endpoint": call.endpoint_id},
        )

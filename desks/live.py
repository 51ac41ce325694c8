"""What changes elsewhere appears here: a page asks every few seconds whether something happened, and nothing more.

A page that may be seen carries a token for one person and one thing, so that a poll asks neither who may see what nor
for the page again: session, person, newest event. What changed is then read by reading the page.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.db.models import Count, Max
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from complaints.models import Complaint
from disputes.models import Dispute
from orders.models import Order
from orders.states import OrderState
from refunds.models import Refund
from support.models import Talk
from timeline.models import Event

SALT = "kamen live"
#: So long an open page goes on asking; then it is read again by whoever comes back to it.
LONGEST = timedelta(hours=12)
#: What was written just before a page was read may have been committed just after.
SLACK = timedelta(seconds=2)

#: An order in one of these changes by what somebody does.
RUNNING = [OrderState.PLACED, OrderState.PAID, OrderState.DELIVERED]

#: The version of something, and when it changed last.
Found = tuple[str, datetime | None]


def token(user: Any, *, kind: str, key: str, at: datetime) -> str:
    """What a page needs to ask: for `user`, about `kind` and `key`, as seen at `at`."""
    return signing.dumps([user.pk, kind, key, at.isoformat()], salt=SALT, compress=True)


@require_safe
def changed(request: HttpRequest, token: str) -> HttpResponse:
    """304: as when you asked last. 204: as when the page was read. 200: something happened, read the page again."""
    try:
        person, kind, key, at = signing.loads(token, salt=SALT, max_age=LONGEST)
    except signing.BadSignature:
        raise Http404 from None
    if person != request.user.pk:
        raise Http404
    version, last = KINDS[kind](key)
    etag = f'"{version}"'
    asked = request.headers.get("If-None-Match", "")
    since = parse_datetime(at)
    is_newer = bool(last and since and last > since - SLACK)
    match asked:
        case "":
            status = 200 if is_newer else 204
        case _:
            status = 304 if asked == etag else 200
    return HttpResponse(status=status, headers={"ETag": etag, "Cache-Control": "private, no-store"})


def _root(key: str) -> Found:
    """A thing with its whole case: the newest event of its stream."""
    found = Event.objects.filter(root=key).order_by("-seq").values_list("seq", "at").first()
    return (str(found[0]), found[1]) if found else ("0", None)


def _waiting(rows: Any) -> Found:
    found = rows.order_by().aggregate(many=Count("pk"), last=Max("entered_at"))
    moment = found["last"].timestamp() if found["last"] else 0
    return f"{found['many']}-{moment}", found["last"]


def _queue(key: str) -> Found:
    """What a shop has to answer. What leaves the queue changes the number, what comes changes both."""
    return _waiting(Refund.objects.open().filter(order__shop=int(key)))


def _orders(key: str) -> Found:
    """What a shop sold and has not seen the end of: what comes, what is paid, what leaves."""
    return _waiting(Order.objects.filter(shop=int(key), state__in=RUNNING))


def _bench(key: str) -> Found:
    """The cases before the platform."""
    return _waiting(Dispute.objects.open())


def _talks(key: str) -> Found:
    """Who waits for a person."""
    return _waiting(Talk.objects.open())


def _complaints(key: str) -> Found:
    """What was complained of outside and is not over."""
    return _waiting(Complaint.objects.open())


KINDS: dict[str, Callable[[str], Found]] = {
    "root": _root,
    "queue": _queue,
    "orders": _orders,
    "bench": _bench,
    "talks": _talks,
    "complaints": _complaints,
}

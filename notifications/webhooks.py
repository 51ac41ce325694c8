"""The story of a webhook: add · choose · rotate · pause · resume · test · replay · remove; and its secret."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from accounts import sealing
from accounts.models import User
from notifications import outside
from notifications.calls import VERSION, text
from notifications.models import HEARD, Call, Endpoint
from shops.models import SERVE, STAFF, Shop
from timeline import events
from timeline.door import lock_root, locked, require, verb
from timeline.models import Event

#: So many endpoints a shop may have.
MOST = 5
#: How long the secret before a change still counts: time to carry the new one to every machine.
OVERLAP = timedelta(hours=24)
PURPOSE = "webhook"
PREFIX = "whsec_"
#: The case of a call that is about no case: its shop's tests.
TEST = "test"
ONLY_OWNER = _("Only the owner decides where the shop's news go.")


@verb
def add(shop: Shop, *, url: str, groups: Sequence[str], by: User, at: datetime) -> tuple[Endpoint, str]:
    """The shop names a machine that hears what happens; its secret is told now and never again.

    Without a `url` nothing is sent: the machine asks. Refused: `not_your_turn`, `too_many`, `bad_address`,
    `no_such_choice`.
    """
    shop = locked(Shop, shop.pk)
    require(shop.may(by, STAFF), "not_your_turn", ONLY_OWNER)
    require(shop.webhooks.there().count() < MOST, "too_many", _("These are all the endpoints a shop can have."))
    _require_sound(url, groups)
    secret = _new_secret()
    endpoint = Endpoint(
        shop=shop,
        webhook_url=url,
        groups=sorted(groups),
        secret=sealing.seal(secret, purpose=PURPOSE),
        made_by=by,
        made_at=at,
        after_event=Event.objects.aggregate(last=Max("pk"))["last"] or 0,
    )
    endpoint.save(force_insert=True)
    _record(endpoint, event="shop.webhook_added", by=by, at=at)
    return endpoint, secret


@verb
def choose(endpoint: Endpoint, *, url: str, groups: Sequence[str], by: User, at: datetime) -> None:
    """The machine is called elsewhere, or hears of other things. Refused as for `add`, and `wrong_moment`."""
    _take_up(endpoint, by)
    _require_sound(url, groups)
    endpoint.webhook_url, endpoint.groups = url, sorted(groups)
    endpoint.save(update_fields=["webhook_url", "groups"])
    endpoint.calls.open().filter(tries=0).update(next_try_at=at if url else None)
    _record(endpoint, event="shop.webhook_changed", by=by, at=at)


@verb
def rotate(endpoint: Endpoint, *, by: User, at: datetime) -> str:
    """A new secret, told now and never again; the one before counts for a day more. Refused: as for `choose`."""
    _take_up(endpoint, by)
    secret = _new_secret()
    endpoint.former_secret, endpoint.former_until = endpoint.secret, at + OVERLAP
    endpoint.secret = sealing.seal(secret, purpose=PURPOSE)
    endpoint.save(update_fields=["secret", "former_secret", "former_until"])
    _record(endpoint, event="shop.webhook_rotated", by=by, at=at)
    return secret


@verb
def pause(endpoint: Endpoint, *, by: User, at: datetime) -> None:
    """Nothing is sent for now; it waits. Refused: as for `choose`."""
    _take_up(endpoint, by)
    require(endpoint.paused_at is None, "wrong_moment", _("It is paused already."))
    endpoint.paused_at = at
    endpoint.save(update_fields=["paused_at"])
    _record(endpoint, event="shop.webhook_paused", by=by, at=at)


@verb
def resume(endpoint: Endpoint, *, by: User, at: datetime) -> None:
    """What waited is sent, in its order. Refused: as for `choose`."""
    _take_up(endpoint, by)
    require(endpoint.paused_at is not None, "wrong_moment", _("It is not paused."))
    endpoint.paused_at = None
    endpoint.save(update_fields=["paused_at"])
    _record(endpoint, event="shop.webhook_resumed", by=by, at=at)


@verb
def remove(endpoint: Endpoint, *, by: User, at: datetime) -> None:
    """The machine hears nothing any more; its log stays. Refused: as for `choose`."""
    _take_up(endpoint, by)
    endpoint.removed_at, endpoint.former_secret, endpoint.former_until = at, "", None
    endpoint.secret = ""  # nothing is signed with it any more
    endpoint.save(update_fields=["removed_at", "secret", "former_secret", "former_until"])
    endpoint.calls.open().update(given_up_at=at)
    _record(endpoint, event="shop.webhook_removed", by=by, at=at)


@verb
def test(endpoint: Endpoint, *, by: User, at: datetime) -> Call:
    """A call without news, to see whether it arrives. Refused: `not_your_turn`, `wrong_moment`, `too_often`."""
    _take_up(endpoint, by, what=SERVE)
    waiting = endpoint.calls.filter(type="webhook.test", made_at__gt=at - timedelta(minutes=1))
    require(waiting.count() < 3, "too_often", _("Look at what came of the last tests first."))
    sequence = endpoint.calls.filter(root=TEST).count() + 1
    body = {
        "id": 0,
        "version": VERSION,
        "type": "webhook.test",
        "at": at.isoformat(),
        "sequence": sequence,
        "case": TEST,
        "subject": {"kind": "webhook", "number": str(endpoint.pk)},
        "order": "",
        "shop": endpoint.shop.slug,
        "state_before": "",
        "state": "",
        "amount": 0,
    }
    return Call.objects.create(
        endpoint=endpoint,
        root=TEST,
        sequence=sequence,
        type="webhook.test",
        body=text(body),
        made_at=at,
        next_try_at=at if endpoint.webhook_url else None,
    )


@verb
def replay(call: Call, *, by: User, at: datetime) -> None:
    """What was given up, or has arrived, is sent once more, with the same words. Refused: as for `test`."""
    endpoint = call.endpoint
    _take_up(endpoint, by, what=SERVE)
    call.refresh_from_db()
    is_over = call.sent_at is not None or call.given_up_at is not None
    require(bool(endpoint.webhook_url) and is_over, "wrong_moment", _("It is being sent already."))
    call.sent_at = call.given_up_at = None
    call.tries, call.next_try_at = 0, at
    call.save(update_fields=["sent_at", "given_up_at", "tries", "next_try_at"])
    _record(endpoint, event="shop.webhook_replayed", by=by, at=at, calls=1)


@verb
def replay_dead(endpoint: Endpoint, *, by: User, at: datetime) -> int:
    """Everything that was given up is sent once more, in its order; how many it were. Refused: as for `test`."""
    _take_up(endpoint, by, what=SERVE)
    require(bool(endpoint.webhook_url), "wrong_moment", _("This endpoint has no address."))
    number = endpoint.calls.dead().update(given_up_at=None, tries=0, next_try_at=at)
    require(number > 0, "wrong_moment", _("Nothing was given up."))
    _record(endpoint, event="shop.webhook_replayed", by=by, at=at, calls=number)
    return number


def signature(endpoint: Endpoint, body: str, *, at: datetime) -> str:
    """The header that proves who sent `body` and when: `t=…,v1=…`, one `v1` for each secret that counts."""
    moment = int(at.timestamp())
    message = f"{moment}.{body}".encode()
    signed = [hmac.new(secret.encode(), message, hashlib.sha256).hexdigest() for secret in secrets_of(endpoint, at)]
    return ",".join([f"t={moment}", *(f"v1={each}" for each in signed)])


def secrets_of(endpoint: Endpoint, at: datetime) -> list[str]:
    """The secrets that count now, the present one first; none of an endpoint that was removed."""
    if endpoint.removed_at is not None:
        return []
    sealed = [endpoint.secret, *([endpoint.former_secret] if endpoint.has_former(at) else [])]
    return [sealing.unseal(each, purpose=PURPOSE) for each in sealed]


def knows(endpoint: Endpoint, secret: str, *, at: datetime) -> bool:
    """Whether somebody who says `secret` is this endpoint's machine."""
    return any(hmac.compare_digest(each.encode(), secret.encode()) for each in secrets_of(endpoint, at))


def _new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _take_up(endpoint: Endpoint, by: User, *, what: str = STAFF) -> None:
    lock_root(endpoint.shop)
    endpoint.refresh_from_db(fields=[field.name for field in Endpoint._meta.concrete_fields if field.name != "shop"])
    require(endpoint.shop.may(by, what), "not_your_turn", ONLY_OWNER)
    require(endpoint.removed_at is None, "wrong_moment", _("This endpoint was removed."))


def _require_sound(url: str, groups: Sequence[str]) -> None:
    require(
        bool(groups) and set(groups) <= {group.value for group in HEARD},
        "no_such_choice",
        _("Choose at least one thing to hear of."),
    )
    if not url:
        return
    try:
        outside.find_way(url, may_be_private=settings.WEBHOOKS_MAY_BE_PRIVATE)
    except outside.Forbidden:
        require(False, "bad_address", _("The mall calls public addresses by https only, on port 443 or 8443."))
    except outside.Unreachable:
        require(False, "bad_address", _("This name leads nowhere. Look for a slip of the pen."))


def _record(endpoint: Endpoint, *, event: str, by: Any, at: datetime, **data: Any) -> None:
    shop = endpoint.shop
    events.record(
        root=shop.address, subject=shop.address, name=event, by=by, at=at, data={"endpoint": endpoint.pk, **data}
    )

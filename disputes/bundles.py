"""The evidence bundle of a case: asked for by one of its sides or by staff, made by a worker, fetched by who asked.

Asking is an event, and so is the finished ZIP with its hash. It is made anew each time it is asked for, never changed.
"""

import hashlib
import logging
from datetime import datetime, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Role
from disputes.bundle_content import packed
from disputes.models import ASSISTING, Bundle, Dispute, Side
from disputes.models.kept import MOST_TRIES
from timeline import numbers
from timeline.door import lock, note, require, verb

log = logging.getLogger(__name__)

View = Bundle.View
#: Which copy a side takes with it; the staff make any, for whoever must be given one.
OF_SIDE = {Side.BUYER: [View.BUYER, View.REGULATOR], Side.SHOP: [View.SHOP]}
#: Nobody asks for more of one case within an hour: each is made of the whole file.
MOST_PER_HOUR = 6


@verb
def ask(dispute: Dispute, *, view: str, by: Any, at: datetime) -> Bundle:
    """Somebody wants everything about a case in one file. Refused: `not_your_turn`, `too_often`."""
    lock(dispute)
    require(view in views_for(dispute, by, at=at), "not_your_turn", _("This copy of the file is not made for you."))
    recent = dispute.bundles.filter(by=by, asked_at__gt=at - timedelta(hours=1)).count()
    require(recent < MOST_PER_HOUR, "too_often", _("You have asked for this file several times within the hour."))
    bundle = Bundle(number=numbers.new("Z", at), dispute=dispute, view=view, by=by, asked_at=at)
    bundle.save(force_insert=True)
    note(dispute, "dispute.bundle_asked", by=by, at=at, data={"bundle": bundle.number, "view": str(view)})
    return bundle


def run(*, at: datetime, most: int = 5) -> int:
    """Make the bundles that are waited for, oldest first; returns how many were made.

    One that fails never blocks the rest, and is tried again until it is given up and the leads are told.
    """
    waiting = Bundle.objects.filter(built_at=None, tries__lt=MOST_TRIES).order_by("asked_at", "pk")
    made = 0
    for pk in list(waiting.values_list("pk", flat=True)[:most]):
        try:
            made += build(pk, at=at)
        except Exception as error:
            log.exception("bundle %s could not be made", pk)
            _not_made(Bundle.objects.select_related("dispute").get(pk=pk), error, at=at)
    return made


def build(pk: int, *, at: datetime) -> bool:
    """Make one bundle; whether it was this call that did. Reading takes no lock: what is told is of `asked_at`."""
    bundle = Bundle.objects.select_related("dispute__refund__order__shop", "dispute__refund__buyer", "by").get(pk=pk)
    if bundle.built_at is not None:
        return False
    content = packed(bundle, at=at)
    name = _files().save(f"bundles/{bundle.number}.zip", ContentFile(content))
    return _finish(bundle, name=name, size=len(content), sha256=hashlib.sha256(content).hexdigest(), at=at)


@verb
def _not_made(bundle: Bundle, error: Exception, *, at: datetime) -> None:
    """What went wrong is counted; after the last try nobody waits any more, and the leads are told what it was."""
    lock(bundle.dispute)
    Bundle.objects.filter(pk=bundle.pk).update(tries=F("tries") + 1)
    bundle.refresh_from_db(fields=["tries"])
    if bundle.is_given_up:
        data = {"bundle": bundle.number, "view": bundle.view, "error": type(error).__name__}
        note(bundle.dispute, "dispute.bundle_failed", by=None, at=at, data=data)


@verb
def _finish(bundle: Bundle, *, name: str, size: int, sha256: str, at: datetime) -> bool:
    lock(bundle.dispute)
    if Bundle.objects.filter(pk=bundle.pk, built_at=None).update(built_at=at, file=name, size=size, sha256=sha256) == 0:
        return False
    data = {"bundle": bundle.number, "view": bundle.view, "sha256": sha256, "size": size}
    note(bundle.dispute, "dispute.bundle_made", by=None, at=at, data=data)
    return True


def content(bundle: Bundle) -> bytes:
    """The ZIP to the byte as it was made; raises `BundleBroken` where it is another one or gone."""
    try:
        with _files().open(bundle.file) as file:
            found: bytes = file.read()
    except FileNotFoundError:
        raise BundleBroken(bundle.number) from None
    if hashlib.sha256(found).hexdigest() != bundle.sha256:
        raise BundleBroken(bundle.number)
    return found


class BundleBroken(Exception):
    """What is stored is not what was made, or is gone."""


def visible_to(user: Any) -> QuerySet[Bundle]:
    """The bundles that `user` asked for, of cases that they still may see."""
    seen = Dispute.objects.visible_to(user, user.roles)
    return Bundle.objects.filter(by=user, dispute__in=seen).select_related("dispute")


def views_for(dispute: Dispute, user: Any, *, at: datetime) -> list[str]:
    """Which copies `user` can ask for: a side its own; staff with the file open any of them."""
    side = dispute.side_of(user)
    if side is not None:
        return [str(view) for view in OF_SIDE[side]]
    if not user.roles & (ASSISTING | {Role.AUDITOR}) or not dispute.is_file_open_for(user, at):
        return []
    seen = Dispute.objects.on_bench_of(user, user.roles).filter(pk=dispute.pk).exists()
    return [str(view) for view in View] if seen else []


def _files() -> Storage:
    """The private storage: nothing in it has an address."""
    return storages["files"]

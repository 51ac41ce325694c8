"""What deserves a second look in the files of a case: shown to the staff as signals, never a verdict, never an amount.

The same file or the same picture in another case, a picture that is older than the purchase or newer than its upload,
one that went through an editor. Risk may add delay or a person; it never changes what somebody is owed.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from orders import traces
from orders.models import Attachment, Trace
from orders.parties import SEEING, Side, side_of
from refunds.models import Refund

#: Programs that change pictures; a phone's own camera and screenshots name none of them.
EDITORS = re.compile(r"photoshop|gimp|snapseed|meitu|美图|picsart|lightroom|pixelmator|affinity|canva|fotor|醒图", re.I)
#: A camera's clock may be so far ahead of ours before it means anything.
CLOCK_SLACK = timedelta(minutes=15)


@dataclass(frozen=True)
class Signal:
    """One thing to look at: a stable code, a sentence, the file, and the other case's number if there is one."""

    code: str
    text: str
    attachment: int
    name: str
    other: str = ""


def may_see(refund: Refund, user: Any) -> bool:
    """Whether `user` sees signals: staff of cases, and nobody who takes part in this one."""
    return bool(user.roles & SEEING) and side_of(refund.order, user) == Side.PLATFORM


def signals(refund: Refund) -> list[Signal]:
    """Everything that deserves a second look in the files of a case; four queries for one file or twenty."""
    files = list(refund.attachments.order_by("pk"))
    found = list(Trace.objects.filter(attachment__in=files).select_related("attachment").order_by("pk"))
    return [*_same_files(refund, files), *_same_pictures(found), *_odd_times(refund, found), *_edited(found)]


def _same_files(refund: Refund, files: list[Attachment]) -> list[Signal]:
    by_hash = {each.sha256: each for each in files}
    others = Attachment.objects.filter(sha256__in=by_hash).exclude(order=refund.order_id)
    return [
        Signal(
            "same_file",
            _("The same file, to the byte, was given in order %(order)s.") % {"order": other.order.number},
            by_hash[other.sha256].pk,
            by_hash[other.sha256].name,
            other.order.number,
        )
        for other in others.select_related("order").order_by("-pk")[:50]
    ]


def _same_pictures(found: list[Trace]) -> list[Signal]:
    return [
        Signal(
            "same_picture",
            _("Looks like a picture that was given in order %(order)s.") % {"order": other.attachment.order.number},
            mine.attachment_id,
            mine.attachment.name,
            other.attachment.order.number,
        )
        for mine, other in traces.alike(found)
        if mine.attachment.sha256 != other.attachment.sha256
    ]


def _odd_times(refund: Refund, found: list[Trace]) -> list[Signal]:
    shown = []
    for trace in found:
        file, paid_at = trace.attachment, refund.order.paid_at
        if trace.taken_at is None:
            continue
        told = {"taken": f"{timezone.localtime(trace.taken_at):%Y-%m-%d %H:%M}"}
        if paid_at and trace.taken_at < paid_at - CLOCK_SLACK:
            text = _("By its own words it was taken on %(taken)s, before the order was paid.") % told
            shown.append(Signal("older_than_purchase", text, file.pk, file.name))
        if trace.taken_at > file.at + CLOCK_SLACK:
            text = _("By its own words it was taken on %(taken)s, after it was given here.") % told
            shown.append(Signal("newer_than_upload", text, file.pk, file.name))
    return shown


def _edited(found: list[Trace]) -> list[Signal]:
    return [
        Signal(
            "edited",
            _("Its file names a program that changes pictures: %(program)s.") % {"program": trace.software},
            trace.attachment_id,
            trace.attachment.name,
        )
        for trace in found
        if EDITORS.search(trace.software)
    ]


def times_of(refund: Refund) -> dict[int, Trace]:
    """What each picture of a case says of itself, by its attachment."""
    found = Trace.objects.filter(attachment__refunds=refund).order_by("pk")
    return {trace.attachment_id: trace for trace in found}

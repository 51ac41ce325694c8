"""What is said about an order: one conversation, kept through refund and dispute, with the files that were given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from orders.models import Attachment, Message, Order
from orders.parties import Side, may_speak, side_of, side_of_author
from timeline.door import lock, note, require, verb

LONGEST = 2_000
#: What one person may say within a minute.
MOST_AT_ONCE, WITHIN = 20, timedelta(minutes=1)
PAGE = 50


@verb
def say(order: Order, text: str, *, by: Any, at: datetime) -> Message:
    """The buyer, the shop or the platform says something to the others. The event tells that, not what, was said.

    `ValidationError` on `text`: empty or longer than 2,000 characters. Refused: `not_your_turn`, `too_often`.
    """
    lock(order)
    require(may_speak(order, by), "not_your_turn", _("Only the two sides and the platform speak here."))
    said = readable(text)
    recent = Message.objects.filter(author=by, at__gt=at - WITHIN).count()
    require(recent < MOST_AT_ONCE, "too_often", _("That was a lot at once. Wait a minute, then go on."))
    message = Message.objects.create(order=order, author=by, text=said, at=at)
    note(order, "order.message_said", by=by, at=at, data={"message": message.pk, "side": side_of(order, by)})
    return message


def readable(text: str) -> str:
    """The text as it is kept: line breaks of one kind, nothing around it; complains if nothing or too much is left."""
    said = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not said:
        raise ValidationError({"text": ValidationError(_("Write something first."), code="required")})
    if len(said) > LONGEST:
        raise ValidationError(
            {
                "text": ValidationError(
                    _("A message has at most %(most)s characters; this one has %(number)s."),
                    code="max_length",
                    params={"most": LONGEST, "number": len(said)},
                )
            }
        )
    if "\x00" in said:
        raise ValidationError({"text": ValidationError(_("Use visible characters only."), code="not_visible")})
    return said


@dataclass(frozen=True)
class Entry:
    """One thing in a conversation: something said, or a file that was given."""

    side: Side
    author: Any
    at: datetime
    text: str = ""
    attachment: Attachment | None = None


@dataclass(frozen=True)
class Part:
    """A part of a conversation, oldest first, and where the part before it ends (a message's id), if there is one."""

    entries: Sequence[Entry]
    earlier: int | None


def part_of(order: Order, *, before: int | None = None) -> Part:
    """The last 50 messages of an order, or those before a message, with the files of that time: two queries."""
    found = Message.objects.filter(order=order).select_related("author")
    if before is not None:
        found = found.filter(pk__lt=before)
    newest = list(found.order_by("-pk")[: PAGE + 1])
    messages, has_earlier = newest[:PAGE], len(newest) > PAGE
    files = Attachment.objects.filter(order=order).select_related("uploader")
    if has_earlier:
        files = files.filter(at__gte=messages[-1].at)
    if before is not None and messages:
        files = files.filter(at__lt=messages[0].at)
    entries = [
        Entry(side_of_author(order, each.uploader_id), each.uploader, each.at, attachment=each)
        for each in files.order_by("pk")
    ]
    entries += [
        Entry(side_of_author(order, each.author_id), each.author, each.at, text=each.text)
        for each in reversed(messages)
    ]
    entries.sort(key=lambda entry: entry.at)
    return Part(entries, messages[-1].pk if has_earlier else None)

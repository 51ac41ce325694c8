"""What is said about an order: one conversation, kept through refund and dispute, with the files that were given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from orders.models import Attachment, Joining, Message, Order, ReadMark
from orders.offplatform import signs_of
from orders.parties import Side, may_speak, side_of, side_of_author
from timeline.door import lock, note, require, verb

LONGEST = 2_000
#: What one person may say within a minute.
MOST_AT_ONCE, WITHIN = 20, timedelta(minutes=1)
PAGE, LONGEST_REASON = 50, 200


@verb
def say(order: Order, text: str, *, by: Any, at: datetime) -> Message:
    """The buyer, the shop or the platform says something to the others. The event tells that, not what, was said.

    Staff speak once they have joined and said why. What looks like a deal outside of the mall is sent and marked: both
    sides read a warning beside it. `ValidationError` on `text`: empty or longer than 2,000 characters. Refused:
    `not_your_turn`, `join_first`, `too_often`.
    """
    lock(order)
    require(may_speak(order, by), "not_your_turn", _("Only the two sides and the platform speak here."))
    side = side_of(order, by)
    require(
        side != Side.PLATFORM or has_joined(order, by),
        "join_first",
        _("Join the conversation first and say why: both sides read the reason."),
    )
    said = readable(text)
    recent = Message.objects.filter(author=by, at__gt=at - WITHIN).count()
    require(recent < MOST_AT_ONCE, "too_often", _("That was a lot at once. Wait a minute, then go on."))
    message = Message.objects.create(order=order, author=by, text=said, at=at, signs=signs_of(said))
    note(order, "order.message_said", by=by, at=at, data={"message": message.pk, "side": side})
    if message.signs:
        data = {"message": message.pk, "side": side, "signs": message.signs}
        note(order, "order.contact_suspected", by=by, at=at, data=data)
    return message


@verb
def join(order: Order, reason: str, *, by: Any, at: datetime) -> Joining:
    """Somebody of the mall's staff joins the conversation; both sides are told, and read why.

    Once for each order and person. `ValidationError` on `reason`: empty or longer than 200 characters. Refused:
    `not_your_turn`, `wrong_moment` for who has joined already.
    """
    lock(order)
    is_staff = may_speak(order, by) and side_of(order, by) == Side.PLATFORM
    require(is_staff, "not_your_turn", _("Only the platform's staff join a conversation of others."))
    require(not has_joined(order, by), "wrong_moment", _("You have joined this conversation already."))
    why = " ".join(reason.split())
    if not why or "\x00" in why:
        raise ValidationError({"reason": ValidationError(_("Say why you join."), code="required")})
    if len(why) > LONGEST_REASON:
        most = ValidationError(_("At most %(most)s characters."), code="max_length", params={"most": LONGEST_REASON})
        raise ValidationError({"reason": most})
    found = Joining.objects.create(order=order, user=by, reason=why, at=at)
    note(order, "order.staff_joined", by=by, at=at, data={"reason": why})
    return found


@verb
def read(order: Order, *, by: Any, at: datetime) -> int:
    """Somebody who speaks here has read everything up to now. Returns the place of the last message that was read.

    Nothing is told of it but to the two sides, on the page. Refused: `not_your_turn`.
    """
    lock(order)
    require(may_speak(order, by), "not_your_turn", _("Only the two sides and the platform speak here."))
    last = Message.objects.filter(order=order).order_by("-seq").values_list("seq", flat=True).first() or 0
    ReadMark.objects.update_or_create(
        order=order, user=by, defaults={"upto": last, "at": at}, create_defaults={"upto": last, "at": at}
    )
    return last


def has_joined(order: Order, user: Any) -> bool:
    """Whether somebody of the staff has joined the conversation and said why."""
    return Joining.objects.filter(order=order, user=user).exists()


@dataclass(frozen=True)
class Reading:
    """How far a conversation was read: by whoever asks, and by the side that is not theirs."""

    unread: int
    read_by_others: int
    others_at: datetime | None


def reading_of(order: Order, user: Any) -> Reading:
    """How many messages of others `user` has not read, and up to where one of another side has: two queries."""
    marks = list(ReadMark.objects.filter(order=order).order_by("pk"))
    own = next((mark.upto for mark in marks if mark.user_id == user.pk), 0)
    mine = side_of(order, user)
    others = [mark for mark in marks if side_of_author(order, mark.user_id) not in {mine, Side.PLATFORM}]
    furthest = max(others, key=lambda mark: mark.upto, default=None)
    unread = Message.objects.filter(order=order, seq__gt=own).exclude(author=user).count()
    return Reading(unread, furthest.upto if furthest else 0, furthest.at if furthest else None)


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
    #: What it looks like, if it looks like a deal outside of the mall.
    signs: Sequence[str] = ()
    #: Its place in the chain; files have none.
    seq: int = 0


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
        Entry(
            side_of_author(order, each.author_id), each.author, each.at, text=each.text, signs=each.signs, seq=each.seq
        )
        for each in reversed(messages)
    ]
    entries.sort(key=lambda entry: entry.at)
    return Part(entries, messages[-1].pk if has_earlier else None)

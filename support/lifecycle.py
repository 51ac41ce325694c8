"""The story of a talk: call · take · answer · hand over · close · lapse; and of shifts: plan · call off."""

import hashlib
import re
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from accounts.models import Role, User
from orders import conversation
from orders.models import Message, Order
from orders.parties import Side, side_of
from support.models import ANSWERING, Answer, Handover, Shift, Talk
from support.states import TalkState
from timeline import numbers
from timeline.door import begin, enter, lock, locked, note, rearm, require, verb
from timeline.refusals import Refused
from timeline.spans import Span, hours, minutes

#: A person answers within this while somebody is on shift; else this long after the next shift begins.
FIRST_ANSWER = timedelta(minutes=10)
#: What is urgent is begun within this, by day and night.
URGENT = timedelta(hours=2)
#: A talk in which nobody says anything for this long is over; the order's conversation goes on.
QUIET = hours(24)
#: After the promised time a lead is told again each time this has passed.
AGAIN = timedelta(minutes=10)
LONGEST = 500
#: A shorter answer (“yes”, “thank you”) may be said twice.
SHORTEST = 12
#: The same words in so many talks of a week are a canned answer.
CANNED, WEEK = 3, timedelta(days=7)


@verb
def call(order: Order, *, topic: str, is_urgent: bool = False, by: User, at: datetime) -> Talk:
    """One of the two sides wants to talk to a person. Who asks again while a talk is open has that one.

    Refused: `not_your_turn`, `text_missing`.
    """
    lock(order)
    require(side_of(order, by) in {Side.BUYER, Side.SHOP}, "not_your_turn", _("Only the two sides call for a person."))
    words = " ".join(topic.split())
    require(0 < len(words) <= LONGEST, "text_missing", _("Say in a sentence what it is about."))
    known = Talk.objects.open().filter(order=order, asked_by=by).first()
    if known is not None:
        return known
    promised = promise(is_urgent=is_urgent, at=at)
    talk = Talk(
        number=numbers.new("T", at),
        order=order,
        asked_by=by,
        topic=words,
        is_urgent=is_urgent,
        opened_at=at,
        promised_at=promised,
    )
    begin(talk, by=by, at=at, span=_until(promised, at), data={"urgent": is_urgent})
    rearm(talk, promised, at=at)
    return talk


@verb
def take(talk: Talk, *, by: User, at: datetime) -> None:
    """An agent takes a talk on and reads what happened. The promised time goes on.

    Refused: `not_your_turn`, `wrong_moment`.
    """
    lock(talk)
    _require_able(talk, by)
    require(talk.state == TalkState.WAITING, "wrong_moment", _("Somebody has taken this talk already."))
    if not conversation.has_joined(talk.order, by):
        conversation.join(talk.order, _("Somebody called for a person."), by=by, at=at)
    talk.taken_by, talk.started_at = by, talk.started_at or at
    _hold(talk)
    until = talk.deadline_at or at
    enter(talk, TalkState.TAKEN, by=by, at=at, span=_until(until, at))
    rearm(talk, until, at=at)


@verb
def answer(talk: Talk, text: str, *, by: User, at: datetime) -> Message:
    """The person who has the talk says something to both sides, in the order's conversation.

    Refused: `not_your_turn`, `wrong_moment`, `said_already` for words that were said in this talk before.
    """
    lock(talk)
    require(talk.state in {TalkState.TAKEN, TalkState.TALKING}, "wrong_moment", _("Take the talk first."))
    require(talk.taken_by_id == by.pk, "not_your_turn", _("Somebody else has this talk."))
    digest = digest_of(text)
    is_told = len(_plain(text)) >= SHORTEST and talk.answers.filter(digest=digest).exists()
    require(not is_told, "said_already", _("You said this already. Answer what was asked, or hand the talk over."))
    message = conversation.say(talk.order, text, by=by, at=at)
    Answer.objects.create(talk=talk, by=by, message=message, digest=digest, at=at)
    if talk.first_answer_at is None:
        talk.first_answer_at = at
        _hold(talk)
    if talk.state == TalkState.TAKEN:
        enter(talk, TalkState.TALKING, by=by, at=at, span=QUIET, event="talk.answered")
    else:
        note(talk, "talk.answered", by=by, at=at)
        rearm(talk, at + timedelta(minutes=QUIET.amount), at=at)
    return message


@verb
def hand_over(talk: Talk, *, reason: str, by: User, at: datetime) -> None:
    """Whoever has the talk gives it back to the room with what the next one must know; ten minutes count anew.

    Refused: `not_your_turn`, `wrong_moment`, `text_missing`.
    """
    lock(talk)
    require(talk.state in {TalkState.TAKEN, TalkState.TALKING}, "wrong_moment", _("There is nothing to hand over."))
    require(talk.taken_by_id == by.pk, "not_your_turn", _("Somebody else has this talk."))
    words = " ".join(reason.split())
    require(0 < len(words) <= LONGEST, "text_missing", _("Say what the next one must know."))
    Handover.objects.create(talk=talk, by=by, note=words, at=at)
    talk.taken_by = None
    until = promise(is_urgent=talk.is_urgent, at=at)
    enter(talk, TalkState.WAITING, by=by, at=at, span=_until(until, at), event="talk.handed_over")
    rearm(talk, until, at=at)
    _hold(talk)


@verb
def close(talk: Talk, *, by: User, at: datetime) -> None:
    """Whoever asked has what they wanted, or whoever has the talk says that it is over. Refused: as for `answer`."""
    lock(talk)
    require(talk.state != TalkState.CLOSED, "wrong_moment", _("This talk is over already."))
    is_theirs = by.pk == talk.asked_by_id or (by.pk == talk.taken_by_id and talk.first_answer_at is not None)
    require(is_theirs, "not_your_turn", _("Only who asked closes a talk, or who has answered it."))
    enter(talk, TalkState.CLOSED, by=by, at=at)


@verb
def lapse(talk: Talk, *, limit: str, at: datetime) -> None:
    """Nobody answered in time: leads are told, again and again. Nobody said anything for a day: the talk is over."""
    lock(talk)
    if talk.machine.limits.get(talk.state) != limit or not talk.is_overdue(at):
        return  # answered while this call was on its way
    if talk.state == TalkState.TALKING:
        enter(talk, TalkState.CLOSED, by=None, at=at)
        return
    if talk.late_at is None:
        talk.late_at = at
        _hold(talk)
    note(talk, "talk.late", by=None, at=at)
    rearm(talk, at + AGAIN, at=at)


@verb
def plan(user: User, *, since: datetime, until: datetime, by: User, at: datetime) -> Shift:
    """A lead says when somebody answers people. Refused: `not_your_turn`, `no_such_role`, `time_over`."""
    user = locked(User, user.pk)
    require(by.has_role(Role.LEAD), "not_your_turn", _("Only a lead plans shifts."))
    require(bool(user.roles & ANSWERING), "no_such_role", _("This person does not answer people."))
    require(at < until and since < until, "time_over", _("A shift ends in the future, and after it begins."))
    overlapping = Shift.objects.filter(user=user, ended_at=None, since__lt=until, until__gt=since)
    require(not overlapping.exists(), "works_then", _("This person is on shift then already."))
    return Shift.objects.create(user=user, since=since, until=until, planned_by=by)


@verb
def call_off(shift: Shift, *, by: User, at: datetime) -> None:
    """A lead takes a shift back, also one that has begun. Refused: `not_your_turn`, `wrong_moment`."""
    locked(User, shift.user_id)
    shift.refresh_from_db()
    require(by.has_role(Role.LEAD), "not_your_turn", _("Only a lead plans shifts."))
    require(shift.ended_at is None and shift.until > at, "wrong_moment", _("This shift is over."))
    shift.ended_at = at
    shift.save(update_fields=["ended_at"])


def promise(*, is_urgent: bool, at: datetime) -> datetime:
    """By when a person answers somebody who asks at `at`: ten minutes into the next time that somebody is there.

    What is urgent, and a room for which nobody is planned, has two hours at most, by day and night.
    """
    planned = Shift.objects.filter(ended_at=None, until__gt=at).order_by("since", "pk").first()
    there = max(at, planned.since) if planned else at + URGENT - FIRST_ANSWER
    promised = there + FIRST_ANSWER
    return min(promised, at + URGENT) if is_urgent else promised


def digest_of(text: str) -> str:
    """What makes an answer the same as another: its words, without numbers, spaces and signs."""
    return hashlib.sha256(_plain(text).encode()).hexdigest()


def _plain(text: str) -> str:
    return re.sub(r"[\W\d_]+", "", text.lower())


def _until(moment: datetime, at: datetime) -> Span:
    """A span for a clock that ends at a moment; the clock itself is set to the second."""
    return minutes(max(1, int((moment - at).total_seconds() // 60)))


def _hold(talk: Talk) -> None:
    talk.save(update_fields=["taken_by", "started_at", "first_answer_at", "late_at"])


def _require_able(talk: Talk, by: User) -> None:
    """Somebody who answers, and belongs to neither side."""
    if not by.roles & ANSWERING:
        raise Refused("not_your_turn", _("Only people of the support room answer."))
    require(side_of(talk.order, by) == Side.PLATFORM, "not_your_turn", _("You belong to one of the sides."))

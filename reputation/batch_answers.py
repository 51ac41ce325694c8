"""The story of what a shop says about a bad batch: ask · give · spare · lapse.

As soon as a batch rings, its shop is asked what happened and what it does about it, and has four hours. It is reminded,
like everybody under a clock. Whoever says nothing about a batch of which more than 2 % is bad sells nothing more for a
week (`reputation.stops`): somebody who does not look may have more of it. Rule source: rules 6.2 (hard stops).
"""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from reputation import stops
from reputation.bad_codes import look
from reputation.models import Alarm, BatchAnswer
from reputation.states import BatchAnswerState
from reputation.thresholds import thresholds
from shops.models import SELL
from timeline.door import begin, change, enter, lock, require, verb
from timeline.spans import deadline, minutes

SHORTEST, LONGEST = 6, 1000


def ask(alarm: Alarm, *, at: datetime) -> None:
    """Ask the shop, inside the verb that raised the alarm."""
    span = minutes(int(thresholds().batches.answer.total_seconds() // 60))
    data = {"alarm": alarm.number, "due_at": deadline(span, at).isoformat()}
    begin(BatchAnswer(shop=alarm.shop, alarm=alarm), by=None, at=at, span=span, data=data)


@verb
def give(answer: BatchAnswer, *, words: str, by: Any, at: datetime) -> None:
    """The shop says what happened and what it does about it; people of risk read it and decide.

    Refused: `not_your_turn`, `wrong_moment`, `no_reason`.
    """
    lock(answer)
    require(answer.shop.may(by, SELL), "not_your_turn", _("Only the shop answers for its batch."))
    require(answer.is_open() and not answer.is_overdue(at), "wrong_moment", _("There is nothing to answer (any more)."))
    said = words.strip()
    require(len(said) >= SHORTEST, "no_reason", _("Say what happened, in six characters at least."))
    change(answer, words=said[:LONGEST], answered_by=by, answered_at=at)
    enter(answer, BatchAnswerState.GIVEN, by=by, at=at, data={"alarm": answer.alarm.number})


@verb
def spare(alarm: Alarm, *, at: datetime) -> None:
    """The alarm was lifted: whatever the shop would have said is not needed."""
    answer = BatchAnswer.objects.filter(alarm=alarm).first()
    if answer is None:
        return
    lock(answer)
    if answer.is_open():
        enter(answer, BatchAnswerState.SPARED, by=None, at=at, data={"alarm": alarm.number})


@verb
def lapse(answer: BatchAnswer, *, limit: str, at: datetime) -> None:
    """The shop said nothing in time: its sales stop if the batch is as bad as that."""
    lock(answer)
    if answer.machine.limits.get(answer.state) != limit or not answer.is_overdue(at):
        return  # answered while this call was on its way
    alarm = answer.alarm
    seen = look(alarm.batch)
    is_stopped = alarm.is_open() and stops.stop_for_batch(alarm, sold=seen.sold, bad=seen.bad, at=at)
    data = {"alarm": alarm.number, "sold": seen.sold, "bad": seen.bad, "stopped": is_stopped}
    enter(answer, BatchAnswerState.MISSED, by=None, at=at, data=data)

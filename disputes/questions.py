"""One named thing is asked of one side, or of the supplier through its shop: ask · answer · silence."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from disputes import budget, course, evidence, hearing
from disputes.models import Dispute, Question, Side
from disputes.states import DisputeState
from orders.models import Attachment
from timeline.door import change, enter, lock, note, require, verb

#: How often each of those who can be asked is asked in one case.
MOST = 2


@verb
def ask(dispute: Dispute, *, whom: str, kind: str, item: str, reason: str, by: Any, at: datetime) -> Question:
    """The arbiter asks for one thing, by name, and says what it is to show; the review stands still meanwhile.

    Refused: `not_your_turn`, `not_your_case`, `wrong_moment`, `asked_enough`, `nothing_named`, `not_of_the_buyer`.
    """
    lock(dispute)
    course.require_arbiter(dispute, by)
    require(dispute.state == DisputeState.REVIEW and not dispute.is_overdue(at), "wrong_moment", course.WRONG_MOMENT)
    require(
        whom in Question.Whom.values and kind in Question.Kind.values and bool(item.strip()) and bool(reason.strip()),
        "nothing_named",
        _("Name the one thing that is missing, who has it, and what it is to show."),
    )
    require(
        kind != Question.Kind.RECORD or whom != Question.Whom.BUYER,
        "not_of_the_buyer",
        _("Records are kept by the shop or its supplier; ask the buyer for one thing."),
    )
    asked = dispute.questions.filter(whom=whom).count()
    require(asked < MOST, "asked_enough", _("Each side is asked twice at most. Decide with what is in the file."))
    question = Question.objects.create(
        dispute=dispute, whom=whom, kind=kind, item=item.strip(), reason=reason.strip(), by=by, at=at
    )
    change(dispute, left=course.what_is_left(dispute, at), waits_for=whom)
    variant = "supplier" if whom == Question.Whom.SUPPLIER else "party"
    data = {"question": question.pk, "whom": whom, "kind": kind}
    span = course.span_of(dispute, "ITEM", variant)
    enter(dispute, DisputeState.QUESTIONED, by=by, at=at, span=span, data=data)
    if whom == Question.Whom.BUYER:
        budget.stand_still(dispute, at=at)
    return question


@verb
def answer(dispute: Dispute, *, text: str, by: Any, at: datetime, attachments: Sequence[Attachment] = ()) -> None:
    """Whoever was asked gives it, or says why not; it is part of the file, and the review goes on.

    `ValidationError` on `text` where nothing is said and nothing given. Refused: `not_your_turn`, `wrong_moment`.
    """
    lock(dispute)
    side = course.require_side(dispute, by)
    question = current(dispute)
    require(
        question is not None and dispute.state == DisputeState.QUESTIONED and not dispute.is_overdue(at),
        "wrong_moment",
        course.WRONG_MOMENT,
    )
    assert question is not None  # noqa: S101 - asked above
    require(question.side == side, "not_your_turn", _("The other side is asked."))
    hearing.submit(dispute, text=text, attachments=attachments, answers=question.item, by=by, at=at)
    change(question, answered_by=by, answered_at=at)
    _go_on(dispute, question, by=by, at=at)


def unanswered(dispute: Dispute, *, at: datetime) -> None:
    """The time to answer ran out: that is in the file, may be weighed, and decides nothing by itself."""
    question = current(dispute)
    assert question is not None  # noqa: S101 - a case in this state has an open question
    change(question, is_unanswered=True, answered_at=at)
    evidence.enter_silence(dispute, question, at=at)
    note(dispute, "dispute.not_answered", by=None, at=at, data={"question": question.pk, "whom": question.whom})
    _go_on(dispute, question, by=None, at=at)


def drop(dispute: Dispute, *, at: datetime) -> None:
    """The case went another way while something was asked for: nobody owes an answer any more."""
    question = current(dispute)
    if question is not None:
        change(question, answered_at=at)


def current(dispute: Dispute) -> Question | None:
    """What is asked for now."""
    return dispute.questions.filter(answered_at=None).first()


def _go_on(dispute: Dispute, question: Question, *, by: Any, at: datetime) -> None:
    if question.side == Side.BUYER:
        budget.go_on(dispute, at=at)
    course.back_to_review(dispute, event="dispute.answered", by=by, at=at, data={"question": question.pk})

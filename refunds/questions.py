"""What one side asks of the other before it answers: the shop for one thing of the buyer, or for more time.

While a question is open the shop's clock stands still; it goes on with what was left, twelve hours at least.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.models import Attachment
from refunds import bargaining, endings
from refunds.models import MOST_QUESTIONS, Question, Refund
from refunds.states import RefundState
from timeline.door import change, rearm, require, verb
from timeline.timers import RESUME_AT_LEAST

Item = Question.Item

#: What our own records show anyway; nobody has to prove it.
ON_RECORD = frozenset({Item.PAYMENT, Item.DELIVERY, Item.REVEAL, Item.TALK})
#: What nobody needs once our records prove that the goods were bad.
PROVEN_ANYWAY = frozenset({Item.ERROR, Item.RECORDING, Item.ISSUER})
#: How much longer a shop has for its supplier's answer, and never above what in all (timers: SELLER_RESPONSE).
LONGEST_TICKET = 80

OVER = gettext_lazy("This case cannot be answered any more: it was answered, taken back, or the time is over.")


@verb
def question(refund: Refund, *, item: str, text: str, by: Any, at: datetime, version: int | None = None) -> Question:
    """The shop asks the buyer for one thing, by name; until it is answered the shop's clock stands still.

    Refused: `not_your_turn`, `wrong_moment`, `no_such_item`, `in_our_records`, `too_many_questions`, `text_missing`,
    `void_term`.
    """
    endings.take_up(refund, version)
    require(refund.is_of_shop(by), "not_your_turn", _("Only the shop asks for something."))
    endings.require_in_time(refund, [RefundState.REQUESTED], at=at, sentence=str(OVER))
    require(item in Item.values, "no_such_item", _("Choose what you ask for."))
    require(
        item in askable(refund),
        "in_our_records",
        _("Our own records show this already; it is not the buyer's to prove."),
    )
    asked = refund.questions.count()
    require(
        asked < MOST_QUESTIONS,
        "too_many_questions",
        _("You have asked twice. Accept, offer something, or decline."),
    )
    require(bool(text.strip()), "text_missing", _("Say exactly what you need."))
    require(len(text) <= 2_000, "too_long", _("At most 2,000 characters."))
    bargaining.require_sayable(text)
    made = Question.objects.create(refund=refund, number=asked + 1, item=item, text=text.strip(), by=by, at=at)
    assert refund.deadline_at is not None  # noqa: S101 - asked above
    change(
        refund,
        answered_at=refund.answered_at or at,
        answer_left=refund.deadline_at - at,
        answer_used=refund.answer_used + (at - refund.entered_at),
    )
    span = endings.clock_of(refund, "BUYER_ANSWER")
    endings.step(refund, RefundState.QUESTIONED, by=by, at=at, span=span, data={"question": made.number, "item": item})
    return made


@verb
def answer(
    refund: Refund,
    *,
    by: Any,
    at: datetime,
    text: str = "",
    attachments: Sequence[Attachment] = (),
    has_nothing: bool = False,
    version: int | None = None,
) -> None:
    """The buyer gives what was asked for, or says that there is nothing to add; the shop's clock goes on.

    Refused: `not_your_turn`, `wrong_moment`, `nothing_said` without words, a file or `has_nothing`.
    """
    endings.take_up(refund, version)
    require(refund.is_of_buyer(by), "not_your_turn", _("Only the buyer answers."))
    endings.require_in_time(refund, [RefundState.QUESTIONED], at=at, sentence=str(OVER))
    require(
        bool(text.strip() or attachments or has_nothing),
        "nothing_said",
        _("Add a file, write something, or say that you have nothing to add."),
    )
    require(len(text) <= 2_000, "too_long", _("At most 2,000 characters."))
    if any(each.order_id != refund.order_id or each.uploader_id != by.pk for each in attachments):
        raise ValueError("These files are not this person's in this order.")
    asked = refund.questions.get(answered_at=None)
    change(asked, answered_at=at, has_nothing=has_nothing and not text.strip() and not attachments, answer=text.strip())
    if attachments:
        asked.attachments.add(*attachments)
        refund.attachments.add(*attachments)
    left = max(refund.answer_left or timedelta(0), RESUME_AT_LEAST)
    span = replace(endings.clock_of(refund, "SELLER_RESPONSE"), amount=round(left.total_seconds() / 60))
    change(refund, answer_left=None)
    data = {"question": asked.number, "nothing": asked.has_nothing, "files": len(attachments)}
    endings.step(refund, RefundState.REQUESTED, by=by, at=at, span=span, event="refund.answered", data=data)


@verb
def extend(refund: Refund, *, ticket: str, by: Any, at: datetime, version: int | None = None) -> None:
    """The shop waits for its supplier and has 24 hours longer, once, by the number of the supplier's ticket (R17).

    Never above 72 hours in all. Refused: `not_your_turn`, `wrong_moment`, `ticket_missing`, `extended_already`.
    """
    endings.take_up(refund, version)
    require(refund.is_of_shop(by), "not_your_turn", _("Only the shop asks for more time."))
    endings.require_in_time(refund, [RefundState.REQUESTED], at=at, sentence=str(OVER))
    require(
        refund.may_be_extended(),
        "extended_already",
        _("More time is given once, and never above 72 hours in all."),
    )
    require(
        0 < len(ticket.strip()) <= LONGEST_TICKET and ticket.isprintable(),
        "ticket_missing",
        _("Name the number of your supplier's ticket."),
    )
    until = refund.longer_until()
    change(refund, extended_by=ticket.strip())
    endings.remark(
        refund, event="refund.extended", by=by, at=at, data={"ticket": ticket.strip(), "until": until.isoformat()}
    )
    rearm(refund, until, at=at)


def askable(refund: Refund) -> list[str]:
    """What the shop may ask the buyer for: nothing that our own records show already."""
    shown = ON_RECORD | (PROVEN_ANYWAY if refund.is_proven() else frozenset())
    return [item.value for item in Item if item not in shown]

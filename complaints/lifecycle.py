"""The story of a complaint: hear · take · link · open case · say · answer · hand in · close · follow · lapse.

It is its own root, and locked before the sale that it is about. It decides nothing and pays nothing: the mall's own
case does, once, and the answer outside is what came of it. Amounts are fen.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints import words
from complaints.models import ANSWERING, Complaint, External, Heard, Source, Word, is_late
from complaints.outside import Nudge, Stage, Told
from complaints.states import ComplaintState
from ledger.models import Payment, Payout
from orders.models import Order, Unit
from refunds import lifecycle as refunds
from refunds import outside as paid_outside
from refunds.models import Refund
from refunds.states import REFUND
from timeline import numbers
from timeline.door import begin, change, enter, lock, note, rearm, require, verb
from timeline.spans import Span, days, deadline, hours, working_days

log = logging.getLogger(__name__)

#: What the outside gives us, counted from when it was made there: a first word, and the result (rules: WECHAT_FIRST,
#: WECHAT_DONE, REGULATOR_REPLY, ODR_12315; Alipay publishes no figures for merchants, so the same as WeChat Pay).
TIMES: dict[str, tuple[Span, Span]] = {
    Source.WECHAT: (hours(24), hours(72)),
    Source.ALIPAY: (hours(24), hours(72)),
    Source.AUTHORITY: (working_days(3), working_days(10)),
}
#: So long before the outside's time is over we act by ourselves where nobody has.
MARGIN = timedelta(hours=1)
#: After our answer we listen for so long; then it is over.
QUIET = days(30)
#: A complaint that is late is shouted about again after this.
AGAIN = timedelta(hours=24)
WRONG_MOMENT = gettext_lazy("This complaint has moved on meanwhile. Look at it again.")
#: The longest word on how it ended that is kept.
LONGEST_END = 500


@verb
def hear(told: Told, *, at: datetime, nudge: Nudge | None = None, by: Any = None) -> Complaint:
    """The outside says how it stands with a complaint; what it says a second time changes nothing.

    What is new is linked to our payment, its order and its case by the number of the payment. What a channel's staff
    has paid back is booked as the payout of the case.
    """
    complaint = _known(told)
    if complaint is None:
        complaint = _begin(told, by=by, at=at)
    else:
        lock(complaint)
    if nudge is not None:
        Heard.objects.create(
            source=told.source, event=nudge.event, outside_number=told.number, action=nudge.action, at=at
        )
    for paid in told.paid:
        _paid_there(complaint, paid.reference, paid.amount, at=at)
    if complaint.is_over:
        return complaint
    # Only who complained asks again: a desk that has read half of our answer waits for the rest of it.
    has_spoken = told.asks > complaint.asks
    asks_again = complaint.state == ComplaintState.ANSWERED and told.stage == Stage.WAITING and has_spoken
    change(complaint, outside_state=told.state, asks=max(complaint.asks, told.asks))
    match told.stage:
        case Stage.TAKEN_BACK:
            _end(complaint, ComplaintState.WITHDRAWN, at=at, by=by, why="")
        case Stage.OVER:
            _end(complaint, ComplaintState.CLOSED, at=at, by=by, why=told.state)
        case Stage.WAITING if asks_again:
            change(complaint, answered_at=None, due_at=max(complaint.due_at, deadline(TIMES[told.source][1], at)))
            enter(complaint, ComplaintState.WORKING, by=by, at=at, span=hours(1), event="complaint.asked_again")
            _set_clock(complaint, at=at)
    return complaint


@verb
def record(told: Told, *, order_number: str = "", by: Any, at: datetime) -> Complaint:
    """Somebody of the mall writes down what came from 12315, which has no machine.

    Refused: `not_your_turn`, `no_such_road`, `known_already`, `no_such_order`.
    """
    require(bool(by.roles & ANSWERING), "not_your_turn", _("Only agents and leads write down complaints."))
    require(told.source == Source.AUTHORITY, "no_such_road", _("Channels tell of their complaints by themselves."))
    require(_known(told) is None, "known_already", _("This number is written down already."))
    order = Order.objects.filter(number=order_number).first() if order_number else None
    require(order is not None or not order_number, "no_such_order", _("There is no order of this number."))
    complaint = hear(told, by=by, at=at)
    if order is not None and complaint.order_id is None:
        _link(complaint, order, by=by, at=at)
    return complaint


@verb
def take(complaint: Complaint, *, by: Any, at: datetime) -> None:
    """An agent sees to a complaint. Refused: `not_your_turn`, `wrong_moment`."""
    lock(complaint)
    _require_able(complaint, by)
    change(complaint, taken_by=by)
    note(complaint, "complaint.taken", by=by, at=at)


@verb
def link(complaint: Complaint, order_number: str, *, by: Any, at: datetime) -> None:
    """An agent says which order it is about, where the outside's numbers did not. Refused: `not_your_turn`,
    `wrong_moment`, `linked` once it has a case, `no_such_order`."""
    lock(complaint)
    _require_able(complaint, by)
    require(complaint.refund_id is None, "linked", _("It is linked to a case already."))
    order = Order.objects.filter(number=order_number.strip()).first()
    require(order is not None, "no_such_order", _("There is no order of this number."))
    assert order is not None  # noqa: S101 - asked above
    _link(complaint, order, by=by, at=at)


@verb
def open_case(
    complaint: Complaint, units: Sequence[Unit], *, reason: str, amount: int | None = None, by: Any, at: datetime
) -> Refund:
    """An agent files the mall's own case for whoever complained outside: the same form, rules and clocks as by hand.

    Refused: `not_your_turn`, `wrong_moment`, `no_order`, `linked`, and all that `refunds.ask` refuses.
    """
    lock(complaint)
    _require_able(complaint, by)
    require(complaint.order is not None, "no_order", _("First say which order it is about."))
    require(complaint.refund_id is None, "linked", _("It is linked to a case already."))
    assert complaint.order is not None  # noqa: S101 - asked above
    text = words.sendable(complaint, complaint.text)[:2000]
    refund = refunds.ask(
        order=complaint.order,
        units=units,
        reason=reason,
        amount=amount,
        text=text,
        complaint=complaint.number,
        by=by,
        at=at,
    )
    change(complaint, refund=refund, taken_by=complaint.taken_by or by)
    note(complaint, "complaint.case_opened", by=by, at=at, data={"refund": refund.number})
    return refund


@verb
def say(complaint: Complaint, text: str = "", *, by: Any, at: datetime) -> Word:
    """A word outside before there is a result; nothing said: that it has arrived and what the case waits for.

    Refused: `not_your_turn`, `wrong_moment`, `text_wrong`.
    """
    lock(complaint)
    _require_able(complaint, by)
    return _say(complaint, text or words.first_word(complaint), by=by, at=at)


@verb
def answer(
    complaint: Complaint, text: str = "", *, reasons: str = "", sha256: str | None = None, by: Any, at: datetime
) -> Word:
    """The answer is the internal result, in our words or in those of whoever answers; it can be given once a round.

    `sha256` is of the text that was shown before. Without a case a lead says no, with reasons. Refused:
    `not_your_turn`, `wrong_moment`, `case_undecided`, `reasons_missing`, `text_wrong`, `answer_changed`.
    """
    lock(complaint)
    _require_able(complaint, by)
    result, said = answer_now(complaint, text, reasons=reasons)
    require(
        result.is_final, "case_undecided", _("The case is not decided yet. Say a word meanwhile; the answer follows.")
    )
    if result.needs_reasons:
        require(
            len(reasons.strip()) >= words.SHORTEST_REASON and by.has_role("lead"),
            "reasons_missing",
            _("Open a case for it. A no without a case is for a lead, with reasons of 20 characters at least."),
        )
    require(
        sha256 in (None, words.digest(said)), "answer_changed", _("The result has changed meanwhile. Read it again.")
    )
    return _answer(complaint, result, said, by=by, at=at)


def answer_now(complaint: Complaint, text: str = "", *, reasons: str = "") -> tuple[words.Result, str]:
    """The result as it is now, and the text as it would go out; nothing is stored."""
    result = words.result_of(complaint)
    found = text.strip() or (words.refusal(complaint, reasons) if result.needs_reasons else result.text)
    return result, words.sendable(complaint, found)


@verb
def hand_in(word: Word, *, by: Any, at: datetime) -> None:
    """The paper with our answer was taken to the authority. Refused: `not_your_turn`, `wrong_moment`."""
    complaint = word.complaint
    lock(complaint)
    word.refresh_from_db()
    require(complaint.is_for(by), "not_your_turn", _("Only agents and leads answer complaints."))
    require(word.sent_at is None and not complaint.has_channel, "wrong_moment", WRONG_MOMENT)
    change(word, sent_at=at)
    note(complaint, "complaint.handed_in", by=by, at=at, data={"word": word.number})


@verb
def close(complaint: Complaint, *, end: str, by: Any, at: datetime) -> None:
    """The authority has closed it; a person says how. Refused: `not_your_turn`, `wrong_moment`, `reasons_missing`."""
    lock(complaint)
    require(complaint.is_for(by), "not_your_turn", _("Only agents and leads answer complaints."))
    is_now = complaint.state == ComplaintState.ANSWERED and not complaint.has_channel
    require(is_now, "wrong_moment", WRONG_MOMENT)
    require(bool(end.strip()), "reasons_missing", _("Say how it ended there."))
    _end(complaint, ComplaintState.CLOSED, at=at, by=by, why=end.strip())


@verb
def lapse(complaint: Complaint, *, limit: str, at: datetime) -> None:
    """Whatever people leave undone, the clock takes further.

    A channel hears a first word by itself before its time is over, and the result where the case is decided; what is
    not decided then is an alarm, again and again. Thirty days after our answer it is over.
    """
    lock(complaint)
    if complaint.machine.limits.get(complaint.state) != limit or not complaint.is_overdue(at):
        return  # somebody was faster
    if complaint.state == ComplaintState.ANSWERED:
        _end(complaint, ComplaintState.CLOSED, at=at, by=None, why="")
        return
    _note_late(complaint, at=at)
    result = words.result_of(complaint)
    is_near = at >= complaint.due_at - MARGIN
    if is_near and result.is_final and not result.needs_reasons and complaint.has_channel:
        _answer(complaint, result, words.sendable(complaint, result.text), by=None, at=at)
        return
    if complaint.state == ComplaintState.ARRIVED and complaint.has_channel:
        _say(complaint, words.first_word(complaint), by=None, at=at)
        return
    log.critical("complaint %s is not answered", complaint.number)
    note(complaint, "complaint.late", by=None, at=at, data={"due_at": complaint.due_at.isoformat()})
    rearm(complaint, complaint.due_at if at < complaint.due_at else at + AGAIN, at=at)


@verb
def follow(complaint: Complaint, *, at: datetime) -> None:
    """What became of the sale since: a case that was filed meanwhile is this one's; that it is decided is told once."""
    lock(complaint)
    if not complaint.is_waiting():
        return
    if complaint.refund_id is None and complaint.order is not None and (found := _case_of(complaint.order)) is not None:
        change(complaint, refund=found)
        note(complaint, "complaint.case_found", by=None, at=at, data={"refund": found.number})
    for external in complaint.externals.filter(booked=0).order_by("pk"):
        _book(complaint, external, at=at)
    refund = complaint.refund
    if refund is not None and refund.state in REFUND.terminal and complaint.decided_seen_at is None:
        change(complaint, decided_seen_at=at)
        data = {"refund": refund.number, "amount": refund.approved or 0}
        note(complaint, "complaint.case_decided", by=None, at=at, data=data)


# Steps that the verbs share


def _known(told: Told) -> Complaint | None:
    """The round of this complaint that is open, or the last one if it has not been made anew since."""
    found = Complaint.objects.filter(source=told.source, outside_number=told.number).order_by("-round").first()
    is_new_round = found is not None and found.is_over and told.stage == Stage.WAITING and told.asks > found.asks
    return None if is_new_round else found


def _begin(told: Told, *, by: Any, at: datetime) -> Complaint:
    first, whole = TIMES[told.source]
    last = Complaint.objects.filter(source=told.source, outside_number=told.number).order_by("-round").first()
    since = told.told_at if last is None else at
    due_at = told.due_at or deadline(whole, since)
    payment = Payment.objects.filter(number=told.trade_no).first() if told.trade_no else None
    if payment is not None and told.txn and payment.provider_txn not in ("", told.txn):
        payment = None  # our number with somebody else's charge is not ours
    complaint = Complaint(
        number=numbers.new("W", at),
        source=told.source,
        outside_number=told.number,
        round=1 if last is None else last.round + 1,
        asks=told.asks,
        outside_state=told.state,
        trade_no=told.trade_no,
        payment=payment,
        who=told.who,
        demand=told.demand,
        asked=told.asked,
        text=told.text,
        told_at=told.told_at,
        heard_at=at,
        first_due_at=min(told.first_due_at or deadline(first, since), due_at),
        due_at=due_at,
    )
    order = _order_of(payment)
    if order is not None:
        complaint.order, complaint.refund = order, _case_of(order)
    data = {
        "source": told.source,
        "outside_number": told.number,
        "order": order.number if order else "",
        "refund": complaint.refund.number if complaint.refund else "",
        "asked": told.asked or 0,
    }
    begin(complaint, by=by, at=at, span=hours(1), data=data)
    _set_clock(complaint, at=at)
    return complaint


def _order_of(payment: Payment | None) -> Order | None:
    if payment is None or not payment.subject.startswith("order:"):
        return None
    return Order.objects.filter(pk=int(payment.subject.partition(":")[2])).select_related("shop").first()


def _case_of(order: Order) -> Refund | None:
    """The order's case that is open, else its latest."""
    cases = Refund.objects.filter(order=order)
    return cases.open().order_by("pk").first() or cases.order_by("-pk").first()


def _link(complaint: Complaint, order: Order, *, by: Any, at: datetime) -> None:
    change(complaint, order=order, refund=_case_of(order), payment=complaint.payment or order.payment)
    data = {"order": order.number, "refund": complaint.refund.number if complaint.refund else ""}
    note(complaint, "complaint.linked", by=by, at=at, data=data)


def _set_clock(complaint: Complaint, *, at: datetime) -> None:
    """The clock of the state ends as the outside's does; before it where a machine takes our word by itself."""
    until = complaint.first_due_at if complaint.state == ComplaintState.ARRIVED else complaint.due_at
    rearm(complaint, max(until - MARGIN if complaint.has_channel else until, at), at=at)


def _say(complaint: Complaint, text: str, *, by: Any, at: datetime) -> Word:
    word = _write(complaint, words.sendable(complaint, text), kind=Word.Kind.WORD, by=by, at=at)
    change(complaint, first_word_at=complaint.first_word_at or at)
    if complaint.state == ComplaintState.ARRIVED:
        data = {"word": word.number}
        enter(complaint, ComplaintState.WORKING, by=by, at=at, span=hours(1), data=data)
        _set_clock(complaint, at=at)
    else:
        note(complaint, "complaint.said", by=by, at=at, data={"word": word.number})
    return word


def _answer(complaint: Complaint, result: words.Result, text: str, *, by: Any, at: datetime) -> Word:
    _note_late(complaint, at=at)
    word = _write(complaint, text, kind=Word.Kind.RESULT, outcome=result.outcome, amount=result.amount, by=by, at=at)
    change(complaint, answered_at=at, first_word_at=complaint.first_word_at or at)
    data = {"word": word.number, "outcome": result.outcome, "amount": result.amount, "sha256": word.sha256}
    enter(complaint, ComplaintState.ANSWERED, by=by, at=at, span=QUIET, data=data)
    return word


def _write(
    complaint: Complaint, text: str, *, kind: str, by: Any, at: datetime, outcome: str = "", amount: int = 0
) -> Word:
    longest = words.LONGEST[Source(complaint.source)]
    require(
        0 < len(text) <= longest, "text_wrong", _("Say something, in %(most)s characters at most.") % {"most": longest}
    )
    return Word.objects.create(
        complaint=complaint,
        number=numbers.new("V", at),
        kind=kind,
        outcome=outcome,
        amount=amount,
        text=text,
        sha256=words.digest(text),
        by=by,
        at=at,
        next_try_at=at if complaint.has_channel else None,
    )


def _paid_there(complaint: Complaint, reference: str, amount: int, *, at: datetime) -> None:
    """A refund that the outside tells of: ours is known by its number; any other the channel's staff has made."""
    if Payout.objects.filter(number=reference).exists():
        return
    external, is_new = External.objects.get_or_create(
        complaint=complaint, reference=reference, defaults={"amount": amount, "at": at}
    )
    if is_new:
        _book(complaint, external, at=at)
        data = {"amount": amount, "booked": external.booked, "reference": reference}
        note(complaint, "complaint.paid_outside", by=None, at=at, data=data)


def _book(complaint: Complaint, external: External, *, at: datetime) -> None:
    if complaint.order is None:
        return
    cause = f"{complaint.address}:{external.pk}"
    booked = paid_outside.paid_by_channel(
        complaint.order, reference=external.reference, amount=external.amount, cause=cause, at=at
    )
    if booked:
        change(external, booked=booked)
        if complaint.refund is not None:
            complaint.refund.refresh_from_db()


def _end(complaint: Complaint, state: str, *, at: datetime, by: Any, why: str) -> None:
    _note_late(complaint, at=at)
    change(complaint, closed_at=at, end=why[:LONGEST_END])
    enter(complaint, state, by=by, at=at, data={"end": why[:LONGEST_END]} if why else None)


def _note_late(complaint: Complaint, *, at: datetime) -> None:
    if complaint.late_at is None and is_late(complaint, at):
        change(complaint, late_at=at)


def _require_able(complaint: Complaint, by: Any) -> None:
    require(complaint.is_for(by), "not_your_turn", _("Only agents and leads answer complaints."))
    require(complaint.is_waiting(), "wrong_moment", WRONG_MOMENT)

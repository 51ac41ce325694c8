"""Each act of a case by its name, with the words that it takes: pages and API call the same verb with the same words.

`words` hold what a form or a body said, by name; `attachments` are files of the order that the person gave before.
Sums are fen per place of a unit within the order. A word that is missing is empty, and the verb says what it needs.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from disputes import (
    appeals,
    lifecycle,
    neutrals,
    penalties,
    proposals,
    questions,
    rulings,
    suspension,
)
from disputes.models import Appeal, Dispute, Evidence
from disputes.states import DisputeState
from timeline.refusals import Refused

Words = Mapping[str, Any]
Act = Callable[..., Any]


def act(name: str, dispute: Dispute, words: Words, *, by: Any, at: datetime) -> None:
    """Do what `name` says in the case; what the verb refuses is refused."""
    ACTS[name](dispute, words, by=by, at=at)


def _extend(dispute: Dispute, words: Words, **who: Any) -> None:
    lifecycle.extend(dispute, need=words.get("need", ""), **who)


def _challenge(dispute: Dispute, words: Words, **who: Any) -> None:
    lifecycle.challenge(dispute, ground=words.get("ground", ""), text=words.get("text", ""), **who)


def _answer(dispute: Dispute, words: Words, **who: Any) -> None:
    questions.answer(dispute, text=words.get("text", ""), attachments=words.get("attachments", ()), **who)


def _agree(dispute: Dispute, words: Words, **who: Any) -> None:
    proposals.agree(dispute, sha256=words.get("sha256", ""), **who)


def _refuse(dispute: Dispute, words: Words, **who: Any) -> None:
    proposals.refuse(dispute, **who)


def _last_offer(dispute: Dispute, words: Words, **who: Any) -> None:
    proposals.give_last_offer(dispute, amount=words.get("amount") or 0, **who)


def _waive(dispute: Dispute, words: Words, **who: Any) -> None:
    lifecycle.waive(dispute, **who)


def _go_outside(dispute: Dispute, words: Words, **who: Any) -> None:
    suspension.go_outside(dispute, **who)


def _appeal(dispute: Dispute, words: Words, **who: Any) -> None:
    appeals.file(
        dispute,
        ground=words.get("ground", ""),
        text=words.get("text", ""),
        late_because=words.get("late_because", ""),
        attachments=words.get("attachments", ()),
        **who,
    )


def _answer_appeal(dispute: Dispute, words: Words, **who: Any) -> None:
    appeals.answer(
        _open_appeal(dispute),
        text=words.get("text", ""),
        joined_ground=words.get("joined_ground", ""),
        joined_text=words.get("joined_text", ""),
        attachments=words.get("attachments", ()),
        **who,
    )


def _withdraw_appeal(dispute: Dispute, words: Words, **who: Any) -> None:
    appeals.withdraw(_open_appeal(dispute), **who)


def _unmask(dispute: Dispute, words: Words, **who: Any) -> None:
    lifecycle.unmask(dispute, reason=words.get("reason", ""), **who)


def _ask(dispute: Dispute, words: Words, **who: Any) -> None:
    named = {name: words.get(name, "") for name in ("whom", "kind", "item", "reason")}
    questions.ask(dispute, **named, **who)


def _propose(dispute: Dispute, words: Words, **who: Any) -> None:
    grants = _by_unit(dispute, words.get("grants") or {})
    proposals.propose(dispute, grants=grants, text=words.get("text", ""), **who)


def _dismiss(dispute: Dispute, words: Words, **who: Any) -> None:
    lifecycle.dismiss(dispute, ground=words.get("ground", ""), reasons=words.get("reasons", ""), **who)


def _refer(dispute: Dispute, words: Words, **who: Any) -> None:
    neutrals.refer(dispute, **who)


def _recuse(dispute: Dispute, words: Words, **who: Any) -> None:
    if dispute.state == DisputeState.APPEALED:
        appeals.recuse(_open_appeal(dispute), **who)
    else:
        lifecycle.recuse(dispute, **who)


def _suspend(dispute: Dispute, words: Words, **who: Any) -> None:
    suspension.suspend(dispute, because=words.get("because", ""), reference=words.get("reference", ""), **who)


def _renew(dispute: Dispute, words: Words, **who: Any) -> None:
    suspension.renew(dispute, reason=words.get("reason", ""), **who)


def _resume(dispute: Dispute, words: Words, **who: Any) -> None:
    suspension.resume(dispute, **who)


def _admit(dispute: Dispute, words: Words, **who: Any) -> None:
    appeals.admit(_open_appeal(dispute), **who)


def _turn_away(dispute: Dispute, words: Words, **who: Any) -> None:
    appeals.turn_away(_open_appeal(dispute), formal=words.get("formal", ""), **who)


def _vote(dispute: Dispute, words: Words, **who: Any) -> None:
    appeals.vote(
        _open_appeal(dispute),
        word=words.get("word", ""),
        reasons=words.get("reasons", ""),
        shares=words.get("shares") or {},
        grants=_by_unit(dispute, words.get("grants") or {}),
        compensation=words.get("compensation"),
        **who,
    )


def _penalize(dispute: Dispute, words: Words, **who: Any) -> None:
    penalties.propose(
        dispute,
        ground=words.get("ground", ""),
        amount=words.get("amount") or 0,
        text=words.get("text", ""),
        **who,
    )


def _settle_penalty(dispute: Dispute, words: Words, **who: Any) -> None:
    open_one = dispute.penalties.filter(is_imposed=None).order_by("pk").first()
    if open_one is None:
        raise Refused("wrong_moment", _("This was decided already."))
    penalties.settle(open_one, agrees=bool(words.get("agrees")), **who)


#: By the name under which `choices.actions_for` offers it.
ACTS: dict[str, Act] = {
    "extend": _extend,
    "challenge": _challenge,
    "answer": _answer,
    "agree": _agree,
    "refuse": _refuse,
    "last_offer": _last_offer,
    "waive": _waive,
    "go_outside": _go_outside,
    "appeal": _appeal,
    "answer_appeal": _answer_appeal,
    "withdraw_appeal": _withdraw_appeal,
    "unmask": _unmask,
    "ask": _ask,
    "propose": _propose,
    "dismiss": _dismiss,
    "refer": _refer,
    "recuse": _recuse,
    "suspend": _suspend,
    "renew": _renew,
    "resume": _resume,
    "admit": _admit,
    "turn_away": _turn_away,
    "vote": _vote,
    "penalize": _penalize,
    "settle_penalty": _settle_penalty,
}


def replied_to(dispute: Dispute, pk: int | None) -> Evidence | None:
    """The item of the file that a statement answers to."""
    if pk is None:
        return None
    found = dispute.evidence.filter(pk=pk).first()
    if found is None:
        raise Refused(
            "no_such_evidence", _("You can answer to what the other side or the mall has put into this file.")
        )
    return found


def _open_appeal(dispute: Dispute) -> Appeal:
    appeal = appeals.of(dispute)
    if appeal is None:
        raise Refused("wrong_moment", _("There is no appeal that waits for anything."))
    return appeal


def _by_unit(dispute: Dispute, grants: Mapping[int, int]) -> dict[int, int]:
    """Sums per place as sums per unit id; a place that the case is not about is nobody's unit."""
    places = {item.unit.place: item.unit_id for item in rulings.items_of(dispute.refund)}
    return {places.get(place, -place): amount for place, amount in grants.items()}

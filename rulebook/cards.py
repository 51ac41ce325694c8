"""A decision as people read it: one sentence, the arithmetic line by line, who pays, by which rules and laws."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from rulebook import explanations, words
from rulebook.arithmetic import WHOLE
from rulebook.book import Book
from rulebook.decisions import Decision, Line, Outcome

#: What a line adds to the result or takes from it, by its code: names of its numbers, a minus before what is taken.
SUMS: Mapping[str, tuple[str, ...]] = {
    "FEE": ("-fee_fen",),
    "FEE_ON_REMAINDER": ("-fee_fen",),
    "SHARED": ("-deducted_fen",),
    "FRAUD_55": ("paid_fen", "comp_fen"),
    # These only lead to another line, or name what a person may find.
    "MINOR_VALID_CONTRACT": (),
    "RANGE": (),
    "FRAUD_NEEDS_PANEL": (),
}
#: For every other line, the first of these that it has.
USUAL = ("comp_fen", "refund_fen", "paid_fen")
#: Outcomes that pay nothing now, so that no line has a sum.
NO_SUMS = frozenset({"HOLD", "ESCALATE", "ASSIST", "REISSUE"})


def card(decision: Decision, book: Book) -> dict[str, Any]:
    """The decision for the component `decision.html`; amounts in fen, in the language now active."""
    amounts = sums(decision.lines, decision.outcome)
    return {
        "outcome": outcome(decision),
        "amount": decision.refund + decision.compensation,
        "lines": [
            {"text": explanations.sentence(line), "rule": line.rule, "amount": amount}
            for line, amount in zip(decision.lines, amounts, strict=True)
        ],
        "payers": payers(decision),
        "rules": rules(decision, book),
        "version": decision.version,
    }


def outcome(decision: Decision) -> str:
    """What it comes to, in one sentence."""
    told = str(words.OUTCOMES[decision.outcome])
    if decision.outcome is Outcome.ESCALATE and decision.suggest is not None:
        return _("%(outcome)s. The hint of the rules: %(sum)s.") % {
            "outcome": told,
            "sum": words.yuan(decision.suggest),
        }
    if decision.compensation and decision.refund:
        return _("%(outcome)s, and %(sum)s of compensation on top.") % {
            "outcome": told,
            "sum": words.yuan(decision.compensation),
        }
    if decision.fee:
        return _("%(outcome)s of %(fee)s.") % {"outcome": told, "fee": words.yuan(decision.fee)}
    return _("%(outcome)s.") % {"outcome": told}


def sums(lines: Sequence[Line], decided: str) -> list[int | None]:
    """What each line adds to the result, in fen; all together they are what goes back, compensation included.

    One loss is compensated once: of several lines with a compensation the last, the highest, counts.
    """
    if decided in NO_SUMS:
        return [None] * len(lines)
    found = [_sum(line) for line in lines]
    compensating = [place for place, line in enumerate(lines) if any(name == "comp_fen" for name, _ in line.numbers)]
    for place in compensating[:-1]:
        found[place] = None
    return found


def _sum(line: Line) -> int | None:
    numbers = dict(line.numbers)
    names = SUMS.get(line.code)
    if names is None:
        names = tuple(name for name in USUAL if name in numbers)[:1]
    if not names:
        return None
    return sum(-int(numbers[name[1:]]) if name.startswith("-") else int(numbers[name]) for name in names)


def payers(decision: Decision) -> list[dict[str, Any]]:
    """Who carries it before any recourse, compensation included."""
    carried = dict(decision.payers)
    if decision.compensation and decision.compensation_payer:
        carried[decision.compensation_payer] = carried.get(decision.compensation_payer, 0) + decision.compensation
    whole = sum(carried.values())
    return [
        {"name": words.PARTIES[party], "share": explanations.percent(amount * WHOLE // whole), "amount": amount}
        for party, amount in carried.items()
        if amount
    ]


def rules(decision: Decision, book: Book) -> list[dict[str, str]]:
    """The rules behind it, and then the law."""
    return [{"id": rule_id, "text": words.rule(rule_id, book)} for rule_id in decision.rules] + [
        {"id": _("law"), "text": explanations.source(source)} for source in decision.basis
    ]

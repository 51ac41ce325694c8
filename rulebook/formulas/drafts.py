"""What every formula does with a draft: pay, refuse, leave it to a person, compensate."""

from __future__ import annotations

from rulebook.arithmetic import ceiled, floored
from rulebook.cases import Case, Draft
from rulebook.decisions import Line, Outcome, Route

#: The most that such an addition comes to, for one unit; it stands in no data file.
COMPENSATION_CAP_FEN = 5000


def pay(case: Case, rule: str, refund: int, line: Line, remedies: tuple[str, ...] = ("REFUND",)) -> Draft:
    """A draft that pays `refund` under `rule`."""
    draft = Draft(Outcome.FULL, [rule], [line], case.reason.default_class, remedies)
    give(draft, refund, case.claim.paid)
    return draft


def refuse(case: Case, rule: str, line: Line) -> Draft:
    """A draft that says no under `rule`."""
    return Draft(Outcome.DENY, [rule], [line], case.reason.default_class, ("DENY",))


def person(case: Case, rule: str, line: Line, suggest: int) -> Draft:
    """A draft that leaves the sum to a person, with a hint."""
    return Draft(
        Outcome.ESCALATE,
        [rule],
        [line],
        case.reason.default_class,
        ("ESCALATE_HUMAN",),
        route=Route.HUMAN,
        suggest=suggest,
    )


def doubt(
    case: Case,
    rules: list[str],
    missing: list[str],
    *,
    lines: list[Line] | None = None,
    suggest: int | None = None,
    fault_class: str | None = None,
    rule: str | None = None,
) -> Draft:
    """A draft for a case in which something is not known: the burden of proof decides, weighed by a person."""
    draft = Draft(
        Outcome.ESCALATE, list(rules), list(lines or ()), fault_class or case.reason.default_class, ("ESCALATE_HUMAN",)
    )
    hand_over(case, draft, missing, suggest=suggest, rule=rule)
    return draft


def hand_over(
    case: Case, draft: Draft, missing: list[str], *, suggest: int | None = None, rule: str | None = None
) -> None:
    """Give the draft to a person, and say which facts are missing."""
    rule = rule or case.book.person_rule
    draft.outcome, draft.route, draft.remedies = Outcome.ESCALATE, Route.HUMAN, ("ESCALATE_HUMAN",)
    draft.refund = draft.fee = draft.compensation = 0
    draft.suggest = suggest
    if rule not in draft.rules:
        draft.rules.append(rule)
    draft.lines.extend(Line("FACT_MISSING", rule, (("fact", name),)) for name in missing)
    if not missing:
        draft.lines.append(Line("PERSON_DECIDES", rule))


def preceded(line: Line, draft: Draft) -> Draft:
    """The draft, under the rule of `line` that led to it."""
    draft.rules.insert(0, line.rule)
    draft.lines.insert(0, line)
    return draft


def give(draft: Draft, refund: int, paid: int) -> None:
    """Set the refund and name the outcome: all, less a fee, a part, or nothing."""
    draft.refund = refund
    if draft.fee:
        draft.outcome = Outcome.FEE_DEDUCTED
    elif refund == paid:
        draft.outcome = Outcome.FULL
    elif refund:
        draft.outcome = Outcome.PARTIAL
    else:
        draft.outcome, draft.remedies = Outcome.DENY, ("DENY",)


def compensate(draft: Draft, rule: str, sum_fen: int, line: Line) -> None:
    """Add a compensation. One loss is compensated once: of several headings the highest counts."""
    if sum_fen > draft.compensation:
        draft.compensation = sum_fen
        draft.rules.append(rule)
        draft.lines.append(line)


def compensate_share(case: Case, draft: Draft, rule: str, bp: int) -> None:
    """Add a share of the price as compensation, rounded up and then capped."""
    sum_fen = min(ceiled(case.claim.paid, bp), COMPENSATION_CAP_FEN)
    numbers = (
        ("paid_fen", case.claim.paid),
        ("comp_bp", bp),
        ("cap_fen", COMPENSATION_CAP_FEN),
        ("comp_fen", sum_fen),
    )
    compensate(draft, rule, sum_fen, Line(rule, rule, numbers))


def used_part(case: Case, price: int) -> tuple[int, int, int] | None:
    """How much is consumed, of how much, and what that is worth at `price` fen, rounded down."""
    consumed, total = case.number("consumed"), case.number("total")
    if consumed is None or total is None:
        return None
    return consumed, total, floored(price, consumed, total)


def unknown(case: Case, *names: str) -> list[str]:
    """Which of these facts nobody knows."""
    return [name for name in names if case.facts.get(name) is None]

"""The formulas that ask the matrix: which row rules, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from rulebook.arithmetic import WHOLE, floored
from rulebook.cases import Case, Draft
from rulebook.decisions import Line, Outcome
from rulebook.formulas.drafts import doubt, give, hand_over, unknown, used_part
from rulebook.formulas.lateness import compensate_delay
from rulebook.matrix import Row, met


def matrix(case: Case) -> Draft:
    """The tier row of the reason's own class."""
    return by_row(case, case.reason.default_class)


def matrix_as_revealed(case: Case) -> Draft:
    """An account banned for what happened before the sale is judged as if it had never been used."""
    return by_row(case, case.reason.default_class, state="REVEALED_UNUSED")


def buyer_reason(case: Case) -> Draft:
    """The buyer's own reasons: a mistake, a change of mind. Only here do levels count."""
    return by_row(case, "BUYER")


def force_majeure(case: Case) -> Draft:
    """Nobody's fault: what was not performed goes back, without compensation."""
    return by_row(case, "FORCE_MAJEURE")


def by_row(case: Case, fault_class: str, *, state: str | None = None) -> Draft:
    """What the tier row of `fault_class` gives, by precedence: law, condition, kind, state, level.

    Law is a floor, not a ceiling: where a voluntary row gives the buyer more than the statutory one, it counts. And
    where the answer is "no", but a stronger row would give something if a fact nobody knows were true, a person looks.
    """
    claim = case.claim
    facts = case.facts
    chosen: list[Row] = []
    open_rows: list[Row] = []
    for row in case.book.matrix.candidates(fault_class, claim.kind, state or claim.state, claim.level):
        holds = met(row, facts)
        if row.when and holds is not None:
            # A fact that rules a row out counts as much as one that lets it in.
            case.heard(row.when)
        if holds is None:
            open_rows.append(row)
        elif holds:
            chosen.append(row)
            if not row.statutory:
                break
    if not chosen:
        return doubt(case, [], [], fault_class="UNDETERMINED")
    draft = apply(case, chosen[0], fault_class)
    for row in chosen[1:]:
        other = apply(case, row, fault_class)
        if draft.outcome is not Outcome.ESCALATE and other.refund > draft.refund:
            draft = other
    if draft.outcome is Outcome.DENY:
        for row in open_rows:
            better = apply(case, row, fault_class)
            if better.outcome is not Outcome.DENY:
                missing = unknown(case, *(name for name, _ in row.when))
                hope = better.suggest if better.outcome is Outcome.ESCALATE else better.refund
                return doubt(case, draft.rules, missing, lines=draft.lines, suggest=hope, fault_class=fault_class)
    if claim.state == "UNDELIVERED" and state is None:
        compensate_delay(case, draft, "elapsed_min")
    return draft


def apply(case: Case, row: Row, fault_class: str) -> Draft:
    """What one row gives."""
    paid = case.claim.paid
    draft = Draft(Outcome.FULL, [row.id], [], fault_class, row.remedies)
    bp = row.refund_bp
    if bp is None:
        return doubt(case, [], [], fault_class=fault_class, rule=row.id)
    if bp == 0:
        draft.outcome = next((ENDS[word] for word in row.remedies if word in ENDS), Outcome.DENY)
        draft.lines.append(Line("NOTHING_BACK", row.id))
        return draft
    if isinstance(bp, str):
        refundable = AMOUNTS[bp](case, draft)
        if refundable is None:
            return draft
    elif bp == WHOLE:
        refundable = paid
        draft.lines.append(Line("ALL_BACK", row.id, (("paid_fen", paid),)))
    else:
        kept = floored(paid, WHOLE - bp)
        refundable = paid - kept
        draft.lines.append(
            Line(
                "SHARE_BACK",
                row.id,
                (("paid_fen", paid), ("back_bp", bp), ("kept_fen", kept), ("refund_fen", refundable)),
            )
        )
    if row.fee is not None:
        charge_level(case, draft, row, refundable)
    elif row.fee_on_remainder_bp:
        # The share for stopping early pays for lost work, so the cap on fees does not apply.
        charge(draft, row.id, refundable, row.fee_on_remainder_bp, None, paid)
    else:
        charge(draft, row.id, refundable, row.fee_bp, case.book.fee_cap_fen, paid)
    return draft


def remainder(case: Case, draft: Draft) -> int | None:
    """What was paid, less the part already used; None, and a person, if that is not known."""
    part = used_part(case, case.claim.paid)
    if part is None:
        hand_over(case, draft, unknown(case, "consumed", "total"))
        return None
    consumed, total, used = part
    back = case.claim.paid - used
    numbers = (
        ("paid_fen", case.claim.paid),
        ("consumed", consumed),
        ("total", total),
        ("used_fen", used),
        ("refund_fen", back),
    )
    draft.lines.append(Line("REMAINDER", draft.rules[0], numbers))
    return back


def prepaid_cooling(case: Case, draft: Draft) -> int | None:
    """What was paid, less the used part at the price before any discount."""
    price = case.number("list_price")
    part = None if price is None else used_part(case, price)
    if price is None or part is None:
        hand_over(case, draft, unknown(case, "list_price", "consumed", "total"))
        return None
    consumed, total, used = part
    back = max(case.claim.paid - used, 0)
    numbers = (
        ("paid_fen", case.claim.paid),
        ("list_fen", price),
        ("consumed", consumed),
        ("total", total),
        ("used_fen", used),
        ("refund_fen", back),
    )
    draft.lines.append(Line("COOLING_OFF", draft.rules[0], numbers))
    return back


def charge(draft: Draft, rule: str, refundable: int, bp: int, cap: int | None, paid: int) -> None:
    """Take the fee off, rounded down and then capped, and name the outcome."""
    fee = floored(refundable, bp)
    if cap is not None:
        fee = min(fee, cap)
    if bp:
        numbers: tuple[tuple[str, int | str], ...] = (("refundable_fen", refundable), ("fee_bp", bp), ("fee_fen", fee))
        if cap is None:
            draft.lines.append(Line("FEE_ON_REMAINDER", rule, numbers))
        else:
            draft.lines.append(Line("FEE", rule, (*numbers, ("cap_fen", cap))))
    draft.fee = fee
    give(draft, refundable - fee, paid)


def charge_level(case: Case, draft: Draft, row: Row, refundable: int) -> None:
    """The fee of the buyer's level inside its window; outside it, no."""
    lane = case.book.levels[case.claim.level].lanes[row.fee or ""]
    hours = case.number(lane.fact)
    bp = lane.fee_bp
    if bp is not None and hours is None:
        fee = min(floored(refundable, bp), case.book.fee_cap_fen)
        hand_over(case, draft, [lane.fact], suggest=refundable - fee)
        return
    if bp is None or (hours is not None and hours > lane.window_h):
        draft.outcome = Outcome.DENY
        draft.rules.append("LEVEL_WINDOW")
        known = () if hours is None else (("hours", hours),)
        draft.lines = [
            Line("OUTSIDE_WINDOW" if known else "NO_WINDOW", "LEVEL_WINDOW", (*known, ("window_h", lane.window_h)))
        ]
        draft.remedies = (*(word for word in row.remedies if word != "REFUND"), "DENY")
        return
    rule = row.fee or ""
    draft.rules.append(rule)
    draft.lines.append(Line("INSIDE_WINDOW", rule, (("hours", hours or 0), ("window_h", lane.window_h))))
    charge(draft, rule, refundable, bp, case.book.fee_cap_fen, case.claim.paid)


#: What a row that pays nothing comes to, by its remedy; any other is a "no".
ENDS: Mapping[str, Outcome] = MappingProxyType({"HOLD": Outcome.HOLD, "ASSIST_ONLY": Outcome.ASSIST})

#: The amounts a row can name instead of a rate.
AMOUNTS: Mapping[str, Callable[[Case, Draft], int | None]] = MappingProxyType(
    {"REMAINDER": remainder, "PREPAID_COOLING": prepaid_cooling}
)

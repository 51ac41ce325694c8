"""What a broken promise of time comes to, beside whatever goes back."""

from __future__ import annotations

from rulebook.arithmetic import ceiled, clamped
from rulebook.cases import Case, Draft
from rulebook.decisions import Line, Outcome
from rulebook.formulas.drafts import compensate

#: Classes whose delay is their own fault.
LATE_CLASSES = frozenset({"PLATFORM", "SELLER"})


def compensate_delay(case: Case, draft: Draft, taken_name: str) -> None:
    """Add the compensation of the lateness band, if a promise was broken past its grace by a liable class."""
    if draft.fault_class not in LATE_CLASSES or not (draft.refund or draft.outcome is Outcome.COMP_ONLY):
        return
    promise, taken = case.number("promise_min"), case.number(taken_name)
    if promise is None or taken is None:
        return
    late = case.book.late
    delay, grace = taken - promise, case.book.grace(promise)
    if delay <= grace:
        return
    bp = band(late.bands, delay)
    sum_fen = min(clamped(ceiled(case.claim.paid, bp), late.comp_min_fen, late.comp_cap_fen), case.claim.paid)
    numbers = (
        ("promise_min", promise),
        ("taken_min", taken),
        ("delay_min", delay),
        ("grace_min", grace),
        ("paid_fen", case.claim.paid),
        ("comp_bp", bp),
        ("least_fen", late.comp_min_fen),
        ("cap_fen", late.comp_cap_fen),
        ("comp_fen", sum_fen),
    )
    compensate(draft, "LATE_BAND", sum_fen, Line("LATE_BAND", "LATE_BAND", numbers))


def band(bands: tuple[tuple[int | None, int], ...], value: int) -> int:
    """The rate of the first band that reaches up to `value`; the last band is open."""
    return next(bp for up_to, bp in bands if up_to is None or value <= up_to)

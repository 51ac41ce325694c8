"""What came late, short, twice, or at another price than promised."""

from __future__ import annotations

from rulebook.arithmetic import WHOLE, floored
from rulebook.cases import Case, Draft
from rulebook.claims import UNUSED
from rulebook.decisions import Line, Outcome
from rulebook.formulas.drafts import compensate_share, doubt, pay, refuse, unknown
from rulebook.formulas.lateness import band, compensate_delay
from rulebook.formulas.rows import by_row

#: What an interrupted membership adds; it stands in no data file.
INTERRUPTION_BP = 500


def late(case: Case) -> Draft:
    """Delivered too late: compensation if the goods are kept, everything back if still sealed and sent back."""
    claim = case.claim
    if claim.state == "UNDELIVERED":
        return by_row(case, case.reason.default_class)
    promise, taken = case.number("promise_min"), case.number("actual_min")
    if promise is None or taken is None:
        missing = unknown(case, "promise_min", "actual_min")
        return doubt(case, [], missing)
    grace = case.book.grace(promise)
    if taken - promise <= grace:
        numbers = (("promise_min", promise), ("taken_min", taken), ("grace_min", grace))
        return refuse(case, "LATE_WITHIN_GRACE", Line("WITHIN_GRACE", "LATE_WITHIN_GRACE", numbers))
    if claim.state == "SEALED" and case.word("choice") == "REFUND":
        draft = pay(case, "LATE_REJECT", claim.paid, Line("ALL_BACK", "LATE_REJECT", (("paid_fen", claim.paid),)))
    else:
        draft = Draft(
            Outcome.COMP_ONLY, ["LATE_KEEP"], [Line("KEPT", "LATE_KEEP")], case.reason.default_class, ("COMPENSATE",)
        )
    compensate_delay(case, draft, "actual_min")
    return draft


def prorata_units(case: Case) -> Draft:
    """The units that never came are paid back."""
    promised, delivered = case.number("promised_units"), case.number("delivered_units")
    return shortfall(case, "PRORATA_UNITS", "promised_units", promised, "delivered_units", delivered, "REISSUE")


def shortfall_face(case: Case) -> Draft:
    """The face value that was not credited is paid back, or topped up."""
    promised, actual = case.number("promised_face"), case.number("actual_face")
    return shortfall(case, "SHORTFALL_FACE", "promised_face", promised, "actual_face", actual, "TOP_UP_SHORTFALL")


def shortfall(
    case: Case, rule: str, whole_name: str, whole: int | None, good_name: str, good: int | None, remedy: str
) -> Draft:
    """What was paid, less the floored price of the part that is good."""
    if whole is None or good is None:
        return doubt(case, [rule], unknown(case, whole_name, good_name))
    paid = case.claim.paid
    good = min(good, whole)
    kept = floored(paid, good, whole)
    numbers = (
        ("paid_fen", paid),
        ("good", good),
        ("total", whole),
        ("kept_fen", kept),
        ("refund_fen", paid - kept),
    )
    return pay(case, rule, paid - kept, Line(rule, rule, numbers), remedies=("REFUND", remedy))


def shortfall_service(case: Case) -> Draft:
    """A service below its promise costs less, by the band of its deviation."""
    deviation = case.number("deviation_bp")
    if deviation is None:
        return doubt(case, ["SHORTFALL_SERVICE"], ["deviation_bp"])
    paid = case.claim.paid
    bp = band(case.book.shortfall_bands, deviation) if deviation else 0
    kept = floored(paid, WHOLE - bp)
    numbers = (
        ("paid_fen", paid),
        ("deviation_bp", deviation),
        ("reduce_bp", bp),
        ("kept_fen", kept),
        ("refund_fen", paid - kept),
    )
    line = Line("SHORTFALL_SERVICE", "SHORTFALL_SERVICE", numbers)
    return pay(case, "SHORTFALL_SERVICE", paid - kept, line)


def price_diff(case: Case) -> Draft:
    """The difference to the price that was promised."""
    owed = case.number("should_pay_fen")
    if owed is None:
        return doubt(case, ["PRICE_DIFF"], ["should_pay_fen"])
    paid = case.claim.paid
    back = max(paid - owed, 0)
    numbers = (("paid_fen", paid), ("owed_fen", owed), ("refund_fen", back))
    return pay(case, "PRICE_DIFF", back, Line("PRICE_DIFF", "PRICE_DIFF", numbers))


def full_of_duplicate(case: Case) -> Draft:
    """The second charge or credit goes back, never more than was paid for the unit."""
    twice = case.number("duplicate_fen")
    if twice is None:
        return doubt(case, ["DUPLICATE"], ["duplicate_fen"])
    back = min(twice, case.claim.paid)
    numbers = (("duplicate_fen", twice), ("paid_fen", case.claim.paid), ("refund_fen", back))
    return pay(case, "DUPLICATE", back, Line("DUPLICATE", "DUPLICATE", numbers))


def prorata_time_comp(case: Case) -> Draft:
    """A membership that stopped midway: the rest of the term, and five percent for the trouble."""
    state = case.claim.state
    if state in UNUSED:
        return by_row(case, case.reason.default_class)
    # The term may have ended since; the interruption is still one inside the term.
    draft = by_row(case, case.reason.default_class, state="PARTIAL")
    if draft.refund:
        compensate_share(case, draft, "INTERRUPT_5PCT", INTERRUPTION_BP)
    return draft


def wait_upstream(case: Case) -> Draft | None:
    """A top-up the supplier still works on: hold, so that its value never goes out twice."""
    if case.claim.kind != "DIRECT_TOPUP" or not pending(case):
        return None
    rule = "WAIT_UPSTREAM"
    return Draft(Outcome.HOLD, [rule], [Line(rule, rule)], case.reason.default_class, ("HOLD",))


def pending(case: Case) -> bool:
    """Whether the supplier may still deliver."""
    return case.word("upstream_status") == "PENDING" and not case.flag("supplier_timeout")


def own_duplicate(case: Case) -> Draft | None:
    """A top-up the buyer ordered twice falls under the buyer's own reasons."""
    return by_row(case, "BUYER") if case.word("cause") == "BUYER" else None

"""One named function for each formula a reason can name, and the table that finds it.

Each takes a case and returns the draft of a decision. A fact that is missing never ends in a "no" by a machine: `doubt`
hands the case to a person, with a suggestion where the rest of the facts allow one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from rulebook.arithmetic import WHOLE, ceiled, clamped, floored
from rulebook.cases import Case, Draft
from rulebook.claims import PARTIES
from rulebook.decisions import Line, Outcome, Route
from rulebook.matrix import Row, met

#: What stands in no data file: the second failure of a reissued code, and an interrupted membership.
SECOND_FAILURE_BP = 1000
INTERRUPTION_BP = 500
COMPENSATION_CAP_FEN = 5000
#: From this share of bad codes in a batch on, the seller has to prove that a code was good.
BAD_BATCH_BP = 200
#: The suggestion for goods that are not as described but were used; the range itself is 10 % to 100 %.
USED_HINT_BP = 3000
#: A buyer's share above this is for a panel to find, never for a machine.
PANEL_SHARE_BP = 5000
#: Full age, and the age from which own income makes a contract valid.
ADULT = 18
OWN_INCOME_AGE = 16

UNUSED = frozenset({"UNDELIVERED", "SEALED", "REVEALED_UNUSED"})
#: Classes whose delay is their own fault.
LATE_CLASSES = frozenset({"PLATFORM", "SELLER"})


# The matrix


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


def used_part(case: Case, price: int) -> tuple[int, int, int] | None:
    """How much is consumed, of how much, and what that is worth at `price` fen, rounded down."""
    consumed, total = case.number("consumed"), case.number("total")
    if consumed is None or total is None:
        return None
    return consumed, total, floored(price, consumed, total)


def unknown(case: Case, *names: str) -> list[str]:
    """Which of these facts nobody knows."""
    return [name for name in names if case.facts.get(name) is None]


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


# Lateness


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


# Short deliveries and prices


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


# Codes


def code_used_proof(case: Case) -> Draft:
    """A code that was already used: who had it when it was redeemed decides."""
    settle = CODE_PROOFS.get(case.word("upstream_proof") or "")
    return settle(case) if settle else by_row(case, "UNDETERMINED")


def used_before_reveal(case: Case) -> Draft:
    """Redeemed before the buyer ever saw it."""
    return _code_back(case, "CODE_USED_BEFORE_REVEAL")


def used_by_buyer(case: Case) -> Draft:
    """Redeemed after the reveal, to the buyer's own account."""
    return refuse(case, "CODE_USED_BY_BUYER", Line("CODE_USED_BY_BUYER", "CODE_USED_BY_BUYER"))


def used_by_unknown(case: Case) -> Draft:
    """Nobody can say who redeemed it: the seller has 48 hours to prove it; a bad batch proves the contrary."""
    bad = case.number("batch_bad_bp") or 0
    if case.flag("seller_evidence_expired") or bad >= BAD_BATCH_BP:
        return _code_back(case, "SELLER_BURDEN", (("batch_bad_bp", bad), ("burden_bp", BAD_BATCH_BP)))
    rule = "WAIT_SELLER_EVIDENCE_48H"
    return Draft(Outcome.HOLD, [rule], [Line(rule, rule)], case.reason.default_class, ("HOLD",), route=Route.HUMAN)


def _code_back(case: Case, rule: str, numbers: tuple[tuple[str, int | str], ...] = ()) -> Draft:
    line = Line(rule, rule, (("paid_fen", case.claim.paid), *numbers))
    return pay(case, rule, case.claim.paid, line, remedies=("REFUND", "REISSUE"))


def full_after_use(case: Case) -> Draft:
    """A code taken back after it was activated: everything back, although it was used."""
    line = Line("CODE_REVOKED", "CODE_REVOKED", (("paid_fen", case.claim.paid),))
    return pay(case, "CODE_REVOKED", case.claim.paid, line)


def region_proof(case: Case) -> Draft:
    """A region lock the listing did not state is the seller's; a stated one is a mistake of the buyer."""
    stated = case.flag("listing_stated_region")
    if stated is None:
        return doubt(case, [], ["listing_stated_region"])
    rule, fault_class = ("REGION_STATED", "BUYER") if stated else ("REGION_NOT_STATED", case.reason.default_class)
    return preceded(Line(rule, rule), by_row(case, fault_class))


def adjudicated_range(case: Case) -> Draft:
    """Not as described: everything back while unused; once used, a person weighs it, 30 % as a hint."""
    if case.claim.state in UNUSED:
        return by_row(case, case.reason.default_class)
    paid = case.claim.paid
    hint = paid - floored(paid, WHOLE - USED_HINT_BP)
    rule = "RANGE_1000_10000_DEFAULT_3000"
    numbers = (("paid_fen", paid), ("hint_bp", USED_HINT_BP), ("suggest_fen", hint))
    return person(case, rule, Line("RANGE", rule, numbers), hint)


# Accounts


def account_recovered(case: Case) -> Draft:
    """The account was taken back: price and proven top-ups within the warranty; later a person decides."""
    terms = case.book.account
    days = case.number("days_since_delivery")
    if days is None:
        return doubt(case, [], ["days_since_delivery"], suggest=case.claim.paid)
    # A pledge can lengthen the warranty, never shorten it.
    warranty = max(case.number("warranty_days") or 0, terms.warranty_days)
    paid = case.claim.paid
    if days > warranty:
        rule = "ACCOUNT_RECOVERED_LATE_SELLER_FUNDED"
        return person(case, rule, Line("WARRANTY_OVER", rule, (("days", days), ("warranty_days", warranty))), paid)
    rule = "ACCOUNT_RECOVERED_WARRANTY"
    proven = case.number("proven_topup_fen") or 0
    least, most = ceiled(paid, terms.comp_min_bp), floored(paid, terms.comp_cap_bp)
    sum_fen = clamped(proven, least, most)
    draft = pay(case, rule, paid, Line("ALL_BACK", rule, (("paid_fen", paid),)))
    numbers = (
        ("days", days),
        ("warranty_days", warranty),
        ("proven_fen", proven),
        ("least_fen", least),
        ("cap_fen", most),
        ("comp_fen", sum_fen),
    )
    draft.compensation = sum_fen
    draft.lines.append(Line("ACCOUNT_LOSS", rule, numbers))
    return draft


def deny(case: Case) -> Draft:
    """The buyer's own conduct: no, said by a person."""
    draft = refuse(case, "BUYER_CONDUCT", Line("BUYER_CONDUCT", "BUYER_CONDUCT"))
    draft.route = Route.HUMAN
    return draft


def assist(case: Case) -> Draft:
    """The buyer's device: help first."""
    rule = "TROUBLESHOOT_FIRST"
    return Draft(Outcome.ASSIST, [rule], [Line(rule, rule)], case.reason.default_class, ("ASSIST_ONLY",))


# The supply side, and shared fault


def upstream_value(case: Case) -> Draft:
    """A ban or an outage upstream: the value lost, unless the buyer's own conduct caused it; shared by shares."""
    cause = case.word("cause")
    if cause == "BUYER_CONDUCT":
        return refuse(case, "UPSTREAM_BUYER_CONDUCT", Line("UPSTREAM_BUYER_CONDUCT", "UPSTREAM_BUYER_CONDUCT"))
    state = case.claim.state
    part = used_part(case, case.claim.paid)
    if cause is None and (state == "USED" or part is None):
        draft = by_row(case, case.reason.default_class)
        if state == "USED":
            # Whether the value was destroyed on the supply side is what nobody knows yet.
            draft.route = Route.HUMAN
        return draft
    if part is None:
        if state not in UNUSED:
            missing = unknown(case, "consumed", "total")
            return doubt(case, ["UPSTREAM_VALUE"], missing)
        if cause == "SUPPLY_SIDE":
            return by_row(case, case.reason.default_class)
        part = (0, 1, 0)
    consumed, total, used = part
    lost = case.claim.paid - used
    numbers = (
        ("paid_fen", case.claim.paid),
        ("consumed", consumed),
        ("total", total),
        ("used_fen", used),
        ("refund_fen", lost),
    )
    draft = pay(
        case, "UPSTREAM_VALUE", lost, Line("UPSTREAM_VALUE", "UPSTREAM_VALUE", numbers), ("REFUND", "EXTEND_TERM")
    )
    if cause == "SHARED":
        return shared(case, draft)
    if cause not in (None, "SUPPLY_SIDE"):
        return doubt(case, draft.rules, ["cause"], lines=draft.lines, suggest=lost)
    return draft


def shared(case: Case, draft: Draft) -> Draft:
    """Several caused the loss in `draft`: the buyer's part is deducted, rounded down; the others carry the rest."""
    shares = case.shares()
    lost = draft.refund
    if shares is None:
        return doubt(case, draft.rules, ["shares"], lines=draft.lines, suggest=lost)
    own = shares.get("BUYER", 0)
    deducted = floored(lost, own)
    draft.outcome = Outcome.PARTIAL
    draft.fault_class = "SHARED"
    draft.rules.append("SHARED")
    draft.refund = lost - deducted
    draft.weights = {party: shares[party] for party in PARTIES if party != "BUYER" and shares.get(party)}
    numbers = (("lost_fen", lost), ("buyer_bp", own), ("deducted_fen", deducted), ("refund_fen", draft.refund))
    draft.lines.append(Line("SHARED", "SHARED", numbers))
    if draft.refund == 0:
        draft.outcome, draft.remedies = Outcome.DENY, ("DENY",)
    if own > PANEL_SHARE_BP:
        draft.route = Route.HUMAN
    return draft


# Fraud, minors, and the legal holds: a person, always


def fraud(case: Case) -> Draft:
    """Price and three times the price, at least ¥500, once a panel has found fraud; before that a panel looks."""
    paid, terms = case.claim.paid, case.book.fraud
    sum_fen = max(terms.multiple * paid, terms.floor_fen)
    numbers = (
        ("paid_fen", paid),
        ("multiple", terms.multiple),
        ("floor_fen", terms.floor_fen),
        ("comp_fen", sum_fen),
    )
    if not case.flag("panel_finding"):
        rule = "FRAUD_NEEDS_PANEL"
        return person(case, rule, Line("FRAUD_NEEDS_PANEL", rule, numbers), paid + sum_fen)
    draft = pay(case, "FRAUD_55", paid, Line("FRAUD_55", "FRAUD_55", numbers))
    draft.compensation = sum_fen
    draft.route = Route.HUMAN
    return draft


def minor(case: Case) -> Draft:
    """A child bought: void or valid by age and sum; what is used up is shared by fault. A person, always."""
    draft = _minor(case)
    draft.route = Route.HUMAN
    return draft


def _minor(case: Case) -> Draft:
    paid, state = case.claim.paid, case.claim.state
    age = case.number("age")
    if age is None:
        return doubt(case, [], ["age"])
    if appropriate(case, age):
        rule = "MINOR_VALID_CONTRACT"
        return preceded(Line(rule, rule, (("age", age), ("paid_fen", paid))), by_row(case, "BUYER"))
    if state in UNUSED:
        line = Line("MINOR_VOID_UNUSED", "MINOR_VOID_UNUSED", (("age", age), ("paid_fen", paid)))
        return pay(case, "MINOR_VOID_UNUSED", paid, line)
    share = family_share(case, age)
    used = paid
    rule = "MINOR_SHARED_FAULT" if share else "MINOR_PROVIDER_FAULT_100"
    if state == "PARTIAL":
        rule = "MINOR_PARTIAL"
        part = used_part(case, paid)
        if part is None:
            missing = unknown(case, "consumed", "total")
            return doubt(case, [rule], missing, suggest=paid - floored(paid, share))
        used = part[2]
    carried = floored(used, share)
    numbers = (
        ("age", age),
        ("paid_fen", paid),
        ("used_fen", used),
        ("family_bp", share),
        ("family_fen", carried),
        ("refund_fen", paid - carried),
    )
    return pay(case, rule, paid - carried, Line(rule, rule, numbers))


def appropriate(case: Case, age: int) -> bool:
    """Whether the contract is valid: grown up, living on own income from 16, or a sum that fits the age."""
    terms = case.book.minor
    if age >= ADULT or (age >= OWN_INCOME_AGE and case.flag("own_income")):
        return True
    month = case.number("month_total_fen")
    if month is None:
        month = case.claim.paid
    return any(
        least <= age <= most and case.claim.paid <= single and month <= monthly
        for least, most, single, monthly in terms.appropriate
    )


def family_share(case: Case, age: int) -> int:
    """The family's share of what was used up, in basis points: none where the provider cannot show its checks."""
    terms = case.book.minor
    if not case.flag("provider_verified"):
        return 0
    found = case.number("guardian_share_bp")
    if found is None:
        return terms.share_bp_min if age < terms.void_under_age else terms.share_bp_default
    return clamped(found, terms.share_bp_min, terms.share_bp_max)


def unauthorized(case: Case) -> Draft:
    """Somebody else paid: everything back while it can still be intercepted, otherwise hold and refer."""
    if case.claim.state in ("UNDELIVERED", "SEALED"):
        rule = "UNAUTH_INTERCEPTED"
        draft = pay(case, rule, case.claim.paid, Line(rule, rule, (("paid_fen", case.claim.paid),)))
    else:
        rule = "UNAUTH_HOLD_REFER"
        draft = Draft(Outcome.HOLD, [rule], [Line(rule, rule)], case.reason.default_class, ("HOLD",))
    draft.route = Route.HUMAN
    return draft


def illegal(case: Case) -> Draft:
    """Illegal goods: the sale is void. Who knew, and used them up, gets nothing back."""
    paid, state = case.claim.paid, case.claim.state
    # Knowledge has to be shown; whoever is not shown to have known is unaware.
    if state in UNUSED or not case.flag("buyer_aware"):
        rule = "ILLEGAL_VOID_RETURN"
        draft = pay(case, rule, paid, Line(rule, rule, (("paid_fen", paid),)))
    elif state == "PARTIAL":
        rule = "ILLEGAL_AWARE_PARTIAL"
        part = used_part(case, paid)
        if part is None:
            missing = unknown(case, "consumed", "total")
            return doubt(case, [rule], missing)
        consumed, total, used = part
        numbers = (
            ("paid_fen", paid),
            ("consumed", consumed),
            ("total", total),
            ("used_fen", used),
            ("refund_fen", paid - used),
        )
        draft = pay(case, rule, paid - used, Line(rule, rule, numbers))
    else:
        draft = refuse(case, "ILLEGAL_AWARE_USED", Line("ILLEGAL_AWARE_USED", "ILLEGAL_AWARE_USED"))
    draft.route = Route.HUMAN
    return draft


# What only some reasons add, before and after their formula


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


def reissue(case: Case, draft: Draft) -> None:
    """The buyer prefers a new code: it comes within two hours, and no money moves."""
    if case.word("choice") != "REISSUE" or "REISSUE" not in draft.remedies or not draft.refund:
        return
    draft.outcome = Outcome.REISSUE
    draft.refund = draft.fee = 0
    draft.rules.append("REISSUE_2H")
    draft.lines.append(Line("REISSUE_2H", "REISSUE_2H"))


def second_failure(case: Case, draft: Draft) -> None:
    """The reissued code failed as well: ten percent on top of the money."""
    if draft.refund and (case.number("reissue_count") or 0) >= 1:
        compensate_share(case, draft, "SECOND_FAILURE", SECOND_FAILURE_BP)


# The steps they share


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


def compensate(draft: Draft, rule: str, sum_fen: int, line: Line) -> None:
    """Add a compensation. One loss is compensated once: of several headings the highest counts."""
    if sum_fen > draft.compensation:
        draft.compensation = sum_fen
        draft.rules.append(rule)
        draft.lines.append(line)


#: What a row that pays nothing comes to, by its remedy; any other is a "no".
ENDS: Mapping[str, Outcome] = MappingProxyType({"HOLD": Outcome.HOLD, "ASSIST_ONLY": Outcome.ASSIST})

#: The amounts a row can name instead of a rate.
AMOUNTS: Mapping[str, Callable[[Case, Draft], int | None]] = MappingProxyType(
    {"REMAINDER": remainder, "PREPAID_COOLING": prepaid_cooling}
)

#: Who redeemed a code, by the supplier's record.
CODE_PROOFS: Mapping[str, Callable[[Case], Draft]] = MappingProxyType(
    {
        "BEFORE_REVEAL": used_before_reveal,
        "AFTER_REVEAL_BUYER_ACCOUNT": used_by_buyer,
        "UNKNOWN": used_by_unknown,
    }
)


class Formula(NamedTuple):
    """A formula and the classes whose rows it can ask for; OWN is the reason's default class."""

    decide: Callable[[Case], Draft]
    reaches: tuple[str, ...] = ()


OWN = "OWN"

FORMULAS: Mapping[str, Formula] = MappingProxyType(
    {
        "MATRIX": Formula(matrix, (OWN,)),
        "MATRIX_AS_REVEALED": Formula(matrix_as_revealed, (OWN,)),
        "BUYER_REASON": Formula(buyer_reason, ("BUYER",)),
        "FORCE_MAJEURE": Formula(force_majeure, ("FORCE_MAJEURE",)),
        "LATE": Formula(late, (OWN,)),
        "PRORATA_UNITS": Formula(prorata_units),
        "PRORATA_TIME_COMP": Formula(prorata_time_comp, (OWN,)),
        "SHORTFALL_FACE": Formula(shortfall_face),
        "SHORTFALL_SERVICE": Formula(shortfall_service),
        "PRICE_DIFF": Formula(price_diff),
        "FULL_OF_DUPLICATE": Formula(full_of_duplicate, ("BUYER",)),
        "CODE_USED_PROOF": Formula(code_used_proof, ("UNDETERMINED",)),
        "FULL_AFTER_USE": Formula(full_after_use),
        "REGION_PROOF": Formula(region_proof, (OWN, "BUYER")),
        "ADJUDICATED_RANGE": Formula(adjudicated_range, (OWN,)),
        "ACCOUNT_RECOVERED": Formula(account_recovered),
        "DENY": Formula(deny),
        "ASSIST": Formula(assist),
        "UPSTREAM_VALUE": Formula(upstream_value, (OWN,)),
        "FRAUD": Formula(fraud),
        "MINOR": Formula(minor, ("BUYER",)),
        "UNAUTHORIZED": Formula(unauthorized),
        "ILLEGAL": Formula(illegal),
    }
)

#: By reason: what is asked before the formula; None means go on.
BEFORE: Mapping[str, Callable[[Case], Draft | None]] = MappingProxyType(
    {"NOT_DELIVERED": wait_upstream, "DUPLICATE_TOPUP": own_duplicate}
)

#: By reason: what is added after the formula, in this order.
AFTER: Mapping[str, tuple[Callable[[Case, Draft], None], ...]] = MappingProxyType(
    {"CODE_INVALID": (reissue, second_failure)}
)

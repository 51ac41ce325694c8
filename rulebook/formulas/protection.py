"""Fraud, children, stolen money and illegal goods: the law protects, and a person decides, always."""

from __future__ import annotations

from rulebook.arithmetic import clamped, floored
from rulebook.cases import Case, Draft
from rulebook.claims import UNUSED
from rulebook.decisions import Line, Outcome, Route
from rulebook.formulas.drafts import doubt, pay, person, preceded, refuse, unknown, used_part
from rulebook.formulas.rows import by_row

#: Full age, and the age from which own income makes a contract valid.
ADULT = 18

OWN_INCOME_AGE = 16


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

"""Accounts that were taken back or banned, and devices that do not play along."""

from __future__ import annotations

from rulebook.arithmetic import ceiled, clamped, floored
from rulebook.cases import Case, Draft
from rulebook.decisions import Line, Outcome, Route
from rulebook.formulas.drafts import doubt, pay, person, refuse


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

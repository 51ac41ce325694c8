"""What the supply side destroyed, and fault that several share."""

from __future__ import annotations

from rulebook.arithmetic import floored
from rulebook.cases import Case, Draft
from rulebook.claims import PARTIES, UNUSED
from rulebook.decisions import Line, Outcome, Route
from rulebook.formulas.drafts import doubt, pay, refuse, unknown, used_part
from rulebook.formulas.rows import by_row

#: A buyer's share above this is for a panel to find, never for a machine.
PANEL_SHARE_BP = 5000


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

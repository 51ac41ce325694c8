"""The engine: a claim and a rulebook go in, a decision comes out. Pure: no clock, no I/O, whole numbers only.

The order of precedence: the reason's formula over the matrix (law and conditions first, see `rulebook.matrix`),
then levels, which change fees and windows of the buyer's own reasons only; risk last, which closes the instant lane and
never changes an amount. A unit whose state is not verified leads to a person.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rulebook import law
from rulebook.arithmetic import split
from rulebook.cases import Case, Draft
from rulebook.claims import Claim, InvalidClaim, Proof
from rulebook.decisions import Decision, Line, Outcome, Route
from rulebook.formulas import AFTER, BEFORE, FORMULAS
from rulebook.formulas.deliveries import pending
from rulebook.formulas.rows import by_row

if TYPE_CHECKING:
    from rulebook.book import Book

#: From this risk score on, nothing is paid by the instant lane.
RISK_CLOSES = 60

#: Reasons about time alone: a delay that a registered outage of the platform made is the platform's own fault.
DELAYS = frozenset({"NOT_DELIVERED", "LATE_DELIVERY", "MEMBERSHIP_NOT_ACTIVATED"})

#: Outcomes that neither pay nor refuse, so that an unproven state changes nothing about them.
WAITING = frozenset({Outcome.HOLD, Outcome.ASSIST, Outcome.ESCALATE})


def decide(claim: Claim, book: Book) -> Decision:
    """What `claim` comes to under `book`: the same answer every time, for everybody.

    Raises `InvalidClaim` (`unknown_reason`) if the rulebook does not know the reason.
    """
    reason = book.reasons.get(claim.reason)
    if reason is None:
        raise InvalidClaim("unknown_reason", "reason", f"The rulebook has no reason {claim.reason!r}.")
    is_platforms = is_delay_of_platform(claim)
    case = Case(claim, book, replace(reason, default_class="PLATFORM") if is_platforms else reason)
    draft = _draft(case)
    if is_platforms and draft.fault_class == "PLATFORM":
        draft.lines.insert(0, Line("DELAY_OF_PLATFORM", draft.rules[0]))
    route = _route(case, draft)
    claimed = tuple(sorted(case.claimed))
    proven = not claimed and claim.state_proof is Proof.VERIFIED
    payer = _payer(draft.fault_class)
    weights = draft.weights or {payer: 1}
    return Decision(
        outcome=draft.outcome,
        route=route,
        fault_class=draft.fault_class,
        refund=draft.refund,
        fee=draft.fee,
        compensation=draft.compensation,
        payers=split(draft.refund, weights),
        compensation_payer=payer if draft.compensation else None,
        instant=proven and route is Route.AUTO and _instant(case, draft),
        proven=proven,
        claimed=claimed,
        remedies=draft.remedies,
        rules=tuple(draft.rules),
        lines=tuple(draft.lines),
        basis=_basis(draft, reason.basis),
        version=book.version,
        suggest=draft.suggest,
    )


def is_delay_of_platform(claim: Claim) -> bool:
    """Whether our own register shows that what came late, or not yet, would have been in time but for the platform."""
    is_known = claim.grades.get("platform_outage", Proof.VERIFIED) is Proof.VERIFIED
    return claim.reason in DELAYS and is_known and claim.facts.get("platform_outage") is True


def asks(reason: str, book: Book) -> tuple[str, ...]:
    """The facts that a claim of `reason` lives on beside the usual ones; nothing for a reason nobody knows."""
    found = book.reasons.get(reason)
    return FORMULAS[found.formula].asks if found else ()


def _draft(case: Case) -> Draft:
    """What the reason says, and what it means if nobody can say which state the unit is in."""
    reason = case.reason
    before = BEFORE.get(reason.code)
    draft = before(case) if before else None
    if draft is None:
        draft = FORMULAS[reason.formula].decide(case)
        for step in AFTER.get(reason.code, ()):
            step(case, draft)
    if draft.outcome is Outcome.DENY and draft.compensation:
        draft.outcome = Outcome.COMP_ONLY
    if case.claim.state_proof is Proof.UNKNOWN and draft.route is not Route.HUMAN and draft.outcome not in WAITING:
        asserted, draft = draft, by_row(case, "UNDETERMINED")
        if draft.outcome is Outcome.ESCALATE:
            draft.suggest = asserted.refund
        draft.route = Route.HUMAN
    return draft


def _route(case: Case, draft: Draft) -> Route:
    """Who may act: a person where a person must, a machine's figure, or a machine's "no" that a person reviews."""
    if draft.route is not None:
        return draft.route
    if draft.outcome in WAITING:
        return Route.AUTO
    if case.claim.state_proof is not Proof.VERIFIED:
        draft.lines.append(Line("STATE_NOT_VERIFIED", draft.rules[0]))
        return Route.HUMAN
    if draft.outcome is Outcome.DENY:
        # A "no" that rests on one side's word is for a person to say.
        return Route.HUMAN if case.claimed else Route.AUTO_PREDECISION
    return Route.AUTO


def _instant(case: Case, draft: Draft) -> bool:
    """Whether the instant lane is open: proven by our records, and undelivered or within the level's cap and quota."""
    claim = case.claim
    if not (case.reason.instant and draft.refund and case.flag("platform_proof")):
        return False
    if case.claimed:
        # Perhaps the proof itself is only claimed.
        return False
    if claim.kind == "DIRECT_TOPUP" and pending(case):
        return False
    if claim.state == "UNDELIVERED":
        return True
    level = case.book.levels[claim.level]
    return (
        claim.state != "USED"
        and draft.refund + draft.compensation <= level.instant_cap_fen
        and (case.number("instant_used") or 0) < level.instant_quota
        and (case.number("buyer_risk") or 0) < RISK_CLOSES
    )


def _payer(fault_class: str) -> str:
    """Who carries it before any recourse: the platform for its own fault, else the seller."""
    return "PLATFORM" if fault_class == "PLATFORM" else "SELLER"


def _basis(draft: Draft, reason: tuple[str, ...]) -> tuple[str, ...]:
    """The law behind the decision: what makes its rules statutory first, then the reason's."""
    found = [source for rule in draft.rules for source in law.RULES.get(rule, ())]
    return tuple(dict.fromkeys((*found, *reason)))

"""Codes that were used, revoked, or for another region, and goods that are not as described."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from rulebook.arithmetic import WHOLE, floored
from rulebook.cases import Case, Draft
from rulebook.claims import UNUSED
from rulebook.decisions import Line, Outcome, Route
from rulebook.formulas.drafts import compensate_share, doubt, pay, person, preceded, refuse
from rulebook.formulas.rows import by_row

#: What the second failure of a reissued code adds; it stands in no data file.
SECOND_FAILURE_BP = 1000

#: From this share of bad codes in a batch on, the seller has to prove that a code was good.
BAD_BATCH_BP = 200

#: The suggestion for goods that are not as described but were used; the range itself is 10 % to 100 %.
USED_HINT_BP = 3000


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


#: Who redeemed a code, by the supplier's record.
CODE_PROOFS: Mapping[str, Callable[[Case], Draft]] = MappingProxyType(
    {
        "BEFORE_REVEAL": used_before_reveal,
        "AFTER_REVEAL_BUYER_ACCOUNT": used_by_buyer,
        "UNKNOWN": used_by_unknown,
    }
)

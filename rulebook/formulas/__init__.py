"""The table of formulas: for each name that a reason can give, one named function.

Each takes a case and returns the draft of a decision. A fact that is missing never ends in a "no" by a machine: `doubt`
hands the case to a person, with a suggestion where the rest of the facts allow one. What two failures of a code or an
interrupted membership add stands in no data file; it stands beside its formula.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from rulebook.cases import Case, Draft
from rulebook.formulas.accounts import account_recovered, assist, deny
from rulebook.formulas.codes import (
    adjudicated_range,
    code_used_proof,
    full_after_use,
    region_proof,
    reissue,
    second_failure,
)
from rulebook.formulas.deliveries import (
    full_of_duplicate,
    late,
    own_duplicate,
    price_diff,
    prorata_time_comp,
    prorata_units,
    shortfall_face,
    shortfall_service,
    wait_upstream,
)
from rulebook.formulas.protection import fraud, illegal, minor, unauthorized
from rulebook.formulas.rows import buyer_reason, force_majeure, matrix, matrix_as_revealed
from rulebook.formulas.supply import upstream_value


class Formula(NamedTuple):
    """A formula, the classes whose rows it can ask for (OWN is the reason's default class), and the facts it lives on.

    `asks` names what a collector has to look up for this formula alone; times, proof and what a supplier answered are
    looked up for every claim.
    """

    decide: Callable[[Case], Draft]
    reaches: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()


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
        "SHORTFALL_FACE": Formula(shortfall_face, asks=("promised_face",)),
        "SHORTFALL_SERVICE": Formula(shortfall_service),
        "PRICE_DIFF": Formula(price_diff),
        "FULL_OF_DUPLICATE": Formula(full_of_duplicate, ("BUYER",)),
        "CODE_USED_PROOF": Formula(code_used_proof, ("UNDETERMINED",), asks=("batch_bad_bp",)),
        "FULL_AFTER_USE": Formula(full_after_use),
        "REGION_PROOF": Formula(region_proof, (OWN, "BUYER"), asks=("listing_stated_region",)),
        "ADJUDICATED_RANGE": Formula(adjudicated_range, (OWN,)),
        "ACCOUNT_RECOVERED": Formula(account_recovered, asks=("days_since_delivery", "warranty_days")),
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

"""What the platform itself answers for in a case, as the rules saw it when it was filed: it pays that out of its own.

Only where our own records prove its fault: two strangers who agree that the platform was at fault move none of its
money (money: platform fault). What was never delivered comes back out of escrow, whoever's fault it was, because the
shop has earned nothing with it. So does the whole price of a code that nobody saw: the code is for sale again (rules:
MX-02), and a shop that kept the price as well would gain by our fault. Shares are basis points, sums fen.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from orders import delivery
from orders.models import Unit

PLATFORM, WHOLE = "PLATFORM", 10_000


def is_mere_word(part: Mapping[str, Any]) -> bool:
    """Whether a part of a decision lays the fault to the platform and our records do not show it."""
    is_owed = part.get("refund") or part.get("comp")
    return bool(is_owed and part.get("fault") == PLATFORM and part.get("is_proven") is False)


def shares(
    decision: Mapping[str, Any],
    units: Iterable[Unit],
    grants: Mapping[int, int],
    *,
    fees: Mapping[int, int] | None = None,
    is_bad: bool = False,
) -> dict[int, int]:
    """The platform's share of what goes back for each unit, in basis points per unit id; never of more than the rules
    give on it. `fees` stay with the shop of it; `is_bad` says that the codes are called bad and never sold again."""
    places = {unit.place: unit for unit in units}
    found = {}
    for part in decision.get("parts", []):
        payers = part.get("payers") or {}
        carried, whole = payers.get(PLATFORM, 0), sum(payers.values())
        if not carried or not part.get("is_proven"):
            continue
        for place in part["places"]:
            unit = places[place]
            grant = grants.get(unit.pk, 0)
            is_whole = grant + (fees or {}).get(unit.pk, 0) >= unit.left
            if is_whole and not is_bad and delivery.is_for_sale_again(unit):
                continue
            if grant and unit.delivered_at is not None:
                found[unit.pk] = carried * WHOLE // whole * min(grant, part["entitled"]) // grant
    return found


def of_compensation(decision: Mapping[str, Any], compensation: int) -> int:
    """How much of the compensation is the platform's own to pay, in fen."""
    owed = sum(
        part["comp"] * len(part["places"])
        for part in decision.get("parts", [])
        if part.get("comp_payer") == PLATFORM and part.get("is_proven")
    )
    return min(owed, compensation)

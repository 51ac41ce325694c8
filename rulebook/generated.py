"""Cases made up by chance, the same ones for the same seed: for replays, for the bench and for the curious.

They look like what the collector gives: each has a few of the facts its reason asks for, and now and then one is only
claimed, unknown or missing.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

from rulebook.claims import KINDS, LEVELS, STATES, Claim, FactValue, Proof

#: Which facts a case of a reason usually has, beyond those every case has.
FACTS: dict[str, tuple[str, ...]] = {
    "PARTIAL_DELIVERY": ("units",),
    "DUPLICATE_CHARGE": ("duplicate",),
    "DUPLICATE_TOPUP": ("duplicate",),
    "CODE_INVALID": ("reissue",),
    "CODE_ALREADY_USED": ("redemption",),
    "FACE_VALUE_SHORT": ("face",),
    "REGION_MISMATCH": ("region",),
    "MEMBERSHIP_INTERRUPTED": ("part",),
    "SERVICE_SHORTFALL": ("deviation",),
    "FRAUD": ("panel",),
    "ACCOUNT_RECOVERED": ("account",),
    "UPSTREAM_BAN": ("part", "cause"),
    "UPSTREAM_OUTAGE": ("part", "cause"),
    "MINOR_PURCHASE": ("minor", "part"),
    "ILLEGAL_GOODS": ("aware", "part"),
    "PRICE_DISPUTE": ("price",),
    "CHANGE_OF_MIND": ("own", "part"),
    "BUYER_MISTAKE": ("own", "part"),
    "LATE_DELIVERY": ("choice",),
}
REASONS = (
    *("NOT_DELIVERED", "LATE_DELIVERY", "OUT_OF_STOCK", "PARTIAL_DELIVERY", "WRONG_ITEM", "PLATFORM_OUTAGE"),
    *("DUPLICATE_CHARGE", "DUPLICATE_TOPUP", "CODE_INVALID", "CODE_ALREADY_USED", "CODE_EXPIRED", "FACE_VALUE_SHORT"),
    *("NOT_AS_DESCRIBED", "REGION_MISMATCH", "MEMBERSHIP_NOT_ACTIVATED", "MEMBERSHIP_INTERRUPTED"),
    *("SERVICE_SHORTFALL", "FRAUD", "ACCOUNT_RECOVERED", "ACCOUNT_MISMATCH", "ACCOUNT_BANNED_PRE"),
    *("ACCOUNT_BANNED_POST", "UPSTREAM_BAN", "UPSTREAM_OUTAGE", "CODE_REVOKED", "FORCE_MAJEURE", "BUYER_MISTAKE"),
    *("CHANGE_OF_MIND", "BUYER_DEVICE", "MINOR_PURCHASE", "UNAUTHORIZED_PAYMENT", "ILLEGAL_GOODS"),
    *("SELLER_ABSCONDED", "PRICE_DISPUTE"),
)


def claims(count: int, *, seed: int = 0) -> Iterator[Claim]:
    """`count` claims; the same seed gives the same claims."""
    for case in cases(count, seed=seed):
        yield Claim.read(case)


def cases(count: int, *, seed: int = 0) -> Iterator[dict[str, Any]]:
    """`count` cases as JSON has them, shaped like the `input` of a golden case."""
    chance = Random(seed)  # noqa: S311 - made-up cases, no secret
    for number in range(count):
        yield _case(chance, f"X{number + 1:06}")


def _case(chance: Random, name: str) -> dict[str, Any]:
    reason, state = chance.choice(REASONS), chance.choice(STATES)
    paid = chance.choice((100, 990, 4_950, 10_000, 29_999, 100_000, 648_00, 1 + chance.randrange(200_000)))
    facts: dict[str, FactValue] = {
        "promise_min": chance.choice((5, 10, 60, 1_440)),
        "platform_proof": chance.random() < 0.6,
        "instant_used": chance.randrange(4),
        "buyer_risk": chance.randrange(100),
    }
    if state == "UNDELIVERED":
        facts["elapsed_min"] = chance.randrange(6_000)
    else:
        facts["actual_min"] = chance.randrange(6_000)
        facts["hours_since_delivery"] = chance.randrange(400)
        facts["hours_since_reveal"] = chance.randrange(120)
    for group in FACTS.get(reason, ("part",) if state == "PARTIAL" else ()):
        facts.update(_group(chance, group, paid))
    if facts and chance.random() < 0.05:
        del facts[chance.choice(sorted(facts))]
    found: dict[str, Any] = {
        "id": name,
        "kind": chance.choice(KINDS),
        "reason": reason,
        "state": state,
        "level": chance.choice(LEVELS),
        "paid": paid,
        "facts": facts,
    }
    if chance.random() < 0.1:
        found["grades"] = {chance.choice(sorted(facts)): chance.choice((Proof.CLAIMED.value, Proof.UNKNOWN.value))}
    if chance.random() < 0.05:
        found["state_proof"] = chance.choice((Proof.CLAIMED.value, Proof.UNKNOWN.value))
    return found


def _group(chance: Random, group: str, paid: int) -> dict[str, FactValue]:
    """The facts of one kind, by its name."""
    total = chance.choice((3, 12, 30, 100))
    made: dict[str, dict[str, FactValue]] = {
        "units": {"promised_units": total, "delivered_units": chance.randrange(total + 1)},
        "duplicate": {"duplicate_fen": chance.randrange(2 * paid)},
        "reissue": {"choice": chance.choice(("REFUND", "REISSUE")), "reissue_count": chance.randrange(2)},
        "redemption": {
            "upstream_proof": chance.choice(("BEFORE_REVEAL", "AFTER_REVEAL_BUYER_ACCOUNT", "UNKNOWN")),
            "batch_bad_bp": chance.choice((0, 100, 300)),
            "seller_evidence_expired": chance.random() < 0.3,
        },
        "face": {"promised_face": total * 10, "actual_face": chance.randrange(total * 10 + 1)},
        "region": {"listing_stated_region": chance.random() < 0.5},
        "part": {"consumed": chance.randrange(total + 1), "total": total},
        "deviation": {"deviation_bp": chance.randrange(12_000)},
        "panel": {"panel_finding": chance.random() < 0.5},
        "account": {"days_since_delivery": chance.randrange(60), "proven_topup_fen": chance.randrange(2 * paid)},
        "cause": {"cause": chance.choice(("SUPPLY_SIDE", "BUYER_CONDUCT", "SHARED")), "shares": _shares(chance)},
        "minor": {"age": chance.randrange(4, 20), "provider_verified": chance.random() < 0.5},
        "aware": {"buyer_aware": chance.random() < 0.5},
        "price": {"should_pay_fen": chance.randrange(2 * paid)},
        "own": {"recallable": chance.random() < 0.5, "statutory_no_reason": chance.random() < 0.1},
        "choice": {"choice": "REFUND"},
    }
    return made[group]


def _shares(chance: Random) -> dict[str, int]:
    buyer, seller = chance.randrange(5_001), chance.randrange(5_001)
    return {"BUYER": buyer, "SELLER": seller, "UPSTREAM": 10_000 - buyer - seller}

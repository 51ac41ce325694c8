"""A claim: what goes into the rulebook. One reason, the unit's state, what was paid, and facts under fixed names.

This is also the contract for whoever collects the facts: `VOCABULARY` says what each name means and in which unit, and
each fact carries a proof grade. A fact nobody knows is left out; it is never guessed, and it never counts as "no".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

KINDS = ("POINT_CARD", "ACTIVATION_CODE", "DIRECT_TOPUP", "MEMBERSHIP", "GAME_ACCOUNT", "CUSTOM_SERVICE")
STATES = ("UNDELIVERED", "SEALED", "REVEALED_UNUSED", "USED", "PARTIAL")
#: States in which nothing of the goods was used.
UNUSED = frozenset({"UNDELIVERED", "SEALED", "REVEALED_UNUSED"})
LEVELS = ("M0", "M1", "M2", "M3", "M4")
#: Who can be liable, in the order that breaks ties when fen are split.
PARTIES = ("PLATFORM", "SELLER", "UPSTREAM", "BUYER")

#: No amount, count or span of a claim is larger: products of three of them still fit where SQL and JSON can hold them.
LARGEST = 10**12

FactValue = int | str | Mapping[str, int]


class Proof(StrEnum):
    """How well a fact is known."""

    VERIFIED = "VERIFIED"  # our own log, or the supplier's answer
    CLAIMED = "CLAIMED"  # one side says so
    UNKNOWN = "UNKNOWN"  # nobody can say; as if the fact were missing


#: The grades as words, so that a claim is checked without walking the enumeration again.
GRADES = tuple(proof.value for proof in Proof)


class InvalidClaim(ValueError):
    """A claim that cannot be decided because it is malformed: nothing was computed.

    `code` is stable (`unknown_reason`, `bad_amount` …), `path` names the place (`facts.total`), `sentence` says what is
    allowed there.
    """

    def __init__(self, code: str, path: str, sentence: str) -> None:
        super().__init__(code, path, sentence)
        self.code = code
        self.path = path
        self.sentence = sentence

    def __str__(self) -> str:
        return f"{self.code} at {self.path}: {self.sentence}"


class Word(NamedTuple):
    """One name of the vocabulary: its type, its unit, what it means in the mall, and the values allowed."""

    type: type
    unit: str
    meaning: str
    largest: int = LARGEST
    allowed: tuple[str, ...] | None = None


#: Every fact the rulebook knows. Counts of hours are rounded up by the collector: 24 h and one minute are 25.
VOCABULARY: Mapping[str, Word] = MappingProxyType(
    {
        "promise_min": Word(int, "minutes", "the delivery promised in the order's snapshot"),
        "elapsed_min": Word(int, "minutes", "since payment, for what is not delivered yet"),
        "actual_min": Word(int, "minutes", "from payment to delivery"),
        "platform_outage": Word(bool, "", "without the platform's registered outages it would not have been late"),
        "platform_proof": Word(bool, "", "our own records or the supplier's answer prove the reason"),
        "promised_units": Word(int, "units", "bought"),
        "delivered_units": Word(int, "units", "delivered"),
        "duplicate_fen": Word(int, "fen", "charged or credited a second time"),
        "actual_face": Word(int, "face value", "credited"),
        "promised_face": Word(int, "face value", "promised"),
        "consumed": Word(int, "any, as total", "of the term, the value or the milestones already used"),
        "total": Word(int, "any", "the whole term, value or number of milestones"),
        "deviation_bp": Word(int, "bp", "how far a service measured worse than promised"),
        "list_price": Word(int, "fen", "price before any discount"),
        "prepaid_cooling": Word(bool, "", "first purchase of a prepaid continuing service, paid within 7 days"),
        "hours_since_delivery": Word(int, "hours", "since the code was bound to the order"),
        "hours_since_reveal": Word(int, "hours", "since the code was shown"),
        "recallable": Word(bool, "", "the supplier can take the code back, verified unused"),
        "statutory_no_reason": Word(bool, "", "within 7 days, and the buyer did not confirm the exemption"),
        "submitted_upstream": Word(bool, "", "the top-up is with the supplier"),
        "upstream_status": Word(str, "", "the supplier's last answer, such as PENDING"),
        "supplier_timeout": Word(bool, "", "the supplier's clock ran out: void upstream first, then refund"),
        "upstream_proof": Word(str, "", "BEFORE_REVEAL, AFTER_REVEAL_BUYER_ACCOUNT or UNKNOWN; else a person"),
        "seller_evidence_expired": Word(bool, "", "the seller's 48 hours for redemption records are over"),
        "batch_bad_bp": Word(int, "bp", "bad codes in the batch this code came from", 10_000),
        "listing_stated_region": Word(bool, "", "the listing's snapshot states the region lock"),
        "days_since_delivery": Word(int, "days", "natural days, the first one not counted"),
        "warranty_days": Word(int, "days", "warranty pledged for the account, if longer than the rulebook's"),
        "proven_topup_fen": Word(int, "fen", "the buyer's proven top-ups on the account"),
        "cause": Word(str, "", "who caused it", allowed=("SUPPLY_SIDE", "BUYER_CONDUCT", "SHARED", "BUYER")),
        "shares": Word(dict, "bp per party", "liability, summing to 10000"),
        "age": Word(int, "years", "of who operated the purchase", 150),
        "provider_verified": Word(bool, "", "real-name check and limits were in place"),
        "month_total_fen": Word(int, "fen", "spent by the minor this month, this purchase included"),
        "own_income": Word(bool, "", "lives mainly on own income"),
        "guardian_share_bp": Word(int, "bp", "the family's share a person found", 10_000),
        "buyer_aware": Word(bool, "", "the buyer knew that the goods were illegal"),
        "panel_finding": Word(bool, "", "a panel found fraud beyond reasonable doubt"),
        "should_pay_fen": Word(int, "fen", "the price owed under the promise"),
        "choice": Word(str, "", "the remedy the buyer chose", allowed=("REFUND", "REISSUE")),
        "reissue_count": Word(int, "times", "this code was already reissued"),
        "instant_used": Word(int, "times", "instant refunds in the last 30 days"),
        "buyer_risk": Word(int, "score", "risk score of the buyer", 100),
    }
)

#: Pairs in which the first is part of the second: more than the whole, or a part of nothing, is impossible.
PARTS = (("delivered_units", "promised_units"), ("consumed", "total"))
#: Wholes that something is divided by.
WHOLES = ("promised_units", "total", "promised_face")

_KEYS = frozenset({"id", "title", "kind", "reason", "state", "state_proof", "level", "paid", "facts", "grades"})


@dataclass(frozen=True, slots=True)
class Claim:
    """Why money should go back for a unit, and what is known. `paid` is the unit's paid cash in fen.

    `grades` names the facts that are not verified; a name that is not there is verified. `level` is the buyer's at
    order time. Raises `InvalidClaim`; whether the reason exists is for the rulebook to say.
    """

    kind: str
    reason: str
    state: str
    level: str
    paid: int
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    state_proof: Proof = Proof.VERIFIED
    grades: Mapping[str, Proof] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _among("unknown_kind", "kind", self.kind, KINDS)
        _among("unknown_state", "state", self.state, STATES)
        _among("unknown_level", "level", self.level, LEVELS)
        _among("unknown_proof", "state_proof", self.state_proof, GRADES)
        if type(self.reason) is not str:
            raise InvalidClaim("unknown_reason", "reason", "A reason is a code such as NOT_DELIVERED.")
        _whole("bad_amount", "paid", self.paid, LARGEST)
        if not isinstance(self.facts, Mapping):
            raise InvalidClaim("bad_fact", "facts", "Facts are a mapping from fixed names to values.")
        known = {name: value for name, value in self.facts.items() if value is not None}
        for name, value in known.items():
            _check(name, value)
        _possible(known)
        if self.grades:
            if not isinstance(self.grades, Mapping):
                raise InvalidClaim("unknown_proof", "grades", "Grades are a mapping from names of facts to grades.")
            for name, grade in self.grades.items():
                if name not in VOCABULARY:
                    raise InvalidClaim("unknown_fact", f"grades.{name}", "No fact has this name.")
                _among("unknown_proof", f"grades.{name}", grade, GRADES)
        # The claim keeps a copy of its own, so that nobody changes a case while it is being decided.
        object.__setattr__(self, "facts", MappingProxyType(known))
        if self.grades:
            object.__setattr__(self, "grades", MappingProxyType({k: Proof(v) for k, v in self.grades.items()}))
        if type(self.state_proof) is not Proof:
            object.__setattr__(self, "state_proof", Proof(self.state_proof))

    @classmethod
    def read(cls, data: Any) -> Claim:
        """The claim in a JSON object shaped like the `input` of a golden case; `InvalidClaim` names what is wrong.

        `id` and `title` are for people and ignored. `state_proof` and `grades` may be left out: then all is verified.
        """
        if not isinstance(data, Mapping):
            raise InvalidClaim("malformed", "", "A claim is a JSON object.")
        for key in data:
            if key not in _KEYS:
                raise InvalidClaim("unknown_key", str(key), f"Allowed are {', '.join(sorted(_KEYS))}.")
        for key in ("kind", "reason", "state", "level", "paid"):
            if key not in data:
                code = "bad_amount" if key == "paid" else f"unknown_{key}"
                raise InvalidClaim(code, key, "This is missing.")
        return cls(
            kind=data["kind"],
            reason=data["reason"],
            state=data["state"],
            level=data["level"],
            paid=data["paid"],
            facts=data.get("facts", {}),
            state_proof=data.get("state_proof", Proof.VERIFIED),
            grades=data.get("grades", {}),
        )


def _check(name: str, value: object) -> None:
    """Refuse a fact with a name nobody knows or a value of another type."""
    path = f"facts.{name}"
    word = VOCABULARY.get(name)
    if word is None:
        raise InvalidClaim("unknown_fact", path, "No fact has this name.")
    if word.type is int:
        _whole("bad_fact", path, value, word.largest)
    elif word.type is dict:
        _shares(path, value)
    elif type(value) is not word.type:
        raise InvalidClaim("bad_fact", path, f"A {word.type.__name__} is expected, not {value!r}.")
    elif word.allowed is not None:
        _among("bad_fact", path, value, word.allowed)


def _whole(code: str, path: str, value: object, largest: int) -> None:
    # bool is an int to Python, but true is not an amount.
    if type(value) is not int or not 0 <= value <= largest:
        raise InvalidClaim(code, path, f"A whole number from 0 to {largest} is expected, not {value!r}.")


def _among(code: str, path: str, value: object, allowed: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise InvalidClaim(code, path, f"{value!r} is not one of {', '.join(allowed)}.")


def _shares(path: str, value: object) -> None:
    if not isinstance(value, Mapping):
        raise InvalidClaim("bad_shares", path, f"Shares are basis points per party, not {value!r}.")
    for party, share in value.items():
        _among("bad_shares", f"{path}.{party}", party, PARTIES)
        _whole("bad_shares", f"{path}.{party}", share, 10_000)
    if sum(value.values()) != 10_000:
        raise InvalidClaim("bad_shares", path, f"Shares sum to 10000, not to {sum(value.values())}.")


def _possible(facts: Mapping[str, Any]) -> None:
    for name in WHOLES:
        if facts.get(name) == 0:
            raise InvalidClaim("impossible_quantities", f"facts.{name}", "The whole is at least 1.")
    for part, whole in PARTS:
        if part in facts and whole in facts and facts[part] > facts[whole]:
            raise InvalidClaim(
                "impossible_quantities",
                f"facts.{part}",
                f"{facts[part]} is more than the whole, which is {facts[whole]} ({whole}).",
            )

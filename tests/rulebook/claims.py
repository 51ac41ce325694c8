"""Claims and rulebooks to test with: made by name, drawn at random, or bent on purpose."""

import copy
import json
import random
from typing import Any

from hypothesis import strategies as st

from rulebook.claims import KINDS, LARGEST, LEVELS, PARTIES, PARTS, STATES, VOCABULARY, WHOLES, Claim, Proof
from rulebook.defaults import DATA, default_book

BOOK = default_book()
REASONS = tuple(BOOK.reasons)
PROOFS = tuple(Proof)
RULES = json.loads((DATA / "rulebook.json").read_text(encoding="utf-8"))
CLOCKS = json.loads((DATA / "timers.json").read_text(encoding="utf-8"))


def claim(reason: str, kind: str, state: str, *, level: str = "M1", paid: int = 10_000, **facts: Any) -> Claim:
    """A claim whose state and facts are verified."""
    return Claim(kind=kind, reason=reason, state=state, level=level, paid=paid, facts=facts)


def bent(*, clocks: bool = False) -> dict[str, Any]:
    """The default rulebook as data that a test may change."""
    rules = copy.deepcopy(RULES)
    return {**rules, "clocks": copy.deepcopy(CLOCKS)} if clocks else rules


def row(rules: dict[str, Any], name: str) -> dict[str, Any]:
    """One row of that data."""
    return next(found for found in rules["matrix"] if found["id"] == name)


def _number(chance: random.Random, largest: int) -> int:
    """Small numbers, which meet each other, more often than large ones."""
    return min(chance.randint(0, chance.choice((1, 3, 12, 60, 300, 5_000, 100_000))), largest)


def _value(chance: random.Random, name: str) -> Any:
    word = VOCABULARY[name]
    if word.type is bool:
        return chance.random() < 0.5
    if word.type is dict:
        cuts = sorted(chance.randint(0, 10_000) for _ in PARTIES[1:])
        return {party: most - least for party, least, most in zip(PARTIES, [0, *cuts], [*cuts, 10_000], strict=True)}
    if word.type is str:
        return chance.choice(word.allowed or WORDS[name])
    return _number(chance, word.largest)


WORDS = {
    "upstream_status": ("PENDING", "FAILED", "SUCCESS"),
    "upstream_proof": ("BEFORE_REVEAL", "AFTER_REVEAL_BUYER_ACCOUNT", "UNKNOWN", "ILLEGIBLE"),
}


def possible(found: dict[str, Any]) -> dict[str, Any]:
    """The facts without pairs of which the part is more than the whole."""
    for part, whole in PARTS:
        if found.get(part, 0) > found.get(whole, LARGEST):
            found[part], found[whole] = found[whole], found[part]
    return found


def some_facts(chance: random.Random) -> dict[str, Any]:
    """Any of the facts, few or all, and none that is impossible."""
    share = chance.random()
    found = {name: _value(chance, name) for name in VOCABULARY if chance.random() < share}
    for whole in WHOLES:
        if whole in found:
            found[whole] = max(found[whole], 1)
    return possible(found)


def some_claim(chance: random.Random, *, proof: bool) -> Claim:
    """Any claim; with `proof`, of any grade."""
    grades = {}
    if proof and chance.random() < 0.5:
        grades = {name: chance.choice(PROOFS) for name in VOCABULARY if chance.random() < 0.3}
    return Claim(
        kind=chance.choice(KINDS),
        reason=chance.choice(REASONS),
        state=chance.choice(STATES),
        level=chance.choice(LEVELS),
        paid=_number(chance, 10**7),
        facts=some_facts(chance),
        state_proof=chance.choice(PROOFS) if proof and chance.random() < 0.5 else Proof.VERIFIED,
        grades=grades,
    )


# A claim has too many parts to draw one by one: hypothesis draws the seed, the rest follows from it.
SEEDS = st.integers(0, 2**63)


def claims(*, proof: bool = False) -> st.SearchStrategy[Claim]:
    """Claims drawn at random."""
    return SEEDS.map(lambda seed: some_claim(random.Random(seed), proof=proof))


def facts() -> st.SearchStrategy[dict[str, Any]]:
    """Facts drawn at random."""
    return SEEDS.map(lambda seed: some_facts(random.Random(seed)))

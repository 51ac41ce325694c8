"""A malformed claim is refused by name; nothing is computed for it."""

from dataclasses import replace

import pytest

from rulebook.claims import VOCABULARY, Claim, InvalidClaim, Proof
from rulebook.engine import decide
from tests.rulebook.claims import BOOK, claim

GOOD = {
    "id": "X1",
    "title": "a point card that never came",
    "kind": "POINT_CARD",
    "reason": "NOT_DELIVERED",
    "state": "UNDELIVERED",
    "level": "M1",
    "paid": 4900,
    "facts": {"promise_min": 10},
}


def test_a_claim_is_read_from_the_shape_of_a_golden_case():
    read = Claim.read(GOOD)

    assert (read.kind, read.paid, read.state_proof) == ("POINT_CARD", 4900, Proof.VERIFIED)
    assert read.facts == {"promise_min": 10}


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"kind": "GIFT_CARD"}, "unknown_kind", "kind"),
        ({"kind": None}, "unknown_kind", "kind"),
        ({"state": "LOST"}, "unknown_state", "state"),
        ({"level": "M9"}, "unknown_level", "level"),
        ({"level": 1}, "unknown_level", "level"),
        ({"reason": 7}, "unknown_reason", "reason"),
        ({"paid": -1}, "bad_amount", "paid"),
        ({"paid": 49.0}, "bad_amount", "paid"),
        ({"paid": "4900"}, "bad_amount", "paid"),
        ({"paid": True}, "bad_amount", "paid"),
        ({"paid": None}, "bad_amount", "paid"),
        ({"paid": 2**63}, "bad_amount", "paid"),
        ({"facts": []}, "bad_fact", "facts"),
        ({"facts": {"promise_minutes": 5}}, "unknown_fact", "facts.promise_minutes"),
        ({"facts": {"promise_min": -5}}, "bad_fact", "facts.promise_min"),
        ({"facts": {"promise_min": 5.0}}, "bad_fact", "facts.promise_min"),
        ({"facts": {"promise_min": True}}, "bad_fact", "facts.promise_min"),
        ({"facts": {"platform_proof": 1}}, "bad_fact", "facts.platform_proof"),
        ({"facts": {"platform_proof": "true"}}, "bad_fact", "facts.platform_proof"),
        ({"facts": {"cause": "BAD_LUCK"}}, "bad_fact", "facts.cause"),
        ({"facts": {"upstream_status": 3}}, "bad_fact", "facts.upstream_status"),
        ({"facts": {"guardian_share_bp": 10_001}}, "bad_fact", "facts.guardian_share_bp"),
        ({"facts": {"total": 0}}, "impossible_quantities", "facts.total"),
        ({"facts": {"promised_face": 0}}, "impossible_quantities", "facts.promised_face"),
        ({"facts": {"consumed": 6, "total": 5}}, "impossible_quantities", "facts.consumed"),
        ({"facts": {"delivered_units": 11, "promised_units": 10}}, "impossible_quantities", "facts.delivered_units"),
        ({"facts": {"shares": {"SELLER": 5000, "BUYER": 4999}}}, "bad_shares", "facts.shares"),
        ({"facts": {"shares": {"SELLER": 11_000, "BUYER": -1000}}}, "bad_shares", "facts.shares.SELLER"),
        ({"facts": {"shares": {"BANK": 10_000}}}, "bad_shares", "facts.shares.BANK"),
        ({"facts": {"shares": 5000}}, "bad_shares", "facts.shares"),
        ({"state_proof": "SURE"}, "unknown_proof", "state_proof"),
        ({"grades": {"promise_min": "SURE"}}, "unknown_proof", "grades.promise_min"),
        ({"grades": {"promises": "CLAIMED"}}, "unknown_fact", "grades.promises"),
        ({"price": 1}, "unknown_key", "price"),
    ],
)
def test_bad_input_is_refused_by_name_and_place(change, code, path):
    with pytest.raises(InvalidClaim) as caught:
        Claim.read({**GOOD, **change})

    assert (caught.value.code, caught.value.path) == (code, path)
    assert caught.value.sentence


@pytest.mark.parametrize("key", ["kind", "reason", "state", "level", "paid"])
def test_what_is_missing_is_named(key):
    with pytest.raises(InvalidClaim) as caught:
        Claim.read({name: value for name, value in GOOD.items() if name != key})

    assert caught.value.path == key


@pytest.mark.parametrize("data", [None, [], "claim", 1])
def test_what_is_no_claim_at_all_is_refused(data):
    with pytest.raises(InvalidClaim):
        Claim.read(data)


def test_a_reason_the_rulebook_does_not_know_is_refused():
    with pytest.raises(InvalidClaim) as caught:
        decide(claim("BAD_MOOD", "POINT_CARD", "SEALED"), BOOK)

    assert caught.value.code == "unknown_reason"


def test_a_fact_that_is_null_is_a_fact_nobody_knows():
    assert Claim.read({**GOOD, "facts": {"promise_min": None}}).facts == {}


def test_a_claim_keeps_its_own_copy_of_the_facts():
    facts = {"promise_min": 10}
    kept = Claim.read({**GOOD, "facts": facts})
    facts["promise_min"] = 99

    assert kept.facts["promise_min"] == 10
    with pytest.raises(TypeError):
        kept.facts["promise_min"] = 99  # type: ignore[index]


def test_every_fact_says_what_it_means():
    assert all(word.meaning for word in VOCABULARY.values())
    assert all(word.unit for word in VOCABULARY.values() if word.type is int)


def test_equal_claims_are_equal():
    one = Claim.read(GOOD)

    assert one == Claim.read(GOOD)
    assert one != replace(one, paid=1)

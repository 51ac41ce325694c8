"""A rulebook with a mistake in it is refused as a whole, and the refusal names the place."""

import dataclasses

import pytest

from rulebook.book import InvalidRulebook, load
from rulebook.defaults import default_book
from rulebook.engine import decide
from tests.rulebook.claims import bent, claim, row


def refusal(rules) -> InvalidRulebook:
    with pytest.raises(InvalidRulebook) as caught:
        load(rules)
    return caught.value


def test_the_default_rulebook_loads_with_and_without_its_clocks():
    assert load(bent()).version == "2026.11.0"
    assert load(bent(clocks=True)).id == "default-cn"


def test_a_book_cannot_be_changed():
    book = default_book()

    with pytest.raises(dataclasses.FrozenInstanceError):
        book.fee_cap_fen = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        book.reasons["NOT_DELIVERED"] = None  # type: ignore[index]
    with pytest.raises(TypeError):
        book.levels["M0"].lanes["LEVEL_SEALED"] = None  # type: ignore[index]


def test_what_is_changed_in_the_data_later_does_not_reach_the_book():
    rules = bent()
    book = load(rules)
    row(rules, "MX-01")["refund_bp"] = 1
    rules["reasons"].clear()

    assert decide(claim("NOT_DELIVERED", "POINT_CARD", "UNDELIVERED"), book).refund == 10_000


@pytest.mark.parametrize("name", ["MX-01", "MX-05", "MX-11", "MX-22", "MX-25", "MX-31S", "MX-34", "MX-37", "MX-41"])
def test_a_missing_row_leaves_a_hole_that_is_named(name):
    rules = bent()
    gone = row(rules, name)
    rules["matrix"].remove(gone)

    found = refusal(rules)
    assert (found.code, found.path) == ("hole", "matrix")
    assert gone["states"][0] in found.sentence
    assert any(fault_class in found.sentence for fault_class in gone["class"])


def test_a_row_with_a_condition_does_not_fill_a_hole():
    rules = bent()
    row(rules, "MX-22")["when"] = {"recallable": False}

    assert refusal(rules).code == "hole"


def test_a_reason_cannot_name_a_class_that_the_matrix_leaves_to_people():
    rules = bent()
    rules["reasons"][0]["default_class"] = "SHARED"

    found = refusal(rules)
    assert found.code == "hole"
    assert "NOT_DELIVERED can reach class SHARED" in found.sentence


def test_two_rows_of_equal_rank_for_one_case_are_refused():
    rules = bent()
    rules["matrix"].append({**row(rules, "MX-34"), "id": "MX-99", "refund_bp": 10_000})

    found = refusal(rules)
    assert found.code == "ambiguous"
    assert "MX-34 and MX-99" in found.sentence


def test_two_conditions_that_can_hold_at_once_are_refused_and_two_that_cannot_are_not():
    rules = bent()
    other = {**row(rules, "MX-22R"), "id": "MX-99", "when": {"platform_proof": True}}
    rules["matrix"].append(other)
    assert refusal(rules).code == "ambiguous"

    other["when"] = {"recallable": False}
    assert load(rules)


def _set(path, value):
    def change(rules):
        *way, last = path
        place = rules
        for step in way:
            place = place[step]
        place[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "code", "where"),
    [
        (["matrix", 0, "class"], ["SELER"], "unknown_name", "matrix[0].class[0]"),
        (["matrix", 3, "kinds", 1], "GIFT_CARD", "unknown_name", "matrix[3].kinds[1]"),
        (["matrix", 0, "states"], ["LOST"], "unknown_name", "matrix[0].states[0]"),
        (["matrix", 0, "states"], ["UNDELIVERED", "UNDELIVERED"], "duplicate", "matrix[0].states[1]"),
        (["matrix", 0, "remedies"], ["CASH"], "unknown_name", "matrix[0].remedies[0]"),
        (["matrix", 0, "remedies"], [], "wrong_type", "matrix[0].remedies"),
        (["matrix", 0, "refund_bp"], 10_001, "out_of_range", "matrix[0].refund_bp"),
        (["matrix", 0, "refund_bp"], -1, "out_of_range", "matrix[0].refund_bp"),
        (["matrix", 0, "refund_bp"], 99.5, "wrong_type", "matrix[0].refund_bp"),
        (["matrix", 0, "refund_bp"], True, "wrong_type", "matrix[0].refund_bp"),
        (["matrix", 0, "refund_bp"], "HALF", "unknown_name", "matrix[0].refund_bp"),
        (["matrix", 0, "refund_bp"], None, "out_of_range", "matrix[0].refund_bp"),
        (["matrix", 0, "fee"], "LEVEL_GOLD", "unknown_name", "matrix[0].fee"),
        (["matrix", 0, "fee_on_remainer_bp"], 1, "unknown_name", "matrix[0].fee_on_remainer_bp"),
        (["matrix", 0, "when"], {"recalable": True}, "unknown_name", "matrix[0].when.recalable"),
        (["matrix", 0, "when"], {"recallable": 1}, "wrong_type", "matrix[0].when.recallable"),
        (["matrix", 0, "levels"], ["M9"], "unknown_name", "matrix[0].levels[0]"),
        (["matrix", 1, "id"], "MX-01", "duplicate", "matrix[1].id"),
        (["reasons", 1, "code"], "NOT_DELIVERED", "duplicate", "reasons[1].code"),
        (["reasons", 0, "formula"], "GUESS", "unknown_name", "reasons[0].formula"),
        (["reasons", 0, "default_class"], "NOBODY", "unknown_name", "reasons[0].default_class"),
        (["reasons", 0, "instant"], "yes", "wrong_type", "reasons[0].instant"),
        (["levels", "M1", "sealed_fee_bp"], 1000, "out_of_order", "levels.M1.sealed_fee_bp"),
        (["levels", "M4", "instant_cap_fen"], 1, "out_of_order", "levels.M4.instant_cap_fen"),
        (["levels", "M2", "revealed_fee_bp"], None, "out_of_order", "levels.M2.revealed_fee_bp"),
        (["levels", "M3", "sealed_window_h"], 1, "out_of_order", "levels.M3.sealed_window_h"),
        (["levels", "M5"], {}, "unknown_name", "levels.M5"),
        (["late", "bands", 1, "up_to_min"], 120, "out_of_order", "late.bands[1].up_to_min"),
        (["late", "bands", 3, "up_to_min"], 9999, "hole", "late.bands[3].up_to_min"),
        (
            ["shortfall_service_bands", 0, "deviation_bp_up_to"],
            None,
            "hole",
            "shortfall_service_bands[0].deviation_bp_up_to",
        ),
        (["late", "comp_min_fen"], 6000, "out_of_range", "late.comp_min_fen"),
        (["account", "comp_min_bp"], 6000, "out_of_range", "account.comp_min_bp"),
        (["minor", "guardian_share_bp_default"], 7001, "out_of_range", "minor.guardian_share_bp_default"),
        (["fee_cap_fen"], "5000", "wrong_type", "fee_cap_fen"),
        (["fee_cap_fen"], 2**63, "out_of_range", "fee_cap_fen"),
        (["surprise"], 1, "unknown_name", "surprise"),
        (["enums", "kind"], ["GIFT_CARD"], "unknown_name", "enums.kind[0]"),
        (["precedence"], [{"name": "LEVEL"}, {"name": "MANDATORY_LAW"}], "out_of_order", "precedence"),
        (["clocks", "limits", "APPEAL", "default_hours"], 24, "out_of_range", "clocks.limits.APPEAL.default_hours"),
        (
            ["clocks", "limits", "INSPECT", "variants", "code", "default_hours"],
            169,
            "out_of_range",
            "clocks.limits.INSPECT.variants.code.default_hours",
        ),
        (
            ["clocks", "limits", "RULING", "variants", "normal", "default_working_days"],
            6,
            "out_of_range",
            "clocks.limits.RULING.variants.normal.default_working_days",
        ),
        (["clocks", "limits", "SIGN", "max_hours"], 1, "out_of_range", "clocks.limits.SIGN.min_hours"),
        (["clocks", "limits", "SIGN", "default_hours"], "24", "wrong_type", "clocks.limits.SIGN.default_hours"),
    ],
)
def test_a_mistake_is_refused_by_name_and_place(path, value, code, where):
    rules = bent(clocks=True)
    _set(path, value)(rules)

    found = refusal(rules)
    assert (found.code, found.path) == (code, where)
    assert found.sentence
    assert where in str(found)


@pytest.mark.parametrize(
    "key", ["meta", "levels", "fee_cap_fen", "late", "account", "fraud", "minor", "reasons", "matrix"]
)
def test_a_part_that_is_missing_is_named(key):
    rules = bent()
    del rules[key]

    found = refusal(rules)
    assert (found.code, found.path) == ("missing", key)


@pytest.mark.parametrize("data", [None, [], "rules", 1])
def test_what_is_no_rulebook_at_all_is_refused(data):
    assert refusal(data).code == "wrong_type"


def test_the_class_of_unproven_cases_needs_people():
    rules = bent()
    row(rules, "MX-42").update(refund_bp=0, remedies=["DENY"])

    assert refusal(rules).code == "missing"

"""What differs between two versions, in words that a buyer understands; nothing is left out."""

import copy

import pytest
from django.utils import translation

from rulebook.defaults import default_data
from rulebook.differences import between_data, steps
from tests.rulebook.claims import row


def sentences(language="en", **changes):
    before, after = default_data(), copy.deepcopy(default_data())
    changes["bend"](after)
    with translation.override(language):
        return [each.sentence for each in between_data(before, after)]


def test_a_version_does_not_differ_from_itself():
    assert between_data(default_data(), copy.deepcopy(default_data())) == []


@pytest.mark.parametrize(
    ("bend", "told"),
    [
        (
            lambda rules: rules["levels"]["M2"].update(sealed_fee_bp=150),
            "Silver (M2), code sealed, within 72 h: fee: 3% → 1.5%",
        ),
        (lambda rules: rules["levels"]["M0"].update(revealed_fee_bp=2000), "not possible → 20%"),
        (lambda rules: rules.update(fee_cap_fen=3000), "A fee at most: ¥50 → ¥30"),
        (lambda rules: row(rules, "MX-22").update(refund_bp=6000), "Row MX-22, what goes back: 50% → 60%"),
        (lambda rules: rules["matrix"].remove(row(rules, "MX-32L")), "Row MX-32L: no longer"),
        (lambda rules: rules["matrix"].append({**row(rules, "MX-22"), "id": "MX-99"}), "Row MX-99: new"),
        (lambda rules: rules["clocks"]["limits"]["SIGN"].update(default_hours=12), "24 h → 12 h"),
        (lambda rules: rules["reasons"][0].update(instant=False), "may be paid at once: yes → no"),
        (lambda rules: rules["fraud"].update(standard="?"), "fraud.standard: BEYOND_REASONABLE_DOUBT → ?"),
    ],
)
def test_a_difference_is_told_in_words(bend, told):
    found = sentences(bend=bend)
    assert len(found) == 1
    assert told in found[0]


def test_rows_that_only_moved_are_no_difference():
    assert sentences(bend=lambda rules: rules["matrix"].reverse()) == []


def test_every_changed_value_is_a_difference():
    """However deep: a leaf changed anywhere is told."""
    before = default_data()
    after = copy.deepcopy(before)
    after["minor"]["appropriate"][0]["single_fen"] += 1
    after["late"]["bands"][0]["comp_bp"] += 1
    after["meta"]["note"] = "x"
    assert [each.path for each in steps(before, after)] == [
        ("meta", "note"),
        ("late", "bands"),
        ("minor", "appropriate"),
    ]
    assert len(between_data(before, after)) == 3

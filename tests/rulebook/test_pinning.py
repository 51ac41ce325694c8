"""An order is decided by the version in force when it was placed; a later one applies where it is better, if it may."""

import pytest

from orders import lifecycle as orders
from refunds import lifecycle as refunds
from rulebook import lifecycle, versions
from rulebook.book import load
from rulebook.claims import Claim
from rulebook.engine import decide
from rulebook.retroactive import decide_pinned
from tests.queries import expect_queries
from tests.rulebook.test_versions import rules


def announced(number, fee_bp, *, lead, senior, at, is_retroactive):
    """A version under which a sealed code goes back for `fee_bp` at level silver, ruling from its day on."""
    data = rules(number)
    data["levels"]["M2"]["sealed_fee_bp"] = fee_bp
    version = lifecycle.draft(data, by=lead, at=at)
    lifecycle.propose(version, is_major=False, is_retroactive=is_retroactive, by=lead, at=at)
    lifecycle.sign(version, by=senior, at=at)
    return version


def sealed_code(paid=10_000):
    return Claim(
        kind="POINT_CARD",
        reason="CHANGE_OF_MIND",
        state="SEALED",
        level="M2",
        paid=paid,
        facts={"hours_since_delivery": 1, "statutory_no_reason": False},
    )


def book(fee_bp, number="2027.1.0"):
    data = rules(number)
    data["levels"]["M2"]["sealed_fee_bp"] = fee_bp
    return load(data)


def test_an_order_is_pinned_to_the_version_in_force_when_it_is_placed(listing, rich_buyer, lead, senior, at):
    version = announced("2026.12.0", 100, lead=lead, senior=senior, at=at, is_retroactive=False)
    before = orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    after = orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=version.effective_at)
    assert before.rulebook_version == "default-cn 2026.11.0"
    assert after.rulebook_version == "default-cn 2026.12.0"


@pytest.mark.parametrize(("is_retroactive", "fee_bp", "refund"), [(True, 100, 9_900), (False, 100, 9_700)])
def test_a_later_version_helps_only_if_it_was_published_as_retroactive(
    order, rich_buyer, lead, senior, at, is_retroactive, fee_bp, refund
):
    version = announced("2026.12.0", fee_bp, lead=lead, senior=senior, at=at, is_retroactive=is_retroactive)
    day = version.effective_at
    later = [each.book for each in versions.better_later(order.rulebook_version, day)]
    decision = decide_pinned(sealed_code(), versions.book_of(order.rulebook_version), later)
    assert decision.refund == refund
    assert decision.version == ("2026.12.0" if is_retroactive else "2026.11.0")


def test_a_later_version_that_is_worse_changes_nothing_although_it_is_retroactive():
    pinned = book(100)
    assert decide_pinned(sealed_code(), pinned, [book(500, "2027.2.0")]) == decide(sealed_code(), pinned)


def test_of_several_later_versions_the_best_wins_and_both_are_named():
    decision = decide_pinned(sealed_code(), book(500), [book(300, "2027.2.0"), book(100, "2027.3.0")])
    assert (decision.refund, decision.version) == (9_900, "2027.3.0")
    line = decision.lines[-1]
    assert line.code == "LATER_VERSION"
    assert dict(line.numbers) == {
        "pinned": "2027.1.0",
        "pinned_fen": 9_500,
        "later": "2027.3.0",
        "later_fen": 9_900,
    }


def test_a_preview_of_a_claim_names_the_later_version_it_rests_on(order, rich_buyer, lead, senior, at):
    """Seen through the wizard's own verb; asking which version rules costs no query."""
    version = announced("2026.12.0", 0, lead=lead, senior=senior, at=at, is_retroactive=True)
    versions.published(version.effective_at)
    units = list(order.units.order_by("place"))
    found = refunds.preview(order, units, "CHANGE_OF_MIND", buyer=rich_buyer, at=at)
    assert found.record()["version"] == "2026.11.0"
    with expect_queries(0):
        versions.better_later(order.rulebook_version, version.effective_at)

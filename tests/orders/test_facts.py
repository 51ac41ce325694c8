"""What our records know of a unit: each fact from where it stands, with its proof, and nothing that nobody knows."""

from datetime import timedelta

import pytest

from orders import delivery
from orders.facts import known_of
from orders.models import Order, Redemption, Ticket
from orders.opening import open_code
from orders.states import Delivery, Grade
from refunds import lifecycle as refunds
from rulebook.claims import VOCABULARY, Proof
from rulebook.collected import grades
from rulebook.defaults import default_book
from shops.models import Card, Kind
from tests.fixtures.cases import VISIT, units_of
from tests.queries import recorded
from timeline import outages
from timeline.refusals import Refused

pytestmark = pytest.mark.django_db

BOOK = default_book()
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def awaited(bought):
    """Two top-ups that the shop delivers by hand within 60 minutes; nothing has come yet."""
    return bought(Kind.DIRECT_TOPUP, 2, delivered_by="shop")


def known(order, reason, *, at, place=1):
    """What is known of one unit of the order, read anew."""
    unit = Order.objects.get(pk=order.pk).units.get(place=place)
    return known_of(Order.objects.get(pk=order.pk), [unit], reason, book=BOOK, at=at)[unit.pk]


def down(lead, at, began_at, ended_at, scope="platform", target=""):
    return outages.register(
        scope=scope, target=target, reason="down", began_at=began_at, ended_at=ended_at, by=lead, at=at
    )


def test_times_and_the_level_at_order_time_are_facts(order, rich_buyer, at):
    rich_buyer.__class__.objects.filter(pk=rich_buyer.pk).update(level="M3")
    found = known(order, "CHANGE_OF_MIND", at=at + 20 * HOUR)
    assert found.records.level == order.buyer_level == "M0"
    assert found.state == "SEALED"
    assert found.facts == {
        "promise_min": 10,
        "actual_min": 0,
        "hours_since_delivery": 20,
        "statutory_no_reason": False,
    }


def test_the_states_grade_goes_with_it_and_only_a_verified_one_lets_a_machine_say_no(order, rich_buyer, at):
    order.units.update(grade=Grade.CLAIMED)
    assert known(order, "CHANGE_OF_MIND", at=at).records.state_proof is Proof.CLAIMED
    fresh = Order.objects.get(pk=order.pk)
    found = refunds.preview(fresh, units_of(fresh)[:1], "CHANGE_OF_MIND", buyer=rich_buyer, at=at)
    assert found.route == "HUMAN"
    assert found.record()["parts"][0]["state_proof"] == "CLAIMED"


def test_the_issuers_last_word_proves_or_disproves_a_bad_code(revealed, order, at):
    assert known(order, "CODE_INVALID", at=at).records.proven is None
    delivery.record_validity(revealed, is_valid=False, source="issuer", at=at)
    assert known(order, "CODE_INVALID", at=at).is_proven
    delivery.record_validity(revealed, is_valid=True, source="issuer", at=at + MINUTE)
    found = known(order, "CODE_INVALID", at=at + MINUTE)
    assert found.is_contradicted
    assert found.facts["platform_proof"] is False
    assert "platform_proof" not in known(order, "CHANGE_OF_MIND", at=at).facts


@pytest.mark.django_db(transaction=True)
def test_a_code_that_the_vault_did_not_open_was_not_seen(order, rich_buyer, at):
    sealed = Card.objects.get(unit__order=order, unit__place=1).sealed
    Card.objects.filter(unit__order=order, unit__place=1).update(sealed=b"x" * 40)
    with pytest.raises(Refused, match="code_not_shown"):
        open_code(order, 1, by=rich_buyer, at=at, visit=VISIT)
    open_code(order, 2, by=rich_buyer, at=at, visit=VISIT)
    found = known(order, "CHANGE_OF_MIND", at=at + HOUR)
    assert order.units.get(place=1).delivery == Delivery.REVEALED
    assert (found.state, found.seen_at) == ("SEALED", None)
    assert "hours_since_reveal" not in found.facts
    other = known(order, "CHANGE_OF_MIND", at=at + HOUR, place=2)
    assert (other.state, other.seen_at) == ("REVEALED_UNUSED", at)

    Card.objects.filter(unit__order=order, unit__place=1).update(sealed=sealed)
    open_code(order, 1, by=rich_buyer, at=at + HOUR, visit=VISIT)
    found = known(order, "CHANGE_OF_MIND", at=at + 2 * HOUR)
    assert (found.state, found.seen_at) == ("REVEALED_UNUSED", at + HOUR)


def test_what_was_registered_as_down_is_not_the_shops_delay(awaited, rich_buyer, lead, at):
    order, now = awaited, at + 3 * HOUR
    late = known(order, "NOT_DELIVERED", at=now)
    assert late.facts["elapsed_min"] == 180
    down(lead, now, at + HOUR, at + 2 * HOUR)
    down(lead, now, at + 2 * HOUR, None, scope="kind", target=order.snapshot.listing.kind)
    held_up = known(order, "NOT_DELIVERED", at=now)
    assert (held_up.facts["elapsed_min"], held_up.facts["platform_outage"]) == (180, True)
    assert held_up.facts["promise_min"] == 60
    other = known(order, "OUT_OF_STOCK", at=now).facts
    assert (other["elapsed_min"], "platform_outage" in other) == (60, False)

    fresh = Order.objects.get(pk=order.pk)
    found = refunds.preview(fresh, units_of(fresh), "NOT_DELIVERED", buyer=rich_buyer, at=now)
    assert found.figure == order.total
    assert {part.decision.compensation_payer for part in found.parts} == {"PLATFORM"}, "nobody at the shop was late"


def test_the_register_proves_a_claim_of_an_outage_only_where_it_made_the_delay(awaited, lead, at):
    now = at + 3 * HOUR
    assert known(awaited, "PLATFORM_OUTAGE", at=now).records.proven is None
    down(lead, now, at + HOUR, at + 1.25 * HOUR)
    assert known(awaited, "PLATFORM_OUTAGE", at=now).records.proven is None, "late without it as well"
    down(lead, now, at + 1.25 * HOUR, at + 2.5 * HOUR)
    found = known(awaited, "PLATFORM_OUTAGE", at=now)
    assert (found.is_proven, found.facts["elapsed_min"]) == (True, 180)


@pytest.mark.parametrize(("scope", "target"), [("shop", "river"), ("channel", "sandbox"), ("supplier", "999")])
def test_an_outage_of_the_shop_itself_or_of_somebody_else_excuses_nobody(awaited, lead, at, scope, target):
    down(lead, at + 3 * HOUR, at, at + 3 * HOUR, scope=scope, target=target)
    assert known(awaited, "NOT_DELIVERED", at=at + 3 * HOUR).facts["elapsed_min"] == 180


def test_an_outage_of_the_units_own_supplier_excuses_the_shop(bought, lead, at):
    order = bought(Kind.DIRECT_TOPUP, 1, delivered_by="supplier")
    supplier = order.snapshot.listing.supplier_id
    down(lead, at + 3 * HOUR, at, at + 2 * HOUR, scope="supplier", target=str(supplier))
    assert known(order, "NOT_DELIVERED", at=at + 3 * HOUR).facts["elapsed_min"] == 60


@pytest.mark.parametrize(
    ("standing", "facts"),
    [
        ("waiting", {"submitted_upstream": False}),
        ("sent", {"submitted_upstream": True, "upstream_status": "PENDING"}),
        ("pending", {"submitted_upstream": True, "upstream_status": "PENDING"}),
        ("failed", {"submitted_upstream": True, "upstream_status": "FAILED"}),
        ("given_up", {"submitted_upstream": True, "upstream_status": "PENDING", "supplier_timeout": True}),
    ],
)
def test_what_the_supplier_says_is_a_fact_and_what_it_may_still_deliver_waits(bought, rich_buyer, at, standing, facts):
    order = bought(Kind.DIRECT_TOPUP, 1, delivered_by="supplier")
    ended_at = at if standing in {"failed", "given_up"} else None
    sent_at = None if standing == "waiting" else at
    Ticket.objects.filter(unit__order=order).update(standing=standing, sent_at=sent_at, ended_at=ended_at)
    found = known(order, "NOT_DELIVERED", at=at + 3 * HOUR)
    named = ("submitted_upstream", "upstream_status", "supplier_timeout")
    assert {name: found.facts[name] for name in named if name in found.facts} == facts
    seen = refunds.preview(order, units_of(order), "NOT_DELIVERED", buyer=rich_buyer, at=at + 3 * HOUR)
    waits = facts.get("upstream_status") == "PENDING" and "supplier_timeout" not in facts
    assert (seen.parts[0].decision.outcome == "HOLD") is waits
    assert (seen.lane == "wait") is waits


def test_the_platforms_own_outage_does_not_excuse_the_platform(awaited, lead, at):
    down(lead, at + 3 * HOUR, at, at + 3 * HOUR)
    assert known(awaited, "PLATFORM_OUTAGE", at=at + 3 * HOUR).facts["elapsed_min"] == 180


def test_what_was_in_time_asks_for_no_outages_and_what_was_late_asks_once(order, awaited, at):
    def asked(thing, when, reason="NOT_DELIVERED"):
        units = list(thing.units.order_by("place"))
        with recorded() as queries:
            known_of(thing, units, reason, book=BOOK, at=when)
        return len(queries)

    for thing in (order, awaited):
        assert thing.snapshot.listing.kind
    assert asked(order, at + 3 * HOUR) == 1
    assert asked(awaited, at + 3 * HOUR) == 2
    assert asked(order, at, "CODE_ALREADY_USED") == 2


def test_the_batch_of_a_code_counts_where_the_reason_lives_on_it(revealed, order, at):
    batch = Card.objects.get(unit=revealed).batch
    sold = Card.objects.filter(batch=batch, sold_at__isnull=False).count()
    delivery.record_validity(revealed, is_valid=False, source="issuer", at=at)
    assert known(order, "CODE_ALREADY_USED", at=at).facts["batch_bad_bp"] == 10_000 // sold
    assert "batch_bad_bp" not in known(order, "CODE_INVALID", at=at).facts


@pytest.mark.parametrize(
    ("reason", "name", "value"),
    [
        ("REGION_MISMATCH", "listing_stated_region", True),
        ("ACCOUNT_RECOVERED", "days_since_delivery", 2),
    ],
)
def test_a_reason_gets_the_facts_it_lives_on_and_no_other_does(order, at, reason, name, value):
    assert known(order, reason, at=at + 48 * HOUR).facts[name] == value
    assert name not in known(order, "CHANGE_OF_MIND", at=at + 48 * HOUR).facts


def test_every_fact_is_in_the_vocabulary(revealed, order, at):
    for reason in sorted(BOOK.reasons):
        assert set(known(order, reason, at=at).facts) <= set(VOCABULARY), reason


def test_an_unknown_reason_is_not_for_the_collector_to_judge(order, at):
    assert known(order, "BECAUSE", at=at).records.proven is None


def test_who_redeemed_a_code_is_a_record_by_the_issuer_and_a_claim_by_a_side(revealed, order, rich_buyer, seller, at):
    assert "upstream_proof" not in known(order, "CODE_INVALID", at=at).facts
    delivery.say_redeemed(revealed, by_buyer=False, by=rich_buyer, at=at)
    said = known(order, "CODE_INVALID", at=at)
    assert said.facts["upstream_proof"] == "UNKNOWN"
    assert grades(said.records)["upstream_proof"] is Proof.CLAIMED
    before = {"source": "issuer", "redeemed_at": revealed.delivered_at - HOUR}
    delivery.record_redemption(revealed, account="13800138000", **before, at=at)
    found = known(order, "CODE_INVALID", at=at)
    assert found.facts["upstream_proof"] == "BEFORE_REVEAL"
    assert "upstream_proof" not in grades(found.records), "the issuer's answer is a record"
    assert Redemption.objects.get(by=None).account == "13•••••••00"


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        ({"redeemed_at": HOUR, "by_buyer": True}, "AFTER_REVEAL_BUYER_ACCOUNT"),
        ({"redeemed_at": HOUR, "by_buyer": False}, "UNKNOWN"),
        ({"redeemed_at": -HOUR, "by_buyer": True}, "BEFORE_REVEAL"),
        ({"by_buyer": True}, "AFTER_REVEAL_BUYER_ACCOUNT"),
        ({}, "UNKNOWN"),
    ],
)
def test_the_issuer_s_answer_is_read_against_the_first_look(revealed, order, at, words, fact):
    seen_at = revealed.reveals.get().at
    told = {**words, **({"redeemed_at": seen_at + words["redeemed_at"]} if "redeemed_at" in words else {})}
    delivery.record_redemption(revealed, source="issuer", at=at + 2 * HOUR, **told)
    assert known(order, "CODE_INVALID", at=at + 2 * HOUR).facts["upstream_proof"] == fact


def test_a_code_nobody_saw_that_is_redeemed_was_redeemed_before(order, at):
    unit = order.units.get(place=1)
    delivery.record_redemption(unit, source="issuer", redeemed_at=at, by_buyer=True, at=at)
    assert known(order, "CODE_INVALID", at=at).facts["upstream_proof"] == "BEFORE_REVEAL"


def test_only_the_two_sides_say_what_they_know_of_a_code_they_have(
    order, placed_order, rich_buyer, stranger, agent, lead, at
):
    unit = order.units.get(place=1)
    for by in (stranger, agent, lead):
        with pytest.raises(Refused, match="not_your_turn"):
            delivery.say_redeemed(unit, by=by, at=at)
    with pytest.raises(Refused, match="wrong_moment"):
        delivery.say_redeemed(unit, redeemed_at=at + MINUTE, by=rich_buyer, at=at)
    assert not Redemption.objects.exists()


def test_whether_the_issuer_takes_a_code_back_is_known_once_it_says_so(order, at):
    unit = order.units.get(place=1)
    assert "recallable" not in known(order, "CHANGE_OF_MIND", at=at).facts
    delivery.record_validity(unit, is_valid=True, source="issuer", at=at)
    assert "recallable" not in known(order, "CHANGE_OF_MIND", at=at).facts
    delivery.record_validity(unit, is_valid=True, source="issuer", can_recall=False, at=at)
    assert known(order, "CHANGE_OF_MIND", at=at).facts["recallable"] is False
    delivery.record_validity(unit, is_valid=True, source="issuer", can_recall=True, at=at + MINUTE)
    assert known(order, "CHANGE_OF_MIND", at=at + MINUTE).facts["recallable"] is True

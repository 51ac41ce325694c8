"""The reasons of the rulebook: each can be filed for the goods it is about, and each time to file can be read."""

import json
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from orders.fulfilment import handing
from orders.models import Handover, Order, Unit
from orders.states import Delivery
from refunds import reasons, stated
from refunds.stated import Told
from rulebook import versions
from rulebook.calculator import KINDS_OF
from rulebook.claims import KINDS
from rulebook.words import REASONS
from shops.models import Kind
from tests.fixtures.cases import claim, units_of
from timeline import spans
from timeline.refusals import Refused

BOOK = versions.shipped().book


def test_every_reason_of_the_rulebook_can_be_filed_for_something():
    assert set(reasons.STATES) == set(BOOK.reasons) == set(REASONS)
    assert len(reasons.STATES) == 34
    offered = {reason for kind in KINDS for reason in reasons.of_kind(kind, BOOK)}
    assert offered == set(BOOK.reasons)


@pytest.mark.parametrize("kind", KINDS)
def test_a_reason_is_offered_only_for_the_kinds_it_is_about(kind):
    for reason in reasons.of_kind(kind, BOOK):
        assert kind in KINDS_OF.get(reason, KINDS)
    assert ("ACCOUNT_RECOVERED" in reasons.of_kind(kind, BOOK)) == (kind == Kind.GAME_ACCOUNT)


@pytest.mark.parametrize("reason", sorted(BOOK.reasons))
def test_every_time_to_file_can_be_read(order, reason):
    unit = units_of(order)[0]
    assert reasons.is_readable(BOOK.reasons[reason].file_window)
    end = reasons.window_ends_at(order, unit, reason, seen_at=None, level="M0", book=BOOK)
    assert unit.delivered_at is not None
    assert end is None or end > unit.delivered_at


def test_a_time_to_file_that_nobody_can_read_is_said_out_loud(order):
    from dataclasses import replace

    strange = replace(BOOK.reasons["NOT_DELIVERED"], file_window="whenever")
    book = replace(BOOK, reasons={**BOOK.reasons, "NOT_DELIVERED": strange})
    assert not reasons.is_readable("whenever")
    with pytest.raises(LookupError, match="whenever"):
        reasons.window_ends_at(order, units_of(order)[0], "NOT_DELIVERED", seen_at=None, level="M0", book=book)


def ends(order, unit, reason, **how):
    return reasons.window_ends_at(order, unit, reason, **{"seen_at": None, "level": "M0", "book": BOOK, **how})


def test_a_mistake_can_be_filed_for_a_day_and_while_sealed_for_the_level_s_time(order, revealed):
    seen, sealed = Unit.objects.get(pk=revealed.pk), units_of(order)[1]
    assert seen.delivered_at is not None
    assert sealed.delivered_at is not None
    assert ends(order, seen, "BUYER_MISTAKE") == seen.delivered_at + timedelta(hours=24)
    assert ends(order, sealed, "BUYER_MISTAKE") == sealed.delivered_at + timedelta(hours=24)
    assert ends(order, sealed, "BUYER_MISTAKE", level="M4") == sealed.delivered_at + timedelta(hours=360)


def test_a_term_can_be_complained_of_until_seven_days_after_it(order, at):
    unit = units_of(order)[0]
    assert ends(order, unit, "MEMBERSHIP_INTERRUPTED") is None, "nobody recorded a term"
    unit.handover = Handover(order=order, at=at, ends_on=date(2026, 12, 1))
    assert ends(order, unit, "MEMBERSHIP_INTERRUPTED").date() == date(2026, 12, 8)


def test_what_happened_later_counts_from_the_day_that_the_buyer_names(order, at):
    unit = units_of(order)[0]
    assert ends(order, unit, "UPSTREAM_BAN") is None
    long_ago = Told(happened_on=at.date() - timedelta(days=60))
    assert ends(order, unit, "UPSTREAM_BAN", happened_at=long_ago.happened_at) < at


def test_the_law_gives_three_years(order):
    end = ends(order, units_of(order)[0], "ILLEGAL_GOODS")
    assert end.year == order.paid_at.year + 3


def pledged(order, days):
    """The order as it is if the listing had pledged so many days; nothing is stored."""
    order.snapshot.body = json.dumps(json.loads(order.snapshot.body) | {"warranty_days": days})
    return order


def test_what_a_shop_pledged_to_answer_for_longer_can_be_claimed_for_as_long(order, revealed, at):
    unit = Unit.objects.get(pk=revealed.pk)
    by_the_rules = {reason: ends(order, unit, reason, seen_at=at) for reason in BOOK.reasons}
    pledged(order, 90)
    assert unit.delivered_at is not None
    until = spans.deadline(spans.days(90), unit.delivered_at)
    for reason in ("CODE_INVALID", "NOT_AS_DESCRIBED", "REGION_MISMATCH"):
        assert ends(order, unit, reason, seen_at=at) == until
        assert by_the_rules[reason] < until
    for reason in set(BOOK.reasons) - reasons.OF_THE_THING:
        assert ends(order, unit, reason, seen_at=at) == by_the_rules[reason], reason
    pledged(order, 2)
    assert {reason: ends(order, unit, reason, seen_at=at) for reason in BOOK.reasons} == by_the_rules, "never shorter"


def test_an_order_is_not_put_away_before_its_shop_s_pledge_is_over(order):
    assert handing.warranty(pledged(order, 90)) == spans.days(180)
    assert handing.warranty(pledged(order, 365)) == spans.days(365)


def test_a_claim_after_its_time_is_refused_with_the_day(order, revealed, rich_buyer, at):
    told = Told(happened_on=at.date() - timedelta(days=60))
    with pytest.raises(Refused) as refusal:
        claim(revealed, "UPSTREAM_OUTAGE", by=rich_buyer, at=at, told=told)
    assert refusal.value.code == "window_over"


# what the buyer states


def test_a_stated_fact_is_asked_for_only_where_it_changes_the_answer():
    assert stated.readable({"actual_face": 50}, "FACE_VALUE_SHORT") == {"actual_face": 50}
    for name in ("platform_proof", "panel_finding", "provider_verified", "upstream_status", "nonsense"):
        with pytest.raises(ValidationError) as wrong:
            stated.readable({name: True}, "FACE_VALUE_SHORT")
        assert [error.code for error in wrong.value.error_dict[name]] == ["not_asked"]


def test_an_impossible_fact_is_refused():
    with pytest.raises(ValidationError) as wrong:
        stated.readable({"consumed": 40, "total": 30}, "MEMBERSHIP_INTERRUPTED")
    assert set(wrong.value.error_dict) == {"consumed"}


def test_a_stated_fact_gives_a_figure_and_is_never_paid_at_once(order, revealed, rich_buyer, at):
    refund = claim(revealed, "PRICE_DISPUTE", by=rich_buyer, at=at, told=Told({"should_pay_fen": 9_000}))
    assert refund.figure == 800
    assert refund.state == "requested"
    assert refund.decision["parts"][0]["grades"] == {"should_pay_fen": "CLAIMED"}
    assert not refund.decision["is_proven"]


def test_without_the_fact_people_decide_the_sum(order, revealed, rich_buyer, at):
    refund = claim(revealed, "PRICE_DISPUTE", by=rich_buyer, at=at)
    assert refund.needs_a_person()


def test_a_record_wins_over_what_somebody_says(draft, at):
    from orders.facts import Known
    from rulebook.collected import Records

    known = Known(Records(kind="POINT_CARD", state="USED", level="M0", paid=100, at=at, known={"promised_face": 100}))
    words = {"promised_face": 900, "actual_face": 500}
    found = stated.with_words(known, words)
    assert found.facts["promised_face"] == 100
    assert found.facts["actual_face"] == 100, "never more than the whole that is on record"
    assert "actual_face" in found.records.claimed


def test_what_is_missing_is_known_from_our_own_records(undelivered_order, rich_buyer, at):
    unit = units_of(undelivered_order)[0]
    assert unit.delivery == Delivery.UNDELIVERED
    refund = claim(unit, "PARTIAL_DELIVERY", by=rich_buyer, at=at)
    assert refund.state == "refunded"
    assert refund.decision["lane"] == "proven"


@pytest.mark.parametrize(("days", "proven"), [(-1, True), (0, True), (1, None), (None, None)])
def test_a_code_that_was_over_when_it_was_delivered_is_proven_by_its_own_date(order, days, proven):
    from orders.facts import PROOFS, Seen
    from rulebook.collected import Answers

    unit = units_of(order)[0]
    assert unit.delivered_at is not None
    end = None if days is None else unit.delivered_at + timedelta(days=days)
    seen = Seen(None, False, None, None, None, end, Answers(), redeemed_as_said=None)
    assert PROOFS["CODE_EXPIRED"](unit, seen) is proven


def test_units_are_offered_their_reasons_by_place(order, revealed):
    found = reasons.places_by_reason("POINT_CARD", units_of(Order.objects.get(pk=order.pk)))
    assert found["CODE_ALREADY_USED"] == [1]
    assert found["CODE_INVALID"] == [1, 2, 3]
    assert "OUT_OF_STOCK" not in found

"""How a shop stands: its level with its caps, and the ladder of steps against it."""

from datetime import timedelta

import pytest

from orders import lifecycle as orders
from shops import levels, listings, sanctions
from shops.models import Shop
from shops.sizing import LEVEL_FACTORS
from tests.fixtures.people import staff
from tests.races import race
from timeline.door import Refused
from timeline.models import Event
from timeline.sweep import sweep

DAY = timedelta(days=1)


def refused(code, verb, *args, **said):
    with pytest.raises(Refused) as refusal:
        verb(*args, **said)
    assert refusal.value.code == code


def buy(listing, buyer, at, quantity=1):
    return orders.place(buyer=buyer, listing=listing, quantity=quantity, acknowledged=True, at=at)


def impose(shop, step, by, at, **said):
    return sanctions.impose(shop, step=step, reason="反复承诺不兑现。", by=by, at=at, **said)


# levels


def test_a_level_brings_its_caps(shop, risk, at):
    assert levels.set_level(shop, level="S1", reason="三十天无投诉。", by=risk, at=at)
    assert (shop.level, shop.order_cap, shop.day_cap) == ("S1", 100_000, 5_000_000)
    event = Event.objects.get(name="shop.level_set")
    assert event.data == {"before": "S0", "after": "S1", "reason": "三十天无投诉。"}
    assert not levels.set_level(shop, level="S1", reason="again", by=risk, at=at)


def test_only_people_of_risk_set_a_level_and_say_why(shop, seller, lead, risk, at):
    for somebody in (seller, lead):
        refused("not_your_turn", levels.set_level, shop, level="S4", reason="…", by=somebody, at=at)
    refused("no_reason", levels.set_level, shop, level="S4", reason=" ", by=risk, at=at)


def test_every_level_has_caps_and_a_factor_and_trust_only_grows():
    assert set(levels.CAPS) == set(Shop.Level.values) == set(LEVEL_FACTORS)
    orders_ = [levels.CAPS[level].order or 10**12 for level in Shop.Level.values]
    days = [levels.CAPS[level].day or 10**12 for level in Shop.Level.values]
    assert orders_ == sorted(orders_)
    assert days == sorted(days)


def test_an_order_above_the_cap_is_not_taken(listing, buyer, at):
    Shop.objects.update(order_cap=20_000)
    buy(listing, buyer, at, 2)
    refused("over_order_cap", buy, listing, buyer, at, 3)


def test_a_day_above_the_cap_is_over_and_a_canceled_order_leaves_its_room(listing, buyer, at):
    Shop.objects.update(day_cap=20_000)
    first = buy(listing, buyer, at, 2)
    refused("over_day_cap", buy, listing, buyer, at)
    orders.cancel(first, by=buyer, at=at)
    buy(listing, buyer, at, 2)


def test_a_new_day_begins_at_midnight_in_shanghai(listing, buyer, at):
    Shop.objects.update(day_cap=20_000)
    buy(listing, buyer, at, 2)
    buy(listing, buyer, at + DAY, 2)


@pytest.mark.django_db(transaction=True)
def test_the_cap_of_a_day_holds_when_buyers_race(listing, buyer, at):
    Shop.objects.update(day_cap=30_000)
    done = race(*[lambda: buy(listing, buyer, at) for _time in range(5)])
    assert sum(not isinstance(each, Exception) for each in done) == 3


# the ladder


def test_a_warning_changes_nothing_but_is_on_record(listing, buyer, risk, at):
    warning = impose(listing.shop, "warning", risk, at)
    assert warning.is_in_force(at)
    buy(listing, buyer, at)


def test_nothing_new_is_listed_while_that_step_is_in_force(listing, draft, risk, seller, buyer, at):
    impose(listing.shop, "warning", risk, at)
    step = impose(listing.shop, "no_listings", risk, at)
    another = listings.draft(
        shop=listing.shop,
        kind="POINT_CARD",
        title="点卡",
        price=100,
        promise_minutes=10,
        notice="看清。",
        by=seller,
        at=at,
    )
    refused("shop_suspended", listings.put_on_sale, another, by=seller, at=at)
    buy(listing, buyer, at)
    after = step.until
    listings.put_on_sale(another, by=seller, at=after)


def test_sales_stop_for_seven_days_and_go_on_by_themselves(listing, buyer, risk, at):
    step = impose(listing.shop, "no_sales", risk, at, is_grave=True)
    assert step.until == at + 7 * DAY
    refused("shop_cannot_sell", buy, listing, buyer, at)
    buy(listing, buyer, step.until)
    sweep(at=step.deadline_at)
    step.refresh_from_db()
    assert step.state == "over"
    assert Shop.objects.get().no_sales_until is None


def test_no_step_of_the_ladder_is_left_out_unless_it_is_grave(shop, risk, at):
    refused("step_left_out", impose, shop, "no_sales", risk, at)
    impose(shop, "warning", risk, at)
    assert sanctions.next_step(shop, at) == "no_listings"
    refused("step_left_out", impose, shop, "closing", risk, at)
    assert impose(shop, "no_sales", risk, at, is_grave=True).is_grave
    assert sanctions.next_step(shop, at) == "closing"
    assert sanctions.next_step(shop, at + 181 * DAY) == "warning", "what is long ago does not count"


def test_only_people_of_risk_take_steps_with_a_reason_and_never_in_their_own_shop(shop, seller, lead, risk, at):
    for somebody in (seller, lead):
        refused("not_your_turn", impose, shop, "warning", somebody, at)
    refused("no_reason", sanctions.impose, shop, step="warning", reason=" ", by=risk, at=at)
    refused("bad_term", impose, shop, "warning", risk, at, days=181)
    impose(shop, "warning", risk, at)
    refused("in_force", impose, shop, "warning", risk, at)
    Shop.objects.update(owner=risk)
    refused("own_shop", impose, shop, "no_listings", risk, at)


def test_closing_closes_the_shop_once_its_term_is_over(listing, buyer, risk, at):
    step = impose(listing.shop, "closing", risk, at, is_grave=True)
    refused("shop_cannot_sell", buy, listing, buyer, at)
    sweep(at=step.until)
    shop = Shop.objects.get()
    assert shop.deposit.state == "closing"
    refused("shop_cannot_sell", buy, listing, buyer, step.until + 40 * DAY)


def test_a_step_is_renewed_with_a_reason(listing, buyer, risk, at):
    step = impose(listing.shop, "no_sales", risk, at, is_grave=True)
    refused("no_reason", sanctions.renew, step, days=7, reason="", by=risk, at=at)
    sanctions.renew(step, days=7, reason="仍未整改。", by=risk, at=at)
    assert step.until == at + 14 * DAY == step.deadline_at
    refused("shop_cannot_sell", buy, listing, buyer, at + 8 * DAY)


def test_another_person_answers_the_appeal(shop, seller, risk, lead, stranger, at):
    step = impose(shop, "no_sales", risk, at, is_grave=True)
    refused("not_your_turn", sanctions.appeal, step, words="…", by=stranger, at=at)
    sanctions.appeal(step, words="已整改。", by=seller, at=at)
    assert step.deadline_at == at + DAY
    refused("not_your_turn", sanctions.lift, step, reason="…", by=risk, at=at)
    refused("not_your_turn", sanctions.uphold, step, answer="…", by=stranger, at=at)
    sanctions.lift(step, reason="证据充分。", by=lead, at=at)
    assert (step.state, Shop.objects.get().no_sales_until) == ("lifted", None)
    refused("wrong_moment", sanctions.appeal, step, words="…", by=seller, at=at)


def test_a_step_that_stands_on_appeal_runs_to_its_end(shop, seller, risk, at):
    step = impose(shop, "no_sales", risk, at, is_grave=True)
    sanctions.appeal(step, words="…", by=seller, at=at)
    sanctions.uphold(step, answer="证据不足。", by=staff("risk", at=at, name="second"), at=at + DAY / 2)
    assert step.state == "upheld"
    assert step.deadline_at == step.until
    sweep(at=step.until)
    step.refresh_from_db()
    assert step.state == "over"


def test_an_appeal_that_nobody_answers_goes_to_those_who_lead_and_waits_for_a_person(
    listing, buyer, seller, risk, lead, at
):
    step = impose(listing.shop, "no_sales", risk, at, is_grave=True)
    sanctions.appeal(step, words="…", by=seller, at=at)
    sweep(at=step.deadline_at)
    step.refresh_from_db()
    assert step.state == "appealed"
    assert Event.objects.filter(subject=step.address, name="sanction.late").exists()
    sweep(at=step.until)
    step.refresh_from_db()
    assert step.state == "appealed", "no clock says the last word"
    assert not step.is_in_force(step.until)
    assert Shop.objects.get().no_sales_until is None
    buy(listing, buyer, step.until)
    sanctions.lift(step, reason="当时证据不足。", by=lead, at=step.until)
    assert (step.state, sanctions.next_step(listing.shop, step.until)) == ("lifted", "warning"), "off the record"


def test_a_closing_whose_appeal_nobody_heard_does_not_close_the_shop(listing, buyer, seller, risk, lead, at):
    step = impose(listing.shop, "closing", risk, at, is_grave=True)
    sanctions.appeal(step, words="…", by=seller, at=at)
    for days in (1, 14, 15, 16, 44):
        sweep(at=at + days * DAY)
    step.refresh_from_db()
    assert (step.state, Shop.objects.get().deposit.state) == ("appealed", "active")
    assert Event.objects.filter(subject=step.address, name="sanction.late").count() == 5
    refused("shop_cannot_sell", buy, listing, buyer, at + 44 * DAY)
    buy(listing, buyer, step.until + sanctions.LOOK_LATER)
    later = at + 50 * DAY
    sanctions.uphold(step, answer="证据确凿。", by=lead, at=later)
    sweep(at=later + timedelta(minutes=2))
    assert Shop.objects.get().deposit.state == "closing", "a person has said it, with a reason"


def test_what_can_be_done_is_what_the_verbs_allow(shop, seller, risk, lead, stranger, at):
    step = impose(shop, "warning", risk, at)
    assert sanctions.actions_for(step, seller, at) == ["appeal"]
    assert sanctions.actions_for(step, risk, at) == ["renew", "lift"]
    assert sanctions.actions_for(step, stranger, at) == []
    sanctions.appeal(step, words="…", by=seller, at=at)
    assert sanctions.actions_for(step, risk, at) == []
    assert sanctions.actions_for(step, lead, at) == ["uphold", "lift"]

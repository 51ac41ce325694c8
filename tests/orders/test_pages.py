"""Pages of orders, as buyer, shop, staff and stranger: buying, paying, confirming, looking at a code, and the lists."""

import logging
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from ledger.accounts import balance
from ledger.models import Payment
from ledger.transfers import Reason, transfer
from orders import delivery, escrow, lifecycle
from orders.models import Order, Reveal, Snapshot
from orders.states import Delivery, OrderState
from shops import listings, stock
from shops.models import Card
from tests.fixtures.channel import eventually
from tests.queries import recorded
from timeline import clock
from timeline.models import Event

HIDDEN = re.compile(r"XH7Q-\d{4}-KAMEN")


def as_(user) -> Any:
    """A browser of `user`, in English."""
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser


def url(name, order, **more):
    return reverse(f"orders:{name}", kwargs={"number": order.number, **more})


def page_of(user, order, **query):
    answer = as_(user).get(url("detail", order), query)
    assert answer.status_code == 200
    return answer


def text(answer):
    return answer.content.decode()


def buy(user, listing, **changes):
    told = {"quantity": 2, "acknowledged": "on", "exempt": "on", "price": listing.price, **changes}
    told = {name: value for name, value in told.items() if value is not None}
    return as_(user).post(reverse("orders:place", args=[listing.pk]), told)


def said(answer, browser):
    """The messages on the page that an answer leads to."""
    return [str(message) for message in browser.get(answer.url).context["messages"]]


# Buying


def test_a_buyer_orders_and_comes_to_the_order(rich_buyer, listing):
    answer = buy(rich_buyer, listing)
    order = Order.objects.get()
    assert answer.status_code == 302
    assert answer.url == url("detail", order)
    assert (order.buyer, order.total, order.state) == (rich_buyer, 19_600, OrderState.PLACED)


@pytest.mark.parametrize(
    "change", [{"quantity": "0"}, {"quantity": "501"}, {"quantity": "x"}, {"quantity": None}, {"acknowledged": None}]
)
def test_a_wrong_order_form_comes_back_with_what_is_wrong(rich_buyer, listing, change):
    answer = buy(rich_buyer, listing, **change)
    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert listing.notice in text(answer)
    assert not Order.objects.exists()


def test_whoever_saw_another_price_is_told_the_price_of_now(rich_buyer, listing):
    answer = buy(rich_buyer, listing, price=9_700)
    assert answer.status_code == 409
    assert "¥98.00" in text(answer)
    assert answer.context["form"]["price"].value() == listing.price
    assert not Order.objects.exists()


def test_the_mall_refuses_an_order_with_its_reason(seller, rich_buyer, listing):
    assert "own_goods" in text(buy(seller, listing))
    assert "sold_out" in text(buy(rich_buyer, listing, quantity=11))
    assert not Order.objects.exists()


def test_whoever_signed_in_on_the_way_to_buying_is_led_to_the_listing(rich_buyer, listing):
    assert as_(rich_buyer).get(reverse("orders:place", args=[listing.pk])).url == listing.get_absolute_url()
    signed_out: Any = Client().post(reverse("orders:place", args=[listing.pk]))
    assert signed_out.url.startswith("/account/login/")


# Who sees it


def test_both_sides_and_staff_of_cases_see_an_order_and_nobody_else(
    order, rich_buyer, seller, stranger, agent, finance
):
    for person in (rich_buyer, seller, agent):
        assert "星河激活码" in text(page_of(person, order))
    for person in (stranger, finance):
        assert as_(person).get(url("detail", order)).status_code == 404


def test_every_address_of_an_order_is_a_404_for_a_stranger(order, stranger):
    browser = as_(stranger)
    for name in ("pay", "cancel", "confirm", "say"):
        assert browser.post(url(name, order)).status_code == 404
    assert browser.get(url("confirm", order)).status_code == 404
    for method in (browser.get, browser.post):
        assert method(url("code", order, place=1)).status_code == 404
    assert browser.get(reverse("orders:desk", args=["xinghe"])).status_code == 404
    assert Event.objects.filter(subject=order.address).count() == 3


def test_signed_out_people_are_asked_to_sign_in(client, order):
    for name in ("detail", "pay", "confirm", "say"):
        assert client.post(url(name, order)).url.startswith("/account/login/")


def test_a_get_changes_nothing(order, rich_buyer):
    browser = as_(rich_buyer)
    for name in ("pay", "cancel", "say"):
        assert browser.get(url(name, order)).status_code == 405
    browser.get(url("confirm", order))
    browser.get(url("code", order, place=1))
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED
    assert not Reveal.objects.exists()


# Paying


def test_a_buyer_pays_from_the_balance_and_gets_sealed_codes(placed_order, rich_buyer):
    answer = as_(rich_buyer).post(url("pay", placed_order), {"by": "wallet"}, follow=True)
    assert answer.redirect_chain == [(url("detail", placed_order), 302)]
    assert [tile["is_sealed"] for tile in answer.context["tiles"]] == [True] * 3
    assert answer.context["figures"].held == 29_400
    assert balance(f"user:{rich_buyer.pk}:wallet") == 70_600


def test_the_shop_cannot_pay_for_its_buyer(placed_order, seller):
    answer = as_(seller).post(url("pay", placed_order))
    assert answer.status_code == 409
    assert "not_your_turn" in text(answer)
    placed_order.refresh_from_db()
    assert placed_order.state == OrderState.PLACED


def test_paying_again_says_that_it_is_the_wrong_moment(order, rich_buyer):
    browser = as_(rich_buyer)
    answer = browser.post(url("pay", order), HTTP_REFERER=f"http://testserver{url('detail', order)}")
    assert answer.url == url("detail", order)
    assert said(answer, browser) == ["This order cannot be paid any more."]
    assert balance(f"user:{rich_buyer.pk}:wallet") == 70_600


def test_paying_too_late_first_lets_the_order_expire(placed_order, rich_buyer):
    clock.advance(timedelta(minutes=16))
    assert as_(rich_buyer).post(url("pay", placed_order)).status_code == 409
    placed_order.refresh_from_db()
    assert placed_order.state == OrderState.EXPIRED
    assert stock.count_free(placed_order.snapshot.listing) == 10


def test_whoever_has_too_little_is_led_to_the_wallet(listing, buyer, at):
    order = lifecycle.place(buyer=buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    names = [action.name for action in page_of(buyer, order).context["actions"]]
    assert names == ["top_up", "cancel", "say"]
    assert "insufficient_balance" in text(as_(buyer).post(url("pay", order)))


@pytest.mark.django_db(transaction=True)
def test_a_buyer_pays_by_a_channel_and_comes_back_to_the_order(channel, charged, listing, buyer):
    order = lifecycle.place(buyer=buyer, listing=listing, quantity=1, acknowledged=True, at=clock.now())
    browser = as_(buyer)
    assert "pay_by_channel" in [action.name for action in page_of(buyer, order).context["actions"]]
    first, second = (
        browser.post(url("pay", order), {"by": "sandbox"}),
        browser.post(url("pay", order), {"by": "sandbox"}),
    )
    assert first.url == second.url
    assert first.url.startswith(channel.address)
    payment = Payment.objects.get()
    assert payment.deadline_at
    assert order.deadline_at
    assert payment.deadline_at <= order.deadline_at + timedelta(minutes=1), "it ends with the order"
    assert payment.number in text(page_of(buyer, order))
    charged(payment)
    eventually(lambda: Order.objects.get().state == OrderState.DELIVERED)
    order.refresh_from_db()
    assert (order.paid_by, order.payment) == ("channel", payment)


@pytest.mark.django_db(transaction=True)
def test_a_channel_that_is_away_charges_nothing_and_says_so(channel_secret, listing, buyer):
    order = lifecycle.place(buyer=buyer, listing=listing, quantity=1, acknowledged=True, at=clock.now())
    browser = as_(buyer)
    answer = browser.post(url("pay", order), {"by": "sandbox"})
    assert "Nothing was charged" in said(answer, browser)[0]


@pytest.mark.parametrize("channel_name", ["sandbox", "somebody's", ""])
def test_a_channel_that_is_not_open_is_refused(placed_order, rich_buyer, channel_name):
    assert as_(rich_buyer).post(url("pay", placed_order), {"by": channel_name}).status_code == 409
    assert not Payment.objects.exists()


# Cancelling and confirming


def test_a_buyer_cancels_what_is_not_paid(placed_order, rich_buyer, seller):
    assert "not_your_turn" in text(as_(seller).post(url("cancel", placed_order)))
    assert as_(rich_buyer).post(url("cancel", placed_order)).status_code == 302
    placed_order.refresh_from_db()
    assert placed_order.state == OrderState.CANCELLED
    assert "wrong_moment" in text(as_(rich_buyer).post(url("cancel", placed_order)))


def test_confirming_is_asked_once_more_and_then_pays_the_shop(order, rich_buyer, seller):
    browser = as_(rich_buyer)
    assert "3 units are good" in text(browser.get(url("confirm", order)))
    assert "not_your_turn" in text(as_(seller).post(url("confirm", order)))
    assert browser.post(url("confirm", order)).url == url("detail", order)
    order.refresh_from_db()
    assert order.state == OrderState.COMPLETED
    shown = page_of(rich_buyer, order).context["figures"]
    assert (shown.held, shown.to_shop, shown.kept) == (0, 27_930, 1_470)
    assert browser.get(url("confirm", order)).url == url("detail", order), "nothing is left to confirm"
    assert "wrong_moment" in text(browser.post(url("confirm", order)))


# Looking at a code


def test_a_code_is_on_no_page_before_it_is_looked_at(order, rich_buyer, seller, agent):
    for person in (rich_buyer, seller, agent):
        assert not HIDDEN.search(text(page_of(person, order)))
    assert not HIDDEN.search(text(as_(rich_buyer).get(url("code", order, place=1))))


def test_a_buyer_is_asked_once_more_before_a_seal_is_broken(order, rich_buyer):
    asked = text(as_(rich_buyer).get(url("code", order, place=1)))
    assert "it cannot go back for a reason of your own" in asked
    assert order.snapshot.notice_text in asked
    assert not Reveal.objects.exists()


def test_a_buyer_looks_at_a_code_and_it_stands_in_that_one_answer_only(order, rich_buyer, seller, caplog):
    caplog.set_level(logging.DEBUG)
    browser = as_(rich_buyer)
    shown = browser.post(url("code", order, place=1), HTTP_USER_AGENT="a phone", REMOTE_ADDR="203.0.113.7")
    (found,) = set(HIDDEN.findall(text(shown)))
    assert shown.status_code == 200
    assert {"no-store", "private"} <= {part.strip() for part in shown.headers["Cache-Control"].split(",")}
    seen = Reveal.objects.get()
    assert (seen.user, seen.address_prefix) == (rich_buyer, "203.0.113.0/24")
    assert len(seen.session_hash) == len(seen.agent_hash) == 64
    for person in (rich_buyer, seller):
        assert not HIDDEN.search(text(page_of(person, order)))
    assert found not in caplog.text
    assert found not in "".join(Event.objects.order_by("pk").values_list("body", flat=True))
    assert found not in str(dict(browser.session))
    assert found not in str(browser.cookies)
    assert not HIDDEN.search(text(browser.get(url("code", order, place=1)))), "a GET never shows it"


def test_looking_again_shows_the_same_code_and_is_recorded_again(order, rich_buyer):
    browser = as_(rich_buyer)
    first, again = (HIDDEN.findall(text(browser.post(url("code", order, place=2)))) for _ in range(2))
    assert first == again
    assert Reveal.objects.count() == 2
    tile = page_of(rich_buyer, order).context["tiles"][1]
    assert (tile["look"]["times"], tile["is_sealed"]) == (2, False)


def test_nobody_but_the_buyer_opens_a_code(order, seller, agent, lead):
    for person in (seller, agent, lead):
        answer = as_(person).post(url("code", order, place=1))
        assert answer.status_code == 409
        assert "not_your_turn" in text(answer)
        assert as_(person).get(url("code", order, place=1)).url == url("detail", order)
        assert not any(tile["url"] for tile in page_of(person, order).context["tiles"])
    assert not Reveal.objects.exists()
    assert not Card.objects.filter(revealed_at__isnull=False).exists()


def test_a_code_of_an_order_that_is_not_paid_stays_closed(placed_order, rich_buyer):
    assert "not_delivered" in text(as_(rich_buyer).post(url("code", placed_order, place=1)))
    assert as_(rich_buyer).get(url("code", placed_order, place=1)).url == url("detail", placed_order)


def test_a_unit_that_is_not_there_is_not_found(order, rich_buyer):
    for method in (as_(rich_buyer).get, as_(rich_buyer).post):
        assert method(url("code", order, place=4)).status_code == 404
        assert method(url("code", order, place=0)).status_code == 404


def test_a_code_in_an_open_case_stays_sealed_and_the_page_says_why(order, rich_buyer, at):
    escrow.hold(order, [order.units.get(place=1)], by="case:1", at=at)
    tiles = page_of(rich_buyer, order).context["tiles"]
    assert [bool(tile["url"]) for tile in tiles] == [False, True, True]
    assert "Held by an open case" in text(page_of(rich_buyer, order))
    assert "case_open" in text(as_(rich_buyer).post(url("code", order, place=1)))


def test_whoever_opens_codes_too_fast_is_asked_to_wait(order, rich_buyer, at):
    unit = order.units.get(place=1)
    for _ in range(delivery.OF_ONE_ORDER):
        delivery.reveal(unit, by=rich_buyer, at=at, visit=delivery.Visit())
    answer = as_(rich_buyer).post(url("code", order, place=2))
    assert (answer.status_code, "too_often" in text(answer)) == (429, True)
    assert int(answer.headers["Retry-After"]) > 0
    assert order.units.get(place=2).delivery == Delivery.SEALED


@pytest.mark.django_db(transaction=True)
def test_no_code_is_shown_inside_a_transaction_that_could_still_be_rolled_back(order, rich_buyer):
    from django.db import transaction

    from orders.opening import open_code

    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        open_code(order, 1, by=rich_buyer, at=clock.now(), visit=delivery.Visit())
    assert not Reveal.objects.exists()


# What the page says


def test_each_side_reads_the_price_of_a_mistake_as_its_own_or_the_buyer_s(order, rich_buyer, seller):
    assert "Your own mistake" in text(page_of(rich_buyer, order))
    shop_s = text(page_of(seller, order)).replace("&#x27;", "'")
    assert ("The buyer's own mistake" in shop_s, "Your own mistake" in shop_s) == (True, False)


def test_the_page_says_whose_turn_it_is_as_each_side_reads_it(order, rich_buyer, seller, agent):
    turns = [page_of(person, order).context["turn"] for person in (rich_buyer, seller, agent)]
    assert [turn["tone"] for turn in turns] == ["mine", "theirs", "theirs"]
    assert [str(turn["whose"]).startswith("It is your turn") for turn in turns] == [True, False, False]
    assert {turn["until"] for turn in turns} == {order.deadline_at}


def test_the_page_offers_what_the_verbs_would_not_refuse(placed_order, rich_buyer, seller, auditor):
    def offered(person):
        return [action.name for action in page_of(person, placed_order).context["actions"] if action.name != "claim"]

    assert offered(rich_buyer) == ["pay", "cancel", "say"]
    assert offered(seller) == ["say"]
    assert offered(auditor) == []
    lifecycle.pay_from_wallet(placed_order, by=rich_buyer, at=clock.now())
    assert offered(rich_buyer) == ["confirm", "say"]
    escrow.hold(placed_order, list(placed_order.units.order_by("place")), by="case:1", at=clock.now())
    assert offered(rich_buyer) == ["say"], "every unit has an open case"


def test_an_order_whose_time_to_pay_is_over_offers_nothing_and_changes_nothing(placed_order, rich_buyer):
    clock.advance(timedelta(minutes=15))
    page = page_of(rich_buyer, placed_order)
    assert [action.name for action in page.context["actions"]] == ["say"]
    assert page.context["turn"]["then_tone"] == "vermilion"
    placed_order.refresh_from_db()
    assert placed_order.state == OrderState.PLACED


def test_when_cases_hold_what_is_left_the_page_says_that_the_clock_stands_still(order, rich_buyer, at):
    escrow.hold(order, list(order.units.order_by("place")), by="case:1", at=at)
    turn = page_of(rich_buyer, Order.objects.get()).context["turn"]
    assert turn["until"] is None
    assert "stands still" in turn["whose"]


def test_the_way_of_an_order_step_by_step(placed_order, rich_buyer, at):
    def way():
        return [step["status"] for step in page_of(rich_buyer, placed_order).context["steps"]]

    assert way() == ["now", "ahead", "ahead", "ahead", "ahead"]
    lifecycle.pay_from_wallet(placed_order, by=rich_buyer, at=at)
    assert way() == ["done", "done", "now", "ahead", "ahead"]
    for unit in placed_order.units.order_by("place"):
        delivery.reveal(unit, by=rich_buyer, at=at, visit=delivery.Visit())
    assert way() == ["done", "done", "done", "now", "ahead"]
    lifecycle.confirm(placed_order, by=rich_buyer, at=at)
    assert way() == ["done", "done", "done", "done", "now"]


def test_an_order_that_came_to_nothing_skips_the_rest_of_the_way(placed_order, rich_buyer, at):
    lifecycle.cancel(placed_order, by=rich_buyer, at=at)
    page = page_of(rich_buyer, placed_order)
    assert {step["status"] for step in page.context["steps"]} == {"skipped"}


def test_what_happened_is_told_in_words(order, rich_buyer, at):
    delivery.reveal(order.units.get(place=2), by=rich_buyer, at=at, visit=delivery.Visit())
    delivery.record_validity(order.units.get(place=2), is_valid=False, source="issuer", at=at)
    lifecycle.end_case(order, cause="case:1", grants={order.units.get(place=2).pk: 9_800}, at=at)
    lifecycle.confirm(order, by=rich_buyer, at=at)
    told = [(str(entry["what"]), entry["note"]) for entry in page_of(rich_buyer, order).context["happenings"]]
    assert ("A code was looked at.", "No. 2, for the first time") in told
    assert ("The issuer said whether a code was good.", "No. 2 was bad, says issuer") in told
    assert ("The buyer confirmed receipt.", "No. 1, 3") in told
    assert told[-1] == ("The order was placed; the codes were set aside.", "")


def test_money_that_went_back_stands_with_its_unit(order, rich_buyer, at):
    first = order.units.get(place=1)
    lifecycle.end_case(order, cause="case:1", grants={first.pk: 9_310}, fees={first.pk: 490}, at=at)
    page = page_of(rich_buyer, order)
    assert [(part["word"], part["amount"]) for part in page.context["tiles"][0]["money"]] == [
        ("Paid back", 9_310),
        ("To the shop", 490),
    ]
    assert page.context["figures"].held == 19_600


def test_the_page_shows_what_was_promised_even_if_the_listing_changed(order, rich_buyer, seller, listing, at):
    listings.pause(listing, by=seller, at=at)
    listings.edit(listing, by=seller, at=at, title="something else", price=1)
    page = text(page_of(rich_buyer, order))
    assert "星河激活码 30 天" in page
    assert "something else" not in page
    assert order.snapshot.sha256 in page


def test_every_state_of_an_order_has_a_page(order, rich_buyer, seller, at):
    from orders.looks import LOOKS, TURNS

    assert set(LOOKS) == set(TURNS) == set(OrderState.values)


# Lists


def test_a_buyer_and_a_shop_have_lists_of_their_own(order, rich_buyer, seller):
    bought, sold = reverse("orders:index"), reverse("orders:desk", args=["xinghe"])
    assert order.number in text(as_(rich_buyer).get(bought))
    assert order.number in text(as_(seller).get(sold))
    assert order.number not in text(as_(seller).get(bought))
    assert as_(rich_buyer).get(sold).status_code == 404


def test_an_empty_list_says_what_to_do_next(buyer, seller, deposit):
    assert reverse("shops:listings") in text(as_(buyer).get(reverse("orders:index")))
    page = text(as_(seller).get(reverse("orders:desk", args=["xinghe"])))
    assert "No orders yet" in page


@pytest.fixture
def well_stocked(draft, seller, at):
    """The listing with enough codes for large orders, on sale."""
    stock.add_batch(draft, [f"CODE-{number:05}" for number in range(700)], by=seller, at=at)
    listings.put_on_sale(draft, by=seller, at=at)
    return draft


@pytest.fixture
def paid_order(well_stocked, rich_buyer, at):
    """Pays for an order of so many units."""
    words = {"target": f"user:{rich_buyer.pk}:wallet", "reason": Reason.TOP_UP, "subject": "user:1", "key": "more"}
    transfer(source="channel:sandbox", amount=10_000_000, at=at, **words)

    def pay_for(quantity):
        order = lifecycle.place(buyer=rich_buyer, listing=well_stocked, quantity=quantity, acknowledged=True, at=at)
        lifecycle.pay_from_wallet(order, by=rich_buyer, at=at)
        return order

    return pay_for


def test_a_long_list_is_paged_and_costs_the_same(paid_order, rich_buyer, seller):
    paid_order(1)
    asked = {}
    addresses = [(rich_buyer, reverse("orders:index")), (seller, reverse("orders:desk", args=["xinghe"]))]
    browsers = [(as_(person), address) for person, address in addresses]
    for browser, address in browsers:
        browser.get(address)
        with recorded() as one:
            browser.get(address)
        asked[address] = len(one)
    for _ in range(50):
        paid_order(1)
    for browser, address in browsers:
        with recorded() as many:
            first = browser.get(address)
        assert len(many) == asked[address]
        assert len(first.context["rows"]) == 50
        second = browser.get(address, {"before": first.context["older"]})
        assert len(second.context["rows"]) == 1


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "٣"])
def test_a_strange_place_in_a_list_is_no_error(order, rich_buyer, before):
    assert as_(rich_buyer).get(reverse("orders:index"), {"before": before}).status_code == 200
    page_of(rich_buyer, order, units=before, before=before)


def test_an_order_of_500_units_asks_the_database_as_often_as_one_of_1(paid_order, rich_buyer, seller, at):
    one, many = paid_order(1), paid_order(500)
    for order in (one, many):
        units = list(order.units.order_by("place")[:60])
        escrow.hold(order, units[:1], by=f"case:{order.pk}", at=at)
    for person in (rich_buyer, seller):
        browser = as_(person)
        counts = []
        for order in (one, one, many):
            with recorded() as asked:
                answer = browser.get(url("detail", order))
            counts.append(len(asked))
        assert counts[1] == counts[2], asked
        assert len(answer.context["tiles"]) == 50
        assert answer.context["unit_pages"] == 10
    last = page_of(rich_buyer, many, units=10)
    assert [tile["place"] for tile in last.context["tiles"]] == list(range(451, 501))
    assert page_of(rich_buyer, many, units=11).context["unit_page"] == 10
    assert page_of(rich_buyer, many, units=0).context["unit_page"] == 1


def test_void_words_of_an_old_promise_are_pointed_out(order, rich_buyer):
    assert "<q>" not in text(page_of(rich_buyer, order))
    Snapshot.objects.filter(order=order).update(notice_text="虚拟商品概不退换。")
    assert re.search("<q>[^<]*不退[^<]*</q>", text(page_of(rich_buyer, order)))

"""A shop that cannot deliver says so: the buyer has everything back at once, and the shop's figure knows it."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from ledger.accounts import balance
from orders.fulfilment import manual
from orders.models import Order, Unit
from orders.states import OrderState
from refunds import lifecycle as refunds
from reputation import counting
from reputation.models import Tally
from shops.models import Record
from tests.orders.test_delivery_pages import as_
from timeline.door import Refused
from timeline.models import Event
from timeline.sweep import fire_overdue

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
WHY = "上游缺货,充不了。"


@pytest.fixture
def api(client):
    """`api(user, path, told)` sends, `api(user, path)` asks; gives status and answer."""
    keys = iter(range(100))

    def ask(user, path, told=None):
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        if told is None:
            answer = client.get(f"/api/v1{path}")
        else:
            key = {"Idempotency-Key": f"key-{next(keys)}"}
            answer = client.post(f"/api/v1{path}", told, content_type="application/json", headers=key)
        return answer.status_code, answer.json()

    return ask


def refused(call):
    """The code with which a call is refused."""
    with pytest.raises(Refused) as refusal:
        call()
    return refusal.value.code


def give_up(order, places, by, at, reason=WHY):
    manual.cannot_deliver(Order.objects.get(pk=order.pk), places, reason=reason, by=by, at=at)


def test_before_the_promised_time_everything_goes_back_and_nothing_on_top(bought, seller, rich_buyer, at):
    order = bought(quantity=2)
    before = balance(f"user:{rich_buyer.pk}:wallet")
    give_up(order, [1, 2], seller, at + HOUR / 2)
    assert Order.objects.get(pk=order.pk).state == OrderState.CANCELLED
    assert balance(f"user:{rich_buyer.pk}:wallet") == before + 10_000
    told = Event.objects.get(root=order.address, name="order.delivery_given_up")
    assert (told.data, told.by_id) == ({"units": [1, 2], "reason": WHY}, seller.pk)


def test_after_it_the_delay_is_compensated_and_the_rest_is_still_awaited(bought, seller, rich_buyer, at):
    order = bought(quantity=2)
    before = balance(f"user:{rich_buyer.pk}:wallet")
    fire_overdue(order.root_address, at=at + HOUR)
    give_up(order, [2], seller, at + 3 * HOUR)
    assert Order.objects.get(pk=order.pk).state == OrderState.PAID
    assert [unit.refunded for unit in Unit.objects.filter(order=order).order_by("place")] == [0, 5_000]
    assert balance(f"user:{rich_buyer.pk}:wallet") == before + 5_000 + 50


def test_the_buyer_reads_on_the_order_why(bought, seller, rich_buyer, at):
    order = bought()
    give_up(order, [1], seller, at)
    assert WHY in as_(rich_buyer).get(reverse("orders:detail", args=[order.number])).content.decode()


def test_who_may_say_so_and_when(bought, seller, rich_buyer, stranger, at):
    order = bought()
    assert refused(lambda: give_up(order, [1], rich_buyer, at)) == "not_your_turn"
    assert refused(lambda: give_up(order, [1], stranger, at)) == "not_your_turn"
    assert refused(lambda: give_up(order, [1], seller, at, reason="  ")) == "reason_missing"
    assert refused(lambda: give_up(order, [2], seller, at)) == "not_awaited"
    units = list(order.units.order_by("place"))
    refunds.ask(order=order, units=units, reason="CHANGE_OF_MIND", by=rich_buyer, at=at)
    assert refused(lambda: give_up(order, [1], seller, at)) == "case_open"
    by_system = bought(delivered_by="system")
    assert refused(lambda: give_up(by_system, [1], seller, at)) == "wrong_way"
    gone = bought()
    give_up(gone, [1], seller, at)
    assert refused(lambda: give_up(gone, [1], seller, at)) == "not_awaited"


def test_it_counts_as_not_delivered_in_the_shops_figure(bought, seller, at):
    order = bought(quantity=2)
    give_up(order, [1, 2], seller, at + HOUR / 2)
    while counting.catch_up(at=at + HOUR):
        pass
    assert Tally.objects.get(shop=order.shop, measure="due", part="late").count == 2


def test_the_page_says_before_what_it_does_to_the_shop(bought, seller, rich_buyer, at):
    order = bought(quantity=2)
    Record.objects.create(
        shop=order.shop,
        computed_at=at,
        days=90,
        orders=98,
        units=98,
        due=98,
        on_time=98,
        refunded=0,
        upheld=0,
        disputes=0,
        lost=0,
        answers=0,
    )
    where, shop = reverse("orders:cannot_deliver", args=[order.number]), as_(seller)
    assert where in shop.get(reverse("orders:detail", args=[order.number])).content.decode()
    shown = shop.get(where).content.decode()
    assert "→ 98" in shown, "98 of 100 afterwards"
    assert "¥100.00" in shown
    assert as_(rich_buyer).get(where).status_code == 302
    assert shop.post(where, {"places": ["1"], "reason": ""}).status_code == 422
    assert shop.post(where, {"places": ["1", "2"], "reason": WHY}).status_code == 302


def test_the_api_says_it_as_well(bought, seller, stranger, api):
    order = bought()
    where = f"/orders/{order.number}/cannot-deliver/"
    assert api(stranger, where, {"places": [1], "reason": WHY})[0] == 404
    assert api(seller, where, {"places": [1]})[0] == 422
    assert "cannot_deliver" in api(seller, f"/orders/{order.number}/")[1]["actions"]
    status, answer = api(seller, where, {"places": [1], "reason": WHY})
    assert (status, answer["state"]) == (200, "cancelled")


@pytest.mark.parametrize("words", ["已售出概不退换", "虚拟商品一经售出不退不换"])
def test_the_reason_may_not_say_what_the_law_forbids(words, bought, seller, at):
    order = bought()
    with pytest.raises(ValidationError) as error:
        give_up(order, [1], seller, at, reason=words)
    assert error.value.error_dict["reason"][0].code == "void_term"
    assert Order.objects.get(pk=order.pk).state == "paid"
    page = as_(seller).post(reverse("orders:cannot_deliver", args=[order.number]), {"places": ["1"], "reason": words})
    assert page.status_code == 422
    assert "reason" in page.context["form"].errors

"""Pages and API of coupons, of paying in two ways, of joining and reading a conversation, and of suppliers."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from ledger.models import Payment
from ledger.transfers import Reason, transfer
from orders import conversation, coupons, delivery
from orders.fulfilment import tickets
from orders.fulfilment.tickets import Answer
from orders.models import Coupon, Exchange, Order, Redemption, Ticket
from orders.states import Standing
from shops.models import Kind
from tests.fixtures.people import staff
from tests.orders.test_pages import as_, page_of, text, url
from timeline.models import Event

TERM = {"starts_at": "2026-11-01T00:00", "ends_at": "2027-10-01T00:00"}


@pytest.fixture
def coupon(deposit, seller, at):
    """¥5.00 off ¥10.00 and more, by the shop, running."""
    sums = {"value": 500, "minimum": 1_000, "most": 10, "per_person": 1}
    found = coupons.draft(
        shop=deposit.shop, code="FIVE", by=seller, at=at, starts_at=at, ends_at=at + timedelta(days=7), **sums
    )
    coupons.start(found, by=seller, at=at)
    return found


@pytest.fixture
def own(at):
    words = {"reason": Reason.FUNDING, "subject": "platform:own", "key": "own", "at": at}
    transfer(source="channel:sandbox", target="platform:own", amount=100_000, **words)


def api(person, route, method="post", data=None, **where):
    client = as_(person)
    send = getattr(client, method)
    how = {"content_type": "application/json"} if method == "post" else {}
    headers = {"Idempotency-Key": uuid4().hex}
    return send(reverse(f"api:{route}", kwargs=where), data or {}, headers=headers, **how)


# Coupons


def test_a_shop_makes_starts_and_pauses_a_coupon_on_its_page(deposit, seller, rich_buyer, stranger):
    page = reverse("orders:coupons", args=[deposit.shop.slug])
    words = {"code": "WELCOME", "value": "5", "minimum": "50.00", "most": "3", "per_person": "1", **TERM}
    assert as_(seller).post(page, words).status_code == 302
    found = Coupon.objects.get()
    assert (found.code, found.value, found.minimum, found.state) == ("WELCOME", 500, 5_000, "draft")
    decide = lambda verb: as_(seller).post(reverse("orders:decide_coupon", args=["WELCOME", verb]))  # noqa: E731
    assert decide("start").status_code == 302
    assert "WELCOME" in text(as_(seller).get(page))
    assert decide("pause").status_code == 302
    found.refresh_from_db()
    assert found.state == "paused"
    assert decide("shred").status_code == 404
    for person in (rich_buyer, stranger):
        assert as_(person).get(page).status_code == 404
        assert as_(person).post(reverse("orders:decide_coupon", args=["WELCOME", "resume"])).status_code == 404


def test_a_wrong_coupon_comes_back_with_what_is_wrong(deposit, seller):
    page = reverse("orders:coupons", args=[deposit.shop.slug])
    answer = as_(seller).post(page, {"code": "x", "value": "0", "minimum": "", "most": "0", "per_person": "", **TERM})
    assert answer.status_code == 422
    assert {"value", "minimum", "most", "per_person"} <= set(answer.context["form"].errors)
    words = {"code": "WELCOME", "value": "5", "minimum": "5", "most": "3", "per_person": "1", **TERM}
    answer = as_(seller).post(page, words)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["minimum"])


def test_finance_makes_the_platform_s_coupon_and_another_one_starts_it(finance, lead, auditor, seller, own, at):
    page = reverse("orders:platform_coupons")
    words = {"code": "MALL10", "value": "10", "minimum": "50.00", "most": "3", "per_person": "1", **TERM}
    assert as_(finance).post(page, words).status_code == 302
    assert as_(finance).post(reverse("orders:decide_coupon", args=["MALL10", "start"])).status_code == 409
    second = staff("finance", at=at, name="second")
    assert as_(second).post(reverse("orders:decide_coupon", args=["MALL10", "start"])).status_code == 302
    assert Coupon.objects.get().agreed_by == second
    for person in (lead, auditor):
        assert as_(person).get(page).status_code == 200
        assert as_(person).post(page, words | {"code": "OTHER"}).status_code == 409
    assert as_(seller).get(page).status_code == 404


def test_a_buyer_types_a_code_at_checkout_and_sees_the_lines_of_the_price(coupon, placed_order, rich_buyer, seller):
    page = text(page_of(rich_buyer, placed_order))
    assert 'name="code"' in page
    assert as_(rich_buyer).post(url("use_coupon", placed_order), {"code": "five"}).status_code == 302
    page = text(page_of(rich_buyer, placed_order))
    assert "FIVE" in page
    assert "289.00" in page
    assert 'name="code"' in page, "one of the platform may come beside it"
    assert as_(seller).post(url("use_coupon", placed_order), {"code": "FIVE"}).status_code == 409
    assert as_(rich_buyer).post(url("drop_coupon", placed_order), {"by": "shop"}).status_code == 302
    assert Order.objects.get(pk=placed_order.pk).total == 29_400
    assert as_(rich_buyer).post(url("use_coupon", placed_order), {"code": ""}).status_code == 302


def test_the_api_makes_decides_and_uses_coupons(deposit, placed_order, seller, rich_buyer, finance, own, at):
    words = {"code": "APIFIVE", "value": 500, "minimum": 1_000, "most": 3, "per_person": 1}
    words |= {"starts_at": at.isoformat(), "ends_at": (at + timedelta(days=3)).isoformat()}
    made = api(seller, "coupons", data=words, slug=deposit.shop.slug)
    assert (made.status_code, made.json()["actions"]) == (201, ["start", "end"])
    assert api(seller, "decide_coupon", data={"what": "start"}, number="APIFIVE").json()["state"] == "running"
    listed = api(seller, "coupons", "get", slug=deposit.shop.slug).json()["results"]
    assert [row["code"] for row in listed] == ["APIFIVE"]
    used = api(rich_buyer, "use_coupon", data={"code": "APIFIVE"}, number=placed_order.number).json()
    assert (used["listed"], used["total"], used["from_shop"]) == (29_400, 28_900, 500)
    off = api(rich_buyer, "drop_coupon", data={"by": "shop"}, number=placed_order.number).json()
    assert off["total"] == 29_400
    assert api(finance, "platform_coupons", data=words | {"code": "APIMALL"}).status_code == 201
    assert api(finance, "platform_coupons", "get").json()["results"][0]["shop"] is None
    assert api(rich_buyer, "platform_coupons", "get").status_code == 404
    assert api(rich_buyer, "coupons", "get", slug=deposit.shop.slug).status_code == 404


# Paying in two ways


@pytest.mark.django_db(transaction=True)
def test_a_buyer_who_has_a_part_pays_the_rest_by_the_channel(channel_secret, listing, buyer, top_up, at):
    from ledger import payments
    from orders import lifecycle

    payments.confirm(top_up, provider_txn="pocket", amount=10_000, at=at)
    order = lifecycle.place(buyer=buyer, listing=listing, quantity=2, acknowledged=True, at=at)
    assert 'name="part"' in text(page_of(buyer, order))
    as_(buyer).post(url("pay", order), {"by": "sandbox", "part": "yes"})
    assert Payment.objects.latest("pk").amount == 9_600
    page = text(page_of(buyer, order))
    assert "100.00" in page
    assert "96.00" in page
    charged = api(buyer, "charge_order", data={"channel": "sandbox", "part": 5_000}, number=order.number)
    assert (charged.status_code, charged.json()["amount"]) == (201, 14_600)


# Conversation


def test_staff_join_with_a_reason_that_both_sides_read(order, agent, rich_buyer, seller, auditor):
    page = text(page_of(agent, order))
    assert 'name="reason"' in page
    assert 'name="text"' not in page
    assert as_(agent).post(url("say", order), {"text": "hello"}).status_code == 409
    assert as_(agent).post(url("join", order), {"reason": ""}).status_code == 302
    assert as_(agent).post(url("join", order), {"reason": "the buyer called us"}).status_code == 302
    assert 'name="text"' in text(page_of(agent, order))
    for person in (rich_buyer, seller):
        assert "the buyer called us" in text(page_of(person, order))
        assert as_(person).post(url("join", order), {"reason": "me too"}).status_code == 409
    assert as_(auditor).post(url("join", order), {"reason": "me too"}).status_code == 409


def test_what_is_unread_is_counted_until_it_is_marked(order, rich_buyer, seller, stranger, at):
    conversation.say(order, "one", by=rich_buyer, at=at)
    assert url("read", order) in text(page_of(seller, order))
    assert as_(seller).post(url("read", order)).status_code == 302
    assert url("read", order) not in text(page_of(seller, order))
    assert conversation.reading_of(order, rich_buyer).read_by_others == 1
    assert as_(stranger).post(url("read", order)).status_code == 404
    told = api(rich_buyer, "read_conversation", number=order.number).json()
    assert told == {"upto": 1, "unread": 0, "read_by_others": 1}


def test_both_sides_see_the_warning_and_risk_finds_the_message(order, rich_buyer, seller, risk, at):
    conversation.say(order, "加我微信 kamen_888", by=seller, at=at)
    for person in (rich_buyer, seller):
        assert "kamen_888" in text(page_of(person, order))
        assert "shield-alert" in text(page_of(person, order))
    assert order.number in text(as_(risk).get(reverse("orders:signs")))
    assert as_(seller).get(reverse("orders:signs")).status_code == 404
    found = api(risk, "signs", "get").json()["results"]
    assert [(row["order"], row["side"], row["signs"]) for row in found] == [(order.number, "shop", ["wechat"])]
    assert api(rich_buyer, "signs", "get").status_code == 404
    assert api(rich_buyer, "messages", "get", number=order.number).json()["results"][0]["signs"] == ["wechat"]


def test_the_api_joins(order, agent, rich_buyer):
    joined = api(agent, "join_conversation", data={"reason": "asked to"}, number=order.number)
    assert (joined.status_code, joined.json()["side"]) == (200, "platform")
    assert api(rich_buyer, "join_conversation", data={"reason": "me"}, number=order.number).status_code == 409
    assert Event.objects.filter(name="order.staff_joined").count() == 1


# Who redeemed it


def test_a_side_says_who_redeemed_a_code(revealed, order, rich_buyer, seller, agent, stranger):
    page = reverse("orders:redemption", args=[order.number, 1])
    assert as_(rich_buyer).post(page, {"by_buyer": "no", "account": "13800138000"}).status_code == 302
    assert as_(seller).get(page).status_code == 200
    assert "13800138000" not in text(as_(seller).get(page))
    assert as_(agent).get(page).status_code == 302
    assert as_(stranger).get(page).status_code == 404
    assert as_(rich_buyer).post(page, {"redeemed_at": "never"}).status_code == 422
    said = api(seller, "redemption", data={"by_buyer": True}, number=order.number, place=1)
    assert (said.status_code, said.json()["said_by"], said.json()["is_record"]) == (201, "shop", False)
    assert [each.by for each in Redemption.objects.order_by("pk")] == [rich_buyer, seller]


# Suppliers


@pytest.fixture
def supplied(bought):
    """A top-up that a supplier should deliver; the shop disclosed whom to turn to."""
    order = bought(Kind.DIRECT_TOPUP, 1, delivered_by="supplier")
    type(order.snapshot.listing.supplier).objects.update(contact="客服 400-800-1234")
    return Order.objects.get(pk=order.pk)


def test_the_archive_is_for_the_shop_and_staff_and_asks_again(supplied, seller, rich_buyer, agent, stranger, at):
    ticket = Ticket.objects.get()
    Exchange.objects.create(
        ticket=ticket, at=at, what="submit", asked='{"given":{"account":"13••••00"}}', answer="busy"
    )
    page = url("exchanges", supplied)
    for person in (seller, agent):
        assert "13••••00" in text(as_(person).get(page))
    for person in (rich_buyer, stranger):
        assert as_(person).get(page).status_code == 404
        assert api(person, "exchanges", "get", number=supplied.number).status_code == 404
    assert api(seller, "exchanges", "get", number=supplied.number).json()["results"][0]["what"] == "submit"
    again = reverse("orders:try_again", args=[supplied.number, 1])
    assert as_(seller).post(again).status_code == 302
    assert as_(rich_buyer).post(again).status_code == 409
    assert api(seller, "try_again", number=supplied.number, place=1).status_code == 200


def test_the_buyer_reads_the_supplier_s_contact_only_when_the_trouble_lies_there(supplied, rich_buyer, at):
    assert "400-800-1234" not in text(page_of(rich_buyer, supplied))
    Order.objects.filter(pk=supplied.pk).update(is_late=True)
    assert "400-800-1234" in text(page_of(rich_buyer, supplied))
    shown = as_(rich_buyer).get(reverse("api:order", kwargs={"number": supplied.number})).json()
    assert shown["upstream"]["contact"] == "客服 400-800-1234"


def test_a_bad_code_names_where_it_came_from(order, rich_buyer, seller, at):
    from shops import suppliers

    found = suppliers.add(order.shop, name="上游", contact="客服 555", by=seller, at=at)
    unit = order.units.select_related("card__batch").get(place=1)
    type(unit.card.batch).objects.filter(pk=unit.card.batch_id).update(supplier=found)
    assert "客服 555" not in text(page_of(rich_buyer, order))
    delivery.record_validity(unit, is_valid=False, source="issuer", at=at)
    assert "客服 555" in text(page_of(rich_buyer, order))


def test_the_shop_lets_the_inspection_wait_on_its_page(order, seller, rich_buyer):
    assert url("ask_supplier", order) in text(page_of(seller, order))
    assert url("ask_supplier", order) not in text(page_of(rich_buyer, order))
    assert as_(seller).post(url("ask_supplier", order)).status_code == 302
    assert url("supplier_answered", order) in text(page_of(seller, order))
    assert api(seller, "supplier_answered", number=order.number).status_code == 200
    assert api(rich_buyer, "ask_supplier", number=order.number).status_code == 409


def test_staff_see_how_suppliers_are_doing(supplied, lead, agent, rich_buyer, at):
    ticket = Ticket.objects.select_related("unit__order").get()
    tickets.what_to_say(ticket, at=at)
    Exchange.objects.create(ticket=ticket, at=at, what="submit")
    row = api(lead, "supplier_health", "get").json()[0]
    assert (row["name"], row["open"], row["silent"], row["failed"]) == ("sandbox", 1, 1, 0)
    Exchange.objects.create(ticket=ticket, at=at, what="query", status=200)
    assert api(lead, "supplier_health", "get").json()[0]["silent"] == 0, "it has answered since"
    unanswered = text(as_(agent).get(url("exchanges", supplied))).count("no answer")
    tickets.stumble(ticket.pk, "LookupError", at=at)
    assert api(lead, "supplier_health", "get").json()[0]["silent"] == 0, "a fault of ours is no silence of theirs"
    told = text(as_(agent).get(url("exchanges", supplied)))
    assert ("LookupError" in told, told.count("no answer")) == (True, unanswered)
    assert "sandbox" in text(as_(agent).get(reverse("orders:suppliers")))
    assert as_(rich_buyer).get(reverse("orders:suppliers")).status_code == 404
    assert api(rich_buyer, "supplier_health", "get").status_code == 404
    tickets.hear(ticket, Answer(Standing.FAILED, reason="none left"), at=at)
    row = api(agent, "supplier_health", "get").json()[0]
    assert (row["open"], row["failed"], row["heard_at"] is not None) == (0, 1, True)

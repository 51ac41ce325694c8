"""Who works in a shop: invited by e-mail, with a duty; what each may do, and that their acts are theirs."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from orders import conversation, parties
from orders import lifecycle as orders
from orders.models import Order
from orders.parties import Side
from refunds import lifecycle as refunds
from refunds.models import Refund
from shops import lifecycle, listings, staff
from shops.models import BOOKS, MONEY, SELL, SERVE, STAFF, Duty, Listing, Member, Shop, keeping
from tests.fixtures.cases import units_of
from tests.fixtures.people import person
from tests.queries import recorded
from tests.races import race
from timeline.door import Refused
from timeline.models import Event
from timeline.sweep import sweep


def names(member):
    return [event.name for event in Event.objects.filter(subject=member.address).order_by("seq")]


@pytest.fixture
def hire(shop, seller, at):
    """`hire("support")` is a new person who does this in the shop."""

    def working(duty, name=""):
        somebody = person(name or duty)
        member = staff.invite(shop, email=somebody.email, duty=duty, by=seller, at=at)
        staff.accept(member, by=somebody, at=at)
        shop.refresh_from_db()
        return somebody

    return working


# inviting and accepting


def test_who_accepts_an_invitation_works_in_the_shop(shop, seller, stranger, at):
    member = staff.invite(shop, email="STRANGER@example.com ", duty="support", by=seller, at=at)
    assert list(staff.invitations_for(stranger, at)) == [member]
    assert not Shop.objects.get().is_worked_in_by(stranger), "an invitation alone allows nothing"
    staff.accept(member, by=stranger, at=at)
    assert Shop.objects.get().duty_of(stranger) == "support"
    assert names(member) == ["member.invited", "member.working"]
    assert [event.by for event in Event.objects.filter(subject=member.address).order_by("seq")] == [seller, stranger]


@pytest.mark.parametrize("duty", Duty.values)
def test_nobody_but_the_owner_invites(shop, hire, stranger, at, duty):
    for somebody in (stranger, hire(duty)):
        with pytest.raises(Refused) as refusal:
            staff.invite(shop, email="new@example.com", duty="support", by=somebody, at=at)
        assert refusal.value.code == "not_your_turn"


@pytest.mark.parametrize(("email", "duty", "field"), [("no address", "support", "email"), ("a@b.cn", "boss", "duty")])
def test_an_invitation_needs_an_address_and_a_duty(shop, seller, at, email, duty, field):
    with pytest.raises(ValidationError) as error:
        staff.invite(shop, email=email, duty=duty, by=seller, at=at)
    assert list(error.value.message_dict) == [field]


def test_nobody_is_invited_twice_and_the_owner_not_at_all(shop, seller, hire, at):
    hire("support")
    for email, code in ((seller.email, "own_shop"), ("support@example.com", "works_here")):
        with pytest.raises(Refused) as refusal:
            staff.invite(shop, email=email, duty="manager", by=seller, at=at)
        assert refusal.value.code == code


def test_an_invitation_is_for_one_person(shop, seller, stranger, buyer, at):
    member = staff.invite(shop, email=stranger.email, duty="finance", by=seller, at=at)
    for verb in (staff.accept, staff.decline):
        with pytest.raises(Refused) as refusal:
            verb(member, by=buyer, at=at)
        assert refusal.value.code == "not_your_turn"


def test_an_invitation_that_nobody_answers_is_over_after_seven_days(shop, seller, stranger, at):
    member = staff.invite(shop, email=stranger.email, duty="finance", by=seller, at=at)
    over: Any = member.deadline_at
    with pytest.raises(Refused):
        staff.accept(member, by=stranger, at=over)
    sweep(at=over)
    member.refresh_from_db()
    assert member.state == "declined"
    assert member.deadline_at is None
    assert member.entered_at > at + timedelta(days=6)
    staff.invite(shop, email=stranger.email, duty="finance", by=seller, at=at)


def test_declining_and_taking_back(shop, seller, stranger, at):
    first = staff.invite(shop, email=stranger.email, duty="finance", by=seller, at=at)
    staff.decline(first, by=stranger, at=at)
    second = staff.invite(shop, email=stranger.email, duty="finance", by=seller, at=at)
    staff.decline(second, by=seller, at=at)
    assert names(first)[-1] == "member.declined"
    assert names(second)[-1] == "member.taken_back"
    for member in (first, second):
        with pytest.raises(Refused):
            staff.accept(member, by=stranger, at=at)


@pytest.mark.django_db(transaction=True)
def test_one_invitation_is_accepted_once(shop, seller, stranger, at):
    member = staff.invite(shop, email=stranger.email, duty="support", by=seller, at=at)
    race(*[lambda: staff.accept(Member.objects.get(pk=member.pk), by=stranger, at=at) for _time in range(4)])
    assert names(member).count("member.working") == 1


# what each may do

ALLOWED = {
    "manager": {SELL, SERVE, BOOKS},
    "support": {SERVE},
    "finance": {BOOKS, MONEY},
}


@pytest.mark.parametrize("duty", Duty.values)
def test_a_duty_allows_what_it_says_and_asking_costs_no_query(shop, hire, seller, stranger, duty):
    somebody = hire(duty)
    every = [SELL, SERVE, BOOKS, MONEY, STAFF]
    with recorded() as asked:
        assert {what for what in every if shop.may(somebody, what)} == ALLOWED[duty]
        assert all(shop.may(seller, what) for what in every)
        assert not any(shop.may(stranger, what) for what in every)
    assert not asked
    for what in every:
        assert Shop.objects.filter(keeping(somebody, what)).exists() == (what in ALLOWED[duty])
        assert Shop.objects.exclude(keeping(stranger, what)).exists(), "a stranger's exclusion leaves no shop out"


def test_a_manager_offers_goods_and_the_others_do_not(draft, hire, at):
    for duty in ("support", "finance"):
        with pytest.raises(Refused) as refusal:
            listings.put_on_sale(draft, by=hire(duty), at=at)
        assert refusal.value.code == "not_your_turn"
    manager = hire("manager")
    listings.put_on_sale(Listing.objects.get(pk=draft.pk), by=manager, at=at)
    assert Event.objects.get(name="listing.on_sale").by == manager, "the person, not the shop"


def test_only_money_people_pay_the_deposit_and_only_the_owner_closes(shop, hire, at):
    for duty in ("support", "manager"):
        with pytest.raises(Refused):
            lifecycle.pay_in(shop.deposit, amount=100, channel="sandbox", by=hire(duty), at=at, key=duty)
    finance = hire("finance")
    lifecycle.pay_in(shop.deposit, amount=100_000, channel="sandbox", by=finance, at=at, key="x")
    with pytest.raises(Refused):
        lifecycle.close(shop.deposit, by=finance, at=at)


def test_support_answers_a_refund_and_finance_does_not(order, rich_buyer, hire, at):
    case = refunds.ask(order=order, units=units_of(order)[:1], reason="CHANGE_OF_MIND", by=rich_buyer, at=at)
    finance, support = hire("finance"), hire("support")
    with pytest.raises(Refused):
        refunds.accept(Refund.objects.get(pk=case.pk), by=finance, at=at)
    assert not Refund.objects.visible_to(finance).exists()
    assert Refund.objects.visible_to(support).get() == case
    refunds.accept(Refund.objects.get(pk=case.pk), by=support, at=at)
    assert Event.objects.get(name="refund.approved").by == support


def test_what_somebody_said_stays_the_shop_s_word_when_they_leave(order, hire, seller, at):
    support = hire("support")
    order = Order.objects.get(pk=order.pk)
    conversation.say(order, "您好", by=support, at=at)
    assert parties.side_of(order, support) == Side.SHOP
    staff.remove(Member.objects.get(user=support), by=seller, at=at)
    order = Order.objects.select_related("shop").get(pk=order.pk)
    assert parties.side_of(order, support) is None
    assert parties.side_of_author(order, support.pk) == Side.SHOP
    assert not parties.visible_to(support).exists()
    with pytest.raises(Refused):
        conversation.say(order, "我还在", by=support, at=at)


@pytest.mark.parametrize("duty", Duty.values)
def test_nobody_of_the_shop_buys_from_it(listing, hire, at, duty):
    with pytest.raises(Refused) as refusal:
        orders.place(buyer=hire(duty), listing=listing, quantity=1, acknowledged=True, at=at)
    assert refusal.value.code == "own_goods"


# changing and leaving


def test_another_duty_counts_at_once(shop, hire, seller, at):
    somebody = hire("support")
    member = Member.objects.get(user=somebody)
    staff.change_duty(member, duty="finance", by=seller, at=at)
    assert Shop.objects.get().may(somebody, MONEY)
    assert not Shop.objects.get().may(somebody, SERVE)
    with pytest.raises(Refused):
        staff.change_duty(member, duty="manager", by=somebody, at=at)
    assert Event.objects.get(name="member.duty_changed").data == {"before": "support", "after": "finance"}


def test_one_may_leave_and_come_back(shop, hire, seller, at):
    somebody = hire("manager")
    member = Member.objects.get(user=somebody)
    staff.remove(member, by=somebody, at=at)
    with pytest.raises(Refused):
        staff.remove(member, by=seller, at=at)
    again = staff.invite(shop, email=somebody.email, duty="support", by=seller, at=at)
    staff.accept(again, by=somebody, at=at)
    assert Shop.objects.get().duty_of(somebody) == "support"


def test_a_colleague_cannot_send_another_away(shop, hire, at):
    manager, _support = hire("manager"), hire("support")
    with pytest.raises(Refused):
        staff.remove(Member.objects.get(duty="support"), by=manager, at=at)


# pages and addresses


def test_the_owner_invites_on_a_page_and_the_person_accepts_on_theirs(client, shop, seller, stranger):
    client.force_login(seller)
    page = reverse("shops:staff", args=[shop.slug])
    assert client.post(page, {"email": "x", "duty": "support"}).status_code == 422
    assert client.post(page, {"email": stranger.email, "duty": "support"}).status_code == 302
    assert stranger.email in client.get(page).content.decode()
    member = Member.objects.get()
    client.force_login(stranger)
    assert client.get(page).status_code == 404, "only the owner's"
    assert "星河点卡" in client.get(reverse("shops:invitations")).content.decode()
    client.post(reverse("shops:answer", args=[member.pk, "accept"]))
    assert Shop.objects.get().duty_of(stranger) == "support"
    assert "星河点卡" in client.get(reverse("shops:invitations")).content.decode()
    client.force_login(seller)
    client.post(reverse("shops:change_duty", args=[shop.slug, member.pk]), {"duty": "finance"})
    assert Shop.objects.get().duty_of(stranger) == "finance"
    client.post(reverse("shops:remove", args=[shop.slug, member.pk]))
    assert Shop.objects.get().duty_of(stranger) == ""


@pytest.mark.parametrize("duty", Duty.values)
def test_each_duty_sees_its_own_pages(client, listing, hire, duty):
    """What is not theirs is not there."""
    client.force_login(hire(duty))
    pages = {
        reverse("shops:desk_listings", args=["xinghe"]): SELL,
        reverse("shops:stock", args=["xinghe"]): SELL,
        reverse("shops:suppliers", args=["xinghe"]): SELL,
        reverse("shops:deposit", args=["xinghe"]): BOOKS,
        reverse("desks:money", args=["xinghe"]): BOOKS,
        reverse("shops:staff", args=["xinghe"]): STAFF,
        reverse("orders:desk", args=["xinghe"]): SERVE,
        reverse("orders:to_deliver", args=["xinghe"]): SERVE,
        "/api/v1/shops/xinghe/orders/": SERVE,
        "/api/v1/shops/xinghe/listings/": SELL,
        "/api/v1/shops/xinghe/deposit/": BOOKS,
        "/api/v1/shops/xinghe/members/": STAFF,
    }
    for address, what in pages.items():
        assert client.get(address).status_code == (200 if what in ALLOWED[duty] else 404), address


def test_the_api_does_the_same(client, shop, seller, stranger, buyer):
    client.force_login(seller)
    header = {"HTTP_IDEMPOTENCY_KEY": "1"}
    invited = client.post(
        f"/api/v1/shops/{shop.slug}/members/",
        {"email": stranger.email, "duty": "support"},
        content_type="application/json",
        **header,
    )
    assert (invited.status_code, invited.json()["state"]) == (201, "invited")
    pk = invited.json()["id"]
    client.force_login(buyer)
    assert client.post(f"/api/v1/members/{pk}/accept/", HTTP_IDEMPOTENCY_KEY="2").status_code == 404
    client.force_login(stranger)
    assert [each["id"] for each in client.get("/api/v1/invitations/").json()["results"]] == [pk]
    assert client.post(f"/api/v1/members/{pk}/accept/", HTTP_IDEMPOTENCY_KEY="3").json()["state"] == "working"
    client.force_login(seller)
    changed = client.post(
        f"/api/v1/members/{pk}/duty/", {"duty": "finance"}, content_type="application/json", HTTP_IDEMPOTENCY_KEY="4"
    )
    assert changed.json()["duty"] == "finance"
    assert client.post(f"/api/v1/members/{pk}/remove/", HTTP_IDEMPOTENCY_KEY="5").json()["state"] == "left"
    assert len(client.get(f"/api/v1/shops/{shop.slug}/members/").json()["results"]) == 1

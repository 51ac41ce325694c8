"""Contacts that sell guides to refunds: risk lists them, whoever claims and names one is seen, nothing is refused."""

from datetime import timedelta

import pytest
from django.urls import reverse

from orders import conversation
from refunds import lifecycle as refunds
from reputation import contacts, signals
from reputation.models import KnownContact, Signal
from tests.api.conftest import signed_in
from tests.fixtures.cases import units_of
from timeline.models import Event
from timeline.refusals import Refused

SAID = {"handle": "QQ群 123-456-789", "reason": "群内售卖“仅退款”教程。"}


@pytest.fixture
def listed(risk, at):
    return contacts.list_contact(**SAID, by=risk, at=at)


def found(at):
    signals.look_all(at=at)
    return list(Signal.objects.filter(name="known_contact").values_list("user", "evidence").order_by("pk"))


@pytest.mark.parametrize("text", ["加 qq群１２３４５６７８９ 就能退", "QQ 群:123 456 789", "qq\u200b群123·456·789"])
def test_whoever_claims_and_names_it_is_seen_however_it_is_disguised(order, rich_buyer, listed, at, text):
    conversation.say(order, text, by=rich_buyer, at=at)
    assert found(at) == [], "who only writes of it has claimed nothing"
    refunds.ask(order=order, units=[units_of(order)[0]], reason="CODE_INVALID", by=rich_buyer, at=at, text="无效")
    assert found(at) == [(rich_buyer.pk, [order.number])]
    rich_buyer.refresh_from_db()
    assert rich_buyer.risk == 15


def test_other_words_and_dropped_contacts_are_not_seen(order, rich_buyer, listed, risk, at):
    refunds.ask(
        order=order, units=[units_of(order)[0]], reason="CODE_INVALID", by=rich_buyer, at=at, text="qq群 123456780 说的"
    )
    assert found(at) == []
    other = contacts.list_contact(handle="123456780", reason="同一伙人。", by=risk, at=at)
    contacts.drop(other, reason="号码已换主人。", by=risk, at=at)
    assert found(at) == []
    with pytest.raises(Refused, match="wrong_moment"):
        contacts.drop(other, reason="号码已换主人。", by=risk, at=at)


def test_what_rested_on_a_dropped_contact_goes_with_it_and_what_rests_on_another_stays(
    order, rich_buyer, listed, risk, at
):
    hour, text = timedelta(hours=1), "加QQ群123456789 说能退"
    refunds.ask(order=order, units=[units_of(order)[0]], reason="CODE_INVALID", by=rich_buyer, at=at, text=text)
    other = contacts.list_contact(handle="群123456789", reason="同一个群。", by=risk, at=at)
    found(at)
    assert signals.let_go(at=at) == 0, "nothing was dropped"
    contacts.drop(other, reason="写重了。", by=risk, at=at + hour)
    assert signals.let_go(at=at + hour) == 0
    rich_buyer.refresh_from_db()
    assert rich_buyer.risk == 15, "the first contact is still listed"
    contacts.drop(listed, reason="号码已换主人。", by=risk, at=at + 2 * hour)
    assert signals.let_go(at=at + 2 * hour) == 1
    rich_buyer.refresh_from_db()
    mark = Signal.objects.get()
    assert (rich_buyer.risk, mark.dismissed_by, mark.dismissed_because) == (0, risk, "号码已换主人。")
    assert signals.let_go(at=at + 3 * hour) == 0, "once is enough"
    signals.look_all(at=at + 3 * hour)
    rich_buyer.refresh_from_db()
    assert rich_buyer.risk == 0


def test_who_was_dismissed_already_keeps_nobody_else_from_being_let_go(
    order, rich_buyer, stranger, listed, risk, at, monkeypatch
):
    """As many as are looked at at once were let go before: the next ones come next."""
    monkeypatch.setattr(signals, "CHUNK", 1)
    hour, text = timedelta(hours=1), "加QQ群123456789 说能退"
    case = refunds.ask(order=order, units=[units_of(order)[0]], reason="CODE_INVALID", by=rich_buyer, at=at, text=text)
    for user, numbers in ((rich_buyer, [case.number]), (stranger, ["R1"])):
        Signal.objects.create(
            name="known_contact", user=user, weight=15, evidence=numbers, first_at=at, seen_at=at, found_at=at
        )
    contacts.drop(listed, reason="号码已换主人。", by=risk, at=at + hour)
    assert signals.let_go(at=at + 2 * hour) == 1
    signals.let_go(at=at + 2 * hour)
    left = Signal.objects.get(user=stranger)
    assert left.found_at == at + 2 * hour, "the second one was looked at, too"


def test_only_risk_lists_with_a_reason_and_once(listed, risk, lead, at):
    told = Event.objects.get(name="user.contact_listed")
    assert (told.by_id, told.data["contact"]) == (risk.pk, listed.pk)
    for wrong, by, code in [
        ({}, lead, "not_your_turn"),
        ({}, risk, "known_already"),
        ({"handle": "a b-c"}, risk, "bad_contact"),
        ({"handle": "other-contact", "reason": " "}, risk, "no_reason"),
    ]:
        with pytest.raises(Refused, match=code):
            contacts.list_contact(**{**SAID, **wrong}, by=by, at=at)


def test_the_page_and_the_api_of_risk(client, risk, lead, at):
    client.force_login(lead)
    assert client.post(reverse("reputation:list_contact"), SAID).status_code == 404
    client.force_login(risk)
    assert client.post(reverse("reputation:list_contact"), {"handle": "", "reason": ""}).status_code == 422
    assert client.post(reverse("reputation:list_contact"), SAID).status_code == 302
    assert SAID["handle"] in client.get(reverse("reputation:risk")).content.decode()
    again = signed_in(risk).send("/api/v1/risk/contacts/", SAID)
    assert again.json()["code"] == "known_already"
    row = signed_in(risk).get("/api/v1/risk/contacts/").json()["results"][0]
    assert row["said"] == SAID["handle"]
    drop = reverse("reputation:drop_contact", args=[row["id"]])
    client.post(drop, {"why": ""})
    assert KnownContact.objects.get().dropped_at is None
    assert signed_in(risk).send(f"/api/v1/risk/contacts/{row['id']}/drop/", {"why": "误报"}).status_code == 200
    assert SAID["handle"] not in client.get(reverse("reputation:risk")).content.decode()


# Figures that are seen again


def test_what_is_told_in_figures_counts_anew_when_it_was_away_and_comes_back(shop, at):
    def keep(moment):
        signals._keep("sudden_turnover", "shop_id", {shop.pk: ["900000", "100000"]}, at=moment)
        return Signal.objects.get().seen_at

    day = timedelta(days=1)
    assert keep(at) == at
    assert [keep(at + number * day) for number in range(1, 4)] == [at] * 3, "it is still the same, and fades"
    assert keep(at + 40 * day) == at + 40 * day, "it was away, and is there again"


def test_cases_that_are_named_are_held_against_nobody_twice(rich_buyer, at):
    def keep(moment):
        signals._keep("same_words", "user_id", {rich_buyer.pk: ["R1", "R2"]}, at=moment)
        return Signal.objects.get().seen_at

    assert [keep(at), keep(at + timedelta(days=40))] == [at, at]


def test_as_many_orders_on_another_day_are_another_time(listing, rich_buyer, monkeypatch, at):
    from orders.models import Order
    from tests.reputation.conftest import buy

    monkeypatch.setattr(signals, "ORDERS_A_DAY", 1)
    for name in ("first", "second"):
        buy(listing, name, 1, at)
    Order.objects.update(buyer=rich_buyer)
    day = timedelta(days=1)
    seen = []
    for moment in (at, at + 30 * day):
        Order.objects.update(placed_at=moment)
        signals.look_all(at=moment)
        seen.append(Signal.objects.get(name="many_purchases").seen_at)
    assert seen == [at, at + 30 * day]
    Order.objects.update(placed_at=at)

"""What speaks for risk is explained, fades, and adds proof or a person; it never takes a fen from anybody."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts import lifecycle as accounts
from accounts.models import User
from ledger.transfers import Reason, transfer
from orders import delivery
from orders import lifecycle as orders
from orders.models import Message, Order, Redemption, Unit
from refunds import lifecycle as refunds
from reputation import signals
from reputation.models import Signal, Trace
from reputation.thresholds import thresholds
from shops import withdrawals
from shops.models import Shop
from tests.fixtures.cases import VISIT, claim, units_of
from timeline.models import Event
from timeline.refusals import Refused
from timeline.spans import SHANGHAI


@pytest.fixture
def restless(order, rich_buyer, at):
    """The buyer files a claim about each unit, twice for one, and takes every one back."""
    for place in (1, 2, 3, 1):
        unit = units_of(Order.objects.get(pk=order.pk))[place - 1]
        case = claim(unit, "CHANGE_OF_MIND", by=rich_buyer, at=at)
        refunds.withdraw(case, by=rich_buyer, at=at)
    return rich_buyer


def score(user):
    return User.objects.get(pk=user.pk).risk


def test_claims_that_were_taken_back_are_a_signal_with_its_evidence(restless, at):
    assert signals.look_all(at=at) == 1
    found = Signal.objects.get()
    assert (found.name, found.weight, len(found.evidence)) == ("many_claims", 15, 4)
    assert score(restless) == 15
    assert Event.objects.get(name="user.weighed").data["signals"] == ["many_claims"]
    assert signals.look_all(at=at) == 0, "once is enough"


def test_claims_that_were_borne_out_are_none(order, rich_buyer, seller, at):
    for place in (1, 2, 3):
        unit = units_of(Order.objects.get(pk=order.pk))[place - 1]
        refunds.accept(claim(unit, "CHANGE_OF_MIND", by=rich_buyer, at=at), by=seller, at=at)
    signals.look_all(at=at)
    assert not Signal.objects.exists()


def test_very_many_orders_in_a_day_and_several_just_under_a_cap_are_told(listing, rich_buyer, monkeypatch, at):
    monkeypatch.setattr(signals, "ORDERS_A_DAY", 2)
    bought = [
        orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at).number
        for _each in range(3)
    ]
    Shop.objects.filter(pk=listing.shop_id).update(order_cap=10_000)
    signals.look_all(at=at)
    found = {signal.name: signal.evidence for signal in Signal.objects.order_by("pk")}
    assert found == {"many_purchases": [f"{at.astimezone(SHANGHAI).date()}: 3"], "just_under_cap": sorted(bought)}, (
        "¥98.00 three times under ¥100.00"
    )
    assert score(rich_buyer) == 20, "not enough to ask for anything"


def test_it_fades_by_half_in_ninety_days(restless, at):
    signals.look_all(at=at)
    found = Signal.objects.get()
    days = thresholds().signals.half_life.days
    assert [found.now(at + timedelta(days=each), days) for each in (0, 45, 90, 180, 900)] == [15, 12, 7, 3, 0]
    signals.look_all(at=at + timedelta(days=91))
    assert score(restless) == 7


def test_a_person_finds_an_innocent_reason(restless, risk, agent, at):
    signals.look_all(at=at)
    found = Signal.objects.get()
    with pytest.raises(Refused, match="not_your_turn"):
        signals.dismiss(found, reason="x", by=agent, at=at)
    signals.dismiss(found, reason="商品标题写错了区服。", by=risk, at=at)
    assert score(restless) == 0
    signals.look_all(at=at + timedelta(days=1))
    assert score(restless) == 0, "it counts again only with new evidence"


def test_shops_whose_money_goes_to_one_account_are_linked(deposit, seller, stranger, channel_secret, at):
    other = Shop.objects.create(owner=stranger, name="另一家", slug="another", opened_at=at)
    for each, owner in ((deposit.shop, seller), (other, stranger)):
        withdrawals.name_account(each, account="6222020200112233445", holder="王五", by=owner, at=at)
    signals.trace(at=at)
    assert [user for user, _what in signals.linked(seller)] == [stranger]
    assert not Trace.objects.filter(digest__contains="6222").exists()


def test_who_claims_from_several_accounts_on_one_device_is_linked(listing, order, rich_buyer, stranger, at):
    unit = units_of(order)[0]
    delivery.reveal(unit, by=rich_buyer, at=at, visit=VISIT)
    claim(units_of(Order.objects.get(pk=order.pk))[0], "CODE_INVALID", by=rich_buyer, at=at)
    other = second_sale(listing, stranger, at)
    delivery.reveal(units_of(other)[0], by=stranger, at=at, visit=VISIT)
    claim(units_of(Order.objects.get(pk=other.pk))[0], "CODE_INVALID", by=stranger, at=at)
    signals.look_all(at=at)
    assert {signal.user for signal in Signal.objects.filter(name="linked_accounts")} == {rich_buyer, stranger}
    assert [pair[0] for pair in signals.linked(rich_buyer)] == [stranger, stranger]
    assert not Trace.objects.filter(digest__contains="203.0.113.77").exists(), "only the prefix, never the address"


def second_sale(listing, buyer, at):
    transfer(
        source="channel:sandbox",
        target=f"user:{buyer.pk}:wallet",
        amount=100_000,
        reason=Reason.TOP_UP,
        subject=buyer.address,
        key="second",
        at=at,
    )
    order = orders.place(buyer=buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    orders.pay_from_wallet(order, by=buyer, at=at)
    return Order.objects.get(pk=order.pk)


def test_a_high_score_asks_the_shop_first_but_gives_the_same_sum(bad_unit, order, rich_buyer, at):
    """A bad code of ¥98.00 whose money was released already: at once within the cap, else the shop answers."""
    accounts.set_level(rich_buyer, "M4", reason="test", at=at)
    Order.objects.filter(pk=order.pk).update(buyer_level="M4")
    found = {}
    for risk in (0, 80):
        accounts.set_risk(rich_buyer, risk, signals=[], at=at)
        rich_buyer.refresh_from_db()
        now = Order.objects.get(pk=order.pk)
        unit = Unit.objects.get(pk=bad_unit.pk)
        found[risk] = refunds.preview(now, [unit], "CODE_INVALID", buyer=rich_buyer, at=at)
    assert found[0].figure == found[80].figure > 0
    assert found[0].parts[0].decision.instant
    assert not found[80].parts[0].decision.instant


def test_a_code_that_was_used_after_its_refund_is_a_signal(bad_unit, order, rich_buyer, seller, at):
    case = claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at)
    case.refresh_from_db()
    if case.state == "requested":
        refunds.accept(case, by=seller, at=at)
    used = {"source": "issuer", "by_buyer": True, "at": at + timedelta(hours=2)}
    Redemption.objects.create(unit=bad_unit, redeemed_at=at + timedelta(hours=1), **used)
    signals.look_all(at=at + timedelta(hours=3))
    assert Signal.objects.get(name="used_after_refund").evidence == [case.number]


def test_a_shop_that_leads_away_is_a_signal_and_a_buyer_is_not(order, rich_buyer, seller, at):
    for author in (rich_buyer, seller):
        Message.objects.create(order=order, author=author, text="加微信", at=at, signs=["contact"], seq=0)
    signals.look_all(at=at)
    found = Signal.objects.get(name="off_platform")
    assert (found.shop, found.evidence) == (order.shop, [order.number])


def test_every_signal_has_a_weight_and_none_is_unknown():
    assert set(thresholds().signals.weights) == set(Signal.Name.values)
    assert set(signals.BUYERS) | set(signals.SHOPS) | {Signal.Name.BATCH_BAD} == set(Signal.Name.values)


def test_staff_of_risk_see_the_evidence_and_take_the_next_step(client, restless, risk, at):
    signals.look_all(at=at)
    found = Signal.objects.get()
    client.force_login(risk)
    page = client.get(reverse("reputation:person", args=[restless.pk])).content.decode()
    assert found.evidence[0] in page
    told = {"step": "warning", "ground": "false_claim", "reason": "同一商品四次申请又撤回。"}
    client.post(reverse("reputation:impose", args=[restless.pk]), told)
    measure = restless.measures.get()
    client.post(reverse("reputation:dismiss", args=[found.pk]), {"why": "区服写错。"})
    client.post(reverse("reputation:hear", args=[measure.pk, "lift"]), {"why": "区服写错。"})
    measure.refresh_from_db()
    assert (measure.state, score(restless)) == ("lifted", 0)
    assert str(restless) in client.get(reverse("reputation:person", args=[restless.pk])).content.decode()


def test_somebody_else_sees_none_of_it(client, restless, agent):
    client.force_login(agent)
    for address in (reverse("reputation:risk"), reverse("reputation:person", args=[restless.pk])):
        assert client.get(address).status_code == 404
    assert client.post(reverse("reputation:impose", args=[restless.pk]), {}).status_code == 404

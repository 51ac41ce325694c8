"""What nobody had is owed by whoever was found to bear it, and told once: no shop pays what the platform owes."""

from datetime import timedelta

import pytest
from django.utils.translation import override

from disputes import lifecycle, owed
from disputes.models import Owed, Ruling, Seat
from kamen import books
from ledger.accounts import balance
from ledger.templatetags.money import yuan
from notifications import inbox
from notifications.models import Notification
from orders.models import Order, Unit
from refunds import hooks, outside
from refunds import lifecycle as refunds
from refunds.models import Refund
from tests.api.conftest import signed_in
from tests.disputes.sayings import wallet
from tests.disputes.test_appeals import before_the_panel
from tests.disputes.test_bundles import made, texts
from tests.disputes.test_dispute import after_settlement, own
from tests.disputes.test_owed import settled_and_empty
from tests.disputes.test_panels import change, votes
from tests.disputes.test_people import neutral  # noqa: F401 - the fixture
from tests.disputes.test_ways_back import paid_in
from tests.fixtures.cases import claim
from tests.fixtures.disputes import drafted, nobody_had
from tests.refunds.test_left_owed import LACKS, OWN, blamed, earns, empty, late_claim, more  # noqa: F401 - fixtures
from timeline.door import locked, verb
from timeline.models import Event
from timeline.refusals import Refused

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
#: ¥58.80 of ¥98.00 are ruled, 60 % of the fault being somebody else's than the buyer's.
AWARD = 5_880


@pytest.fixture
def poor(order, rich_buyer, seller, arbiter, senior):
    """A ruling on a code that was settled long ago, its shop has lost everything: `poor(seller=6_000, buyer=4_000)`."""

    def ruled(**shares):
        dispute = after_settlement(order, rich_buyer, seller, before_the_claim=lambda at: empty(order.shop, at))
        at = dispute.entered_at
        lifecycle.rule(dispute, drafted(dispute, shares=shares), by=arbiter, at=at)
        lifecycle.sign(dispute, agrees=True, by=senior, at=at)
        return dispute

    return ruled


def told(user):
    inbox.catch_up(at=Event.objects.order_by("-at").values_list("at", flat=True)[0])
    return list(Notification.objects.filter(user=user).order_by("pk").values_list("code", flat=True))


def test_what_a_panel_lays_to_the_platform_its_shop_owes_no_more(poor, rich_buyer, seller, lead, panelists):
    dispute, before = poor(seller=6_000, buyer=4_000), wallet(rich_buyer)
    at, shop, row = dispute.entered_at, dispute.refund.order.shop, Owed.objects.get()
    assert (row.payer, 0 < row.left < AWARD) == ("shop", True)
    paid, left = AWARD - row.left, row.left
    own(OWN, paid, at)
    available = balance(shop.account("available"))
    appeal = before_the_panel(dispute, seller, rich_buyer, lead, at)
    votes(appeal, panelists, [change(None, platform=6_000, buyer=4_000)] * 3, at)
    assert Ruling.objects.get(is_final=True, is_superseded=False).shares["platform"] == 6_000
    assert balance(shop.account("available")) - available == paid, "the platform gave back what the shop had paid"
    row = Owed.objects.get()
    assert (row.payer, row.left, owed.of_shop(shop)) == ("platform", left, 0)
    assert Event.objects.get(name="order.owed_by_platform").data["amount"] == left
    assert "order.owed_by_platform" in told(rich_buyer)
    assert "order.platform_owes" in told(seller)
    earns(shop, 20_000, at)
    assert owed.collect_all(at=at) == 0, "the shop has enough, and does not owe it"
    more(OWN, 20_000, at)
    assert owed.collect_all(at=at) == 1
    assert wallet(rich_buyer) - before == left
    assert Unit.objects.get(place=1).covered == left


def test_a_panel_that_lays_half_of_it_to_the_platform_leaves_the_shop_the_other_half(
    poor, rich_buyer, seller, lead, panelists
):
    dispute = poor(seller=6_000, buyer=4_000)
    at = dispute.entered_at
    appeal = before_the_panel(dispute, seller, rich_buyer, lead, at)
    votes(appeal, panelists, [change(None, platform=3_000, seller=3_000, buyer=4_000)] * 3, at)
    by = {row.payer: row.left for row in Owed.objects.order_by("pk")}
    assert by["platform"] == AWARD // 2
    assert by["shop"] == AWARD // 2 - 294, "its commission of 5 % was there and paid"


def test_a_platform_that_has_nothing_does_not_tell_the_shop_that_it_gives_nothing_back(
    poor, rich_buyer, seller, lead, panelists
):
    """What it cannot give is an alarm for the leads, and no good news of ¥0.00."""
    dispute = poor(seller=6_000, buyer=4_000)
    appeal = before_the_panel(dispute, seller, rich_buyer, lead, dispute.entered_at)
    votes(appeal, panelists, [change(None, platform=6_000, buyer=4_000)] * 3, dispute.entered_at)
    assert not Event.objects.filter(name="dispute.fault_taken_on").exists()
    assert "dispute.fault_taken_on" not in told(seller)
    whats = [event.data["what"] for event in Event.objects.filter(name="dispute.alarm").order_by("seq")]
    assert "the platform cannot give the shop what it paid in its place" in whats


def test_a_shop_is_told_of_the_fund_only_what_the_fund_gives(poor, rich_buyer, seller, lead, panelists):
    dispute = poor(seller=6_000, buyer=4_000)
    at = dispute.entered_at
    paid = AWARD - Owed.objects.get().left
    own("platform:fund", 100, at)
    appeal = before_the_panel(dispute, seller, rich_buyer, lead, at)
    votes(appeal, panelists, [change(None, buyer=10_000)] * 3, at)
    assert Event.objects.get(name="dispute.shop_made_whole").data == {
        "amount": 100,
        "missing": paid - 100,
        "platform": AWARD - paid,
    }
    assert "dispute.shop_made_whole" in told(seller)


def test_a_fund_that_has_nothing_is_not_told_of_as_if_it_gave(poor, rich_buyer, seller, lead, panelists):
    dispute = poor(seller=6_000, buyer=4_000)
    appeal = before_the_panel(dispute, seller, rich_buyer, lead, dispute.entered_at)
    votes(appeal, panelists, [change(None, buyer=10_000)] * 3, dispute.entered_at)
    assert Event.objects.get(name="dispute.shop_made_whole").data["amount"] == 0
    assert "dispute.shop_made_whole" not in told(seller)


def test_what_a_panel_lays_to_the_shop_the_platform_owes_no_more(
    poor,
    rich_buyer,
    seller,
    lead,
    panelists,
    neutral,  # noqa: F811 - the fixture
):
    dispute, before = poor(platform=6_000, buyer=4_000), wallet(rich_buyer)
    at, shop, row = dispute.entered_at, dispute.refund.order.shop, Owed.objects.get()
    assert (row.payer, row.left) == ("platform", AWARD)
    appeal = before_the_panel(dispute, seller, rich_buyer, lead, at)
    seats = Seat.objects.filter(dispute=dispute, part=Seat.Part.REVIEWER, until=None).select_related("user")
    votes(appeal, [seat.user for seat in seats.order_by("pk")], [change(None, seller=6_000, buyer=4_000)] * 3, at)
    row = Owed.objects.get()
    assert (row.payer, row.left, owed.of_shop(shop)) == ("shop", AWARD, AWARD)
    assert "order.shop_owes" in told(seller)
    more(OWN, 20_000, at)
    assert owed.collect_all(at=at) == 0
    earns(shop, 20_000, at)
    assert owed.collect_all(at=at) == 1
    assert wallet(rich_buyer) - before == AWARD


def test_an_order_learns_that_something_is_owed_of_it_where_the_version_before_did_not_say_so(order, at):
    row = nobody_had(order, 5_000, cause="case:1", at=at)
    Order.objects.filter(pk=order.pk).update(ran_dry=False)
    earns(order.shop, 1_000, at)
    assert owed.collect_all(at=at) == 1
    assert (Order.objects.get(pk=order.pk).ran_dry, Owed.objects.get(pk=row.pk).left) == (True, 4_000)


# A later claim


def again(buyer, seller, at):
    """The buyer claims for the same unit once more, and the shop agrees."""
    case = claim(Unit.objects.get(place=1), "NOT_AS_DESCRIBED", text="与商品说明不符。", by=buyer, at=at)
    if not case.is_over:
        refunds.accept(case, by=seller, at=at)
    return Refund.objects.get(pk=case.pk)


def pockets(shop):
    return {name: balance(shop.account(name)) for name in ("pending", "available", "deposit", "reserved")}


def test_a_shop_that_agrees_to_a_second_claim_does_not_pay_what_the_platform_owes(
    blamed,  # noqa: F811 - the fixture
    rich_buyer,
    seller,
):
    at, shop = blamed.entered_at, blamed.order.shop
    refunds.accept(blamed, by=seller, at=at)
    had, before = pockets(shop), wallet(rich_buyer)
    case = again(rich_buyer, seller, at)
    assert (case.state, case.approved) == ("refunded", 8_800)
    assert pockets(shop) == had, "it was not the shop's fault, and who had no money was not the shop"
    row = Owed.objects.get()
    assert (row.payer, row.left) == ("platform", 8_800)
    more(OWN, 20_000, at)
    assert owed.collect_all(at=at) == 1
    assert (wallet(rich_buyer) - before, Unit.objects.get(place=1).covered) == (8_800, 9_800)


def test_a_second_claim_is_paid_by_the_platform_as_far_as_it_owes_the_same_and_by_the_shop_beyond(
    late_claim,  # noqa: F811 - the fixture
    rich_buyer,
    seller,
):
    at, shop = late_claim.entered_at, late_claim.order.shop
    refunds.accept(late_claim, by=seller, at=at)
    people_say_so(late_claim, 4_000, at)
    assert {row.payer: row.left for row in Owed.objects.order_by("pk")} == {"shop": LACKS - 4_000, "platform": 4_000}
    own(OWN, 10_000, at)
    earns(shop, 20_000, at)
    before = wallet(rich_buyer)
    again(rich_buyer, seller, at)
    assert wallet(rich_buyer) - before == LACKS
    assert (balance(OWN), balance(shop.account("available"))) == (10_000 - 4_000, 20_000 - (LACKS - 4_000))
    assert not Owed.objects.filter(paid_at=None).exists()
    assert Unit.objects.get(place=1).is_given_back()


@verb
def people_say_so(case, amount, at):
    """So much of what the shop owes is the platform's."""
    order = locked(type(case.order), case.order_id)
    owed.lay_to(Owed.Payer.PLATFORM, [case.address], most=amount, order=order, at=at)


def test_of_a_larger_award_later_the_shop_pays_what_the_platform_does_not_owe(order, rich_buyer, seller, arbiter):
    """The platform owes ¥50.00 of a unit; ¥30.00 more by somebody's fault are not that ¥50.00 again."""
    from tests.shops.test_commission import give_back as percent

    at = order.delivered_at
    row = nobody_had(order, 5_000, cause="case:1", at=at)
    unit = order.units.get(place=1)
    Event.objects.filter(name="order.waterfall_ran_dry")
    Owed.objects.filter(pk=row.pk).update(units={str(unit.pk): 5_000})
    type(order).objects.filter(pk=order.pk).update(ran_dry=True)
    platform(row, at)
    own(OWN, 10_000, at)
    percent(order, 30, 1, at)
    unit.refresh_from_db()
    assert (unit.refunded, unit.covered, Owed.objects.get().left) == (2_940, 0, 5_000)


@verb
def platform(row, at):
    order = locked(type(row.order), row.order_id)
    owed.lay_to(Owed.Payer.PLATFORM, [row.cause], most=row.left, order=order, at=at)


def test_who_is_owed_it_already_is_not_told_again_that_it_is_owed(late_claim, rich_buyer, seller):  # noqa: F811
    at = late_claim.entered_at
    refunds.accept(late_claim, by=seller, at=at)
    case = again(rich_buyer, seller, at)
    assert Owed.objects.get().left == LACKS, "once"
    dry = Event.objects.filter(name="order.waterfall_ran_dry").order_by("seq")
    assert [event.data.get("known", 0) for event in dry] == [0, LACKS]
    assert told(rich_buyer).count("order.left_owed") == 1
    assert hooks.still_owed(case) == LACKS, "the second case has not paid it either"
    shown = signed_in(rich_buyer).get(f"/api/v1/refunds/{case.number}/").json()
    assert (shown["approved"], shown["owed"]) == (LACKS, LACKS)
    earns(case.order.shop, 20_000, at)
    assert owed.collect_all(at=at) == 1
    assert hooks.still_owed(Refund.objects.get(pk=case.pk)) == 0


@pytest.mark.usefixtures("channel_secret")
def test_what_nobody_had_is_said_while_the_rest_is_still_on_its_way(listing, rich_buyer, seller, client, at):
    order = paid_in(listing, rich_buyer, at, 0)
    then = settled_and_empty(order, rich_buyer, at)
    case = claim(order.units.get(place=1), "CODE_INVALID", by=rich_buyer, at=then)
    refunds.accept(case, by=seller, at=then)
    assert case.state == "approved", "¥4.90 go back by the channel"
    shown = signed_in(rich_buyer).get(f"/api/v1/refunds/{case.number}/").json()
    assert (shown["state"], shown["approved"], shown["owed"]) == ("approved", 9_800, LACKS)
    client.force_login(rich_buyer)
    page = client.get(case.get_absolute_url(), headers={"accept-language": "en"}).content.decode()
    assert "Nobody had ¥93.10 of it" in page
    assert "It is decided. Nobody had all of the money" not in page, "for it is not over"


def test_a_copy_of_the_file_counts_what_was_owed_for_a_time_among_what_came(poor, rich_buyer):
    dispute = poor(seller=6_000, buyer=4_000)
    at, row = dispute.entered_at, Owed.objects.get()
    assert f"投诉人已收到退款 {yuan(AWARD - row.left)}。" in texts(made(dispute, "regulator", rich_buyer, at))
    earns(dispute.refund.order.shop, 20_000, at)
    assert owed.collect_all(at=at) == 1
    assert f"投诉人已收到退款 {yuan(AWARD)}。" in texts(made(dispute, "regulator", rich_buyer, at + MINUTE))


def test_an_order_that_forgot_what_is_owed_of_it_is_found(poor):
    """A process of the version before keeps the claim and does not mark the order."""
    rule = "an order of which something is or was owed remembers it"
    order = poor(seller=6_000, buyer=4_000).refund.order
    assert rule not in {each.rule for each in books.violations()}
    type(order).objects.filter(pk=order.pk).update(ran_dry=False)
    assert [each.offenders for each in books.violations() if each.rule == rule] == [[order.address]]
    type(order).objects.filter(pk=order.pk).update(ran_dry=True)


# Collecting


def test_claims_that_wait_for_a_case_never_stand_before_one_that_can_be_paid(order, revealed, rich_buyer, at):
    held = nobody_had(order, 5_000, cause="case:1", at=at)
    Owed.objects.filter(pk=held.pk).update(units={str(revealed.pk): 5_000})
    behind = nobody_had(order, 1_000, cause="case:2", at=at + MINUTE)
    claim(revealed, "CODE_INVALID", by=rich_buyer, at=at)
    earns(order.shop, 20_000, at)
    assert owed.collect_all(at=at + MINUTE, most=1) == 1
    assert [Owed.objects.get(pk=row.pk).paid for row in (held, behind)] == [0, 1_000]


# A channel that pays on its own account


def test_finance_reads_that_the_platform_lacks_what_a_bank_took_of_what_the_platform_owes(
    listing, rich_buyer, seller, channel_secret, at
):
    order = paid_in(listing, rich_buyer, at, 0)
    then = settled_and_empty(order, rich_buyer, at)
    case = claim(order.units.get(place=1), "CODE_INVALID", by=rich_buyer, at=then)
    refunds.accept(case, by=seller, at=then)
    people_say_so(case, LACKS, then)
    earns(order.shop, 20_000, then)
    available = balance(order.shop.account("available"))
    with override("en"), pytest.raises(Refused) as refusal:
        outside.book(Order.objects.get(pk=order.pk), reference="wx-1", amount=9_800, cause="difference:1", at=then)
    assert refusal.value.code == "fund_short"
    assert "the platform where it owes it" in str(refusal.value)
    own(OWN, LACKS, then)
    booked = outside.book(Order.objects.get(pk=order.pk), reference="wx-1", amount=9_800, cause="difference:1", at=then)
    assert (booked, balance(OWN), balance(order.shop.account("available"))) == (9_800, 0, available)
    assert not Owed.objects.filter(paid_at=None).exists()

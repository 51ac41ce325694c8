"""What needs me: everything that waits for somebody, by the time that is left, and nothing that does not."""

from datetime import timedelta

import pytest

from accounts import lifecycle as accounts
from disputes import appeals, neutrals
from disputes import lifecycle as disputes
from notifications import inbox
from orders import lifecycle as orders
from refunds import lifecycle as refunds
from reputation import alarms, batch_answers
from tests.disputes.sayings import lapse
from tests.disputes.test_appeals import REASONS, before_the_panel
from tests.disputes.test_waiting import silent_shop
from tests.fixtures.cases import claim
from tests.fixtures.people import person
from tests.queries import recorded
from tests.reputation.conftest import ring, sold
from timeline import clock

__all__ = ["sold"]

ME = "/me/"
ENGLISH = {"accept-language": "en"}


@pytest.fixture
def waiting_for(client):
    """What `/me/` says waits for somebody: the kinds of its cards, from the least time left to the most."""

    def look(user):
        client.force_login(user)
        return [each["card"].icon for each in client.get(ME).context["cards"]]

    return look


def test_it_is_for_people_who_are_signed_in(client, db):
    assert client.get(ME).status_code == 302


@pytest.mark.parametrize(("language", "said"), [("en", "Nothing waits for you"), ("zh-hans", "</html>")])
def test_when_nothing_waits_the_page_says_so(client, stranger, language, said):
    client.force_login(stranger)
    page = client.get(ME, headers={"accept-language": language}).content.decode()
    assert said in page
    assert "empty" in page


def test_an_order_waits_to_be_paid_and_then_to_be_inspected(
    placed_order, rich_buyer, seller, stranger, waiting_for, at
):
    assert waiting_for(rich_buyer) == ["wallet"]
    orders.pay_from_wallet(placed_order, by=rich_buyer, at=at)
    assert waiting_for(rich_buyer) == ["package-check"]
    assert waiting_for(seller) == []
    assert waiting_for(stranger) == []


def test_what_is_over_does_not_wait(placed_order, rich_buyer, waiting_for):
    clock.advance(timedelta(minutes=15))
    assert waiting_for(rich_buyer) == []


def test_a_paid_order_waits_for_its_shop(undelivered_order, rich_buyer, seller, waiting_for):
    assert waiting_for(seller) == ["truck"]
    assert waiting_for(rich_buyer) == []


def test_a_case_waits_for_whose_turn_it_is(refund, rich_buyer, seller, waiting_for, at):
    assert "store" in waiting_for(seller)
    assert "undo-2" not in waiting_for(rich_buyer)
    refunds.decline(refund, code="other", rule="MX-42", text="我们这边显示可用。", by=seller, at=at)
    assert "store" not in waiting_for(seller)
    assert "undo-2" in waiting_for(rich_buyer)


def test_a_claim_for_which_the_rules_give_nothing_names_no_sum(client, revealed, rich_buyer, at):
    claim(revealed, "CHANGE_OF_MIND", by=rich_buyer, at=at)
    client.force_login(rich_buyer)
    cards = [each["card"] for each in client.get(ME).context["cards"]]
    assert [card.amount for card in cards if card.icon == "undo-2"] == [None]


def test_the_shop_is_told_what_its_silence_means(client, refund, seller):
    client.force_login(seller)
    (card,) = [each["card"] for each in client.get(ME, headers={"accept-language": "en"}).context["cards"]]
    assert card.then == "Then the buyer is paid back ¥98.00."


def test_a_dispute_waits_for_the_evidence_of_each_side(dispute, rich_buyer, seller, arbiter, waiting_for, at):
    assert "scale" in waiting_for(rich_buyer)
    assert waiting_for(seller) == ["scale"]
    assert waiting_for(arbiter) == []
    disputes.rest(dispute, by=seller, at=at)
    assert waiting_for(seller) == []
    assert "scale" in waiting_for(rich_buyer)


def test_a_short_deposit_waits_for_its_shop(short_deposit, seller, stranger, waiting_for):
    assert waiting_for(seller) == ["shield-alert"]
    assert waiting_for(stranger) == []


def test_a_recall_waits_for_its_holder_and_a_bad_batch_for_the_answer_of_its_shop(
    sold, seller, risk, waiting_for, client, at
):
    assert "package" not in waiting_for(sold[0].buyer)
    alarm = ring(sold, at)
    order, other = sold[:2]
    assert "package" in waiting_for(order.buyer)
    assert "octagon-alert" in waiting_for(seller)
    assert "package" not in waiting_for(seller)
    batch_answers.give(alarm.answer, words="上游换了批号，已停售并逐张核对。", by=seller, at=at)
    assert "octagon-alert" not in waiting_for(seller)
    alarms.confirm(alarm, finding="发行方确认整批作废。", by=risk, at=at)
    alarms.join(alarm, order, by=order.buyer, at=at)
    assert "package" not in waiting_for(order.buyer)
    assert "package" in waiting_for(other.buyer)


def test_the_least_time_comes_first(client, declined, listing, rich_buyer, at):
    orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    client.force_login(rich_buyer)
    cards = [each["card"] for each in client.get(ME).context["cards"]]
    assert [card.icon for card in cards] == ["wallet", "package-check", "undo-2"]
    assert [card.until for card in cards] == sorted(card.until for card in cards)


def test_the_balance_and_unread_notices_are_on_the_page(client, order, rich_buyer, at):
    inbox.catch_up(at=at)
    client.force_login(rich_buyer)
    page = client.get(ME, headers={"accept-language": "en"}).content.decode()
    assert "¥706.00" in page
    assert "Unread notices: 1" in page


@pytest.mark.parametrize(
    ("who", "desk", "bench"), [("seller", True, False), ("arbiter", False, True), ("stranger", False, False)]
)
def test_a_desk_for_shops_and_a_bench_for_staff(client, shop, seller, arbiter, stranger, who, desk, bench):
    client.force_login({"seller": seller, "arbiter": arbiter, "stranger": stranger}[who])
    page = client.get(ME).content.decode()
    assert ('href="/desk/"' in page) == desk
    assert ('href="/bench/"' in page) == bench


def test_one_thing_or_ten_cost_the_same(client, listing, rich_buyer, at):
    client.force_login(rich_buyer)
    client.get(ME)
    counts = []
    for number in (1, 9):
        for _ in range(number):
            orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
        with recorded() as seen:
            client.get(ME)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_who_judges_or_signs_finds_the_case_and_a_neutral_finds_no_other_door(
    client, reviewed, arbiter, senior, lead, at
):
    def cards(user):
        client.force_login(user)
        return [(each["card"].url, str(each["card"].kind)) for each in client.get(ME, headers=ENGLISH).context["cards"]]

    bench = f"/bench/{reviewed.number}/"
    assert cards(arbiter) == [(bench, "To rule")]
    outside = person("outside")
    neutrals.enlist(user=outside, name="张明", organization="中心", about="无利害关系", by=lead, at=at)
    assert cards(outside) == []
    neutrals.refer(reviewed, by=arbiter, at=at)
    assert cards(outside) == [(bench, "To rule")]
    assert cards(arbiter) == [], "it is not theirs any more"


def test_who_signs_finds_the_draft(client, signing, senior):
    client.force_login(senior)
    (card,) = client.get(ME).context["cards"]
    assert card["card"].url == f"/bench/{signing.number}/"


def test_an_arbiter_finds_the_draft_that_follows_from_the_silence_of_a_side(client, order, rich_buyer, arbiter, at):
    dispute = silent_shop(order, rich_buyer, at=at)
    lapse(dispute)
    assert dispute.owner == "arbiter"
    clock.advance(dispute.entered_at - clock.now())
    client.force_login(arbiter)
    (card,) = client.get(ME, headers=ENGLISH).context["cards"]
    assert (card["card"].url, str(card["card"].kind)) == (f"/bench/{dispute.number}/", "To sign")


def test_of_somebody_whose_role_has_ended_no_case_wants_anything(client, reviewed, arbiter, lead, at):
    accounts.revoke(arbiter, "arbiter", by=lead, at=at)
    client.force_login(arbiter)
    assert client.get(f"/bench/{reviewed.number}/").status_code == 404
    assert client.get(ME).context["cards"] == [], "the page leads to no door that is shut"


def cards_of(client, user):
    """What waits for somebody: address and kind."""
    client.force_login(user)
    return [(each["card"].url, str(each["card"].kind)) for each in client.get(ME, headers=ENGLISH).context["cards"]]


def test_who_sits_on_the_panel_of_an_appeal_finds_it_until_they_have_voted(
    client, large_ruled, rich_buyer, seller, lead, panelists, at
):
    outside = person("outside")
    neutrals.enlist(user=outside, name="张明", organization="中心", about="无利害关系", by=lead, at=at)
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    bench = f"/bench/{large_ruled.number}/"
    first, second, third = panelists
    assert cards_of(client, first) == [(bench, "To vote")]
    appeals.vote(appeal, word="uphold", reasons=REASONS, by=first, at=at)
    assert cards_of(client, first) == []
    assert cards_of(client, second) == [(bench, "To vote")]
    accounts.revoke(second, "senior", by=lead, at=at)
    assert cards_of(client, second) == [], "the page leads to no door that is shut"
    large_ruled.seats.filter(user=third).update(user=outside)
    assert cards_of(client, outside) == [(bench, "To vote")], "from outside, with no other way to the bench"
    assert cards_of(client, third) == []

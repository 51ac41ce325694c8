"""Whole cases by the hands of everybody in them, in a browser: every deed is a click on what the page offers.

Pages are found by where their buttons lead, so that the stories hold in both languages; what follows is read from the
mall, after the answer is there.
"""

import os
from pathlib import Path

import pytest
from django.test import Client

from complaints import sending
from complaints.models import Complaint
from disputes.models import Dispute
from disputes.states import DisputeState
from ledger import payouts
from ledger.models import Payout
from orders import delivery, purchase
from orders.models import Order
from refunds import lifecycle as refunds
from refunds.models import Refund
from tests.browser.chromium import WINDOWS
from tests.disputes.sayings import GROUND, wallet
from tests.disputes.test_dispute import own
from tests.fixtures.cases import VISIT
from tests.fixtures.channel import eventually
from tests.fixtures.disputes import REASONS
from tests.fixtures.people import person, staff
from timeline import clock

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SCREENS = pytest.mark.parametrize(("width", "language"), WINDOWS)


class Hands:
    """One screen that people sit down at one after the other."""

    def __init__(self, window):
        self.window, self.page = window, window.page
        self.pictures = 0

    def sit(self, user, path):
        """Somebody signs in and opens a page; whoever sat here before has left it, so that it asks nothing any more."""
        self.page.goto("about:blank")
        client = Client()
        client.force_login(user)
        self.window.context.clear_cookies()
        self.window.context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": self.window.home}]
        )
        self.window.visit(path)
        self.look()
        return self

    def follow(self, end):
        """A click on the link that ends so."""
        self.window.go(self.page.locator(f'main a[href$="{end}"]').first)
        self.page.wait_for_url(f"**{end}")
        return self

    def open_file(self):
        """Staff open the case file, on record; once it is open, it is."""
        opener = self.page.locator('main form[action$="/open/"] button')
        if opener.count():
            self._send(opener)
            self.look()
        return self

    def press(self, end):
        """A click on the button of the form that goes there."""
        self._send(self.page.locator(f'main form[action$="{end}"] button').first)
        return self

    def send(self, **words):
        """The page's one form is filled in and sent."""
        self.fill(**words)
        self._send(self.page.locator("main form.card button.button").last)
        return self

    def fill(self, **words):
        """Fields by their names."""
        for name, word in words.items():
            field = self.page.locator(f'main [name="{name}"]').first
            if field.evaluate("each => each.tagName") == "SELECT":
                field.select_option(word)
            else:
                field.fill(word)

    def look(self):
        """What is on the screen fits it; with KAMEN_SHOTS a picture is kept."""
        self.window.require_fits()
        if where := os.environ.get("KAMEN_SHOTS"):
            self.pictures += 1
            width = self.page.viewport_size["width"]
            name = self.page.url.removeprefix(self.window.home).strip("/").replace("/", "_")
            self.page.screenshot(path=Path(where) / f"{width}-{self.pictures:02}-{name}.png", full_page=True)

    def _send(self, button):
        with self.page.expect_response(lambda answer: answer.request.method == "POST") as told:
            self.window.go(button)
        assert told.value.status in {200, 302, 303}, f"{told.value.url} answered {told.value.status}"


@pytest.fixture
def here(visitor, width, language):
    """One screen."""
    return Hands(visitor(width=width, language=language))


@pytest.fixture
def there(visitor, width, language):
    """Another one like it."""
    return Hands(visitor(width=width, language=language))


@SCREENS
def test_a_case_from_the_evidence_over_ruling_and_signature_to_the_panel(
    here, there, large_dispute, rich_buyer, seller, arbiter, senior, lead, panelists, at, width, language
):
    """Buyer and shop speak, answer, accept and refuse; the arbiter asks, proposes, decides; a senior signs; the buyer
    appeals, the lead admits, the shop answers, three people vote."""
    dispute, number = large_dispute, large_dispute.number
    case, bench, before = dispute.get_absolute_url(), f"/bench/{number}/", wallet(rich_buyer)

    def state():
        return Dispute.objects.get(pk=dispute.pk).state

    here.sit(rich_buyer, case).fill(text="展示后立即在官网激活，提示已被使用。")
    here.press(case)
    assert dispute.statements.get().side == "buyer"
    there.sit(seller, case).press("/rest/")
    here.sit(rich_buyer, case).press("/rest/")
    assert state() == DisputeState.REVIEW

    there.sit(arbiter, "/bench/").follow(bench).open_file().follow("/ask/")
    there.send(whom="buyer", kind="item", item="激活页面的录屏", reason="证明何时显示已被使用")
    assert state() == DisputeState.QUESTIONED
    here.sit(rich_buyer, case).follow("/answer/").send(text="没有录屏，只有截图，已附在订单。")
    assert state() == DisputeState.REVIEW
    there.sit(arbiter, bench).follow("/propose/").send(grant_1="50", text="各让一步，尽快了结。")
    assert state() == DisputeState.PROPOSED
    here.sit(rich_buyer, case).press("/agree/")
    there.sit(seller, case).press("/refuse/")
    assert state() == DisputeState.REVIEW

    there.sit(arbiter, bench).fill(
        share_seller="80", share_buyer="20", reasons=REASONS, departs_because="双方各有责任，见理由。"
    )
    for choice in there.page.locator("select[name^=weight_]").all():
        choice.select_option("accepted")
    there.look()
    there._send(there.page.locator(".sign-bar button").last)
    assert state() == DisputeState.SIGNING
    there.sit(senior, "/bench/").follow(bench).open_file().press("/sign/")
    assert state() == DisputeState.RULED
    there.sit(seller, f"/disputes/{number}/ruling/")
    assert "¥235.20" in there.page.locator("h1").inner_text()

    here.sit(rich_buyer, case).follow("/appeal/").send(ground="rule", text=GROUND)
    assert state() == DisputeState.APPEALED
    there.sit(lead, bench).open_file().press("/admit/")
    there.sit(seller, case).follow("/answer-appeal/").send(text="裁定认定事实清楚，请予维持。")
    for member in panelists:
        there.sit(member, "/bench/").follow(bench).open_file().follow("/vote/")
        there.send(word="uphold", reasons="原裁定认定事实清楚，适用规则正确，应予维持。")
    assert state() == DisputeState.CLOSED
    assert wallet(rich_buyer) - before == 23_520
    here.sit(rich_buyer, f"/disputes/{number}/ruling/")
    assert "¥235.20" in here.page.locator("h1").inner_text()


@SCREENS
def test_a_case_against_the_platform_from_the_public_list_over_an_outside_neutral_to_the_money(
    here, there, large_reviewed, rich_buyer, seller, arbiter, lead, at, width, language
):
    """The lead puts somebody from outside on the public list; the arbiter refers the case; both sides read who decides;
    the neutral opens the file and rules against the platform, nobody of the staff signs, and the money goes back."""
    own("platform:own", 50_000, at)
    dispute, number = large_reviewed, large_reviewed.number
    case, bench, before = dispute.get_absolute_url(), f"/bench/{number}/", wallet(rich_buyer)
    outside = person("outside")

    there.sit(lead, "/bench/neutrals/").send(
        email=outside.email,
        name="张明",
        organization="某某调解中心",
        about="调解员十年，与双方无利害关系，费用由平台承担。",
    )
    here.sit(rich_buyer, "/neutrals/")
    assert "某某调解中心" in here.page.locator("main").inner_text(), "everybody reads the list"
    there.sit(arbiter, bench).open_file().press("/refer/")
    assert Dispute.objects.get(pk=dispute.pk).neutral.user == outside
    there.page.goto("about:blank")
    for side in (rich_buyer, seller):
        here.sit(side, case)
        told = here.page.locator("dl.specs").inner_text()
        assert "张明" in told
        assert "某某调解中心" in told

    there.sit(outside, "/me/").follow(bench).open_file().fill(
        share_platform="100", share_seller="0", share_buyer="0", reasons=REASONS, departs_because="平台保管环节有责任。"
    )
    for choice in there.page.locator("select[name^=weight_]").all():
        choice.select_option("accepted")
    there.look()
    there._send(there.page.locator(".sign-bar button").last)
    assert Dispute.objects.get(pk=dispute.pk).state == DisputeState.RULED, "nobody of the staff signs it"
    here.sit(seller, case).press("/waive/")
    here.sit(rich_buyer, case).press("/waive/")
    assert Dispute.objects.get(pk=dispute.pk).state == DisputeState.CLOSED
    assert wallet(rich_buyer) - before == 29_400
    here.sit(rich_buyer, f"/disputes/{number}/ruling/")
    assert "¥294.00" in here.page.locator("h1").inner_text()
    there.sit(outside, "/me/")
    assert there.page.locator(f'main a[href*="{number}"]').count() == 0, "the case is over"


@pytest.fixture
def bought(channel, charged, placed_order, rich_buyer, at):
    """Three codes that were paid on the channel's page, the first looked at, and the channel's number of the charge."""
    payment = purchase.ask_for_charge(placed_order, channel="sandbox", by=rich_buyer, at=at)
    (txn,) = charged(payment)
    eventually(lambda: Order.objects.get(pk=placed_order.pk).state == "delivered", within=30)
    order = Order.objects.get(pk=placed_order.pk)
    delivery.reveal(order.units.get(place=1), by=rich_buyer, at=clock.now(), visit=VISIT)
    return order, txn


@SCREENS
def test_a_complaint_at_wechat_over_the_case_and_finance_to_the_answer_that_the_auditor_reads(
    there, channel, bought, rich_buyer, seller, agent, finance, auditor, at, width, language
):
    """The desk takes a complaint, opens the case for the buyer; the shop says yes; the card is closed, so two people of
    finance pay it to the balance; the desk answers with the result, and the auditor reads it and can do nothing."""
    _order, txn = bought
    outside = channel.complain(txn, road="wechat", text="卡密无效，商家不处理。")
    eventually(lambda: Complaint.objects.filter(outside_number=outside).exists(), within=30)
    complaint = Complaint.objects.get()
    home = complaint.get_absolute_url()

    there.sit(agent, "/staff/complaints/").follow(home).press("/take/")
    there.page.locator('main [name="units"]').first.check()
    there.fill(reason="CODE_INVALID")
    there.press("/case/")
    refund = Refund.objects.get()
    assert (refund.buyer, Complaint.objects.get().refund) == (rich_buyer, refund)
    there.press("/say/")
    assert sending.run(at=clock.now()) == 1

    if refund.state == "requested":
        refunds.accept(refund, by=seller, at=clock.now())
    channel.mood = "refusing"
    payouts.run(at=clock.now())
    payout = Payout.objects.get()
    assert payout.state == "manual", "the card is closed"
    second = staff("finance", at=at, name="finance2")
    to_balance = f"/{payout.number}/wallet/"
    there.sit(finance, "/finance/payouts/").press(to_balance)
    payout.refresh_from_db()
    assert (payout.state, payout.proposed_by) == ("manual", finance), "nobody does it alone"
    there.page.locator(f'main form[action$="{to_balance}"]').wait_for(state="detached")
    before = wallet(rich_buyer)
    there.sit(second, "/finance/payouts/").press(to_balance)
    assert wallet(rich_buyer) - before == 9_800
    refund.refresh_from_db()
    assert refund.state == "refunded"

    channel.mood = "good"
    there.sit(agent, home).follow("/answer/")
    there.look()
    answer = there.page.locator("blockquote").inner_text()
    assert "¥98.00" in answer
    assert "余额" in answer, "which way the money went; what is said at WeChat is Chinese in any case"
    there._send(there.page.locator('main button[name="send"]'))
    assert Complaint.objects.get().state == "answered"
    assert sending.run(at=clock.now()) == 1
    assert channel.row("select state from complaint where number = ?", outside)["state"] == "PROCESSED"
    eventually(lambda: channel.row("select count(*) as n from nudge where told = 0")["n"] == 0, within=30)
    assert Complaint.objects.get().state == "answered", "the desk told of each of our words, and nobody asks again"
    there.sit(auditor, home)
    assert "¥98.00" in there.page.locator("main").inner_text()
    assert there.page.locator("main form").count() == 0, "who watches changes nothing"

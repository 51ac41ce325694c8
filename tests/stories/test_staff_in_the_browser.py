"""Support, risk, leads, finance, auditors and the people of the rules at work, on a phone and at a desk."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Role, User
from disputes.models import Dispute
from orders.models import Message, Order
from refunds.models import Refund
from reputation import alarms
from rulebook.models import RulebookVersion
from shops import withdrawals
from shops.models import Batch, Deposit
from support.models import Talk
from tests.browser.chromium import WINDOWS, Visitor
from tests.disputes.test_browser_stories import Hands
from tests.fixtures.disputes import REASONS
from tests.fixtures.people import staff
from tests.rulebook.test_versions import rules
from tests.shops.test_withdrawals import earn
from timeline import clock, outages
from timeline.models import Event, Outage, Timer
from timeline.sweep import sweep

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SCREENS = pytest.mark.parametrize(("width", "language"), WINDOWS)


@pytest.fixture
def hands(visitor: Callable[..., Visitor], width: int, language: str) -> Hands:
    """A screen that people sit down at one after the other."""
    return Hands(visitor(width=width, language=language))


@SCREENS
def test_a_buyer_calls_for_a_person_who_takes_the_talk_answers_and_ends_it(
    hands: Hands, order: Order, rich_buyer: User, agent: User, width: int, language: str
) -> None:
    hands.sit(rich_buyer, f"/orders/{order.number}/person/").send(topic="兑换页面打不开，已经试了三次。")
    talk = Talk.objects.get()
    page = f"/staff/talks/{talk.number}/"
    hands.sit(agent, "/staff/talks/").follow(page).press("/take/")
    hands.look()
    hands.fill(text="请换用手机浏览器打开，仍不行就在本页回复我。")
    hands.press("/answer/")
    assert Message.objects.get().author == agent
    hands.sit(rich_buyer, f"/orders/{order.number}/")
    assert "请换用手机浏览器打开" in hands.page.locator("main").inner_text()
    hands.sit(agent, page).press("/close/")
    talk.refresh_from_db()
    assert talk.state == "closed"


@SCREENS
def test_risk_confirms_a_recall_and_a_holder_is_paid_without_the_shop(
    hands: Hands, order: Order, rich_buyer: User, risk: User, at: Any, width: int, language: str
) -> None:
    alarm = alarms.raise_alarm(Batch.objects.get(), why="person", reason="发行方来电：整批作废。", by=risk, at=at)
    alarms.carry_on(at=clock.now())
    recall = alarm.get_absolute_url()
    hands.sit(rich_buyer, recall).press("/join/")
    assert Refund.objects.get().state == "requested"
    hands.sit(risk, "/risk/").follow(recall)
    hands.look()
    hands.page.locator("#why-confirm").fill("发行方书面确认整批作废。")
    hands.press("/confirm/")
    alarms.carry_on(at=clock.now())
    hands.sit(rich_buyer, Refund.objects.get().get_absolute_url())
    assert Refund.objects.get().state == "refunded"
    assert "¥294.00" in hands.page.locator("main").inner_text()


@SCREENS
def test_one_person_writes_new_rules_and_another_signs_them(
    hands: Hands, lead: User, senior: User, tmp_path: Any, width: int, language: str
) -> None:
    file = tmp_path / "rulebook.json"
    file.write_text(json.dumps(rules("2026.12.0"), ensure_ascii=False))
    hands.sit(lead, "/rules/admin/")
    hands.page.locator('form[action="/rules/admin/new/"] input[type=file]').set_input_files(file)
    hands.fill(purpose="内容不变，只换版本号。")
    hands._send(hands.page.locator('form[action="/rules/admin/new/"] .actions button').last)
    made = RulebookVersion.objects.exclude(author=None).get()
    page = f"/rules/admin/{made.pk}/"
    hands.look()
    hands.press("/propose/")
    made.refresh_from_db()
    assert made.state == "signing"
    hands.sit(lead, page)
    assert hands.page.locator('form[action$="/sign/"]').count() == 0, "nobody signs what they wrote"
    hands.sit(senior, "/rules/admin/").follow(page).press("/sign/")
    made.refresh_from_db()
    assert (made.state, made.signed_by) == ("announced", senior)


@SCREENS
def test_a_lead_stops_the_clocks_for_an_outage_and_lets_them_run_again(
    hands: Hands, refund: Refund, lead: User, width: int, language: str
) -> None:
    running = Timer.objects.filter(root=refund.root_address, state=Timer.State.RUNNING)
    before = running.count()
    assert before
    hands.sit(lead, "/board/").sit(lead, "/outages/")
    hands.fill(scope="platform", began_at=clock.now().strftime("%Y-%m-%dT%H:%M"), reason="机房断电，正在恢复。")
    hands.press("/outages/add/")
    outage = Outage.objects.get()
    outages.work(at=clock.now())
    assert not running.exists(), "no clock of a case runs while the platform is down"
    hands.sit(lead, f"/outages/{outage.pk}/")
    hands.look()
    hands.press("/end/")
    outages.work(at=clock.now())
    outage.refresh_from_db()
    assert outage.ended_at
    assert running.count() == before


@SCREENS
def test_two_of_finance_let_a_large_withdrawal_go(
    hands: Hands, deposit: Deposit, seller: User, finance: User, channel_secret: Any, at: Any, width: int, language: str
) -> None:
    shop, yesterday = deposit.shop, at - timedelta(hours=25)
    earn(shop, 6_000_000, at)
    payee = withdrawals.name_account(shop, account="6222020200118888", holder="北京星河科技", by=seller, at=yesterday)
    sweep(at=at)
    payout = withdrawals.withdraw(shop, amount=6_000_000, four_eyes_above=5_000_000, key="k", by=seller, at=at)
    assert payout.cause == payee.address
    send = f"/{payout.number}/retry/"
    hands.sit(finance, "/finance/payouts/").press(send)
    payout.refresh_from_db()
    assert (payout.state, payout.proposed_by) == ("manual", finance)
    hands.sit(finance, "/finance/payouts/")
    assert hands.page.locator(f'main form[action$="{send}"]').count() == 0, "nobody agrees with themselves"
    hands.sit(staff(Role.FINANCE, at=at, name="finance-2"), "/finance/payouts/")
    assert "¥60,000.00" in hands.page.locator("main").inner_text()
    hands.press(send)
    payout.refresh_from_db()
    assert payout.state == "sending"
    hands.sit(seller, f"/desk/{shop.slug}/withdrawals/")
    assert payout.number in hands.page.locator("main").inner_text()


@SCREENS
def test_an_auditor_opens_a_file_on_record_reads_all_of_it_and_can_change_nothing(
    hands: Hands, ruled: Dispute, auditor: User, width: int, language: str
) -> None:
    bench = f"/bench/{ruled.number}/"
    hands.sit(auditor, bench)
    assert REASONS not in hands.page.locator("main").inner_text(), "who opens no file reads none"
    hands.open_file()
    hands.look()
    opened = Event.objects.filter(subject=ruled.address, name="dispute.file_opened")
    assert [each.by for each in opened] == [auditor]
    assert not hands.page.locator('main form[method="post"]').count(), "who watches changes nothing"
    hands.sit(auditor, "/finance/accounts/").sit(auditor, "/house/").sit(auditor, f"/disputes/{ruled.number}/ruling/")
    assert REASONS in hands.page.locator("main").inner_text()

"""The page of a case: what leads on from it, what each button moves, what silence comes to, and whose name is read."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from orders import delivery
from orders.fulfilment import tickets
from orders.models import Ticket
from orders.states import Standing
from refunds import bargaining, choices, costs, lifecycle, questions, replacing
from refunds.bargaining import Terms
from refunds.models import Guardian, Refund
from shops import suppliers
from shops.models import Kind
from tests.fixtures.cases import claim, units_of
from tests.fixtures.clocks import let_remind
from timeline import clock, outages
from timeline.models import Event
from timeline.spans import deadline, hours
from timeline.sweep import fire_overdue, sweep

ENGLISH = {"accept-language": "en"}


@pytest.fixture
def page(client):
    """The page of a case as somebody reads it, in English: `page(buyer, refund)`."""

    def read(user, refund):
        client.force_login(user)
        return client.get(refund.get_absolute_url(), headers=ENGLISH).content.decode()

    return read


def test_a_family_finds_the_page_for_its_papers_while_they_are_awaited(page, revealed, rich_buyer, seller, arbiter, at):
    case = claim(revealed, "MINOR_PURCHASE", by=rich_buyer, at=at)
    papers = Guardian.objects.get(refund=case).get_absolute_url()
    assert case.approved is None
    for person, leads_there in ((rich_buyer, True), (arbiter, True), (seller, False)):
        assert (papers in page(person, case)) is leads_there


def test_the_staff_find_the_signals_while_the_case_is_open(page, refund, seller, rich_buyer, arbiter):
    signals = reverse("refunds:signals", args=[refund.number])
    for person, leads_there in ((arbiter, True), (seller, False), (rich_buyer, False)):
        assert (signals in page(person, refund)) is leads_there


def test_where_the_trouble_lies_upstream_the_supplier_is_named(page, refund, revealed, rich_buyer, seller, at):
    found = suppliers.add(refund.order.shop, name="上游", contact="客服 555", by=seller, at=at)
    type(revealed.card.batch).objects.filter(pk=revealed.card.batch_id).update(supplier=found)
    assert "客服 555" not in page(rich_buyer, refund)
    delivery.record_validity(revealed, is_valid=False, source="issuer", at=at)
    assert "客服 555" in page(rich_buyer, refund)


def test_each_button_says_what_it_moves_and_the_shop_reads_what_each_answer_costs(page, refund, seller, rich_buyer, at):
    shown = page(seller, refund)
    assert "Accept and pay back · ¥98.00" in shown
    assert "What each answer costs" in shown
    assert "What each answer costs" not in page(rich_buyer, refund)
    bargaining.offer(refund, Terms("partial", amount=4_900), by=seller, at=at)
    assert "Take the offer · ¥49.00" in page(rich_buyer, refund)
    assert "What each answer costs" not in page(seller, refund), "it is not the shop's turn"


def test_who_cannot_supply_reads_what_the_deal_costs_and_not_what_was_asked_once(page, order, seller, rich_buyer, at):
    case = claim(units_of(order), "CODE_INVALID", by=rich_buyer, at=at)
    bargaining.offer(case, Terms("mixed", amount=5_000, places=[1]), by=seller, at=at)
    bargaining.take(case, 1, by=rich_buyer, at=at)
    assert "I cannot deliver it: pay back · ¥148.00" in page(seller, case)
    told = {each.code: each.buyer_gets for each in choices.choices_for(case, seller, at)}
    replacing.cannot_supply(case, by=seller, at=at)
    assert case.approved == told["cannot_supply"] == 9_800 + 5_000


def test_only_what_has_words_is_told_and_a_reminder_is_nobody_s_news(page, refund, rich_buyer, seller, arbiter):
    let_remind(refund, times=1)
    assert Event.objects.filter(subject=refund.address, name="refund.clock_reminded").exists()
    for person in (rich_buyer, seller, arbiter):
        assert "refund.clock" not in page(person, refund)
        assert "The buyer asked for money back." in page(person, refund)


def test_what_is_told_of_a_reported_offer_has_words(page, revealed, rich_buyer, seller, at):
    case = claim(revealed, "ILLEGAL_GOODS", by=rich_buyer, at=at)
    assert "refund.reported" not in page(rich_buyer, case)
    assert "looked at on its own" in page(rich_buyer, case)


def test_both_sides_read_that_the_platform_decided_and_not_who(page, ruled, rich_buyer, seller, arbiter, senior):
    case = Refund.objects.get(pk=ruled.refund_id)
    by = Event.objects.get(subject=case.address, name="refund.approved").by
    assert (case.outcome, by in {arbiter, senior}) == ("ruling", True)
    for person in (rich_buyer, seller):
        assert str(by) not in page(person, case)
    assert str(by) in page(senior, case)


def test_silence_about_goodwill_is_told_as_it_is(page, revealed, seller, rich_buyer, at):
    case = claim(revealed, "CHANGE_OF_MIND", by=rich_buyer, at=at)
    lifecycle.goodwill(case, text="还没有用，能换成点数吗？", by=rich_buyer, at=at)
    told = "If the shop stays silent, the buyer decides."
    assert told in page(rich_buyer, case)
    assert costs.choices(case, units=1, kind=Kind.POINT_CARD)[-1]["sum"] is None
    assert told in page(seller, case)
    made = bargaining.offer(case, Terms("partial", amount=1_000), by=seller, at=at)
    bargaining.counter(case, Terms("partial", amount=made.amount + 1), by=rich_buyer, at=at)
    assert told in page(seller, case)
    assert case.deadline_at is not None
    fire_overdue(case.root_address, at=case.deadline_at)
    case.refresh_from_db()
    assert case.state == "declined", "as it was told"


def test_while_the_supplier_is_asked_nobody_reads_that_the_shop_is_waited_for(page, bought, rich_buyer, at):
    order = bought(Kind.DIRECT_TOPUP, delivered_by="supplier")
    ticket = Ticket.objects.get(unit__order=order)
    tickets.what_to_say(ticket, at=at)
    tickets.hear(Ticket.objects.get(pk=ticket.pk), tickets.Answer(Standing.PENDING, reference="T-1"), at=at)
    case = claim(units_of(order)[0], "NOT_DELIVERED", by=rich_buyer, at=at)
    assert case.waits_for_supplier
    shown = page(rich_buyer, case)
    assert "If the supplier stays silent, it is decided as if it had failed." in shown
    assert "the shop stays silent" not in shown
    assert case.deadline_at is not None
    fire_overdue(case.root_address, at=case.deadline_at)
    case.refresh_from_db()
    assert "it was decided anew" in page(rich_buyer, case)


def test_a_clock_that_stands_still_is_said_to(page, refund, rich_buyer, seller, lead, at):
    assert "The clock stands still." not in page(rich_buyer, refund)
    outages.register(scope="platform", target="", reason="数据库不可用。", began_at=at, ended_at=None, by=lead, at=at)
    outages.work(at=at)
    refund.refresh_from_db()
    assert refund.deadline_at is None
    for person in (rich_buyer, seller):
        assert "The clock stands still." in page(person, refund)


@pytest.mark.parametrize("file", [b"", b"MZ" + bytes(200)], ids=["empty", "a program"])
@pytest.mark.parametrize("verb", ["decline", "answer"])
def test_a_file_that_is_not_taken_is_said_in_the_form_and_nothing_is_done(
    client, refund, seller, rich_buyer, at, verb, file
):
    person, told = seller, {"code": "other", "rule": "MX-42", "text": "我们这边显示可用。"}
    if verb == "answer":
        questions.question(refund, item="error", text="请提供报错截图。", by=seller, at=at)
        person, told = rich_buyer, {"text": "我们这边显示可用。"}
    before = Refund.objects.get(pk=refund.pk).version
    client.force_login(person)
    sent = {**told, "file": SimpleUploadedFile("picture.png", file)}
    answer = client.post(reverse(f"refunds:{verb}", args=[refund.number]), sent)
    assert (answer.status_code, Refund.objects.get(pk=refund.pk).version) == (422, before)
    assert "form-errors" in answer.content.decode()
    assert "我们这边显示可用。" in answer.content.decode()


def test_the_buyer_of_a_case_that_is_over_reads_which_roads_stay_open(page, refund, seller, rich_buyer, at):
    card = "Roads outside the mall"
    assert card not in page(rich_buyer, refund)
    lifecycle.withdraw(refund, by=rich_buyer, at=at)
    refund.refresh_from_db()
    told = page(rich_buyer, refund)
    assert card in told
    assert f"until {refund.opened_at.year + 3}-" in told
    assert reverse("privacy:own") in told.partition("Your rights")[2]
    assert card not in page(seller, refund), "they are the buyer's"


def test_what_is_filed_outside_today_is_reckoned_from_the_day_on_which_it_is_read(page, refund, rich_buyer, at):
    lifecycle.withdraw(refund, by=rich_buyer, at=at)
    clock.advance(timedelta(days=30))
    sweep(at=clock.now())
    answered_by = timezone.localtime(deadline(hours(72), clock.now()))
    _before, _card, told = page(rich_buyer, refund).partition("Roads outside the mall")
    assert f"{answered_by:%Y-%m-%d}" in told


def test_after_a_ruling_they_are_led_to_its_appeal_and_its_whole_file(page, ruled, rich_buyer):
    case = ruled.refund
    case.refresh_from_db()
    told = page(rich_buyer, case).partition("Your rights")[2]
    assert ruled.get_absolute_url() in told
    assert "Roads outside the mall" in told

"""Who is told what: each kind of event reaches those whom it concerns, with a page to go to, and nobody else."""

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import resolve
from django.utils import translation

from disputes import lifecycle as disputes
from disputes.models import Dispute
from ledger import payments
from ledger.models import Payout
from notifications import inbox
from notifications.models import Notification
from notifications.recipients import SILENT, TOLD
from notifications.sentences import SENTENCES, sentence
from notifications.views import ICONS, row
from orders import conversation, delivery
from orders import lifecycle as orders
from refunds import lifecycle as refunds
from shops import lifecycle as shops
from tests.fixtures.cases import claim
from tests.fixtures.clocks import let_remind
from tests.fixtures.disputes import drafted
from tests.fixtures.people import person
from timeline.machines import CLOCK_EVENTS, machines
from timeline.models import Event
from timeline.spans import minutes
from timeline.sweep import fire_overdue


@pytest.fixture
def news(at):
    """What became known by something: pairs of who and which sentence, by who's nickname."""
    inbox.catch_up(at=at)
    last = max(Notification.objects.values_list("pk", flat=True).order_by("pk"), default=0)

    def since():
        inbox.catch_up(at=at)
        found = Notification.objects.filter(pk__gt=last).select_related("user").order_by("pk")
        for notice in found:
            assert resolve(notice.url), notice.code
            with translation.override("en"):
                assert sentence(notice.code, notice.words)
        return {(notice.user.nickname, notice.code) for notice in found}

    return since


# Orders


def test_an_order_that_was_not_paid_in_time_is_told_to_the_buyer(placed_order, news):
    fire_overdue(placed_order.root_address, at=placed_order.deadline_at)
    assert news() == {("buyer", "order.expired")}


def test_the_buyer_s_own_cancellation_is_no_news(placed_order, rich_buyer, news, at):
    orders.cancel(placed_order, by=rich_buyer, at=at)
    assert news() == set()


def test_what_was_never_delivered_is_told_to_both(undelivered_order, news):
    fire_overdue(undelivered_order.root_address, at=undelivered_order.deadline_at)
    assert news() == {
        ("buyer", "order.late"),
        ("seller", "order.late_by_you"),
        ("buyer", "order.undelivered"),
        ("buyer", "order.compensated"),
        ("buyer", "payout.paid"),
        ("seller", "order.undelivered_by_you"),
        ("seller", "order.compensated_by_you"),
    }


def test_the_shop_hears_when_money_is_released_and_settled(order, news):
    fire_overdue(order.root_address, at=order.deadline_at)
    order.refresh_from_db()
    fire_overdue(order.root_address, at=order.deadline_at)
    assert news() == {
        ("seller", "order.released"),
        ("buyer", "order.completed"),
        ("seller", "order.settled"),
    }


@pytest.mark.parametrize(
    ("who", "heard"), [("buyer", {"seller"}), ("seller", {"buyer"}), ("agent", {"buyer", "seller"})]
)
def test_a_message_is_told_to_the_others(order, buyer, seller, agent, news, at, who, heard):
    author = {"buyer": buyer, "seller": seller, "agent": agent}[who]
    joined = set()
    if author == agent:
        conversation.join(order, "both sides asked", by=agent, at=at)
        joined = {(name, "order.staff_joined") for name in heard}
    conversation.say(order, "在吗?", by=author, at=at)
    assert news() == {(name, "order.message") for name in heard} | joined


@pytest.mark.parametrize(("is_valid", "heard"), [(False, {("buyer", "order.code_was_bad")}), (True, set())])
def test_a_code_that_was_bad_is_told_to_its_buyer(revealed, news, at, is_valid, heard):
    delivery.record_validity(revealed, is_valid=is_valid, source="issuer", at=at)
    assert news() == heard


# Refunds


def test_the_shop_hears_that_its_answer_is_due(revealed, rich_buyer, news, at):
    claim(revealed, "CODE_INVALID", by=rich_buyer, at=at)
    assert news() == {("seller", "refund.requested")}


def test_a_claim_that_our_records_prove_asks_the_shop_nothing(bad_unit, rich_buyer, news, at):
    claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at)
    assert news() == {("buyer", "refund.refunded"), ("seller", "refund.approved_for_buyer")}


def test_an_accepted_case_is_told_to_the_buyer_alone(refund, seller, news, at):
    refunds.accept(refund, by=seller, at=at)
    assert news() == {("buyer", "refund.refunded")}


def test_silence_of_the_shop_is_told_to_both(refund, news):
    fire_overdue(refund.root_address, at=refund.deadline_at)
    heard = news()
    assert {("buyer", "refund.refunded"), ("seller", "refund.approved_for_buyer")} <= heard


def test_a_declined_case_is_the_buyer_s_to_decide(refund, seller, news, at):
    refunds.decline(refund, code="other", rule="MX-42", text="我们这边显示可用。", by=seller, at=at)
    assert news() == {("buyer", "refund.declined")}


def test_a_case_that_was_taken_back_is_told_to_the_shop(refund, rich_buyer, news, at):
    refunds.withdraw(refund, by=rich_buyer, at=at)
    assert news() == {("seller", "refund.withdrawn")}


def test_a_case_that_the_buyer_let_rest_is_told_to_both(declined, news):
    let_remind(declined)
    fire_overdue(declined.root_address, at=declined.deadline_at)
    assert {("buyer", "refund.lapsed"), ("seller", "refund.lapsed_for_shop")} <= news()


# Disputes


def test_a_case_without_an_arbiter_is_told_to_the_leads(declined_refund, rich_buyer, lead, news, at):
    refunds.escalate(declined_refund, by=rich_buyer, at=at)
    assert news() == {("seller", "refund.disputed"), ("lead", "dispute.opened")}


def test_a_case_with_an_arbiter_is_told_to_everybody_in_it(declined_refund, rich_buyer, arbiter, lead, news, at):
    refunds.escalate(declined_refund, by=rich_buyer, at=at)
    assert news() == {
        ("seller", "refund.disputed"),
        ("seller", "dispute.evidence"),
        ("buyer", "dispute.evidence"),
        ("arbiter", "dispute.assigned"),
    }


def test_what_one_side_adds_is_told_to_the_others(dispute, rich_buyer, news, at):
    disputes.submit(dispute, text="我当场录了屏。", by=rich_buyer, at=at)
    assert news() == {("seller", "dispute.evidence_submitted"), ("arbiter", "dispute.evidence_submitted")}


def test_when_both_were_heard_the_arbiter_is_told(dispute, rich_buyer, seller, news, at):
    disputes.rest(dispute, by=rich_buyer, at=at)
    disputes.rest(dispute, by=seller, at=at)
    assert news() == {("arbiter", "dispute.review")}


def test_a_ruling_that_needs_a_second_person_is_told_to_the_senior(reviewed, arbiter, senior, news, at):
    disputes.rule(reviewed, drafted(reviewed), by=arbiter, at=at)
    assert news() == {("senior", "dispute.signing")}


def test_a_draft_that_comes_back_is_told_to_the_arbiter(signing, senior, news, at):
    disputes.sign(signing, agrees=False, note_text="请再看一下。", by=senior, at=at)
    assert news() == {("arbiter", "dispute.sent_back")}


def test_a_ruling_is_told_to_both_sides(signing, senior, news, at):
    disputes.sign(signing, agrees=True, by=senior, at=at)
    assert news() == {
        ("buyer", "dispute.ruled"),
        ("seller", "dispute.ruled"),
        ("arbiter", "dispute.signed"),
        ("buyer", "refund.refunded"),
        ("seller", "refund.approved_for_buyer"),
        ("seller", "order.released"),
    }


def test_when_the_shop_gives_in_the_buyer_and_the_arbiter_hear_it(dispute, seller, news, at):
    disputes.concede(dispute, by=seller, at=at)
    assert news() == {("buyer", "dispute.conceded"), ("arbiter", "dispute.conceded"), ("buyer", "refund.refunded")}


def test_a_dispute_that_was_taken_back_is_told_to_shop_and_arbiter(dispute, rich_buyer, news, at):
    disputes.withdraw(dispute, by=rich_buyer, at=at)
    assert news() == {("seller", "refund.withdrawn"), ("arbiter", "dispute.withdrawn")}


def test_a_case_that_nobody_took_is_shouted_at_the_leads(waiting_dispute, lead, news):
    fire_overdue(waiting_dispute.root_address, at=waiting_dispute.deadline_at)
    assert ("lead", "dispute.alarm") in news()
    assert Dispute.objects.get().arbiter == lead


# Money


def test_a_top_up_is_told_when_it_arrives(buyer, news, at):
    payment = payments.top_up(user=buyer, amount=5_000, channel="sandbox", at=at)
    payments.confirm(payment, provider_txn="T1", amount=5_000, at=at)
    assert news() == {("buyer", "payment.arrived")}
    with translation.override("en"):
        assert "¥50.00" in row(Notification.objects.get())["sentence"]


def test_a_payment_for_an_order_is_told_by_the_order(placed_order, buyer, news, at):
    payment = payments.ask(
        user=buyer, subject=placed_order.address, amount=placed_order.total, channel="sandbox", span=minutes(15), at=at
    )
    payments.confirm(payment, provider_txn="T1", amount=placed_order.total, at=at)
    assert news() == {("seller", "order.sold"), ("buyer", "order.delivered")}


def test_money_without_a_place_is_told_with_its_own_amount(buyer, news, at):
    payment = payments.top_up(user=buyer, amount=5_000, channel="sandbox", at=at)
    payments.confirm(payment, provider_txn="T1", amount=4_900, at=at)
    assert news() == {("buyer", "payment.returned")}
    assert Notification.objects.get().words["amount"] == 4_900


def test_a_payout_in_a_person_s_hands_is_told_to_its_owner_and_to_finance(buyer, finance, news, at):
    payment = payments.top_up(user=buyer, amount=100, channel="sandbox", at=at)
    payments.confirm(payment, provider_txn="T1", amount=99, at=at)
    payout = Payout.objects.get()
    assert payout.deadline_at
    fire_overdue(payout.root_address, at=payout.deadline_at)
    assert news() == {
        ("buyer", "payment.returned"),
        ("finance", "payout.alarm"),
        ("finance", "payout.manual_for_finance"),
        ("buyer", "payout.manual"),
    }


# Deposits


def test_a_deposit_that_falls_short_is_told_to_the_shop(deposit, news, at):
    shops.set_required(deposit, required=200_000, at=at)
    assert news() == {("seller", "deposit.required_changed"), ("seller", "deposit.short")}
    assert "¥2,000.00" in sentence(
        *Notification.objects.values_list("code", "words").get(code="deposit.required_changed")
    )


def test_a_suspension_and_a_penalty_are_told_to_the_shop(short_deposit, risk, news, at):
    shops.penalize(short_deposit, amount=100, reason="late", by=risk, at=at, key="once")
    fire_overdue(short_deposit.root_address, at=short_deposit.deadline_at)
    assert news() == {("seller", "deposit.penalized"), ("seller", "deposit.suspended")}


def test_what_is_left_of_a_deposit_is_told_to_the_shop(deposit, seller, news, at):
    shops.close(deposit, by=seller, at=at)
    fire_overdue(deposit.root_address, at=deposit.deadline_at)
    assert news() == {("seller", "deposit.returned")}


# For all of them


def test_nobody_is_told_what_they_did_themselves(ruled, at):
    inbox.catch_up(at=at + timedelta(minutes=1))
    by_whom = dict(Event.objects.order_by("pk").values_list("pk", "by_id"))
    for notice in Notification.objects.order_by("pk"):
        assert by_whom[notice.event_id] != notice.user_id


def test_a_notice_names_neither_an_address_nor_a_code(ruled, codes, at):
    inbox.catch_up(at=at)
    person("late-comer")
    for notice in Notification.objects.order_by("pk"):
        said = f"{notice.words} {notice.url} {sentence(notice.code, notice.words)}"
        assert "@" not in said
        assert not any(code in said for code in codes)


def test_every_line_of_the_table_has_a_sentence_an_icon_and_every_sentence_a_line():
    codes = {line.code for lines in TOLD.values() for line in lines}
    assert codes == set(SENTENCES)
    assert {code.partition(".")[0] for code in codes} <= set(ICONS)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_sentence_can_be_said_with_what_a_notice_knows(language):
    words = {"number": "R1", "order": "K1", "shop": "星河", "amount": 9_800}
    with translation.override(language):
        for code in SENTENCES:
            assert "%" not in sentence(code, words), code


CHINESE = re.compile(r"[\u4e00-\u9fff]")
NAMED = re.compile(r"%\((\w+)\)s")


def said(code, language):
    """The template of a notice in a language, with its places for words."""
    with translation.override(language):
        return str(SENTENCES.get(code, ""))


def test_every_notice_of_every_event_is_written_in_chinese_and_in_english():
    faults = []
    for event, lines in TOLD.items():
        for code in sorted({line.code for line in lines}):
            english, chinese = said(code, "en"), said(code, "zh-hans")
            if not english or CHINESE.search(english):
                faults.append(f"{event}: {code} has no English sentence")
            elif not CHINESE.search(chinese):
                faults.append(f"{event}: {code} is not translated: {english}")
            elif set(NAMED.findall(chinese)) != set(NAMED.findall(english)):
                faults.append(f"{event}: {code} names something else in Chinese: {chinese}")
    assert not faults, "\n".join(faults)


ROOMS = [
    "accounts",
    "ledger",
    "rulebook",
    "shops",
    "orders",
    "refunds",
    "disputes",
    "complaints",
    "reputation",
    "support",
    "notifications",
    "privacy",
]
#: Where an event's name stands in a call: as a word (`event=`), or as the second thing said to `note`.
NAME = re.compile(r"[a-z]+\.[a-z_]+")


def names_in_the_code():
    """Every name an event can have: those that verbs give, and `<thing>.<state>` of every machine."""
    found = {f"{machine.name}.{state}" for machine in machines.values() for state in machine.states.values}
    found |= {f"{machine.name}.{event}" for machine in machines.values() for event in CLOCK_EVENTS}
    for room in ROOMS:
        for path in (Path(settings.BASE_DIR) / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and "migrations" not in path.parts:
                    found |= set(names_of(node))
    return found


def names_of(call):
    function = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if function == "note" and len(call.args) > 1:
        yield from texts(call.args[1])
    for keyword in call.keywords:
        if keyword.arg == "event" or (keyword.arg == "name" and function == "record"):
            yield from texts(keyword.value)


def texts(node):
    return (
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and NAME.fullmatch(part.value)
    )


def test_every_event_is_told_or_silent_on_purpose():
    gaps = names_in_the_code() - set(TOLD) - SILENT
    assert not gaps, f"Tell somebody of these in notifications/recipients.py, or keep them silent there: {sorted(gaps)}"


def test_no_event_is_both_told_and_silent_and_none_is_made_up():
    assert not set(TOLD) & SILENT
    assert not (set(TOLD) | SILENT) - names_in_the_code()

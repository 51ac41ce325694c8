"""What becomes of a claim the moment it is filed: the lanes of triage."""

from datetime import timedelta

import pytest

from accounts import lifecycle as accounts
from disputes.models import Dispute
from orders import escrow
from orders.facts import known_of
from orders.fulfilment import tickets
from orders.models import Order, Ticket
from orders.states import Standing
from refunds import lifecycle, triage
from refunds.models import Guardian, Refund, Report, Word
from rulebook import versions
from shops import listings
from shops.models import Deposit, Kind, Listing
from tests.fixtures.cases import claim, units_of
from timeline.models import Event
from timeline.refusals import Refused
from timeline.sweep import fire_overdue

URGENT = ["ILLEGAL_GOODS", "MINOR_PURCHASE", "UNAUTHORIZED_PAYMENT", "SELLER_ABSCONDED"]


@pytest.mark.parametrize("reason", URGENT)
def test_what_hurts_to_wait_for_is_with_the_platform_at_once(order, revealed, rich_buyer, at, reason):
    refund = claim(revealed, reason, by=rich_buyer, at=at)
    assert (refund.state, refund.approved) == ("disputed", None)
    assert Dispute.objects.get(refund=refund).is_urgent
    assert refund.decision["lane"] == "urgent"


def test_a_claim_against_a_suspended_shop_is_urgent(order, revealed, rich_buyer, at, deposit):
    Deposit.objects.filter(pk=deposit.pk).update(state="suspended")
    refund = claim(revealed, "NOT_AS_DESCRIBED", by=rich_buyer, at=at)
    assert refund.state == "disputed"
    assert Dispute.objects.get(refund=refund).is_urgent
    Deposit.objects.filter(pk=deposit.pk).update(state="active")


def test_that_a_shop_is_gone_our_own_records_show(order, revealed, at, deposit):
    def known():
        found = Order.objects.get(pk=order.pk)
        unit = escrow.units_of(found)[0]
        book = versions.book_of(found.rulebook_version)
        return known_of(found, [unit], "SELLER_ABSCONDED", book=book, at=at)[unit.pk].records.proven

    assert known() is None, "silence alone proves nothing"
    Deposit.objects.filter(pk=deposit.pk).update(state="suspended")
    assert known() is True
    Deposit.objects.filter(pk=deposit.pk).update(state="active")


def test_nobody_waits_for_a_shop_that_went_away_meanwhile(refund, rich_buyer, seller, at, deposit):
    """R20: the shop had 48 hours to answer, and was suspended in between."""
    assert "escalate" not in refund.actions_for(rich_buyer, at)
    with pytest.raises(Refused, match="wrong_moment"):
        lifecycle.escalate(refund, by=rich_buyer, at=at)
    Deposit.objects.filter(pk=deposit.pk).update(state="suspended")
    assert "escalate" in refund.actions_for(rich_buyer, at)
    with pytest.raises(Refused, match="not_your_turn"):
        lifecycle.escalate(refund, by=seller, at=at)
    lifecycle.escalate(refund, by=rich_buyer, at=at)
    dispute = Dispute.objects.get(refund=refund)
    assert (refund.state, dispute.is_urgent) == ("disputed", True)
    assert refund.items.get().unit.held == 9_800, "held; nothing is paid by it"
    Deposit.objects.filter(pk=deposit.pk).update(state="active")


def test_what_our_records_prove_is_paid_although_the_shop_is_suspended(order, bad_unit, rich_buyer, at, deposit):
    Deposit.objects.filter(pk=deposit.pk).update(state="suspended")
    assert claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at).state == "refunded"
    Deposit.objects.filter(pk=deposit.pk).update(state="active")


# the shop's word in advance


@pytest.fixture
def word(order, seller, at):
    return Word.objects.create(shop=order.shop, most=10_000, by=seller, at=at)


def test_a_shop_s_word_pays_what_nobody_contradicts_at_once(word, order, revealed, rich_buyer, at):
    refund = claim(revealed, "CODE_INVALID", by=rich_buyer, at=at)
    assert (refund.state, refund.outcome, refund.is_instant) == ("refunded", "seller", True)


def test_a_shop_s_word_ends_at_its_sum(word, order, rich_buyer, at):
    units = units_of(order)[:2]
    assert claim(units, "CODE_INVALID", by=rich_buyer, at=at).state == "requested", "two of them are more than ¥100"


def test_a_shop_s_word_pays_nothing_that_our_records_contradict(word, order, good_unit, rich_buyer, at):
    assert claim(good_unit, "CODE_INVALID", by=rich_buyer, at=at).state == "requested"


def test_a_shop_s_word_pays_nothing_by_itself_where_people_alone_decide(word, order, revealed, rich_buyer, at):
    accounts.set_risk(rich_buyer, 80, signals=["many_claims"], at=at)
    assert claim(revealed, "CODE_INVALID", by=rich_buyer, at=at).state == "requested"


def test_a_shop_s_word_pays_nothing_that_rests_on_a_mere_assertion(word, order, revealed, rich_buyer, at):
    told = lifecycle.Told({"should_pay_fen": 9_000})
    assert claim(revealed, "PRICE_DISPUTE", by=rich_buyer, at=at, told=told).state == "requested"


# the mall's own till


def test_a_charge_that_is_said_to_have_come_twice_is_for_people_and_never_paid_by_silence(
    word, revealed, rich_buyer, seller, at
):
    """What came twice went back out of suspense by itself: no shop's escrow answers for it, by a word least of all."""
    told = lifecycle.Told({"duplicate_fen": 9_800})
    refund = claim(revealed, "DUPLICATE_CHARGE", by=rich_buyer, at=at, told=told)
    assert (refund.state, refund.owner, refund.asked) == ("disputed", "platform", 9_800)
    assert refund.needs_a_person()
    assert not refund.is_paid_by_silence()
    assert refund.actions_for(seller, at) == ["offer"]


# waiting for a supplier


@pytest.fixture
def sent(bought, at):
    """A top-up that was handed to its supplier, who has taken it on."""
    order = bought(Kind.DIRECT_TOPUP, delivered_by="supplier")
    ticket = Ticket.objects.get(unit__order=order)
    tickets.what_to_say(ticket, at=at)
    tickets.hear(Ticket.objects.get(pk=ticket.pk), tickets.Answer(Standing.PENDING, reference="T-1"), at=at)
    return order


def test_a_claim_waits_for_the_supplier_first(sent, rich_buyer, at):
    refund = claim(units_of(sent)[0], "NOT_DELIVERED", by=rich_buyer, at=at)
    assert (refund.state, refund.owner) == ("requested", "supplier")
    assert refund.deadline_at == at + timedelta(hours=48)


def test_a_supplier_that_failed_lets_the_claim_be_paid(sent, rich_buyer, at):
    refund = claim(units_of(sent)[0], "NOT_DELIVERED", by=rich_buyer, at=at)
    ticket = Ticket.objects.get(unit__order=sent)
    tickets.hear(ticket, tickets.Answer(Standing.FAILED, reason="no such number"), at=at + timedelta(minutes=5))
    refund.refresh_from_db()
    assert (refund.state, refund.approved) == ("refunded", 5_000)


def test_a_supplier_that_delivered_turns_the_claim_into_a_machine_s_no(sent, rich_buyer, at):
    refund = claim(units_of(sent)[0], "NOT_DELIVERED", by=rich_buyer, at=at)
    ticket = Ticket.objects.get(unit__order=sent)
    tickets.hear(ticket, tickets.Answer(Standing.DELIVERED, reference="T-1"), at=at + timedelta(minutes=5))
    refund.refresh_from_db()
    assert refund.state == "declined"
    assert refund.is_predecision
    assert refund.approved is None
    assert refund.asked == 0
    assert "escalate" in refund.actions_for(rich_buyer, at + timedelta(minutes=6))


def test_a_supplier_that_delivered_leads_to_a_person_where_people_alone_decide(sent, rich_buyer, at):
    refund = claim(units_of(sent)[0], "NOT_DELIVERED", by=rich_buyer, at=at)
    accounts.set_risk(rich_buyer, 80, signals=["many_claims"], at=at)
    ticket = Ticket.objects.get(unit__order=sent)
    tickets.hear(ticket, tickets.Answer(Standing.DELIVERED, reference="T-1"), at=at + timedelta(minutes=5))
    refund.refresh_from_db()
    assert (refund.state, refund.is_predecision, refund.asked) == ("disputed", False, 0)


def test_a_supplier_that_says_nothing_for_48_hours_counts_against_the_supply_side(sent, rich_buyer, at):
    refund = claim(units_of(sent)[0], "NOT_DELIVERED", by=rich_buyer, at=at)
    fire_overdue(refund.root_address, at=at + timedelta(hours=48))
    refund.refresh_from_db()
    assert refund.state == "refunded"
    assert Event.objects.filter(name="refund.decided_anew", subject=refund.address).exists()


def test_before_its_time_nothing_is_decided_anew(sent, rich_buyer, at):
    refund = claim(units_of(sent)[0], "NOT_DELIVERED", by=rich_buyer, at=at)
    fire_overdue(refund.root_address, at=at + timedelta(hours=47))
    refund.refresh_from_db()
    assert (refund.state, refund.owner) == ("requested", "supplier")


# it fails open to people


def test_a_rulebook_that_fails_leaves_it_to_people(order, revealed, rich_buyer, at, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(triage, "decide_pinned", broken)  # a fault that no data can cause
    refund = claim(revealed, "CODE_INVALID", by=rich_buyer, at=at)
    assert refund.state == "requested"
    assert refund.needs_a_person()


# special roads


def test_illegal_goods_go_off_sale_and_are_reported_apart(order, revealed, rich_buyer, seller, at):
    listing = order.snapshot.listing
    refund = claim(revealed, "ILLEGAL_GOODS", by=rich_buyer, at=at, text="盗版")
    listing = Listing.objects.get(pk=listing.pk)
    report = Report.objects.get(refund=refund)
    assert (listing.state, report.took_down, report.text) == ("paused", True, "盗版")
    with pytest.raises(Refused) as refusal:
        listings.resume(listing, by=seller, at=at)
    assert refusal.value.code == "reported"


def test_a_child_s_purchase_waits_for_papers_with_a_clock(order, revealed, rich_buyer, at):
    refund = claim(revealed, "MINOR_PURCHASE", by=rich_buyer, at=at)
    guardian = Guardian.objects.get(refund=refund)
    assert (guardian.state, guardian.owner) == ("awaited", "guardian")
    assert guardian.deadline_at > at + timedelta(days=14)


def test_stolen_money_is_frozen_and_told_to_risk(order, revealed, rich_buyer, at):
    refund = claim(units_of(order), "UNAUTHORIZED_PAYMENT", by=rich_buyer, at=at)
    assert Event.objects.filter(name="refund.frozen", subject=refund.address).exists()
    assert {unit.held_by for unit in units_of(order)} == {refund.address}


def test_every_paid_case_has_one_credit_note(order, bad_unit, rich_buyer, at):
    from refunds import credit

    refund = Refund.objects.get(pk=claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at).pk)
    note = refund.credit_note
    assert (note.amount, note.at) == (refund.approved, refund.closed_at)
    assert credit.is_whole(note)
    assert note.number.startswith("H")
    event = Event.objects.get(name="refund.refunded", subject=refund.address)
    assert (event.data["note"], event.data["note_sha256"]) == (note.number, note.sha256)


def test_a_credit_note_is_for_ever(order, bad_unit, rich_buyer, at):
    from django.db import DatabaseError, transaction

    note = Refund.objects.get(pk=claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at).pk).credit_note
    for change in (lambda: type(note).objects.update(amount=1), lambda: type(note).objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()

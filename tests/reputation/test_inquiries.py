"""Codes under an alarm that people have seen are asked about at their supplier, over HTTP, by the signed protocol."""

import logging
from datetime import timedelta

import httpx
import pytest

from orders import delivery
from orders.facts import known_of
from orders.models import Redemption, ValidityRecord
from refunds import replacing
from reputation import alarms, inquiries, tasks
from reputation.models import Alarm, AlarmUnit, Inquiry, InquiryWord
from rulebook.claims import Proof
from rulebook.collected import grades
from rulebook.defaults import default_book
from shops import stock, suppliers, vault
from shops.models import Batch, Card, Connection
from tests.fixtures.cases import VISIT
from timeline.models import Event

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alarm(supplier, sold, seller, risk, at):
    """An alarm by hand over forty codes; six of the first holder's were seen, and the mall can ask the supplier."""
    batch = Batch.objects.get()
    Connection.objects.get_or_create(gateway="sandbox", shop=None, ended_at=None, defaults={"tied_at": at})
    batch.supplier = suppliers.add(batch.listing.shop, name="上游", gateway="sandbox", by=seller, at=at)
    batch.save(update_fields=["supplier"])
    for unit in sold[0].units.order_by("place")[:6]:
        delivery.reveal(unit, by=sold[0].buyer, at=at, visit=VISIT)
    return alarms.raise_alarm(batch, why=Alarm.Why.PERSON, reason="发行方来电", by=risk, at=at + HOUR)


def ask(at):
    """One round: what is to be asked is noted down, and asked. What came of it, by the unit's place."""
    alarms.carry_on(at=at)
    inquiries.run(now=lambda: at)
    rows = Inquiry.objects.select_related("listed__unit").order_by("pk")
    return {row.listed.unit.place: row for row in rows}


def code_of(order, place):
    return vault.open_card(Card.objects.get(unit__order=order, unit__place=place))


def facts(order, place, at):
    unit = order.units.get(place=place)
    return known_of(order, [unit], "CODE_INVALID", book=default_book(), at=at)[unit.pk]


def test_what_the_supplier_says_is_kept_shown_and_counts_as_proof(client, alarm, supplier, sold, risk, at):
    order = sold[0]
    supplier.know(code_of(order, 1), "redeemed", (at - HOUR).isoformat())
    supplier.know(code_of(order, 2), "redeemed", (at + HOUR / 2).isoformat())
    supplier.know(code_of(order, 3), "unused")
    supplier.know(code_of(order, 4), "void")
    found = ask(at + HOUR)
    said = {place: row.finding for place, row in found.items()}
    assert said == {1: "before", 2: "after", 3: "unused", 4: "void", 5: "unknown", 6: "unknown"}
    assert all(row.ended_at and not row.is_open for row in found.values())
    assert set(ValidityRecord.objects.values_list("unit__place", "is_valid").order_by("pk")) == {(1, False), (4, False)}
    assert set(Redemption.objects.values_list("unit__place", "by").order_by("pk")) == {(1, None), (2, None)}
    first, second = facts(order, 1, at + HOUR), facts(order, 2, at + HOUR)
    assert (first.facts["upstream_proof"], first.is_proven) == ("BEFORE_REVEAL", True)
    assert (second.facts["upstream_proof"], second.is_contradicted) == ("UNKNOWN", False)
    assert not {"upstream_proof"} & set(grades(first.records)), "a record of the supplier's, not a claim"
    assert first.records.state_proof is Proof.VERIFIED
    page = alarm.get_absolute_url()
    client.force_login(order.buyer)
    assert "Redeemed before its holder saw it" in client.get(page, headers={"Accept-Language": "en"}).content.decode()
    units = client.get(f"/api/v1/recalls/{alarm.number}/").json()["units"]
    assert [unit["upstream"] for unit in units][:5] == ["before", "after", "unused", "void", "unknown"]
    client.force_login(sold[1].buyer)
    assert "Redeemed before" not in client.get(page, headers={"Accept-Language": "en"}).content.decode()
    client.force_login(risk)
    assert "Not valid there" in client.get(page, headers={"Accept-Language": "en"}).content.decode()


def test_only_what_was_seen_is_asked_about_and_once(alarm, supplier, sold, seller, risk, at):
    unit = sold[0].units.get(place=6)
    alarms.list_holders(alarm)
    alarms.check(alarm, unit, is_valid=False, source="发行方", reference="77", by=seller, at=at + HOUR)
    assert set(ask(at + HOUR)) == {1, 2, 3, 4, 5}, "sealed ones and those with an answer are left"
    assert len(ask(at + 2 * HOUR)) == 5
    assert InquiryWord.objects.count() == 5
    asked = Event.objects.filter(root=sold[0].address, name="order.code_asked_upstream").order_by("seq")
    assert [event.data["unit"] for event in asked] == [1, 2, 3, 4, 5], "each opening of a code is on record"


def test_nobody_is_asked_about_a_code_of_another_batch(alarm, supplier, sold, draft, seller, at):
    order = sold[1]
    case = alarms.join(alarm, order, by=order.buyer, at=at + HOUR, wants="reissue")
    stock.add_batch(draft, [f"NEW-{number:03}" for number in range(10)], by=seller, at=at + HOUR)
    replacing.replace(case, by=seller, at=at + HOUR)
    delivery.reveal(order.units.get(place=1), by=order.buyer, at=at + HOUR, visit=VISIT)
    ask(at + HOUR)
    assert not Inquiry.objects.filter(listed__unit__order=order).exists(), "their supplier never sold it"


def test_a_look_at_which_the_vault_stayed_shut_showed_nothing(alarm, supplier, sold, at):
    delivery.record_not_shown(sold[0].units.get(place=1), why="SealBroken", at=at)
    supplier.know(code_of(sold[0], 1), "redeemed", (at + HOUR / 2).isoformat())
    assert ask(at + HOUR)[1].finding == "before", "as the rules read it"


@pytest.mark.parametrize(
    "written", [str, str.lower, lambda code: code.replace("-", ""), lambda code: f"{code[:4]} {code[4:]}"]
)
def test_a_code_is_known_again_however_it_is_written(alarm, supplier, sold, monkeypatch, written, at):
    code = code_of(sold[0], 1)
    told = {"state": "void", "reference": code.replace("-", "_"), "echo": written(code)}

    def look_up(self, asked):
        return 200, {"number": asked["number"]} | (told if asked["code"] == code else {"state": "unused"})

    monkeypatch.setattr(type(supplier), "look_up", look_up)
    row = ask(at + HOUR)[1]
    plain = code.replace("-", "")
    kept = row.words.get().answer + row.reference + "".join(Event.objects.order_by("pk").values_list("body", flat=True))
    assert row.finding == "void"
    assert plain not in "".join(sign for sign in kept.upper() if sign.isalnum())
    assert ValidityRecord.objects.get().reference == row.number


def test_an_answer_is_read_before_it_is_masked():
    """JSON has more than one way to write a letter; a text of the database has none for some."""
    assert inquiries._plain(r'{"echo": "\u0042\u0041T"}') == '{"echo": "BAT"}'
    assert inquiries._plain("no JSON \x00") == "no JSON "
    assert inquiries._plain(r'"\ud800"') == '"?"'


def test_an_answer_that_nobody_can_keep_is_asked_for_ever_more_seldom(alarm, supplier, monkeypatch, at):
    def die(*_args, **_told):
        raise RuntimeError("something of ours")

    monkeypatch.setattr(inquiries, "hear", die)
    monkeypatch.setattr(type(supplier), "look_up", lambda self, told: (404, {"reason": "\x00"}))
    assert {row.next_try_at for row in ask(at + HOUR).values()} == {at + HOUR + inquiries.LONGEST_WAIT}


def test_no_code_stands_in_an_archive_a_log_or_an_event(alarm, supplier, sold, caplog, monkeypatch, at):
    caplog.set_level(logging.DEBUG)
    codes = [code_of(sold[0], place) for place in range(1, 7)]
    # A supplier that repeats what it was asked.
    monkeypatch.setattr(
        type(supplier),
        "look_up",
        lambda self, told: (200, {"number": told["number"], "state": "unused", "echo": told["code"]}),
    )
    ask(at + HOUR)
    kept = "".join(InquiryWord.objects.order_by("pk").values_list("answer", flat=True))
    kept += "".join(Event.objects.order_by("pk").values_list("body", flat=True)) + caplog.text
    assert not [code for code in codes if code in kept]


def test_who_does_not_answer_is_asked_again_ever_more_seldom_until_the_alarm_is_over(alarm, supplier, sold, risk, at):
    supplier.mood = "silent"
    row = ask(at + HOUR)[1]
    assert (row.finding, row.tries, row.next_try_at) == ("", 1, at + HOUR + inquiries.FIRST_WAIT)
    inquiries.run(now=lambda: at + HOUR)
    row.refresh_from_db()
    assert row.tries == 1, "not before it is due"
    row = ask(row.next_try_at)[1]
    assert (row.tries, row.next_try_at) == (2, at + HOUR + 3 * inquiries.FIRST_WAIT)
    Inquiry.objects.exclude(pk=row.pk).update(tries=40)
    assert ask(at + 3 * HOUR)[2].next_try_at == at + 3 * HOUR + inquiries.LONGEST_WAIT
    assert set(InquiryWord.objects.values_list("status", "answer").order_by("pk")) == {(None, "SupplierDown")}
    alarms.lift(alarm, finding="误报", by=risk, at=at + 3 * HOUR)
    assert {row.finding for row in ask(at + 5 * HOUR).values()} == {"silent"}
    assert not Inquiry.objects.filter(ended_at=None).exists()


def test_a_worker_that_died_or_comes_twice_asks_nothing_twice(alarm, supplier, at):
    alarms.carry_on(at=at + HOUR)
    first = Inquiry.objects.order_by("pk")[0]
    assert inquiries.take_on(first.pk, at=at + HOUR) is not None
    assert inquiries.take_on(first.pk, at=at + HOUR) is None, "somebody has it"
    assert inquiries.go(first.pk, at=at + HOUR + inquiries.LEASE), "and if they died, the next one has it"
    assert not inquiries.go(first.pk, at=at + HOUR + inquiries.LEASE)
    assert Redemption.objects.count() == 0


@pytest.mark.parametrize(
    "words",
    [
        {"number": "another", "state": "unused"},
        {"state": "redeemed"},
        {"state": "redeemed", "redeemed_at": "2026-11-20T09:30:00"},
        {"state": "redeemed", "redeemed_at": "2099-01-01T00:00:00Z"},
        {"state": "unused", "redeemed_at": "2026-11-20T09:30:00Z"},
        {"state": "perhaps"},
        {"state": "void", "reference": "<b>"},
    ],
)
def test_an_answer_that_is_about_something_else_or_cannot_be_is_not_believed(alarm, supplier, monkeypatch, words, at):
    monkeypatch.setattr(type(supplier), "look_up", lambda self, told: (200, {"number": told["number"], **words}))
    assert {row.finding for row in ask(at + HOUR).values()} == {""}
    assert not ValidityRecord.objects.exists()
    assert not Redemption.objects.exists()


def test_in_a_recall_the_shop_is_heard_about_a_code_that_worked_after_it_was_seen(alarm, supplier, sold, risk, at):
    order = sold[0]
    for place in range(1, 7):
        supplier.know(code_of(order, place), "unused")
    supplier.know(code_of(order, 2), "redeemed", (at + HOUR / 2).isoformat())
    ask(at + HOUR)
    alarms.confirm(alarm, finding="整批作废", by=risk, at=at + HOUR)
    case = alarms.join(alarm, order, by=order.buyer, at=at + HOUR)
    alarms.carry_on(at=at + HOUR)
    case.refresh_from_db()
    assert case.state == "requested", "nobody is refused: the shop answers, and its silence pays"
    assert case.is_paid_by_silence()
    other = alarms.join(alarm, sold[1], by=sold[1].buyer, at=at + HOUR)
    other.refresh_from_db()
    assert other.state == "refunded"


def test_without_a_connection_people_ask_by_hand(alarm, settings, sold, at):
    settings.SUPPLIERS = {}
    tasks.watch_batches()
    tasks.ask_upstream()
    assert not Inquiry.objects.exists()
    assert AlarmUnit.objects.filter(is_valid=None).count() == 40


def test_whoever_plays_the_supplier_says_on_its_page_what_became_of_a_code(supplier):
    told = {"code": "ABC", "state": "redeemed", "when": "2026-11-20T09:30:00+08:00"}
    assert httpx.post(supplier.address, data=told).status_code == 303
    assert supplier.look_up({"number": "1", "code": "ABC"})[1]["redeemed_at"] == "2026-11-20T01:30:00+00:00"
    page = httpx.get(f"{supplier.address}/?lang=en").text
    assert "Redeemed at" in page
    assert "ABC" not in page
    assert supplier.look_up({"number": "1"})[0] == 422


def test_each_question_has_its_own_moment(alarm, supplier, sold, monkeypatch, at):
    """A supplier that takes ten minutes for each answer: nothing it says is of times to come, and no lease is old."""
    moments = iter(at + HOUR + minutes * timedelta(minutes=10) for minutes in range(100))
    asked = []

    def go(pk, *, at):
        asked.append(at)
        return True

    monkeypatch.setattr(inquiries, "go", go)
    alarms.carry_on(at=at + HOUR)
    assert inquiries.run(now=lambda: next(moments)) == 6
    assert len(set(asked)) == 6

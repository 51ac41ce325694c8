"""A shop is asked what it says about a bad batch; whoever says nothing for four hours sells nothing for a week."""

from datetime import timedelta

import pytest
from django.urls import reverse

from notifications import inbox, preferences
from notifications.models import Notification
from orders.models import Unit
from reputation import alarms, batch_answers, stops
from reputation.models import Alarm, BatchAnswer, HardStop
from shops import sanctions
from shops.models import Batch, Sanction, Shop
from tests.api.conftest import signed_in
from tests.fixtures.people import person
from tests.reputation.conftest import ring, spoil
from tests.reputation.test_stops import count
from timeline import clock, reminders
from timeline.models import Event
from timeline.refusals import Refused
from timeline.spans import SHANGHAI
from timeline.sweep import fire_overdue

WORDS = "上游确认一批码重复，已停用并换货。"


@pytest.fixture
def alarm(sold, at):
    """Forty sold, twelve bad."""
    return ring(sold, at)


@pytest.fixture
def missed(alarm, at):
    """Four hours later nobody of the shop has said anything."""
    fire_overdue(alarm.shop.address, at=at + timedelta(hours=4))
    return alarm


def test_who_says_nothing_for_four_hours_is_stopped_with_the_figures_as_the_reason(missed, at):
    answer = BatchAnswer.objects.get()
    stop, shop = HardStop.objects.get(), Shop.objects.get(pk=missed.shop_id)
    assert (answer.state, stop.ground, stop.alarm) == ("missed", "batch", missed)
    assert (stop.units, stop.upheld, stop.listings) == (40, 12, [missed.batch.listing_id])
    later = at + timedelta(hours=4)
    assert shop.no_sales_until == later + timedelta(days=7)
    assert all(word in stop.sanction.reason for word in ("40", "12", missed.number))
    assert stop.sanction.imposed_by is None
    fire_overdue(missed.shop.address, at=later)
    assert (HardStop.objects.count(), Event.objects.filter(name="batchanswer.missed").count()) == (1, 1)
    inbox.catch_up(at=later)
    told = Notification.objects.filter(user=missed.shop.owner).values_list("code", flat=True)
    assert {"batchanswer.missed", "sanction.stopped"} <= set(told)


def test_whoever_answers_in_time_goes_on_selling_and_risk_reads_it(alarm, seller, risk, at):
    answer = BatchAnswer.objects.get()
    assert answer.deadline_at == at + timedelta(hours=4)
    batch_answers.give(answer, words=WORDS, by=seller, at=at + timedelta(hours=3))
    fire_overdue(alarm.shop.address, at=at + timedelta(hours=5))
    assert (answer.state, answer.answered_by, HardStop.objects.count()) == ("given", seller, 0)
    assert Shop.objects.get(pk=alarm.shop_id).no_sales_until is None
    inbox.catch_up(at=at + timedelta(hours=3))
    assert Notification.objects.filter(user=risk, code="batchanswer.given").exists()


def test_only_the_shop_answers_in_words_and_once(alarm, seller, risk, buyer, at):
    answer = BatchAnswer.objects.get()
    for who in (risk, buyer, person("somebody")):
        with pytest.raises(Refused, match="not_your_turn"):
            batch_answers.give(answer, words=WORDS, by=who, at=at)
    with pytest.raises(Refused, match="no_reason"):
        batch_answers.give(answer, words=" 好 ", by=seller, at=at)
    with pytest.raises(Refused, match="wrong_moment"):
        batch_answers.give(answer, words=WORDS, by=seller, at=at + timedelta(hours=4))
    batch_answers.give(answer, words=WORDS, by=seller, at=at)
    with pytest.raises(Refused, match="wrong_moment"):
        batch_answers.give(answer, words=WORDS, by=seller, at=at)


def test_a_batch_that_is_not_so_bad_stops_nobody(sold, risk, at):
    spoil(sold[0], 1, at)
    alarm = alarms.raise_alarm(Batch.objects.get(), why="person", reason="发行方来电", by=risk, at=at)
    fire_overdue(alarm.shop.address, at=at + timedelta(hours=4))
    assert (BatchAnswer.objects.get().state, HardStop.objects.count()) == ("missed", 0), "one bad code is no pattern"


def test_an_alarm_that_was_lifted_spares_the_answer_and_takes_the_stop_with_it(sold, risk, at):
    first = ring(sold, at)
    alarms.lift(first, finding="发行方更正：误报。", by=risk, at=at)
    assert BatchAnswer.objects.get().state == "spared"
    again = alarms.raise_alarm(first.batch, why="person", reason="再次来电", by=risk, at=at)
    later = at + timedelta(hours=4)
    fire_overdue(again.shop.address, at=later)
    assert Shop.objects.get(pk=again.shop_id).no_sales_until is not None
    again.refresh_from_db()
    alarms.lift(again, finding="发行方更正：误报。", by=risk, at=later)
    assert Sanction.objects.get().state == "lifted"
    assert Shop.objects.get(pk=again.shop_id).no_sales_until is None


def test_a_person_hears_the_appeal_within_a_day(missed, seller, risk, at):
    later = at + timedelta(hours=5)
    step = Sanction.objects.get()
    sanctions.appeal(step, words="客服当班人员生病，批次已停售。", by=seller, at=later)
    assert step.deadline_at == later + timedelta(hours=24)
    sanctions.lift(step, reason="已核实。", by=risk, at=later)
    assert Shop.objects.get(pk=missed.shop_id).no_sales_until is None


def test_only_what_settles_of_this_batch_is_withheld(missed, sold, at):
    assert stops.withheld(missed.shop) == 0
    unit = sold[0].units.get(place=1)
    settled = {"settled_at": at + timedelta(hours=6), "held_by": "", "held": 0, "released": 9_800, "commission": 490}
    Unit.objects.filter(pk=unit.pk).update(**settled)
    assert stops.withheld(missed.shop) == 9_310
    HardStop.objects.update(alarm=None, ground="claims", listings=[])
    assert stops.withheld(missed.shop) == 0
    Unit.objects.filter(pk=unit.pk).update(
        settled_at=None, held_by=missed.address, held=9_800, released=0, commission=0
    )
    HardStop.objects.update(alarm=missed, ground="batch")


def test_who_was_stopped_for_silence_about_one_batch_is_forgiven_no_fraud(missed, at):
    count(missed.shop, at, frauds=2)
    step = Sanction.objects.get()
    sanctions.lapse(step, limit="SANCTION_TERM", at=step.until)
    later = step.until + timedelta(days=1)
    count(missed.shop, later, frauds=1)
    assert stops.look([missed.shop_id], at=later) == 1, "three in 180 days, whatever happened between"
    assert list(HardStop.objects.order_by("pk").values_list("ground", flat=True)) == ["batch", "frauds"]


def test_the_page_and_the_api_take_the_answer_from_the_shop_alone(client, alarm, seller, risk, sold):
    page, address = alarm.get_absolute_url(), reverse("reputation:answer_recall", args=[alarm.number])
    client.force_login(sold[0].buyer)
    assert address not in client.get(page).content.decode(), "a holder has nothing to answer here"
    assert client.post(address, {"words": WORDS}).status_code == 404
    client.force_login(risk)
    assert address not in client.get(page).content.decode()
    client.force_login(seller)
    assert address in client.get(page).content.decode()
    assert client.post(address, {"words": "好"}).status_code == 422
    assert signed_in(risk).send(f"/api/v1/recalls/{alarm.number}/answer/", {"words": WORDS}).status_code == 404
    told = signed_in(seller).send(f"/api/v1/recalls/{alarm.number}/answer/", {"words": WORDS})
    assert (told.status_code, told.json()["state"]) == (200, "given")
    assert client.post(address, {"words": WORDS}).status_code == 409
    client.force_login(risk)
    assert WORDS in client.get(page).content.decode()
    assert Alarm.objects.get().state == "raised"


def test_whoever_answers_too_late_by_the_page_finds_the_shop_stopped(client, alarm, seller):
    clock.advance(timedelta(hours=5))
    client.force_login(seller)
    client.post(reverse("reputation:answer_recall", args=[alarm.number]), {"words": WORDS})
    assert BatchAnswer.objects.get().state == "missed"
    assert HardStop.objects.get().ground == "batch"


def test_the_shop_hears_at_once_until_when_it_has_to_answer_and_is_mailed(alarm, at):
    inbox.catch_up(at=at)
    told = Notification.objects.get(user=alarm.shop.owner, code="batchanswer.awaited")
    until = (at + timedelta(hours=4)).astimezone(SHANGHAI)
    assert (told.words["number"], told.words["until"]) == (alarm.number, f"{until:%Y-%m-%d %H:%M}")
    assert told.url == alarm.get_absolute_url()
    assert preferences.is_important("batchanswer.awaited")


def test_the_shop_is_reminded_before_its_time_is_over(alarm):
    clock.advance(timedelta(hours=2, minutes=1))
    reminders.remind(at=clock.now())
    inbox.catch_up(at=clock.now())
    assert Notification.objects.filter(user=alarm.shop.owner, code="batchanswer.reminder").exists()

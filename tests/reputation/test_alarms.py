"""A bad batch is pulled before the next victim: sale stopped, money held, every holder asked; all of it reversible."""

from datetime import timedelta

import pytest
from django.urls import reverse

from notifications import inbox
from notifications.models import Notification
from orders.models import Unit
from refunds import lifecycle as refunds
from refunds import replacing
from refunds.models import Refund
from reputation import alarms, tasks
from reputation.bad_codes import Look
from reputation.models import Alarm, AlarmUnit, Doubt, Signal
from shops import batches, stock
from shops.models import Batch, Card
from tests.fixtures.people import staff
from tests.reputation.conftest import buy, ring, spoil
from timeline.models import Event
from timeline.refusals import Refused
from timeline.sweep import fire_overdue


@pytest.mark.parametrize(
    ("sold", "bad", "lately", "why"),
    [
        (40, 2, 2, ""),
        (40, 3, 3, "few"),
        (49, 2, 2, ""),
        (100, 2, 1, "rate"),
        (50, 1, 1, ""),
        (1_000, 19, 2, ""),
        (1_000, 20, 2, "rate"),
    ],
)
def test_two_of_a_hundred_or_three_of_fifty(sold, bad, lately, why):
    assert Look(sold, bad, lately).why == why


def test_twelve_of_forty_stop_the_batch_and_ask_every_holder(sold, draft, at):
    """X15: 40 codes of one batch, 12 of them fail in a day."""
    alarm = ring(sold, at)
    assert (alarm.sold, alarm.bad, alarm.why) == (40, 12, "few")
    batch = alarm.batch
    batch.refresh_from_db()
    assert batch.stopped_at is not None
    assert batch.is_stopped_by_mall
    assert not Card.objects.free(at).exists()
    with pytest.raises(Refused):
        buy(draft, "late", 1, at)
    assert alarm.units.count() == 40
    assert not Unit.objects.exclude(held_by=alarm.address).exists(), "the money of all of them stands still"
    told = Event.objects.filter(name="order.units_recalled")
    assert {event.root for event in told} == {order.address for order in sold}
    assert Signal.objects.get().batch == batch
    alarms.carry_on(at=at)
    assert alarms.watch(at=at) == 0
    assert told.count() == 4, "once is enough"


def test_a_holder_who_asks_for_money_back_is_led_to_the_recall(sold, client, at):
    """What is held is held by no case of theirs: the pages say by what, and where it is answered."""
    alarm, order = ring(sold, at), sold[0]
    client.force_login(order.buyer)
    for page in (order.get_absolute_url(), reverse("refunds:claim", args=[order.number])):
        text = client.get(page, headers={"accept-language": "en"}).content.decode()
        assert alarm.get_absolute_url() in text
        assert "Held by an open case" not in text
    units = list(order.units.order_by("place"))
    with pytest.raises(Refused, match="being recalled") as refusal:
        refunds.preview(order, units, "CODE_INVALID", buyer=order.buyer, at=at)
    assert refusal.value.code == "case_open"


def test_a_holder_is_paid_back_without_the_shop_once_it_is_confirmed(sold, risk, at):
    alarm = ring(sold, at)
    alarms.confirm(alarm, finding="发行方确认整批作废。", by=risk, at=at)
    order = sold[0]
    case = alarms.join(alarm, order, by=order.buyer, at=at)
    case.refresh_from_db()
    assert (case.state, case.approved) == ("refunded", 98_000)
    assert set(alarm.units.filter(unit__order=order).values_list("fate", flat=True).order_by("pk")) == {"refund"}
    assert alarms.recourse(alarm) == (10 + 9) * 7_000, "ten given back, nine bad ones elsewhere"


def test_who_joined_before_is_paid_when_it_is_confirmed(sold, risk, at):
    alarm = ring(sold, at)
    order = sold[1]
    case = alarms.join(alarm, order, by=order.buyer, at=at)
    case.refresh_from_db()
    assert case.state == "requested"
    alarms.confirm(alarm, finding="发行方确认整批作废。", by=risk, at=at)
    alarms.carry_on(at=at)
    case.refresh_from_db()
    assert case.state == "refunded"


def test_a_code_that_was_delivered_anew_is_not_recalled(client, sold, draft, seller, risk, at):
    """One unit of ten had a case before, and has a code of another batch now."""
    order = sold[0]
    unit = order.units.get(place=1)
    case = refunds.ask(
        order=order, units=[unit], reason="CODE_INVALID", by=order.buyer, at=at, text="无法兑换", prefers="reissue"
    )
    alarm = alarms.raise_alarm(Batch.objects.get(), why="person", reason="发行方来电", by=risk, at=at)
    alarms.carry_on(at=at)
    stock.add_batch(draft, ["NEW-001"], by=seller, at=at)
    replacing.replace(case, by=seller, at=at)
    replacing.confirm_replacement(case, by=order.buyer, at=at)
    client.force_login(order.buyer)
    assert "882.00" in client.get(alarm.get_absolute_url()).content.decode(), "nine are offered"
    joined = alarms.join(alarm, order, by=order.buyer, at=at)
    assert sorted(joined.items.values_list("unit__place", flat=True).order_by("pk")) == list(range(2, 11))
    assert alarms.offers_to(order.buyer) == []


def test_what_its_shop_stopped_before_is_not_sold_by_it_while_it_is_recalled(sold, seller, risk, at):
    batch = Batch.objects.get()
    batches.stop(batch, reason="有买家反映", by=seller, at=at)
    alarm = alarms.raise_alarm(batch, why="person", reason="发行方来电", by=risk, at=at)
    assert "resume" not in batches.actions_for(batch, seller)
    with pytest.raises(Refused, match="stopped_by_mall"):
        batches.resume(batch, by=seller, at=at)
    assert "resume" not in batches.actions_for(batch, risk)
    with pytest.raises(Refused, match="stopped_by_mall"):
        batches.resume(batch, by=risk, at=at)
    alarms.lift(alarm, finding="误报", by=risk, at=at)
    batch.refresh_from_db()
    assert batch.stopped_at is not None, "lifted, it is the shop's own matter again"
    assert batch.stop_reason == "有买家反映"
    batches.resume(batch, by=seller, at=at)


@pytest.mark.parametrize("page", ["orders:detail", "refunds:claim"])
def test_a_holder_finds_the_recall_at_the_order_and_where_they_claim(client, sold, page, at):
    alarm = ring(sold, at)
    order = sold[0]
    address = reverse(page, args=[order.number])
    client.force_login(order.buyer)
    text = client.get(address, headers={"accept-language": "en"}).content.decode()
    assert alarm.get_absolute_url() in text
    assert text.count("are recalled") + text.count("being recalled") == 1, "once is enough"
    alarms.keep(alarm, order, by=order.buyer, at=at)
    assert alarm.get_absolute_url() not in client.get(address).content.decode()


def test_nothing_is_offered_for_what_was_paid_back_or_has_a_case_of_its_own(client, sold, seller, risk, at):
    order = sold[0]
    case = refunds.ask(
        order=order, units=list(order.units.order_by("place")), reason="CODE_INVALID", by=order.buyer, at=at, text="无"
    )
    alarm = alarms.raise_alarm(Batch.objects.get(), why="person", reason="发行方来电", by=risk, at=at)
    alarms.carry_on(at=at)
    client.force_login(order.buyer)
    for _moment in ("in its own case", "paid back"):
        assert alarms.offers_to(order.buyer) == []
        assert "/join/" not in client.get(alarm.get_absolute_url()).content.decode()
        case.refresh_from_db()
        if case.state == "requested":
            refunds.accept(case, by=seller, at=at)


def test_who_keeps_the_codes_goes_on_as_before(sold, at):
    alarm = ring(sold, at)
    order = sold[2]
    alarms.keep(alarm, order, by=order.buyer, at=at)
    alarms.carry_on(at=at)
    assert not order.units.exclude(held_by="").exists()
    with pytest.raises(Refused, match="nothing_left"):
        alarms.join(alarm, order, by=order.buyer, at=at)


def test_only_the_holder_answers_and_only_risk_decides(sold, seller, stranger, risk, agent, at):
    alarm = ring(sold, at)
    with pytest.raises(Refused, match="not_your_turn"):
        alarms.join(alarm, sold[0], by=stranger, at=at)
    for nobody in (seller, agent):
        with pytest.raises(Refused, match="not_your_turn"):
            alarms.confirm(alarm, finding="x", by=nobody, at=at)
    with pytest.raises(Refused, match="no_reason"):
        alarms.lift(alarm, finding=" ", by=risk, at=at)


def test_risk_lifts_it_and_everything_goes_on(sold, risk, at):
    alarm = ring(sold, at)
    alarms.lift(alarm, finding="发行方接口误报。", by=risk, at=at)
    alarms.carry_on(at=at)
    assert not Unit.objects.exclude(held_by="").exists()
    assert Card.objects.free(at).count() == 10, "the rest is sold again"
    assert set(alarm.units.values_list("fate", flat=True).order_by("pk")) == {AlarmUnit.Fate.FREED}
    assert alarms.watch_all(at=at) == 0, "nothing more was found since"
    spoil(sold[3], 4, at + timedelta(hours=1))
    assert alarms.watch_all(at=at) == 1, "more was found: it rings again"


def test_if_nobody_looks_in_time_our_records_stand(sold, at):
    alarm = ring(sold, at)
    fire_overdue(alarm.root_address, at=alarm.deadline_at)
    alarm.refresh_from_db()
    assert alarm.state == "confirmed"
    fire_overdue(alarm.root_address, at=alarm.deadline_at)
    alarm.refresh_from_db()
    assert alarm.state == "closed"
    alarms.carry_on(at=alarm.entered_at)
    assert not Unit.objects.exclude(held_by="").exists()


def test_what_the_upstream_says_is_put_on_record(sold, seller, risk, at):
    alarm = ring(sold, at)
    unit = sold[0].units.get(place=4)
    with pytest.raises(Refused, match="not_your_turn"):
        alarms.check(alarm, unit, is_valid=True, source="supplier", reference="77", by=seller, at=at)
    alarms.check(alarm, unit, is_valid=False, source="supplier", reference="78", by=seller, at=at)
    assert unit.validity_records.get().reference == "78"
    other = sold[0].units.get(place=5)
    alarms.check(alarm, other, is_valid=True, source="issuer", reference="79", by=risk, at=at)
    assert other.validity_records.get().is_valid


def test_each_sees_their_part_of_the_page(client, sold, seller, stranger, risk, at):
    alarm = ring(sold, at)
    address = reverse("reputation:alarm", args=[alarm.number])
    order = sold[0]
    client.force_login(stranger)
    assert client.get(address).status_code == 404
    client.force_login(order.buyer)
    page = client.get(address).content.decode()
    assert order.number in page
    assert "申请" not in page.partition("<main")[2].partition("</ul>")[0], "who was only asked has not claimed"
    assert sold[1].number not in page, "nobody sees another holder's order"
    answer = client.post(reverse("reputation:join", args=[alarm.number, order.number]))
    assert answer.status_code == 302
    client.force_login(seller)
    assert sold[1].number in client.get(address).content.decode()
    decide = reverse("reputation:decide", args=[alarm.number, "lift"])
    assert client.post(decide, {"why": "x"}).status_code == 404
    client.force_login(risk)
    assert alarm.number in client.get(reverse("reputation:risk")).content.decode()
    client.post(decide, {"why": "误报"})
    alarm.refresh_from_db()
    assert alarm.state == "lifted"


def test_a_person_of_risk_stops_a_batch_by_hand(client, sold, risk, at):
    other = staff("risk", at=at, name="risk2")
    client.force_login(other)
    batch = Batch.objects.get()
    client.post(reverse("reputation:raise", args=[batch.pk]), {"why": ""})
    assert not Alarm.objects.exists()
    client.post(reverse("reputation:raise", args=[batch.pk]), {"why": "发行方来电通知。"})
    assert Alarm.objects.get().why == "person"


def test_the_whole_recall_through_pages(client, sold, seller, risk, at):
    """X15 as a story: it rings by itself, a holder reads of it and is paid back, the shop sees what to ask upstream."""
    for order in sold:
        spoil(order, 3, at)
    tasks.watch_batches()
    inbox.catch_up(at=at)
    order = sold[0]
    notice = Notification.objects.get(user=order.buyer, code="order.units_recalled")
    assert {each.user for each in Notification.objects.filter(code="alarm.raised")} == {seller}
    assert notice.deliveries.exists(), "an offer that ends is mailed"
    client.force_login(risk)
    alarm = Alarm.objects.get()
    assert alarm.number in client.get(reverse("reputation:risk")).content.decode()
    client.post(reverse("reputation:decide", args=[alarm.number, "confirm"]), {"why": "发行方确认整批作废。"})
    client.force_login(order.buyer)
    assert client.get(notice.url).status_code == 200
    answer = client.post(reverse("reputation:join", args=[alarm.number, order.number]), follow=True)
    assert answer.status_code == 200
    case = Refund.objects.get(order=order)
    assert (case.state, case.approved) == ("refunded", 98_000)
    client.force_login(seller)
    assert "1,330.00" in client.get(alarm.get_absolute_url()).content.decode(), "19 codes at ¥70.00 each"


def told_of(name):
    return sorted(Event.objects.filter(name=name).order_by("pk").values_list("root", flat=True))


def test_holders_hear_that_it_is_a_recall_and_are_reminded_while_the_offer_runs(sold, risk, at):
    alarm = ring(sold, at)
    alarms.keep(alarm, sold[3], by=sold[3].buyer, at=at)
    alarms.carry_on(at=at)
    assert told_of("order.recall_confirmed") == []
    alarms.confirm(alarm, finding="发行方确认整批作废。", by=risk, at=at)
    alarms.carry_on(at=at)
    alarms.carry_on(at=at)
    asked = sorted(order.address for order in sold[:3])
    assert told_of("order.recall_confirmed") == asked, "once each, and not who has answered"
    alarms.join(alarm, sold[0], by=sold[0].buyer, at=at)
    alarm.refresh_from_db()
    for share, times in ((0.4, 0), (0.5, 1), (0.6, 1), (0.9, 2)):
        alarms.carry_on(at=at + (alarm.deadline_at - at) * share)
        assert told_of("order.recall_reminded") == sorted(asked[1:] * times)
    alarms.carry_on(at=alarm.deadline_at - timedelta(minutes=30))
    assert told_of("order.recall_reminded") == sorted(asked[1:] * 3), "halfway, late, and in the last hour"
    alarms.carry_on(at=alarm.deadline_at)
    assert len(told_of("order.recall_reminded")) == 6, "not when it is over"
    inbox.catch_up(at=at)
    notice = Notification.objects.get(user=sold[1].buyer, code="order.recall_confirmed")
    assert notice.deliveries.exists(), "rights end with it: mailed whatever somebody chose"
    assert notice.words["until"], "with the end of the offer"


def test_nobody_is_asked_again_for_what_is_a_case_of_its_own_or_was_paid_back(sold, risk, seller, at):
    units = list(sold[0].units.order_by("place"))
    case = refunds.ask(order=sold[0], units=units, reason="CODE_INVALID", by=sold[0].buyer, at=at, text="无法兑换")
    assert case.state == "requested"
    alarm = alarms.raise_alarm(Batch.objects.get(), why="person", reason="发行方来电", by=risk, at=at)
    alarms.carry_on(at=at)
    alarms.confirm(alarm, finding="发行方确认整批作废。", by=risk, at=at)
    alarms.carry_on(at=at)
    others = sorted(order.address for order in sold[1:])
    assert told_of("order.recall_confirmed") == others, "there is nothing to choose: the case decides"
    refunds.accept(case, by=seller, at=at)
    alarm.refresh_from_db()
    alarms.carry_on(at=at + (alarm.deadline_at - at) * 0.5)
    assert told_of("order.recall_confirmed") == others
    assert told_of("order.recall_reminded") == others


def test_who_is_listed_after_the_recall_was_confirmed_is_told_once(sold, risk, at):
    alarm = alarms.raise_alarm(Batch.objects.get(), why="person", reason="发行方来电", by=risk, at=at)
    alarms.confirm(alarm, finding="发行方确认整批作废。", by=risk, at=at)
    alarms.carry_on(at=at)
    assert len(told_of("order.units_recalled")) == 4
    assert told_of("order.recall_confirmed") == []


def test_a_look_that_failed_is_taken_again_and_holds_up_no_other(sold, monkeypatch, caplog, at):
    for order in sold:
        spoil(order, 3, at)

    def die(_batch):
        raise RuntimeError("something of ours")

    with monkeypatch.context() as broken:
        broken.setattr(alarms, "look", die)
        assert alarms.watch(at=at) == 0
    assert "something of ours" in caplog.text
    assert Doubt.objects.get().batch == Batch.objects.get(), "the mark has moved on, the doubt stays"
    assert alarms.watch(at=at) == 1
    assert not Doubt.objects.exists()


def test_nobody_puts_on_record_what_was_said_of_another_code(client, sold, draft, seller, risk, at):
    order = sold[0]
    unit = order.units.get(place=1)
    case = refunds.ask(
        order=order, units=[unit], reason="CODE_INVALID", by=order.buyer, at=at, text="无法兑换", prefers="reissue"
    )
    alarm = alarms.raise_alarm(Batch.objects.get(), why="person", reason="发行方来电", by=risk, at=at)
    stock.add_batch(draft, ["NEW-001"], by=seller, at=at)
    replacing.replace(case, by=seller, at=at)
    with pytest.raises(Refused, match="delivered_anew"):
        alarms.check(alarm, unit, is_valid=False, source="supplier", reference="78", by=risk, at=at)
    assert not unit.validity_records.exists()
    client.force_login(risk)
    assert f'value="{unit.pk}"' not in client.get(alarm.get_absolute_url()).content.decode()

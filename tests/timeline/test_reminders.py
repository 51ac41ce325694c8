"""Reminders before a clock ends, and the two that a clock needs before it may hurt a silent buyer."""

from datetime import timedelta

import pytest

from notifications import inbox, mail
from notifications.models import Notification
from refunds import lifecycle as refunds
from refunds.models import Refund
from refunds.states import RefundState
from tests.fixtures.clocks import let_remind
from timeline import reminders
from timeline.models import Event, Reminder, Timer
from timeline.moments import moments
from timeline.sweep import fire, fire_overdue, sweep

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("whole", "at_minutes"),
    [
        (timedelta(hours=48), [24 * 60, 2304, 47 * 60]),
        (timedelta(hours=2), [60, 96]),
        (timedelta(hours=1), [30, 48]),
        (timedelta(minutes=15), [7.5]),
        (timedelta(minutes=5), []),
        (timedelta(0), []),
    ],
)
def test_a_clock_reminds_at_half_at_four_fifths_and_an_hour_before_unless_they_come_too_close(at, whole, at_minutes):
    assert moments(at, at + whole) == [at + minutes * MINUTE for minutes in at_minutes]


def test_starting_a_clock_sets_its_first_reminder_without_another_row(refund):
    timer = Timer.objects.get(subject=refund.address)
    assert timer.owner == "shop"
    assert timer.next_reminder_at == moments(timer.started_at, timer.due_at)[0]
    assert not Reminder.objects.exists()


def test_each_reminder_is_written_once_as_an_event_of_the_thing(refund):
    timer = Timer.objects.get(subject=refund.address)
    first, second, third = moments(timer.started_at, timer.due_at)
    assert reminders.remind(at=first - timedelta(seconds=1)) == 0
    assert reminders.remind(at=first) == 1
    assert reminders.remind(at=first) == 0
    assert not reminders.remind_of(timer.pk, at=first)
    assert reminders.remind_of(timer.pk, at=second)
    assert reminders.remind_of(timer.pk, at=third)
    assert not reminders.remind_of(timer.pk, at=timer.due_at)
    events = Event.objects.filter(subject=refund.address, name="refund.clock_reminded").order_by("seq")
    assert [event.data["number"] for event in events] == [1, 2, 3]
    assert {event.data["limit"] for event in events} == {"SELLER_RESPONSE"}


def test_reminders_that_nobody_looked_for_are_not_made_up_for_one_by_one(refund):
    timer = Timer.objects.get(subject=refund.address)
    _first, second, _third = moments(timer.started_at, timer.due_at)
    reminders.remind(at=second + MINUTE)
    assert Reminder.objects.filter(timer=timer).count() == 1


def test_after_the_end_the_clock_itself_speaks(refund):
    timer = Timer.objects.get(subject=refund.address)
    assert not reminders.remind_of(timer.pk, at=timer.due_at)
    assert Timer.objects.get(pk=timer.pk).next_reminder_at is None
    assert not Event.objects.filter(name="refund.clock_reminded").exists()


def test_nobody_is_reminded_of_a_clock_under_which_nobody_stands(order):
    fire_overdue(order.root_address, at=order.deadline_at)
    settling = Timer.objects.get(subject=order.address, state="running")
    assert (settling.owner, settling.next_reminder_at) == ("system", None)


def test_whoever_answered_is_not_reminded(refund, seller, at):
    timer = Timer.objects.get(subject=refund.address)
    refunds.accept(refund, by=seller, at=at)
    assert not reminders.remind_of(timer.pk, at=moments(timer.started_at, timer.due_at)[0])


def test_a_reminder_reaches_the_shop_in_inbox_and_mail(refund, seller, mailoutbox):
    let_remind(refund, times=1)
    notice = Notification.objects.get(code="refund.reminder", user=seller)
    letter = next(each for each in mailoutbox if notice.words["until"] in each.body)
    assert letter.to == [seller.email]
    assert delivered_of(refund) == 1


# The guard


def test_a_buyer_who_was_not_reminded_twice_gets_a_day_more_once(declined):
    due_at = declined.deadline_at
    fire_overdue(declined.root_address, at=due_at)
    declined.refresh_from_db()
    assert (declined.state, declined.deadline_at) == (RefundState.DECLINED, due_at + 24 * HOUR)
    told = Event.objects.get(name="refund.clock_postponed")
    assert told.data["limit"] == "ESCALATE"
    assert told.data["rulebook"]
    sweep(at=due_at + 24 * HOUR)
    assert Refund.objects.get().state == RefundState.LAPSED
    assert Event.objects.filter(name="refund.clock_postponed").count() == 1


def test_the_day_is_counted_from_when_somebody_looked(declined):
    late = declined.deadline_at + timedelta(days=3)
    fire_overdue(declined.root_address, at=late)
    assert Refund.objects.get().deadline_at == late + 24 * HOUR


def test_in_the_day_that_was_added_the_buyer_is_reminded_again(declined):
    fire_overdue(declined.root_address, at=declined.deadline_at)
    let_remind(declined)
    assert delivered_of(declined) == 3


def test_two_reminders_that_the_mail_server_took_are_enough(declined):
    let_remind(declined, times=2)
    fire_overdue(declined.root_address, at=declined.deadline_at)
    assert Refund.objects.get().state == RefundState.LAPSED


def test_a_reminder_that_the_mail_server_never_took_does_not_count(declined, monkeypatch):
    def broken(*_words, **_more):
        raise OSError("no route")

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", broken)
    let_remind(declined)
    assert not Reminder.objects.filter(delivered_at__isnull=False).exists()
    fire_overdue(declined.root_address, at=declined.deadline_at)
    assert Refund.objects.get().state == RefundState.DECLINED


def test_a_reminder_that_was_opened_in_the_inbox_counts(declined, at):
    let_remind(declined, is_mailed=False)
    notices = Notification.objects.filter(code="refund.reminder").order_by("pk")
    for notice in notices[:2]:
        inbox.read(notice, at=at)
    assert delivered_of(declined) == 2
    fire_overdue(declined.root_address, at=declined.deadline_at)
    assert Refund.objects.get().state == RefundState.LAPSED


def test_marking_the_whole_inbox_as_read_opens_nothing(declined, rich_buyer, at):
    let_remind(declined, is_mailed=False)
    inbox.read_all(rich_buyer, up_to=Notification.objects.latest("pk").pk, at=at)
    assert not Reminder.objects.filter(delivered_at__isnull=False).exists()


def test_silence_of_a_shop_needs_no_reminders(refund):
    assert fire(Timer.objects.get(subject=refund.address).pk, at=refund.deadline_at)


def test_a_delivery_is_reported_once(declined, at):
    let_remind(declined, times=1, is_mailed=False)
    timer = Timer.objects.get(subject=declined.address, state="running")
    assert reminders.delivered(timer=timer.pk, number=1, at=at)
    assert not reminders.delivered(timer=timer.pk, number=1, at=at + HOUR)
    assert Reminder.objects.get(timer=timer).delivered_at == at


def test_a_mail_that_comes_late_may_still_be_in_time_for_the_guard(declined):
    let_remind(declined, is_mailed=False)
    mail.send_due(at=declined.deadline_at)
    assert fire(Timer.objects.get(subject=declined.address, state="running").pk, at=declined.deadline_at)


def delivered_of(refund):
    """How many reminders of the case's running clock were delivered."""
    timer = Timer.objects.get(subject=refund.address, state="running")
    return Reminder.objects.filter(timer=timer, delivered_at__isnull=False).count()

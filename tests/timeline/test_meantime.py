"""The demo's clock is moved by days: whoever would have been reminded on the way is, before silence counts."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse

from notifications import inbox
from refunds.models import Refund
from refunds.states import RefundState
from timeline import clock, meantime, reminders
from timeline.models import ClockOffset, Event, Reminder, Timer
from timeline.moments import moments
from timeline.refusals import Refused
from timeline.sweep import sweep

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def test_moving_the_demo_s_time_over_a_buyer_s_deadline_reminds_first_and_then_the_clock_acts(
    client, declined, settings, mailoutbox, rich_buyer
):
    settings.DEMO = True
    timer = Timer.objects.get(subject=declined.address, state=Timer.State.RUNNING)
    client.post(reverse("timeline:advance"), {"hours": 24 * 8})
    reminded = list(Reminder.objects.filter(timer=timer).order_by("number").values_list("at", "delivered_at"))
    assert len(reminded) == 3
    for (reminded_at, delivered_at), moment in zip(reminded, moments(timer.started_at, timer.due_at), strict=True):
        assert timedelta(0) <= reminded_at - moment < MINUTE, "at its moment, and not at the end of the way"
        assert delivered_at is not None
    assert len([mail for mail in mailoutbox if mail.to == [rich_buyer.email]]) >= 3
    sweep(at=clock.now())
    assert Refund.objects.get().state == RefundState.LAPSED
    assert not Event.objects.filter(name="refund.clock_postponed").exists()


def test_whoever_can_be_mailed_nothing_and_opened_nothing_still_has_a_day_more(declined, rich_buyer):
    EmailAddress.objects.filter(user=rich_buyer).update(verified=False)
    meantime.let_pass(8 * DAY)
    sweep(at=clock.now())
    assert Refund.objects.get().state == RefundState.DECLINED
    assert Event.objects.filter(name="refund.clock_postponed").exists()


def test_the_time_goes_forward_by_exactly_what_was_asked(declined):
    before = clock.now()
    after = meantime.let_pass(2 * DAY)
    after = meantime.let_pass(2 * DAY + HOUR)
    assert ClockOffset.objects.get().ahead == 4 * DAY + HOUR
    assert after - before >= 4 * DAY + HOUR
    assert Reminder.objects.exists(), "there were stops on the way"
    sweep(at=after)


def test_a_step_that_reaches_no_reminder_is_one_step(declined):
    meantime.let_pass(HOUR)
    assert ClockOffset.objects.get().ahead == HOUR
    assert not Reminder.objects.exists()


@pytest.mark.parametrize(("span", "code"), [(timedelta(0), "clock_only_forward"), (401 * DAY, "clock_too_far")])
def test_nobody_is_reminded_on_a_way_that_is_refused(declined, span, code):
    with pytest.raises(Refused, match=code):
        meantime.let_pass(span)
    assert not Reminder.objects.exists()


@pytest.mark.breaks_books  # a clock that belongs to nothing
def test_one_clock_that_cannot_remind_does_not_block_the_others(declined, short_deposit, caplog):
    broken = Timer.objects.get(subject=declined.address, state=Timer.State.RUNNING)
    other = Timer.objects.get(subject=short_deposit.address, state=Timer.State.RUNNING)
    at = other.next_reminder_at
    assert at is not None
    Timer.objects.filter(pk=broken.pk).update(subject="refund:999999", next_reminder_at=at - HOUR)
    assert reminders.remind(at=at) >= 1
    assert Reminder.objects.filter(timer=other).exists()
    broken.refresh_from_db()
    assert broken.next_reminder_at == at + reminders.AGAIN
    assert "could not remind" in caplog.text


def test_telling_people_waits_for_whoever_is_at_it_only_for_a_moment(declined, monkeypatch):
    monkeypatch.setattr(inbox, "PATIENCE", 0.2)
    inbox.reach_people(clock.now())
    assert not inbox._is_behind()

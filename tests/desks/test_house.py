"""The house in order: each question finds what it is there to find, the command fails, and staff see where to go."""

from datetime import timedelta
from io import StringIO

import pytest
from celery.schedules import crontab
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from desks import house
from kamen import books
from kamen.health import house_findings
from ledger import payments
from ledger.models import BooksCheck
from ledger.transfers import Reason, transfer
from notifications import inbox, webhooks
from notifications.models import Call, Delivery, HighWaterMark, all_groups
from notifications.recipients import TOLD
from privacy import exports, retention
from privacy import lifecycle as privacy
from privacy.models import Export, Run
from reputation import alarms, counting
from reputation.models import Doubt, Mark
from shops import applications, sanctions
from support import lifecycle as support
from timeline import runs
from timeline.machines import machines
from timeline.models import Heartbeat, Timer
from timeline.sweep import fire_overdue

HOUR = timedelta(hours=1)


@pytest.fixture
def orderly(order, at):
    """A mall with a sale, in which everything was told, sent and looked at."""
    inbox.catch_up(at=at)
    counting.catch_up(at=at)
    alarms.watch(at=at)
    Delivery.objects.update(sent_at=at)
    books.look(scope=BooksCheck.Scope.WHOLE, at=at)
    return order


def asked(name, at):
    return house.QUESTIONS[name][1](at)


def test_where_everything_is_in_order_nothing_is_found(orderly, at):
    assert {name: found for name, found in house.look(at).items() if found} == {}


@pytest.mark.breaks_books
def test_a_clock_that_nobody_fires_is_found(orderly):
    at = orderly.deadline_at
    assert asked("overdue_clocks", at + house.CLOCKS - timedelta(seconds=1)) == []
    (found,) = asked("overdue_clocks", at + house.CLOCKS)
    assert (found.subject, found.since) == (orderly.address, at)


@pytest.mark.breaks_books
def test_an_open_thing_without_its_clock_is_found(orderly, at):
    Timer.objects.filter(subject=orderly.address, state="running").update(state="cancelled", ended_at=at)
    (found,) = asked("without_clock", at)
    assert (found.subject, found.what) == (orderly.address, orderly.state)


@pytest.mark.breaks_books
def test_a_clock_that_was_given_up_is_found_with_its_page(orderly, at):
    Timer.objects.filter(subject=orderly.address, state="running").update(state="stuck", last_error="no way")
    (found,) = asked("stuck_clocks", at)
    assert (found.subject, found.url) == (orderly.address, reverse("clocks:stuck"))
    assert asked("without_clock", at) == []


@pytest.mark.breaks_books
def test_a_dispute_that_nobody_hears_is_found(reviewed, at):
    with connection.cursor() as cursor:
        cursor.execute("update disputes_dispute set arbiter_id = null where id = %s", [reviewed.pk])
    (found,) = asked("without_owner", at)
    assert found.subject == reviewed.address
    assert reviewed.number in found.url


def test_events_of_which_nobody_was_told_are_found(order, at):
    HighWaterMark.objects.all().delete()
    assert asked("untold", at) == []
    assert len(asked("untold", at + house.TOLD + HOUR)) == 1


def test_events_that_nobody_counts_are_found(orderly, at):
    later = at + house.TOLD + HOUR
    assert asked("uncounted", later) == []
    Mark.objects.all().delete()
    assert asked("uncounted", at) == []
    assert [each.what.partition(":")[0] for each in asked("uncounted", later)] == ["figures", "batches"]


def test_a_batch_at_which_nobody_looked_is_found(orderly, listing, at):
    Doubt.objects.create(batch=listing.batches.get(), since=at)
    assert asked("uncounted", at) == []
    (found,) = asked("uncounted", at + house.TOLD)
    assert (found.subject, found.url) == (f"batch:{listing.batches.get().pk}", reverse("reputation:risk"))
    Doubt.objects.all().delete()


def test_a_case_that_a_lead_took_over_is_not_late_any_more(orderly, waiting_dispute, lead):
    due = waiting_dispute.deadline_at
    fire_overdue(waiting_dispute.root_address, at=due)
    waiting_dispute.refresh_from_db()
    assert waiting_dispute.arbiter == lead
    assert asked("late", due + HOUR) == []


def test_every_alarm_that_is_told_is_found_too():
    elsewhere = {"erasure.late", "order.late", "sanction.late", "talk.late"}  # by a time of their own, or the shop's
    told = {name for name in TOLD if name.endswith((".late", ".alarm"))}
    assert {each.event for each in house.LATE.values()} == told - elsewhere
    for name, each in house.LATE.items():
        assert set(each.states) <= set(machines[name].states.values), name


def test_an_application_that_waits_for_longer_than_promised_is_found_with_its_page(orderly, applied, client, risk):
    due = applied.deadline_at
    assert asked("late", due) == []
    fire_overdue(applied.address, at=due)
    (found,) = asked("late", due)
    assert (found.subject, found.since) == (applied.address, due)
    assert applied.address not in {each.subject for each in asked("overdue_clocks", due)}
    client.force_login(risk)
    assert client.get(house.page_of(found.subject)).status_code == 200
    applications.take_on(applied, by=risk, at=due + HOUR)
    assert asked("late", due + HOUR) == [], "somebody looks at it now"


def test_an_appeal_that_nobody_heard_is_found_with_its_page(orderly, seller, risk, client, at):
    shop = orderly.shop
    step = sanctions.impose(shop, step="closing", reason="屡次不改。", is_grave=True, by=risk, at=at)
    sanctions.appeal(step, words="已整改。", by=seller, at=at)
    assert asked("unheard", at + house.HEARD - HOUR) == []
    (found,) = asked("unheard", at + house.HEARD)
    assert (found.subject, found.what) == (step.address, "closing")
    client.force_login(risk)
    assert client.get(found.url).status_code == 200
    assert house.page_of(step.address) == found.url, "also for its clock"


def test_a_call_that_nobody_answered_in_time_is_found(orderly, lead, at):
    talk = support.call(orderly, topic="?", by=orderly.buyer, at=at)
    fire_overdue(orderly.root_address, at=talk.promised_at)
    assert asked("unheard", talk.promised_at) == []
    (found,) = asked("unheard", talk.promised_at + house.CLOCKS)
    assert (found.subject, found.url) == (talk.address, talk.get_absolute_url())


def test_a_mail_that_waits_or_was_given_up_is_found(orderly, at):
    mail = Delivery.objects.get()
    Delivery.objects.update(sent_at=None)
    assert [each.subject for each in asked("unsent_mail", mail.next_try_at + house.POST)] == [f"mail:{mail.pk}"]
    mail.attempts.create(at=at, outcome="failed", fault="SMTPServerDisconnected")
    Delivery.objects.update(given_up_at=at)
    assert len(asked("unsent_mail", at)) == 1
    assert asked("unsent_mail", at + house.GIVEN_UP) == []


def test_a_call_that_was_given_up_is_found_with_its_log(orderly, receiver, seller, at):
    endpoint, _secret = webhooks.add(orderly.shop, url=receiver.url, groups=all_groups(), by=seller, at=at)
    call = webhooks.test(endpoint, by=seller, at=at)
    assert asked("unsent_calls", at) == []
    assert len(asked("unsent_calls", at + house.POST)) == 1
    Call.objects.update(given_up_at=at)
    (found,) = asked("unsent_calls", at)
    assert found.subject == f"call:{call.pk}"
    assert str(endpoint.pk) in found.url


def test_books_that_do_not_add_up_and_broken_chains_are_told_apart(orderly, at):
    rules = {"every transfer has two sides": ["transfer:7"], "chains of events are unbroken": ["order:1 #3"]}
    BooksCheck.objects.create(scope="whole", at=at, seconds=1, rules=2, broken=rules)
    assert [each.subject for each in asked("unbalanced_books", at)] == ["transfer:7"]
    assert [each.subject for each in asked("broken_chains", at)] == ["order:1 #3"]


def test_books_that_nobody_looks_at_are_a_finding(orderly, at):
    (found,) = asked("unbalanced_books", at + house.BOOKS)
    assert found.subject == "books"


def test_the_command_succeeds_in_order_and_fails_with_a_name_otherwise(orderly, at):
    said = StringIO()
    call_command("check_house", stdout=said)
    assert "in order" in said.getvalue()
    Delivery.objects.update(sent_at=None, next_try_at=at - HOUR)
    with pytest.raises(CommandError):
        call_command("check_house", stdout=said)
    assert "unsent_mail: 1" in said.getvalue()


def test_each_question_is_a_figure_for_those_who_watch(orderly, client, settings, at):
    settings.METRICS_FROM = ["127.0.0.1/32"]
    Delivery.objects.update(sent_at=None, next_try_at=at - HOUR)
    page = client.get("/metrics").content.decode()
    for name in house.QUESTIONS:
        assert f'kamen_house_findings{{question="{name}"}}' in page
    assert house_findings.labels(question="unsent_mail")._value.get() == 1


def test_regular_work_that_did_not_end_well_is_a_finding_until_it_does(orderly, at, monkeypatch):
    monkeypatch.setattr(runs, "_said", {})
    assert asked("silent_work", at) == [], "no worker has begun, so nothing is waited for"
    runs.expect()
    now = timezone.now()
    Heartbeat.objects.filter(name="privacy.retain").update(at=now - 27 * HOUR)
    Heartbeat.objects.filter(name="reputation.level").update(at=now - 28 * HOUR)
    Heartbeat.objects.filter(name="shops.sweep_expired").update(at=now - HOUR / 3)
    assert [each.subject for each in asked("silent_work", at)] == ["reputation.level", "shops.sweep_expired"]
    runs.expect()
    assert len(asked("silent_work", at)) == 2, "a worker that begins anew excuses nobody"
    for name in ("reputation.level", "shops.sweep_expired"):
        runs.ended(name)
    assert asked("silent_work", at) == []


def test_work_of_the_schedule_is_known_by_its_name_and_is_not_silent_for_longer_than_a_day():
    assert set(runs.longest()) == {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()}
    for name in runs.longest():
        Heartbeat._meta.get_field("name").run_validators(name)
    assert max(runs.longest().values()) == timedelta(hours=27, minutes=10)
    assert runs.longest()["timeline.recompute"] < timedelta(hours=2)


def test_no_regular_work_is_counted_in_days_from_when_beat_began():
    work = settings.CELERY_BEAT_SCHEDULE.values()
    counted = {each["task"] for each in work if not isinstance(each["schedule"], crontab)}
    assert {name for name in counted if runs.longest()[name] > timedelta(hours=2)} == set(), "a new beat begins anew"


@pytest.mark.breaks_books
def test_the_number_is_true_though_only_some_are_named(orderly, refund, client, lead, at, monkeypatch):
    monkeypatch.setattr(house, "NAMED", 1)
    rules = {"every transfer has two sides": ["transfer:7", "transfer:8", "transfer:9"]}
    BooksCheck.objects.create(scope="whole", at=at, seconds=1, rules=2, broken=rules)
    assert len(asked("unbalanced_books", at)) == 3
    Run.objects.create(began_at=at, ended_at=at, faults=["put_away 7: OSError", "put_away 8: OSError"])
    assert len(asked("overdue_privacy", at)) == 2
    Timer.objects.filter(subject__in=[orderly.address, refund.address]).update(state="cancelled", ended_at=at)
    assert {each.subject for each in asked("without_clock", at)} == {orderly.address, refund.address}
    client.force_login(lead)
    page = client.get("/house/", headers={"accept-language": "en"}).content.decode()
    assert page.count("and 2 more") == 1
    assert page.count("and 1 more") == 2


@pytest.mark.breaks_books
def test_staff_see_what_is_not_in_order_and_where_to_go(orderly, client, lead, buyer, at):
    Timer.objects.filter(subject=orderly.address, state="running").update(state="stuck", last_error="no way")
    client.force_login(buyer)
    assert client.get("/house/").status_code == 404
    client.force_login(lead)
    page = client.get("/house/").content.decode()
    assert orderly.address in page
    assert reverse("clocks:stuck") in page
    for name in house.QUESTIONS:
        assert page.count(f'id="{name}"') == 1, name
    assert page.index('id="stuck_clocks"') < page.index('id="overdue_clocks"'), "what was found comes first"


def test_a_finding_leads_to_the_thing(orderly, reviewed):
    assert orderly.number in house.page_of(orderly.address)
    assert reviewed.number in house.page_of(reviewed.address)
    assert house.page_of("nothing:1") == house.page_of("order:0") == ""


@pytest.mark.breaks_books
def test_money_that_nobody_can_place_is_found_after_a_day(orderly, buyer, at):
    payment = payments.top_up(user=buyer, amount=5_000, channel="sandbox", at=at)
    payments.confirm(payment, provider_txn="T1", amount=4_900, at=at)
    assert asked("unmatched_payments", at + house.UNMATCHED) == [], "it is on its way back already"
    lost = {"reason": Reason.CORRECTION, "subject": payment.address, "key": "lost", "at": at}
    transfer(source="channel:sandbox", target="platform:suspense", amount=100, **lost)
    assert asked("unmatched_payments", at + house.UNMATCHED - timedelta(seconds=1)) == []
    (found,) = asked("unmatched_payments", at + house.UNMATCHED)
    assert (found.subject, found.since) == ("platform:suspense", at)


def test_a_request_to_be_erased_that_is_late_is_found_with_its_desk(orderly, buyer, lead, at):
    erasure = privacy.ask(buyer, by=buyer, at=at)
    assert asked("overdue_privacy", at) == []
    late = at + timedelta(days=60)
    fire_overdue(buyer.address, at=late)
    (found,) = asked("overdue_privacy", late)
    assert (found.subject, found.url) == (erasure.address, reverse("privacy:desk"))


def test_a_copy_that_could_not_be_made_and_a_daily_run_that_failed_are_found(orderly, buyer, at):
    copy = exports.ask(buyer, by=buyer, at=at)
    Export.objects.filter(pk=copy.pk).update(tries=exports.MOST_TRIES)
    Run.objects.create(began_at=at, ended_at=at, faults=["put_away 7: FileNotFoundError"])
    found = [(each.subject, each.what) for each in asked("overdue_privacy", at)]
    assert found == [(buyer.address, copy.number), ("privacy:run", "put_away 7: FileNotFoundError")]
    Run.objects.create(began_at=at)
    assert asked("overdue_privacy", at)[1:] == [], "the next run goes on"
    assert [each.what for each in asked("overdue_privacy", at + retention.RUNS)][1:] == ["run: broken off"]
    Run.objects.create(began_at=at, ended_at=at)
    assert asked("overdue_privacy", at + house.GIVEN_UP) == []

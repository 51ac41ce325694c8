"""Channel, payments and books say the same; each way in which they do not is found once, and is a ticket."""

from datetime import datetime, timedelta

import pytest
from django.urls import reverse

from ledger import payments, payouts, reconciliation
from ledger.models import Difference, Notice, Payout, Settlement
from ledger.states import DifferenceState
from tests.fixtures.clocks import let_remind
from timeline import clock, sweep
from timeline.models import Event
from timeline.refusals import Refused
from timeline.spans import SHANGHAI

pytestmark = pytest.mark.usefixtures("channel")


def yesterday():
    """Noon of the day before, in China, as the channel's clock counts."""
    noon = datetime.now(SHANGHAI).replace(hour=12, minute=0, second=0, microsecond=0)
    return noon - timedelta(days=1)


def move_to_yesterday(channel):
    """Everything that the channel and the mall did today was done yesterday."""
    noon = yesterday()
    for table, column in (("paid", "visible_at"), ("refund", "done_at"), ("payout", "done_at")):
        channel.database.execute(f"update {table} set {column} = ?", [noon.timestamp()])
    Notice.objects.update(at=noon)
    Payout.objects.filter(paid_at__isnull=False).update(paid_at=noon)


@pytest.fixture
def paid_in(channel, top_up, charged, at):
    """¥100 came in by the channel, and everybody knows."""
    [txn] = charged(top_up)
    payments.confirm(top_up, provider_txn=txn, amount=10_000, at=at)
    move_to_yesterday(channel)
    return txn


@pytest.fixture
def sent_back(channel, top_up, charged, at):
    """It was paid twice: one is credited, the other went back by the runner."""
    txns = charged(top_up, times=2)
    for txn in txns:
        payments.confirm(top_up, provider_txn=txn, amount=10_000, at=at)
    assert payouts.run(at=clock.now()) == 1
    move_to_yesterday(channel)
    return Payout.objects.get()


def found():
    return [(each.kind, each.what, each.theirs, each.ours) for each in Difference.objects.order_by("pk")]


def compared():
    """Compare what is there; the day's sheet."""
    assert reconciliation.run(at=clock.now()) >= 1
    return Settlement.objects.order_by("-day").first()


# what agrees


def test_where_all_three_agree_there_is_no_ticket(paid_in):
    day = compared()
    assert (day.lines, day.matched, day.came_in, day.went_out) == (1, 1, 10_000, 0)
    assert found() == []


def test_money_that_went_back_agrees_too(sent_back):
    day = compared()
    assert (day.lines, day.matched, day.came_in, day.went_out) == (3, 3, 20_000, 10_000)
    assert found() == []


def test_a_day_is_compared_once(paid_in):
    compared()
    assert reconciliation.run(at=clock.now()) == 0


def test_a_day_that_is_not_over_has_no_file(channel):
    status, _answer = channel.settled(datetime.now(SHANGHAI).date().isoformat())
    assert status == 409


def test_a_channel_that_is_away_is_asked_again_later(channel, paid_in, settings):
    here, settings.SANDBOX_ADDRESS = settings.SANDBOX_ADDRESS, "http://127.0.0.1:9"
    assert reconciliation.run(at=clock.now()) == 0
    settings.SANDBOX_ADDRESS = here
    assert compared().lines == 1


def test_a_charge_whose_notice_was_lost_is_confirmed_instead_of_reported(channel, top_up, charged):
    charged(top_up)
    channel.database.execute("update paid set visible_at = ?", [yesterday().timestamp()])
    compared()
    top_up.refresh_from_db()
    assert top_up.state == "confirmed"
    assert found() == []


# each kind of difference


def test_a_charge_that_we_never_asked_for_is_missing_here(channel):
    noon = yesterday().timestamp()
    channel.database.execute("insert into charge values ('P1', 't', 500, 'x', 'http://x', 'http://x', 0)")
    channel.database.execute("insert into paid values ('sb1', 'P1', 500, ?, 1, 0, ?)", [noon, noon])
    compared()
    assert found() == [("missing_here", "charge", 500, None)]


def test_a_charge_that_the_channel_does_not_have_is_missing_there(channel, paid_in):
    channel.database.execute("delete from paid")
    reconciliation.compare("sandbox", yesterday().date(), at=clock.now())
    assert found() == [("missing_there", "charge", None, 10_000)]


def test_a_refund_that_the_channel_does_not_have_is_missing_there(channel, sent_back):
    channel.database.execute("delete from refund")
    compared_day = reconciliation.compare("sandbox", yesterday().date(), at=clock.now())
    assert compared_day is not None
    assert found() == [("missing_there", "refund", None, 10_000)]


def test_another_amount_is_found(channel, paid_in):
    channel.database.execute("update paid set amount = 9900")
    compared()
    assert found() == [("amount", "charge", 9_900, 10_000)]


def test_another_state_is_found(channel, sent_back):
    Payout.objects.update(state="retrying", paid_at=None)
    try:
        compared()
        assert found() == [("status", "refund", 10_000, 10_000)]
    finally:
        Payout.objects.update(state="paid", paid_at=yesterday())


def test_a_line_that_is_there_twice_is_found(channel, paid_in, monkeypatch):
    told = channel.settled
    monkeypatch.setattr(channel, "settled", lambda day: doubled(*told(day)))
    compared()
    assert found() == [("duplicate", "charge", 10_000, None)]


def doubled(status, answer):
    return status, {**answer, "lines": answer["lines"] * 2} if status == 200 else answer


def test_what_a_later_day_tells_again_is_found(channel, paid_in):
    day = yesterday().date()
    earlier = day - timedelta(days=1)
    channel.database.execute("update paid set visible_at = visible_at - 86400")
    reconciliation.compare("sandbox", earlier, at=clock.now())
    channel.database.execute("update paid set visible_at = visible_at + 86400")
    reconciliation.compare("sandbox", day, at=clock.now())
    assert found() == [("duplicate", "charge", 10_000, None)]


@pytest.mark.breaks_books
def test_what_is_not_in_the_books_is_found(as_owner, paid_in):
    with as_owner() as cursor:
        cursor.execute("alter table ledger_transfer disable trigger user")
        cursor.execute("update ledger_transfer set amount = 9999")
    compared()
    assert found() == [("not_booked", "charge", 10_000, 10_000)]


def test_what_the_channel_paid_back_on_its_own_account_is_found(channel, paid_in):
    channel.database.execute(
        "insert into refund values ('X1', ?, 4000, 'done', '', ?)", [paid_in, yesterday().timestamp()]
    )
    compared()
    assert found() == [("outside", "refund", 4_000, None)]


def test_a_payout_to_an_account_that_we_never_asked_for_is_missing_here(channel):
    channel.database.execute(
        "insert into payout values ('B1', 'somebody', 700, 'done', '', ?)", [yesterday().timestamp()]
    )
    compared()
    assert found() == [("missing_here", "payout", 700, None)]


# the ticket


@pytest.fixture
def difference(channel, paid_in):
    """A difference of ¥1 that nobody has explained."""
    channel.database.execute("update paid set amount = 9900")
    compared()
    return Difference.objects.get()


@pytest.mark.parametrize(("is_booked", "state"), [(False, DifferenceState.EXPLAINED), (True, DifferenceState.BOOKED)])
def test_finance_closes_it_with_a_reason(difference, finance, is_booked, state):
    reconciliation.settle(difference, is_booked=is_booked, reason="渠道手续费直接扣减", by=finance, at=clock.now())
    assert (difference.state, difference.settled_by, difference.deadline_at) == (state, finance, None)
    event = Event.objects.filter(subject=difference.address).order_by("-seq").first()
    assert (event.name, event.by) == (f"difference.{state}", finance)
    with pytest.raises(Refused, match="wrong_moment"):
        reconciliation.settle(difference, is_booked=False, reason="又一次说明原因", by=finance, at=clock.now())


def test_nobody_else_closes_it_and_nobody_without_a_reason(difference, finance, lead, auditor):
    for user in (lead, auditor):
        with pytest.raises(Refused, match="not_your_turn"):
            reconciliation.settle(difference, is_booked=False, reason="渠道手续费直接扣减", by=user, at=clock.now())
    with pytest.raises(Refused, match="reason_missing"):
        reconciliation.settle(difference, is_booked=False, reason=" 不知道 ", by=finance, at=clock.now())
    assert difference.state == DifferenceState.OPEN


def test_after_a_day_there_is_an_alarm_and_the_clock_runs_again(difference):
    let_remind(difference)
    late = difference.deadline_at
    sweep.fire_overdue(difference.root_address, at=late)
    difference.refresh_from_db()
    assert difference.state == DifferenceState.OPEN
    assert difference.deadline_at > late
    assert Event.objects.filter(subject=difference.address, name="difference.overdue").count() == 1


def test_a_file_of_kept_days_is_never_fetched_again(difference):
    assert Settlement.objects.count() == 7
    assert reconciliation.run(at=clock.now()) == 0
    assert Difference.objects.count() == 1


# pages and API


def test_finance_sees_and_closes_it_on_the_page(client, difference, finance):
    client.force_login(finance)
    page = client.get(reverse("ledger:differences")).content.decode()
    assert difference.number in page
    address = reverse("ledger:settle_difference", args=[difference.pk])
    assert client.post(address, {"reason": "短", "as": "explained"}).status_code == 422
    assert client.post(address, {"reason": "渠道手续费直接扣减", "as": "booked"}).status_code == 302
    difference.refresh_from_db()
    assert difference.state == DifferenceState.BOOKED
    assert "渠道手续费直接扣减" in client.get(reverse("ledger:differences")).content.decode()


def test_finance_compares_by_hand_and_an_auditor_only_looks(client, paid_in, finance, auditor, buyer):
    for user, sees, compares in ((auditor, 200, 404), (buyer, 404, 404), (finance, 200, 302)):
        client.force_login(user)
        assert client.get(reverse("ledger:differences")).status_code == sees
        assert client.post(reverse("ledger:compare")).status_code == compares
    assert Settlement.objects.exists()


def test_the_same_in_the_api(client, difference, finance, buyer):
    client.force_login(finance)
    assert client.get("/api/v1/differences/").json()["results"][0]["kind"] == "amount"
    told = {"is_booked": False, "reason": "渠道手续费直接扣减"}
    address = f"/api/v1/differences/{difference.pk}/settle/"
    answer = client.post(address, told, content_type="application/json", headers={"Idempotency-Key": "1"})
    assert answer.json()["state"] == "explained", answer.json()
    client.force_login(buyer)
    assert client.get("/api/v1/differences/").status_code == 404


def test_books_of_an_earlier_channel_learn_when_something_was_sent(tmp_path):
    import sqlite3

    from kamen.sandbox_channel import Channel

    path = str(tmp_path / "old.sqlite")
    with sqlite3.connect(path) as old:
        old.execute("create table refund (number text primary key, txn text, amount integer, state text, reason text)")
    Channel(path, "s")
    channel = Channel(path, "s")
    assert channel.settled(yesterday().date().isoformat()) == (
        200,
        {"day": yesterday().date().isoformat(), "lines": []},
    )

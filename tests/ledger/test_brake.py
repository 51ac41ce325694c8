"""The payout brake: while it is on, decisions go on and nothing leaves the house."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse

from kamen import books, tasks
from ledger import brake, payments, payouts
from ledger.accounts import balance
from ledger.models import BooksCheck, Brake, Payout
from ledger.states import BrakeState, PayoutState
from ledger.transfers import Reason, transfer
from tests.api.conftest import problem, signed_in
from tests.fixtures import people
from tests.fixtures.channel import eventually
from tests.queries import expect_queries
from tests.races import lost, race
from timeline import clock
from timeline.door import Refused
from timeline.models import Event
from timeline.sweep import sweep

WHY = "The channel reports a refund that we do not know."


@pytest.fixture
def second(at):
    """Another person of finance."""
    return people.staff("finance", at=at, name="second")


@pytest.fixture
def raised(finance, at):
    """A brake that finance raised by hand."""
    return brake.raise_brake(why=WHY, by=finance, at=at)


def looked(*, whole=True, broken=None, at=None):
    """A look at the books that is written down."""
    return BooksCheck.objects.create(
        scope="whole" if whole else "recent", at=at or clock.now(), seconds=0, rules=1, broken=broken or {}
    )


def refusal(call, *args, **kwargs):
    with pytest.raises(Refused) as refused, transaction.atomic():
        call(*args, **kwargs)
    return refused.value.code


def names(found):
    return [event.name for event in Event.objects.filter(root=found.address).order_by("seq")]


# raising


@pytest.mark.parametrize("role", ["finance", "risk"])
def test_one_person_of_finance_or_risk_raises_it_and_the_history_says_who_and_why(role, request, at):
    person = request.getfixturevalue(role)
    found = brake.raise_brake(why=WHY, by=person, at=at)
    assert (brake.is_raised(), brake.current()) == (True, found)
    assert (found.raised_by, found.raised_at, found.why) == (person, at, WHY)
    [event] = Event.objects.filter(root=found.address)
    assert (event.name, event.by, event.data["why"]) == ("brake.raised", person, WHY)


def test_nobody_else_raises_it_and_nobody_without_a_reason(lead, buyer, finance, at):
    assert refusal(brake.raise_brake, why=WHY, by=lead, at=at) == "not_your_turn"
    assert refusal(brake.raise_brake, why=WHY, by=buyer, at=at) == "not_your_turn"
    assert refusal(brake.raise_brake, why="  ", by=finance, at=at) == "reason_needed"
    assert refusal(brake.raise_brake, why="x" * 501, by=finance, at=at) == "reason_needed"
    assert not brake.is_raised()


def test_raising_it_again_is_noted_and_takes_back_the_first_signature(raised, finance, risk, at):
    looked()
    brake.sign_release(raised, reason="Mended.", by=finance, at=at)
    again = brake.raise_brake(why="There is more.", by=risk, at=at)
    assert (again.pk, again.signed_by) == (raised.pk, None)
    assert names(raised) == ["brake.raised", "brake.signed", "brake.raised_again"]
    assert not brake.are_books_clean_since(again), "the look was before it was raised again"


def test_one_brake_is_on_at_a_time_by_the_database(raised, at):
    with pytest.raises(IntegrityError), transaction.atomic():
        Brake.objects.create(why="x", raised_at=at, state=BrakeState.RAISED, entered_at=at)


# releasing


def test_two_people_of_finance_release_it_once_the_books_are_clean(raised, finance, second, at):
    looked()
    assert brake.sign_release(raised, reason="The channel was wrong.", by=finance, at=at) is False
    assert brake.is_raised()
    assert brake.sign_release(raised, reason="I have seen its answer.", by=second, at=at) is True
    assert not brake.is_raised()
    raised.refresh_from_db()
    assert (raised.signed_by, raised.released_by, raised.release_reason) == (finance, second, "I have seen its answer.")
    assert names(raised) == ["brake.raised", "brake.signed", "brake.released"]


def test_one_person_alone_does_not_release_it(raised, finance, at):
    looked()
    brake.sign_release(raised, reason="Mended.", by=finance, at=at)
    assert refusal(brake.sign_release, raised, reason="Mended.", by=finance, at=at) == "second_person"
    assert brake.is_raised()


@pytest.mark.parametrize("role", ["risk", "lead", "auditor", "buyer"])
def test_only_finance_releases_it(raised, role, request, at):
    looked()
    assert refusal(brake.sign_release, raised, reason="x", by=request.getfixturevalue(role), at=at) == "not_your_turn"


@pytest.mark.parametrize(
    "looks",
    [[], [{"whole": False}], [{"broken": {"a rule": ["x"]}}], [{}, {"broken": {"a rule": ["x"]}}]],
    ids=["never looked", "looked at what moved lately", "not clean", "clean, then not"],
)
def test_it_stays_on_until_the_whole_books_are_clean(raised, finance, at, looks):
    for look in looks:
        looked(**look)
    assert refusal(brake.sign_release, raised, reason="x", by=finance, at=at) == "books_not_clean"


def test_books_that_were_clean_before_it_was_raised_prove_nothing(finance, at):
    looked()
    found = brake.raise_brake(why=WHY, by=finance, at=at)
    assert refusal(brake.sign_release, found, reason="x", by=finance, at=at) == "books_not_clean"


def test_a_brake_that_is_off_is_not_released_again(raised, finance, second, at):
    looked()
    brake.sign_release(raised, reason="x", by=finance, at=at)
    brake.sign_release(raised, reason="x", by=second, at=at)
    assert refusal(brake.sign_release, raised, reason="x", by=finance, at=at) == "wrong_moment"


def test_the_database_wants_two_people_too(raised, finance, at):
    with pytest.raises(IntegrityError), transaction.atomic():
        Brake.objects.filter(pk=raised.pk).update(
            state=BrakeState.RELEASED, signed_by=finance, released_by=finance, released_at=at, release_reason="x"
        )


# what it holds back


@pytest.fixture
def paid(top_up):
    """A top-up that arrived; the fund has ¥500 to pay from."""
    payments.confirm(top_up, provider_txn="t1", amount=10_000, at=top_up.entered_at)
    transfer(
        source="channel:sandbox",
        target="platform:fund",
        amount=50_000,
        reason=Reason.FUNDING,
        subject="x:1",
        key="fund",
        at=top_up.entered_at,
    )
    return top_up


@transaction.atomic
def plan(payment, *, destination="channel", key="decision:1"):
    from timeline.door import lock

    lock(payment)
    return payouts.plan(
        under=payment.address,
        cause="test:1",
        user=payment.user,
        legs=[("platform:fund", 3_500)],
        destination=destination,
        payment=payment,
        at=payment.entered_at,
        instant=False,
        key=key,
    )


def test_decisions_go_on_and_a_balance_inside_the_house_is_paid(raised, paid, buyer):
    planned, inside = plan(paid), plan(paid, destination="wallet", key="decision:2")
    assert (planned.state, inside.state) == (PayoutState.PLANNED, PayoutState.PAID)
    assert balance(f"{buyer.address}:wallet") == 13_500


@pytest.mark.parametrize(
    ("reason", "source"), [(Reason.WITHDRAWAL, "shop:7:available"), (Reason.CORRECTION, "user:7:wallet")]
)
def test_nobody_takes_money_out_while_it_is_on(raised, at, reason, source):
    transfer(
        source="channel:sandbox", target=source, amount=500, reason=Reason.CORRECTION, subject="x:1", key="in", at=at
    )
    out = {"source": source, "target": "channel:sandbox:out", "amount": 500, "reason": reason, "subject": "x:1"}
    assert refusal(transfer, **out, key="out", at=at) == "payouts_paused"
    assert balance(source) == 500


def test_nothing_is_sent_again_while_it_is_on_by_hand(paid, raised, finance, second):
    payout = plan(paid)
    Brake.objects.all().update(state="raised")
    with transaction.atomic():
        looked()
        brake.sign_release(raised, reason="x", by=finance, at=paid.entered_at)
        brake.sign_release(raised, reason="x", by=second, at=paid.entered_at)
    payouts.lapse(payout, limit="PAYOUT", at=payout.deadline_at)
    brake.raise_brake(why=WHY, by=finance, at=paid.entered_at)
    assert refusal(payouts.retry, payout, by=finance, at=payout.planned_at) == "payouts_paused"
    payout.refresh_from_db()
    assert (payout.state, payout.proposal) == (PayoutState.MANUAL, "")


def test_a_payout_that_waits_for_the_brake_does_not_fail_when_its_time_is_over(raised, paid, caplog):
    payout = plan(paid)
    sweep(at=payout.deadline_at)
    payout.refresh_from_db()
    assert (payout.state, payout.deadline_at) == (PayoutState.PLANNED, payout.planned_at + timedelta(hours=25))
    assert not [record for record in caplog.records if "not sent in time" in record.message]


@pytest.mark.django_db(transaction=True)
def test_a_planned_payout_waits_and_continues_by_itself(channel, charged, top_up, finance, second, at):
    charged(top_up, times=2)
    eventually(lambda: Payout.objects.exists())
    found = brake.raise_brake(why=WHY, by=finance, at=at)
    assert payouts.run(at=at) == 0
    payout = Payout.objects.get()
    assert (payout.state, payout.tries, payout.next_try_at) == (PayoutState.PLANNED, 0, payout.planned_at)
    assert channel.rows("select * from refund") == []
    assert tasks.check_recent_books() is None, "the minute looks at the whole books, because the brake waits for it"
    brake.sign_release(found, reason="x", by=finance, at=at)
    brake.sign_release(found, reason="x", by=second, at=at)
    assert payouts.run(at=clock.now()) == 1
    payout.refresh_from_db()
    assert payout.state == PayoutState.PAID


@pytest.mark.django_db(transaction=True)
def test_a_brake_raised_while_a_payout_is_about_to_be_sent_either_lets_it_finish_or_stops_it(
    channel, charged, top_up, finance, monkeypatch
):
    """Raising ends only once the money that a channel is being asked for has left, and none leaves after."""
    charged(top_up, times=3)
    eventually(lambda: Payout.objects.count() == 2)
    asked, go_on, order = threading.Event(), threading.Event(), []
    ask_and_send = payouts._ask_and_send

    def slowly(payout):
        asked.set()
        go_on.wait(10)
        answer = ask_and_send(payout)
        order.append("sent")
        return answer

    monkeypatch.setattr(payouts, "_ask_and_send", slowly)

    def raise_it():
        asked.wait(10)
        raising = threading.Timer(0.5, go_on.set)
        raising.start()
        brake.raise_brake(why=WHY, by=finance, at=clock.now())
        order.append("raised")

    assert lost(race(lambda: payouts.run(at=clock.now()), raise_it)) == []
    assert order == ["sent", "raised"], "whoever raised it knows that nothing leaves from here on"
    assert len(channel.rows("select * from refund")) == 1
    states = sorted(Payout.objects.values_list("state", flat=True))
    assert states in (["paid", "planned"], ["paid", "sending"]), "the other one waits"


@pytest.mark.breaks_books  # money leaves by hand here: no shop has withdrawn it
@pytest.mark.django_db(transaction=True)
def test_raising_waits_for_a_withdrawal_that_was_faster_and_stops_the_next(finance, at):
    transfer(
        source="channel:sandbox",
        target="shop:7:available",
        amount=500,
        reason=Reason.CORRECTION,
        subject="x:1",
        key="in",
        at=at,
    )
    asked, order = threading.Event(), []

    def withdraw(key):
        transfer(
            source="shop:7:available",
            target="channel:sandbox:out",
            amount=100,
            reason=Reason.WITHDRAWAL,
            subject="x:1",
            key=key,
            at=at,
        )

    def pay():
        with transaction.atomic():
            withdraw("first")
            asked.set()
            with connection.cursor() as cursor:
                cursor.execute("select pg_sleep(0.5)")
            order.append("paid")

    def raise_it():
        asked.wait(10)
        brake.raise_brake(why=WHY, by=finance, at=at)
        order.append("raised")

    assert lost(race(pay, raise_it)) == []
    assert order == ["paid", "raised"]
    assert refusal(withdraw, "second") == "payouts_paused"
    assert balance("shop:7:available") == 400


@pytest.mark.django_db(transaction=True)
def test_a_crowd_that_pays_does_not_wait_for_each_other(at):
    def ask():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select ledger_brake_is_raised(), pg_sleep(0.3)")
            return cursor.fetchone()[0]

    began = clock.now()
    assert race(*[ask] * 8) == [False] * 8
    assert clock.now() - began < timedelta(seconds=2)


@pytest.mark.django_db(transaction=True)
def test_a_crowd_that_raises_it_raises_one(finance, risk, at):
    outcomes = race(*(lambda by=by: brake.raise_brake(why=WHY, by=by, at=at) for by in (finance, risk, None, None)))
    assert lost(outcomes) == []
    assert {found.pk for found in outcomes} == {Brake.objects.get().pk}


def test_asking_for_the_brake_is_one_query(at):
    with expect_queries(1):
        brake.is_raised()


@pytest.mark.usefixtures("separate_roles")
@pytest.mark.parametrize("harm", ["delete from ledger_brake", "delete from ledger_bookscheck"])
def test_its_history_is_for_ever(raised, harm):
    looked()
    with pytest.raises(DatabaseError, match="permission denied|append-only"), transaction.atomic():
        connection.cursor().execute(harm)


# the books raise it


@pytest.fixture
def harmed(transactional_db, as_owner):
    """A wallet of which somebody with too many rights made one fen more."""
    transfer(
        source="channel:sandbox",
        target="user:1:wallet",
        amount=100,
        reason=Reason.TOP_UP,
        subject="user:1",
        key="in",
        at=clock.now(),
    )
    with as_owner() as cursor:
        cursor.execute("update ledger_account set balance = balance + 1 where address = 'user:1:wallet'")


@pytest.mark.breaks_books
def test_one_fen_too_many_is_found_within_a_minute_and_nothing_leaves(harmed):
    tasks.check_recent_books()
    found = brake.current()
    assert found is not None
    assert found.raised_by is None
    assert "the sum of all balances is zero" in found.broken
    assert found.broken["a balance is that of the account's last posting"] == ["user:1:wallet"]
    assert brake.is_raised()


@pytest.mark.breaks_books
def test_what_is_found_again_is_not_noted_again(harmed):
    tasks.check_recent_books()
    tasks.check_recent_books()
    tasks.check_recent_books()
    assert names(Brake.objects.get()).count("brake.raised_again") <= 1, "once, when the whole books say more"


@pytest.mark.breaks_books
def test_a_deadline_that_is_just_being_caught_up_with_raises_nothing_at_first(transactional_db, top_up):
    from timeline.models import ClockOffset

    ClockOffset.objects.create(ahead=timedelta(days=1))
    [late] = books.look(scope="recent", at=clock.now())
    assert late.rule == "no clock is overdue by more than a minute"
    assert books.look(scope="recent", at=clock.now()) == [late]
    assert brake.current() is None, "that was the same moment"
    books.look(scope="recent", at=clock.now() + timedelta(minutes=1))
    assert late.rule in brake.current().broken, "nobody came for it"


def test_every_look_is_written_down_and_begins_two_looks_back(top_up):
    books.look(scope="whole", at=clock.now())
    books.look(scope="recent", at=clock.now())
    whole, recent = BooksCheck.objects.order_by("pk")
    assert (whole.scope, recent.scope, whole.broken, recent.broken) == ("whole", "recent", {}, {})
    assert whole.rules > recent.rules > 8
    assert whole.event_mark == max(Event.objects.values_list("pk", flat=True).order_by("pk"))


def test_the_minute_looks_at_the_whole_books_while_the_brake_waits_for_it(raised, at):
    assert books.scope_of_the_minute(at=at) == "whole"
    looked(broken={"a rule": ["x"]}, at=at)
    assert books.scope_of_the_minute(at=at + timedelta(minutes=9)) == "recent"
    assert books.scope_of_the_minute(at=at + timedelta(minutes=11)) == "whole"
    looked(at=at)
    assert books.scope_of_the_minute(at=at + timedelta(minutes=11)) == "recent"


# pages


def test_finance_raises_it_on_the_page_and_two_of_them_release_it(client, finance, second, at):
    client.force_login(finance)
    address = reverse("ledger:brake")
    assert 'id="raise"' in client.get(address).content.decode()
    client.post(reverse("ledger:raise_brake"), {"reason": WHY})
    page = client.get(address).content.decode()
    assert WHY in page
    assert reverse("ledger:release_brake") not in page, "the books have not been looked at since"
    looked()
    assert reverse("ledger:release_brake") in client.get(address).content.decode()
    client.post(reverse("ledger:release_brake"), {"reason": "Mended."})
    assert reverse("ledger:release_brake") not in client.get(address).content.decode(), "nobody signs twice"
    client.force_login(second)
    client.post(reverse("ledger:release_brake"), {"reason": "I agree."})
    assert not brake.is_raised()
    assert "I agree." in client.get(address).content.decode()


def test_a_reason_is_asked_for_again_where_it_is_missing(client, finance):
    client.force_login(finance)
    answer = client.post(reverse("ledger:raise_brake"), {"reason": ""})
    assert (answer.status_code, brake.is_raised()) == (422, False)


@pytest.mark.parametrize("role", ["buyer", "agent", "arbiter"])
def test_the_brake_is_not_there_for_others(client, role, request, raised):
    client.force_login(request.getfixturevalue(role))
    assert client.get(reverse("ledger:brake")).status_code == 404
    for verb in ("raise_brake", "release_brake"):
        assert client.post(reverse(f"ledger:{verb}"), {"reason": "x"}).status_code == 404
    assert brake.is_raised()


def test_whoever_watches_sees_it_but_is_offered_nothing(client, auditor, raised):
    client.force_login(auditor)
    looked()
    page = client.get(reverse("ledger:brake")).content.decode()
    assert WHY in page
    assert reverse("ledger:release_brake") not in page


def test_pages_where_money_is_waited_for_say_that_payouts_are_paused(client, buyer, finance, seller, deposit, raised):
    client.force_login(buyer)
    assert (
        "Payouts are paused" in client.get(reverse("ledger:wallet"), headers={"accept-language": "en"}).content.decode()
    )
    client.force_login(seller)
    money = reverse("desks:money", kwargs={"slug": deposit.shop.slug})
    assert "Payouts are paused" in client.get(money, headers={"accept-language": "en"}).content.decode()
    client.force_login(finance)
    assert reverse("ledger:brake") in client.get(reverse("ledger:queue")).content.decode()


# API

V1 = "/api/v1/finance/brake/"


def test_machines_raise_and_release_it_by_the_same_verbs(finance, second):
    first, other = signed_in(finance), signed_in(second)
    assert first.get(V1).json() == {
        "is_raised": False,
        "brake": None,
        "actions": ["raise"],
        "last_whole_check": None,
        "last_recent_check": None,
    }
    told = first.send(f"{V1}raise/", {"reason": WHY})
    assert (told.status_code, told.json()["is_raised"], told.json()["brake"]["why"]) == (200, True, WHY)
    assert problem(first.send(f"{V1}release/", {"reason": "x"}), 409, "books_not_clean")
    looked()
    assert first.get(V1).json()["actions"] == ["sign"]
    assert first.send(f"{V1}release/", {"reason": "x"}).json()["is_raised"] is True
    assert problem(first.send(f"{V1}release/", {"reason": "x"}), 409, "second_person")
    assert other.send(f"{V1}release/", {"reason": "x"}).json()["is_raised"] is False


def test_for_strangers_the_api_has_no_brake(stranger):
    there = signed_in(stranger)
    assert problem(there.get(V1), 404, "not_found")
    assert problem(there.send(f"{V1}raise/", {"reason": "x"}), 404, "not_found")

"""An instant payment that its shop contests: the buyer keeps it, and the fund pays if the shop did not owe it."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from disputes import owed
from disputes.models import Owed
from ledger.accounts import balance
from ledger.models import Transfer
from ledger.transfers import Reason
from notifications import inbox
from notifications.models import Notification
from orders import conversation
from orders import lifecycle as orders
from orders.attachments import attach
from orders.models import Order
from privacy import files
from refunds import contests, endings
from refunds.models import Contest, Refund
from refunds.states import ContestState
from tests.api.conftest import signed_in
from tests.disputes.sayings import wallet
from tests.disputes.test_dispute import own
from tests.fixtures import people
from tests.fixtures.cases import claim
from tests.races import lost, race, won
from tests.refunds.test_left_owed import earns, empty
from timeline import clock
from timeline.models import Event
from timeline.refusals import Refused
from timeline.sweep import fire_overdue, sweep

WORDS = "发行方第二次答复：该卡密售出时有效，此前的答复有误，附更正函。"
FINDING = "发行方的更正函有效，原记录有误，这笔款项本不应支付。"
RIGHT = "更正函与本单卡密无关，原记录成立，这笔款项应当支付。"
PROOF = "同一买家在三单中提交了同一张伪造截图，见附件与设备记录。"


def code_of(call, *args, **kwargs):
    with pytest.raises(Refused) as refusal:
        call(*args, **kwargs)
    return refusal.value.code


def letter(order, seller, at):
    """What the issuer wrote to the shop."""
    file = SimpleUploadedFile("letter.txt", "更正函".encode(), content_type="text/plain")
    return attach(order, file, by=seller, at=at)


@pytest.fixture
def paid(order, bad_unit, rich_buyer, at):
    """Our records proved a bad code, and a machine paid at once."""
    return claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at)


@pytest.fixture
def how(paid, seller, at):
    return {"ground": "record_wrong", "text": WORDS, "attachments": [letter(paid.order, seller, at)]}


@pytest.fixture
def contest(paid, how, seller, at):
    return contests.file(paid, **how, by=seller, at=at)


def test_a_shop_contests_an_instant_payment_once_in_time_with_words_and_a_file(paid, how, seller, rich_buyer, at):
    assert (paid.state, paid.outcome) == ("refunded", "instant")
    assert paid.actions_for(seller, at) == ["contest"]
    assert "contest" not in paid.actions_for(rich_buyer, at)
    assert code_of(contests.file, paid, **how, by=rich_buyer, at=at) == "not_your_turn"
    for changed, code in (
        ({"ground": "x"}, "ground_missing"),
        ({"text": "太短"}, "text_missing"),
        ({"text": "最终解释权归本店所有，一经售出概不退换，本店说了算。"}, "void_term"),
        ({"attachments": []}, "evidence_missing"),
    ):
        assert code_of(contests.file, paid, **(how | changed), by=seller, at=at) == code
    contest = contests.file(paid, **how, by=seller, at=at)
    assert (contest.state, contest.lost, contest.owner) == (ContestState.FILED, 9_800, "lead")
    assert contest.deadline_at == at + timedelta(hours=24)
    assert paid.actions_for(seller, at) == []
    assert code_of(contests.file, paid, **how, by=seller, at=at) == "wrong_moment", "once"


def test_after_three_days_nothing_is_contested_any_more(paid, how, seller, at):
    late = at + timedelta(hours=72)
    assert paid.may_be_contested(late - timedelta(microseconds=1))
    assert code_of(contests.file, paid, **how, by=seller, at=late) == "wrong_moment"


def test_what_the_shop_itself_agreed_to_is_not_contested(refund, seller, at):
    from refunds import lifecycle

    lifecycle.accept(refund, by=seller, at=at)
    assert refund.state == "refunded"
    assert not refund.may_be_contested(at)


def test_a_payment_that_was_right_stays_and_nothing_moves(contest, arbiter, seller, rich_buyer, at):
    before, moves = wallet(rich_buyer), Transfer.objects.count()
    assert code_of(contests.uphold, contest, finding="x", by=arbiter, at=at) == "why_missing"
    contests.uphold(contest, finding=RIGHT, by=arbiter, at=at)
    assert (contest.state, contest.decided_by, contest.recourse) == ("upheld", arbiter, "")
    assert (wallet(rich_buyer), Transfer.objects.count()) == (before, moves)
    assert code_of(contests.uphold, contest, finding=RIGHT, by=arbiter, at=at) == "wrong_moment", "it is decided once"
    assert Event.objects.filter(name="contest.upheld", by=arbiter).count() == 1


def test_the_fund_makes_the_shop_whole_and_the_buyer_keeps_it(contest, arbiter, seller, rich_buyer, at):
    own("platform:fund", 20_000, at)
    available = contest.refund.order.shop.account("available")
    before, there = wallet(rich_buyer), balance(available)
    contests.overturn(contest, finding=FINDING, recourse="fund", by=arbiter, at=at)
    assert (contest.state, contest.made_whole) == ("overturned", 9_800)
    assert (wallet(rich_buyer), balance(available) - there) == (before, 9_800)
    assert balance("platform:fund") == 10_200
    assert Transfer.objects.get(reason=Reason.MADE_WHOLE).key == f"{contest.address}:whole"
    assert not Event.objects.filter(name="contest.recourse_booked").exists(), "the fund's own loss"


def test_a_claim_on_the_buyer_needs_proof_in_words_and_takes_nothing(contest, arbiter, rich_buyer, risk, at):
    own("platform:fund", 20_000, at)
    before = wallet(rich_buyer)
    told = {"finding": FINDING, "by": arbiter, "at": at}
    assert code_of(contests.overturn, contest, recourse="", **told) == "recourse_missing"
    assert code_of(contests.overturn, contest, recourse="buyer", **told) == "proof_missing"
    contests.overturn(contest, recourse="buyer", recourse_text=PROOF, **told)
    assert wallet(rich_buyer) == before, "no machine takes it back"
    booked = Event.objects.get(name="contest.recourse_booked")
    assert (booked.data, booked.by) == ({"against": "buyer", "amount": 9_800}, arbiter)
    inbox.catch_up(at=at)
    assert Notification.objects.filter(code="contest.claimed").get().user == rich_buyer
    assert Notification.objects.filter(code="contest.recourse_booked").get().user == risk


def test_what_the_fund_does_not_have_is_an_alarm(contest, arbiter, finance, lead, at):
    own("platform:fund", 1_000, at)
    contests.overturn(contest, finding=FINDING, recourse="fund", by=arbiter, at=at)
    assert (contest.made_whole, balance("platform:fund")) == (1_000, 0)
    assert Event.objects.get(name="contest.fund_short").data == {"amount": 8_800}
    inbox.catch_up(at=at)
    told = Notification.objects.filter(code="contest.fund_short").values_list("user_id", flat=True)
    assert set(told.order_by("pk")) == {finance.pk, lead.pk}


def test_only_staff_without_a_part_in_the_order_decide(contest, seller, rich_buyer, agent, risk, arbiter, at):
    for person in (seller, rich_buyer, agent, risk):
        assert code_of(contests.uphold, contest, finding=RIGHT, by=person, at=at) == "not_your_turn"
    order = Order.objects.get(pk=contest.refund.order_id)
    conversation.join(order, reason="看看这一单的情况", by=arbiter, at=at)
    assert contests.actions_for(contest, arbiter, at) == []
    assert code_of(contests.uphold, contest, finding=RIGHT, by=arbiter, at=at) == "own_part"
    another = people.staff("arbiter", at=at, name="another")
    assert contests.actions_for(contest, another, at) == ["uphold", "overturn"]
    contests.uphold(contest, finding=RIGHT, by=another, at=at)


def test_silence_decides_nothing_and_calls_every_day_until_a_person_does(
    contest, lead, seller, rich_buyer, arbiter, at
):
    order = Order.objects.get(pk=contest.refund.order_id)
    day = timedelta(hours=24)
    assert code_of(contests.uphold, contest, finding=RIGHT, by=arbiter, at=at + day) == "wrong_moment", "at it is late"
    for days in (1, 2, 3):
        fire_overdue(order.address, at=at + days * day)
        contest.refresh_from_db()
        assert (contest.state, contest.deadline_at) == ("late", at + (days + 1) * day)
        assert Event.objects.filter(name="contest.still_late").count() == days - 1
    inbox.catch_up(at=at + 3 * day)
    codes = list(Notification.objects.filter(user=lead).order_by("pk").values_list("code", flat=True))
    assert [code for code in codes if code.startswith("contest.") and "reminder" not in code] == [
        "contest.filed",
        "contest.late",
        "contest.still_late",
        "contest.still_late",
    ]
    assert Notification.objects.filter(user=rich_buyer, code="contest.filed_for_buyer").exists()
    contests.uphold(contest, finding=RIGHT, by=lead, at=at + 3 * day)
    assert (contest.state, contest.decided_by, contest.made_whole) == ("upheld", lead, 0)
    fire_overdue(order.address, at=at + 9 * day)
    assert Event.objects.filter(name="contest.still_late").count() == 2, "what is decided calls nobody"


def test_the_shop_takes_it_back(contest, seller, rich_buyer, arbiter, at):
    assert contests.actions_for(contest, seller, at) == ["withdraw"]
    assert code_of(contests.withdraw, contest, by=rich_buyer, at=at) == "not_your_turn"
    contests.withdraw(contest, by=seller, at=at)
    assert contest.state == "withdrawn"
    assert code_of(contests.withdraw, contest, by=seller, at=at) == "wrong_moment"
    assert code_of(contests.uphold, contest, finding=RIGHT, by=arbiter, at=at) == "wrong_moment"


def test_the_pages_of_the_shop_the_staff_and_the_buyer(client, paid, seller, arbiter, rich_buyer, stranger, at):
    own("platform:fund", 20_000, at)
    page, case = reverse("refunds:contest", args=[paid.number]), paid.get_absolute_url()
    client.force_login(rich_buyer)
    assert client.get(page).status_code == 404
    client.force_login(seller)
    assert page in client.get(case).content.decode()
    assert "¥98.00" in client.get(page).content.decode(), "what it costs, and what may come of it"
    assert client.post(page, {"ground": "used", "text": "短"}).status_code == 422
    file = SimpleUploadedFile("letter.txt", "更正函".encode(), content_type="text/plain")
    answer = client.post(page, {"ground": "record_wrong", "text": WORDS, "file": file})
    assert (answer.status_code, answer["Location"]) == (302, page)
    found = Contest.objects.get()
    assert reverse("refunds:withdraw_contest", args=[paid.number]) in client.get(page).content.decode()
    decide = reverse("refunds:decide_contest", args=[paid.number])
    for person in (seller, rich_buyer):
        client.force_login(person)
        assert client.get(page).status_code == 200
        assert client.post(decide, {"answer": "overturn", "finding": FINDING, "recourse": "fund"}).status_code == 404
    client.force_login(stranger)
    assert client.get(page).status_code == 404
    client.force_login(arbiter)
    assert page in client.get(reverse("refunds:contests")).content.decode()
    assert decide in client.get(page).content.decode()
    assert client.post(decide, {"answer": "overturn", "finding": "x"}).status_code == 422
    answer = client.post(decide, {"answer": "overturn", "finding": FINDING, "recourse": "fund"})
    assert (answer.status_code, answer["Location"]) == (302, page)
    found.refresh_from_db()
    assert found.state == "overturned"
    client.force_login(rich_buyer)
    assert FINDING in client.get(page).content.decode(), "both sides read why"
    assert page in client.get(case).content.decode()


def test_a_post_first_fires_what_is_overdue(client, contest, seller, arbiter, rich_buyer):
    clock.advance(timedelta(hours=25))
    client.force_login(seller)
    client.post(reverse("refunds:withdraw_contest", args=[contest.refund.number]))
    contest.refresh_from_db()
    assert Event.objects.filter(name="contest.late").count() == 1
    assert contest.state == "withdrawn", "the lead's day is running"


def test_the_same_by_the_api(paid, seller, arbiter, rich_buyer, stranger, at):
    own("platform:fund", 20_000, at)
    home = f"/api/v1/refunds/{paid.number}/contest/"
    proof = letter(paid.order, seller, at)
    body = {"ground": "record_wrong", "text": WORDS, "attachments": [proof.pk]}
    assert "contest" in signed_in(seller).get(f"/api/v1/refunds/{paid.number}/").json()["actions"]
    assert signed_in(seller).get(home).status_code == 404
    assert signed_in(rich_buyer).send(f"{home}file/", body | {"attachments": [proof.pk]}).status_code in {400, 409, 422}
    filed = signed_in(seller).send(f"{home}file/", body)
    assert filed.status_code == 201, filed.content
    assert filed.json()["actions"] == ["withdraw"]
    assert signed_in(stranger).get(home).status_code == 404
    assert signed_in(seller).get("/api/v1/contests/").status_code == 404
    assert [row["refund"] for row in signed_in(arbiter).get("/api/v1/contests/").json()["results"]] == [paid.number]
    assert signed_in(seller).send(f"{home}uphold/", {"finding": RIGHT}).status_code == 404
    assert signed_in(arbiter).send(f"{home}overturn/", {"finding": FINDING, "recourse": "x"}).status_code == 422
    done = signed_in(arbiter).send(f"{home}overturn/", {"finding": FINDING, "recourse": "fund"})
    assert (done.status_code, done.json()["state"], done.json()["made_whole"]) == (200, "overturned", 9_800)
    assert signed_in(seller).send(f"{home}withdraw/", {}).status_code == 409
    assert Refund.objects.get().state == "refunded"


def test_the_file_of_a_sale_stays_at_hand_while_its_payment_is_contested(contest, seller, at):
    """A contest has no end but a person's word; until then nobody needs to open a drawer to read what it is about."""
    order = contest.refund.order
    for _step in range(8):
        at += timedelta(days=100)
        fire_overdue(order.address, at=at)
    order.refresh_from_db()
    contest.refresh_from_db()
    assert (order.state, contest.state) == ("archived", ContestState.LATE)
    assert not files.to_put_away(at).filter(pk=order.pk).exists()
    contests.withdraw(contest, by=seller, at=at)
    assert files.to_put_away(at).filter(pk=order.pk).exists()


@pytest.mark.parametrize(("recourse", "reader"), [("buyer", "rich_buyer"), ("supplier", "seller")])
def test_what_a_claim_rests_on_is_for_the_staff_and_for_whom_it_is_on(
    client, contest, arbiter, rich_buyer, seller, recourse, reader, request, at
):
    """It may tell of a buyer's other sales, or of a supplier that the shop never named."""
    own("platform:fund", 20_000, at)
    contests.overturn(contest, finding=FINDING, recourse=recourse, recourse_text=PROOF, by=arbiter, at=at)
    page = reverse("refunds:contest", args=[contest.refund.number])
    home = f"/api/v1/refunds/{contest.refund.number}/contest/"
    for person in (rich_buyer, seller, arbiter):
        reads = person in {request.getfixturevalue(reader), arbiter}
        client.force_login(person)
        shown = client.get(page).content.decode()
        assert (FINDING in shown, PROOF in shown) == (True, reads)
        told = signed_in(person).get(home).json()
        assert (told["finding"], told["recourse"], told["recourse_text"]) == (FINDING, recourse, PROOF if reads else "")


@pytest.mark.django_db(transaction=True)
def test_two_who_decide_and_the_shop_that_takes_it_back_at_one_instant_are_one_outcome(contest, arbiter, seller, at):
    own("platform:fund", 50_000, at)
    another = people.staff("senior", at=at, name="another")
    available = contest.refund.order.shop.account("available")
    there = balance(available)

    def again():
        return Contest.objects.select_related("refund__order__shop").get(pk=contest.pk)

    outcomes = race(
        lambda: contests.overturn(again(), finding=FINDING, recourse="fund", by=arbiter, at=at),
        lambda: contests.overturn(again(), finding=FINDING, recourse="fund", by=another, at=at),
        lambda: contests.uphold(again(), finding=RIGHT, by=another, at=at),
        lambda: contests.withdraw(again(), by=seller, at=at),
    )
    assert len(won(outcomes)) == 1, outcomes
    assert {getattr(each, "code", each) for each in lost(outcomes)} <= {"wrong_moment", "own_part"}
    contest.refresh_from_db()
    given = 9_800 if contest.state == "overturned" else 0
    assert (contest.made_whole, balance(available) - there, balance("platform:fund")) == (given, given, 50_000 - given)


# What nobody had


def test_a_payment_of_which_nobody_had_anything_is_contested_all_the_same(
    order, bad_unit, rich_buyer, seller, arbiter, client, at
):
    """The shop has lost nothing yet and owes all of it; found not to be owed, it never pays it."""
    Order.objects.filter(pk=order.pk).update(commission_bp=0)  # else the mall's commission is there and pays
    orders.confirm(Order.objects.get(pk=order.pk), by=rich_buyer, at=at)
    until = Order.objects.get(pk=order.pk).deadline_at
    assert until is not None
    sweep(at=until)
    empty(order.shop, until)
    case = claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=until)
    endings.approve_as_asked(case, outcome=Refund.Outcome.INSTANT, by=None, at=until)
    assert (case.state, case.outcome, Owed.objects.get().left) == ("refunded", "instant", 9_800)
    files = [letter(order, seller, until)]
    contest = contests.file(case, ground="record_wrong", text=WORDS, attachments=files, by=seller, at=until)
    assert contest.lost == 0
    client.force_login(seller)
    page = client.get(contest.get_absolute_url(), headers={"accept-language": "en"}).content.decode()
    assert "Nobody had of it, so that the shop owes it to the buyer:" in page
    contests.overturn(contest, finding=FINDING, recourse="buyer", recourse_text=PROOF, by=arbiter, at=until)
    assert (contest.state, contest.lost, contest.made_whole) == (ContestState.OVERTURNED, 0, 0)
    assert not Owed.objects.exists()
    inbox.catch_up(at=until)
    codes = Notification.objects.filter(code__startswith="contest.").order_by("pk")
    told = {code for code in codes.values_list("code", flat=True) if not code.startswith("contest.filed")}
    assert told == {"contest.overturned_for_nothing", "contest.overturned_for_buyer"}, "no ¥0.00 for anybody"


def test_what_the_shop_has_paid_since_is_not_called_owed_once_it_comes_back(
    order, bad_unit, rich_buyer, seller, arbiter, client, at
):
    orders.confirm(order, by=rich_buyer, at=at)
    until = Order.objects.get(pk=order.pk).deadline_at
    assert until is not None
    sweep(at=until)
    empty(order.shop, until)
    case = claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=until)
    endings.approve_as_asked(case, outcome=Refund.Outcome.INSTANT, by=None, at=until)
    files = [letter(order, seller, until)]
    contest = contests.file(case, ground="record_wrong", text=WORDS, attachments=files, by=seller, at=until)
    earns(order.shop, 3_000, until)
    assert owed.collect_all(at=until) == 1
    own("platform:fund", 20_000, until)
    contests.overturn(contest, finding=FINDING, recourse="fund", by=arbiter, at=until)
    assert (contest.lost, contest.made_whole) == (3_490, 3_490), "its commission, and what it has earned since"
    client.force_login(seller)
    page = client.get(contest.get_absolute_url(), headers={"accept-language": "en"}).content.decode()
    assert "¥34.90" in page
    assert "the shop owes it to the buyer" not in page

"""To be erased: asked, answered thing by thing, carried out a week later; copies once; looks on record."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import transaction
from django.urls import reverse

from accounts.models import Role, Unmasking, User
from disputes import lifecycle as disputes
from disputes import owed as owing
from disputes.models import Owed
from kamen import books
from ledger import debts
from ledger.transfers import Reason, transfer
from notifications import inbox
from notifications.models import Notification
from privacy import exports, files, holds, lifecycle, looks, retention, sealing
from privacy.models import Erasure, Export, Piece
from privacy.states import ErasureState, HoldState
from shops import applications, licences, papers
from tests.factories import UserFactory
from tests.fixtures.disputes import nobody_had
from tests.fixtures.openings import paper
from tests.fixtures.people import PASSWORD
from tests.fixtures.people import person as somebody
from tests.privacy.test_files import at_the_end
from timeline.models import Event
from timeline.refusals import Refused
from timeline.sweep import fire_overdue


@pytest.fixture
def leaving(order, rich_buyer, at):
    """A buyer whose sale is over and whose balance is empty, and the time at which that is so."""
    end = at_the_end(order, at)
    left = 100_000 - order.total
    transfer(
        source=f"user:{rich_buyer.pk}:wallet",
        target="channel:sandbox",
        amount=left,
        reason=Reason.FUNDING,
        subject=rich_buyer.address,
        key="emptied",
        at=end,
    )
    return rich_buyer, end


def asked(user, at):
    return lifecycle.ask(user, by=user, at=at)


def test_an_answer_says_what_goes_what_stays_until_when_and_it_is_carried_out_a_week_later(leaving, order, lead):
    buyer, at = leaving
    mail = buyer.email
    erasure = asked(buyer, at)
    lifecycle.agree(erasure, by=lead, at=at)
    fates = {item["what"]: (item["fate"], item["until"]) for item in erasure.items}
    assert fates["account"] == ("erased", "")
    assert fates["sales"] == ("stays", files.ends_on(order_now(order)).isoformat())
    fire_overdue(buyer.address, at=erasure.deadline_at)
    erasure.refresh_from_db()
    buyer.refresh_from_db()
    assert erasure.state == ErasureState.DONE
    assert (buyer.nickname, buyer.is_active, buyer.has_usable_password()) == ("", False, False)
    assert not EmailAddress.objects.filter(user=buyer).exists()
    piece = Piece.objects.get(table="accounts.User")
    assert sealing.opened(piece).decode() == mail
    assert User.objects.filter(email=mail).count() == 0
    assert files.to_put_away(erasure.entered_at).filter(pk=order.pk).exists()
    assert not list(books.violations())


def order_now(order):
    order.refresh_from_db()
    return order


def test_what_is_open_blocks_and_is_named_with_its_reason(order, rich_buyer, lead, at):
    erasure = asked(rich_buyer, at)
    with pytest.raises(Refused, match="something_open"):
        lifecycle.agree(erasure, by=lead, at=at)
    lifecycle.refuse(erasure, reason="订单还没有结束", by=lead, at=at)
    assert {"balance", "orders"} <= {item["what"] for item in erasure.items if item["fate"] == "blocks"}
    assert asked(rich_buyer, at).pk != erasure.pk


def test_who_owes_the_mall_is_not_forgotten_before_that_is_settled(leaving, lead):
    buyer, at = leaving
    debt, there = f"user:{buyer.pk}:debt", "platform:recoverable"
    told = {"amount": 9_800, "subject": buyer.address, "at": at}
    transfer(source=debt, target=there, reason=Reason.DEBT, key="owed", **told)
    erasure = asked(buyer, at)
    with pytest.raises(Refused, match="something_open"):
        lifecycle.agree(erasure, by=lead, at=at)
    lifecycle.refuse(erasure, reason="还有一笔欠款", by=lead, at=at)
    assert [(item["what"], item["number"]) for item in erasure.items if item["fate"] == "blocks"] == [("debt", 9_800)]
    let_go = debts.propose(buyer, amount=9_800, reason="已经无法追回了", by=UserFactory(role=Role.FINANCE), at=at)
    debts.agree(let_go, by=UserFactory(role=Role.FINANCE), at=at)
    assert lifecycle.blocking(buyer, at) == []


def test_nobody_is_refused_without_something_open(leaving, lead):
    buyer, at = leaving
    with pytest.raises(Refused, match="nothing_open"):
        lifecycle.refuse(asked(buyer, at), reason="不想办", by=lead, at=at)


def test_only_oneself_asks_and_only_another_lead_answers(leaving, lead, agent, stranger):
    buyer, at = leaving
    with pytest.raises(Refused, match="not_your_turn"):
        lifecycle.ask(buyer, by=stranger, at=at)
    erasure = asked(buyer, at)
    with pytest.raises(Refused, match="not_your_turn"):
        lifecycle.agree(erasure, by=agent, at=at)
    with pytest.raises(Refused, match="not_yourself"):
        lifecycle.agree(asked(lead, at), by=lead, at=at)
    with pytest.raises(Refused, match="not_your_turn"):
        lifecycle.withdraw(erasure, by=stranger, at=at)
    lifecycle.withdraw(erasure, by=buyer, at=at)
    assert erasure.state == ErasureState.WITHDRAWN
    with pytest.raises(Refused, match="wrong_moment"):
        lifecycle.agree(erasure, by=lead, at=at)


def test_whom_a_shop_still_owes_an_award_is_not_forgotten_before_it_has_come(leaving, order, lead):
    buyer, at = leaving
    owed = nobody_had(order, 500, cause="refund:0", at=at)
    erasure = asked(buyer, at)
    with pytest.raises(Refused, match="something_open"):
        lifecycle.agree(erasure, by=lead, at=at)
    assert [(item.what, item.number) for item in lifecycle.blocking(buyer, at)] == [("payouts", 1)]
    with transaction.atomic():
        assert owing.lessen(["refund:0"], most=500, at=at) == 500, "an appeal found that it was not due"
    assert not Owed.objects.filter(pk=owed.pk).exists()
    lifecycle.agree(erasure, by=lead, at=at)


def test_a_hold_that_came_in_between_puts_it_off(leaving, lead):
    buyer, at = leaving
    erasure = asked(buyer, at)
    lifecycle.agree(erasure, by=lead, at=at)
    holds.set_hold(user=buyer, reason="公安机关协查函 2026-77 号", by=lead, at=at)
    fire_overdue(buyer.address, at=erasure.deadline_at)
    erasure.refresh_from_db()
    assert erasure.state == ErasureState.WAITING
    assert Event.objects.filter(name="erasure.put_off").exists()


def test_a_lead_hears_of_it_and_again_when_it_is_late(buyer, lead, at):
    erasure = asked(buyer, at)
    inbox.catch_up(at=at)
    fire_overdue(buyer.address, at=erasure.deadline_at)
    inbox.catch_up(at=at)
    assert set(Notification.objects.values_list("user", "code").order_by()) == {
        (lead.pk, "erasure.waiting"),
        (lead.pk, "erasure.late"),
    }
    erasure.refresh_from_db()
    assert erasure.state == ErasureState.WAITING
    assert erasure.late_at is not None


def test_two_people_release_what_one_holds(order, lead, risk, agent, at):
    with pytest.raises(Refused, match="not_your_turn"):
        holds.set_hold(order=order, reason="法院调取证据 1 号", by=agent, at=at)
    with pytest.raises(Refused, match="no_reason"):
        holds.set_hold(order=order, reason="要", by=lead, at=at)
    hold = holds.set_hold(order=order, reason="（2026）沪0105民初123号", by=lead, at=at)
    with pytest.raises(Refused, match="held"):
        holds.set_hold(order=order, reason="（2026）沪0105民初123号", by=risk, at=at)
    holds.propose(hold, reason="案件已审结，不再需要", by=lead, at=at)
    with pytest.raises(Refused, match="another_person"):
        holds.sign(hold, by=lead, at=at)
    holds.keep(hold, by=risk, at=at)
    assert hold.state == HoldState.IN_FORCE
    holds.propose(hold, reason="案件已审结，不再需要", by=risk, at=at)
    holds.sign(hold, by=lead, at=at)
    assert hold.state == HoldState.RELEASED


def test_a_copy_is_fetched_once_and_gone(buyer, stranger, at):
    export = exports.ask(buyer, by=buyer, at=at)
    assert exports.ask(buyer, by=buyer, at=at).pk == export.pk
    exports.run(at=at)
    export.refresh_from_db()
    assert export.done == export.of
    with pytest.raises(Refused, match="not_your_turn"):
        exports.fetch(export, by=stranger, at=at)
    exports.fetch(export, by=buyer, at=at)
    assert (export.file, bytes(export.secret)) == ("", b"")
    with pytest.raises(Refused, match="wrong_moment"):
        exports.fetch(export, by=buyer, at=at)


def test_a_copy_that_nobody_fetches_is_gone_after_a_week(buyer, at):
    export = exports.ask(buyer, by=buyer, at=at)
    exports.run(at=at)
    export.refresh_from_db()
    later = at + exports.WAITS
    with pytest.raises(Refused, match="wrong_moment"):
        exports.fetch(export, by=buyer, at=later)
    assert exports.expire(at=later) == 1
    assert Export.objects.get().gone_at == later


def test_nobody_asks_for_more_than_three_copies_a_day(buyer, at):
    for _each in range(3):
        exports.ask(buyer, by=buyer, at=at)
        exports.run(at=at)
        exports.fetch(Export.objects.latest("pk"), by=buyer, at=at)
    with pytest.raises(Refused, match="too_often"):
        exports.ask(buyer, by=buyer, at=at)


def test_a_look_is_on_record_before_anything_is_seen(order, lead, agent, seller, at):
    with pytest.raises(Refused, match="not_your_turn"):
        looks.open_file(order, reason="想看看", by=agent, at=at)
    with pytest.raises(Refused, match="reason_missing"):
        looks.open_file(order, reason=" ", by=lead, at=at)
    assert looks.open_file(order, reason="法院调取", by=lead, at=at) == []
    assert set(Unmasking.objects.values_list("whom", "what").order_by()) == {
        (order.buyer_id, "file"),
        (seller.pk, "file"),
    }
    assert looks.mail_of(seller, reason="寄送法律文书", by=lead, at=at) == seller.email


def test_an_unmasking_in_a_dispute_stands_in_the_same_record(reviewed, arbiter, at):
    disputes.open_file(reviewed, by=arbiter, at=at)
    disputes.unmask(reviewed, reason="核对双方身份", by=arbiter, at=at)
    order = reviewed.refund.order
    assert set(Unmasking.objects.values_list("whom", "by", "subject").order_by()) == {
        (order.buyer_id, arbiter.pk, reviewed.address),
        (order.shop.owner_id, arbiter.pk, reviewed.address),
    }


# Pages and the API


def test_a_person_asks_for_a_copy_and_fetches_it_on_the_page(client, buyer, at):
    client.post(reverse("account_login"), {"login": buyer.email, "password": PASSWORD})
    asked_for = client.post(reverse("privacy:ask_copy"))
    page = client.get(asked_for.url)
    assert page.headers["Refresh"] == "3"
    exports.run(at=at)
    number = Export.objects.get().number
    fetch = reverse("privacy:fetch", args=[number])
    assert fetch in client.get(asked_for.url).content.decode()
    assert client.get(fetch).status_code == 405
    assert client.post(fetch).content[:2] == b"PK"
    assert fetch not in client.get(asked_for.url).content.decode()
    assert number in client.get(reverse("privacy:own")).content.decode()


def test_a_person_asks_to_be_erased_and_reads_what_is_in_the_way(client, order, rich_buyer, lead, at):
    client.post(reverse("account_login"), {"login": rich_buyer.email, "password": PASSWORD})
    own = reverse("privacy:own")
    assert client.post(reverse("privacy:ask")).url == own
    erasure = Erasure.objects.get()
    assert erasure.number in client.get(own).content.decode()
    client.force_login(lead)
    desk = reverse("privacy:desk")
    refuse = reverse("privacy:answer", args=[erasure.number, "refuse"])
    assert refuse in client.get(desk).content.decode()
    assert client.post(refuse, {"reason": "余额还没有取出"}).url == desk
    client.force_login(rich_buyer)
    assert "余额还没有取出" in client.get(own).content.decode()


def test_the_desk_is_for_those_who_answer_and_auditors_only_read(client, order, lead, risk, auditor, agent, at):
    desk = reverse("privacy:desk")
    client.force_login(agent)
    assert client.get(desk).status_code == 404
    client.force_login(risk)
    thing = {"hold-thing": order.number, "hold-reason": "（2026）沪0105民初123号"}
    assert client.post(reverse("privacy:hold"), {**thing, "hold-thing": "X1"}).status_code == 422
    assert client.post(reverse("privacy:hold"), thing).url == desk
    number = holds.Hold.objects.get().number
    client.force_login(auditor)
    assert number in client.get(desk).content.decode()
    why = {"reason": "案件已审结，不再需要"}
    assert client.post(reverse("privacy:release", args=[number, "propose"]), why).status_code != 200
    assert holds.Hold.objects.get().state == HoldState.IN_FORCE


def test_the_twins_in_the_api(client, order, rich_buyer, lead, stranger, at):
    def post(path, body=None):
        return client.post(f"/api/v1{path}", body or {}, "application/json", headers={"Idempotency-Key": path})

    client.force_login(rich_buyer)
    assert post("/me/copies/").json()["code"] == "reauthentication_required"
    erasure = asked(rich_buyer, at)
    assert client.get("/api/v1/me/erasures/").json()["results"][0]["number"] == erasure.number
    client.force_login(stranger)
    assert post(f"/me/erasures/{erasure.number}/withdraw/").status_code == 404
    assert client.get("/api/v1/staff/erasures/").status_code == 404
    client.force_login(lead)
    assert client.get("/api/v1/staff/erasures/").json()["results"][0]["person"] == rich_buyer.pk
    assert post(f"/staff/erasures/{erasure.number}/agree/").json()["code"] == "something_open"
    held = post("/staff/holds/", {"order": order.number, "reason": "（2026）沪0105民初123号"})
    assert held.json()["of"] == order.address
    assert client.get("/api/v1/staff/holds/").json()["results"][0]["number"] == held.json()["number"]
    assert client.get("/api/v1/staff/looks/").json()["results"] == []


def test_a_look_on_the_page_shows_it_once(client, order, rich_buyer, lead, at):
    client.force_login(lead)
    look = reverse("privacy:look")
    assert client.post(look, {"look-thing": str(rich_buyer.pk), "look-reason": "寄送"}).status_code == 302
    assert not Unmasking.objects.exists()


# whoever wanted to open a shop


def test_an_application_that_came_to_nothing_is_forgotten_with_its_papers_after_half_a_year(
    application, django_capture_on_commit_callbacks, at
):
    hashes = set(application.licences.order_by("pk").values_list("sha256", flat=True))
    applications.withdraw(application, by=application.applicant, at=at)
    half_a_year = at + retention.CAME_TO_NOTHING
    assert retention.run(at=half_a_year - timedelta(seconds=1)).counts["applications"] == 0
    with django_capture_on_commit_callbacks(execute=True):
        run = retention.run(at=half_a_year)
    assert (run.counts["applications"], run.faults) == (1, [])
    application.refresh_from_db()
    assert (application.legal_name, application.contact_phone, application.about) == (
        retention.GONE,
        "",
        retention.GONE,
    )
    for each in application.licences.order_by("pk"):
        assert (each.number, each.tail, each.name) == (retention.GONE, "", retention.GONE)
    for sha256 in hashes:
        with pytest.raises(papers.PaperBroken):
            papers.read(sha256)
    assert retention.run(at=half_a_year).counts["applications"] == 0


def test_a_paper_that_somebody_else_gave_too_stays_until_theirs_is_over(
    application, django_capture_on_commit_callbacks, at
):
    other = somebody("other")
    theirs = applications.begin(applicant=other, name="月光", slug="yueguang", at=at)
    given = licences.give(application=theirs, by=other, at=at, **paper("identity"))
    assert given.sha256 == application.licences.get(kind="identity").sha256, "the same file"
    applications.withdraw(application, by=application.applicant, at=at)
    with django_capture_on_commit_callbacks(execute=True):
        retention.run(at=at + retention.CAME_TO_NOTHING)
    assert papers.read(given.sha256)


def test_whoever_is_erased_leaves_no_papers_of_a_shop_that_never_was(
    application, lead, django_capture_on_commit_callbacks, at
):
    person, card = application.applicant, application.licences.get(kind="identity")
    erasure = asked(person, at)
    lifecycle.agree(erasure, by=lead, at=at)
    with django_capture_on_commit_callbacks(execute=True):
        fire_overdue(person.address, at=erasure.deadline_at)
    card.refresh_from_db()
    assert card.is_forgotten()
    with pytest.raises(papers.PaperBroken):
        papers.read(card.sha256)
    application.refresh_from_db()
    assert application.legal_name == retention.GONE

"""The special roads: a family's sealed papers, reports on offers, credit notes; their pages and who may see them."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from refunds import guardians, reports
from refunds.models import Guardian, Proof, Report
from shops.models import Listing
from tests.fixtures.cases import claim, units_of
from timeline.models import Event
from timeline.refusals import Refused
from timeline.sweep import fire_overdue


def paper(text="护照"):
    return SimpleUploadedFile("proof.txt", f"{text} 一二三".encode(), content_type="text/plain")


def code_of(call, *args, **kwargs):
    with pytest.raises(Refused) as refusal:
        call(*args, **kwargs)
    return refusal.value.code


@pytest.fixture
def minor(order, revealed, rich_buyer, at):
    return claim(revealed, "MINOR_PURCHASE", by=rich_buyer, at=at)


@pytest.fixture
def guardian(minor):
    return Guardian.objects.get(refund=minor)


@pytest.fixture
def given(guardian, rich_buyer, at):
    for what in guardians.NEEDED:
        guardians.prove(guardian, paper(what), what=what, by=rich_buyer, at=at)
    words = {"name": "王小明", "contact": "13800138000", "account": "孩子用我的手机付的"}
    guardians.give(guardian, words=words, relation="parent", by=rich_buyer, at=at)
    return Guardian.objects.get(pk=guardian.pk)


def test_papers_are_sealed_and_their_clock_stands_with_the_lead_then(given, settings):
    assert (given.state, given.owner) == ("given", "lead")
    proof = given.proofs.order_by("pk").first()
    from django.core.files.storage import storages

    with storages["files"].open(proof.sealed) as file:
        assert "护照".encode() not in file.read()
    assert given.words.hint["name"].startswith("王•")


def test_papers_are_complete_only_with_one_of_each_kind(guardian, rich_buyer, at):
    guardians.prove(guardian, paper(), what="identity", by=rich_buyer, at=at)
    how = {"words": {"name": "x"}, "relation": "parent", "by": rich_buyer, "at": at}
    assert code_of(guardians.give, guardian, **how) == "papers_missing"


def test_nobody_else_gives_papers(guardian, seller, arbiter, at):
    for person in (seller, arbiter):
        assert code_of(guardians.prove, guardian, paper(), what="identity", by=person, at=at) == "not_your_turn"


def test_a_paper_opens_only_with_a_reason_and_that_is_on_record(given, arbiter, at):
    proof = given.proofs.order_by("pk").first()
    assert code_of(guardians.open_proof, proof, why="", by=arbiter, at=at) == "why_missing"
    content = guardians.open_proof(proof, why="核对监护人身份后才能裁定。", by=arbiter, at=at)
    assert "一二三" in content.decode()
    event = Event.objects.get(name="guardian.proof_opened")
    assert (event.by, event.data["why"]) == (arbiter, "核对监护人身份后才能裁定。")


def test_neither_the_shop_nor_the_family_itself_opens_papers(given, seller, rich_buyer, at):
    proof = given.proofs.order_by("pk").first()
    for person in (seller, rich_buyer):
        assert code_of(guardians.open_proof, proof, why="我想看一看这份材料", by=person, at=at) == "not_your_turn"
    assert not Event.objects.filter(name="guardian.proof_opened").exists()


def test_a_seal_fits_no_other_paper(given, arbiter, at):
    from orders.attachments import FileBroken

    one, two = given.proofs.order_by("pk")[:2]
    Proof.objects.filter(pk=one.pk).update(sealed=two.sealed)
    one = Proof.objects.get(pk=one.pk)
    with pytest.raises(FileBroken):
        guardians.open_proof(one, why="核对监护人身份后才能裁定。", by=arbiter, at=at)


def test_without_papers_the_case_ends_without_prejudice_and_can_be_filed_again(guardian, minor, rich_buyer, at):
    fire_overdue(guardian.root_address, at=guardian.deadline_at)
    guardian.refresh_from_db()
    minor.refresh_from_db()
    assert (guardian.state, minor.state) == ("closed", "withdrawn")
    again = claim(units_of(minor.order)[0], "MINOR_PURCHASE", by=rich_buyer, at=guardian.deadline_at or at)
    assert again.state == "disputed"


def test_papers_that_nobody_looks_at_are_an_alarm_again_and_again(given):
    due = given.deadline_at
    fire_overdue(given.root_address, at=due)
    given.refresh_from_db()
    assert given.state == "given"
    assert given.deadline_at == due + timedelta(hours=24)
    assert Event.objects.filter(name="guardian.late").count() == 1


@pytest.mark.parametrize(("verb", "state"), [("accept", "accepted"), ("refuse", "refused"), ("ask_again", "awaited")])
def test_a_senior_says_what_the_papers_show(given, senior, arbiter, at, verb, state):
    answer = getattr(guardians, verb)
    assert code_of(answer, given, finding="身份与监护关系一致。", by=arbiter, at=at) == "not_your_turn"
    assert code_of(answer, given, finding=" ", by=senior, at=at) == "why_missing"
    answer(given, finding="身份与监护关系一致。", by=senior, at=at)
    given.refresh_from_db()
    assert (given.state, given.finding) == (state, "身份与监护关系一致。")


def test_the_family_s_page_is_theirs_and_the_staff_s_alone(client, given, rich_buyer, seller, stranger, arbiter):
    page = given.get_absolute_url()
    for person, status in ((rich_buyer, 200), (arbiter, 200), (seller, 404), (stranger, 404)):
        client.force_login(person)
        assert client.get(page).status_code == status
    client.force_login(rich_buyer)
    proof = given.proofs.order_by("pk").first()
    opened = reverse("refunds:open_proof", kwargs={"number": given.refund.number, "pk": proof.pk})
    assert client.post(opened, {"why": "我想看一看这份材料"}).status_code == 404
    client.force_login(arbiter)
    answer = client.post(opened, {"why": "核对监护人身份后才能裁定。"})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]


def test_a_family_gives_its_papers_on_one_page(client, guardian, rich_buyer):
    client.force_login(rich_buyer)
    page = guardian.get_absolute_url()
    for what in guardians.NEEDED:
        assert client.post(page, {"what": what, "file": paper(what)}).status_code == 302
    assert client.post(page, {"give": "1"}).status_code == 422
    told = {"give": "1", "relation": "parent", "name": "王", "contact": "138", "account": "孩子付的"}
    assert client.post(page, told).status_code == 302
    guardian.refresh_from_db()
    assert guardian.state == "given"


# reports


@pytest.fixture
def report(order, revealed, rich_buyer, at):
    refund = claim(revealed, "ILLEGAL_GOODS", by=rich_buyer, at=at, text="盗版软件")
    return Report.objects.get(refund=refund)


def test_an_upheld_report_forbids_the_offer(report, lead, at):
    reports.uphold(report, finding="无授权。", by=lead, at=at)
    assert Listing.objects.get(pk=report.listing_id).state == "closed"
    assert code_of(reports.dismiss, report, finding="x", by=lead, at=at) == "wrong_moment"


def test_an_unfounded_report_puts_the_offer_back(report, lead, at):
    reports.dismiss(report, finding="授权齐全。", by=lead, at=at)
    assert Listing.objects.get(pk=report.listing_id).state == "on_sale"
    report.refresh_from_db()
    assert (report.is_upheld, report.finding) == (False, "授权齐全。")


def test_reports_are_decided_by_people_of_risk_and_never_in_silence(report, rich_buyer, seller, arbiter, lead, at):
    for person in (rich_buyer, seller, arbiter):
        assert code_of(reports.uphold, report, finding="x", by=person, at=at) == "not_your_turn"
    assert code_of(reports.uphold, report, finding=" ", by=lead, at=at) == "why_missing"


def test_whoever_reported_reads_the_answer(client, report, rich_buyer, lead, at, stranger):
    client.force_login(lead)
    decide = reverse("refunds:decide_report", args=[report.number])
    client.post(decide, {"answer": "dismiss", "finding": "授权齐全。"})
    client.force_login(rich_buyer)
    assert "授权齐全" in client.get(reverse("refunds:reports")).content.decode()
    client.force_login(stranger)
    assert "授权齐全" not in client.get(reverse("refunds:reports")).content.decode()
    assert client.post(decide, {"answer": "uphold", "finding": "x"}).status_code == 404


# credit notes


def test_a_credit_note_is_printed_for_both_sides_and_nobody_else(
    client, order, bad_unit, rich_buyer, seller, stranger, at
):
    refund = claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at)
    page = reverse("refunds:credit_note", kwargs={"number": refund.number})
    for person, status in ((rich_buyer, 200), (seller, 200), (stranger, 404)):
        client.force_login(person)
        answer = client.get(page)
        assert answer.status_code == status
        assert status == 404 or "¥98.00" in answer.content.decode()


def test_a_case_that_was_not_paid_has_no_credit_note(client, refund, rich_buyer):
    client.force_login(rich_buyer)
    assert client.get(reverse("refunds:credit_note", kwargs={"number": refund.number})).status_code == 404


def test_the_wallet_leads_to_the_credit_note_of_what_came_back(client, order, bad_unit, refund, rich_buyer, at):
    paid = claim(units_of(order)[1], "CHANGE_OF_MIND", by=rich_buyer, at=at)
    note = reverse("refunds:credit_note", kwargs={"number": paid.number})
    client.force_login(rich_buyer)
    assert note not in client.get(reverse("ledger:wallet")).content.decode(), "nothing came back yet"
    assert paid.deadline_at is not None
    fire_overdue(paid.root_address, at=paid.deadline_at)
    assert note in client.get(reverse("ledger:wallet")).content.decode()
    assert client.get(note).status_code == 200

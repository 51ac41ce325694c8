"""The API of what hangs on a case: the same as the pages, for the same people."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from refunds import guardians
from refunds.models import Guardian, Refund, Report, Word
from tests.api.conftest import signed_in
from tests.fixtures.cases import claim

BASE = "/api/v1"


def test_a_claim_takes_what_the_buyer_states(order, revealed, rich_buyer):
    body = {"order": order.number, "reason": "PRICE_DISPUTE", "places": [1], "facts": {"should_pay_fen": 9_000}}
    asked = signed_in(rich_buyer).send(f"{BASE}/refunds/", {**body, "error_code": "E-1"})
    assert asked.status_code == 201, asked.content
    refund = Refund.objects.get()
    assert (refund.figure, refund.decision["stated"]["error_code"]) == (800, "E-1")


@pytest.mark.parametrize("facts", [{"platform_proof": True}, {"should_pay_fen": -1}, {"should_pay_fen": "x"}])
def test_what_a_buyer_cannot_state_is_refused(order, revealed, rich_buyer, facts):
    body = {"order": order.number, "reason": "PRICE_DISPUTE", "places": [1], "facts": facts}
    assert signed_in(rich_buyer).send(f"{BASE}/refunds/", body).status_code == 422
    assert not Refund.objects.exists()


def test_a_credit_note_is_read_by_both_sides(order, bad_unit, rich_buyer, seller, stranger, at):
    refund = claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at)
    address = f"{BASE}/refunds/{refund.number}/credit-note/"
    for person, status in ((rich_buyer, 200), (seller, 200), (stranger, 404)):
        assert signed_in(person).get(address).status_code == status
    found = signed_in(rich_buyer).get(address).json()
    assert (found["amount"], found["units"], found["is_whole"]) == (9_800, [{"place": 1, "amount": 9_800}], True)


def test_signals_are_for_the_staff(refund, rich_buyer, seller, arbiter):
    address = f"{BASE}/refunds/{refund.number}/signals/"
    for person, status in ((rich_buyer, 404), (seller, 404), (arbiter, 200)):
        assert signed_in(person).get(address).status_code == status


def test_a_report_is_decided_by_the_api(order, revealed, rich_buyer, lead, at):
    claim(revealed, "ILLEGAL_GOODS", by=rich_buyer, at=at)
    report = Report.objects.get()
    assert signed_in(rich_buyer).get(f"{BASE}/reports/").json()["results"][0]["number"] == report.number
    decide = f"{BASE}/reports/{report.number}/dismiss/"
    assert signed_in(rich_buyer).send(decide, {"finding": "x"}).status_code == 409
    answer = signed_in(lead).send(decide, {"finding": "授权齐全。"})
    assert (answer.status_code, answer.json()["is_upheld"]) == (200, False)


def test_a_shop_keeps_answers_and_gives_its_word_by_the_api(deposit, seller, rich_buyer):
    answers, word = f"{BASE}/shops/xinghe/answers/", f"{BASE}/shops/xinghe/word/"
    assert signed_in(rich_buyer).get(answers).status_code == 404
    kept = signed_in(seller).send(answers, {"title": "可用", "text": "该卡密显示可用。"})
    assert kept.status_code == 200, kept.content
    assert signed_in(seller).send(answers, {"title": "x", "text": "最终解释权归本店所有。"}).status_code == 422
    assert [each["title"] for each in signed_in(seller).get(answers).json()["results"]] == ["可用"]
    assert signed_in(seller).get(word).json() == {"most": 0}
    assert reverse("api:word", args=["xinghe"]) == word
    assert not Word.objects.exists()


def test_a_family_gives_its_papers_and_a_senior_decides_by_the_api(
    order, revealed, rich_buyer, seller, stranger, arbiter, senior, at
):
    refund = claim(revealed, "MINOR_PURCHASE", by=rich_buyer, at=at)
    home = f"{BASE}/refunds/{refund.number}/guardian/"
    for person, status in ((rich_buyer, 200), (arbiter, 200), (seller, 404), (stranger, 404)):
        assert signed_in(person).get(home).status_code == status
    family, judge = signed_in(rich_buyer), signed_in(senior)
    for what in guardians.NEEDED:
        paper = SimpleUploadedFile("p.txt", f"{what} 一二三".encode(), content_type="text/plain")
        given = family.post(f"{home}proofs/", {"what": what, "file": paper})
        assert given.status_code == 201, given.content
    assert (given.json()["missing"], len(given.json()["proofs"])) == ([], 3)
    assert family.post(f"{home}proofs/", {"what": "identity"}).status_code == 422
    assert family.send(f"{home}give/", {"relation": "parent", "name": "王小明"}).status_code == 422
    told = {"relation": "parent", "name": "王小明", "contact": "13800138000", "account": "孩子用我的手机付的。"}
    assert judge.send(f"{home}give/", told).status_code == 409
    complete = family.send(f"{home}give/", told)
    assert (complete.status_code, complete.json()["state"], complete.json()["turn"]) == (200, "given", "lead")
    assert "王小明" not in complete.content.decode(), "the names are sealed"
    proof = Guardian.objects.get().proofs.order_by("pk").first()
    opening = f"{home}proofs/{proof.pk}/open/"
    assert family.send(opening, {"why": "我想看一看这份材料。"}).status_code == 404
    assert judge.send(opening, {"why": "短"}).status_code == 422
    opened = judge.send(opening, {"why": "核对监护人身份后才能裁定。"})
    assert (opened.status_code, opened.content.decode()) == (200, "identity 一二三")
    assert "no-store" in opened["Cache-Control"]
    assert family.send(f"{home}accept/", {"finding": "x"}).status_code == 409
    again = judge.send(f"{home}ask-again/", {"finding": "缺一页。"})
    assert (again.status_code, again.json()["state"], again.json()["finding"]) == (200, "awaited", "缺一页。")
    assert judge.send(f"{home}accept/", {"finding": "材料一致。"}).status_code == 409
    assert family.send(f"{home}give/", told).status_code == 200
    assert judge.send(f"{home}accept/", {"finding": "材料一致。"}).json()["state"] == "accepted"

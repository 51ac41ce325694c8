"""The pages and the API of complaints: who sees what, what is shown before it goes out, the file of 12315."""

from datetime import timedelta
from itertools import count

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from complaints import lifecycle
from complaints.models import Complaint, Word
from refunds import lifecycle as refunds
from timeline import clock

#: One for each call, for all that is asked is kept under it.
KEYS = count()
WHY = "经核对，该卡密在交付前验证有效，且买家已使用，不支持退款。"


def page(name, complaint=None):
    return reverse(f"complaints:{name}", args=[complaint.number] if complaint else [])


def post(client, path, **data):
    answer = client.post(path, data)
    assert answer.status_code == 302, answer.content.decode()[:2000]
    return answer


@pytest.mark.parametrize(
    ("who", "reads"),
    [("agent", True), ("lead", True), ("finance", True), ("auditor", True), ("rich_buyer", False), ("seller", False)],
)
def test_staff_reads_complaints_and_nobody_else(client, request, complaint, who, reads):
    client.force_login(request.getfixturevalue(who))
    for path in (page("queue"), page("complaint", complaint)):
        assert client.get(path).status_code == (200 if reads else 404)
    api = client.get(f"/api/v1/complaints/{complaint.number}/")
    assert api.status_code == (200 if reads else 404)


def test_an_agent_opens_the_case_says_a_word_and_reads_the_answer_before_it_goes_out(client, complaint, agent, seller):
    client.force_login(agent)
    shown = client.get(page("complaint", complaint)).content.decode()
    assert complaint.order.number in shown
    assert "卡密无效" in shown
    post(client, page("take", complaint))
    assert client.post(page("open_case", complaint), {"units": [1]}).status_code == 422
    post(client, page("open_case", complaint), units=[1], reason="CODE_INVALID")
    post(client, page("say", complaint), text="您好，正在核对。")
    undecided = client.get(page("answer", complaint)).content.decode()
    assert 'name="send"' not in undecided
    complaint.refresh_from_db()
    refunds.withdraw(complaint.refund, by=complaint.refund.buyer, at=clock.now())
    answer = client.get(page("answer", complaint))
    given = answer.context["given"]
    assert "已由您本人撤回" in answer.content.decode()
    again = client.post(page("answer", complaint), {"text": "请致电 13912345678"})
    assert "139******78" in again.content.decode()
    assert Word.objects.filter(kind="result").count() == 0
    post(client, page("answer", complaint), send="yes", **given)
    complaint.refresh_from_db()
    assert complaint.state == "answered"
    assert client.get(page("answer", complaint)).status_code == 409


def test_what_is_overdue_happens_before_a_post(client, told, agent, at):
    complaint = lifecycle.hear(told(told_at=at - timedelta(hours=24)), at=at)
    client.force_login(agent)
    client.post(page("take", complaint))
    complaint.refresh_from_db()
    assert complaint.state == "working"
    assert complaint.words.get().by is None


def test_an_order_is_linked_by_hand_where_the_numbers_do_not_say_it(client, told, charged_order, agent, at):
    from complaints import lifecycle

    found = lifecycle.hear(told(trade_no="", txn=""), at=at)
    client.force_login(agent)
    assert client.post(page("link", found), {"order_number": ""}).status_code == 422
    assert client.post(page("link", found), {"order_number": "K0"}).status_code == 409
    post(client, page("link", found), order_number=charged_order.number)
    found.refresh_from_db()
    assert found.order == charged_order


FILE = """投诉编号,投诉时间,联系电话,投诉诉求,涉及金额,投诉内容,订单号
12315-1,2026/11/20 10:00,13800138000,退款,98.00,卡密无效,{order}
12315-2,不是时间,,,,,
12315-1,2026/11/20 10:00,,,,卡密无效,
12315-3,2026-11-20T10:00,,退款,,卡密无效,K0
"""


@pytest.mark.parametrize("coding", ["utf-8-sig", "gb18030"])
def test_the_authority_s_file_is_read_line_by_line(client, charged_order, lead, coding):
    client.force_login(lead)
    data = FILE.format(order=charged_order.number).encode(coding)
    answer = client.post(page("load"), {"file": SimpleUploadedFile("12315.csv", data)})
    assert [line["place"] for line in answer.context["lines"]] == [2, 3, 4, 5]
    found = Complaint.objects.get()
    assert (found.outside_number, found.order, found.asked, found.who) == ("12315-1", charged_order, 9_800, "138****00")


def test_a_paper_for_the_authority_is_answered_handed_in_and_closed(client, charged_order, lead):
    client.force_login(lead)
    given = {"number": "12315-9", "told_at": "2026-11-20T10:00", "text": "卡密无效", "order": charged_order.number}
    assert client.post(page("record"), {**given, "told_at": ""}).status_code == 422
    post(client, page("record"), **given)
    found = Complaint.objects.get()
    shown = client.post(page("answer", found), {"reasons": WHY}).context["given"]
    post(client, page("answer", found), send="yes", **shown)
    pdf = client.get(page("paper", found))
    assert pdf.content.startswith(b"%PDF")
    assert client.get(page("paper", found)).content == pdf.content, "the same facts make the same bytes"
    post(client, page("hand_in", found), word=found.words.get().number)
    assert client.post(page("close", found), {"end": ""}).status_code == 422
    post(client, page("close", found), end="双方和解")
    assert Complaint.objects.get().end == "双方和解"


def call(client, path, data=None):
    key = {"Idempotency-Key": f"k{next(KEYS)}"}
    return client.post(f"/api/v1/complaints/{path}", data or {}, content_type="application/json", headers=key)


def test_each_verb_has_its_twin_in_the_api(client, complaint, charged_order, lead, rich_buyer):
    client.force_login(lead)
    number = complaint.number
    assert [each["number"] for each in client.get("/api/v1/complaints/").json()["results"]] == [number]
    assert call(client, f"{number}/take/").json()["actions"] == ["link", "open_case", "say", "answer"]
    assert call(client, f"{number}/link/", {"order": charged_order.number}).json()["order"] == charged_order.number
    opened = call(client, f"{number}/case/", {"units": [1], "reason": "CODE_INVALID"})
    assert (opened.status_code, opened.json()["refund"]) == (201, charged_order.refunds.get().number)
    assert call(client, f"{number}/say/").json()["words"][0]["kind"] == "word"
    assert call(client, f"{number}/answer/").json()["code"] == "case_undecided"
    refunds.withdraw(charged_order.refunds.get(), by=rich_buyer, at=clock.now())
    shown = call(client, f"{number}/preview/").json()
    assert call(client, f"{number}/answer/", {"sha256": "x"}).json()["code"] == "answer_changed"
    answered = call(client, f"{number}/answer/", {"sha256": shown["sha256"]}).json()
    assert (answered["state"], answered["words"][-1]["text"]) == ("answered", shown["text"])
    given = {"number": "12315-7", "told_at": "2026-11-20T02:00:00Z", "text": "卡密无效"}
    paper = call(client, "", given).json()
    assert (paper["road"], paper["order"]) == ("authority", None)
    assert call(client, f"{paper['number']}/answer/").json()["words"][0]["result"] == "not_ours"
    assert call(client, f"{paper['number']}/hand-in/").json()["words"][0]["sent_at"]
    assert call(client, f"{paper['number']}/close/", {"end": "已告知"}).json()["state"] == "closed"
    client.force_login(rich_buyer)
    assert call(client, "", given).status_code == 404

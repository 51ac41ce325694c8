"""Every act has a page without scripts and a twin in the API, offered to whoever may and refused to the others."""

import pytest
from django.urls import reverse

from disputes import acts, appeals, choices, lifecycle, questions
from disputes.models import Evidence, Neutral, Question
from disputes.states import DisputeState
from disputes.views.acts import SIDES, STAFF
from tests.api.conftest import problem, signed_in
from tests.disputes.sayings import GROUND
from tests.fixtures.people import person

NEUTRAL = {
    "email": "neutral@example.com",
    "name": "张明",
    "organization": "某某调解中心",
    "about": "调解员，无利害关系，固定费用由平台支付",
}


def opened(client, user, dispute):
    """Somebody of the staff with the file open."""
    client.force_login(user)
    client.post(reverse("disputes:open_file", args=[dispute.number]))
    return client


def send(client, dispute, name, words=None, *, on_bench=False):
    address = reverse(f"disputes:{'bench_' if on_bench else ''}{name}", args=[dispute.number])
    return client.post(address, words or {}, follow=True)


def test_pages_and_api_know_every_act():
    from disputes.acts_api import ADDRESSES

    assert set(SIDES) | set(STAFF) == set(acts.ACTS)
    assert {name.replace("-", "_") for name in ADDRESSES} == set(acts.ACTS)


def test_a_side_asks_for_more_time_on_a_page(client, dispute, seller):
    client.force_login(seller)
    page = client.get(reverse("disputes:extend", args=[dispute.number]))
    assert page.status_code == 200
    assert send(client, dispute, "extend", {"need": ""}).status_code == 422
    assert send(client, dispute, "extend", {"need": "away"}).status_code == 200
    dispute.refresh_from_db()
    assert dispute.shop_extended
    assert client.get(reverse("disputes:extend", args=[dispute.number])).status_code == 409


def test_the_arbiter_asks_and_the_buyer_answers_on_pages(client, reviewed, arbiter, rich_buyer):
    opened(client, arbiter, reviewed)
    words = {"whom": "buyer", "kind": "item", "item": "激活录屏", "reason": "证明时间"}
    assert send(client, reviewed, "ask", words, on_bench=True).status_code == 200
    assert Question.objects.get().item == "激活录屏"
    client.force_login(rich_buyer)
    assert "激活录屏" in client.get(reviewed.get_absolute_url()).content.decode()
    assert send(client, reviewed, "answer", {"text": ""}).status_code == 422
    assert send(client, reviewed, "answer", {"text": "已附"}).status_code == 200
    reviewed.refresh_from_db()
    assert reviewed.state == DisputeState.REVIEW


def test_a_proposal_is_made_and_accepted_on_pages(client, large_reviewed, arbiter, rich_buyer, seller):
    opened(client, arbiter, large_reviewed)
    words = {"grant_1": "50.00", "text": "各让一步"}
    assert send(client, large_reviewed, "propose", words, on_bench=True).status_code == 200
    sha256 = large_reviewed.proposals.get().sha256
    for side in (rich_buyer, seller):
        client.force_login(side)
        assert "50.00" in client.get(large_reviewed.get_absolute_url()).content.decode()
        send(client, large_reviewed, "agree", {"sha256": sha256})
    large_reviewed.refresh_from_db()
    assert large_reviewed.outcome == "mediated"


def test_an_appeal_goes_its_whole_way_on_pages(client, large_ruled, rich_buyer, seller, lead, panelists):
    client.force_login(rich_buyer)
    assert send(client, large_ruled, "appeal", {"ground": "rule", "text": "短"}).status_code == 422
    assert send(client, large_ruled, "appeal", {"ground": "rule", "text": GROUND}).status_code == 200
    opened(client, lead, large_ruled)
    assert send(client, large_ruled, "admit", on_bench=True).status_code == 200
    client.force_login(seller)
    assert GROUND[:20] in client.get(reverse("disputes:answer_appeal", args=[large_ruled.number])).content.decode()
    send(client, large_ruled, "answer_appeal", {"text": "裁定无误"})
    for one in panelists:
        opened(client, one, large_ruled)
        words = {"word": "uphold", "reasons": "原裁定认定事实清楚，适用规则正确，应予维持。"}
        assert send(client, large_ruled, "vote", words, on_bench=True).status_code in {200, 404}
    large_ruled.refresh_from_db()
    assert large_ruled.state == DisputeState.CLOSED
    client.force_login(rich_buyer)
    page = client.get(reverse("disputes:ruling", args=[large_ruled.number])).content.decode()
    assert "12315.cn" in page
    assert "panel1" in page, "the votes are read by both sides"


def test_a_case_stands_still_and_goes_on_by_pages(client, dispute, lead, rich_buyer):
    opened(client, lead, dispute)
    send(client, dispute, "suspend", {"because": "court", "reference": "1号"}, on_bench=True)
    client.force_login(rich_buyer)
    assert "1号" in client.get(dispute.get_absolute_url()).content.decode()
    opened(client, lead, dispute)
    send(client, dispute, "renew", {"reason": "法院尚未排期"}, on_bench=True)
    send(client, dispute, "resume", on_bench=True)
    dispute.refresh_from_db()
    assert dispute.state == DisputeState.EVIDENCE


def test_staff_see_networks_once_they_said_why(client, dispute, agent, rich_buyer):
    opened(client, agent, dispute)
    address = reverse("disputes:bench_case", args=[dispute.number])
    assert "203.0.113.0/24" not in client.get(address).content.decode()
    send(client, dispute, "unmask", {"reason": "核对登录网络"}, on_bench=True)
    assert "203.0.113.0/24" in client.get(address).content.decode()


def test_sealed_words_are_on_no_page_and_in_no_answer_of_the_api(client, dispute, rich_buyer, seller, at):
    lifecycle.submit(dispute, text="我没有用过这张卡", by=rich_buyer, at=at)
    client.force_login(seller)
    assert "我没有用过这张卡" not in client.get(dispute.get_absolute_url()).content.decode()
    seen = signed_in(seller).get(f"/api/v1/disputes/{dispute.number}/").json()
    assert not [item for item in seen["evidence"] if item["kind"] == "statement"]


def test_a_stranger_finds_no_act(client, dispute, stranger):
    client.force_login(stranger)
    for name in SIDES:
        assert client.get(reverse(f"disputes:{name}", args=[dispute.number])).status_code == 404
    for name in STAFF:
        assert client.get(reverse(f"disputes:bench_{name}", args=[dispute.number])).status_code == 404


def test_the_public_reads_the_list_of_neutrals_and_a_lead_keeps_it(client, lead, arbiter):
    person("neutral")
    client.force_login(arbiter)
    assert client.get(reverse("disputes:keep_neutrals")).status_code == 404
    client.force_login(lead)
    assert client.post(reverse("disputes:keep_neutrals"), NEUTRAL).status_code == 302
    client.logout()
    assert "某某调解中心" in client.get(reverse("disputes:neutrals")).content.decode()
    assert client.get("/api/v1/neutrals/").json()[0]["name"] == "张明"
    client.force_login(lead)
    client.post(reverse("disputes:delist_neutral", args=[Neutral.objects.get().pk]))
    assert client.get("/api/v1/neutrals/").json() == []


# the API


def address(dispute, verb):
    return f"/api/v1/disputes/{dispute.number}/{verb}/"


def test_more_time_a_question_and_its_answer_through_the_api(dispute, rich_buyer, seller, arbiter, at):
    shop, buyer = signed_in(seller), signed_in(rich_buyer)
    assert shop.send(address(dispute, "extend"), {"need": "supplier"}).json()["state"] == "evidence"
    problem(shop.send(address(dispute, "extend"), {"need": "supplier"}), 409, "extended_already")
    problem(shop.send(address(dispute, "extend"), {"need": "x"}), 422, "invalid")
    for side in (rich_buyer, seller):
        lifecycle.rest(dispute, by=side, at=at)
    judge = signed_in(arbiter)
    words = {"whom": "buyer", "kind": "item", "item": "录屏", "reason": "时间"}
    problem(judge.send(address(dispute, "ask"), words), 409, "file_closed")
    judge.send(address(dispute, "open"))
    assert judge.send(address(dispute, "ask"), words).json()["question"]["item"] == "录屏"
    assert buyer.send(address(dispute, "answer"), {"text": "已附"}).json()["state"] == "review"
    problem(buyer.send(address(dispute, "refuse")), 409, "wrong_moment")


def test_an_appeal_through_the_api(large_ruled, rich_buyer, seller, lead, panelists):
    buyer = signed_in(rich_buyer)
    problem(buyer.send(address(large_ruled, "appeal"), {"ground": "rule", "text": "短"}), 409, "too_short")
    told = buyer.send(address(large_ruled, "appeal"), {"ground": "rule", "text": GROUND}).json()
    assert (told["state"], told["appeal"]["state"]) == ("appealed", "filed")
    head = signed_in(lead)
    head.send(address(large_ruled, "open"))
    assert head.send(address(large_ruled, "admit")).json()["appeal"]["state"] == "answering"
    answered = signed_in(seller).send(address(large_ruled, "answer-appeal"), {"text": "裁定无误"}).json()
    assert answered["appeal"]["state"] == "panel"
    first = signed_in(panelists[0])
    first.send(address(large_ruled, "open"))
    words = {"word": "change", "reasons": "全部责任在店铺一方，应当全额退款。请予改判。", "shares": {"seller": 10_000}}
    assert first.send(address(large_ruled, "vote"), words).status_code == 200
    problem(first.send(address(large_ruled, "vote"), words), 409, "voted_already")


def test_a_comment_on_an_item_through_the_api(reviewed, rich_buyer, seller, at):
    answer = Evidence.objects.get(kind="answer")
    body = {"text": "与事实不符", "about": answer.pk}
    assert signed_in(rich_buyer).send(f"/api/v1/disputes/{reviewed.number}/statements/", body).status_code == 201
    assert Evidence.objects.get(kind="statement").data["about"] == answer.pk
    body["about"] = 999_999
    found = signed_in(seller).send(f"/api/v1/disputes/{reviewed.number}/statements/", body)
    problem(found, 409, "no_such_evidence")


@pytest.mark.parametrize("name", ["appeal", "waive", "agree", "answer"])
def test_nothing_is_offered_that_the_verb_would_refuse(name, dispute, rich_buyer, at):
    assert name not in choices.actions_for(dispute, rich_buyer, at)
    assert appeals.of(dispute) is None
    assert questions.current(dispute) is None

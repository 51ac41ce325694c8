"""The API of disputes: the same verbs, and the same answers to who may not."""

from disputes.models import Dispute, Evidence, Ruling
from disputes.states import DisputeState
from tests.api.conftest import problem, signed_in
from tests.fixtures.disputes import ISSUES, REASONS


def address(dispute, verb=""):
    return f"/api/v1/disputes/{dispute.number}/{verb}"


def words(dispute, **change):
    """A ruling that lacks nothing."""
    file = [
        {"evidence": pk, "weight": "accepted"} for pk in dispute.evidence.values_list("pk", flat=True).order_by("pk")
    ]
    return {
        "shares": {"seller": 6_000, "buyer": 4_000},
        "rule_ids": ["MX-11"],
        "findings": file,
        "issues": ISSUES,
        "reasons": REASONS,
        "departs_because": "双方各有责任。",
        **change,
    }


def test_the_whole_way_through_the_api(dispute, rich_buyer, seller, arbiter, senior):
    buyer, shop = signed_in(rich_buyer), signed_in(seller)
    assert buyer.send(address(dispute, "statements/"), {"text": "没有用过"}).status_code == 201
    buyer.send(address(dispute, "rest/"))
    assert shop.send(address(dispute, "rest/")).json()["state"] == "review"
    judge, second = signed_in(arbiter), signed_in(senior)
    problem(judge.get(address(dispute)), 409, "file_closed")
    assert judge.send(address(dispute, "open/")).json()["actions"][:2] == ["submit", "rule"]
    assert judge.send(address(dispute, "rule/"), words(dispute)).json()["state"] == "signing"
    second.send(address(dispute, "open/"))
    served = second.send(address(dispute, "sign/"), {"agrees": True, "version": 1}).json()
    assert (served["state"], served["ruling"]["award"]) == ("ruled", 5_880)
    seen = buyer.get(address(dispute)).json()
    assert seen["ruling"]["units"][0]["grant"] == 5_880
    assert seen["actions"] == ["appeal", "waive"]


def test_the_same_request_twice_decides_once(reviewed, arbiter, senior):
    judge = signed_in(arbiter)
    judge.send(address(reviewed, "open/"))
    first = judge.send(address(reviewed, "rule/"), words(reviewed), key="once")
    again = judge.send(address(reviewed, "rule/"), words(reviewed), key="once")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.json() == again.json()
    assert reviewed.rulings.count() == 1


def test_a_stranger_finds_nothing(dispute, stranger, second_arbiter):
    for client in (signed_in(stranger), signed_in(second_arbiter)):
        problem(client.get(address(dispute)), 404, "not_found")
        for verb in ("rest/", "withdraw/", "concede/", "open/"):
            problem(client.send(address(dispute, verb)), 404, "not_found")
        assert client.get("/api/v1/disputes/").json()["results"] == []


def test_a_side_out_of_turn_is_told_so(dispute, rich_buyer, seller):
    problem(signed_in(rich_buyer).send(address(dispute, "concede/")), 409, "not_your_turn")
    problem(signed_in(seller).send(address(dispute, "withdraw/")), 409, "not_your_turn")
    problem(signed_in(seller).send(address(dispute, "rule/"), words(dispute)), 409, "not_your_turn")
    problem(signed_in(seller).send(address(dispute, "open/")), 409, "not_your_turn")


def test_what_is_missing_is_said(reviewed, arbiter):
    judge = signed_in(arbiter)
    judge.send(address(reviewed, "open/"))
    found = problem(judge.send(address(reviewed, "rule/"), words(reviewed, findings=[])), 409, "incomplete")
    assert "evidence" in found["detail"]
    problem(
        judge.send(address(reviewed, "rule/"), words(reviewed, grants=[{"place": 2, "amount": 1}])), 409, "incomplete"
    )
    problem(judge.send(address(reviewed, "rule/"), {"shares": {"seller": "x"}}), 422, "invalid")


def test_a_file_of_somebody_else_is_not_added(dispute, rich_buyer):
    body = {"text": "x", "attachments": [4711]}
    problem(signed_in(rich_buyer).send(address(dispute, "statements/"), body), 409, "no_such_file")
    problem(signed_in(rich_buyer).send(address(dispute, "statements/"), {"text": ""}), 422, "invalid")
    assert not Evidence.objects.filter(kind="statement").exists()


def test_a_lead_assigns(waiting_dispute, lead, arbiter, seller):
    client = signed_in(lead)
    client.send(address(waiting_dispute, "open/"))
    problem(client.send(address(waiting_dispute, "assign/"), {"arbiter": seller.pk}), 409, "conflict")
    assert client.send(address(waiting_dispute, "assign/"), {"arbiter": arbiter.pk}).json()["state"] == "evidence"


def test_taking_back_and_giving_in(dispute, rich_buyer):
    assert signed_in(rich_buyer).send(address(dispute, "withdraw/")).json()["outcome"] == "withdrawn"
    assert Dispute.objects.get().state == DisputeState.WITHDRAWN
    problem(signed_in(rich_buyer).send(address(dispute, "withdraw/")), 409, "wrong_moment")


def test_what_is_written_of_a_ruling_is_the_same_draft_on_the_page_and_in_the_api(client, reviewed, arbiter, senior):
    path, api = address(reviewed, "draft/"), signed_in(arbiter)
    assert api.get(path).status_code == 409, "the file is opened first"
    api.send(address(reviewed, "open/"))
    assert api.get(path).status_code == 404, "nothing is kept yet"
    unit = reviewed.refund.items.get().unit
    piece = reviewed.evidence.order_by("pk").first()
    words = {
        "shares": {"seller": 6_000, "buyer": 4_000},
        "grants": [{"place": unit.place, "amount": 5_000}],
        "rule_ids": ["MX-11"],
        "findings": [{"evidence": piece.pk, "weight": "partly", "note": "只看到一半"}],
        "reasons": "写到一半的理由",
    }
    kept = api.send(path, words)
    assert kept.status_code == 200, kept.content
    told = kept.json()
    assert (told["shares"]["seller"], told["grants"]) == (6_000, [{"place": unit.place, "amount": 5_000}])
    assert told["worked_out"]["award"] == 5_000
    assert told["worked_out"]["legs"] == [{"name": "escrow", "amount": 5_000}]
    assert {"reasons", "findings", "issues", "departs"} <= set(told["worked_out"]["missing"])
    client.force_login(arbiter)
    page = client.get(f"/bench/{reviewed.number}/").content.decode()
    assert "写到一半的理由" in page
    assert 'value="50.00"' in page
    client.post(f"/bench/{reviewed.number}/preview/", {"share_seller": "70", "share_buyer": "30", "reasons": "又改了"})
    told = api.get(path).json()
    assert (told["shares"]["seller"], told["reasons"], told["grants"]) == (7_000, "又改了", [])
    for person, status in ((senior, 404), (reviewed.refund.buyer, 409)):
        assert signed_in(person).get(path).status_code == status
    assert Ruling.objects.count() == 0, "nothing is decided"

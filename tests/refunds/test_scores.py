"""What a buyer's score of risk does to a claim: it asks for more or for people, and never changes a sum (rules 6.4)."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from accounts import lifecycle as accounts
from disputes.models import Dispute
from orders.models import Order
from refunds import lifecycle, reasons, triage
from refunds.invariants import CHECKS
from refunds.models import Refund
from reputation.thresholds import thresholds
from rulebook.engine import RISK_CLOSES
from tests.api.conftest import signed_in
from tests.fixtures.cases import claim, units_of
from timeline.models import Event
from timeline.sweep import fire_overdue

#: On each side of every step.
SCORES = (0, 39, 40, 59, 60, 79, 80, 100)


@pytest.fixture
def weighed(rich_buyer, at):
    """`weighed(80)`: reputation has handed down a score."""

    def weigh(score):
        accounts.set_risk(rich_buyer, score, signals=["many_claims"], at=at)
        rich_buyer.refresh_from_db()
        return rich_buyer

    return weigh


def test_what_a_score_does_is_what_is_published():
    told = thresholds().signals
    assert told.asks_proof_from == triage.ASKS_EVIDENCE
    assert told.closes_instant_from == RISK_CLOSES
    assert told.person_only_from == triage.PEOPLE_ONLY


def sums(found):
    """Everything in a preview that is money."""
    return (
        *(found.figure, found.fee, found.compensation, found.instant_cap),
        *((part.entitled, part.fee, part.decision.refund, part.decision.compensation) for part in found.parts),
    )


@pytest.mark.parametrize("situation", ["order", "revealed", "bad_unit", "good_unit", "undelivered_order"])
def test_no_sum_ever_follows_from_a_score(situation, request, rich_buyer, at):
    thing = request.getfixturevalue(situation)
    order = Order.objects.get(pk=thing.pk if isinstance(thing, Order) else thing.order_id)
    unit, asked = units_of(order)[0], 0
    for reason in reasons.offered(order.snapshot.listing.kind, unit):
        found = {}
        for score in SCORES:
            rich_buyer.risk = score
            found[score] = sums(triage.preview(order, [unit], reason, buyer=rich_buyer, at=at))
        assert len(set(found.values())) == 1, (reason, found)
        asked += found[0][0]
    assert asked, "something was given at all"


# From 40 on


def needed(order, buyer, reason):
    told = {"order": order.number, "reason": reason, "places": "1"}
    answer = signed_in(buyer).get("/api/v1/refunds/preview/", told)
    assert answer.status_code == 200, answer.content
    return [row["goes_to"] for row in answer.json()["needed"]]


@pytest.mark.parametrize(("score", "more"), [(0, []), (39, []), (40, ["attachments"]), (100, ["attachments"])])
def test_from_forty_on_a_file_is_asked_for(order, revealed, weighed, score, more):
    buyer = weighed(score)
    assert needed(order, buyer, "CODE_INVALID") == ["error_code", "text", *more]
    assert needed(order, buyer, "SELLER_ABSCONDED") == more, "of others nothing is asked"
    assert needed(order, buyer, "CHANGE_OF_MIND") == [], "there is nothing to show"


def test_what_our_records_prove_is_asked_of_nobody(order, bad_unit, weighed):
    assert needed(order, weighed(100), "CODE_INVALID") == []


def test_the_page_asks_for_the_file_says_why_and_goes_on_without_it(client, order, revealed, weighed):
    client.force_login(weighed(40))
    page = reverse("refunds:claim_facts", args=[order.number])
    client.post(reverse("refunds:claim", args=[order.number]), {"reason": "CODE_INVALID", "places": ["1"]})

    def rows():
        shown = client.get(page, headers={"accept-language": "en"})
        assert "Because of signals on your account we ask you for a file." in shown.content.decode()
        return {row.goes_to: row.is_there for row in shown.context["checklist"]}

    assert rows() == {"error_code": False, "text": False, "attachments": False}
    client.post(page, {"text": "提示卡密无效。", "stay": "1"})
    assert rows() == {"error_code": False, "text": True, "attachments": False}, "words are no file"
    seen = SimpleUploadedFile("seen.txt", "无法激活".encode(), content_type="text/plain")
    client.post(page, {"text": "提示卡密无效。", "file": seen, "stay": "1"})
    assert rows() == {"error_code": False, "text": True, "attachments": True}


def test_who_is_not_asked_for_a_file_reads_nothing_of_signals(client, order, revealed, weighed):
    client.force_login(weighed(39))
    client.post(reverse("refunds:claim", args=[order.number]), {"reason": "CODE_INVALID", "places": ["1"]})
    for name in ("claim_facts", "claim_result"):
        shown = client.get(reverse(f"refunds:{name}", args=[order.number]), headers={"accept-language": "en"})
        assert "signals on your account" not in shown.content.decode()


# From 80 on


@pytest.mark.parametrize(("score", "state"), [(0, "refunded"), (79, "refunded"), (80, "requested")])
def test_from_eighty_on_no_machine_pays_and_a_person_pays_the_same(bad_unit, weighed, seller, at, score, state):
    refund = claim(bad_unit, "CODE_INVALID", by=weighed(score), at=at)
    assert refund.state == state
    if state == "requested":
        assert Event.objects.get(name="refund.requested", subject=refund.address).data["figure"] == 9_800
        lifecycle.accept(refund, by=seller, at=at)
    assert (refund.state, refund.approved) == ("refunded", 9_800)


@pytest.mark.parametrize(("score", "state"), [(0, "refunded"), (40, "refunded"), (79, "refunded"), (80, "disputed")])
def test_silence_of_the_shop_pays_up_to_seventy_nine_with_or_without_a_file(revealed, weighed, at, score, state):
    refund = claim(revealed, "CODE_INVALID", by=weighed(score), at=at)
    assert refund.asked == 9_800
    assert refund.deadline_at is not None
    fire_overdue(refund.root_address, at=refund.deadline_at)
    refund.refresh_from_db()
    assert (refund.state, refund.approved) == (state, 9_800 if state == "refunded" else None)


def test_from_eighty_on_no_machine_says_no_either(order, revealed, weighed, at):
    """A new buyer who looked at the code gets nothing by rule; others hear that from a machine first."""
    refund = claim(revealed, "CHANGE_OF_MIND", by=weighed(80), at=at)
    assert (refund.state, refund.asked, refund.is_predecision) == ("disputed", 0, False)
    assert not Dispute.objects.get(refund=refund).is_urgent
    assert not Event.objects.filter(name="refund.predecided").exists()


def test_below_eighty_a_machine_says_no_with_a_person_one_click_away(order, revealed, weighed, at):
    refund = claim(revealed, "CHANGE_OF_MIND", by=weighed(79), at=at)
    assert (refund.state, refund.is_predecision) == ("declined", True)


@pytest.mark.breaks_books
def test_the_books_name_what_a_machine_paid_where_people_alone_decide(bad_unit, weighed, at):
    refund = claim(bad_unit, "CODE_INVALID", by=weighed(0), at=at)
    Refund.objects.filter(pk=refund.pk).update(decision=refund.decision | {"is_people_only": True})
    check = next(sql for name, sql in CHECKS.items() if name.startswith("nothing is approved by silence"))
    with connection.cursor() as cursor:
        cursor.execute(check)
        assert cursor.fetchall() == [(refund.address,)]


def test_the_buyer_reads_beforehand_that_people_decide(client, order, bad_unit, weighed):
    buyer = weighed(80)
    client.force_login(buyer)
    client.post(reverse("refunds:claim", args=[order.number]), {"reason": "CODE_INVALID", "places": ["1"]})
    shown = client.get(reverse("refunds:claim_result", args=[order.number]), headers={"accept-language": "en"})
    said = shown.content.decode()
    assert "no machine decides about your claims" in said
    assert "If the shop stays silent, the platform decides." in said
    assert "paid back at once" not in said
    told = {"order": order.number, "reason": "CODE_INVALID", "places": "1"}
    found = signed_in(buyer).get("/api/v1/refunds/preview/", told).json()
    assert (found["figure"], found["lane"], found["is_paid_by_silence"]) == (9_800, "asked", False)


def test_the_shop_reads_nothing_of_a_score_in_the_file_of_a_dispute(order, bad_unit, weighed, arbiter, seller, at):
    refund = claim(bad_unit, "CODE_INVALID", by=weighed(80), at=at)
    assert refund.decision["parts"][0]["facts"]["buyer_risk"] == 80
    assert refund.deadline_at is not None
    fire_overdue(refund.root_address, at=refund.deadline_at)
    dispute = Dispute.objects.get(refund=refund)
    bodies = [piece.body for piece in dispute.evidence.order_by("pk")]
    assert any('"figure":9800' in body for body in bodies), "what the rulebook said is in it"
    assert not any("buyer_risk" in body or "is_people_only" in body for body in bodies)
    assert Refund.objects.get(pk=refund.pk).needs_a_person()

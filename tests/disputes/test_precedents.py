"""Every ruling becomes a precedent: found by likeness, read by everybody without names, and decided again by lot."""

import html
import re
from datetime import timedelta

import pytest
from django.urls import reverse

from disputes import lifecycle, precedents, rulings
from disputes.models import Precedent, SecondLook
from refunds.models import RefundItem
from tests import queries, weight
from tests.disputes.test_appeals import before_the_panel, voted
from tests.fixtures.disputes import REASONS
from tests.fixtures.people import staff
from timeline.models import Event
from timeline.refusals import Refused


@pytest.fixture
def recorded(ruled, at):
    """The precedent of a ruling that gave 60 % back."""
    assert precedents.record(at=at) == 1
    return Precedent.objects.get()


def alike(recorded, *outcomes, **change):
    """Other cases like it that were decided with these parts of the money going back."""
    copies = []
    for outcome in outcomes:
        ruling = recorded.ruling
        fields = {each.attname: getattr(ruling, each.attname) for each in ruling._meta.concrete_fields}
        again = type(ruling)(**fields)
        again.pk, again.version, again.is_final = None, ruling.dispute.rulings.count() + 1, False
        again.save(force_insert=True)
        mine = {each.attname: getattr(recorded, each.attname) for each in recorded._meta.concrete_fields}
        copies.append(Precedent(**{**mine, "id": None, "ruling_id": again.pk, "returned_bp": outcome, **change}))
    return Precedent.objects.bulk_create(copies)


def features(dispute):
    items = RefundItem.objects.filter(refund=dispute.refund).select_related("unit").order_by("pk")
    return precedents.features_of(dispute, list(items))


# recording


def test_a_ruling_is_stored_as_features_and_outcome(ruled, recorded):
    assert (recorded.reason, recorded.kind, recorded.deliveries) == ("CODE_INVALID", "ACTIVATION_CODE", ["revealed"])
    assert (recorded.paid, recorded.asked, recorded.award, recorded.returned_bp) == (9_800, 9_800, 5_880, 6_000)
    assert recorded.rule_ids == ["MX-11"]
    assert not recorded.leaves


def test_it_is_stored_once_and_a_draft_never(ruled, recorded, at):
    assert precedents.record(at=at) == 0


def test_a_draft_is_no_precedent(signing, at):
    assert precedents.record(at=at) == 0


# nearest


def test_the_nearest_five_and_their_range(recorded, ruled):
    alike(recorded, 0, 4_000, 5_000, 10_000)
    found = precedents.near(features(ruled))
    assert sorted(each.returned_bp for each in found.cases) == [0, 4_000, 5_000, 6_000, 10_000]
    assert (found.low, found.high) == (4_000, 6_000)
    assert found.is_left_by(3_999)
    assert found.is_left_by(6_001)
    assert not found.is_left_by(4_000)


def test_what_is_less_like_it_comes_later(recorded, ruled):
    alike(recorded, 1_000, deliveries=["sealed"])
    alike(recorded, 2_000, paid=9_800_000)
    alike(recorded, 3_000)
    assert [each.returned_bp for each in precedents.near(features(ruled)).cases] == [3_000, 6_000, 2_000, 1_000]


def test_another_reason_is_no_precedent_and_neither_is_what_a_panel_changed(recorded, ruled):
    alike(recorded, 1_000, reason="NOT_DELIVERED")
    [changed] = alike(recorded, 2_000)
    changed.ruling.is_superseded = True
    changed.ruling.save(update_fields=["is_superseded"])
    assert [each.returned_bp for each in precedents.near(features(ruled)).cases] == [6_000]


def test_two_cases_make_no_range(recorded, ruled):
    alike(recorded, 0)
    found = precedents.near(features(ruled))
    assert (len(found.cases), found.low, found.is_left_by(10_000)) == (2, None, False)


def test_it_is_one_query_for_one_precedent_and_for_many(recorded, ruled, expect_queries):
    wanted = features(ruled)
    for _round in range(2):
        with expect_queries(1):
            precedents.near(wanted)
        alike(recorded, *range(0, 8_000, 1_000)) if _round == 0 else None


# departures


@pytest.fixture
def next_case(recorded, order, rich_buyer, seller, at):
    """A second case like the first, which is to be ruled after four that gave everything back."""
    from disputes.models import Dispute
    from refunds import lifecycle as refunds
    from tests.fixtures.disputes import declined

    alike(recorded, 10_000, 10_000, 10_000, 10_000)
    refund = declined(order, rich_buyer, at=at, places=(2,))
    refunds.escalate(refund, by=rich_buyer, at=at)
    dispute = Dispute.objects.get(refund=refund)
    lifecycle.rest(dispute, by=rich_buyer, at=at)
    lifecycle.rest(dispute, by=seller, at=at)
    return dispute


def test_who_leaves_the_range_says_why(next_case, draft_of, at):
    silent = draft_of(next_case, departs_because="")
    assert "precedents" in rulings.prepare(next_case, silent).missing
    with pytest.raises(Refused, match="incomplete"):
        lifecycle.rule(next_case, silent, by=next_case.arbiter, at=at)
    ruling = lifecycle.rule(next_case, draft_of(next_case), by=next_case.arbiter, at=at)
    assert ruling.departs_because


def test_inside_the_range_nothing_is_asked(next_case, draft_of):
    whole = {"platform": 0, "seller": 10_000, "upstream": 0, "buyer": 0}
    assert "precedents" not in rulings.prepare(next_case, draft_of(next_case, shares=whole)).missing


def test_rules_beat_precedents(next_case, recorded, draft_of):
    alike(recorded, 0, 0, 0, 0, 0)
    by_rules = {"platform": 0, "seller": 10_000, "upstream": 0, "buyer": 0}
    prepared = rulings.prepare(next_case, draft_of(next_case, shares=by_rules, departs_because=""))
    assert prepared.award == prepared.rulebook, "what the rules give"
    assert not {"precedents", "departs"} & set(prepared.missing), "however the nearest cases came out"
    other = rulings.prepare(next_case, draft_of(next_case, departs_because=""))
    assert "precedents" in other.missing


def test_who_leaves_the_range_where_the_rules_give_no_figure_is_read_by_both_sides(
    client, next_case, draft_of, rich_buyer, at
):
    next_case.refund.__class__.objects.filter(pk=next_case.refund_id).update(route="HUMAN")
    next_case.refund.refresh_from_db()
    why = "本案无规则计算值，且与相近案件不同：商家当场认错。"
    ruling = lifecycle.rule(next_case, draft_of(next_case, departs_because=why), by=next_case.arbiter, at=at)
    assert not ruling.departs
    client.force_login(rich_buyer)
    address = reverse("disputes:ruling", args=[next_case.number])
    page = client.get(address, headers={"accept-language": "en"}).content.decode()
    assert "Why it is decided unlike the nearest cases" in page
    assert why in page


def test_whoever_signs_sees_the_nearest_too(client, signing, senior, at):
    lifecycle.open_file(signing, by=senior, at=at)
    client.force_login(senior)
    page = client.get(reverse("disputes:bench_case", args=[signing.number]), headers={"accept-language": "en"})
    assert "The nearest cases" in page.content.decode()


def test_what_a_panel_changed_is_marked_and_leads_to_what_stands_now(
    client, large_ruled, rich_buyer, seller, lead, senior, panelists, at
):
    precedents.record(at=at)
    appeal = before_the_panel(large_ruled, rich_buyer, seller, lead, at)
    voted(appeal, panelists, [0, 1_000, "uphold"], at)
    precedents.record(at=at)
    old, new = Precedent.objects.order_by("pk")
    assert (old.returned_bp, new.returned_bp) == (8_000, 9_000)
    assert list(precedents.near(features(large_ruled)).cases) == [new], "new cases are led by the new line alone"
    Precedent.objects.update(at=at - timedelta(days=31))
    page = client.get(reverse("disputes:digest"), headers={"accept-language": "en"}).content.decode()
    assert "<s>80%</s> 90%" in page
    assert "changed by a panel" in page
    first, second = client.get("/api/v1/precedents/digest/").json()["results"]
    assert (first["changed"], first["instead_bp"]) == (False, None)
    assert (second["changed"], second["instead_bp"]) == (True, 9_000)
    client.force_login(senior)
    assert "→ " in client.get(reverse("disputes:precedents")).content.decode()
    told = client.get("/api/v1/precedents/").json()["results"]
    assert [row["instead"] for row in told] == [None, new.ruling.seal.number]


def test_the_workbench_shows_the_nearest(client, next_case, at):
    client.force_login(next_case.arbiter)
    lifecycle.open_file(next_case, by=next_case.arbiter, at=at)
    page = client.get(reverse("disputes:bench_case", args=[next_case.number])).content.decode()
    assert "100%" in page
    assert Precedent.objects.order_by("pk").first().ruling.seal.number in page


# the lists


def test_the_staff_search_and_nobody_else_does(client, recorded, arbiter, buyer):
    client.force_login(arbiter)
    address, number = reverse("disputes:precedents"), recorded.ruling.seal.number
    for asked, is_there in (
        ({}, True),
        ({"reason": "CODE_INVALID", "kind": "ACTIVATION_CODE", "rule": "MX-11"}, True),
        ({"number": number}, True),
        ({"reason": "NOT_DELIVERED"}, False),
        ({"rule": "MX-1"}, False),
    ):
        page = client.get(address, asked).content.decode()
        assert (f'/rulings/{number}/paper/">{number}</a>' in page) == is_there, asked
    other = staff("arbiter", at=recorded.at, name="other")
    client.force_login(other)
    page = client.get(address).content.decode()
    assert number in page
    assert f"/rulings/{number}/paper/" not in page, "who does not see the case does not read its reasons"
    client.force_login(buyer)
    assert client.get(address).status_code == 404
    assert client.get("/api/v1/precedents/").status_code == 404


def test_everybody_reads_the_digest_after_thirty_days_and_nobody_in_it(client, recorded, ruled):
    address = reverse("disputes:digest")
    assert "60%" not in client.get(address).content.decode()
    Precedent.objects.update(at=recorded.at - timedelta(days=30))
    page = client.get(address).content.decode()
    assert "60%" in page
    order = ruled.refund.order
    told = client.get("/api/v1/precedents/digest/").content.decode()
    for secret in (order.number, ruled.number, order.shop.name, recorded.ruling.seal.number, REASONS, "98.00"):
        assert secret not in page
        assert secret not in told


@pytest.mark.parametrize("who", ["everybody", "staff"])
def test_a_long_list_is_told_in_parts_that_ask_as_often_as_one_row_does(client, recorded, arbiter, at, who):
    if who == "staff":
        client.force_login(arbiter)
    address = reverse("disputes:digest" if who == "everybody" else "disputes:precedents")
    month_ago = recorded.at - timedelta(days=31)
    Precedent.objects.update(at=month_ago)
    client.get(address)  # a session's first page asks once more
    with queries.recorded() as one:
        client.get(address)
    alike(recorded, *range(1, 120), reason="CODE_INVALID", at=month_ago)
    seen, page = [], client.get(address, {"reason": "CODE_INVALID"})
    for most in (50, 50, 20):
        seen += [row["precedent"].pk for row in page.context["rows"]]
        assert len(page.context["rows"]) == most
        assert weight.transferred(page) < weight.MOST
        if most == 50:
            (way_on,) = re.findall(r'href="\?([^"#]*before=[^"#]+)', page.content.decode())
            assert (str(recorded.at.year) in way_on) == (who == "staff"), "its moment tells everybody which case it was"
            assert who == "everybody" or "reason=CODE_INVALID" in way_on, "what was looked for stays"
            with queries.recorded() as asked:
                page = client.get(f"{address}?{html.unescape(way_on)}")
            assert len(asked) == len(one), asked
    assert not page.context["part"].next
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 120


# second looks


@pytest.fixture
def look(ruled, second_arbiter, at, monkeypatch):
    """The ruling was drawn, and somebody who never had to do with it is asked."""
    monkeypatch.setattr(precedents, "SAMPLE", 1)
    precedents.record(at=at)
    return SecondLook.objects.get()


def test_somebody_else_is_asked_who_does_not_see_the_ruling(client, look, second_arbiter, ruled):
    assert look.user == second_arbiter
    client.force_login(second_arbiter)
    page = client.get(reverse("disputes:second_look", args=[look.pk])).content.decode()
    assert "显示已被使用" in page
    assert REASONS not in page
    assert "58.80" not in page


def test_one_in_twenty_is_drawn_by_what_nobody_chose(recorded):
    seal = recorded.ruling.seal
    drawn = 0
    for number in range(2_000):
        seal.sha256 = f"{number * 2_654_435_761 % 2**32:08x}"
        drawn += precedents.is_drawn(recorded.ruling)
    assert 80 <= drawn <= 120


def test_the_second_look_counts_for_the_agreement_and_nothing_follows(look, second_arbiter, ruled, arbiter, at):
    with pytest.raises(Refused, match="not_your_turn"):
        precedents.look_again(look, returned_bp=0, note_text="x", by=arbiter, at=at)
    precedents.look_again(look, returned_bp=5_500, note_text="各半", by=second_arbiter, at=at)
    assert precedents.agreement().agreed_bp == 10_000
    assert Event.objects.filter(name="dispute.second_look_given", by=second_arbiter).count() == 1
    with pytest.raises(Refused, match="wrong_moment"):
        precedents.look_again(look, returned_bp=0, note_text="x", by=second_arbiter, at=at)


def test_the_figure_counts_out_chance():
    assert precedents.kappa([]) is None
    assert precedents.kappa([(0, 0), (0, 0)]) is None
    assert precedents.kappa([(0, 0), (2, 2)]) == 10_000
    assert precedents.kappa([(0, 2), (2, 0)]) == -10_000
    assert precedents.kappa([(0, 0), (0, 2), (2, 0), (2, 2)]) == 0


def test_it_is_given_on_the_page_and_in_the_api(client, look, second_arbiter, stranger):
    address = reverse("disputes:second_look", args=[look.pk])
    client.force_login(stranger)
    assert client.get(address).status_code == 404
    client.force_login(second_arbiter)
    assert client.post(address, {"returned_bp": "120", "note": "x"}).status_code == 422
    headers = {"Idempotency-Key": "1"}
    told = {"returned_bp": 6_000, "note": "同意"}
    answer = client.post(f"/api/v1/second-looks/{look.pk}/", told, content_type="application/json", headers=headers)
    assert answer.json()["returned_bp"] == 6_000, answer.json()
    assert client.post(address, {"returned_bp": "60", "note": "x"}).status_code in {302, 409}

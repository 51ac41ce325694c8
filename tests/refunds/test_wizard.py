"""The claim wizard: all reasons, what to try first, what is still needed, bulk claims, files, drafts."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from orders import attachments
from orders.models import Unit
from refunds import lifecycle, words
from refunds.forms import places_of
from refunds.models import ClaimDraft, Refund
from refunds.views.cases import steps
from tests.fixtures.cases import claim, units_of

ENGLISH = {"accept-language": "en"}


def address(name, thing, **more):
    return reverse(f"refunds:{name}", kwargs={"number": thing.number, **more})


@pytest.fixture
def as_buyer(client, rich_buyer):
    client.force_login(rich_buyer)
    return client


def text(answer):
    return answer.content.decode()


def begin(client, order, reason, places):
    return client.post(address("claim", order), {"reason": reason, "places": [str(place) for place in places]})


def test_the_reasons_are_grouped_and_say_what_to_try_first(as_buyer, order, revealed):
    page = as_buyer.get(address("claim", order), headers={"accept-language": "en"})
    codes = {tile["code"] for group in page.context["groups"] for tile in group["tiles"]}
    assert {"CODE_INVALID", "REGION_MISMATCH", "MINOR_PURCHASE", "BUYER_DEVICE", "FRAUD"} <= codes
    assert "ACCOUNT_RECOVERED" not in codes, "no account was sold"
    assert "OUT_OF_STOCK" not in codes, "it came"
    assert "look alike" in text(page)


def test_what_helped_ends_the_draft_and_nothing_is_filed(as_buyer, order, revealed):
    begin(as_buyer, order, "CODE_INVALID", [1])
    step = as_buyer.post(address("claim_discard", order))
    assert step.url == reverse("orders:detail", args=[order.number])
    assert not ClaimDraft.objects.exists()
    assert not Refund.objects.exists()


def test_a_draft_survives_a_closed_browser(as_buyer, order, revealed, rich_buyer):
    """Begun on a phone with a file, and gone on with a day later on another device: nothing has to be told again."""
    begin(as_buyer, order, "CODE_INVALID", [1])
    note = SimpleUploadedFile("note.txt", "无法激活".encode(), content_type="text/plain")
    as_buyer.post(address("claim_facts", order), {"text": "提示已被使用", "file": note})
    as_buyer.cookies.clear()
    elsewhere = Client()
    elsewhere.force_login(rich_buyer)
    page = text(elsewhere.get(address("claim_facts", order)))
    assert "提示已被使用" in page
    assert "note.txt" in page
    assert not Refund.objects.exists()


def test_what_is_sent_after_the_draft_is_gone_leads_back_to_its_beginning(as_buyer, order, revealed, monkeypatch):
    begin(as_buyer, order, "CODE_INVALID", [1])
    attach = attachments.attach

    def thrown_away_meanwhile(*args, **kwargs):
        as_buyer.post(address("claim_discard", order))
        return attach(*args, **kwargs)

    monkeypatch.setattr(attachments, "attach", thrown_away_meanwhile)
    note = SimpleUploadedFile("note.txt", "无法激活".encode(), content_type="text/plain")
    step = as_buyer.post(address("claim_facts", order), {"text": "x", "file": note})
    assert step.url == address("claim", order)
    assert not ClaimDraft.objects.exists()


def test_a_fact_that_only_the_buyer_knows_is_asked_for_and_marked_as_their_word(as_buyer, order, revealed):
    begin(as_buyer, order, "PRICE_DISPUTE", [1])
    page = as_buyer.get(address("claim_facts", order))
    assert 'name="should_pay_fen"' in text(page)
    assert 'name="platform_proof"' not in text(page)
    step = as_buyer.post(address("claim_facts", order), {"should_pay_fen": "90.00", "text": ""})
    page = as_buyer.get(step.url, headers={"accept-language": "en"})
    assert page.context["figure"] == 800
    assert page.context["claimed"] == ["should_pay_fen"]
    as_buyer.post(address("claim_result", order), {"expected": "800", "amount": "8"})
    refund = Refund.objects.get()
    assert refund.decision["stated"]["facts"] == {"should_pay_fen": 9_000}
    assert refund.state == "requested"


def test_what_cannot_be_is_said_beside_the_question(as_buyer, bought):
    order = bought("MEMBERSHIP", delivered_by="shop")
    from orders.models import Unit

    Unit.objects.filter(order=order).update(delivery="partial", delivered_at=order.paid_at)
    begin(as_buyer, order, "MEMBERSHIP_INTERRUPTED", [1])
    page = as_buyer.post(address("claim_facts", order), {"consumed": "40", "total": "30"})
    assert page.status_code == 422
    assert "consumed" in page.context["form"].errors


def test_an_error_code_is_asked_for_where_it_helps_and_kept(as_buyer, order, revealed):
    begin(as_buyer, order, "CODE_INVALID", [1])
    as_buyer.post(address("claim_facts", order), {"error_code": "E-1001", "text": ""})
    assert "E-1001" in text(as_buyer.get(address("claim_result", order)))
    as_buyer.post(address("claim_result", order), {"expected": "9800", "amount": "98"})
    assert Refund.objects.get().decision["stated"]["error_code"] == "E-1001"


def test_another_reason_forgets_what_was_stated_for_the_first(as_buyer, order, revealed):
    begin(as_buyer, order, "CODE_INVALID", [1])
    as_buyer.post(address("claim_facts", order), {"error_code": "E-1001", "text": ""})
    begin(as_buyer, order, "WRONG_ITEM", [1])
    assert ClaimDraft.objects.get().stated == {}


def test_several_files_at_once_and_one_left_out_again(as_buyer, order, revealed, settings, tmp_path):
    begin(as_buyer, order, "CODE_INVALID", [1])
    files = [SimpleUploadedFile(f"{name}.txt", name.encode(), content_type="text/plain") for name in "ab"]
    as_buyer.post(address("claim_facts", order), {"text": "", "file": files, "stay": "1"})
    draft = ClaimDraft.objects.get()
    names = [each.name for each in draft.attachments.order_by("pk")]
    assert names == ["a.txt", "b.txt"]
    first = draft.attachments.order_by("pk").first()
    as_buyer.post(address("claim_leave_out", order, pk=first.pk))
    assert [each.name for each in draft.attachments.order_by("pk")] == ["b.txt"]


def test_a_family_is_told_to_keep_its_papers_back_until_they_can_be_sealed(as_buyer, order, revealed):
    """What is added to a claim the shop reads; the guardian's papers it never does."""
    begin(as_buyer, order, "MINOR_PURCHASE", [1])
    assert "sealed, on a page of their own" in text(as_buyer.get(address("claim_facts", order), headers=ENGLISH))
    begin(as_buyer, order, "CODE_INVALID", [1])
    assert "sealed, on a page of their own" not in text(as_buyer.get(address("claim_facts", order), headers=ENGLISH))


def test_a_case_that_the_shop_was_never_asked_about_does_not_say_that_it_answered(
    order, revealed, rich_buyer, seller, at
):
    urgent = claim(revealed, "MINOR_PURCHASE", by=rich_buyer, at=at)
    assert [step["status"] for step in steps(urgent)] == ["done", "skipped", "now", "ahead", "ahead"]
    asked = claim(units_of(order)[1], "NOT_AS_DESCRIBED", text="与商品说明不符。", by=rich_buyer, at=at)
    lifecycle.decline(asked, code="other", rule="MX-42", text="我们这边显示可用。", by=seller, at=at)
    lifecycle.escalate(asked, by=rich_buyer, at=at)
    assert [step["status"] for step in steps(asked)] == ["done", "done", "now", "ahead", "ahead"]


def test_urgent_reasons_say_what_happens(as_buyer, order, revealed):
    begin(as_buyer, order, "MINOR_PURCHASE", [1])
    page = as_buyer.get(address("claim_result", order))
    assert page.context["until"] is None
    step = as_buyer.post(address("claim_result", order), {"expected": "9800", "amount": "98"})
    assert Refund.objects.get().state == "disputed"
    assert step.status_code == 302


# bulk


@pytest.mark.parametrize(
    ("written", "places"),
    [("1-3, 7", [1, 2, 3, 7]), ("3-1", [1, 2, 3]), ("5、6", [5, 6]), ("", []), ("2 - 4", [2, 3, 4])],
)
def test_places_are_written_as_people_write_them(written, places):
    assert places_of(written) == places


@pytest.mark.parametrize("written", ["a", "1-", "1-2-3", "-5"])
def test_places_that_nobody_can_read_are_refused(written):
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError):
        places_of(written)


def test_hundreds_of_units_are_one_claim_with_a_result_for_each(as_buyer, big_order):
    order = big_order(200)
    page = as_buyer.get(address("claim", order))
    assert page.context["is_bulk"]
    as_buyer.post(address("claim", order), {"reason": "CHANGE_OF_MIND", "run": "1-150, 200"})
    assert len(ClaimDraft.objects.get().places) == 151
    as_buyer.post(address("claim", order), {"reason": "CHANGE_OF_MIND", "all": "1"})
    page = as_buyer.get(address("claim_result", order))
    figure = page.context["figure"]
    as_buyer.post(address("claim_result", order), {"expected": str(figure), "amount": f"{figure // 100}"})
    refund = Refund.objects.get()
    assert refund.items.count() == 200
    assert sum(refund.items.values_list("asked", flat=True)) == refund.asked


def test_places_outside_the_order_are_named(as_buyer, big_order):
    order = big_order(20)
    page = as_buyer.post(address("claim", order), {"reason": "CHANGE_OF_MIND", "run": "1-30"})
    assert page.status_code == 422
    assert "21" in text(page)
    assert units_of(order)


@pytest.mark.parametrize(("wish", "state"), [("reissue", "checking"), ("money", "refunded"), ("", "refunded")])
def test_the_last_step_asks_what_the_buyer_would_rather_have(as_buyer, order, bad_unit, wish, state):
    begin(as_buyer, order, "CODE_INVALID", [1])
    as_buyer.post(address("claim_facts", order), {"text": "提示无效"})
    assert 'name="prefers" value="reissue"' in text(as_buyer.get(address("claim_result", order)))
    as_buyer.post(address("claim_result", order), {"expected": "9800", "amount": "98", "prefers": wish})
    refund = Refund.objects.get()
    assert (refund.prefers, refund.state) == (wish or "money", state)


def test_who_changes_their_mind_is_not_asked_for_a_wish(as_buyer, order):
    begin(as_buyer, order, "CHANGE_OF_MIND", [1])
    as_buyer.post(address("claim_facts", order), {"text": "不需要了"})
    assert 'name="prefers"' not in text(as_buyer.get(address("claim_result", order)))


def test_the_arithmetic_of_a_second_claim_says_what_went_back_in_the_first(
    as_buyer, order, revealed, rich_buyer, seller, at
):
    """¥50.00 of ¥98.00 went back: the lines add up to what is left, and the shop carries no more than that."""
    first = claim(revealed, "CODE_INVALID", amount=5_000, by=rich_buyer, at=at)
    lifecycle.accept(first, by=seller, at=at)
    unit = Unit.objects.get(pk=revealed.pk)
    found = lifecycle.preview(order, [unit], "NOT_AS_DESCRIBED", buyer=rich_buyer, at=at)
    decision = found.record()
    assert found.figure == 4_800
    assert sum(line["amount"] or 0 for line in words.lines(decision)) == 4_800
    assert [row["amount"] for row in words.payers(decision)] == [4_800]
    begin(as_buyer, order, "NOT_AS_DESCRIBED", [1])
    page = as_buyer.get(address("claim_result", order), headers={"accept-language": "en"})
    assert "Of this, ¥50.00 went back already, in an earlier case." in text(page)

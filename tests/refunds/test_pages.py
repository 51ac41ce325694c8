"""The pages of refunds: the claim in three steps, the case for both sides, the shop's queue."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from orders import delivery
from orders import lifecycle as orders
from orders.models import Order
from refunds import lifecycle
from refunds.models import ClaimDraft, Refund
from tests import weight
from tests.fixtures.cases import claim, units_of
from tests.queries import recorded
from timeline.refusals import Refused


def address(name, thing):
    return reverse(f"refunds:{name}", kwargs={"number": thing.number})


@pytest.fixture
def as_buyer(client, rich_buyer):
    client.force_login(rich_buyer)
    return client


@pytest.fixture
def as_shop(client, seller):
    client.force_login(seller)
    return client


def text(answer):
    return answer.content.decode()


# the wizard


def test_a_claim_is_filed_in_three_steps(as_buyer, order, revealed):
    step = as_buyer.get(address("claim", order))
    assert "CODE_INVALID" in text(step)
    assert "NOT_DELIVERED" in text(step), "two units are sealed"
    step = as_buyer.post(address("claim", order), {"reason": "CODE_INVALID", "places": ["1"]})
    assert step.url == address("claim_facts", order)
    assert "facts" in text(as_buyer.get(step.url))
    step = as_buyer.post(step.url, {"text": "提示无效"})
    assert step.url == address("claim_result", order)
    page = text(as_buyer.get(step.url))
    assert "¥98.00" in page
    assert "MX-03" in page
    assert not Refund.objects.exists(), "nothing is filed before the one button"
    step = as_buyer.post(step.url, {"expected": "9800", "amount": "98.00"})
    refund = Refund.objects.get()
    assert step.url == refund.get_absolute_url()
    assert (refund.text, refund.asked) == ("提示无效", 9_800)
    assert not ClaimDraft.objects.exists()


def test_what_was_told_survives_a_closed_browser(as_buyer, order, revealed, rich_buyer):
    as_buyer.post(address("claim", order), {"reason": "CODE_INVALID", "places": ["1"]})
    as_buyer.post(address("claim_facts", order), {"text": "提示无效", "stay": "1"})
    as_buyer.logout()
    as_buyer.force_login(rich_buyer)
    assert "提示无效" in text(as_buyer.get(address("claim_facts", order)))
    assert 'value="CODE_INVALID" checked' in text(as_buyer.get(address("claim", order)))


def test_a_file_goes_with_the_claim(as_buyer, order, revealed, settings, tmp_path):
    as_buyer.post(address("claim", order), {"reason": "CODE_INVALID", "places": ["1"]})
    proof = SimpleUploadedFile("log.txt", "无效".encode(), content_type="text/plain")
    step = as_buyer.post(address("claim_facts", order), {"text": "", "file": proof, "stay": "1"})
    assert step.url == address("claim_facts", order)
    assert "log.txt" in text(as_buyer.get(step.url))
    as_buyer.post(address("claim_result", order), {"expected": "9800", "amount": "98"})
    assert [each.name for each in Refund.objects.get().attachments.order_by("pk")] == ["log.txt"]
    assert "log.txt" in text(as_buyer.get(Refund.objects.get().get_absolute_url()))


@pytest.mark.parametrize(
    "answer", [{}, {"reason": "CODE_INVALID"}, {"places": ["1"]}, {"reason": "X", "places": ["1"]}]
)
def test_step_one_says_what_is_missing(as_buyer, order, answer):
    page = as_buyer.post(address("claim", order), answer)
    assert page.status_code == 422
    assert "form-errors" in text(page)
    assert not ClaimDraft.objects.exists()


def test_a_unit_that_the_reason_does_not_fit_is_named(as_buyer, order, revealed):
    page = as_buyer.post(address("claim", order), {"reason": "NOT_DELIVERED", "places": ["1", "2"]})
    assert page.status_code == 422
    assert "1" in text(page)


@pytest.mark.parametrize("step", ["claim_facts", "claim_result"])
def test_nobody_begins_in_the_middle(as_buyer, order, step):
    assert as_buyer.get(address(step, order)).url == address("claim", order)


def test_the_amount_only_goes_down(as_buyer, order, revealed):
    as_buyer.post(address("claim", order), {"reason": "CODE_INVALID", "places": ["1"]})
    page = as_buyer.post(address("claim_result", order), {"expected": "9800", "amount": "98.01"}, follow=True)
    assert "more_than_the_rules" in text(page) or "¥98.00" in text(page)
    assert not Refund.objects.exists()
    as_buyer.post(address("claim_result", order), {"expected": "9800", "amount": "20.50"})
    assert Refund.objects.get().asked == 2_050


def test_a_machine_s_no_can_be_filed_for_a_person_to_look_at(as_buyer, order, revealed):
    as_buyer.post(address("claim", order), {"reason": "CHANGE_OF_MIND", "places": ["1"]})
    assert "¥0.00" in text(as_buyer.get(address("claim_result", order)))
    page = as_buyer.post(address("claim_result", order), {"expected": "0"}, follow=True)
    refund = Refund.objects.get()
    assert refund.is_predecision
    assert address("escalate", refund) in text(page)


def test_a_claim_that_became_impossible_meanwhile_begins_anew(as_buyer, order, revealed, rich_buyer, at):
    as_buyer.post(address("claim", order), {"reason": "CODE_INVALID", "places": ["1"]})
    claim(revealed, "CODE_INVALID", by=rich_buyer, at=at)  # another way than the wizard, which keeps its draft
    page = as_buyer.get(address("claim_result", order), follow=True)
    assert page.redirect_chain == [(address("claim", order), 302)]
    assert "message error" in text(page)
    assert Refund.objects.count() == 1


def test_an_order_with_nothing_to_claim_says_so(as_buyer, placed_order):
    page = as_buyer.get(address("claim", placed_order))
    assert "empty" in text(page)


def test_the_wizard_of_an_order_is_its_buyer_s_alone(client, order, seller, stranger, arbiter):
    for person in (seller, stranger, arbiter):
        client.force_login(person)
        for step in ("claim", "claim_facts", "claim_result"):
            assert client.get(address(step, order)).status_code == 404


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_speaks_both_languages(client, language, refund, order, rich_buyer, seller):
    headers = {"accept-language": language}
    client.force_login(rich_buyer)
    client.post(address("claim", order), {"reason": "CHANGE_OF_MIND", "places": ["2"]})
    pages = ["claim", "claim_facts", "claim_result"]
    for page in [*(address(each, order) for each in pages), reverse("refunds:index"), refund.get_absolute_url()]:
        assert client.get(page, headers=headers).status_code == 200
    client.force_login(seller)
    for page in [address("decline", refund), reverse("refunds:queue", args=["xinghe"]), refund.get_absolute_url()]:
        assert client.get(page, headers=headers).status_code == 200


# the case


def test_both_sides_and_staff_see_the_case_and_only_their_own_buttons(client, refund, rich_buyer, seller, arbiter):
    wanted = {rich_buyer: {"withdraw"}, seller: {"accept", "decline"}, arbiter: set()}
    for person, verbs in wanted.items():
        client.force_login(person)
        page = text(client.get(refund.get_absolute_url()))
        shown = {verb for verb in ("accept", "decline", "withdraw", "escalate") if address(verb, refund) in page}
        assert shown == verbs, person
        assert "data-until" in page


def test_a_stranger_finds_no_case(client, refund, stranger):
    client.force_login(stranger)
    for verb in ("case", "decline"):
        assert client.get(address(verb, refund)).status_code == 404
    for verb in ("accept", "decline", "withdraw", "escalate"):
        assert client.post(address(verb, refund)).status_code == 404


def test_the_shop_accepts_on_the_page(as_shop, refund):
    page = as_shop.post(address("accept", refund), follow=True)
    refund.refresh_from_db()
    assert refund.state == "refunded"
    assert page.redirect_chain == [(refund.get_absolute_url(), 302)]


def test_the_shop_declines_on_the_page_with_a_rule_of_the_list(as_shop, refund):
    page = text(as_shop.get(address("decline", refund)))
    assert "MX-42" in page
    assert "MX-03" not in page, "this one gives everything back"
    answer = as_shop.post(address("decline", refund), {"code": "other", "rule": "MX-03", "text": "可用"})
    assert answer.status_code == 422
    as_shop.post(address("decline", refund), {"code": "other", "rule": "MX-42", "text": "可用"})
    refund.refresh_from_db()
    assert refund.state == "declined"
    assert "可用" in text(as_shop.get(refund.get_absolute_url()))


def test_the_buyer_withdraws_and_escalates_on_the_page(client, declined, rich_buyer):
    client.force_login(rich_buyer)
    client.post(address("escalate", declined))
    declined.refresh_from_db()
    assert declined.state == "disputed"
    client.post(address("withdraw", declined))
    declined.refresh_from_db()
    assert declined.state == "withdrawn"


def test_out_of_turn_is_a_refusal_and_not_a_missing_page(client, refund, rich_buyer):
    client.force_login(rich_buyer)
    client.post(address("accept", refund))
    refund.refresh_from_db()
    assert refund.state == "requested"


def test_my_cases_are_paged_and_cost_the_same(client, big_order, rich_buyer, stranger, at):
    order = big_order(60)
    client.force_login(rich_buyer)
    assert "empty" in text(client.get(reverse("refunds:index")))
    units = units_of(order)
    claim(units[0], "CHANGE_OF_MIND", by=rich_buyer, at=at)
    with recorded() as one:
        client.get(reverse("refunds:index"))
    for unit in units[1:55]:
        claim(unit, "CHANGE_OF_MIND", by=rich_buyer, at=at)
    with recorded() as many:
        page = client.get(reverse("refunds:index"))
    assert len(many) == len(one)
    assert len(page.context["rows"]) == 50
    assert len(client.get(reverse("refunds:index"), {"before": page.context["older"]}).context["rows"]) == 5
    client.force_login(stranger)
    assert "empty" in text(client.get(reverse("refunds:index")))


# the queue


def test_the_queue_is_sorted_by_time_left_and_says_what_a_yes_costs(as_shop, order, revealed, rich_buyer, at):
    slow = claim(revealed, "CODE_INVALID", by=rich_buyer, at=at)
    quick = claim(units_of(order)[1], "CHANGE_OF_MIND", by=rich_buyer, at=at, amount=5_000)
    page = as_shop.get(reverse("refunds:queue", args=["xinghe"]))
    assert [row["refund"] for row in page.context["rows"]] == [quick, slow]
    assert "¥50.00" in text(page)
    assert "¥98.00" in text(page)


def test_the_queue_is_the_shop_s_alone(client, refund, rich_buyer, stranger, arbiter):
    for person in (rich_buyer, stranger, arbiter):
        client.force_login(person)
        assert client.get(reverse("refunds:queue", args=["xinghe"])).status_code == 404


def test_an_empty_queue_says_so(as_shop, deposit):
    assert "empty" in text(as_shop.get(reverse("refunds:queue", args=["xinghe"])))


def proven_and_unproven(order, bad_unit, rich_buyer, at):
    orders.confirm(Order.objects.get(pk=order.pk), by=rich_buyer, at=at)
    delivery.reveal(units_of(order)[1], by=rich_buyer, at=at, visit=delivery.Visit())
    proven = claim(bad_unit, "CODE_INVALID", by=rich_buyer, at=at)
    return proven, claim(units_of(order)[1], "CODE_INVALID", by=rich_buyer, at=at)


def test_before_it_accepts_several_the_shop_sees_the_sum_to_the_fen(as_shop, order, bad_unit, rich_buyer, at):
    proven, unproven = proven_and_unproven(order, bad_unit, rich_buyer, at)
    numbers = [proven.number, unproven.number, "R000"]
    page = as_shop.post(reverse("refunds:accept_many", args=["xinghe"]), {"number": numbers})
    assert page.context["total"] == 9_800
    assert page.context["left_out"] == sorted([unproven.number, "R000"])
    proven.refresh_from_db()
    assert proven.state == "requested", "seen is not accepted"


def test_the_shop_accepts_what_is_proven_at_once_and_nothing_else(as_shop, order, bad_unit, rich_buyer, at):
    proven, unproven = proven_and_unproven(order, bad_unit, rich_buyer, at)
    told = {"number": [proven.number, unproven.number], "total": "9800"}
    page = as_shop.post(reverse("refunds:accept_many", args=["xinghe"]), told)
    assert [each["is_done"] for each in page.context["rows"]] == [True]
    proven.refresh_from_db()
    unproven.refresh_from_db()
    assert (proven.state, unproven.state) == ("refunded", "requested")


def test_another_sum_than_the_one_that_was_seen_accepts_nothing(as_shop, order, bad_unit, rich_buyer, at):
    proven, _unproven = proven_and_unproven(order, bad_unit, rich_buyer, at)
    page = as_shop.post(reverse("refunds:accept_many", args=["xinghe"]), {"number": [proven.number], "total": "9799"})
    assert page.context["is_new"]
    proven.refresh_from_db()
    assert proven.state == "requested"


def test_if_none_went_through_nobody_is_told_that_something_was_accepted(
    as_shop, order, bad_unit, rich_buyer, at, monkeypatch
):
    """Somebody else of the shop answered in the very moment between the sum and the yes."""
    proven, _unproven = proven_and_unproven(order, bad_unit, rich_buyer, at)

    def answered(refund, **_words):
        raise Refused("wrong_moment", "已由他人答复。")

    monkeypatch.setattr(lifecycle, "accept", answered)
    page = as_shop.post(reverse("refunds:accept_many", args=["xinghe"]), {"number": [proven.number], "total": "9800"})
    assert [each["why"] for each in page.context["rows"]] == ["已由他人答复。"]
    assert [message.level_tag for message in page.context["messages"]] == ["warning"]


def test_the_queue_costs_the_same_for_one_case_and_for_fifty(as_shop, big_order, rich_buyer, at):
    units = units_of(big_order(51))
    claim(units[0], "CHANGE_OF_MIND", by=rich_buyer, at=at)
    queue = reverse("refunds:queue", args=["xinghe"])
    as_shop.get(queue)  # a session's first page asks once more
    with recorded() as one:
        as_shop.get(queue)
    for unit in units[1:]:
        claim(unit, "CHANGE_OF_MIND", by=rich_buyer, at=at)
    with recorded() as many:
        page = as_shop.get(queue)
    assert len(many) == len(one)
    assert (len(page.context["rows"]), bool(page.context["part"].next)) == (50, True)
    assert weight.transferred(page) < weight.MOST
    rest = as_shop.get(queue, {"after": page.context["part"].next})
    assert len(rest.context["rows"]) == 1
    seen = {row["refund"].pk for row in (*page.context["rows"], *rest.context["rows"])}
    assert len(seen) == 51, "nobody is shown twice and nobody is left out"


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"reason": "CODE_INVALID"}, 1),
        ({"reason": "NOT_DELIVERED"}, 0),
        ({"least": "90"}, 1),
        ({"most": "90"}, 0),
        ({"state": "requested"}, 1),
        ({"least": "nonsense"}, 1),
        ({"after": "nonsense"}, 1),
    ],
)
def test_the_queue_is_filtered(as_shop, refund, asked, count):
    page = as_shop.get(reverse("refunds:queue", args=["xinghe"]), asked)
    assert len(page.context["rows"]) == count


def test_each_answer_tells_its_cost_before_it_is_chosen(as_shop, refund):
    page = as_shop.get(reverse("refunds:queue", args=["xinghe"]), headers={"accept-language": "en"})
    told = {choice["name"]: choice["sum"] for choice in page.context["rows"][0]["choices"]}
    assert told["Accept"] == told["Say nothing"] == 9_800
    assert "¥9.80 on top" in text(page), "a tenth for the second failure"


# answers and the word in advance


def test_a_shop_keeps_answers_and_uses_them_in_a_decline(as_shop, refund):
    kept = reverse("refunds:answers", args=["xinghe"])
    as_shop.post(kept, {"title": "可用", "text": "我们查询后台，该卡密显示可用。"})
    page = as_shop.get(address("decline", refund))
    answer = page.context["answers"][0]
    assert answer.title == "可用"
    page = as_shop.get(address("decline", refund), {"answer": answer.pk})
    assert "该卡密显示可用" in page.context["form"]["text"].value()
    as_shop.post(reverse("refunds:drop_answer", args=["xinghe", answer.pk]))
    assert not as_shop.get(kept).context["answers"]


def test_a_void_term_is_not_kept(as_shop, deposit):
    page = as_shop.post(reverse("refunds:answers", args=["xinghe"]), {"title": "x", "text": "最终解释权归本店所有。"})
    assert page.status_code == 422
    assert not page.context["answers"]


def test_the_word_in_advance_is_given_and_taken_back(as_shop, deposit):
    from refunds.models import Word

    for written, stored in (("50", 5_000), ("0", 0)):
        as_shop.post(reverse("refunds:give_word", args=["xinghe"]), {"most": written})
        assert Word.objects.get().most == stored
    as_shop.post(reverse("refunds:give_word", args=["xinghe"]), {"most": "1000.01"})
    assert Word.objects.get().most == 0


def test_a_certified_shop_is_proposed_a_word_and_gives_it_itself(as_shop, deposit, refund):
    from refunds.models import Word
    from shops.models import Shop

    answers = reverse("refunds:answers", args=["xinghe"])
    for level, proposed in (("S2", 0), ("S3", 5_000)):
        Shop.objects.update(level=level)
        page = as_shop.get(answers)
        assert page.context["word_form"].initial["most"] == proposed
        assert page.context["word"] == 0, "nothing counts until it says so"
    assert not Word.objects.exists()
    as_shop.post(reverse("refunds:give_word", args=["xinghe"]), {"most": "0"})
    assert as_shop.get(answers).context["word_form"].initial["most"] == 0, "whoever said no is not asked again"


def test_answers_are_the_shop_s_alone(client, deposit, rich_buyer, arbiter):
    for person in (rich_buyer, arbiter):
        client.force_login(person)
        assert client.get(reverse("refunds:answers", args=["xinghe"])).status_code == 404


def test_a_case_over_500_units_is_a_page_that_costs_the_same(client, big_order, rich_buyer, at):
    client.force_login(rich_buyer)
    costs = []
    for size in (1, 500):
        units = units_of(big_order(size))
        refund = claim(units, "CHANGE_OF_MIND", by=rich_buyer, at=at)
        with recorded() as asked:
            client.get(refund.get_absolute_url())
        costs.append(len(asked))
    assert costs[1] <= costs[0] + 1, "how many units there are is asked once more"


def test_preview_asks_nobody_but_the_rules(order, revealed, rich_buyer, at):
    with recorded() as asked:
        lifecycle.preview(order, [revealed], "CODE_INVALID", buyer=rich_buyer, at=at)
    assert not [line for line in asked if not line.upper().startswith("SELECT")]


def test_vague_words_in_a_decline_are_shown_once_with_a_better_wording(as_shop, refund):
    vague = {"code": "other", "rule": "MX-42", "text": "我们视情况处理。"}
    page = as_shop.post(address("decline", refund), vague)
    refund.refresh_from_db()
    assert (page.status_code, refund.state) == (422, "requested")
    assert "视情况处理" in text(page)
    assert 'name="was_warned" value="1"' in text(page)
    as_shop.post(address("decline", refund), {**vague, "was_warned": "1"})
    refund.refresh_from_db()
    assert refund.state == "declined"

"""The clause linter: what a shop may not write, however it is spelled, and what it may."""

import json
import time
from itertools import pairwise

import pytest

from rulebook.linter import DATA, Category, Use, blocking, clauses, folded, lint

#: What shops write, and under which clause it falls.
WRITTEN = [
    ("本店商品概不退换", "NO_REFUND"),
    ("本店拥有最终解释权", "FINAL_INTERPRETATION"),
    ("售后仅限首次购买", "FIRST_PURCHASE_ONLY"),
    ("卡密有问题必须提供视频", "VIDEO_REQUIRED"),
    ("到账金额以实际为准", "AS_DELIVERED"),
    ("虚拟商品不退", "VIRTUAL_NO_REFUND"),
    ("拆封不退", "UNSEALED_NO_REFUND"),
    ("一经售出概不负责退换", "SOLD_NO_REFUND"),
    ("不支持退款", "NO_REFUND_PLAIN"),
    ("超过24小时概不处理", "TIME_BAR"),
    ("后果自负", "NOT_LIABLE"),
    ("不得投诉平台", "NO_COMPLAINT"),
    ("先确认收货再发货", "CONFIRM_BEFORE_DELIVERY"),
    ("好评返现5元", "REWARD_FOR_REVIEW"),
    ("加微信 kamen888", "OFF_PLATFORM_CONTACT"),
    ("All sales are final.", "ENGLISH_NO_REFUND"),
]
#: How somebody hides one of them.
HIDDEN = [
    "概不退换",
    "概 不 退 换",
    "概,不.退~换",
    "概\u200b不\u200d退换",
    "概\n不\n退\n换",
    "概不退換",
    "概】【不】【退】【换",
    "概…不…退…换",
]
#: What is allowed, and what a shop may tell one buyer.
FAIR = [
    "请先确认区服；查看后因个人原因不能退。",
    "未查看的卡密可按规则退回；查看后，因个人原因将不能退。",
    "面值 ¥100，国服，10 分钟内到账；不符按规则退款。",
    "激活后 30 天内可用。",
    "有问题请在订单页的对话中联系我们。",
    "Sealed codes go back within 24 hours; no refund fee.",
    "",
]


def ids(text, use=Use.LISTING):
    return [found.clause.id for found in lint(text, use)]


@pytest.mark.parametrize(("text", "clause"), WRITTEN)
def test_what_a_shop_may_not_write_is_found(text, clause):
    assert clause in ids(text)
    assert blocking(text)


@pytest.mark.parametrize("text", HIDDEN)
def test_spaces_signs_and_other_forms_of_the_signs_hide_nothing(text):
    (found,) = blocking(f"本店{text}，敬请谅解")
    assert found.clause.id == "NO_REFUND"
    assert found.quote == text
    assert found.clause.category is Category.VOID


@pytest.mark.parametrize("text", FAIR)
def test_fair_words_pass(text):
    assert blocking(text) == ()


def test_vague_words_warn_and_do_not_block():
    (found,) = lint("付款后尽快发货")
    assert found.clause.category is Category.VAGUE
    assert not found.is_blocking


def test_a_decline_may_say_no_in_its_one_case_but_not_for_ever():
    assert blocking("记录显示已在您的账号兑换，按规则不予退款。", Use.DECLINE) == ()
    assert ids("虚拟商品，概不退换", Use.DECLINE)


def test_of_findings_that_overlap_the_gravest_stays():
    found = lint("虚拟商品一经售出概不退换")
    assert [(each.start, each.end) for each in found] == sorted((each.start, each.end) for each in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


def test_a_finding_quotes_the_text_as_it_was_written():
    text = "价格美丽\u3000虛 擬 商 品，不 退！谢谢"
    (found,) = blocking(text)
    assert text[found.start : found.end] == found.quote == "虛 擬 商 品，不 退"


def test_every_sign_of_the_folded_text_knows_its_place():
    read, places = folded("Ａ㎏ 退")
    assert read == "akg退"
    assert places == [0, 1, 1, 3]


@pytest.mark.parametrize("clause", clauses(), ids=lambda clause: clause.id)
def test_every_clause_has_a_reason_a_source_and_a_better_wording_that_is_itself_fair(clause):
    assert set(clause.why) == set(clause.instead) == {"zh", "en"}
    assert clause.basis
    for language, words in (*clause.why.items(), *clause.instead.items()):
        assert words.strip(), language
    for wording in clause.instead.values():
        assert blocking(wording) == (), wording


def test_the_list_is_long_enough_and_says_each_clause_once():
    listed = json.loads(DATA.read_text(encoding="utf-8"))["clauses"]
    assert len({each["id"] for each in listed}) == len(listed) >= 40


def test_a_long_text_is_read_in_no_time():
    text = ("虚拟商品一律均都" * 400 + "请必须务必提供完整全程完整全程" * 200)[:6_000]
    began = time.perf_counter()
    lint(text)
    assert time.perf_counter() - began < 1

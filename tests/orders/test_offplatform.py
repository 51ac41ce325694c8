"""What looks like a deal outside of the mall, however it is hidden; and what people usually write, which does not."""

import pytest

from orders.offplatform import Sign, signs_of, words_of

HIDDEN = [
    ("加我微信 abc123456", "wechat"),
    ("加 薇❤芯 聊", "wechat"),
    ("我的威信是 kamen_888", "wechat"),
    ("＋Ｖ：kamen888", "wechat"),
    ("加v聊 abcdef99", "wechat"),
    ("v x: abc_1234", "wechat"),
    ("W-e-C-h-a-t me", "wechat"),
    ("微\u200b信号发你", "wechat"),
    ("绿泡泡找我", "wechat"),
    ("加卫星说", "wechat"),
    ("QQ 123456789", "qq"),
    ("扣扣一二三", "qq"),
    ("加企鹅", "qq"),
    ("q群:87654321", "qq"),
    ("ｑ・ｑ 12345", "qq"),
    ("打我电话 13912345678", "phone"),
    ("１３９－１２３４－５６７８", "phone"),
    ("139 1234 5678", "phone"),
    ("1-3-9-1-2-3-4-5-6-7-8", "phone"),
    ("一三九一二三四五六七八", "phone"),
    ("幺三玖 壹贰叁肆 伍陆柒捌", "phone"),
    ("+86 139.1234.5678", "phone"),
    ("1三9一2三4五6七8", "phone"),
    ("telegram 上说", "messenger"),
    ("t.me/kamen", "messenger"),
    ("加我电报号", "messenger"),
    ("扫 https://qr.alipay.com/fkx12345", "pay_link"),
    ("wxp://f2f0abc", "pay_link"),
    ("发你收款码", "pay_link"),
    ("USDT 可以吗", "pay_link"),
    ("私下交易便宜五块", "private_deal"),
    ("我们平台外付款吧", "private_deal"),
    ("直接转账给我", "private_deal"),
    ("退差价到你微信", "private_deal"),
    ("不走平台结", "private_deal"),
    ("let's go off-platform", "private_deal"),
    ("转账到支付宝便宜 5 元", "private_deal"),
    ("打款给我的支付宝就行", "private_deal"),
    ("付到我银行卡，少收两块", "private_deal"),
    ("支付宝：13912345678", "private_deal"),
    ("银行卡号 6222021234567890123", "private_deal"),
]

USUAL = [
    "第一个码无效，显示已被使用。",
    "订单 K26112204817365 还没到。",
    "序列号 4917-3912-3456-7890 不行",
    "2026-11-22 13:45:10 激活的",
    "XH7Q-0001-KAMEN 提示错误 1391234",
    "我充值到 139****5678 了",
    "请问支持微店吗？",
    "威武！谢谢老板",
    "信心满满",
    "请按平台流程申请退款。",
    "收到，已经转给同事处理。",
    "这个可以直接用吗",
    "平台付款了 29.40 元",
    "error 10086, code 20261122",
    "电脑版和手机版都能用吗",
    "下线了，明天再说",
    "我用支付宝付的款",
    "退款什么时候到支付宝",
    "钱从银行卡扣了 29.40 元",
]


@pytest.mark.parametrize(("text", "sign"), HIDDEN)
def test_a_contact_is_found_however_it_is_written(text, sign):
    assert sign in signs_of(text)


@pytest.mark.parametrize("text", USUAL)
def test_what_people_usually_write_is_no_sign(text):
    assert signs_of(text) == []


def test_signs_are_named_once_and_in_one_order():
    assert signs_of("私下交易 加微信 微信 139 1234 5678") == ["wechat", "phone", "private_deal"]
    assert len(words_of(list(Sign.values))) == len(Sign)
    assert words_of(["of a later version"]) == []


@pytest.mark.parametrize("text", ["1" * 2_000, "1 " * 1_000, "加" * 2_000, "q" * 2_000, "w-" * 1_000, "一" * 2_000])
def test_no_text_keeps_the_detector_busy(text):
    import time

    began = time.perf_counter()
    signs_of(text)
    assert time.perf_counter() - began < 0.5

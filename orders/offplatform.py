"""Hints that somebody wants to meet or pay outside of the mall, where neither escrow nor fund answers for anything.

A hint forbids nothing: what was written is sent, both sides read the warning beside it, and whoever watches risk can
find it (rules S161). Whoever hides a number behind spaces, full-width digits, Chinese numerals or look-alike words is
read like everybody else. Pure: text in, kinds of signs out.
"""

import re
import unicodedata
from collections.abc import Iterator

from django.db import models
from django.utils.translation import gettext_lazy as _


class Sign(models.TextChoices):
    """What a message looks like."""

    WECHAT = "wechat", _("a WeChat contact")
    QQ = "qq", _("a QQ contact")
    PHONE = "phone", _("a phone number")
    MESSENGER = "messenger", _("another messenger")
    PAY_LINK = "pay_link", _("a link or code to pay by")
    PRIVATE_DEAL = "private_deal", _("a deal outside of the mall")


#: Digits as people write them when they do not want to be read by a machine.
DIGITS = str.maketrans("零〇一二两三四五六七八九壹贰叁肆伍陆柒捌玖幺", "001223456789123456789" + "1")
#: What stands between the digits of a number that is written apart.
BETWEEN = r"[\s\-–—_.·•*~,/|]"
#: What nobody sees.
INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ufe0f]")
#: One letter or sign between the letters of a word.
_GAP = r"[\s\-_.·•*~+]{0,2}"


def _spaced(word: str) -> str:
    return _GAP.join(re.escape(letter) for letter in word)


_ID = r"[a-z][a-z0-9_-]{5,19}"
PATTERNS: dict[Sign, list[str]] = {
    Sign.WECHAT: [
        r"(?:微|薇|葳|维|威|徽|巍|❤)" + _GAP + r"(?:信|芯|心|x(?![a-z]))",
        rf"(?<![a-z])(?:{_spaced('wechat')}|{_spaced('weixin')}|v{_GAP}信|w{_GAP}信|{_spaced('vx')}|{_spaced('wx')})(?![a-z])",
        r"(?:加|\+|➕)" + _GAP + r"(?:我)?" + _GAP + r"(?:v|vx|微|薇|卫星|绿泡泡)(?![a-z])",
        r"绿色?(?:软件|泡泡|聊天)",
    ],
    Sign.QQ: [
        rf"(?<![a-z])q{_GAP}q(?![a-z])",
        r"(?:扣|叩|蔻|抠)" + _GAP + r"(?:扣|叩|蔻|抠)",
        r"(?:加|\+|➕)" + _GAP + r"(?:我)?" + _GAP + r"(?:q|扣|企鹅)(?![a-z])",
        r"(?:企鹅|球球)(?:号|群|裙|扣)?[::\s]*\d{5,}",
        r"(?<![a-z])q(?:号|群|裙)?[::\s]*\d{5,11}(?!\d)",
    ],
    Sign.MESSENGER: [
        r"(?<![a-z])(?:telegram|whats\s?app|discord|line\s?id|skype|potato\s?chat)(?![a-z])",
        r"(?<![a-z])t\.me/|(?:电报|纸飞机|小飞机)(?:号|群|联系|聊|加|:)",
        r"(?:私聊|私信|联系)我?的?(?:小号|旺旺|闲鱼|咸鱼|抖音|快手)",
    ],
    Sign.PAY_LINK: [
        r"(?:qr\.alipay\.com|u\.alipay\.cn|mobilegw\.alipay|ds\.alipay)",
        r"wxp://|weixin://|alipays?://|payapp\.weixin|wx\.tenpay",
        r"(?:收款码|付款码|收钱码|二维码(?:付|转|收)|口令红包|支付宝口令|淘口令)",
        r"(?:paypal\.me|usdt|trc" + _GAP + r"20|erc" + _GAP + r"20)",
    ],
    Sign.PRIVATE_DEAL: [
        r"(?:私下|线下|平台外|站外|场外|绕过?平台|不走平台|脱离平台)(?:\S{0,3})(?:交易|付|转|成交|联系|聊|买|卖|退|补|结|谈)",
        r"(?:直接|单独|私下|另外)\S{0,2}(?:转账|打款|转钱|打钱|转给我|打给我|发红包)",
        r"(?:转账|转钱|转款|打款|打钱|汇款|直接付|直接转|付)[\s\S]{0,2}(?:到|给|至|进)\S{0,4}(?:支付宝|微信|银行卡|卡号)",
        r"(?:支付宝|银行卡)(?:账|帐|卡)?号?[::\s]*(?:是[::\s]*)?(?:1[3-9]\d{9}|\d{16,19}|[\w.]+@[\w.]+)",
        r"(?:退|返|补)\S{0,3}(?:差价|款|钱)\S{0,4}(?:微信|支付宝|红包|转账)",
        r"off[\s-]?platform|outside (?:of )?(?:the )?(?:mall|platform)|pay me directly",
    ],
}
COMPILED = {sign: [re.compile(pattern) for pattern in patterns] for sign, patterns in PATTERNS.items()}
#: A mobile number of the mainland, also in pieces, also with +86 in front; not a part of a longer number.
PHONE = re.compile(rf"(?<![\da-z])(?:(?:\+|00)?86{BETWEEN}*)?1{BETWEEN}*[3-9](?:{BETWEEN}*\d){{9}}(?!{BETWEEN}?\d)")


def signs_of(text: str) -> list[str]:
    """What `text` looks like, each kind once, in the order of `Sign`; nothing for what people usually write."""
    return sorted({sign.value for sign in _found(text)}, key=Sign.values.index)


def words_of(signs: list[str]) -> list[str]:
    """The signs in the reader's language."""
    return [str(Sign(sign).label) for sign in signs if sign in Sign.values]


def _found(text: str) -> Iterator[Sign]:
    plain = INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).casefold()
    for sign, patterns in COMPILED.items():
        if any(pattern.search(plain) for pattern in patterns):
            yield sign
    if PHONE.search(plain) or PHONE.search(plain.translate(DIGITS)):
        yield Sign.PHONE

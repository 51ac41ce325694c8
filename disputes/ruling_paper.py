"""A sealed ruling as a paper: Chinese, with a summary in English. It says what was sealed, and nothing else."""

import json
from datetime import datetime
from typing import Any

from django.utils import translation

from disputes.models import PARTIES, Evidence, Seal, Side, Vote
from disputes.models.filed import MANY
from disputes.paper import Paper, hour, yuan
from disputes.rulings import Weight
from refunds import words

PARTY_WORDS = {"platform": "平台", "seller": "商家", "upstream": "供货方", "buyer": "买家"}
SOURCE_WORDS = {
    "escrow": "本单托管资金",
    "this_order": "商家本单待结算款",
    "available": "商家可用余额",
    "pending": "商家其他待结算款",
    "reserved": "为本案预留的商家保证金",
    "deposit": "商家保证金",
    "fund": "先行垫付基金（由商家偿还）",
    "platform": "平台自有资金",
}
SUMMARY = "Summary in English"
MAY_APPEAL = "对本决定不服的，可以在申诉期内在案件页面免费申诉一次。"
IS_FINAL = "本决定由申诉合议组作出，在平台内为最终决定。"
APPEAL = "Either side may appeal once, free of charge, within the time shown on the case's page."
KIND_WORDS = {"provisional": "依规则作出的临时决定", "dismissal": "不予受理", "appeal": "申诉合议决定"}


def ruling_paper(seal: Seal) -> bytes:
    """The PDF of a sealed ruling; the same at every call."""
    with translation.override("zh-hans"):
        return _written(seal)


def _written(seal: Seal) -> bytes:
    told = json.loads(seal.text)
    case, decided, ruling = told["case"], told["decided"], told["ruling"]
    paper = Paper(title=f"争议裁定 {seal.number}", foot=f"卡门平台争议裁定 {seal.number}", at=seal.at)
    paper.top("卡门平台争议裁定", f"编号 {seal.number} · 案号 {ruling['dispute']} · 第 {ruling['version']} 版")
    award = decided["award"]
    outcome = f"退还买家 {yuan(award)}。" if award else "不向买家退款。"
    if told.get("orders_replacement"):
        outcome = f"由商家补发或换货；逾期未补发或补发后仍有问题的，退还买家 {yuan(award)}。"
    paper.heading(outcome)
    if kind := KIND_WORDS.get(ruling["kind"]):
        paper.say(f"性质：{kind}。")
    paper.pairs(
        [
            ("订单", case["order"]),
            ("商家", case["shop"]),
            ("退款申请", case["refund"]),
            ("事由", words.reason(case["reason"])),
            ("申请金额", yuan(case["asked"])),
            ("立案时间", _time(case["opened_at"])),
            ("作出时间", _time(told["written_at"])),
        ]
    )
    paper.heading("责任划分")
    shares = decided["shares"]
    paper.pairs([(PARTY_WORDS[party], _percent(shares[party])) for party in PARTIES if shares.get(party)])
    paper.heading("逐件金额")
    paper.grid(
        ["件", "实付", "买家承担", "退还"],
        [
            [str(unit["place"]), yuan(unit["paid"]), _percent(unit["buyer_bp"]), yuan(unit["grant"])]
            for unit in decided["units"]
        ],
        widths=(16, 28, 28, 28),
    )
    if decided["compensation"]:
        paper.say(f"另付赔偿 {yuan(decided['compensation'])}。")
    if told.get("issues"):
        paper.heading("争点")
        paper.say(told["issues"])
    paper.heading("证据认定")
    paper.grid(["编号", "证据", "认定", "说明"], [_finding(each) for each in told["findings"]], widths=(12, 34, 22, 32))
    if told["reasons"]:
        paper.heading("理由")
        paper.say(told["reasons"])
    if told["departs_because"]:
        paper.say(f"与规则计算结果或相近案件结果不同的理由：{told['departs_because']}")
    paper.heading(f"依据规则（{told['rules']['version']}）")
    paper.grid(
        [],
        [[each, words.rule(each, told["rules"]["version"])] for each in told["rules"]["ids"]],
        widths=(20, 80),
    )
    if decided["funding"]["legs"]:
        paper.heading("款项来源")
        paper.pairs([(SOURCE_WORDS[leg["name"]], yuan(leg["amount"])) for leg in decided["funding"]["legs"]])
    if told.get("next_steps"):
        paper.heading("各方现在可以做什么")
        paper.say(told["next_steps"])
    paper.heading("您的权利")
    paper.say(
        (IS_FINAL if ruling["kind"] == "appeal" else MAY_APPEAL)
        + "本决定是平台对争议的处理，不影响您的其他权利："
        + "您可以随时向 12315 投诉、向人民法院起诉，或者向付款渠道提出异议。"
    )
    paper.heading("签署")
    panel = told.get("panel", [])
    by = [(f"承办：{told['written_by'] or '规则（无人承办）'}", _time(told["written_at"]))]
    signed = [(f"合议组成员：{each['name']}", _time(each["at"])) for each in panel] or by
    paper.pairs(signed + [(f"复核：{each['name']}", _time(each["at"])) for each in told["signed_by"]])
    for each in told["signed_by"]:
        if each.get("found"):
            paper.say(f"合议组成员 {each['name']} 的认定：{each['found']}")
    for each in panel:
        said = "" if each["reasons"] in told["reasons"] else f"：{each['reasons']}"  # once is enough
        paper.say(f"合议组成员 {each['name']}（{Vote.Word(each['word']).label}）{said}")
    paper.heading(SUMMARY)
    paper.say(english(seal))
    paper.heading("校验", room=60)
    statement = json.loads(seal.statement)
    paper.small(
        f"裁定文本 SHA-256：{statement['text_sha256']}\n签章声明 SHA-256：{seal.sha256}\n"
        f"前一签章：{statement['previous'] or '—'} {statement['previous_sha256']}\n"
        f"Ed25519 签名：{seal.signature}\n公钥：{seal.public_key}\n"
        f"在 {statement['mall']}/verify/ 输入编号与任一哈希即可核验；也可下载裁定文件离线核验。"
    )
    return paper.bytes()


def english(seal: Seal) -> str:
    """What a sealed ruling comes to, for who reads no Chinese: the same on its page and on paper."""
    told = json.loads(seal.text)
    outcome, shares = told["decided"]["award"], told["decided"]["shares"]
    liable = ", ".join(f"{party} {_percent(shares[party])}" for party in PARTIES if shares.get(party))
    says = f"{yuan(outcome)} goes back to the buyer" if outcome else "nothing goes back to the buyer"
    if told.get("orders_replacement"):
        says = f"the shop delivers anew; if it does not, {says}"
    rules = f"{', '.join(told['rules']['ids'])} ({told['rules']['version']})"
    last = "Inside the mall it is final." if told["ruling"]["kind"] == "appeal" else APPEAL
    return (
        f"Platform decision {seal.number} in case {told['ruling']['dispute']} about order {told['case']['order']}: "
        f"{says}. Liability: {liable}. Rules: {rules}. {last} The decision takes away no other right: the 12315 "
        "complaint platform, the courts and the payment channel stay open. The Chinese text counts."
    )


def _finding(each: dict[str, Any]) -> list[str]:
    title = each["title"] or str(Evidence.Kind(each["kind"]).label)
    if each.get("side") and each["kind"] in MANY:
        title += f"（{Side(each['side']).label}）"
    return [str(each["evidence"]), title, str(Weight(each["weight"]).label), each["note"]]


def _percent(bp: int) -> str:
    return f"{bp // 100}.{bp % 100:02}%"


def _time(text: str) -> str:
    return hour(datetime.fromisoformat(text))

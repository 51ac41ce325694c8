"""The papers of an evidence bundle: cover, complaint for 12315, tip, and how the mall's records come about. Chinese."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Sum

from disputes import owed, rulings
from disputes.masking import Codes
from disputes.models import Bundle, Dispute, Evidence, Seal
from disputes.paper import Paper, hour, yuan
from disputes.states import DisputeState
from ledger import signing
from ledger.models import Anchor, Payout
from ledger.states import PayoutState
from orders.models import Order
from refunds import words
from refunds.models import Refund

VIEWS = {
    Bundle.View.BUYER: "买家副本：仅供买家本人使用",
    Bundle.View.SHOP: "商家副本：买家身份已遮蔽",
    Bundle.View.REGULATOR: "监管机关副本：联系方式部分遮蔽",
    Bundle.View.COURT: "法院副本",
}


@dataclass(frozen=True)
class Told:
    """What the parts of a bundle are written from, masked already for its view."""

    bundle: Bundle
    dispute: Dispute
    refund: Refund
    order: Order
    at: datetime
    parties: dict[str, Any]
    claim: str
    snapshot: dict[str, Any]
    payment: dict[str, Any]
    delivery: dict[str, Any]
    validity: dict[str, Any]
    messages: dict[str, Any]
    file: list[Evidence]
    bodies: Callable[[Any], Any]
    codes: Codes
    events: dict[str, Any]
    ledger: list[list[str]]
    anchor: Anchor | None
    outages: list[dict[str, Any]]
    seals: list[Seal]


def cover(told: Told) -> bytes:
    """One page: who, what, when, what is asked, how far it is, and what is in the bundle."""
    bundle, refund, order, given = told.bundle, told.refund, told.order, _given(told)
    paper = Paper(title=f"证据材料 {bundle.number}", foot=f"卡门证据材料 {bundle.number}", at=bundle.asked_at)
    paper.top(
        "争议案件证据材料", f"编号 {bundle.number} · 案号 {told.dispute.number} · {VIEWS[Bundle.View(bundle.view)]}"
    )
    paper.heading("当事人")
    buyer, shop = told.parties["buyer"], told.parties["shop"]
    paper.pairs(
        [
            ("买家", _contact(buyer)),
            ("商家", f"{shop['name']}（{shop['page']}）"),
            ("商家负责人", _contact({"name": shop["keeper"], "contact": shop["contact"]})),
            ("平台", f"卡门 Kamen（{settings.PUBLIC_ADDRESS}）"),
        ]
    )
    paper.heading("案情")
    paper.pairs(
        [
            ("商品", str(told.snapshot.get("title", ""))),
            ("订单", f"{order.number}，{order.units.count()} 件，共 {yuan(order.total)}"),
            ("下单", hour(order.placed_at)),
            ("付款", hour(order.paid_at)),
            ("事由", words.reason(refund.reason)),
            (
                "请求",
                f"退还 {yuan(refund.asked)}"
                + (f"，另付赔偿 {yuan(refund.compensation)}" if refund.compensation else ""),
            ),
            *([("已退还", yuan(given))] if given else []),
            ("阶段", str(DisputeState(told.dispute.state).label)),
            ("买家陈述", told.claim or "（无）"),
        ]
    )
    if told.seals:
        paper.heading("平台处理决定")
        paper.pairs([(each.number, f"{_outcome(each)}；签章时间 {hour(each.at)}") for each in told.seals])
    paper.heading("材料目录")
    paper.grid(
        ["目录", "内容"],
        [
            ["01–02", "12315 投诉文本（与举报文本分开）；起诉状要素；当事人"],
            ["03", "合同：订单、下单时的商品快照与告知、适用规则版本与条文"],
            ["05–08", "付款、交付与展示记录、有效性答复、订单对话"],
            ["09", "双方与平台的证据：原件与查看副本"],
            ["10–12", "时间线（哈希链）、裁定、资金流水"],
            ["13–15", "记录形成说明、证据目录"],
            ["manifest.json", "全部文件的 SHA-256 与平台签名；verify/ 内有离线核验脚本"],
        ],
        widths=(22, 78),
    )
    paper.small(
        f"生成时间 {hour(told.at)}。卡密不出现在本材料中；需要完整卡密的，凭法院文书另行提供。"
        f"核验公钥：{signing.public_key()}"
    )
    return paper.bytes()


def complaint(told: Told) -> str:
    """What a consumer files at 12315: parties, demand, facts. Never what is only a tip; that stands in its own file."""
    refund, order, given = told.refund, told.order, _given(told)
    buyer, shop = told.parties["buyer"], told.parties["shop"]
    facts = [
        f"{hour(order.placed_at)}，投诉人在卡门平台商家“{shop['name']}”处下单“{told.snapshot.get('title', '')}”，"
        f"订单号 {order.number}，共 {order.units.count()} 件，{yuan(order.total)}。",
        f"{hour(order.paid_at)}付款。" if order.paid_at else "订单尚未付款。",
        *(
            f"第 {unit['unit']} 件于 {hour(datetime.fromisoformat(unit['delivered_at']))} 交付。"
            for unit in told.delivery["units"]
            if unit["delivered_at"]
        ),
        f"{hour(refund.opened_at)}，投诉人以“{words.reason(refund.reason)}”为由申请退款 {yuan(refund.asked)}"
        f"（{refund.number}）：{told.claim or '无补充说明'}",
        *([f"商家答复：{told.codes.hidden(refund.declined_text)}"] if refund.declined_text else []),
        f"{hour(told.dispute.opened_at)}，平台受理争议（{told.dispute.number}）。",
        *(f"{hour(each.at)}，平台作出裁定 {each.number}：{_outcome(each)}，见附件。" for each in told.seals),
        *([f"截至 {hour(told.at)}，投诉人已收到退款 {yuan(given)}。"] if given else []),
    ]
    lines = [
        "消费者投诉书",
        "",
        "一、投诉人",
        f"姓名：{buyer['name']}（提交时请填写真实姓名、电话与地址）",
        f"联系方式：{buyer['contact']}",
        "",
        "二、被投诉人",
        f"名称：{shop['legal'].get('name') or shop['name']}（店铺“{shop['name']}”）",
        f"地址：{shop['legal'].get('address') or '见平台公示的证照信息'}",
        f"网页：{shop['page']}",
        f"联系方式：{shop['legal'].get('phone') or shop['contact'] or '见平台公示的证照信息'}",
        f"交易平台：卡门 Kamen，{settings.PUBLIC_ADDRESS}",
        "",
        "三、投诉请求",
        f"退还货款 {yuan(refund.asked)}。"
        + (f"另请求赔偿 {yuan(refund.compensation)}。" if refund.compensation else "")
        + (f"以上已收到 {yuan(given)}。" if given else ""),
        "",
        "四、事实与理由",
        *(f"{place}. {fact}" for place, fact in enumerate(facts, start=1)),
        "",
        "五、证据",
        "见所附证据材料及证据目录（15_index.csv）。",
        "",
        "注：投诉与举报分别处理。涉嫌违法的线索请使用单独的举报文本（01_tip/）。",
    ]
    return "\n".join(lines) + "\n"


def _given(told: Told) -> int:
    """What has come back to the buyer in this case so far, in fen, what was owed for a time with it: a text that leaves
    it out would not be true."""
    causes = [*rulings.causes_of(told.refund), *owed.paid_later(told.refund)]
    arrived = Payout.objects.filter(cause__in=causes, state=PayoutState.PAID)
    return int(arrived.aggregate(amount=Sum("amount"))["amount"] or 0)


def _outcome(seal: Seal) -> str:
    """What a sealed ruling comes to, in a few words."""
    decision = json.loads(seal.text)
    award = decision["decided"]["award"]
    if decision.get("orders_replacement"):
        return f"由商家补发或换货，逾期未补发或补发后仍有问题的，退还买家 {yuan(award)}"
    return f"退还买家 {yuan(award)}" if award else "不向买家退款"


def rules(told: Told) -> str:
    """The rules that were used, in words, by the version that the order is pinned to and that each ruling names."""
    used = {(rule, told.refund.decision.get("version", "")): None for rule in rulings.rules_of(told.refund)}
    for seal in told.seals:
        named = json.loads(seal.text)["rules"]
        used |= {(rule, named["version"]): None for rule in named["ids"]}
    lines = [f"{rule}（{version}）：{words.rule(rule, version)}" for rule, version in used]
    return "\n".join(["本案使用的规则条文（全文见平台规则中心）", "", *lines]) + "\n"


def elements(told: Told) -> str:
    """What a court's form asks for, element by element: parties, demand, facts, evidence, and where to file."""
    refund, order, shop = told.refund, told.order, told.parties["shop"]
    legal = shop["legal"]
    lines = [
        "起诉状要素（网络购物合同纠纷；由原告核对后填入法院的要素式表格）",
        "",
        f"原告：{told.parties['buyer']['name']}（请填写身份证件上的姓名、住址与电话）",
        f"被告：{legal.get('name') or shop['name']}",
        f"被告住所与联系方式：{legal.get('address') or '见平台公示'}；{legal.get('phone') or shop['contact'] or '—'}",
        f"第三人或平台：卡门 Kamen，{settings.PUBLIC_ADDRESS}",
        f"合同：订单 {order.number}，{hour(order.placed_at)} 订立，价款 {yuan(order.total)}",
        "交付方式：通过信息网络交付",
        f"争议事由：{words.reason(refund.reason)}",
        f"诉讼请求：退还价款 {yuan(refund.asked)}"
        + (f"；赔偿 {yuan(refund.compensation)}" if refund.compensation else "")
        + (f"；已收到 {yuan(given)}" if (given := _given(told)) else "")
        + "（由原告确定）",
        f"平台处理：{'、'.join(each.number for each in told.seals) or '尚未作出裁定'}",
        "证据：见 15_index.csv；原件在 09_evidence/originals/，记录形成说明见 13_statement.pdf",
        "管辖提示：通过信息网络交付标的的，以买受人住所地为合同履行地（民诉法解释第二十条）；约定另有有效管辖的从其约定。",
        "时效提示：一般为知道权利受损之日起三年（民法典第一百八十八条）。",
    ]
    return "\n".join(lines) + "\n"


def tip(told: Told) -> str:
    """What somebody reports about a possible violation: facts alone, no demand."""
    shop, order = told.parties["shop"], told.order
    lines = [
        "举报材料（与投诉分别提交，不含任何退款或赔偿请求）",
        "",
        f"被举报人：{shop['name']}，{shop['page']}",
        f"涉及商品：{told.snapshot.get('title', '')}",
        f"涉及订单：{order.number}，下单时间 {hour(order.placed_at)}",
        f"事实：购买后发现“{words.reason(told.refund.reason)}”。相关记录见所附证据材料。",
        "涉嫌违反的规定及其他线索：（由举报人填写；请只写自己知道的事实）",
    ]
    return "\n".join(lines) + "\n"


def how_records_are_made(told: Told) -> bytes:
    """The statement that a court asks for: how records come about, who can touch them, how each can be checked."""
    paper = Paper(title="记录形成说明", foot=f"卡门证据材料 {told.bundle.number}", at=told.bundle.asked_at)
    paper.top("电子数据形成与保管说明", f"案号 {told.dispute.number} · 材料编号 {told.bundle.number}")
    paper.say(
        "依据《最高人民法院关于民事诉讼证据的若干规定》第九十三条、第九十四条，就本案电子数据的生成、存储与校验说明如下。"
    )
    for head, text in [
        (
            "一、生成",
            "每一个动作（下单、付款、交付、展示卡密、申请退款、答复、裁定、付款）在数据库同一事务中写入状态、时限与事件三项；"
            "任何一项失败则全部不发生。记录由系统在正常经营活动中自动生成，并非为本案制作。",
        ),
        (
            "二、时间",
            "时间一律取自数据库服务器时钟，按协调世界时存储，本材料以北京时间（UTC+8）显示。",
        ),
        (
            "三、不可更改",
            "事件与资金流水只能追加：应用程序的数据库账号没有修改或删除的权限，数据库触发器对所有者同样拒绝更改。"
            "每一事件包含前一事件的哈希（SHA-256），同一订单的事件因此成链；资金账户的每一笔分录同样成链。",
        ),
        (
            "四、每日锚定",
            "全部链的末端每日汇成一个默克尔树根，由平台以 Ed25519 私钥签名，另存为文件以便置于平台之外。"
            + (
                f"最近一次锚定：{told.anchor.day}，树根 {told.anchor.root}。"
                if told.anchor
                else "本材料生成时尚无锚定记录。"
            ),
        ),
        (
            "五、证据文件",
            "当事人提交的文件按原样保存并登记 SHA-256，读取时重新计算比对；查看副本由像素重新绘制，不含元数据。"
            "卡密以每店独立密钥加密（AES-GCM），展示一次即记录一次，展示后的解密内容不留存。",
        ),
        (
            "六、访问控制",
            "工作人员打开案卷须先登记，登记本身即为事件；与当事人有利害关系的人员由系统排除。",
        ),
        (
            "七、遮蔽与限制",
            "本材料按用途遮蔽个人信息；图片内容不经自动识别，图片中如含有卡密，由提交人负责。"
            "哈希链只能证明存储之后未被更改，不能替代对存储之前内容的审查。",
        ),
    ]:
        paper.heading(head)
        paper.say(text)
    paper.heading("八、登记的系统故障")
    if told.outages:
        paper.grid(
            ["范围", "开始", "结束"],
            [[each["scope"], each["began_at"], each["ended_at"] or "—"] for each in told.outages],
            widths=(30, 35, 35),
        )
    else:
        paper.say("自本订单成立以来没有登记的系统故障。")
    paper.heading("九、如何核验")
    paper.say(
        "材料内 manifest.json 列出每个文件的大小与 SHA-256，manifest.signature.json 为平台签名。"
        "运行 python3 kamen_verify.py 材料.zip --key 公钥 即可在不联网的情况下核验全部文件、签名与裁定链。"
    )
    paper.small(f"公钥：{signing.public_key()}（同时公布于 {settings.PUBLIC_ADDRESS}/verify/keys/）")
    return paper.bytes()


def _contact(person: dict[str, Any]) -> str:
    return f"{person['name']}，{person['contact']}" if person["contact"] else str(person["name"])


def _demand(refund: Refund) -> str:
    extra = f"，另付赔偿 {yuan(refund.compensation)}" if refund.compensation else ""
    return f"退还货款 {yuan(refund.asked)}{extra}"


def _anchored(anchor: Anchor | None) -> str:
    if anchor is None:
        return "本材料生成时尚无锚定记录。"
    return f"最近一次锚定：{anchor.day}，树根 {anchor.root}。"

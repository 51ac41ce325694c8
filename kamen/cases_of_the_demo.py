"""Cases in every state that a page can show, and complaints from outside: by the verbs of people and clocks."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from complaints import lifecycle as complaints
from complaints import sending
from complaints.models import Complaint, Source
from complaints.outside import PaidThere, Stage, Told
from disputes import appeals, proposals, questions, suspension
from disputes import lifecycle as disputes
from disputes.models import Dispute
from disputes.states import DisputeState
from kamen.sales_of_the_demo import (
    DAY,
    HOUR,
    MINUTE,
    VISIT,
    Mall,
    ask,
    buy,
    decline,
    disputed,
    hear,
    live_on,
    rule,
)
from ledger import payments
from orders import delivery, escrow
from orders import lifecycle as orders
from orders.models import Order
from refunds import lifecycle as refunds
from timeline import sweep
from timeline.spans import minutes


def _charged(mall: Mall, who: str, ago: timedelta, txn: str) -> Order:
    """Somebody bought something `ago` and paid on the channel's page."""
    at, buyer = mall.at - ago, mall.people[who]
    order = orders.place(buyer=buyer, listing=mall.goods[0], quantity=1, acknowledged=True, at=at)
    payment = payments.ask(
        user=buyer, subject=order.address, amount=order.total, channel="sandbox", span=minutes(15), at=at
    )
    payments.confirm(payment, provider_txn=txn, amount=payment.amount, at=at + MINUTE)
    order = Order.objects.get(pk=order.pk)
    delivery.reveal(escrow.units_of(order)[0], by=buyer, at=at + HOUR, visit=VISIT)
    return Order.objects.get(pk=order.pk)


def _reviewed(mall: Mall, who: str, ago: timedelta) -> Dispute:
    """A case whose two sides were heard `ago`."""
    dispute = disputed(mall, who, ago + 6 * HOUR, goods=2)
    hear(mall, dispute, ago)
    dispute.refresh_from_db()
    return dispute


def _large(mall: Mall, who: str, ago: timedelta) -> Dispute:
    """A case over three codes that is too large for the fast track; its sides were heard `ago`."""
    at = mall.at - ago
    order = buy(mall, who, ago + 12 * HOUR, goods=2, quantity=3)
    for unit in escrow.units_of(order):
        delivery.reveal(unit, by=order.buyer, at=at - 11 * HOUR, visit=VISIT)
    units = escrow.units_of(order)
    refund = refunds.ask(
        order=order, units=units, reason="CODE_INVALID", by=order.buyer, at=at - 10 * HOUR, text="三个码都提示无效。"
    )
    decline(mall, refund, ago + 8 * HOUR)
    refunds.escalate(refund, by=refund.buyer, at=at - 6 * HOUR)
    dispute = Dispute.objects.get(refund=refund)
    hear(mall, dispute, ago)
    dispute.refresh_from_db()
    return dispute


def proposal_open(mall: Mall) -> None:
    """The arbiter proposes that each side gives way; both read it."""
    dispute = _large(mall, "patron", 6 * HOUR)
    text = "双方各让一步：退还一半，双方不再追究。"
    grants = {unit.pk: unit.left // 2 for unit in escrow.units_of(dispute.refund.order)}
    proposals.propose(dispute, grants=grants, text=text, by=dispute.arbiter, at=mall.at - 2 * HOUR)


def one_thing_asked(mall: Mall) -> None:
    """The arbiter asks the shop for one record."""
    dispute = _reviewed(mall, "regular", 8 * HOUR)
    questions.ask(
        dispute,
        whom="shop",
        kind="record",
        item="该批次的进货验证记录",
        reason="证明售出时卡密有效",
        by=dispute.arbiter,
        at=mall.at - 3 * HOUR,
    )


def suspended(mall: Mall) -> None:
    """An authority's order stops a case."""
    dispute = _reviewed(mall, "regular", 30 * HOUR)
    lead = mall.people["lead"]
    suspension.suspend(dispute, because="authority", reference="沪市监〔2026〕118 号", by=lead, at=mall.at - 20 * HOUR)


def appealed(mall: Mall) -> None:
    """The shop appeals against a ruling, and the lead let the appeal in: the buyer answers."""
    dispute = _reviewed(mall, "patron", 44 * HOUR)
    rule(mall, dispute, 40 * HOUR, seller=6_000, buyer=4_000)
    dispute.refresh_from_db()
    if dispute.state == DisputeState.SIGNING:
        disputes.sign(dispute, agrees=True, by=mall.people["senior"], at=mall.at - 36 * HOUR)
        dispute.refresh_from_db()
    text = (
        "裁定认为我方未举证，但进货时逐条验证的记录已在案中；买家查看后一小时才报失效，期间账号已在别处登录。"
        "按规则应由买家说明使用情况，适用的条款有误，请求重新衡量责任比例。"
    )
    appeal = appeals.file(dispute, ground="rule", text=text, by=mall.shop.owner, at=mall.at - 20 * HOUR)
    appeals.admit(appeal, by=mall.people["lead"], at=mall.at - 10 * HOUR)


def provisional(mall: Mall) -> None:
    """Nobody ruled in time, three times: the rulebook's figure stands for the moment, open to appeal before people."""
    dispute = _reviewed(mall, "regular", 4 * DAY)
    while dispute.state == DisputeState.REVIEW and dispute.deadline_at is not None and dispute.deadline_at <= mall.at:
        sweep.fire_overdue(dispute.root_address, at=dispute.deadline_at)
        dispute.refresh_from_db()


def _told(mall: Mall, order: Order, *, source: str, number: str, ago: timedelta, **how: Any) -> Told:
    assert order.payment is not None  # noqa: S101 - it was paid by the channel
    known: dict[str, Any] = {
        "state": "PENDING" if source == Source.WECHAT else "MERCHANT_PROCESSING",
        "text": "买的激活码用不了，店铺一直不处理，要求退款。",
        "demand": "申请退款",
        "asked": order.total,
        "who": "138****00",
        "trade_no": order.payment.number,
        "txn": order.payment.provider_txn,
    }
    return Told(source=source, number=number, stage=Stage.WAITING, told_at=mall.at - ago, **(known | how))


def _said(mall: Mall, complaint: Complaint, ago: timedelta) -> None:
    """An agent said a first word there, and it arrived."""
    word = complaints.say(complaint, by=mall.people["agent"], at=mall.at - ago)
    sending.sent(word, at=mall.at - ago)


def complained_at_wechat(mall: Mall) -> None:
    """A case runs here, and the buyer complained at WeChat Pay as well: they belong together, a first word was said."""
    order = _charged(mall, "regular", 9 * HOUR, "demo-wx-1")
    ask(mall, order, "CODE_EXPIRED", 6 * HOUR, "激活页面提示卡密已过期。")
    told = _told(mall, order, source=Source.WECHAT, number="200000020261122110000001", ago=3 * HOUR)
    found = complaints.hear(told, at=mall.at - 3 * HOUR)
    complaints.take(found, by=mall.people["agent"], at=mall.at - 2 * HOUR)
    _said(mall, found, 2 * HOUR)


def complained_at_alipay(mall: Mall) -> None:
    """Nobody filed a case here: an agent will open it. And one that Alipay's own staff has paid back already."""
    order = _charged(mall, "regular", 30 * HOUR, "demo-ali-1")
    told = _told(mall, order, source=Source.ALIPAY, number="2026112200502000000001", ago=20 * HOUR)
    complaints.hear(told, at=mall.at - 20 * HOUR)
    live_on(mall, order)
    order = _charged(mall, "patron", 50 * HOUR, "demo-ali-2")
    ask(mall, order, "CODE_ALREADY_USED", 40 * HOUR, "提示卡密已被使用。")
    paid = (PaidThere("503020261122000001", order.total),)
    told = _told(mall, order, source=Source.ALIPAY, number="2026112200502000000002", ago=36 * HOUR, paid=paid)
    _said(mall, complaints.hear(told, at=mall.at - 30 * HOUR), 29 * HOUR)


def complained_at_the_authority(mall: Mall) -> None:
    """Two complaints came from 12315: one waits, the other names an order that is not ours and is answered on paper."""
    order = _charged(mall, "regular", 4 * DAY, "demo-au-1")
    agent = mall.people["agent"]
    none: dict[str, Any] = {"state": "", "trade_no": "", "txn": ""}
    told = _told(mall, order, source=Source.AUTHORITY, number="12315-310115-20261119-0042", ago=3 * DAY, **none)
    complaints.record(told, order_number=order.number, by=agent, at=mall.at - 2 * DAY)
    live_on(mall, order)
    told = _told(mall, order, source=Source.AUTHORITY, number="12315-310115-20261110-0007", ago=8 * DAY, **none)
    found = complaints.record(told, by=agent, at=mall.at - 7 * DAY)
    complaints.answer(found, by=agent, at=mall.at - 6 * DAY)


STORIES: list[Callable[[Mall], Any]] = [
    provisional,
    appealed,
    suspended,
    proposal_open,
    one_thing_asked,
    complained_at_wechat,
    complained_at_alipay,
    complained_at_the_authority,
]

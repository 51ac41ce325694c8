"""The demo's sales and cases, in every state that lasts: told through the verbs that people and clocks use."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from disputes import lifecycle as disputes
from disputes.models import Dispute
from disputes.rulings import Draft, Finding
from disputes.states import DisputeState
from ledger import payments
from notifications import inbox, mail
from orders import delivery, escrow
from orders import lifecycle as orders
from orders.models import Order
from privacy import exports, holds, looks
from privacy import lifecycle as privacy
from refunds import citations
from refunds import lifecycle as refunds
from refunds.models import Refund
from reputation import counting, stops
from shops import connections, listings, sanctions, stock, suppliers
from shops.models import Kind, Listing, Shop, Way
from shops.states import SanctionState
from support import lifecycle as support
from timeline import reminders, sweep
from timeline.models import Timer
from timeline.moments import moments
from timeline.spans import SHANGHAI

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
VISIT = delivery.Visit(address="198.51.100.23", session="demo", agent="demo")
NOTICE = "请先确认区服和设备。卡密一经查看，因个人原因不能退；卡密无效可以退。"
GOODS = [
    ("星河激活码 30 天", Kind.ACTIVATION_CODE, 9_800, 10_000, "国服", 80),
    ("星河点卡 ¥50", Kind.POINT_CARD, 4_950, 5_000, "国服", 120),
    ("云笔记会员激活码 一年", Kind.ACTIVATION_CODE, 16_800, None, "全球", 40),
]


SUPPLIERS = [("北斗数码", "客服 400-000-0000"), ("青云点卡批发", "service@qingyun.example")]


@dataclass
class Mall:
    """Who and what the stories are about, and what time it is now."""

    people: dict[str, User]
    shop: Shop
    goods: list[Listing]
    at: datetime


def furnish(people: dict[str, User], shop: Shop, at: datetime, opened_at: datetime) -> Mall:
    """Goods on sale in the shop, and money in the buyers' wallets."""
    upstream = [
        suppliers.add(shop, name=name, contact=contact, by=shop.owner, at=opened_at + HOUR)
        for name, contact in SUPPLIERS
    ]
    goods = []
    for number, (title, kind, price, face, region, size) in enumerate(GOODS):
        listing = listings.draft(
            shop=shop,
            kind=kind,
            title=title,
            description="自动发货，付款后立即可见。",
            category="游戏" if number < 2 else "软件",
            price=price,
            promise_minutes=10,
            face_value=face,
            region=region,
            notice=NOTICE,
            by=shop.owner,
            at=opened_at + DAY,
        )
        codes = [f"DEMO-{number}{place:04}-{hash((number, place)) % 10**6:06}" for place in range(size)]
        origin = stock.Origin(
            supplier=upstream[number % 2],
            unit_cost=price * 9 // 10,
            purchased_on=opened_at.date(),
            expires_at=opened_at + 700 * DAY if kind == Kind.POINT_CARD else None,
        )
        first, rest = codes[: size // 2], codes[size // 2 :]
        stock.add_batch(listing, first, by=shop.owner, at=opened_at + DAY, note="首批", origin=origin)
        stock.add_batch(listing, rest, by=shop.owner, at=opened_at + DAY, note="补货", origin=origin)
        listings.put_on_sale(listing, by=shop.owner, at=opened_at + DAY)
        goods.append(listing)
    goods += _not_codes(shop, people["lead"], opened_at + DAY)
    for name in ("buyer", "regular", "patron"):
        payment = payments.top_up(user=people[name], amount=300_000, channel="sandbox", at=opened_at + DAY)
        payments.confirm(payment, provider_txn=f"demo-{name}", amount=300_000, at=opened_at + DAY + MINUTE)
    return Mall(people, shop, goods, at)


def _not_codes(shop: Shop, lead: User, at: datetime) -> list[Listing]:
    """A top-up by the sandbox supplier, where the mall is connected to it, and a service by hand."""
    found = []
    if "sandbox" in suppliers.connections():
        connections.tie(gateway="sandbox", shop=None, by=lead, at=at)
        upstream = suppliers.add(shop, name="沙盒直充", contact="见沙盒页面", gateway="sandbox", by=shop.owner, at=at)
        found.append(
            listings.draft(
                shop=shop,
                kind=Kind.DIRECT_TOPUP,
                title="话费直充 50 元",
                description="由上游自动充值，通常几秒到账。",
                category="话费",
                price=4_950,
                promise_minutes=10,
                face_value=5_000,
                notice="请核对手机号；以您填写的号码为准。",
                delivered_by=Way.SUPPLIER,
                supplier=upstream,
                product="MOBILE-50",
                by=shop.owner,
                at=at,
            )
        )
    found.append(
        listings.draft(
            shop=shop,
            kind=Kind.CUSTOM_SERVICE,
            title="装机远程协助一次",
            description="店员远程协助安装与激活，一次不超过 60 分钟。",
            category="服务",
            price=3_000,
            promise_minutes=240,
            promises={"amount": 1, "measure": "hours", "begins_minutes": 240},
            notice="请先备份数据。",
            by=shop.owner,
            at=at,
        )
    )
    for listing in found:
        listings.put_on_sale(listing, by=shop.owner, at=at)
    return found


def buy(mall: Mall, who: str, ago: timedelta, *, goods: int = 0, quantity: int = 1) -> Order:
    """Somebody bought something `ago`, paid from the wallet, and had it delivered."""
    at = mall.at - ago
    buyer = mall.people[who]
    order = orders.place(buyer=buyer, listing=mall.goods[goods], quantity=quantity, acknowledged=True, at=at)
    orders.pay_from_wallet(order, by=buyer, at=at + MINUTE)
    return order


def reveal(order: Order, ago: timedelta, mall: Mall) -> None:
    """The buyer looked at the first code `ago`."""
    delivery.reveal(escrow.units_of(order)[0], by=order.buyer, at=mall.at - ago, visit=VISIT)


def ask(mall: Mall, order: Order, reason: str, ago: timedelta, text: str) -> Refund:
    """The buyer filed a case for the first unit `ago`."""
    unit = escrow.units_of(order)[0]
    return refunds.ask(order=order, units=[unit], reason=reason, by=order.buyer, at=mall.at - ago, text=text)


def decline(mall: Mall, refund: Refund, ago: timedelta) -> None:
    """The shop declined `ago`, citing a published rule."""
    refunds.decline(
        refund,
        code=citations.DeclineCode.ALREADY_SEEN,
        rule=citations.applicable(refund)[0],
        text="卡密已查看，售出时有效，请您再确认一下区服。",
        by=mall.shop.owner,
        at=mall.at - ago,
    )


def disputed(mall: Mall, who: str, ago: timedelta, *, goods: int = 0) -> Dispute:
    """A case that went to the platform `ago`: bought, looked at, claimed, declined, escalated."""
    order = buy(mall, who, ago + 6 * HOUR, goods=goods)
    reveal(order, ago + 5 * HOUR, mall)
    refund = ask(mall, order, "CODE_INVALID", ago + 4 * HOUR, "激活时提示卡密无效，截图已附。")
    decline(mall, refund, ago + 2 * HOUR)
    refunds.escalate(refund, by=refund.buyer, at=mall.at - ago)
    return Dispute.objects.get(refund=refund)


def hear(mall: Mall, dispute: Dispute, ago: timedelta) -> None:
    """Both sides spoke and had nothing to add."""
    for person, text in (
        (dispute.refund.buyer, "我当天在官网激活失败，客服说卡密不存在。"),
        (mall.shop.owner, "我们进货时逐条验证过，这一批没有其他投诉。"),
    ):
        disputes.submit(dispute, text=text, by=person, at=mall.at - ago)
        disputes.rest(dispute, by=person, at=mall.at - ago)


def rule(mall: Mall, dispute: Dispute, ago: timedelta, *, seller: int, buyer: int) -> None:
    """The arbiter wrote a ruling with these shares in basis points."""
    assert dispute.arbiter is not None  # noqa: S101 - the demo has an arbiter
    draft = Draft(
        shares={"platform": 0, "seller": seller, "upstream": 0, "buyer": buyer},
        rule_ids=[dispute.refund.decision["units"][0]["rules"][0]] if "units" in dispute.refund.decision else ["MX-42"],
        findings={item.pk: Finding("accepted") for item in dispute.evidence.order_by("pk")},
        issues="双方对下单、付款和查看时间没有争议；争议在于卡密售出时是否有效，以及买家是否按说明使用。",
        reasons="卡密在查看后一小时内即报失效，店铺未能提供售出时有效的凭证；买家未按说明先确认区服，亦有一部分责任。",
        departs_because="双方均有过错，按责任比例分担。",
    )
    disputes.rule(dispute, draft, by=dispute.arbiter, at=mall.at - ago)


# Stories, each in a transaction of its own


def waiting_for_payment(mall: Mall) -> None:
    """An order that waits to be paid."""
    orders.place(buyer=mall.people["buyer"], listing=mall.goods[0], quantity=1, acknowledged=True, at=mall.at)


def cancelled(mall: Mall) -> None:
    """An order the buyer cancelled before paying."""
    at = mall.at - 2 * DAY
    order = orders.place(buyer=mall.people["buyer"], listing=mall.goods[1], quantity=1, acknowledged=True, at=at)
    orders.cancel(order, by=order.buyer, at=at + MINUTE)


def expired(mall: Mall) -> None:
    """An order nobody paid."""
    at = mall.at - 3 * DAY
    order = orders.place(buyer=mall.people["regular"], listing=mall.goods[1], quantity=2, acknowledged=True, at=at)
    sweep.fire_overdue(order.address, at=at + 15 * MINUTE)


def in_inspection(mall: Mall) -> None:
    """Three codes, one of them looked at."""
    reveal(buy(mall, "buyer", 5 * HOUR, quantity=3), 4 * HOUR, mall)


def settled_long_ago(mall: Mall) -> None:
    """Sales that went well: confirmed by the clock, settled, and one archived."""
    for who, ago in (("patron", 30 * DAY), ("regular", 12 * DAY), ("patron", 200 * DAY)):
        order = buy(mall, who, ago, goods=1, quantity=2)
        live_on(mall, order)
    live_on(mall, buy(mall, "buyer", 4 * DAY, goods=1))


def live_on(mall: Mall, order: Order) -> None:
    """Let the clocks of an order fire at the times they were due, up to now."""
    order.refresh_from_db()
    while order.deadline_at is not None and order.deadline_at <= mall.at:
        sweep.fire_overdue(order.address, at=order.deadline_at)
        order.refresh_from_db()


def remind(refund: Refund) -> None:
    """Whoever is under a case's clock was reminded at its moments, and the mails went out."""
    clock = Timer.objects.get(subject=refund.address, state=Timer.State.RUNNING)
    for moment in moments(clock.started_at, clock.due_at):
        reminders.remind_of(clock.pk, at=moment)
        inbox.catch_up(at=moment)
        mail.send_due(at=moment)


def proven_and_paid_at_once(mall: Mall) -> None:
    """A bad code whose issuer says so: paid back within seconds."""
    order = buy(mall, "regular", 26 * HOUR, goods=1)
    reveal(order, 25 * HOUR, mall)
    unit = escrow.units_of(order)[0]
    delivery.record_validity(
        unit, is_valid=False, source="发行方接口", reference="Q-88213", at=mall.at - 24 * HOUR - MINUTE
    )
    ask(mall, order, "CODE_INVALID", 24 * HOUR, "提示卡密不存在。")


def waiting_for_the_shop(mall: Mall) -> None:
    """Cases in the shop's queue. Few codes are told to be bad: a third one of a batch would stop the sale."""
    for who, ago, reason, text in (
        ("buyer", 3 * HOUR, "CODE_EXPIRED", "激活页面提示“卡密已过期”。"),
        ("regular", 20 * HOUR, "CODE_ALREADY_USED", "激活页面提示“卡密已被使用”。"),
        ("patron", 30 * MINUTE, "REGION_MISMATCH", "只能在别的区服激活。"),
    ):
        order = buy(mall, who, ago + 2 * HOUR)
        reveal(order, ago + HOUR, mall)
        ask(mall, order, reason, ago, text)


def accepted(mall: Mall) -> None:
    """A case the shop accepted."""
    order = buy(mall, "patron", 6 * DAY)
    reveal(order, 6 * DAY - HOUR, mall)
    refund = ask(mall, order, "REGION_MISMATCH", 6 * DAY - 2 * HOUR, "在国服无法激活。")
    refunds.accept(refund, by=mall.shop.owner, at=mall.at - 6 * DAY + 5 * HOUR)


def paid_by_silence(mall: Mall) -> None:
    """A case the shop let pass: the clock paid."""
    order = buy(mall, "buyer", 5 * DAY)
    reveal(order, 5 * DAY - HOUR, mall)
    refund = ask(mall, order, "CODE_EXPIRED", 5 * DAY - 2 * HOUR, "卡密已过期。")
    assert refund.deadline_at is not None  # noqa: S101 - the shop's clock runs
    sweep.fire_overdue(order.address, at=refund.deadline_at)


def declined(mall: Mall) -> None:
    """A case the shop declined: the buyer's turn. And one that lapsed."""
    for who, ago in (("regular", 2 * DAY), ("patron", 10 * DAY)):
        order = buy(mall, who, ago + 4 * HOUR)
        reveal(order, ago + 3 * HOUR, mall)
        refund = ask(mall, order, "CODE_INVALID", ago + 2 * HOUR, "不能用。")
        decline(mall, refund, ago)
        refund.refresh_from_db()
        if refund.is_overdue(mall.at):
            assert refund.deadline_at is not None  # noqa: S101 - asked in is_overdue
            remind(refund)
            sweep.fire_overdue(order.address, at=refund.deadline_at)
        live_on(mall, order)


def sorry_and_predecided(mall: Mall) -> None:
    """Somebody who is just sorry after looking: a machine's no, open to review by a person."""
    order = buy(mall, "buyer", 30 * HOUR)
    reveal(order, 29 * HOUR, mall)
    ask(mall, order, "CHANGE_OF_MIND", 28 * HOUR, "买错了。")


def withdrawn(mall: Mall) -> None:
    """A case the buyer took back."""
    order = buy(mall, "regular", 9 * HOUR)
    reveal(order, 8 * HOUR, mall)
    refund = ask(mall, order, "CODE_INVALID", 7 * HOUR, "好像不能用。")
    refunds.withdraw(refund, by=refund.buyer, at=mall.at - 6 * HOUR)


def with_the_platform(mall: Mall) -> None:
    """Disputes whose evidence is being heard and under review."""
    disputed(mall, "buyer", 3 * HOUR)
    dispute = disputed(mall, "regular", 20 * HOUR, goods=2)
    hear(mall, dispute, 10 * HOUR)


def ruled_and_signed(mall: Mall) -> None:
    """Two 60/40 splits: one waits for its second signature, the other is signed and can be appealed."""
    for who, is_signed in (("patron", False), ("buyer", True)):
        dispute = disputed(mall, who, 30 * HOUR, goods=2)
        hear(mall, dispute, 26 * HOUR)
        rule(mall, dispute, 10 * HOUR, seller=6_000, buyer=4_000)
        dispute.refresh_from_db()
        if is_signed and dispute.state == DisputeState.SIGNING:
            disputes.sign(dispute, agrees=True, by=mall.people["senior"], at=mall.at - 5 * HOUR)


def taken_back_from_the_platform(mall: Mall) -> None:
    """A dispute the buyer took back."""
    dispute = disputed(mall, "patron", 3 * DAY)
    disputes.withdraw(dispute, by=dispute.refund.buyer, at=mall.at - 3 * DAY + HOUR)
    live_on(mall, dispute.refund.order)


def ruled_and_closed(mall: Mall) -> None:
    """A case decided and paid, after its time to appeal; and one that was not supported."""
    for who, seller in (("buyer", 6_000), ("regular", 0)):
        dispute = disputed(mall, who, 12 * DAY)
        hear(mall, dispute, 12 * DAY - 6 * HOUR)
        rule(mall, dispute, 12 * DAY - 20 * HOUR, seller=seller, buyer=10_000 - seller)
        dispute.refresh_from_db()
        if dispute.state == DisputeState.SIGNING:
            disputes.sign(dispute, agrees=True, by=mall.people["senior"], at=mall.at - 12 * DAY + 24 * HOUR)
        dispute.refresh_from_db()
        while dispute.deadline_at is not None and dispute.deadline_at <= mall.at:
            sweep.fire_overdue(dispute.root_address, at=dispute.deadline_at)
            dispute.refresh_from_db()
        live_on(mall, dispute.refund.order)


def somebody_is_there(mall: Mall) -> None:
    """Whoever calls for a person reaches one: by day the agent, for a fortnight; a lead from now on for half a day."""
    lead, agent = mall.people["lead"], mall.people["agent"]
    morning = mall.at.astimezone(SHANGHAI).replace(hour=9, minute=0, second=0, microsecond=0)
    for day in range(14):
        since = morning + day * DAY
        if since + 12 * HOUR > mall.at:
            support.plan(agent, since=since, until=since + 12 * HOUR, by=lead, at=mall.at)
    support.plan(lead, since=mall.at, until=mall.at + 12 * HOUR, by=lead, at=mall.at)


def privacy_at_work(mall: Mall) -> None:
    """A request to be erased that waits, a copy that a worker makes, a sale under a legal hold, a look on record."""
    patron, regular, lead, risk = (mall.people[name] for name in ("patron", "regular", "lead", "risk"))
    privacy.ask(patron, by=patron, at=mall.at - 2 * DAY)
    exports.ask(regular, by=regular, at=mall.at - MINUTE)
    sold = Order.objects.filter(buyer=patron).order_by("pk").first()
    if sold is not None:
        holds.set_hold(order=sold, reason="（演示）法院调取证据，案号 2026-001", by=risk, at=mall.at - DAY)
    looks.mail_of(regular, reason="（演示）寄送法律文书", by=lead, at=mall.at - HOUR)


def stopped_by_figures(mall: Mall) -> None:
    """So many bad codes among so few sales stop the shop; a person lifts it, and it is never held against it again."""
    counting.catch_up(at=mall.at)
    stops.look([mall.shop.pk], at=mall.at - HOUR)
    for stopped in mall.shop.sanctions.filter(imposed_by=None, state=SanctionState.IN_FORCE).order_by("pk"):
        reason = "（演示）已核对：坏卡来自已召回的批次，店铺已更换供货方。"
        sanctions.lift(stopped, reason=reason, by=mall.people["risk"], at=mall.at - 30 * MINUTE)


def everybody_is_told(mall: Mall) -> None:
    """The inboxes know all of it."""
    inbox.catch_up(at=mall.at)


STORIES: list[Callable[[Mall], Any]] = [
    settled_long_ago,
    ruled_and_closed,
    declined,
    accepted,
    paid_by_silence,
    expired,
    cancelled,
    taken_back_from_the_platform,
    ruled_and_signed,
    sorry_and_predecided,
    proven_and_paid_at_once,
    with_the_platform,
    withdrawn,
    in_inspection,
    waiting_for_the_shop,
    waiting_for_payment,
    somebody_is_there,
    privacy_at_work,
    stopped_by_figures,
    everybody_is_told,
]

"""The demo's bad batch: it came from the connected supplier, it rang, risk confirmed it, and its codes are asked about.

One holder has taken the money, the others are still asked. What the sandbox supplier knows of the codes is written into
its books, so that the worker gets answers within a minute of the mall's opening.
"""

from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

from django.conf import settings

from kamen.sales_of_the_demo import DAY, HOUR, MINUTE, VISIT, Mall, buy
from kamen.sandbox_supplier import Supplier
from orders import delivery, escrow
from reputation import alarms, batch_answers
from reputation.models import Alarm, Inquiry
from shops import listings, stock, suppliers, vault
from shops.models import Kind

NOTICE = "请先确认设备型号。卡密一经查看，因个人原因不能退；卡密无效可以退。"
SIZE, BOUGHT, LOOKED_AT = 40, 4, 3


def recalled(mall: Mall) -> None:
    """Three buyers have codes of a batch of which the issuer says that several were bad when they were sold."""
    owner, since = mall.shop.owner, mall.at - 20 * DAY
    upstream = None
    if "sandbox" in suppliers.connections():
        upstream = suppliers.add(
            mall.shop, name="沙盒卡商", contact="见沙盒页面", gateway="sandbox", by=owner, at=since
        )
    listing = listings.draft(
        shop=mall.shop,
        kind=Kind.ACTIVATION_CODE,
        title="极光加速器激活码 30 天",
        description="自动发货，付款后立即可见。",
        category="软件",
        price=2_900,
        promise_minutes=10,
        region="全球",
        notice=NOTICE,
        by=owner,
        at=since,
    )
    origin = stock.Origin(supplier=upstream, unit_cost=2_000, purchased_on=since.date())
    codes = [f"AURORA-{place:04}-DEMO" for place in range(SIZE)]
    stock.add_batch(listing, codes, by=owner, at=since, note="新上游首批", origin=origin)
    listings.put_on_sale(listing, by=owner, at=since)
    mall.goods.append(listing)
    sold = [
        buy(mall, who, 30 * HOUR, goods=len(mall.goods) - 1, quantity=BOUGHT) for who in ("regular", "buyer", "patron")
    ]
    for order in sold:
        for place in range(LOOKED_AT):
            unit = escrow.units_of(order)[place]
            delivery.reveal(unit, by=order.buyer, at=mall.at - 28 * HOUR + place * MINUTE, visit=VISIT)
        unit, reference = escrow.units_of(order)[0], f"Q-90{order.pk:04}"
        delivery.record_validity(unit, is_valid=False, source="发行方接口", reference=reference, at=mall.at - 27 * HOUR)
    alarms.watch_all(at=mall.at - 26 * HOUR)
    alarm = Alarm.objects.get(batch__listing=listing)
    alarms.carry_on(at=mall.at - 26 * HOUR)
    batch_answers.give(
        alarm.answer,
        words="（演示）这批货来自新换的上游。已停售，正在请上游核对并补码。",
        by=owner,
        at=mall.at - 24 * HOUR,
    )
    alarms.confirm(
        alarm,
        finding="（演示）发行方确认该批次部分卡密在售出前已被使用。",
        by=mall.people["risk"],
        at=mall.at - 20 * HOUR,
    )
    alarms.carry_on(at=mall.at - 20 * HOUR)
    alarms.join(alarm, sold[0], by=sold[0].buyer, at=mall.at - 18 * HOUR)


def write(store: Path) -> None:
    """Let the sandbox supplier know what became of the codes it is asked about, while it does not run."""
    books = Supplier(str(store), settings.SUPPLIERS["sandbox"]["secret"])
    open_ones = Inquiry.objects.filter(ended_at=None, gateway="sandbox").select_related("listed__unit", "card")
    became: Any = cycle([("redeemed", -HOUR), ("void", None), ("unused", None), ("redeemed", 3 * MINUTE)])
    for inquiry, (state, after) in zip(open_ones.order_by("pk"), became, strict=False):
        seen_at = inquiry.listed.unit.reveals.order_by("at").values_list("at", flat=True).first()
        when = (seen_at + after).isoformat() if after is not None and seen_at is not None else ""
        books.know(vault.open_card(inquiry.card), state, when)
    books.database.close()


STORIES: list[Callable[[Mall], Any]] = [recalled]

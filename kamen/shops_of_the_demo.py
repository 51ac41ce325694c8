"""The demo's shops beside their sales: coupons in their states, people who want to open a shop, a step against one."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

from accounts.models import User
from kamen.sales_of_the_demo import DAY, HOUR, MINUTE, Mall
from orders import coupons
from orders import lifecycle as orders
from shops import applications, licences, sanctions
from shops.models import Application, Licence, Party, Sanction, Shop
from timeline.spans import SHANGHAI


def coupons_offered(mall: Mall) -> None:
    """The shop has a coupon that runs and was used, and one paused; one of the platform wants a second person."""
    owner, term = mall.shop.owner, {"starts_at": mall.at - 3 * DAY, "ends_at": mall.at + 27 * DAY}
    since = mall.at - 3 * DAY
    running = coupons.draft(
        shop=mall.shop, code="WELCOME5", value=500, minimum=4_000, most=200, per_person=2, by=owner, at=since, **term
    )
    coupons.start(running, by=owner, at=since)
    paused = coupons.draft(
        shop=mall.shop, code="CLOUD20", value=2_000, minimum=15_000, most=50, per_person=1, by=owner, at=since, **term
    )
    coupons.start(paused, by=owner, at=since)
    coupons.pause(paused, by=owner, at=mall.at - DAY)
    coupons.draft(
        shop=None,
        code="KAMEN10",
        value=1_000,
        minimum=10_000,
        most=100,
        per_person=1,
        by=mall.people["finance"],
        at=mall.at - 2 * HOUR,
        starts_at=mall.at,
        ends_at=mall.at + 30 * DAY,
    )
    buyer, at = mall.people["patron"], mall.at - 2 * DAY
    order = orders.place(buyer=buyer, listing=mall.goods[1], quantity=2, acknowledged=True, at=at)
    coupons.use(order, running.code, by=buyer, at=at + MINUTE)
    orders.pay_from_wallet(order, by=buyer, at=at + 2 * MINUTE)


def shops_to_open(mall: Mall) -> None:
    """People who want to sell: one is still writing, one waits, one is being looked at, one must add something."""
    risk = mall.people["risk"]
    apply_for(mall, mall.people["buyer"], "小林杂货", "xiaolin", 2 * HOUR, hands_in=False)
    apply_for(mall, mall.people["regular"], "青枫点卡", "qingfeng", 20 * HOUR)
    looked_at = apply_for(mall, mall.people["shop2"], "南山会员", "nanshan-vip", 26 * HOUR)
    applications.take_on(looked_at, by=risk, at=mall.at - 3 * HOUR)
    lacking = apply_for(mall, mall.people["patron"], "周记激活码", "zhouji", 2 * DAY)
    applications.take_on(lacking, by=risk, at=mall.at - 30 * HOUR)
    applications.send_back(
        lacking, missing="营业执照照片反光，统一社会信用代码看不清，请重新拍摄。", by=risk, at=mall.at - 29 * HOUR
    )


def warned(mall: Mall) -> None:
    """A shop that delivered late was warned."""
    sanctions.impose(
        Shop.objects.get(slug="nanshan"),
        step=Sanction.Step.WARNING,
        reason="近 30 天准时发货率低于 90 %，请在 90 天内改善。",
        by=mall.people["risk"],
        at=mall.at - 5 * DAY,
    )


def apply_for(mall: Mall, who: User, name: str, slug: str, ago: timedelta, *, hands_in: bool = True) -> Application:
    """Somebody began an application `ago`, with what they say and their papers, and handed it in an hour later."""
    at = mall.at - ago
    found = applications.begin(applicant=who, name=name, slug=slug, at=at)
    applications.write(
        found,
        by=who,
        at=at + 10 * MINUTE,
        kinds=["POINT_CARD", "ACTIVATION_CODE"],
        about="向两家授权经销商进货，合同与发票可查。",
        party=Party.SOLE,
        legal_name=f"上海{name}经营部",
        legal_address="上海市徐汇区示例路 1 号",
        contact_email="legal@shop.invalid",
        contact_phone="021-00000000",
        icp="",
    )
    if not hands_in:
        return found
    until = (mall.at + 400 * DAY).astimezone(SHANGHAI).date()
    for kind, number in ((Licence.Kind.IDENTITY, "310104199001011234"), (Licence.Kind.BUSINESS, "91310104MA1FR0001X")):
        upload = SimpleUploadedFile(f"{kind}.png", picture(), content_type="image/png")
        licences.give(
            application=found,
            kind=kind,
            number=number,
            issuer="示例机关",
            valid_until=until,
            upload=upload,
            by=who,
            at=at + 30 * MINUTE,
        )
    applications.hand_in(found, by=who, at=at + HOUR)
    return found


def picture() -> bytes:
    """A paper with nothing on it but that it is a specimen."""
    drawn = Image.new("RGB", (480, 320), "white")
    ImageDraw.Draw(drawn).text((180, 150), "SPECIMEN", fill="gray")
    written = BytesIO()
    drawn.save(written, "PNG")
    return written.getvalue()


STORIES: list[Callable[[Mall], Any]] = [coupons_offered, shops_to_open, warned]

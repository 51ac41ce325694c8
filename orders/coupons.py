"""The story of coupons: draft · start · pause · resume · end · lapse; and of an order that uses one: use · drop.

A shop's coupon is a lower price: the shop takes in less, nobody pays the difference. A platform coupon is paid by the
platform, out of what was set aside when two people of finance started it: its share goes into escrow with the buyer's
money and to the shop with it, and what is not earned goes back to the platform, never to the buyer (rules P01). The
server alone says what an order costs.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from ledger.accounts import balance
from ledger.models import Payment
from ledger.states import PaymentState
from ledger.templatetags.money import yuan
from ledger.transfers import Move, Reason, post_with_page
from orders.models import Coupon, CouponUse, Order, Unit
from orders.parties import SEEING_COUPONS
from orders.states import CouponState, OrderState
from shops.models import SELL, Shop, keeping
from timeline import page
from timeline.door import begin, change, enter, lock, note, require, verb
from timeline.spans import Span, minutes

CODE = re.compile(r"[A-Z0-9]{4,20}")
#: What one coupon may take off, in fen, and how many orders it may be for.
MOST_VALUE, MOST_ORDERS = 1_000_000, 1_000_000
LONGEST_DAYS = 366
COUPONS, OWN = "platform:coupons", "platform:own"


@verb
def draft(
    *,
    shop: Shop | None,
    code: str,
    value: int,
    minimum: int,
    most: int,
    per_person: int,
    starts_at: datetime,
    ends_at: datetime,
    by: Any,
    at: datetime,
) -> Coupon:
    """Somebody who sells for `shop`, or of finance for the platform (no shop), writes a coupon. Sums are in fen.

    `ValidationError` names each figure that cannot be. Refused: `not_your_turn`.
    """
    require(may_issue(shop, by), "not_your_turn", _("Only the shop, or finance for the platform, makes coupons."))
    found = Coupon(
        code=code.strip().upper(),
        shop=shop,
        value=value,
        minimum=minimum,
        most=most,
        per_person=per_person,
        starts_at=starts_at,
        ends_at=ends_at,
        made_by=by,
    )
    _require_sound(found, at=at)
    begin(found, by=by, at=at, data=_told(found))
    return found


@verb
def start(coupon: Coupon, *, by: Any, at: datetime) -> None:
    """Buyers may use it from now on, or from its first day. A platform coupon needs a second person of finance.

    With that, all that it can cost is set aside out of the platform's own money. Refused: `not_your_turn`,
    `wrong_moment`, `second_person`, `not_enough_own_money`.
    """
    _lock_of(coupon, by=by)
    require(
        coupon.state == CouponState.DRAFT and coupon.ends_at > at,
        "wrong_moment",
        _("This coupon was started or ended already, or its term is over."),
    )
    if coupon.shop_id is None:
        require(coupon.made_by_id != by.pk, "second_person", _("A second person of finance starts it."))
        require(
            balance(OWN) >= coupon.budget,
            "not_enough_own_money",
            _("The platform's own money does not cover %(amount)s, which this coupon can cost.")
            % {"amount": yuan(coupon.budget)},
        )
        move = Move(f"{coupon.address}:funded", OWN, COUPONS, coupon.budget, Reason.COUPON, coupon.address)
        post_with_page([move], journal=move.key, at=at)
        change(coupon, agreed_by=by)
    enter(coupon, CouponState.RUNNING, by=by, at=at, span=_term(coupon, at), data=_told(coupon))


@verb
def pause(coupon: Coupon, *, by: Any, at: datetime) -> None:
    """Nobody can use it until it is resumed; orders that hold it keep it. Refused: `not_your_turn`, `wrong_moment`."""
    _lock_of(coupon, by=by)
    require(coupon.state == CouponState.RUNNING, "wrong_moment", _("This coupon is not running."))
    enter(coupon, CouponState.PAUSED, by=by, at=at)


@verb
def resume(coupon: Coupon, *, by: Any, at: datetime) -> None:
    """It can be used again. Refused: `not_your_turn`, `wrong_moment`."""
    _lock_of(coupon, by=by)
    is_open = coupon.state == CouponState.PAUSED and coupon.ends_at > at
    require(is_open, "wrong_moment", _("This coupon is not paused, or its term is over."))
    enter(coupon, CouponState.RUNNING, by=by, at=at, span=_term(coupon, at))


@verb
def end(coupon: Coupon, *, by: Any, at: datetime) -> None:
    """It is over for good; orders that hold it keep it. Refused: `not_your_turn`, `wrong_moment`."""
    _lock_of(coupon, by=by)
    require(coupon.state != CouponState.ENDED, "wrong_moment", _("This coupon has ended already."))
    _end(coupon, by=by, at=at)


@verb
def lapse(coupon: Coupon, *, limit: str, at: datetime) -> None:
    """Its term is over."""
    lock(coupon)
    if coupon.machine.limits.get(coupon.state) != limit or not coupon.is_overdue(at):
        return  # paused or ended while this call was on its way
    _end(coupon, by=None, at=at)


@verb
def use(order: Order, code: str, *, by: Any, at: datetime) -> CouponUse:
    """The buyer takes a coupon for an order that is still to be paid: one of the shop and one of the platform at most.

    It takes its whole value off, but leaves each unit a price of at least one fen. Refused: `not_your_turn`,
    `wrong_moment`, `payment_open`, `no_such_coupon`, `coupon_not_running`, `coupon_used_before`, `coupon_taken`,
    `coupon_minimum`, `coupon_gone`.
    """
    _lock_to_pay(order, by=by, at=at)
    coupon = Coupon.objects.filter(_fits(order), code=code.strip().upper()[:20]).first()
    require(coupon is not None, "no_such_coupon", _("There is no such coupon for this order."))
    assert coupon is not None  # noqa: S101 - asked above
    lock(coupon)
    require(
        coupon.state == CouponState.RUNNING and coupon.starts_at <= at < coupon.ends_at,
        "coupon_not_running",
        _("This coupon cannot be used now."),
    )
    held = CouponUse.objects.filter(order=order, bearer=coupon.bearer, back_at=None)
    require(
        not held.exists(),
        "coupon_taken",
        _("An order takes one coupon of the shop and one of the platform. Take the other one off first."),
    )
    before = CouponUse.objects.filter(coupon=coupon, user=by, back_at=None).count()
    require(before < coupon.per_person, "coupon_used_before", _("You have used this coupon as often as one may."))
    require(coupon.taken < coupon.most, "coupon_gone", _("All of these coupons are taken."))
    require(
        order.listed >= coupon.minimum,
        "coupon_minimum",
        _("This coupon is for orders of %(minimum)s and more.") % {"minimum": yuan(coupon.minimum)},
    )
    amount = min(coupon.value, order.total - order.units.count())
    require(amount > 0, "coupon_minimum", _("There is nothing left that a coupon could take off."))
    found = CouponUse(coupon=coupon, order=order, user=by, bearer=coupon.bearer, amount=amount, at=at)
    page.insert([found])
    change(coupon, taken=coupon.taken + 1)
    _take_off(order, found.bearer, amount)
    note(order, "order.coupon_used", by=by, at=at, data={"code": coupon.code, "amount": amount, "by": found.bearer})
    return found


@verb
def drop(order: Order, bearer: str, *, by: Any, at: datetime) -> None:
    """The buyer takes a coupon off an order that is still to be paid. Refused: as `use`, and `no_such_coupon`."""
    _lock_to_pay(order, by=by, at=at)
    held = CouponUse.objects.filter(order=order, bearer=bearer, back_at=None).select_related("coupon").first()
    require(held is not None, "no_such_coupon", _("There is no such coupon for this order."))
    assert held is not None  # noqa: S101 - asked above
    _give_back([held], at=at)
    _take_off(order, bearer, -held.amount)
    data = {"code": held.coupon.code, "amount": held.amount, "by": bearer}
    note(order, "order.coupon_dropped", by=by, at=at, data=data)


def give_back(order: Order, *, at: datetime) -> None:
    """A locked order came to nothing: its buyer may use its coupons again.

    One whose sum did not come back whole (the shop had nothing left to give) stays counted: its money is gone.
    """
    if not (order.from_platform or order.from_shop):
        return
    held = list(CouponUse.objects.filter(order=order, back_at=None).select_related("coupon").order_by("coupon"))
    lost = order.units.aggregate(lost=Sum(F("coupon") - F("coupon_back")))["lost"] if order.paid_at else 0
    _give_back(held, at=at, is_paid=order.paid_at is not None, is_lost=bool(lost))


def home_of(order: Order) -> str:
    """Where the platform's share of an order goes back to: what is set aside for coupons, its own once that is over."""
    held = CouponUse.objects.filter(order=order, bearer=CouponUse.Bearer.PLATFORM, back_at=None)
    return OWN if held.filter(coupon__state=CouponState.ENDED).exists() else COUPONS


def visible_to(user: Any) -> QuerySet[Coupon]:
    """The coupons that `user` runs or watches over: those of the own shops, the platform's for its staff of money."""
    found = keeping(user, SELL, shop="shop")
    if user.roles & SEEING_COUPONS:
        found |= Q(shop=None)
    return Coupon.objects.filter(found)


def may_issue(shop: Shop | None, user: Any) -> bool:
    """Whether `user` makes and stops coupons of `shop`, or of the platform where there is none."""
    return shop.may(user, SELL) if shop is not None else user.has_role(Role.FINANCE)


def actions_for(coupon: Coupon, user: Any, *, at: datetime) -> list[str]:
    """The verbs that would not be refused to `user` now."""
    if not may_issue(coupon.shop, user):
        return []
    is_second = coupon.shop_id is not None or coupon.made_by_id != user.pk
    may_go_on = coupon.ends_at > at
    found = {
        CouponState.DRAFT: ["start", "end"] if is_second and may_go_on else ["end"],
        CouponState.RUNNING: ["pause", "end"],
        CouponState.PAUSED: ["resume", "end"] if may_go_on else ["end"],
    }
    return found.get(CouponState(coupon.state), [])


def of(order: Order) -> list[CouponUse]:
    """The coupons that an order holds, the shop's last; nobody is asked where it has none."""
    if not (order.from_platform or order.from_shop):
        return []
    return list(CouponUse.objects.filter(order=order, back_at=None).select_related("coupon").order_by("bearer"))


def _lock_of(coupon: Coupon, *, by: Any) -> None:
    lock(coupon)
    require(may_issue(coupon.shop, by), "not_your_turn", _("Only whoever makes these coupons decides about them."))


def _lock_to_pay(order: Order, *, by: Any, at: datetime) -> None:
    lock(order)
    require(order.buyer_id == by.pk, "not_your_turn", _("Only the buyer uses coupons."))
    is_open = order.state == OrderState.PLACED and not order.is_overdue(at)
    require(is_open, "wrong_moment", _("This order cannot be paid any more."))
    asked = Payment.objects.filter(subject=order.address, state=PaymentState.AWAITING, deadline_at__gt=at)
    require(
        not order.from_wallet and not asked.exists(),
        "payment_open",
        _("A payment over the price as it is now is open. Cancel the order and place it anew to change its price."),
    )


def _fits(order: Order) -> Q:
    """Coupons that can be known to a buyer of this shop: what is not for this order does not exist."""
    return ~Q(state=CouponState.DRAFT) & (Q(shop=None) | Q(shop=order.shop_id))


def _take_off(order: Order, bearer: str, amount: int) -> None:
    if bearer == CouponUse.Bearer.SHOP:
        change(order, total=order.total - amount, from_shop=order.from_shop + amount)
    else:
        change(order, total=order.total - amount, from_platform=order.from_platform + amount)


def _give_back(held: Iterable[CouponUse], *, at: datetime, is_paid: bool = False, is_lost: bool = False) -> None:
    for each in held:
        coupon = each.coupon
        lock(coupon)
        change(each, back_at=at)
        if is_lost and coupon.shop_id is None:
            continue
        change(coupon, taken=coupon.taken - 1)
        if coupon.state == CouponState.ENDED and coupon.shop_id is None and not is_paid:
            move = Move(f"couponuse:{each.pk}:back", COUPONS, OWN, each.amount, Reason.COUPON, coupon.address)
            post_with_page([move], journal=move.key, at=at)


def _end(coupon: Coupon, *, by: Any, at: datetime) -> None:
    """What nobody took goes back to the platform; what orders hold stays set aside for them."""
    left = 0
    if coupon.shop_id is None and coupon.state != CouponState.DRAFT:
        waiting = Q(order__paid_at=None, back_at=None)
        paid = Q(order__paid_at__isnull=False) & (Q(back_at=None) | Q(back_at__gte=F("order__paid_at")))
        held = coupon.uses.filter(waiting).aggregate(sum=Sum("amount"))["sum"] or 0
        spent = Unit.objects.filter(order__in=coupon.uses.filter(paid).values("order"))
        given = spent.aggregate(sum=Sum(F("coupon") - F("coupon_back")))["sum"] or 0
        left = coupon.budget - held - given
    if left:
        move = Move(f"{coupon.address}:ended", COUPONS, OWN, left, Reason.COUPON, coupon.address)
        post_with_page([move], journal=move.key, at=at)
    enter(coupon, CouponState.ENDED, by=by, at=at, data={"left": left})


def _term(coupon: Coupon, at: datetime) -> Span:
    return minutes(max(1, -int(-(coupon.ends_at - at).total_seconds() // 60)))


def _told(coupon: Coupon) -> dict[str, Any]:
    return {"code": coupon.code, "amount": coupon.value, "most": coupon.most, "shop": coupon.shop_id or 0}


def _require_sound(coupon: Coupon, *, at: datetime) -> None:
    wrong: dict[str, ValidationError] = {}
    if not CODE.fullmatch(coupon.code):
        wrong["code"] = ValidationError(_("4 to 20 letters A–Z and digits."), code="invalid")
    elif Coupon.objects.filter(code=coupon.code).exists():
        wrong["code"] = ValidationError(_("There is a coupon with this code already."), code="unique")
    if not 1 <= coupon.value <= MOST_VALUE:
        wrong["value"] = ValidationError(_("At least ¥0.01 and at most ¥10,000.00."), code="invalid")
    if coupon.minimum <= coupon.value:
        wrong["minimum"] = ValidationError(_("An order must cost more than the coupon takes off."), code="invalid")
    if not 1 <= coupon.most <= MOST_ORDERS:
        wrong["most"] = ValidationError(_("For between 1 and 1,000,000 orders."), code="invalid")
    if not 1 <= coupon.per_person <= coupon.most:
        wrong["per_person"] = ValidationError(_("At least 1, and not more than there are in all."), code="invalid")
    if coupon.ends_at <= max(coupon.starts_at, at) or (coupon.ends_at - coupon.starts_at).days > LONGEST_DAYS:
        wrong["ends_at"] = ValidationError(
            _("It ends after it begins, in the future, and within a year."), code="invalid"
        )
    if wrong:
        raise ValidationError(wrong)

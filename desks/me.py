"""What needs me: everything in the mall that waits for the person, the one with the least time first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from disputes import course
from disputes.models import Appeal, Dispute, Ruling, Seat, Signature, Vote
from disputes.states import AppealState, DisputeState
from ledger.accounts import balance
from ledger.templatetags.money import yuan
from notifications import inbox
from orders.models import Order
from orders.states import OrderState
from refunds import words
from refunds.models import BUYER_IS_NEXT, SHOP_IS_NEXT, Refund
from refunds.states import RefundState
from reputation import alarms
from reputation.models import BatchAnswer
from reputation.states import AlarmState, BatchAnswerState
from shops.models import MONEY, SELL, SERVE, Deposit, Shop, keeping
from shops.states import DepositState
from timeline import clock

#: Of each kind, so many are shown; their own lists have all of them.
MOST = 20
#: Below this a deadline is shown as running short.
SHORT = timedelta(hours=6)


@dataclass(frozen=True)
class Card:
    """One thing that waits: what, until when, what happens otherwise, and where to act."""

    icon: str
    kind: str
    title: str
    amount: int | None
    until: datetime
    then: str
    url: str
    label: str

    def tone(self, at: datetime) -> str:
        """The tone of its clock: amber when time is running short."""
        return "amber" if self.until - at < SHORT else ""


@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """Everything that waits for the person, and where their other places are."""
    at, user = clock.now(), request.user
    shops = list(Shop.objects.filter(keeping(user)).order_by("pk"))
    cards = sorted(waiting(user, shops, at), key=lambda card: (card.until, card.url))
    unread = inbox.count_unread(user)
    context = {
        "at": at,
        "cards": [{"card": card, "tone": card.tone(at)} for card in cards],
        "balance": balance(f"{user.address}:wallet"),  # type: ignore[union-attr]
        "unread": "99+" if unread > 99 else str(unread),
        "has_unread": unread > 0,
        "keeps_a_shop": bool(shops),
        "works_here": user.is_mall_staff,  # type: ignore[union-attr]
    }
    return render(request, "desks/me.html", context)


def waiting(user: Any, shops: list[Shop], at: datetime) -> Iterator[Card]:
    """What waits for `user` at `at`: only what they can still do something about. One query for each kind at most.

    `shops` are those the person works in; each kind is asked of those in which they may do it.
    """

    def where(what: str) -> list[Shop]:
        return [shop for shop in shops if shop.may(user, what)]

    yield from _to_pay(user, at)
    yield from _to_inspect(user, at)
    yield from _recalled(user, at)
    yield from _to_decide(user, at)
    yield from _to_answer(where(SERVE), at)
    yield from _to_deliver(where(SERVE), at)
    yield from _to_prove(user, where(SERVE), at)
    yield from _to_explain(where(SELL), at)
    yield from _to_fill_up(where(MONEY), at)
    yield from _to_judge(user, at)
    yield from _to_vote(user, at)


def _to_pay(user: Any, at: datetime) -> Iterator[Card]:
    placed = Order.objects.filter(buyer=user, state=OrderState.PLACED, deadline_at__gt=at).select_related("shop")
    for order in placed.order_by("deadline_at", "pk")[:MOST]:
        yield Card(
            icon="wallet",
            kind=_("To pay"),
            title=_("Pay your order from %(shop)s") % {"shop": order.shop.name},
            amount=order.total,
            until=_end(order),
            then=_("Then the order expires. Nothing is charged."),
            url=reverse("orders:detail", args=[order.number]),
            label=_("To the order"),
        )


def _to_inspect(user: Any, at: datetime) -> Iterator[Card]:
    arrived = Order.objects.filter(buyer=user, state=OrderState.DELIVERED, deadline_at__gt=at).select_related("shop")
    for order in arrived.order_by("deadline_at", "pk")[:MOST]:
        yield Card(
            icon="package-check",
            kind=_("To inspect"),
            title=_("Check what %(shop)s delivered") % {"shop": order.shop.name},
            amount=order.total,
            until=_end(order),
            then=_("Then the money of what you have not claimed goes to the shop."),
            url=reverse("orders:detail", args=[order.number]),
            label=_("To the order"),
        )


def _recalled(user: Any, at: datetime) -> Iterator[Card]:
    for alarm in [each for each in alarms.offers_to(user) if each.deadline_at and each.deadline_at > at][:MOST]:
        yield Card(
            icon="package",
            kind=_("Recall"),
            title=_("Choose what you get for codes that are recalled: %(listing)s")
            % {"listing": alarm.batch.listing.title},
            amount=None,
            until=_end(alarm),
            then=_("After that the offer ends; money that is still held goes on.")
            if alarm.state == AlarmState.CONFIRMED
            else _("If nobody of the risk team decides until then, the batch counts as recalled."),
            url=alarm.get_absolute_url(),
            label=_("To the recall"),
        )


def _to_decide(user: Any, at: datetime) -> Iterator[Card]:
    waiting = Refund.objects.filter(BUYER_IS_NEXT, buyer=user, deadline_at__gt=at)
    for refund in waiting.order_by("deadline_at", "pk")[:MOST]:
        if refund.state != RefundState.DECLINED:
            yield _your_turn(refund)
            continue
        yield Card(
            icon="undo-2",
            kind=_("Declined"),
            title=_("Decide what becomes of your claim %(number)s") % {"number": refund.number},
            amount=refund.asked or None,  # of what the rules give nothing for, no sum is at stake yet
            until=_end(refund),
            then=_("Then the case is closed and nothing is paid back."),
            url=refund.get_absolute_url(),
            label=_("To the case"),
        )


def _to_answer(shops: list[Shop], at: datetime) -> Iterator[Card]:
    waiting = Refund.objects.filter(SHOP_IS_NEXT, order__shop__in=shops, deadline_at__gt=at).select_related(
        "order__shop"
    )
    for refund in waiting.order_by("deadline_at", "pk")[:MOST]:
        if refund.state != RefundState.REQUESTED:
            yield _your_turn(refund)
            continue
        yield Card(
            icon="store",
            kind=_("To answer"),
            title=_("Answer the buyer's claim at %(shop)s") % {"shop": refund.order.shop.name},
            amount=refund.asked,
            until=_end(refund),
            then=_("Then the buyer is paid back %(amount)s.") % {"amount": yuan(refund.asked)}
            if refund.is_paid_by_silence()
            else _("Then the platform decides."),
            url=refund.get_absolute_url(),
            label=_("To the case"),
        )


def _your_turn(refund: Refund) -> Card:
    """A case in which somebody answers an offer or a question, delivers anew or checks what came."""
    return Card(
        icon="handshake",
        kind=str(RefundState(refund.state).label),
        title=_("It is your turn in case %(number)s") % {"number": refund.number},
        amount=refund.asked,
        until=_end(refund),
        then=words.then(refund),
        url=refund.get_absolute_url(),
        label=_("To the case"),
    )


def _to_deliver(shops: list[Shop], at: datetime) -> Iterator[Card]:
    paid = Order.objects.filter(shop__in=shops, state=OrderState.PAID, deadline_at__gt=at)
    for order in paid.select_related("shop").order_by("deadline_at", "pk")[:MOST]:
        yield Card(
            icon="truck",
            kind=_("To deliver"),
            title=_("Deliver an order at %(shop)s") % {"shop": order.shop.name},
            amount=order.total,
            until=_end(order),
            then=_("Then the order is canceled and the buyer is paid back."),
            url=reverse("orders:detail", args=[order.number]),
            label=_("To the order"),
        )


def _to_prove(user: Any, shops: list[Shop], at: datetime) -> Iterator[Card]:
    heard = (
        Dispute.objects.of_party(user)
        .filter(
            Q(refund__buyer=user, buyer_rested=False) | Q(refund__order__shop__in=shops, shop_rested=False),
            state=DisputeState.EVIDENCE,
            deadline_at__gt=at,
        )
        .select_related("refund")
    )
    for dispute in heard.order_by("deadline_at", "pk")[:MOST]:
        yield Card(
            icon="scale",
            kind=_("Evidence"),
            title=_("Say what happened in dispute %(number)s") % {"number": dispute.number},
            amount=dispute.refund.asked,
            until=_end(dispute),
            then=_("Then the platform decides on what is there."),
            url=dispute.get_absolute_url(),
            label=_("To the dispute"),
        )


def _to_explain(shops: list[Shop], at: datetime) -> Iterator[Card]:
    asked = BatchAnswer.objects.filter(shop__in=shops, state=BatchAnswerState.AWAITED, deadline_at__gt=at)
    for answer in asked.select_related("alarm__batch__listing").order_by("deadline_at", "pk")[:MOST]:
        yield Card(
            icon="octagon-alert",
            kind=_("Bad batch"),
            title=_("Say what happened to a batch of %(listing)s") % {"listing": answer.alarm.batch.listing.title},
            amount=None,
            until=_end(answer),
            then=_(
                "If the shop says nothing until then and more than two percent of the batch is bad, its sales stop for"
                " a week."
            ),
            url=f"{answer.get_absolute_url()}#answer",
            label=_("To the recall"),
        )


def _to_fill_up(shops: list[Shop], at: datetime) -> Iterator[Card]:
    short = Deposit.objects.filter(shop__in=shops, state=DepositState.SHORT, deadline_at__gt=at)
    for deposit in short.select_related("shop").order_by("deadline_at", "pk")[:MOST]:
        yield Card(
            icon="shield-alert",
            kind=_("Deposit"),
            title=_("Fill up the deposit of %(shop)s") % {"shop": deposit.shop.name},
            amount=None,
            until=_end(deposit),
            then=_("Then the shop may not sell any more."),
            url=reverse("shops:deposit", args=[deposit.shop.slug]),
            label=_("To the deposit"),
        )


def _to_judge(user: Any, at: datetime) -> Iterator[Card]:
    """Cases that wait for the person's own decision or signature: of staff, and of a neutral from outside, who has no
    other way to the bench. Of whose role has ended nothing is wanted: somebody else is found."""
    signing = Q(senior=user) | Q(arbiter=user, waits_for=course.ARBITER) | _to_find(user)
    theirs = Q(arbiter=user, state=DisputeState.REVIEW) | Q(signing, state=DisputeState.SIGNING)
    found = Dispute.objects.filter(theirs, deadline_at__gt=at).select_related("refund")
    for dispute in _open_to(user, list(found.order_by("deadline_at", "pk")[:MOST])):
        is_to_sign = dispute.state == DisputeState.SIGNING
        yield Card(
            icon="scale",
            kind=_("To sign") if is_to_sign else _("To rule"),
            title=_("Dispute %(number)s is yours") % {"number": dispute.number},
            amount=dispute.refund.asked,
            until=_end(dispute),
            then=_("Then somebody else has it; neither side loses anything by it."),
            url=reverse("disputes:bench_case", args=[dispute.number]),
            label=_("To the bench"),
        )


def _to_vote(user: Any, at: datetime) -> Iterator[Card]:
    """Appeals on whose panel the person sits, of staff or from outside, and has not voted."""
    mine = Seat.objects.filter(user=user, until=None, part__in=[Seat.Part.REVIEWER, Seat.Part.CHIEF])
    voted = Vote.objects.filter(appeal=OuterRef("pk"), user=user)
    found = Appeal.objects.filter(dispute__in=mine.values("dispute"), state=AppealState.PANEL, deadline_at__gt=at)
    found = found.filter(dispute__state=DisputeState.APPEALED).exclude(Exists(voted)).select_related("dispute__refund")
    until = {appeal.dispute: _end(appeal) for appeal in found.order_by("deadline_at", "pk")[:MOST]}
    for dispute in _open_to(user, list(until)):
        yield Card(
            icon="scale",
            kind=_("To vote"),
            title=_("You are on the panel of dispute %(number)s") % {"number": dispute.number},
            amount=dispute.refund.asked,
            until=until[dispute],
            then=_("Then somebody else has it; neither side loses anything by it."),
            url=reverse("disputes:bench_case", args=[dispute.number]),
            label=_("To the bench"),
        )


def _to_find(user: Any) -> Q:
    """Cases on whose first panel the person sits and has not said what they find of the ruling as it is now."""
    newest = Ruling.objects.filter(dispute=OuterRef(OuterRef("pk"))).order_by("-version").values("pk")[:1]
    said = Signature.objects.filter(user=user, ruling=Subquery(newest))
    mine = Seat.objects.filter(user=user, part=Seat.Part.MEMBER, until=None)
    return Q(waits_for=course.PANEL, pk__in=mine.values("dispute")) & ~Q(Exists(said))


def _open_to(user: Any, waiting: list[Dispute]) -> list[Dispute]:
    """Those of the cases that the person's roles, or the public list, still open to them."""
    if not waiting:
        return []
    seen = Dispute.objects.on_bench_of(user, user.roles).filter(pk__in=[each.pk for each in waiting])
    open_to = set(seen.order_by().values_list("pk", flat=True))
    return [each for each in waiting if each.pk in open_to]


def _end(thing: Any) -> datetime:
    """When the clock of a thing ends that was found by having one."""
    end: datetime = thing.deadline_at
    return end

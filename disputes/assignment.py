"""Who hears a case: by load, urgency and skill, and never somebody who has something to do with its sides."""

import ipaddress
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth import get_user_model
from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from accounts.models import Role, StaffRole, Suspension
from disputes import hooks
from disputes.models import UNDECIDED, Appeal, Dispute, Neutral, Ruling, Seat, Signature, Statement
from disputes.states import DisputeState
from orders.delivery import prefix
from orders.models import Message, Order, Reveal
from shops.models import Payee

#: How long somebody who dealt with the shop or the buyer is too near to them.
TOO_NEAR = timedelta(days=90)
#: An arbiter with so many undecided cases gets no further one by itself.
MOST_CASES = 20
#: How many new people hear an appeal.
PANEL = 3
#: How many sit with the arbiter where fraud is to be found: three in all (rules 5.9).
MEMBERS = 2
#: Whoever left a case in one of these ways does not come back to it.
FOR_GOOD = (Seat.Left.CHALLENGED, Seat.Left.RECUSED, Seat.Left.REMANDED)


def free_of_conflict(
    dispute: Dispute, role: str, *, at: datetime, near: Collection[int] | None = None, part: str = ""
) -> QuerySet[Any]:
    """Who holds `role` and has nothing to do with the case: the one with the fewest undecided cases first.

    Left out: both sides; who traded with either of them within 90 days, was seen on one of their networks or devices,
    or is paid to an account of theirs; who spoke in the order's conversation or in the file; who wrote or signed a
    version of the ruling; who had another part in the case, was challenged or stepped back.

    Who had a part in another case of the same two sides within 90 days comes last and is barred as long as there is
    anybody else of their role (`is_barred`). Where there is nobody, no case waits for ever: the leads are alarmed, both
    sides read that it is so and can ask for somebody else (`knows_both`), who is then a lead; and the ladder of clocks
    stays what it is. `near` are those on the sides' networks, if they are known.
    """
    order = dispute.refund.order
    buyer, shop = order.buyer_id, order.shop
    had_part = (
        Exists(Message.objects.filter(order=order, author=OuterRef("pk")))
        | Exists(Statement.objects.filter(dispute=dispute, author=OuterRef("pk")))
        | Exists(Ruling.objects.filter(dispute=dispute, by=OuterRef("pk")))
        | Exists(Seat.objects.filter(dispute=dispute, user=OuterRef("pk")).filter(_bars(role, part)))
    )
    pair = Seat.objects.filter(
        dispute__refund__order__buyer=buyer,
        dispute__refund__order__shop=shop,
        user=OuterRef("pk"),
        since__gt=at - TOO_NEAR,
    ).exclude(dispute=dispute)
    skilled = Ruling.objects.filter(
        by=OuterRef("pk"), is_final=True, dispute__refund__reason=dispute.refund.reason
    ).exclude(dispute=dispute)
    by_skill = dispute.track == Dispute.Track.COMPLEX
    return (
        _without_ties(dispute, at=at, near=near)
        .filter(Exists(StaffRole.objects.held().filter(user=OuterRef("pk"), role=role)))
        .exclude(had_part)
        .annotate(
            knows_pair=Case(When(Exists(pair), then=1), default=0, output_field=IntegerField()),
            urgent=_load("arbiter", UNDECIDED, is_urgent=True) if dispute.is_urgent else Value(0),
            unskilled=Case(When(Exists(skilled), then=0), default=1, output_field=IntegerField()),
            load=_load("senior", [DisputeState.SIGNING]) if role == Role.SENIOR else _load("arbiter", UNDECIDED),
        )
        .order_by("knows_pair", "urgent", *(["unskilled", "load"] if by_skill else ["load", "unskilled"]), "pk")
    )


def _without_ties(dispute: Dispute, *, at: datetime, near: Collection[int] | None = None) -> QuerySet[Any]:
    """People who are no side of the case and have nothing in common with one: no trade within 90 days, no network, no
    device, no account for payouts."""
    if near is None:
        near = on_their_networks(dispute)
    order = dispute.refund.order
    buyer, shop = order.buyer_id, order.shop
    traded = Order.objects.filter(placed_at__gt=at - TOO_NEAR).filter(
        Q(buyer=OuterRef("pk"), shop=shop) | Q(buyer=buyer, shop__owner=OuterRef("pk"))
    )
    accounts = Payee.objects.filter(shop=shop).values("account")
    sides = [buyer, shop.owner_id, *shop.people()]
    return (
        get_user_model()
        .objects.filter(is_active=True)
        .exclude(pk__in=[*sides, *near])
        .exclude(pk__in=hooks.near_to(sides))
        .exclude(Exists(traded))
        .exclude(Exists(Payee.objects.filter(shop__owner=OuterRef("pk"), account__in=accounts)))
    )


def next_arbiter(dispute: Dispute, *, at: datetime) -> Any:
    """The arbiter with the fewest cases who is free of conflict and not the one who has it now; or nobody.

    What is urgent does not wait for somebody with less to do.
    """
    found = free_of_conflict(dispute, Role.ARBITER, at=at).exclude(pk=dispute.arbiter_id)
    best = found.first()  # who judged the same two sides stands last: if one stands here, there is nobody else
    if best is None or dispute.is_urgent or best.load < MOST_CASES:
        return best
    chosen = found.filter(load__lt=MOST_CASES).first()
    return None if chosen is not None and chosen.knows_pair and not best.knows_pair else chosen


def is_barred(person: Any, found: QuerySet[Any]) -> bool:
    """Whether somebody of `found` judged the same two sides of late, and somebody else of them did not."""
    return person is not None and bool(person.knows_pair) and found.filter(knows_pair=0).exists()


def next_lead(dispute: Dispute, *, at: datetime) -> Any:
    """The lead with the fewest cases of their own; the one who has it already counts, if there is no other."""
    found = free_of_conflict(dispute, Role.LEAD, at=at)
    return found.exclude(pk=dispute.arbiter_id).first() or found.first()


def next_senior(dispute: Dispute, *, at: datetime) -> Any:
    """Who gives the second signature: another senior than the arbiter and than whoever let it lie, else a lead."""
    near = on_their_networks(dispute)
    for role in (Role.SENIOR, Role.LEAD):
        found = free_of_conflict(dispute, role, at=at, near=near)
        if chosen := found.exclude(pk=dispute.arbiter_id).exclude(pk=dispute.senior_id).first():
            return chosen
    return None


def new_people(dispute: Dispute, *, at: datetime, most: int = PANEL, besides: Collection[int] = ()) -> list[Any]:
    """Up to `most` people for a panel: seniors and arbiters, else leads, none of whom had a part in the case."""
    found: dict[int, Any] = {}
    for role in (Role.SENIOR, Role.ARBITER, Role.LEAD):
        for person in _never_in_it(dispute, role, at=at).exclude(pk__in=besides)[: most + len(found)]:
            found.setdefault(person.pk, person)
        if sum(not person.knows_pair for person in found.values()) >= most:
            break  # whoever comes later in the order of roles stands behind these
    return sorted(found.values(), key=lambda person: person.knows_pair)[:most]


def knows_both(dispute: Dispute, user: Any) -> bool:
    """Whether somebody who has a part in the case had one in another case of the same two sides in the 90 days before
    they got it: nobody else was free."""
    mine = Seat.objects.filter(dispute=dispute, user=user).order_by("-since").first()
    if mine is None:
        return False
    order, parts = dispute.refund.order, Seat.objects.filter(user=user).exclude(dispute=dispute)
    both = parts.filter(dispute__refund__order__buyer=order.buyer_id, dispute__refund__order__shop=order.shop_id)
    return both.filter(since__gt=mine.since - TOO_NEAR, since__lte=mine.since).exists()


def next_chief(appeal: Appeal, *, at: datetime) -> Any:
    """A lead for a panel that did not come to an end: one who had no part in the case, and not the one of before."""
    dispute = appeal.dispute
    first = [Seat.Part.ARBITER, Seat.Part.SENIOR, Seat.Part.MEMBER, Seat.Part.NEUTRAL]
    parts = Seat.objects.filter(dispute=dispute, user=OuterRef("pk"), part__in=first)
    signed = Signature.objects.filter(ruling__dispute=dispute, user=OuterRef("pk"))
    voted = appeal.votes.order_by("pk").values("user")
    found = free_of_conflict(dispute, Role.LEAD, at=at).exclude(Exists(parts)).exclude(Exists(signed))
    found = found.exclude(pk__in=voted)
    return found.exclude(pk=appeal.chief_id).first() or found.first()


def may_admit(dispute: Dispute, user: Any) -> bool:
    """Whether a lead may look at an appeal: nobody who judged or signed what is appealed against."""
    seats = Seat.objects.filter(dispute=dispute, user=user)
    return not seats.exists() and not Ruling.objects.filter(dispute=dispute, by=user).exists()


def next_neutral(dispute: Dispute, *, at: datetime, is_for_panel: bool = False) -> Neutral | None:
    """The outside neutral of the public list who was named the fewest times, and has as little to do with the case's
    sides as anybody of the staff who judges; one who had a part in the case sits on no panel about it.

    Whoever of the list has come to work for the mall is not from outside any more; who is suspended judges nobody.
    """
    had_part = Seat.objects.filter(dispute=dispute)
    if not is_for_panel:
        had_part = had_part.filter(_bars("", Seat.Part.NEUTRAL))
    listed: QuerySet[Any] = Neutral.objects.filter(delisted_at=None, user__in=_without_ties(dispute, at=at))
    listed = _outside(listed.exclude(user__in=had_part.values("user")).exclude(pk=dispute.neutral_id), at=at)
    on_panels = Seat.objects.filter(user=OuterRef("user"), part=Seat.Part.REVIEWER).order_by().values("user")
    times = Coalesce(Subquery(on_panels.annotate(times=Count("pk")).values("times"), output_field=IntegerField()), 0)
    return listed.annotate(named=Count("disputes") + times).order_by("named", "pk").first()


def is_outside(neutral: Neutral, *, at: datetime) -> bool:
    """Whether somebody who was named from the list is still from outside the mall, and may judge."""
    return _outside(Neutral.objects.filter(pk=neutral.pk), at=at).exists()


def _outside(listed: QuerySet[Any], *, at: datetime) -> QuerySet[Any]:
    """Those of them who do not work for the mall and are not suspended."""
    works_here = StaffRole.objects.held().filter(user=OuterRef("user"))
    return listed.exclude(Exists(works_here)).exclude(Exists(Suspension.objects.live(at).filter(user=OuterRef("user"))))


def next_counsel(dispute: Dispute, *, at: datetime, besides: Collection[int] = ()) -> Any:
    """Somebody who knows the law of consumers and had no part in the case, for a panel that needs one; or nobody."""
    return _never_in_it(dispute, Role.COUNSEL, at=at).exclude(pk__in=besides).first()


def _never_in_it(dispute: Dispute, role: str, *, at: datetime) -> QuerySet[Any]:
    return (
        free_of_conflict(dispute, role, at=at)
        .exclude(Exists(Seat.objects.filter(dispute=dispute, user=OuterRef("pk"))))
        .exclude(Exists(Signature.objects.filter(ruling__dispute=dispute, user=OuterRef("pk"))))
    )


def _bars(role: str, part: str = "") -> Q:
    """Which earlier parts in a case keep somebody from another one: any but the same, and the same if left for good.

    `part` is the one that is asked about, where the role does not say it.
    """
    own: list[str] = [part]
    if not part and role == Role.LEAD:
        own = [Seat.Part.ARBITER, Seat.Part.SENIOR, Seat.Part.REVIEWER, Seat.Part.CHIEF]
    elif not part:
        own = [Seat.Part.SENIOR if role == Role.SENIOR else Seat.Part.ARBITER]
    return ~Q(part__in=own) | Q(left__in=FOR_GOOD)


def on_their_networks(dispute: Dispute) -> set[int]:
    """Staff and listed neutrals whose sessions come from a network on which one of the sides was seen; networks at home
    count, not ours."""
    order = dispute.refund.order
    sides = {order.buyer_id, order.shop.owner_id, *order.shop.people()}
    sessions = UserSession.objects.filter(
        Q(user__in=sides)
        | Q(user__staff_roles__revoked_at=None, user__staff_roles__isnull=False)
        | Q(user__in=Neutral.objects.filter(delisted_at=None).values("user"))
    )
    looks = Reveal.objects.filter(unit__order=order)
    # Both in one question: where the codes were looked at (of nobody, a network), and from where people are signed in.
    asked = looks.values_list(Value(None, IntegerField()), "address_prefix").union(
        sessions.values_list("user_id", Func("ip", function="host", output_field=CharField()))
    )
    seen: set[str] = set()
    staff: list[tuple[int, str]] = []
    for user, address in asked:
        if user is None:
            seen.add(address)
        elif not _is_public(address):
            continue
        elif user in sides:
            seen.add(prefix(address))
        else:
            staff.append((user, prefix(address)))
    return {user for user, network in staff if network in seen}


def _is_public(address: str) -> bool:
    return ipaddress.ip_address(address).is_global


def _load(field: str, states: Any, **more: Any) -> Coalesce:
    cases = Dispute.objects.filter(**{field: OuterRef("pk")}, state__in=states, **more).order_by().values(field)
    counted = cases.annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)

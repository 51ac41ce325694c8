"""Who hears a case: by load, and never somebody who has something to do with its sides."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Role, StaffRole
from disputes.models import UNDECIDED, Dispute, Ruling, Statement
from disputes.states import DisputeState
from orders.models import Message, Order

#: How long somebody who dealt with the shop or the buyer is too near to them.
TOO_NEAR = timedelta(days=90)
#: An arbiter with so many undecided cases gets no further one by itself.
MOST_CASES = 20


def free_of_conflict(dispute: Dispute, role: str, *, at: datetime) -> QuerySet[Any]:
    """Who holds `role` and has nothing to do with the case, the one with the fewest undecided cases first.

    Left out: both sides; who traded with either of them within 90 days; who spoke in the order's conversation or in
    the file; who wrote or signed an earlier version of the ruling and would now judge their own work.
    """
    order = dispute.refund.order
    buyer, shop = order.buyer_id, order.shop
    near = Order.objects.filter(placed_at__gt=at - TOO_NEAR).filter(
        Q(buyer=OuterRef("pk"), shop=shop) | Q(buyer=buyer, shop__owner=OuterRef("pk"))
    )
    part = (
        Exists(Message.objects.filter(order=order, author=OuterRef("pk")))
        | Exists(Statement.objects.filter(dispute=dispute, author=OuterRef("pk")))
        | Exists(Ruling.objects.filter(dispute=dispute, by=OuterRef("pk")))
    )
    return (
        get_user_model()
        .objects.filter(Exists(StaffRole.objects.held().filter(user=OuterRef("pk"), role=role)), is_active=True)
        .exclude(pk__in=[buyer, shop.owner_id, *shop.people()])
        .exclude(Exists(near))
        .exclude(part)
        .annotate(load=_load("senior", [DisputeState.SIGNING]) if role == Role.SENIOR else _load("arbiter", UNDECIDED))
        .order_by("load", "pk")
    )


def next_arbiter(dispute: Dispute, *, at: datetime) -> Any:
    """The arbiter with the fewest cases who is free of conflict and not the one who has it now; or nobody."""
    found = free_of_conflict(dispute, Role.ARBITER, at=at).filter(load__lt=MOST_CASES)
    return found.exclude(pk=dispute.arbiter_id).first()


def next_lead(dispute: Dispute, *, at: datetime) -> Any:
    """The lead with the fewest cases of their own; the one who has it already counts, if there is no other."""
    found = free_of_conflict(dispute, Role.LEAD, at=at)
    return found.exclude(pk=dispute.arbiter_id).first() or found.first()


def next_senior(dispute: Dispute, *, at: datetime) -> Any:
    """Who gives the second signature: another senior than the arbiter and than whoever let it lie, else a lead."""
    for role in (Role.SENIOR, Role.LEAD):
        found = free_of_conflict(dispute, role, at=at).exclude(pk=dispute.arbiter_id).exclude(pk=dispute.senior_id)
        if chosen := found.first():
            return chosen
    return None


def _load(field: str, states: Any) -> Coalesce:
    cases = Dispute.objects.filter(**{field: OuterRef("pk")}, state__in=states).order_by().values(field)
    counted = cases.annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)

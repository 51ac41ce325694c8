"""Whatever people do in whatever order, a case stays one case and the books hold."""

from datetime import timedelta

from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st

from disputes.models import Dispute
from kamen import books
from ledger.accounts import balance
from orders import delivery
from orders import lifecycle as orders
from orders.models import Order, Unit
from refunds import lifecycle
from refunds.models import Refund
from tests.fixtures.cases import VISIT, claim, units_of
from timeline.door import Refused
from timeline.sweep import fire_overdue

PEOPLE = ["buyer", "seller", "stranger"]
STEP = st.tuples(
    st.sampled_from(
        [
            "ask",
            "ask_less",
            "accept",
            "decline",
            "withdraw",
            "escalate",
            "reveal",
            "prove",
            "disprove",
            "confirm",
            "wait",
        ]
    ),
    st.sampled_from(PEOPLE),
    st.integers(0, 2),
    st.sampled_from(["CODE_INVALID", "CHANGE_OF_MIND", "NOT_DELIVERED"]),
)


class Undo(Exception):
    """Ends an example, so that the next one begins in the same mall."""


def do(step, order, people, at):
    """One step of somebody; what the mall refuses is no fault."""
    verb, who, place, reason = step
    by, unit = people[who], Unit.objects.select_related("order", "card").get(order=order, place=place + 1)
    case = Refund.objects.filter(order=order, items__unit=unit).order_by("-pk").first()
    if verb == "ask":
        claim(units_of(order)[place:], reason, by=by, at=at)
    elif verb == "ask_less":
        claim(unit, reason, by=by, at=at, amount=1_234)
    elif verb == "reveal":
        delivery.reveal(unit, by=by, at=at, visit=VISIT)
    elif verb in {"prove", "disprove"}:
        delivery.record_validity(unit, is_valid=verb == "disprove", source="issuer", at=at)
    elif verb == "confirm":
        orders.confirm(Order.objects.get(pk=order.pk), by=by, at=at)
    elif case is not None and verb == "decline":
        rule = "MX-42"
        lifecycle.decline(case, code="other", rule=rule, text="可用", by=by, at=at)
    elif case is not None:
        getattr(lifecycle, verb)(case, by=by, at=at)


def test_no_sequence_of_steps_breaks_the_books(order, rich_buyer, seller, stranger, at):
    people = {"buyer": rich_buyer, "seller": seller, "stranger": stranger}
    seen = set()

    @given(st.lists(STEP, min_size=3, max_size=14))
    @bounds(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def holds(steps):
        now = at
        try:
            with transaction.atomic():
                for step in steps:
                    if step[0] == "wait":
                        now += timedelta(hours=(step[2] + 1) * 25)
                        fire_overdue(f"order:{order.pk}", at=now)
                        continue
                    try:
                        with transaction.atomic():
                            do(step, order, people, now)
                    except Refused as refusal:
                        seen.add(refusal.code)
                seen.update(Refund.objects.order_by("pk").values_list("state", flat=True))
                broken = [each.rule for each in books.violations() if "overdue" not in each.rule]
                assert not broken, (steps, broken)
                paid = sum(unit.refunded + unit.covered for unit in units_of(order))
                assert balance(f"user:{rich_buyer.pk}:wallet") >= 70_600 + paid
                assert Dispute.objects.count() <= Refund.objects.count()
                raise Undo
        except Undo:
            pass

    holds()
    assert {"requested", "refunded", "not_your_turn"} <= seen, seen

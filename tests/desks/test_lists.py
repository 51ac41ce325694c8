"""Lists of staff and shops: one row or sixty, a page asks as often, shows fifty and weighs less than a picture."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.models import User
from notifications import webhooks
from notifications.models import Call
from tests import weight
from tests.queries import recorded
from timeline.models import Outage

pytestmark = pytest.mark.django_db


@pytest.fixture
def endpoint(shop, seller, at):
    """Somewhere a shop is called."""
    found, _secret = webhooks.add(shop, url="", groups=["orders"], by=seller, at=at)
    return found


def scores(many, *, at, **_people):
    User.objects.bulk_create(
        User(email=f"{uuid4()}@example.com", nickname=f"买家 {number}", risk=20, joined_at=at) for number in range(many)
    )


def outages(many, *, at, lead, **_people):
    Outage.objects.bulk_create(
        Outage(
            scope="platform",
            reason="机房断电。",
            began_at=at - timedelta(days=2, minutes=number),
            ended_at=at - timedelta(days=1),
            registered_by=lead,
            registered_at=at,
            settled_at=at,
        )
        for number in range(many)
    )


def calls(many, *, at, endpoint, **_people):
    Call.objects.bulk_create(
        Call(
            endpoint=endpoint,
            root=f"order:{uuid4().hex[:12]}",
            sequence=1,
            type="order.delivered",
            body="{}",
            made_at=at,
            sent_at=at,
        )
        for _number in range(many)
    )


#: Each list: who reads it, where, and what puts so many rows behind it.
LISTS: dict[str, tuple[str, Any, Any]] = {
    "risk": ("risk", lambda **_things: reverse("reputation:risk"), scores),
    "outages": ("lead", lambda **_things: reverse("clocks:outages"), outages),
    "calls": (
        "seller",
        lambda *, endpoint, **_things: reverse("notifications:endpoint", args=["xinghe", endpoint.pk]),
        calls,
    ),
}


def test_the_register_of_outages_goes_on_where_a_page_ended(client, lead, at):
    outages(60, at=at, lead=lead)
    client.force_login(lead)
    address = reverse("clocks:outages")
    first = client.get(address)
    rest = client.get(address, {"before": first.context["older"]})
    seen = [row["outage"].pk for row in (*first.context["rows"], *rest.context["rows"])]
    assert (len(first.context["rows"]), len(seen), len(set(seen)), rest.context["older"]) == (50, 60, 60, "")
    for strange in ("x", "_", "2026-11-22T00:00:00_5", "2026-11-22T00:00:00+00:00_٣", "2026-99-01_1"):
        assert len(client.get(address, {"before": strange}).context["rows"]) == 50


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_1_and_of_60_asks_as_often_and_stays_light(client, request, endpoint, lead, at, name):
    who, where, seed = LISTS[name]
    client.force_login(request.getfixturevalue(who))
    address = where(endpoint=endpoint)
    seed(1, at=at, lead=lead, endpoint=endpoint)
    client.get(address)  # a session's first page asks once more
    with recorded() as one:
        small = client.get(address)
    seed(59, at=at, lead=lead, endpoint=endpoint)
    with recorded() as many:
        page = client.get(address)
    assert len(many) == len(one), many
    assert page.status_code == 200
    assert len(page.content) > len(small.content), "the rows are there"
    assert page.content.count(b"</tr>") + page.content.count(b"</li>") < 130, "fifty a page"
    assert weight.transferred(page) < weight.MOST

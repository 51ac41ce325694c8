"""Staff find their pages from “What needs me”: each role those that it opens, and no others."""

import pytest
from django.urls import reverse

from accounts.models import Role
from desks.templatetags.staff_places import PLACES, staff_places

ME = "/me/"
OPEN_TO = {
    "agent": ["support:queue", "complaints:queue", "notifications:mail_log", "orders:suppliers"],
    "finance": [
        "complaints:queue",
        "desks:house",
        "ledger:queue",
        "ledger:differences",
        "ledger:debts",
        "ledger:contributions",
        "ledger:brake",
        "ledger:accounts",
        "shops:commission_proposals",
        "orders:platform_coupons",
    ],
    "lead": [
        "desks:board",
        "accounts:staff",
        "support:queue",
        "complaints:queue",
        "notifications:mail_log",
        "desks:house",
        "ledger:brake",
        "shops:all_looks",
        "shops:commission_proposals",
        "shops:applications_queue",
        "shops:watched",
        "rulebook:staff",
        "reputation:suspensions",
        "refunds:contests",
        "refunds:reports",
        "privacy:desk",
        "orders:platform_coupons",
        "orders:suppliers",
        "orders:signs",
        "clocks:outages",
        "clocks:stuck",
    ],
    "risk": [
        "desks:house",
        "ledger:brake",
        "shops:applications_queue",
        "shops:moderation",
        "shops:watched",
        "reputation:risk",
        "reputation:suspensions",
        "refunds:reports",
        "privacy:desk",
        "orders:suppliers",
        "orders:signs",
    ],
    "arbiter": ["refunds:contests", "orders:suppliers"],
    "buyer": [],
}
#: Pages that everybody has, with what is their own; only for these roles they are a place of work.
FOR_ALL = {"refunds:reports"}


@pytest.mark.parametrize(("who", "routes"), OPEN_TO.items())
def test_each_sees_the_places_of_their_role_and_every_one_opens(client, request, who, routes):
    user = request.getfixturevalue(who)
    assert [place.route for place in staff_places(user)] == routes
    client.force_login(user)
    page = client.get(ME).content.decode()
    for place in PLACES:
        link = f'href="{reverse(place.route)}"'
        assert (link in page) == (place.route in routes)
        opens = place.route in routes or place.route in FOR_ALL
        assert client.get(reverse(place.route)).status_code == (200 if opens else 404)


def test_no_place_is_nobody_s():
    assert all(place.roles and place.roles <= set(Role) for place in PLACES)

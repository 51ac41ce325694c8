"""The places of a shop's desk: on every page of it, and each for whoever may open it."""

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import reverse

from desks.templatetags.desk_places import PLACES, address_of
from shops import staff
from shops.models import Duty
from tests.queries import recorded


@pytest.fixture
def works_here(stranger, shop, seller, at):
    """Gives a stranger a duty in the shop: `works_here("support")`."""

    def hire(duty):
        member = staff.invite(shop, email=stranger.email, duty=duty, by=seller, at=at)
        staff.accept(member, by=stranger, at=at)
        return stranger

    return hire


def shown(client, shop):
    """The addresses that the desk's first page leads to, as it is to whoever is signed in."""
    page = client.get(f"{reverse('desks:today')}?shop={shop.slug}").content.decode()
    nav = page.partition('class="desk-nav"')[2].partition("</nav>")[0]
    return [place for place in PLACES if f'href="{address_of(place, shop)}"' in nav]


def test_the_owner_sees_all_places_and_each_opens_with_itself_marked(client, deposit, shop, seller):
    client.force_login(seller)
    assert shown(client, shop) == PLACES
    for place in PLACES:
        page = client.get(address_of(place, shop))
        assert page.status_code == 200, place.route
        if place.route != "shops:detail":  # as buyers see it
            nav = page.content.decode().partition('class="desk-nav"')[2].partition("</nav>")[0]
            assert nav.count('aria-current="page"') == 1, place.route


@pytest.mark.parametrize("duty", Duty.values)
def test_a_duty_sees_what_it_opens_and_nothing_else(client, deposit, shop, works_here, duty):
    client.force_login(works_here(duty))
    places = shown(client, shop)
    for place in PLACES:
        opens = client.get(address_of(place, shop)).status_code == 200
        assert (place in places) <= opens, place.route
    assert places != PLACES


def test_the_places_cost_no_query(client, deposit, shop, seller):
    request = RequestFactory().get("/desk/")
    request.user = seller
    with recorded() as asked:
        Template("{% load desk_places %}{% desk_places shop %}").render(Context({"request": request, "shop": shop}))
    assert asked == []

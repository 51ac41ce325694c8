"""Opening a shop, the shop's page, its desk, what is for sale, and risk's pages, as people see them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from shops import licences, sanctions
from shops.models import Day, Record, Shop
from tests.browser.chromium import Visitor
from tests.fixtures.openings import paper
from tests.stories.forms import BACKEND
from timeline.spans import SHANGHAI

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def look(visitor: Callable[..., Visitor], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., None]:
    """`look(seller, "/desk/")` sees pages on a phone and at a desk, in both languages: each fits, is quiet and open."""

    def seen(user: User, *paths: str) -> None:
        client = Client()
        client.force_login(user, backend=BACKEND)
        for language, width in (("zh-CN", 390), ("en", 1280)):
            found = visitor(width=width, language=language)
            found.context.add_cookies(
                [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": found.home}]
            )
            for path in paths:
                found.visit(path)
                found.require_peace()
                found.axe = None
                found.require_fits()
                found.require_accessible()

    return seen


def test_who_may_sell_and_what_the_mall_sees(look, looked_at, listing, risk, seller, at):
    shop = listing.shop
    applicant = looked_at.applicant
    today = at.astimezone(SHANGHAI).date()
    counts: dict[str, Any] = {"orders": 60, "units": 400, "due": 400, "on_time": 396, "refunded": 2, "upheld": 1}
    counts |= {"disputes": 22, "lost": 4, "answers": 30, "answer_minutes": 25, "days": 90, "computed_at": at}
    Record.objects.update_or_create(shop=shop, defaults=counts)
    figures = {"orders": 3, "units": 3, "turnover": 29_400, "due": 3, "on_time": 3, "claims": 1, "paid_back": 0}
    Day.objects.create(shop=shop, day=today, **figures)
    licences.give(shop=shop, by=seller, at=at, **paper("business"))
    sanctions.impose(shop, step="warning", reason="请在三天内核对全部面值。", by=risk, at=at)
    Shop.objects.filter(pk=shop.pk).update(reviews_left=0)
    look(applicant, "/applications/", f"/applications/{looked_at.pk}/")
    look(seller, "/desk/", f"/shops/{shop.slug}/", f"/desk/{shop.slug}/papers/", f"/desk/{shop.slug}/steps/")
    look(seller, f"/desk/{shop.slug}/listings/new/?kind=MEMBERSHIP")
    look(applicant, "/listings/?section=software", "/listings/", f"/listings/{listing.pk}/")
    look(risk, "/risk/applications/", f"/risk/applications/{looked_at.pk}/", "/risk/shops/", "/risk/listings/")
    look(risk, f"/risk/shops/{shop.slug}/")

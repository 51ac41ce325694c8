"""The head of every page: whoever owns or works in a shop finds their desk there, at no more queries than others."""

import re

import pytest
from django.conf import settings
from django.urls import reverse

from desks.templatetags import head
from desks.templatetags.head import head_of
from notifications import inbox
from shops.models import Shop
from tests.queries import expect_queries

DESK = '<a href="/desk/">'


def test_the_owner_finds_the_desk_and_others_do_not(client, shop, seller, buyer):
    for person, works in ((seller, True), (buyer, False)):
        client.force_login(person)
        page = client.get(reverse("rulebook:center")).content.decode()
        assert (DESK in page) == works
        with expect_queries(1):
            assert head_of(person).works_in_a_shop == works


@pytest.mark.breaks_books
def test_somebody_of_the_staff_finds_it_until_they_leave(shop, buyer):
    for duty, works in (("support", True), ("", False)):
        Shop.objects.filter(pk=shop.pk).update(staff={f"u{buyer.pk}": duty})
        assert head_of(buyer).works_in_a_shop == works


def test_whoever_is_not_signed_in_has_no_desk(client, shop):
    assert DESK not in client.get("/").content.decode()


def test_it_says_how_many_notices_wait_and_stops_counting(order, rich_buyer, seller, stranger, at, monkeypatch):
    inbox.catch_up(at=at)
    for person in (rich_buyer, seller, stranger):
        assert head_of(person).unread == str(inbox.count_unread(person) or "")
    assert inbox.count_unread(seller) > 0
    monkeypatch.setattr(head, "MOST", 0)
    assert (head_of(seller).unread, head_of(stranger).unread) == ("0+", "")


def test_no_page_waits_for_a_script():
    waits = []
    for path in sorted((settings.BASE_DIR / "templates").rglob("*.html")):
        tags = re.findall(r"<script[^>]*>", path.read_text())
        waits += [f"{path}: {tag}" for tag in tags if not re.search(r'\bdefer\b|type="(module|application/json)"', tag)]
    assert not waits, "\n".join(waits)


@pytest.mark.parametrize(
    ("theme", "worn"),
    [
        ("dark", "screen"),
        ("light", "not all"),
        ("system", "screen and (prefers-color-scheme: dark)"),
        ("pink", "screen and (prefers-color-scheme: dark)"),
    ],
)
@pytest.mark.django_db
def test_the_page_itself_wears_the_theme_that_was_chosen(client, theme, worn):
    client.cookies["theme"] = theme
    assert f'media="{worn}" id="dark-tokens"' in client.get("/").content.decode()

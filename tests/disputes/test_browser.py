"""Disputes in a real browser: they fit a phone and a desk, work without scripts, and are accessible."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from disputes import lifecycle
from tests.fixtures.disputes import REASONS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def signed_in(window, user, client):
    """The window, as `user`; whoever sat here before has left their page, so that it asks nothing in another's name."""
    window.page.goto("about:blank")
    client.force_login(user)
    cookie = client.cookies["sessionid"]
    window.context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": window.home}])
    return window


def look(window, path, name):
    """Open a page and ask of it what every page must keep; with KAMEN_SHOTS a picture is kept."""
    page = window.visit(path)
    window.require_fits()
    window.require_accessible()
    if where := os.environ.get("KAMEN_SHOTS"):
        page.screenshot(path=Path(where) / f"{name}.png", full_page=True)
    return page


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1280, "en")])
def test_every_page_of_a_dispute_fits_and_is_accessible(
    visitor, client, dispute, rich_buyer, seller, arbiter, senior, lead, at, width, language
):
    window = visitor(width=width, language=language)
    mark = f"{width}-{language}"
    lifecycle.submit(dispute, text="我在展示后立即去官网激活，提示卡密已被使用。", by=rich_buyer, at=at)
    signed_in(window, rich_buyer, client)
    look(window, dispute.get_absolute_url(), f"case-buyer-{mark}")
    look(window, "/disputes/", f"list-{mark}")
    for side in (rich_buyer, seller):
        lifecycle.rest(dispute, by=side, at=at)
    signed_in(window, seller, client)
    look(window, dispute.get_absolute_url(), f"case-shop-{mark}")
    signed_in(window, arbiter, client)
    look(window, "/bench/", f"queue-{mark}")
    page = look(window, f"/bench/{dispute.number}/", f"closed-{mark}")
    window.go(page.locator("main form button"))
    look(window, f"/bench/{dispute.number}/", f"bench-{mark}")
    page.locator("[name=share_seller]").fill("60")
    page.locator("[name=share_buyer]").fill("40")
    page.locator("[name=reasons]").fill(REASONS)
    page.locator("[name=departs_because]").fill("双方各有责任。")
    page.locator("[name=reasons]").click()
    expect(page.locator("#preview")).to_contain_text("58.80")
    for choice in page.locator("select[name^=weight_]").all():
        choice.select_option("accepted")
    page.wait_for_timeout(600)
    if where := os.environ.get("KAMEN_SHOTS"):
        page.screenshot(path=Path(where) / f"bench-filled-{mark}.png", full_page=True)
    window.go(page.locator(".sign-bar button").last)
    dispute.refresh_from_db()
    assert dispute.state == "signing"
    signed_in(window, senior, client)
    page = window.visit(f"/bench/{dispute.number}/")
    window.go(page.locator("main form button"))
    look(window, f"/bench/{dispute.number}/", f"sign-{mark}")
    lifecycle.sign(dispute, agrees=True, by=senior, at=at)
    signed_in(window, rich_buyer, client)
    look(window, f"/disputes/{dispute.number}/ruling/", f"ruling-{mark}")
    look(window, dispute.get_absolute_url(), f"case-ruled-{mark}")


def test_an_arbiter_without_scripts_works_it_out_and_decides(visitor, client, reviewed, arbiter):
    window = signed_in(visitor(scripts=False), arbiter, client)
    page = window.visit(f"/bench/{reviewed.number}/")
    window.go(page.locator("main form button"))
    page.locator("[name=share_seller]").fill("100")
    page.locator("[name=reasons]").fill(REASONS)
    window.go(page.locator(".sign-bar button").first)
    assert "¥98.00" in page.locator("#preview").inner_text()
    for choice in page.locator("select[name^=weight_]").all():
        choice.select_option("accepted")
    window.go(page.locator(".sign-bar button").last)
    reviewed.refresh_from_db()
    assert reviewed.state == "ruled"

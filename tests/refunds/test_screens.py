"""The pages of refunds as people see them: on a phone and at a desk, in both languages, by day and by night."""

import os
from pathlib import Path

import pytest
from PIL import Image

from orders import delivery
from refunds.models import ClaimDraft
from tests.fixtures.cases import claim, units_of
from tests.refunds.test_outside_tickets import paid_by_channel

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: Where pictures are put when somebody wants to look at them.
PICTURES = os.environ.get("KAMEN_PICTURES")

#: How it begins what is wrong with a file that only calls itself a picture.
NO_PICTURE = {"zh-CN": "无法读取该图片", "en": "This image cannot be read"}


def sign_in(somebody, user, client, settings):
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    somebody.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": somebody.home}])


def look(somebody, name, width, language):
    somebody.axe = None  # a click led to another page
    if PICTURES:
        somebody.page.screenshot(path=str(Path(PICTURES) / f"{name}-{width}-{language}.png"), full_page=True)
    for theme in ("light", "dark"):
        somebody.prefer(theme)
        somebody.require_fits()
        somebody.require_accessible()
    somebody.prefer("light")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_claim_and_its_case_on_every_screen(
    visitor, client, settings, width, language, order, revealed, rich_buyer, seller, at
):
    buyer = visitor(width=width, language=language)
    sign_in(buyer, rich_buyer, client, settings)
    page = buyer.visit(f"/orders/{order.number}/claim/")
    look(buyer, "1-what", width, language)
    page.locator('input[value="CODE_INVALID"]').check()
    page.locator('input[name="places"][value="1"]').check()
    buyer.go(page.locator("form .sticky-actions button"))
    page.locator('textarea[name="text"]').fill("输入后提示卡密无效。")
    look(buyer, "2-facts", width, language)
    buyer.go(page.locator("form .sticky-actions button").first)
    buyer.require_peace()
    look(buyer, "3-result", width, language)
    buyer.go(page.locator("form .sticky-actions button"))
    buyer.require_peace()
    assert "/refunds/R" in page.url
    look(buyer, "4-case-buyer", width, language)
    case = page.url.removeprefix(buyer.home)
    claim(units_of(order)[1], "CHANGE_OF_MIND", by=rich_buyer, at=at)
    buyer.visit("/refunds/")
    look(buyer, "5-list", width, language)
    shop = visitor(width=width, language=language)
    sign_in(shop, seller, client, settings)
    shop.visit("/desk/xinghe/queue/")
    look(shop, "6-queue", width, language)
    shop.visit(case)
    look(shop, "7-case-shop", width, language)
    shop.visit(f"{case}decline/")
    look(shop, "8-decline", width, language)


def test_a_claim_is_filed_without_scripts(visitor, client, settings, order, revealed, rich_buyer):
    buyer = visitor(width=390, scripts=False)
    sign_in(buyer, rich_buyer, client, settings)
    page = buyer.visit(f"/orders/{order.number}/claim/")
    page.locator('input[value="CODE_INVALID"]').check()
    page.locator('input[name="places"][value="1"]').check()
    buyer.go(page.locator("form .sticky-actions button"))
    buyer.go(page.locator("form .sticky-actions button").first)
    buyer.go(page.locator("form .sticky-actions button"))
    page.wait_for_url("**/refunds/R*/")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_claim_waits_for_its_files_and_says_so(
    visitor, client, settings, tmp_path, language, order, revealed, rich_buyer
):
    Image.new("RGB", (40, 30), "navy").save(tmp_path / "screen.png")
    buyer = visitor(language=language)
    sign_in(buyer, rich_buyer, client, settings)
    page = buyer.visit(f"/orders/{order.number}/claim/")
    page.locator('input[value="CODE_INVALID"]').check()
    page.locator('input[name="places"][value="1"]').check()
    buyer.go(page.locator("form .sticky-actions button"))
    page.locator('textarea[name="text"]').fill("输入后提示卡密无效。")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    page.locator('input[type="file"]').set_input_files(tmp_path / "broken.jpg")
    page.locator(".uploads li[data-failed]", has_text=NO_PICTURE[language]).wait_for()
    page.locator(".uploads li button").last.click()  # left out
    on_their_way = []
    page.route(
        "**/claim/facts/",
        lambda route: on_their_way.append(route) if route.request.method == "POST" else route.continue_(),
    )
    page.locator('input[type="file"]').set_input_files(tmp_path / "screen.png")
    leads_on, word, here = page.locator("form .sticky-actions button").first, page.locator(".upload-wait"), page.url
    said = page.locator(".upload")
    leads_on.click()
    word.get_by_text(said.get_attribute("data-wait")).wait_for()
    assert (page.url, len(on_their_way)) == (here, 1), "the claim itself was not sent"
    on_their_way.pop().fulfill(status=503, body="")
    page.locator(".uploads li[data-failed]").wait_for()
    leads_on.click()
    word.get_by_text(said.get_attribute("data-lost")).wait_for()
    with page.expect_request(lambda request: request.method == "POST" and request.url.endswith("/claim/facts/")):
        page.locator(".uploads li button").first.click()  # once more
    for _look in range(100):
        if on_their_way:
            break
        page.wait_for_timeout(100)  # the hand that holds requests back learns of it a little later
    on_their_way.pop().continue_()
    page.locator(".thumbs img").wait_for()
    page.unroute("**/claim/facts/")
    buyer.complaints.clear()  # of what was refused and lost on purpose
    buyer.go(page.locator("form .sticky-actions button").first)
    page.wait_for_url("**/claim/result/")
    assert ClaimDraft.objects.get().attachments.count() == 1


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1280, "en")])
def test_a_contested_payment_and_the_choice_of_the_balance_on_a_phone_and_at_a_desk(
    visitor, client, settings, width, language, channel_secret, listing, rich_buyer, seller, arbiter, at
):
    """Paid by a channel, filed for the balance, paid by a machine, contested by the shop, decided by a person."""
    sale = paid_by_channel(listing, rich_buyer, at)
    delivery.record_validity(sale.units.get(place=1), is_valid=False, source="issuer", at=at)
    buyer = visitor(width=width, language=language)
    sign_in(buyer, rich_buyer, client, settings)
    page = buyer.visit(f"/orders/{sale.number}/claim/")
    page.locator('input[value="CODE_INVALID"]').check()
    page.locator('input[name="places"][value="1"]').check()
    buyer.go(page.locator("form .sticky-actions button"))
    buyer.go(page.locator("form .sticky-actions button").first)
    page.locator('input[name="prefers"][value="balance"]').check()
    look(buyer, "11-balance", width, language)
    buyer.go(page.locator("form .sticky-actions button"))
    look(buyer, "12-paid-at-once", width, language)
    case = page.url.removeprefix(buyer.home)
    shop = visitor(width=width, language=language)
    sign_in(shop, seller, client, settings)
    shop.visit(case)
    look(shop, "13-case-shop", width, language)
    shop.visit(f"{case}contest/")
    look(shop, "14-contest", width, language)
    shop.page.locator('input[value="record_wrong"]').check()
    shop.page.locator('textarea[name="text"]').fill("发行方第二次答复：该卡密售出时有效，此前的答复有误，附更正函。")
    letter = {"name": "letter.txt", "mimeType": "text/plain", "buffer": "更正函".encode()}
    shop.page.locator('input[type="file"]').set_input_files(letter)
    shop.go(shop.page.locator("form.form .actions button").first)
    look(shop, "15-contested", width, language)
    staff = visitor(width=width, language=language)
    sign_in(staff, arbiter, client, settings)
    staff.visit("/contests/")
    look(staff, "16-contests", width, language)
    staff.visit(f"{case}contest/")
    look(staff, "17-decide", width, language)
    staff.page.locator('textarea[name="finding"]').fill("更正函与本单卡密无关，原记录成立，这笔款项应当支付。")
    staff.go(staff.page.locator('button[value="uphold"]'))
    sign_in(buyer, rich_buyer, client, settings)  # whom the client signed in after them has their place
    buyer.visit(f"{case}contest/")
    assert "letter.txt" in buyer.page.content()
    look(buyer, "18-decided", width, language)

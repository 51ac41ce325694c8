"""Components that do more with a script: by mouse and by keyboard, and they take nothing from anybody."""

import hashlib

import pytest
from PIL import Image

from tests.browser.chromium import Visitor

pytestmark = pytest.mark.browser


@pytest.fixture
def style_page(visitor, settings, db) -> Visitor:
    """The style page at a desk."""
    settings.DEMO = True
    found: Visitor = visitor(width=1280, language="en")
    found.visit("/styleguide/")
    return found


def shares(page):
    return [float(field.input_value()) for field in page.locator("#split input[name]").all()]


def test_what_one_share_takes_the_others_give_in_proportion(style_page):
    page = style_page.page
    assert shares(page) == [60, 25, 15, 0]
    sliders = page.locator("#split .split-slider")
    sliders.first.focus()
    page.keyboard.press("Home")  # the shop bears nothing
    assert shares(page) == [0, 63, 37, 0]
    page.keyboard.press("End")
    assert shares(page) == [100, 0, 0, 0]
    sliders.nth(1).focus()
    page.keyboard.press("ArrowRight")
    assert shares(page) == [99, 1, 0, 0]
    assert page.locator("#split output").inner_text() == "Sum: 100 %"
    page.locator("#split input[name]").first.fill("50")
    assert page.locator("#split output").inner_text() == "Sum: 51 %, not 100 %"
    style_page.require_accessible()


def test_a_picture_is_looked_at_turned_and_compared_by_keys_alone(style_page):
    page = style_page.page
    link = page.locator("#viewer-words a[data-view]").first
    link.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog.viewer")
    dialog.wait_for(state="visible")
    stage = dialog.locator("[data-stage]").first
    page.wait_for_function("document.querySelector('.viewer [data-stage]').dataset.scale")
    before = int(stage.get_attribute("data-scale"))
    page.keyboard.press("+")
    assert int(stage.get_attribute("data-scale")) > before
    page.keyboard.press("r")
    assert "rotate(90deg)" in stage.locator("img").get_attribute("style")
    assert dialog.locator("[data-count]").inner_text() == "1 / 3"
    page.keyboard.press("]")
    assert "supplier" in dialog.locator("[data-name]").first.inner_text()
    dialog.locator("[data-beside]").select_option("0")
    assert dialog.locator("figure").nth(1).is_visible()
    style_page.axe = None
    style_page.require_accessible()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert link.evaluate("link => link === document.activeElement"), "the focus is where it was"
    style_page.require_peace()


def test_a_chosen_file_tells_its_fingerprint_and_can_be_left_out(style_page, tmp_path):
    page, path = style_page.page, tmp_path / "screen.png"
    Image.new("RGB", (40, 30), "navy").save(path)
    field = page.locator("#uploader input[type=file]").first
    field.set_input_files(path)
    row = page.locator("#uploader .uploads li")
    row.get_by_text(hashlib.sha256(path.read_bytes()).hexdigest()[:16]).wait_for()
    row.locator("button").click()
    assert row.count() == 0
    assert field.evaluate("field => field.files.length") == 0


def test_a_question_mark_shows_the_keys(style_page):
    page = style_page.page
    page.locator("#style-title").click()
    page.keyboard.press("?")
    keys = page.locator("#keys")
    keys.wait_for(state="visible")
    page.keyboard.press("Escape")
    assert not keys.is_visible()
    page.locator("#forms textarea").first.click()
    page.keyboard.press("?")
    assert not keys.is_visible(), "who writes writes"


def test_whoever_wants_no_motion_gets_none_and_can_skip_to_the_content(style_page):
    page = style_page.page  # every window of the tests prefers reduced motion
    moving = "e => parseFloat(getComputedStyle(e).transitionDuration) > 0"
    assert page.evaluate(f"[...document.querySelectorAll('a, button, input')].filter({moving}).length") == 0
    page.keyboard.press("Tab")
    assert page.locator(".skip-link").evaluate("link => link === document.activeElement")
    page.keyboard.press("Enter")
    assert page.locator("#content").evaluate("main => main === document.activeElement")

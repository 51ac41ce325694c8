"""The rule center as people see it: on a phone and a desk, in both languages, by day and by night, with and without
scripts."""

import pytest

pytestmark = pytest.mark.browser

PAGES = [
    "/rules/",
    "/rules/calculator/",
    "/rules/matrix/",
    "/rules/reasons/",
    "/rules/reasons/CODE_INVALID/",
    "/rules/clocks/",
    "/rules/examples/",
    "/rules/linter/",
    "/rules/versions/",
]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1280, "en")])
def test_a_page_of_the_rule_center_fits_and_is_accessible_by_day_and_by_night(visitor, path, width, language):
    somebody = visitor(width=width, language=language)
    somebody.visit(path)
    for theme in ("light", "dark"):
        somebody.prefer(theme)
        somebody.require_fits()
        somebody.require_accessible()


def test_the_calculator_answers_on_a_phone_without_scripts(visitor):
    somebody = visitor(width=390, language="en", scripts=False)
    page = somebody.visit("/rules/calculator/")
    page.locator('select[name="level"]').select_option("M4")
    page.locator('input[name="paid"]').fill("200")
    page.locator("#calculator button").click()
    assert "level=M4" in page.url
    assert "¥200.00" in page.locator(".calculator-answer").inner_text()
    somebody.require_fits()


def test_with_scripts_the_answer_follows_what_is_chosen(visitor):
    page = visitor(language="en").visit("/rules/calculator/")
    page.locator('select[name="reason"]').select_option("CODE_INVALID")
    page.locator('select[name="platform_proof"]').wait_for()
    assert "reason=CODE_INVALID" in page.url
    assert "¥98.00" in page.locator(".calculator-answer").inner_text()

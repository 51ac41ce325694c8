"""The first pages as people see them: on a phone and a desk, in both languages, by day and by night."""

import pytest

pytestmark = pytest.mark.browser

PAGES = {"/": 200, "/account/login/": 200, "/account/signup/": 200, "/nothing-here/": 404}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_first_page_fits_and_is_accessible_by_day_and_by_night(visitor, path, width, language):
    somebody = visitor(width=width, language=language)
    somebody.visit(path, status=PAGES[path])
    for theme in ("light", "dark"):
        somebody.prefer(theme)
        somebody.require_fits()
        somebody.require_accessible()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("language", "lang"), [("zh-CN", "zh-CN"), ("en", "en")])
def test_a_page_says_in_which_language_it_is(visitor, path, language, lang):
    page = visitor(language=language).visit(path, status=PAGES[path])
    assert page.locator("html").get_attribute("lang") == lang


@pytest.mark.parametrize("path", PAGES)
def test_a_first_page_works_without_scripts(visitor, path):
    somebody = visitor(width=390, scripts=False)
    page = somebody.visit(path, status=PAGES[path])
    somebody.require_fits()
    assert page.locator("h1").first.inner_text().strip()

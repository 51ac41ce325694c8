"""The pages about the API and about a no, as people see them in a browser."""

import pytest

pytestmark = pytest.mark.browser


def looks_right(visitor, path, status, width, language):
    """The page fits, is accessible and keeps the content policy, by day and by night."""
    for theme in ("light", "dark"):
        somebody = visitor(width=width, language=language, theme=theme)
        somebody.visit(path, status=status)
        somebody.require_fits()
        somebody.require_accessible()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_contract_is_a_page_to_read(visitor, width, language):
    looks_right(visitor, "/api/docs/", 200, width, language)
    looks_right(visitor, "/api/docs/shops/", 200, width, language)


@pytest.mark.urls("tests.api.probes")
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_no_is_a_page_to_read(visitor, width, language):
    looks_right(visitor, "/probe/refuses/", 409, width, language)
    looks_right(visitor, "/probe/away/", 503, width, language)


def test_the_contract_reads_without_scripts(visitor):
    page = visitor(scripts=False).visit("/api/docs/")
    page.locator("#beginApplication a").click()
    page.wait_for_url("**/api/docs/applications/#beginApplication")
    assert page.locator("#beginApplication pre").count() == 2

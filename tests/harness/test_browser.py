"""What a careful visitor notices, the browser's fixtures notice: each fault on a page of its own."""

import pytest

pytestmark = pytest.mark.browser

SOUND = "<title>甲</title><main><h1>甲</h1><p>A sound page.</p></main>"
POLICY = "default-src 'self'; script-src 'self'"


def show(somebody, body, *, status=200):
    """Let the mall answer /page/ with `body`."""
    page = f"<!doctype html><html lang='en'>{body}</html>"
    somebody.context.route(
        f"{somebody.home}/page/",
        lambda route: route.fulfill(
            status=status, body=page, content_type="text/html", headers={"content-security-policy": POLICY}
        ),
    )


def test_a_sound_page_is_fine(visitor):
    somebody = visitor(width=390)
    show(somebody, SOUND)
    somebody.visit("/page/")
    somebody.require_fits()
    somebody.require_accessible()


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ("<script>alert(1)</script>", "Content Security Policy"),
        ("<p style='color:red'>x</p>", "Content Security Policy"),
        ("<img alt='' src='https://elsewhere.invalid/x.png'>", "elsewhere"),
        ("<img alt='' src='/static/nothing.png'>", "nothing.png answered 404"),
        ("<script src='/static/nothing.js'></script>", "nothing.js"),
    ],
)
def test_what_the_console_would_show_fails(visitor, fault, complaint):
    somebody = visitor()
    show(somebody, SOUND + fault)
    with pytest.raises(AssertionError, match=complaint):
        somebody.visit("/page/")


def test_another_site_is_never_reached(visitor):
    somebody = visitor()
    somebody.context.route(f"{somebody.home}/page/", lambda route: route.fulfill(body=SOUND, content_type="text/html"))
    somebody.visit("/page/")
    somebody.page.evaluate("fetch('https://elsewhere.invalid/').catch(() => 0)")
    with pytest.raises(AssertionError, match=r"a request to another site: https://elsewhere\.invalid/"):
        somebody.require_peace()


def test_an_error_in_a_script_fails(visitor):
    somebody = visitor()
    show(somebody, SOUND)
    somebody.visit("/page/")
    somebody.page.evaluate("setTimeout(() => { throw new Error('fell') })")
    with pytest.raises(AssertionError, match="error in a script: fell"):
        somebody.require_peace()


def test_an_unexpected_status_fails_and_an_expected_one_does_not(visitor):
    somebody = visitor()
    show(somebody, SOUND, status=404)
    somebody.visit("/page/", status=404)
    with pytest.raises(AssertionError, match="404"):
        somebody.visit("/page/")


def test_a_page_wider_than_the_screen_fails(visitor):
    somebody = visitor(width=390)
    show(somebody, SOUND + "<table width='800'><tr><td>wide</td></tr></table>")
    somebody.visit("/page/")
    with pytest.raises(AssertionError, match=r"wider than the screen: <table"):
        somebody.require_fits()


def test_a_button_without_a_name_fails(visitor):
    somebody = visitor()
    show(somebody, SOUND + "<button></button>")
    somebody.visit("/page/")
    with pytest.raises(AssertionError, match=r"(?s)not accessible.*button-name \(critical\).*<button></button>"):
        somebody.require_accessible()


def test_without_scripts_nothing_runs(visitor):
    somebody = visitor(scripts=False)
    show(somebody, SOUND + "<noscript><p id='no'>no scripts</p></noscript><script>alert(1)</script>")
    page = somebody.visit("/page/")
    assert page.locator("#no").is_visible()

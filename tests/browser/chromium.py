"""A real Chromium: where it is, and what every page must keep when it is looked at."""

import functools
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Locator, Page, sync_playwright

NONE_HERE = "No Chromium here"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
#: Nothing of the browser's own goes out to the net.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: Widths and languages in which journeys are made: two windows that cover both; `KAMEN_WINDOWS=all` opens all four.
WINDOWS = [(390, "zh-CN"), (1280, "en")]
if os.environ.get("KAMEN_WINDOWS") == "all":
    WINDOWS += [(390, "en"), (1280, "zh-CN")]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@functools.cache
def executable() -> str | None:
    """The Chromium of this machine; `KAMEN_CHROMIUM` names another one, or none if it is empty."""
    if "KAMEN_CHROMIUM" in os.environ:
        return os.environ["KAMEN_CHROMIUM"] or None
    return next(filter(None, map(shutil.which, NAMES)), MAC if Path(MAC).exists() else None)


@contextmanager
def started() -> Iterator[Browser]:
    """A running Chromium.

    While Playwright lives, it keeps an event loop in this thread, which Django takes for asynchronous code; the tests
    are not, so Django is told that it may work here, and only as long.
    """
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=FLAGS, headless=True)
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        try:
            yield browser
        finally:
            if before is None:
                del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
            browser.close()


class Visitor:
    """Somebody at a screen: width, language, light or dark, with or without JavaScript.

    `visit` fails on anything that a careful visitor would see in the browser's console: errors, violations of the
    content policy, requests that fail, and any request to another site.
    """

    def __init__(
        self, browser: Browser, home: str, *, width: int = 1280, language: str = "zh-CN", theme: Any = "light",
        scripts: bool = True,
    ) -> None:  # fmt: skip
        self.home = home
        self.scripts = scripts
        self.is_phone = width < 600
        height = 844 if self.is_phone else 800
        self.context = browser.new_context(
            viewport={"width": width, "height": height},
            locale=language,
            color_scheme=theme,
            java_script_enabled=scripts,
            reduced_motion="reduce",
            timezone_id="Asia/Shanghai",
            has_touch=self.is_phone,
            base_url=home,
        )
        self.context.set_default_timeout(30_000)  # the first page of a process compiles all that it needs
        self.complaints: list[str] = []
        self.expected_status = 200
        self.axe: int | None = None
        self.context.route(lambda url: not url.startswith(home), self._refuse)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error in a script: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)

    def visit(self, path: str, *, status: int = 200) -> Page:
        """Open `path`, wait until all is there, and fail on every complaint."""
        self.complaints.clear()
        self.expected_status = status
        self.axe = None
        answer = self.page.goto(path, wait_until="load")
        assert answer is not None
        self.require_peace()
        if answer.status != status:
            raise AssertionError(f"{path} answered {answer.status}, not {status}.")
        return self.page

    def go(self, leads_on: Locator) -> Page:
        """Press a link or button that leads to another page, and wait until that page is there.

        A click alone only sets out: what is looked for next may still be found on the page that is about to go.
        """
        with self.page.expect_navigation(wait_until="load"):
            leads_on.click()
        self.require_peace()
        self.axe = None
        return self.page

    def require_peace(self) -> None:
        """Fail with everything the browser complained about since the last visit; call it after clicks, too."""
        self.page.wait_for_load_state("load")
        if self.scripts:
            self.page.evaluate(SETTLED)
        if self.complaints:
            raise AssertionError(f"The browser complains about {self.page.url}:\n  " + "\n  ".join(self.complaints))

    def require_accessible(self) -> None:
        """No violation of WCAG 2.2 A and AA that axe can find.

        axe runs in a world of its own, so that neither the page's content policy nor its scripts meet it.
        """
        protocol = self.context.new_cdp_session(self.page)
        if self.axe is None:
            frame = protocol.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
            world = protocol.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "axe"})
            self.axe = world["executionContextId"]
            protocol.send("Runtime.evaluate", {"expression": AXE_SCRIPT, "contextId": self.axe})
        options = json.dumps({"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]})
        question = {"contextId": self.axe, "returnByValue": True, "awaitPromise": True}
        answer = protocol.send("Runtime.evaluate", {"expression": f"axe.run(document, {options})", **question})
        protocol.detach()
        if "exceptionDetails" in answer:
            raise AssertionError(f"axe could not look at {self.page.url}: {answer['exceptionDetails']}")
        found = answer["result"]["value"]["violations"]
        if found:
            raise AssertionError(f"{self.page.url} is not accessible:\n" + "\n".join(map(_finding, found)))

    def require_fits(self) -> None:
        """Nothing sticks out to the right, no word is cut off, and on a phone nothing is too small for a thumb."""
        wide = self.page.evaluate(OVERFLOWING)
        if wide:
            raise AssertionError(f"{self.page.url} is wider than the screen: {', '.join(wide)}")
        cut = self.page.evaluate(CLIPPED)
        if cut:
            raise AssertionError(f"{self.page.url} cuts words off: {', '.join(cut)}")
        if self.is_phone:
            small = self.page.evaluate(SMALL)
            if small:
                raise AssertionError(f"{self.page.url} has what a thumb does not hit: {', '.join(small)}")

    def require_steady(self) -> None:
        """Nothing moved while the page came: what is under a finger stays there."""
        shifted = self.page.evaluate(SHIFTED)
        if shifted > MOST_SHIFT:
            raise AssertionError(f"{self.page.url} moved while it came: {shifted:.3f}")

    def prefer(self, theme: Any) -> None:
        """Change to `light` or `dark`, as the evening does."""
        self.page.emulate_media(color_scheme=theme)

    def leave(self) -> None:
        """Close the window."""
        self.context.close()

    def _refuse(self, route: Any) -> None:
        self.complaints.append(f"a request to another site: {route.request.url}")
        route.abort()

    def _hear(self, message: Any) -> None:
        own = message.location.get("url", "") == self.page.url and f"status of {self.expected_status} " in message.text
        if message.type in {"error", "warning"} and not (own and self.expected_status >= 400):
            self.complaints.append(f"console {message.type}: {message.text} ({message.location.get('url')})")

    def _failed(self, request: Any) -> None:
        if request.url.startswith(self.home) and "ERR_ABORTED" not in (request.failure or ""):
            self.complaints.append(f"a request failed: {request.url} ({request.failure})")

    def _answered(self, response: Any) -> None:
        # A page that is asked for is judged by `visit`; what it pulls in must be there.
        if response.status >= 400 and not response.request.is_navigation_request():
            self.complaints.append(f"{response.url} answered {response.status}")


#: What the scripts did at the start is done, and drawn.
SETTLED = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 20)))"
#: How much of the screen moved, and how far, before anybody did anything; the trade calls up to 0.1 good.
SHIFTED = """
() => new Promise(done => {
  let sum = 0;
  const add = entry => { sum += entry.hadRecentInput ? 0 : entry.value; };
  const watch = new PerformanceObserver(list => list.getEntries().forEach(add));
  watch.observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => done(sum), 100);
})
"""
MOST_SHIFT = 0.02
#: The elements that reach beyond the screen, or nothing if the page does not scroll sideways.
OVERFLOWING = """
() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const found = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > width + 0.5);
  return found.slice(0, 5).map(e => e.outerHTML.slice(0, 80)).concat(found.length ? [] : ['the page itself']);
}
"""
#: Words that somebody sees a part of: they are wider or higher than the box that cuts them off. What is meant for ears
#: alone, and what can be scrolled, is not cut off.
CLIPPED = """
() => [...document.querySelectorAll('body *')].filter(e => {
  const style = getComputedStyle(e);
  const cuts = way => ['hidden', 'clip'].includes(way) && style.clipPath === 'none';
  const cut = (cuts(style.overflowX) && e.scrollWidth > e.clientWidth + 1)
    || (cuts(style.overflowY) && e.scrollHeight > e.clientHeight + 1);
  // Words last: to ask for them lays the page out again, and a page may have tens of thousands of elements.
  return cut && e.clientWidth >= 4 && e.checkVisibility() && !e.closest('svg, .unseen') && e.innerText?.trim();
}).slice(0, 5).map(e => e.outerHTML.slice(0, 100))
"""
#: What is pressed and lower than 44 px. A link in a line of text is as high as its line, a mark as high as its label.
SMALL = """
() => [...document.querySelectorAll('button, .button, input, select, textarea, summary, nav a')].filter(e => {
  if (e.type === 'hidden' || !e.checkVisibility({ visibilityProperty: true }) || e.closest('.unseen, p')) return false;
  const boxes = [e, ...(e.labels ?? [])].map(each => each.getBoundingClientRect());
  return boxes[0].width > 2 && Math.max(...boxes.map(box => box.height)) < 43.5;
}).slice(0, 5).map(e => e.outerHTML.slice(0, 120))
"""


def _finding(violation: dict[str, Any]) -> str:
    places = [f"      {node['html'][:120]}\n        {node.get('failureSummary', '')}" for node in violation["nodes"]]
    return f"  {violation['id']} ({violation['impact']}): {violation['help']}\n" + "\n".join(places)

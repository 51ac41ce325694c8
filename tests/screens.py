"""`make screens`: pictures of the journey from a running demo, on a phone and a desk, in both languages.

A demo of its own is started in a temporary directory on a free port, walked as a newcomer would walk it, photographed
into test-results/screens/, and thrown away; what the README shows is scaled down into docs/screens/.

`make screens SHARD=1/4` looks at a quarter of the whole sitemap instead: every kind of page that each persona reaches
by links, on a phone and a desk, in both languages and by day and night. Each must fit, stand still while it comes, and
give axe and the browser nothing to complain about; each is photographed, and pages that no link leads to are named.
ARGS="--once" looks at a kind of page only as the first persona who reaches it, ARGS="--half" on a phone in Chinese and
at a desk in English only.
"""

import argparse
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests import permissions
from tests.browser.chromium import FLAGS, Visitor, executable

ROOT = Path(__file__).parents[1]
TAKEN, CHOSEN = ROOT / "test-results" / "screens", ROOT / "docs" / "screens"
LANGUAGES, WIDTHS = {"zh": "zh-CN", "en": "en"}, (390, 1280)
#: What the README shows: the scene, and the width at which it is seen best.
IN_THE_README = {"1-listing": 390, "2-order": 390, "3-claim-3": 390, "4-case": 390, "6-bench": 1280, "7-ruling": 390}
#: How wide a picture of the README is, and how many bytes it may have.
SHOWN_WIDTH, MOST_BYTES = {390: 300, 1280: 800}, 60_000
BY_NIGHT = {"1-listing", "2-order", "4-case", "7-ruling"}
OPENING = 240
REASONS = {
    "zh": "记录显示该卡密在出库时有效，展示后三小时内被申报无效；双方均未能证明由谁使用，按记录分担。",
    "en": "The code was good when it was sold and was reported bad within three hours of being seen; neither side"
    " proved who used it, so both carry a part.",
}


@contextmanager
def demo() -> Iterator[str]:
    """A demo of our own, as it is after its first start; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="kamen-screens-") as home:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        own = {"KAMEN_LOCAL_DIR": home, "PORT": str(port)}
        given = {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SANDBOX_ADDRESS", "PUBLIC_ADDRESS"}
        around = {name: value for name, value in os.environ.items() if name not in given}
        said = Path(home) / "said.txt"  # and no pipe: one that nobody reads is full one day, and the mall waits for it
        with said.open("wb") as there:
            process = subprocess.Popen(
                [sys.executable, "-m", "kamen.demo"],
                cwd=ROOT,
                env={**around, **own},
                stdout=there,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until_open(process, port, said)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


def wait_until_open(process: "subprocess.Popen[bytes]", port: int, said: Path) -> None:
    """Until the demo's mall is ready, or what it said before it died."""
    end = time.monotonic() + OPENING
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"The demo did not open:\n{said.read_text(errors='replace')[-2000:]}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.5)
    raise SystemExit(f"The demo did not open within {OPENING} s.")


class Guide:
    """Somebody of the demo: walks at one window, and is photographed at all of them."""

    def __init__(self, browser: Browser, home: str, email: str, *, is_brief: bool = False) -> None:
        self.home = home
        self.browser = browser
        self.is_brief = is_brief
        self.windows: dict[tuple[str, int, str], Page] = {}
        first = self._window(browser, "zh", 390, "light", None)
        first.goto("/account/login/")
        first.locator(f'form:has(input[name="login"][value="{email}"]) button').click()
        if "/2fa/" in first.url or first.locator('input[name="code"]').count():
            code = first.locator(".message .figures").inner_text()
            first.locator('input[name="code"]').fill(code)
            first.locator('main form:has(input[name="code"]) button').first.click()
        self.state = first.context.storage_state()
        self.page = first

    def window(self, language: str, width: int, theme: str) -> Page:
        """A window of this person, opened when it is looked through for the first time."""
        how = (language, width, theme)
        if how not in self.windows:
            self.windows[how] = self._window(self.browser, language, width, theme, self.state)
        return self.windows[how]

    def _window(self, browser: Browser, language: str, width: int, theme: Any, state: Any) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 844 if width < 600 else 800},
            locale=LANGUAGES[language],
            color_scheme=theme,
            reduced_motion="reduce",
            timezone_id="Asia/Shanghai",
            base_url=self.home,
            storage_state=state,
        )
        context.set_default_timeout(15_000)
        return context.new_page()

    def shows(self, scene: str, path: str, before: Callable[[Page, str], None] | None = None) -> None:
        """Photograph a page in both languages at both widths, some also by night; in brief what the README shows."""
        for language, width, theme in product(LANGUAGES, WIDTHS, ("light", "dark")):
            if theme == "dark" and (scene not in BY_NIGHT or self.is_brief):
                continue
            if self.is_brief and IN_THE_README.get(scene) != width:
                continue
            page = self.window(language, width, theme)
            answer = page.goto(path)
            assert answer is not None
            if answer.status != 200:
                raise SystemExit(f"{path} answered {answer.status}.")
            if before is not None:
                before(page, language)
            name = f"{scene}-{width}-{language}{'-dark' if theme == 'dark' else ''}.png"
            page.screenshot(path=TAKEN / name, full_page=True)
            if theme == "light" and IN_THE_README.get(scene) == width:
                small(page.screenshot(), width, CHOSEN / f"{scene}-{language}.png")

    def goes(self, path: str) -> Page:
        """To a page, at the one window where things are done."""
        self.page.goto(path)
        return self.page

    def presses(self, selector: str) -> None:
        """A button or a link; the mall must not say no."""
        with self.page.expect_navigation(wait_until="load"):
            self.page.locator(selector).first.click()

    @property
    def path(self) -> str:
        """Where this window is."""
        return self.page.url.removeprefix(self.home).partition("#")[0].partition("?")[0]


def small(picture: bytes, width: int, path: Path) -> None:
    """Scale a picture down for the README, with as many colors as its bytes allow."""
    image = Image.open(BytesIO(picture)).convert("RGB")
    wide = SHOWN_WIDTH[width]
    image = image.resize((wide, round(image.height * wide / image.width)), Image.Resampling.LANCZOS)
    for colors in (256, 128, 64, 32, 16):
        content = BytesIO()
        image.quantize(colors, dither=Image.Dither.NONE).save(content, "PNG", optimize=True)
        if content.tell() <= MOST_BYTES:
            break
    path.write_bytes(content.getvalue())


def walk(browser: Browser, home: str, *, is_brief: bool = False) -> None:
    """The journey of the README, step by step; in brief it ends with the ruling."""

    def somebody(name: str) -> Guide:
        return Guide(browser, home, f"{name}@demo.kamen.invalid", is_brief=is_brief)

    buyer, shop = somebody("buyer"), somebody("shop")
    listing = find(buyer.goes("/listings/"), "/listings/", "星河激活码 30 天")
    buyer.shows("1-listing", listing)
    page = buyer.goes(listing)
    page.locator('#buy input[name="quantity"]').fill("3")
    page.locator('#buy input[name="acknowledged"]').check()
    page.locator('#buy input[name="exempt"]').check()
    buyer.presses("#buy button")
    order = buyer.path
    buyer.shows("2-order-to-pay", order)
    buyer.goes(order)
    buyer.presses(f'form[action="{order}pay/"]:has([name="by"][value="wallet"]) button')
    buyer.shows("2-order", order)
    buyer.shows("2-order-open", f"{order}units/1/")
    buyer.goes(f"{order}units/1/")
    buyer.presses(f'form[action="{order}units/1/"] button')
    buyer.page.screenshot(path=TAKEN / "2-order-code-390-zh.png", full_page=True)
    claim(buyer, order)
    case = buyer.path
    buyer.shows("4-case", case)
    shop.shows("4-case-shop", case)
    shop.shows("5-queue", "/desk/xinghe/queue/")
    decline(shop, case)
    buyer.shows("4-case-declined", case)
    buyer.goes(case)
    buyer.presses(f'form[action="{case}escalate/"] button')
    dispute = the_dispute(buyer, shop)
    bench = rule(somebody("arbiter"), dispute)
    sign(somebody("senior"), bench)
    buyer.shows("7-ruling", f"{dispute}ruling/")
    if is_brief:
        return
    buyer.shows("8-wallet", "/wallet/")
    shop.shows("8-shop-money", "/shops/xinghe/deposit/")
    shop.shows("8-shop-orders", "/desk/xinghe/orders/")
    shop.shows("8-shop-stock", "/desk/xinghe/stock/")
    stock = find(shop.goes("/desk/xinghe/stock/"), "/desk/xinghe/stock/", "星河点卡")
    shop.shows("8-shop-batches", stock)
    shop.shows("8-shop-send-in", f"{stock}send/")
    shop.shows("8-shop-suppliers", "/desk/xinghe/suppliers/")
    shop.shows("8-shop-staff", "/desk/xinghe/staff/")
    shop.shows("8-shop-withdrawals", "/desk/xinghe/withdrawals/")
    time.sleep(6)  # the worker tells people every three seconds
    buyer.shows("9-notices", "/notices/")
    buyer.shows("10-me", "/me/")
    shop.shows("10-desk", "/desk/")
    for rules in ("", "calculator/", "matrix/", "reasons/", "reasons/CODE_INVALID/", "clocks/", "versions/", "linter/"):
        buyer.shows(f"11-rules-{rules.strip('/').replace('/', '-') or 'center'}", f"/rules/{rules}")
    staff(somebody("lead"), somebody("finance"))
    for scene, path in (
        ("coupons", "coupons/"),
        ("deliveries", "deliveries/"),
        ("papers", "papers/"),
        ("steps", "steps/"),
    ):
        shop.shows(f"8-shop-{scene}", f"/desk/xinghe/{path}")
    buyer.shows("8-applications", "/applications/")
    buyer.shows("8-application", find(buyer.goes("/applications/"), "/applications/", "小林杂货"))
    risk = somebody("risk")
    for scene, path in (("applications", "applications/"), ("shops", "shops/"), ("listings", "listings/")):
        risk.shows(f"12-risk-{scene}", f"/risk/{path}")
    for scene, path in (("codes", "/staff/codes/"), ("signs", "/staff/signs/"), ("suppliers", "/staff/suppliers/")):
        risk.shows(f"12-risk-{scene}", path)
    somebody("finance").shows("12-finance-coupons", "/staff/coupons/")
    lead = somebody("lead")
    lead.shows("12-mail", "/staff/mail/")
    lead.shows("12-rules-of-staff", "/rules/admin/")
    lead.shows("12-rules-version", find(lead.goes("/rules/admin/"), "/rules/admin/", "2026.11.0"))


def staff(lead: Guide, finance: Guide) -> None:
    """What a lead and finance have beside the bench, with something in the register."""
    page = lead.goes("/outages/")
    page.locator("[name=scope]").select_option("channel")
    page.locator("[name=target]").fill("sandbox")
    page.locator("[name=began_at]").fill("2026-11-22T09:00")
    page.locator("[name=reason]").fill("支付渠道九点起无人应答。")
    lead.presses("main form.form button")
    lead.shows("12-outage", lead.path)
    for scene, path in (
        ("me", "/me/"),
        ("board", "/board/"),
        ("outages", "/outages/"),
        ("looks", "/staff/money-looks/"),
        ("stuck", "/clocks/stuck/"),
    ):
        lead.shows(f"12-lead-{scene}", path)
    for scene, path in (
        ("me", "/me/"),
        ("payouts", "/finance/payouts/"),
        ("brake", "/finance/brake/"),
        ("contributions", "/finance/contributions/"),
        ("accounts", "/finance/accounts/"),
        ("commission", "/staff/commission/"),
        ("account", "/finance/accounts/channel:sandbox/"),
    ):
        finance.shows(f"12-finance-{scene}", path)


def find(page: Page, under: str, words: str) -> str:
    """The address of the link with these words."""
    return page.locator(f'a[href^="{under}"]', has_text=words).first.get_attribute("href") or ""


def claim(buyer: Guide, order: str) -> None:
    """The three steps of the wizard."""
    picture = TAKEN / "screenshot-of-the-buyer.png"
    Image.new("RGB", (320, 200), "#0b5d5a").save(picture)
    buyer.shows("3-claim-1", f"{order}claim/")
    page = buyer.goes(f"{order}claim/")
    page.locator('input[name="reason"][value="CODE_INVALID"]').check()
    page.locator('input[name="places"][value="1"]').check()
    buyer.presses("main form .sticky-actions button")
    buyer.shows("3-claim-2", f"{order}claim/facts/")
    page = buyer.goes(f"{order}claim/facts/")
    page.locator('textarea[name="text"]').fill("激活页面提示“卡密无效”。")
    page.locator('input[type="file"]').set_input_files(picture)
    page.locator(".thumbs img").wait_for()  # sent by itself
    buyer.presses("main form .sticky-actions button.button")
    buyer.shows("3-claim-3", f"{order}claim/result/")
    buyer.goes(f"{order}claim/result/")
    buyer.presses("main form .sticky-actions button")


def decline(shop: Guide, case: str) -> None:
    """The shop says no by a published rule."""
    page = shop.goes(f"{case}decline/")
    page.locator('input[name="code"][value="code_was_good"]').check()
    page.locator('input[name="rule"][value="MX-42"]').check()
    page.locator('textarea[name="text"]').fill("出库时有效，平台记录显示已查看。")
    shop.presses("main form.form button")


def the_dispute(buyer: Guide, shop: Guide) -> str:
    """The dispute's page; both sides have nothing to add."""
    page = buyer.goes("/disputes/")
    dispute = page.locator('main a[href^="/disputes/D"]').first.get_attribute("href") or ""
    for side in (buyer, shop):
        side.goes(dispute)
        side.presses(f'form[action="{dispute}rest/"] button')
    return dispute


def rule(arbiter: Guide, dispute: str) -> str:
    """The arbiter splits 60/40."""
    bench = dispute.replace("/disputes/", "/bench/")
    arbiter.shows("6-bench-queue", "/bench/")
    arbiter.goes(bench)
    arbiter.presses(f'form[action="{bench}open/"] button')

    def write(page: Page, language: str) -> None:
        page.locator("[name=share_seller]").fill("60")
        page.locator("[name=share_buyer]").fill("40")
        page.locator("[name=rule_ids]").fill("MX-42")
        page.locator("[name=departs_because]").fill(REASONS[language])
        page.locator("[name=reasons]").fill(REASONS[language])
        for choice in page.locator("select[name^=weight_]").all():
            choice.select_option("accepted")
        page.wait_for_timeout(1_000)
        page.evaluate("scrollTo(0, 0)")

    arbiter.shows("6-bench", bench, write)
    write(arbiter.goes(bench), "zh")
    arbiter.presses(".sign-bar button >> nth=-1")
    return bench


def sign(senior: Guide, bench: str) -> None:
    """The senior reads and signs."""
    senior.goes(bench)
    senior.presses(f'form[action="{bench}open/"] button')
    senior.shows("6-bench-sign", bench)
    senior.goes(bench)
    senior.presses(f'form[action="{bench}sign/"] button')


# The whole sitemap

#: Who goes around; nobody in particular goes first.
PERSONAS = [
    *("", "buyer", "regular", "patron", "shop", "shop2", "agent", "arbiter", "senior"),
    *("lead", "finance", "risk", "auditor", "counsel"),
]
#: So many pages of a kind are asked where they lead.
OF_A_KIND = 10
STARTS = [
    "/",
    "/me/",
    "/desk/",
    "/shops/",
    "/rules/",
    "/transparency/",
    "/precedents/",
    "/verify/",
    "/neutrals/",
    "/styleguide/",
    "/api/docs/",
    # Where a link leads only once something is there: empty they are pages, too.
    "/wallet/debt/",
    "/invitations/",
    "/staff/codes/",
]
#: Two windows that cover both widths and both languages.
HALF = [("zh", 390), ("en", 1280)]
#: Not pages: what leaves, is fetched, or belongs to a machine.
NO_PAGE = re.compile(
    r"^/(static|api/(?!docs)|i18n|demo|live|account/logout)|\.(csv|json|py|pdf|zip|txt)$|/(files|zip|paper|file)/\d*/?$"
)


def kind_of(path: str) -> str:
    """Pages of one kind have addresses that differ in numbers and names only."""
    path = re.sub(r"(?<=/)([A-Z]*\d[^/]*|[A-Z][A-Z_]+|[a-z]+:[^/]*)(?=/|$)", "*", path)
    return re.sub(r"^/(shops|desk|api/docs)/(?!\*)[^/]+/", r"/\1/*/", path)


def sitemap(context: Any, home: str) -> list[str]:
    """One page of each kind that somebody reaches by links, from the pages that everybody knows.

    Several of a kind are asked where they lead: only a dispute that was decided leads to its ruling.
    """
    found: dict[str, str] = {}
    seen: set[str] = set()
    asked: Counter[str] = Counter()
    waiting = list(STARTS)
    while waiting:
        path = waiting.pop(0)
        if path in seen or asked[kind_of(path)] >= OF_A_KIND:
            continue
        seen.add(path)
        asked[kind_of(path)] += 1
        answer = context.request.get(home + path, headers={"Accept": "text/html"}, timeout=60_000)
        if answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
            continue
        there = answer.url.removeprefix(home).partition("?")[0]
        seen.add(there)
        found.setdefault(kind_of(there), there)
        waiting += [link for link in re.findall(r'href="(/[^"?#]*)', answer.text()) if not NO_PAGE.search(link)]
    return [found[kind] for kind in sorted(found)]


def unreached(paths: Iterable[str]) -> list[str]:
    """The pages of the table of permissions, by the names of their routes, that none of these addresses is one of."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kamen.settings.base")
    import django
    from django.urls import Resolver404, resolve

    django.setup()
    wanted = {
        line.route
        for line in permissions.read().values()
        if line.method == "GET" and "in" in line.answers and not line.route.startswith("api:")
    }
    for path in paths:
        with suppress(Resolver404):
            wanted.discard(resolve(path).view_name)
    return sorted(wanted)


def look_around(browser: Browser, home: str, shard: int, shards: int, told: argparse.Namespace) -> list[str]:
    """Look at this shard's pages as everybody who reaches them; what is wrong with them, in words."""
    wrong, looked, known = [], 0, set()
    reached: set[str] = set()
    windows = list(HALF if told.half else product(LANGUAGES, WIDTHS))
    first = PERSONAS.index(told.since) if told.since else 0
    for place, name in enumerate(PERSONAS):
        guide = Guide(browser, home, f"{name}@demo.kamen.invalid") if name else None
        context = guide.page.context if guide else browser.new_context(base_url=home)
        there = sitemap(context, home)
        reached |= set(there)
        pages = [path for path in there if not told.only or re.search(told.only, path)]
        if told.once:
            pages = [path for path in pages if kind_of(path) not in known]
            known |= set(map(kind_of, pages))
        for path in pages[shard - 1 :: shards] if place >= first else []:
            for language, width in windows:
                visitor = Visitor(browser, home, width=width, language=LANGUAGES[language])
                if guide:
                    cookies: Any = guide.page.context.cookies()
                    visitor.context.add_cookies(cookies)
                looked += 1
                try:
                    look_at(visitor, path, f"map-{name or 'nobody'}{kind_of(path).replace('/', '-')}{width}-{language}")
                except (AssertionError, Error) as error:
                    wrong.append(f"{name or 'nobody'}, {width} px, {language}: {error}")
                    sys.stdout.write(f"{wrong[-1]}\n")
                    sys.stdout.flush()
                finally:
                    visitor.leave()
        for window in guide.windows.values() if guide else ():
            window.context.close()
        context.close()
    sys.stdout.write(f"No link of this demo leads to: {', '.join(unreached(reached)) or 'nothing, all are reached'}.\n")
    sys.stdout.write(f"{looked} windows looked through by day and by night, {len(wrong)} with something wrong.\n")
    return wrong


def look_at(visitor: Visitor, path: str, name: str) -> None:
    """A page by day and by night."""
    visitor.visit(path)
    visitor.page.screenshot(path=TAKEN / f"{name.replace('*', '_')}.png", full_page=True)
    visitor.require_steady()
    for theme in ("light", "dark"):
        visitor.prefer(theme)
        visitor.require_fits()
        visitor.require_accessible()


def asked() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="make screens", description=__doc__)
    parser.add_argument("--shard", default="", help="look at a part of the whole sitemap, 1/4 is the first quarter")
    parser.add_argument("--brief", action="store_true", help="only the pictures that the README shows")
    parser.add_argument("--only", default="", help="of the sitemap only addresses that match this expression")
    parser.add_argument("--once", action="store_true", help="a kind of page only as the first persona who reaches it")
    parser.add_argument("--since", choices=PERSONAS, help="begin with this persona; who comes before is only followed")
    parser.add_argument("--half", action="store_true", help="a phone in Chinese and a desk in English only")
    return parser.parse_args()


def main() -> int:
    """Take all pictures; says how many. Of the sitemap: says what is wrong."""
    if executable() is None:
        sys.stderr.write("No Chromium here: `make screens` needs one (KAMEN_CHROMIUM names it).\n")
        return 1
    told = asked()
    for directory in (TAKEN, CHOSEN):
        directory.mkdir(parents=True, exist_ok=True)
    with demo() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=FLAGS, headless=True)
        try:
            if told.shard or told.only:
                shard, _slash, shards = (told.shard or "1/1").partition("/")
                return 1 if look_around(browser, home, int(shard), int(shards or 1), told) else 0
            walk(browser, home, is_brief=told.brief)
        finally:
            browser.close()
    taken, chosen = len(list(TAKEN.glob("*.png"))), len(list(CHOSEN.glob("*.png")))
    sys.stdout.write(f"{taken} pictures in {TAKEN}, {chosen} of them scaled down in {CHOSEN}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The sandbox channel: a payment channel with play money, a process of its own (`python -m kamen.sandbox_channel`).

It stands for WeChat Pay or Alipay: the mall announces a charge, the buyer pays on the channel's own page, the channel
tells the mall by a signed notice until the mall says `success`, and pays refunds back, once per number. It knows
nothing of the mall but its address and the shared secret, and imports none of it. State is one SQLite file.
"""

import argparse
import contextlib
import hashlib
import hmac
import html
import http.client
import json
import os
import re
import secrets
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

#: Seconds before each next try of a notice that nobody answered with `success`.
LADDER = (1, 2, 5, 15, 30, 60, 180, 600, 1800, 3600, 3600, 10800, 10800, 21600, 21600)
#: How long "pay after the deadline" keeps its notice back: one minute more than the mall waits for a payment.
LATE = 16 * 60
WINDOW = 300
LONGEST_BODY = 20_000

SCHEMA = """
create table if not exists charge (
  number text primary key, token text unique not null, amount integer not null, title text not null,
  notify_url text not null, return_url text not null, cancelled integer not null default 0);
create table if not exists paid (
  txn text primary key, number text not null references charge, amount integer not null, visible_at real not null,
  told integer not null default 0, tries integer not null default 0, next_at real not null);
create table if not exists refund (
  number text primary key, txn text not null references paid, amount integer not null, state text not null,
  reason text not null default '');
create table if not exists payout (
  number text primary key, payee text not null, amount integer not null, state text not null,
  reason text not null default '');
"""

#: How the channel behaves towards refunds, to be chosen on its front page (and by tests).
MOODS = ("normal", "failing", "refusing", "silent")

WORDS: dict[str, dict[str, str]] = {
    "zh": {
        "sandbox": "沙盒支付 · 不是真钱",
        "note": "这是演示用的支付通道,单独运行,按签名通知协议与商城往来。",
        "to": "收款方:卡门 Kamen",
        "pay": "支付",
        "twice": "重复支付两次",
        "twice_note": "模拟误付两笔:商城只入账一笔,另一笔自动原路退回。",
        "late": "超过期限才支付",
        "late_note": "款项在 16 分钟后才到达商城,届时订单已过期,应自动退回。",
        "cancel": "取消,返回商城",
        "is_paid": "已支付",
        "is_cancelled": "已取消",
        "is_late": "付款已受理,将在期限过后到账。",
        "now": "现在就到账",
        "now_note": "先在商城的演示面板把时间调快一小时,再点这里。",
        "back": "返回商城",
        "lang": "English",
        "number": "商户单号",
        "amount": "金额",
        "mood": "退款请求的应答方式",
        "normal": "正常到账",
        "failing": "暂时失败",
        "refusing": "永久拒绝",
        "silent": "不应答",
        "charges": "收款",
        "refunds": "退款",
        "payouts": "付款到账户",
        "nothing": "还没有。",
        "set": "更改",
        "missing": "没有这笔收款。",
    },
    "en": {
        "sandbox": "Sandbox payment · no real money",
        "note": "The demo's payment channel: a process of its own that talks with the mall by signed notices.",
        "to": "To: Kamen 卡门",
        "pay": "Pay",
        "twice": "Pay twice by mistake",
        "twice_note": "Two charges: the mall credits one and sends the other back by itself.",
        "late": "Pay after the deadline",
        "late_note": "The money reaches the mall in 16 minutes, when it is too late, and should come back by itself.",
        "cancel": "Cancel, back to the mall",
        "is_paid": "Paid",
        "is_cancelled": "Cancelled",
        "is_late": "Taken. The money will reach the mall after the deadline.",
        "now": "Let it arrive now",
        "now_note": "First move the mall's time an hour forward on its demo panel, then press this.",
        "back": "Back to the mall",
        "lang": "中文",
        "number": "Merchant's number",
        "amount": "Amount",
        "mood": "How refunds are answered",
        "normal": "They arrive",
        "failing": "They fail for now",
        "refusing": "They are refused for good",
        "silent": "No answer",
        "charges": "Charges",
        "refunds": "Refunds",
        "payouts": "Payouts to accounts",
        "nothing": "None yet.",
        "set": "Change",
        "missing": "There is no such charge.",
    },
}

STYLE = """
*{box-sizing:border-box}body{margin:0;font:16px/1.6 system-ui,"PingFang SC","Noto Sans CJK SC","Microsoft YaHei",
sans-serif;background:#f4f1ea;color:#17202a}
.tape{background:repeating-linear-gradient(135deg,#8a5a00 0 14px,#6f4800 14px 28px);
color:#fff;font-weight:700;text-align:center;padding:10px 16px}main{max-width:30rem;margin:24px auto;padding:0 16px}
.card{background:#fff;border:1px solid #d9d4c7;border-radius:10px;padding:24px;margin-bottom:16px}h1{font-size:20px;
margin:0 0 4px}.sum{font-size:36px;font-weight:700;font-variant-numeric:tabular-nums;margin:8px 0}p{margin:4px 0}
.muted{color:#56606b;font-size:14px}button,.button{display:block;width:100%;min-height:48px;margin-top:12px;padding:10px;
border-radius:10px;border:1px solid #6f4800;background:#fff;color:#6f4800;font:inherit;font-weight:600;cursor:pointer;
text-align:center;text-decoration:none}button.main{background:#6f4800;color:#fff}table{width:100%;border-collapse:
collapse;font-size:14px}td{padding:6px 8px 6px 0;border-top:1px solid #e5e0d4;overflow-wrap:anywhere}a{color:#6f4800}
select{min-height:44px;width:100%;font:inherit}:focus-visible{outline:3px solid #0b5d5a;outline-offset:2px}
"""


class Channel:
    """The channel's own books and rules; nothing here knows HTTP pages."""

    def __init__(self, store: str, secret: str) -> None:
        if not secret.strip():
            raise ValueError("The channel needs a secret: set SANDBOX_SECRET.")
        self.secret = secret
        self.mood = "normal"
        self.address = ""
        self.lock = threading.RLock()
        self.database = sqlite3.connect(store, check_same_thread=False, isolation_level=None)
        self.database.row_factory = sqlite3.Row
        self.database.executescript(SCHEMA)
        self.waking = threading.Event()
        self.is_closed = False

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One change at a time, whole or not at all."""
        with self.lock:
            self.database.execute("begin immediate")
            try:
                yield self.database
            except BaseException:
                self.database.execute("rollback")
                raise
            self.database.execute("commit")

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """What the books say."""
        with self.lock:
            return self.database.execute(query, values).fetchall()

    def row(self, query: str, *values: Any) -> sqlite3.Row | None:
        """The first line of what the books say."""
        return next(iter(self.rows(query, *values)), None)

    # What the mall asks

    def open_charge(self, told: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Announce a charge; the same number with the same amount again is the same charge."""
        wrong = _wrong_charge(told)
        if wrong:
            return 422, {"reason": wrong}
        with self.writing() as database:
            known = self.row("select * from charge where number = ?", told["number"])
            if known is not None and known["amount"] != told["amount"]:
                return 409, {"reason": "this number was announced with another amount"}
            token = known["token"] if known else secrets.token_urlsafe(24)
            if known is None:
                database.execute(
                    "insert into charge (number, token, amount, title, notify_url, return_url)"
                    " values (?, ?, ?, ?, ?, ?)",
                    [told["number"], token, told["amount"], told["title"], told["notify_url"], told["return_url"]],
                )
        return 200, {"number": told["number"], "pay_url": f"{self.address}/pay/{token}"}

    def find_charge(self, number: str) -> tuple[int, dict[str, Any]]:
        """What was paid under a number, so far as it has arrived."""
        charge = self.row("select * from charge where number = ?", number)
        if charge is None:
            return 404, {"reason": "unknown"}
        paid = self.rows("select * from paid where number = ? and visible_at <= ? order by rowid", number, time.time())
        return 200, {
            "number": number,
            "paid": [{"txn": each["txn"], "amount": each["amount"], "currency": "CNY"} for each in paid],
        }

    def refund(self, told: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Send money back, once per number; never more than came in. What failed may be asked for again."""
        number, txn, amount = told.get("number"), told.get("txn"), told.get("amount")
        if not isinstance(number, str) or not isinstance(txn, str) or type(amount) is not int or amount <= 0:
            return 422, {"reason": "a refund has a number, a charge and an amount"}
        with self.writing() as database:
            known = self.row("select * from refund where number = ?", number)
            if known is not None and (known["txn"], known["amount"]) != (txn, amount):
                return 409, {"reason": "this number stands for another refund"}
            if known is None or known["state"] in {"failed", "refused"}:
                paid = self.row("select amount from paid where txn = ?", txn)
                if paid is None:
                    return 409, {"reason": "unknown charge"}
                back = self.row(
                    "select coalesce(sum(amount), 0) as sum from refund where txn = ? and state = 'done'", txn
                )
                if amount + (back["sum"] if back else 0) > paid["amount"]:
                    return 409, {"reason": "more than was paid"}
                state, reason = {
                    "failing": ("failed", "the bank does not answer"),
                    "refusing": ("refused", "the card is closed"),
                }.get(self.mood, ("done", ""))
                database.execute(
                    "insert into refund (number, txn, amount, state, reason) values (?, ?, ?, ?, ?)"
                    " on conflict (number) do update set state = excluded.state, reason = excluded.reason",
                    [number, txn, amount, state, reason],
                )
        return self.find_refund(number)

    def find_refund(self, number: str) -> tuple[int, dict[str, Any]]:
        """What became of a refund."""
        found = self.row("select number, txn, amount, state, reason from refund where number = ?", number)
        return (200, dict(found)) if found else (404, {"reason": "unknown"})

    def pay_out(self, told: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Send money to an account, once per number. What failed may be asked for again."""
        number, payee, amount = told.get("number"), told.get("payee"), told.get("amount")
        if not isinstance(number, str) or not isinstance(payee, str) or type(amount) is not int or amount <= 0:
            return 422, {"reason": "a payout has a number, an account and an amount"}
        with self.writing() as database:
            known = self.row("select * from payout where number = ?", number)
            if known is not None and (known["payee"], known["amount"]) != (payee, amount):
                return 409, {"reason": "this number stands for another payout"}
            if known is None or known["state"] in {"failed", "refused"}:
                state, reason = {
                    "failing": ("failed", "the bank does not answer"),
                    "refusing": ("refused", "there is no such account"),
                }.get(self.mood, ("done", ""))
                database.execute(
                    "insert into payout (number, payee, amount, state, reason) values (?, ?, ?, ?, ?)"
                    " on conflict (number) do update set state = excluded.state, reason = excluded.reason",
                    [number, payee, amount, state, reason],
                )
        return self.find_payout(number)

    def find_payout(self, number: str) -> tuple[int, dict[str, Any]]:
        """What became of a payout."""
        found = self.row("select number, payee, amount, state, reason from payout where number = ?", number)
        return (200, dict(found)) if found else (404, {"reason": "unknown"})

    # What the buyer does

    def pay(self, charge: sqlite3.Row, *, times: int = 1, amount: int | None = None, after: float = 0) -> list[str]:
        """The buyer pays, `times` times, `after` so many seconds; returns the channel's numbers."""
        at = time.time() + after
        txns = [f"sb{secrets.token_hex(10)}" for _time in range(times)]
        with self.writing() as database:
            database.executemany(
                "insert into paid (txn, number, amount, visible_at, next_at) values (?, ?, ?, ?, ?)",
                [[txn, charge["number"], amount or charge["amount"], at, at] for txn in txns],
            )
        self.waking.set()
        return txns

    def arrive_now(self, number: str) -> None:
        """What is on its way under a number arrives at once."""
        with self.writing() as database:
            database.execute(
                "update paid set visible_at = ?, next_at = ? where number = ? and told = 0",
                [time.time(), time.time(), number],
            )
        self.waking.set()

    def cancel(self, charge: sqlite3.Row) -> None:
        """The buyer does not want to pay."""
        with self.writing() as database:
            database.execute("update charge set cancelled = 1 where number = ?", [charge["number"]])

    # Notices

    def tell(self) -> None:
        """Send notices until the channel is closed: each until the mall answers `success`, ever more seldom."""
        while not self.is_closed:
            self.waking.clear()
            for each in self.rows(
                "select p.*, c.notify_url from paid p join charge c on c.number = p.number"
                " where p.told = 0 and p.next_at <= ? and p.tries < ? order by p.next_at",
                time.time(),
                len(LADDER),
            ):
                if self.is_closed:
                    return
                told = self.notify(each["notify_url"], self.notice(each)) == (200, b"success")
                with self.writing() as database:
                    database.execute(
                        "update paid set told = ?, tries = tries + 1, next_at = ? where txn = ?",
                        [int(told), time.time() + LADDER[each["tries"]], each["txn"]],
                    )
            self.waking.wait(0.5)

    @staticmethod
    def notice(paid: Any) -> dict[str, Any]:
        """What a notice says about a charge."""
        return {"number": paid["number"], "txn": paid["txn"], "amount": paid["amount"], "currency": "CNY"}

    def notify(self, url: str, notice: dict[str, Any], *, timestamp: int | None = None) -> tuple[int, bytes]:
        """Send one notice, signed for its address; returns the mall's status and words (0 if it did not answer)."""
        body = json.dumps(notice, ensure_ascii=False).encode()
        parts = urlsplit(url)
        headers = self.signed("notice", parts.path, body, timestamp=timestamp)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        try:
            connection = kind(parts.netloc, timeout=5)
            with contextlib.closing(connection):
                connection.request("POST", parts.path, body, {**headers, "Content-Type": "application/json"})
                answer = connection.getresponse()
                return answer.status, answer.read(1000)
        except (OSError, http.client.HTTPException):
            return 0, b""

    # Signatures

    def signed(
        self, kind: str, path: str, body: bytes, *, nonce: str = "", timestamp: int | None = None
    ) -> dict[str, str]:
        """The headers that prove a message; `kind` and `path` are part of what is signed."""
        stamp, nonce = str(int(time.time()) if timestamp is None else timestamp), nonce or secrets.token_hex(16)
        return {
            "X-Sandbox-Timestamp": stamp,
            "X-Sandbox-Nonce": nonce,
            "X-Sandbox-Signature": self.signature(kind, path, stamp, nonce, body),
        }

    def signature(self, kind: str, path: str, timestamp: str, nonce: str, body: bytes) -> str:
        """HMAC-SHA256 over kind, path, time, nonce and body, a line each."""
        text = b"\n".join([kind.encode(), path.encode(), timestamp.encode(), nonce.encode(), body])
        return hmac.new(self.secret.encode(), text, hashlib.sha256).hexdigest()

    def is_from_the_mall(self, method: str, path: str, headers: Any, body: bytes) -> bool:
        """Whether a question carries the mall's signature and is fresh."""
        stamp, nonce = headers.get("X-Sandbox-Timestamp", ""), headers.get("X-Sandbox-Nonce", "")
        if not re.fullmatch(r"[0-9]{1,12}", stamp) or abs(time.time() - int(stamp)) > WINDOW:
            return False
        expected = self.signature(f"request {method}", path, stamp, nonce, body)
        given = headers.get("X-Sandbox-Signature", "").encode("utf-8", "replace")
        return hmac.compare_digest(expected.encode(), given)

    def close(self) -> None:
        """No more notices; the books stay."""
        self.is_closed = True
        self.waking.set()


def _wrong_charge(told: dict[str, Any]) -> str:
    for name in ("number", "title", "notify_url", "return_url"):
        if not isinstance(told.get(name), str) or not 0 < len(told[name]) <= 500:
            return f"{name} is missing"
    if any(urlsplit(told[name]).scheme not in {"http", "https"} for name in ("notify_url", "return_url")):
        return "an address is none"
    if type(told.get("amount")) is not int or not 0 < told["amount"] <= 10**12 or told.get("currency") != "CNY":
        return "the amount is none"
    return ""


class Handler(BaseHTTPRequestHandler):
    """HTTP: signed questions of the mall, and pages for the buyer."""

    channel: Channel
    protocol_version = "HTTP/1.1"
    timeout = 15

    def do_GET(self) -> None:
        self.answer("GET")

    def do_POST(self) -> None:
        self.answer("POST")

    def answer(self, method: str) -> None:
        """Find out who asks for what."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > LONGEST_BODY:
            self.close_connection = True
            return self.page(413, "Too large")
        body = self.rfile.read(int(length))
        path = urlsplit(self.path).path
        if path.startswith(("/charges", "/refunds", "/payouts")):
            return self.api(method, path, body)
        if path == "/":
            return self.front(method, body)
        if found := re.fullmatch(r"/pay/([A-Za-z0-9_-]{10,60})(?:/(pay|twice|late|cancel|now))?", path):
            charge = self.channel.row("select * from charge where token = ?", found[1])
            if charge is not None:
                return self.pay_page(method, charge, found[2] or "")
        return self.page(404, f"<div class=card><p>{self.words['missing']}</p></div>")

    def api(self, method: str, path: str, body: bytes) -> None:
        """The mall's questions; the answer is signed, too."""
        channel = self.channel
        if not channel.is_from_the_mall(method, path, self.headers, body):
            return self.send(401, b'{"reason": "not signed"}', "application/json")
        try:
            told = json.loads(body) if body else {}
        except ValueError:
            told = None
        if not isinstance(told, dict):
            status, found = 400, {"reason": "not a JSON object"}
        elif (method, path) == ("POST", "/charges"):
            status, found = channel.open_charge(told)
        elif (method, path) in {("POST", "/refunds"), ("POST", "/payouts")}:
            status, found = channel.refund(told) if path == "/refunds" else channel.pay_out(told)
            if channel.mood == "silent":  # done, but nobody is told
                self.close_connection = True
                return None
        elif method == "GET" and path.startswith("/charges/"):
            status, found = channel.find_charge(path.removeprefix("/charges/"))
        elif method == "GET" and path.startswith("/refunds/"):
            status, found = channel.find_refund(path.removeprefix("/refunds/"))
        elif method == "GET" and path.startswith("/payouts/"):
            status, found = channel.find_payout(path.removeprefix("/payouts/"))
        else:
            status, found = 404, {"reason": "unknown"}
        answer = json.dumps(found, ensure_ascii=False).encode()
        nonce = self.headers.get("X-Sandbox-Nonce", "")
        signed = channel.signed(f"answer {status}", path, answer, nonce=nonce)
        return self.send(status, answer, "application/json", signed)

    def pay_page(self, method: str, charge: sqlite3.Row, deed: str) -> None:
        """Where the buyer pays."""
        channel, say = self.channel, self.words
        paid = channel.rows("select * from paid where number = ? order by rowid", charge["number"])
        if method == "POST":
            if not paid and not charge["cancelled"] and deed in {"pay", "twice", "late"}:
                channel.pay(charge, times=2 if deed == "twice" else 1, after=LATE if deed == "late" else 0)
            elif not paid and deed == "cancel":
                channel.cancel(charge)
            elif deed == "now":
                channel.arrive_now(charge["number"])
            home = f"/pay/{charge['token']}?lang={self.language}"
            return self.go(home if deed == "late" else charge["return_url"])
        sum_ = f"¥{charge['amount'] // 100:,}.{charge['amount'] % 100:02}"
        back = f"<a class=button href='{html.escape(charge['return_url'], quote=True)}'>{say['back']}</a>"

        def button(deed: str, style: str = "") -> str:
            note = f"<p class=muted>{say[f'{deed}_note']}</p>" if f"{deed}_note" in say else ""
            action = f"/pay/{charge['token']}/{deed}?lang={self.language}"
            return f"<form method=post action='{action}'><button class='{style}'>{say[deed]}</button></form>{note}"

        if paid and paid[-1]["visible_at"] > time.time():
            rest = f"<p><strong>{say['is_late']}</strong></p>{button('now', 'main')}{back}"
        elif paid:
            rest = f"<p><strong>✓ {say['is_paid']}</strong></p>{back}"
        elif charge["cancelled"]:
            rest = f"<p><strong>{say['is_cancelled']}</strong></p>{back}"
        else:
            rest = button("pay", "main") + button("twice") + button("late") + button("cancel")
        return self.page(
            200,
            f"<div class=card><h1>{html.escape(charge['title'])}</h1><p class=sum>{sum_}</p><p>{say['to']}</p>"
            f"<p class=muted>{say['number']} {html.escape(charge['number'])}</p>{rest}</div>",
        )

    def front(self, method: str, body: bytes) -> None:
        """What the channel has done, and how it shall answer refunds."""
        channel, say = self.channel, self.words
        if method == "POST":
            mood = parse_qs(body.decode("ascii", "replace")).get("mood", [""])[0]
            if mood in MOODS:
                channel.mood = mood
            return self.go(f"/?lang={self.language}")
        options = "".join(
            f"<option value={mood}{' selected' if mood == channel.mood else ''}>{say[mood]}</option>" for mood in MOODS
        )

        def table(title: str, rows: list[sqlite3.Row]) -> str:
            lines = "".join(
                "<tr>" + "".join(f"<td>{html.escape(str(value))}</td>" for value in tuple(row)) + "</tr>"
                for row in rows
            )
            return f"<div class=card><h1>{title}</h1>" + (
                f"<table>{lines}</table></div>" if lines else f"<p class=muted>{say['nothing']}</p></div>"
            )

        yuan = "'¥' || printf('%d.%02d', {0} / 100, {0} % 100)"
        charges = channel.rows(
            f"select c.number, {yuan.format('c.amount')}, coalesce(p.txn, '–')"  # noqa: S608 - no values of others
            " from charge c left join paid p on p.number = c.number order by c.rowid desc limit 20"
        )
        refunds = channel.rows(
            f"select number, {yuan.format('amount')}, state from refund order by rowid desc limit 20"  # noqa: S608
        )
        payouts = channel.rows(
            f"select number, payee, {yuan.format('amount')}, state from payout order by rowid desc limit 20"  # noqa: S608
        )
        return self.page(
            200,
            f"<div class=card><form method=post action='/?lang={self.language}'><label for=mood>{say['mood']}</label>"
            f"<select id=mood name=mood>{options}</select><button>{say['set']}</button></form></div>"
            + table(say["charges"], charges)
            + table(say["refunds"], refunds)
            + table(say["payouts"], payouts),
        )

    # Answers

    @property
    def language(self) -> str:
        """zh or en: as chosen on the page, else as the browser asks."""
        chosen = parse_qs(urlsplit(self.path).query).get("lang", [""])[0]
        if chosen in WORDS:
            return chosen
        return "en" if self.headers.get("Accept-Language", "zh").lower().startswith("en") else "zh"

    @property
    def words(self) -> dict[str, str]:
        """The page's words."""
        return WORDS[self.language]

    def page(self, status: int, content: str) -> None:
        """A page that nobody takes for a real bank's."""
        say, other = self.words, "zh" if self.language == "en" else "en"
        path = html.escape(urlsplit(self.path).path, quote=True)
        self.send(
            status,
            (
                f"<!doctype html><html lang={'en' if self.language == 'en' else 'zh-CN'}><meta charset=utf-8>"
                "<meta name=viewport content='width=device-width,initial-scale=1'><link rel=icon href='data:,'>"
                f"<title>{say['sandbox']}</title><style>{STYLE}</style><div class=tape>{say['sandbox']}</div>"
                f"<main>{content}<p class=muted>{say['note']}"
                f" <a href='{path}?lang={other}'>{say['lang']}</a></p></main>"
            ).encode(),
            "text/html; charset=utf-8",
        )

    def go(self, where: str) -> None:
        """Elsewhere, by GET."""
        self.send(303, b"", "text/plain", {"Location": where})

    def send(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        """One whole answer."""
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """One line per request, without query."""
        if self.server.talks:  # type: ignore[attr-defined]
            sys.stderr.write(f"{format % args}\n".partition("?")[0].rstrip() + "\n")


class Server(ThreadingHTTPServer):
    """The channel on a port of this machine, with its sender of notices."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, channel: Channel, port: int = 0, *, talks: bool = False) -> None:
        self.talks = talks
        super().__init__(("127.0.0.1", port), type("BoundHandler", (Handler,), {"channel": channel}))
        self.channel = channel
        channel.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.teller = threading.Thread(target=channel.tell, name="sandbox-notices", daemon=True)
        self.teller.start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A visitor who hung up is no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        """Stop telling, then stop listening."""
        self.channel.close()
        self.teller.join(6)
        super().server_close()


def main() -> int:
    """Serve until asked to stop. The secret comes from the environment, never from the command line."""
    asked = argparse.ArgumentParser(description="The sandbox payment channel of the demo.")
    asked.add_argument("--port", type=int, required=True)
    asked.add_argument("--store", type=Path, required=True, help="the SQLite file of the channel's books")
    options = asked.parse_args()
    try:
        channel = Channel(str(options.store), os.environ.get("SANDBOX_SECRET", ""))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    with contextlib.suppress(KeyboardInterrupt), Server(channel, options.port, talks=True) as server:
        sys.stderr.write(f"The sandbox channel listens at {channel.address}\n")
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())

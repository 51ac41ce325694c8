"""The sandbox channel: a payment channel with play money, a process of its own (`python -m kamen.sandbox_channel`).

It stands for WeChat Pay or Alipay: the mall announces a charge, the buyer pays on the channel's own page, the channel
tells the mall by a signed notice until the mall says `success`, and pays refunds back, once per number. It knows
nothing of the mall but its address and the shared secret, and imports none of it. State is one SQLite file.
"""

import html
import re
import secrets
import sqlite3
import sys
import time
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

from kamen.sandbox_complaints import ALIPAY_HOME, WECHAT_HOME, Complaints, act
from kamen.sandbox_complaints import SCHEMA as DESKS
from kamen.sandboxes import Books, Pages, Server, serve

#: Seconds before each next try of a notice that nobody answered with `success`.
LADDER = (1, 2, 5, 15, 30, 60, 180, 600, 1800, 3600, 3600, 10800, 10800, 21600, 21600)
#: How long "pay after the deadline" keeps its notice back: one minute more than the mall waits for a payment.
LATE = 16 * 60

SCHEMA = """
create table if not exists charge (
  number text primary key, token text unique not null, amount integer not null, title text not null,
  notify_url text not null, return_url text not null, cancelled integer not null default 0);
create table if not exists paid (
  txn text primary key, number text not null references charge, amount integer not null, visible_at real not null,
  told integer not null default 0, tries integer not null default 0, next_at real not null);
create table if not exists refund (
  number text primary key, txn text not null references paid, amount integer not null, state text not null,
  reason text not null default '', done_at real not null default 0);
create table if not exists payout (
  number text primary key, payee text not null, amount integer not null, state text not null,
  reason text not null default '', done_at real not null default 0);
"""

#: What was done between two times, by kind of line. What was sent before this was kept has no time, and no line.
SETTLED = (
    (
        "charge",
        "select number, txn, amount, 'done' as state from paid where visible_at >= ? and visible_at < ? order by rowid",
    ),
    (
        "refund",
        "select number, txn, amount, state from refund where state = 'done' and done_at >= ? and done_at < ?"
        " order by rowid",
    ),
    (
        "payout",
        "select number, '' as txn, amount, state from payout where state = 'done' and done_at >= ? and done_at < ?"
        " order by rowid",
    ),
)
#: The channel's days are China's, which has no summer time.
CHINA = timezone(timedelta(hours=8))

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
        "complaints": "投诉(模拟微信支付、支付宝)",
        "of": "投诉哪一笔",
        "text": "投诉内容",
        "complain": "提交投诉",
        "again": "买家继续投诉",
        "take_back": "买家撤回",
        "pay_back": "通道工作人员自行退款",
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
        "complaints": "Complaints (as at WeChat Pay and Alipay)",
        "of": "Which charge",
        "text": "What is wrong",
        "complain": "Complain",
        "again": "The buyer complains again",
        "take_back": "The buyer takes it back",
        "pay_back": "The channel's staff pays back by itself",
    },
}


class Channel(Complaints, Books):
    """The channel's own books and rules; nothing here knows HTTP pages."""

    schema, header, called, variable = SCHEMA + DESKS, "Sandbox", "channel", "SANDBOX_SECRET"

    def __init__(self, store: str, secret: str) -> None:
        super().__init__(store, secret)
        for table in ("refund", "payout"):  # books of an earlier version do not say when something was sent
            if "done_at" not in {each["name"] for each in self.rows(f"pragma table_info({table})")}:
                self.database.execute(f"alter table {table} add column done_at real not null default 0")

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
                    "insert into refund (number, txn, amount, state, reason, done_at) values (?, ?, ?, ?, ?, ?)"
                    " on conflict (number) do update set state = excluded.state, reason = excluded.reason,"
                    " done_at = excluded.done_at",
                    [number, txn, amount, state, reason, time.time()],
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
                    "insert into payout (number, payee, amount, state, reason, done_at) values (?, ?, ?, ?, ?, ?)"
                    " on conflict (number) do update set state = excluded.state, reason = excluded.reason,"
                    " done_at = excluded.done_at",
                    [number, payee, amount, state, reason, time.time()],
                )
        return self.find_payout(number)

    def find_payout(self, number: str) -> tuple[int, dict[str, Any]]:
        """What became of a payout."""
        found = self.row("select number, payee, amount, state, reason from payout where number = ?", number)
        return (200, dict(found)) if found else (404, {"reason": "unknown"})

    def settled(self, day: str) -> tuple[int, dict[str, Any]]:
        """The settlement file of a day in China: every charge that arrived, everything that was sent, in its order."""
        try:
            begin = datetime.fromisoformat(day).replace(tzinfo=CHINA).timestamp()
        except ValueError:
            return 422, {"reason": "a day is written 2026-11-22"}
        end = begin + 24 * 3600
        if end > time.time():
            return 409, {"reason": "this day is not over"}
        lines = [
            {
                "kind": kind,
                "number": each["number"],
                "txn": each["txn"],
                "amount": each["amount"],
                "state": each["state"],
            }
            for kind, query in SETTLED
            for each in self.rows(query, begin, end)
        ]
        return 200, {"day": day, "lines": lines}

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

    def tell_due(self) -> None:
        """Send each notice until the mall answers `success`, ever more seldom."""
        self.tell_of_complaints()
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

    @staticmethod
    def notice(paid: Any) -> dict[str, Any]:
        """What a notice says about a charge."""
        return {"number": paid["number"], "txn": paid["txn"], "amount": paid["amount"], "currency": "CNY"}


def _wrong_charge(told: dict[str, Any]) -> str:
    for name in ("number", "title", "notify_url", "return_url"):
        if not isinstance(told.get(name), str) or not 0 < len(told[name]) <= 500:
            return f"{name} is missing"
    if any(urlsplit(told[name]).scheme not in {"http", "https"} for name in ("notify_url", "return_url")):
        return "an address is none"
    if type(told.get("amount")) is not int or not 0 < told["amount"] <= 10**12 or told.get("currency") != "CNY":
        return "the amount is none"
    return ""


class Handler(Pages):
    """HTTP: signed questions of the mall, and pages for the buyer."""

    books: Channel
    spoken, moods = WORDS, MOODS

    def found(self, method: str, path: str, body: bytes) -> None:
        """The page or the question at an address."""
        if path.startswith(("/charges", "/refunds", "/payouts", "/settlements", WECHAT_HOME, ALIPAY_HOME)):
            return self.api(method, path, body)
        if path == "/":
            return self.front(method, body)
        if found := re.fullmatch(r"/pay/([A-Za-z0-9_-]{10,60})(?:/(pay|twice|late|cancel|now))?", path):
            charge = self.books.row("select * from charge where token = ?", found[1])
            if charge is not None:
                return self.pay_page(method, charge, found[2] or "")
        return self.missing()

    def asked(self, method: str, path: str, told: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        """What the mall asks of the channel."""
        channel = self.books
        if path.startswith((WECHAT_HOME, ALIPAY_HOME)):
            answered = channel.of_complaints(method, path, told)
            return None if channel.mood == "silent" else answered
        if (method, path) == ("POST", "/charges"):
            return channel.open_charge(told)
        if (method, path) in {("POST", "/refunds"), ("POST", "/payouts")}:
            answered = channel.refund(told) if path == "/refunds" else channel.pay_out(told)
            return None if channel.mood == "silent" else answered  # done, but nobody is told
        if method == "GET" and path.startswith("/charges/"):
            return channel.find_charge(path.removeprefix("/charges/"))
        if method == "GET" and path.startswith("/refunds/"):
            return channel.find_refund(path.removeprefix("/refunds/"))
        if method == "GET" and path.startswith("/payouts/"):
            return channel.find_payout(path.removeprefix("/payouts/"))
        if method == "GET" and path.startswith("/settlements/"):
            return channel.settled(path.removeprefix("/settlements/"))
        return 404, {"reason": "unknown"}

    def pay_page(self, method: str, charge: sqlite3.Row, deed: str) -> None:
        """Where the buyer pays."""
        channel, say = self.books, self.words
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
        channel, say = self.books, self.words
        if method == "POST":
            act(channel, self.chosen(body))
            return self.go(f"/?lang={self.language}")
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
            f"<div class=card>{self.mood_form()}</div>"
            + self.table(say["charges"], charges)
            + self.table(say["refunds"], refunds)
            + self.table(say["payouts"], payouts)
            + self.complaints(),
        )

    def complaints(self) -> str:
        """What buyers complained of, and what they or the channel's staff can do; and a form to complain."""
        say, channel = self.words, self.books

        def button(deed: str, thing: str) -> str:
            return f"<button name=complaint value='{html.escape(f'{deed}:{thing}', quote=True)}'>{say[deed]}</button>"

        cards = "".join(
            f"<form method=post action='/?lang={self.language}' class=card><p><b>{html.escape(each['road'])}</b>"
            f" {html.escape(each['number'])} · {html.escape(each['state'])}</p><p>{html.escape(each['text'])}</p>"
            + button("again", each["number"])
            + button("take_back", each["number"])
            + button("pay_back", each["number"])
            + "</form>"
            for each in channel.rows("select * from complaint order by rowid desc limit 10")
        )
        charges = "".join(
            f"<option value='complain:{html.escape(each['txn'])}:{road}'>{road} {html.escape(each['number'])}</option>"
            for each in channel.rows("select txn, number from paid where told = 1 order by rowid desc limit 10")
            for road in ("wechat", "alipay")
        )
        form = (
            f"<form method=post action='/?lang={self.language}'><label for=complaint>{say['of']}</label>"
            f"<select id=complaint name=complaint>{charges}</select><label for=text>{say['text']}</label>"
            f"<input id=text name=text maxlength=500><button>{say['complain']}</button></form>"
        )
        body = form if charges else f"<p class=muted>{say['nothing']}</p>"
        return f"<div class=card><h1>{say['complaints']}</h1>{body}</div>{cards}"


def server(channel: Channel, port: int = 0) -> Server:
    """The channel on a port of this machine."""
    return Server(channel, Handler, port)


if __name__ == "__main__":
    sys.exit(serve(Channel, Handler))

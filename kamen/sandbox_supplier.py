"""The sandbox supplier: tops up play accounts, a process of its own (`python -m kamen.sandbox_supplier`).

It stands for an upstream of the trade: the mall orders under its own number, asks how it stands, calls back, and is
told by a signed notice. On its page it can be told to be slow, to fail, to be silent, to lie, and to say things twice.
It knows nothing of the mall but the shared secret and where notices go. State is one SQLite file.
"""

import contextlib
import hashlib
import json
import secrets
import sqlite3
import sys
import time
from datetime import UTC, datetime
from typing import Any

from kamen.sandboxes import Books, Pages, Server, serve

#: Seconds from an order to what becomes of it, and before each next try of a notice that nobody took.
QUICK, LADDER = 2, (1, 2, 5, 15, 30, 60, 180, 600)

SCHEMA = """
create table if not exists job (
  number text primary key, product text not null, given text not null, notify_url text not null,
  mood text not null, state text not null default 'pending', reference text not null default '',
  reason text not null default '', ready_at real);
create table if not exists notice (
  id integer primary key, number text not null references job, state text not null,
  told integer not null default 0, tries integer not null default 0, next_at real not null);
create table if not exists code (
  digest text primary key, state text not null, redeemed_at text, reference text not null);
"""

#: How it takes the orders that come in from now on.
MOODS = ("normal", "slow", "failing", "silent", "lying", "twice")
#: What it can say of a code; of one it was not told about, it knows nothing.
CODE_STATES = ("redeemed", "unused", "void")

WORDS: dict[str, dict[str, str]] = {
    "zh": {
        "sandbox": "沙盒供货商 · 不会真的充值",
        "note": "这是演示用的上游供货商,单独运行,按签名协议与商城往来。",
        "mood": "对新订单的态度",
        "normal": "两秒后充值成功",
        "slow": "一直处理中,直到在此处放行",
        "failing": "两秒后失败:上游无货",
        "silent": "照单充值,但不应答",
        "lying": "谎报成功:通知说已到账,其实没有,最后失败",
        "twice": "充值成功,同一结果通知两次,再补一条相反的",
        "set": "更改",
        "jobs": "订单",
        "nothing": "还没有。",
        "release": "放行处理中的订单",
        "code": "一枚卡密的状态(商城召回批次时会来查询)",
        "state": "状态",
        "redeemed": "已兑换",
        "unused": "未兑换",
        "void": "作废",
        "when": "兑换时间(ISO 8601,留空为现在)",
        "keep": "记下",
        "codes": "已记下的卡密(只存摘要)",
        "lang": "English",
        "missing": "没有这一页。",
    },
    "en": {
        "sandbox": "Sandbox supplier · nothing is really topped up",
        "note": "The demo's upstream: a process of its own that talks with the mall by signed messages.",
        "mood": "How new orders are taken",
        "normal": "Delivered after two seconds",
        "slow": "Pending until released here",
        "failing": "Failed after two seconds: out of stock",
        "silent": "Delivered, but without an answer",
        "lying": "Lies: the notice says delivered, it is not, and fails in the end",
        "twice": "Delivered, told twice, and then the opposite",
        "set": "Change",
        "jobs": "Orders",
        "nothing": "None yet.",
        "release": "Release what is pending",
        "code": "What became of a code (the mall asks when a batch is recalled)",
        "state": "State",
        "redeemed": "Redeemed",
        "unused": "Not redeemed",
        "void": "Void",
        "when": "Redeemed at (ISO 8601; now if empty)",
        "keep": "Keep",
        "codes": "Codes on record (digests only)",
        "lang": "中文",
        "missing": "There is no such page.",
    },
}


class Supplier(Books):
    """The supplier's own books and rules; nothing here knows HTTP pages."""

    schema, header, called, variable = SCHEMA, "Supplier", "supplier", "SUPPLIER_SECRET"
    quick: float = QUICK

    # What the mall asks

    def submit(self, told: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Take an order on; the same number again is the same order, whatever the mood is now."""
        texts = [told.get(name) for name in ("number", "product", "notify_url")]
        if not all(isinstance(text, str) and 0 < len(text) <= 500 for text in texts) or told.get("quantity") != 1:
            return 422, {"reason": "an order has a number, a product and an address for notices"}
        number, product, notify_url = texts
        given = json.dumps(told.get("given", {}), ensure_ascii=False, sort_keys=True)
        with self.writing() as database:
            known = self.row("select * from job where number = ?", number)
            if known is not None and (known["product"], known["given"]) != (product, given):
                return 409, {"reason": "this number stands for another order"}
            if known is None:
                ready_at = None if self.mood == "slow" else time.time() + self.quick
                database.execute(
                    "insert into job (number, product, given, notify_url, mood, ready_at) values (?, ?, ?, ?, ?, ?)",
                    [number, product, given, notify_url, self.mood, ready_at],
                )
                if self.mood == "lying":
                    self._note(database, str(number), "delivered")
        self.waking.set()
        return self.find(str(number))

    def find(self, number: str) -> tuple[int, dict[str, Any]]:
        """How it stands with an order."""
        self.settle()
        found = self.row("select number, product, state, reference, reason from job where number = ?", number)
        return (200, dict(found)) if found else (404, {"reason": "unknown"})

    def cancel(self, number: str) -> tuple[int, dict[str, Any]]:
        """Stop an order that is still pending; what is done stays done."""
        self.settle()
        with self.writing() as database:
            database.execute("update job set state = 'cancelled' where number = ? and state = 'pending'", [number])
        return self.find(number)

    # What became of codes

    def know(self, code: str, state: str, redeemed_at: str = "") -> None:
        """From now on this is what became of a code; kept as a digest, for nobody has to read it here."""
        when = None
        if state == "redeemed":
            when = (
                (datetime.fromisoformat(redeemed_at) if redeemed_at else datetime.now(UTC)).astimezone(UTC).isoformat()
            )
        reference = f"CHK{secrets.token_hex(5).upper()}"
        with self.writing() as database:
            database.execute(
                "insert or replace into code (digest, state, redeemed_at, reference) values (?, ?, ?, ?)",
                [_digest(code), state, when, reference],
            )

    def look_up(self, told: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Whether a code was redeemed, and when."""
        number, code = told.get("number"), told.get("code")
        if not isinstance(number, str) or not isinstance(code, str) or not 0 < len(code) <= 500:
            return 422, {"reason": "a question has a number and a code"}
        found = self.row("select state, redeemed_at, reference from code where digest = ?", _digest(code))
        return (200, {"number": number, **dict(found)}) if found else (404, {"reason": "unknown"})

    # What becomes of orders

    def settle(self) -> None:
        """What is ready is delivered or has failed, and the mall is to be told."""
        with self.writing() as database:
            for job in self.rows("select * from job where state = 'pending' and ready_at <= ?", time.time()):
                is_bad = job["mood"] in {"failing", "lying"}
                state = "failed" if is_bad else "delivered"
                database.execute(
                    "update job set state = ?, reference = ?, reason = ? where number = ?",
                    [
                        state,
                        "" if is_bad else f"SUP{secrets.token_hex(5).upper()}",
                        "out of stock" if is_bad else "",
                        job["number"],
                    ],
                )
                for told in {"twice": ["delivered", "delivered", "failed"]}.get(job["mood"], [state]):
                    self._note(database, job["number"], told)

    def release(self) -> None:
        """What was held back as pending is done now."""
        with self.writing() as database:
            database.execute("update job set ready_at = ? where state = 'pending' and ready_at is null", [time.time()])
        self.waking.set()

    @staticmethod
    def _note(database: sqlite3.Connection, number: str, state: str) -> None:
        database.execute("insert into notice (number, state, next_at) values (?, ?, ?)", [number, state, time.time()])

    # Notices

    def tell_due(self) -> None:
        """Send each notice until the mall took it, ever more seldom."""
        self.settle()
        for each in self.rows(
            "select n.*, j.notify_url from notice n join job j on j.number = n.number"
            " where n.told = 0 and n.next_at <= ? and n.tries < ? order by n.id",
            time.time(),
            len(LADDER),
        ):
            if self.is_closed:
                return
            status, _words = self.notify(each["notify_url"], {"number": each["number"], "state": each["state"]})
            with self.writing() as database:
                database.execute(
                    "update notice set told = ?, tries = tries + 1, next_at = ? where id = ?",
                    [int(status == 200), time.time() + LADDER[each["tries"]], each["id"]],
                )


def _digest(code: str) -> str:
    return hashlib.sha256(code.strip().encode()).hexdigest()


class Handler(Pages):
    """HTTP: signed questions of the mall, and one page for whoever plays the supplier."""

    books: Supplier
    spoken, moods = WORDS, MOODS

    def found(self, method: str, path: str, body: bytes) -> None:
        """The page or the question at an address."""
        if path.startswith(("/orders", "/codes")):
            return self.api(method, path, body)
        return self.front(method, body) if path == "/" else self.missing()

    def asked(self, method: str, path: str, told: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        """What the mall asks of the supplier."""
        supplier = self.books
        if (method, path) == ("POST", "/orders"):
            answered = supplier.submit(told)
            return None if supplier.mood == "silent" else answered  # taken, but nobody is told
        if (method, path) == ("POST", "/codes/check"):
            return None if supplier.mood == "silent" else supplier.look_up(told)
        if method == "POST" and path.endswith("/cancel"):
            return supplier.cancel(path.removeprefix("/orders/").removesuffix("/cancel"))
        if method == "GET":
            return supplier.find(path.removeprefix("/orders/"))
        return 404, {"reason": "unknown"}

    def front(self, method: str, body: bytes) -> None:
        """What was ordered, and how it shall go on."""
        supplier, say, home = self.books, self.words, f"/?lang={self.language}"
        if method == "POST":
            asked = self.chosen(body)
            if "release" in asked:
                supplier.release()
            self.learn(asked)
            return self.go(home)
        supplier.settle()
        jobs = supplier.rows("select number, product, state, reference from job order by rowid desc limit 20")
        release = f"<form method=post action='{home}'><button name=release value=1>{say['release']}</button></form>"
        codes = supplier.rows("select substr(digest, 1, 12), state, redeemed_at from code order by rowid desc limit 20")
        states = "".join(f"<option value={state}>{say[state]}</option>" for state in CODE_STATES)
        code = (
            f"<form class=card method=post action='{home}'><label>{say['code']}<input name=code required maxlength=500"
            f" autocomplete=off></label><label>{say['state']}<select name=state>{states}</select></label>"
            f"<label>{say['when']}<input name=when maxlength=40></label><button>{say['keep']}</button></form>"
        )
        return self.page(
            200,
            f"<div class=card>{self.mood_form()}{release}</div>"
            + self.table(say["jobs"], jobs)
            + code
            + self.table(say["codes"], codes),
        )

    def learn(self, asked: dict[str, list[str]]) -> None:
        """What whoever plays the supplier says of a code; what cannot be read is left."""
        code, state, when = (asked.get(name, [""])[0].strip() for name in ("code", "state", "when"))
        if code and state in CODE_STATES:
            with contextlib.suppress(ValueError):
                self.books.know(code, state, when)


def server(supplier: Supplier, port: int = 0) -> Server:
    """The supplier on a port of this machine."""
    return Server(supplier, Handler, port)


if __name__ == "__main__":
    sys.exit(serve(Supplier, Handler))

"""The sandbox supplier: tops up play accounts, a process of its own (`python -m kamen.sandbox_supplier`).

It stands for an upstream of the trade: the mall orders under its own number, asks how it stands, calls back, and is
told by a signed notice. On its page it can be told to be slow, to fail, to be silent, to lie, and to say things twice.
It knows nothing of the mall but the shared secret and where notices go. State is one SQLite file.
"""

import json
import secrets
import sqlite3
import sys
import time
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
"""

#: How it takes the orders that come in from now on.
MOODS = ("normal", "slow", "failing", "silent", "lying", "twice")

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


class Handler(Pages):
    """HTTP: signed questions of the mall, and one page for whoever plays the supplier."""

    books: Supplier
    spoken, moods = WORDS, MOODS

    def found(self, method: str, path: str, body: bytes) -> None:
        """The page or the question at an address."""
        if path.startswith("/orders"):
            return self.api(method, path, body)
        return self.front(method, body) if path == "/" else self.missing()

    def asked(self, method: str, path: str, told: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        """What the mall asks of the supplier."""
        supplier = self.books
        if (method, path) == ("POST", "/orders"):
            answered = supplier.submit(told)
            return None if supplier.mood == "silent" else answered  # taken, but nobody is told
        if method == "POST" and path.endswith("/cancel"):
            return supplier.cancel(path.removeprefix("/orders/").removesuffix("/cancel"))
        if method == "GET":
            return supplier.find(path.removeprefix("/orders/"))
        return 404, {"reason": "unknown"}

    def front(self, method: str, body: bytes) -> None:
        """What was ordered, and how it shall go on."""
        supplier, say, home = self.books, self.words, f"/?lang={self.language}"
        if method == "POST":
            if "release" in self.chosen(body):
                supplier.release()
            return self.go(home)
        supplier.settle()
        jobs = supplier.rows("select number, product, state, reference from job order by rowid desc limit 20")
        release = f"<form method=post action='{home}'><button name=release value=1>{say['release']}</button></form>"
        return self.page(200, f"<div class=card>{self.mood_form()}{release}</div>" + self.table(say["jobs"], jobs))


def server(supplier: Supplier, port: int = 0) -> Server:
    """The supplier on a port of this machine."""
    return Server(supplier, Handler, port)


if __name__ == "__main__":
    sys.exit(serve(Supplier, Handler))

"""The sandbox supplier: tops up play accounts, a process of its own (`python -m kamen.sandbox_supplier`).

It stands for an upstream of the trade: the mall orders under its own number, asks how it stands, calls back, and is
told by a signed notice. On its page it can be told to be slow, to fail, to be silent, to lie, and to say things twice.
It knows nothing of the mall but the shared secret and where notices go. State is one SQLite file.
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
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kamen.sandbox_channel import LONGEST_BODY, WINDOW
from kamen.sandbox_channel import Handler as Pages

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


class Supplier:
    """The supplier's own books and rules; nothing here knows HTTP pages."""

    def __init__(self, store: str, secret: str) -> None:
        if not secret.strip():
            raise ValueError("The supplier needs a secret: set SUPPLIER_SECRET.")
        self.secret, self.mood, self.address = secret, "normal", ""
        self.quick: float = QUICK
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

    # What the mall asks

    def submit(self, told: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Take an order on; the same number again is the same order, whatever the mood is now."""
        texts = [told.get(name) for name in ("number", "product", "notify_url")]
        if not all(isinstance(text, str) and 0 < len(text) <= 500 for text in texts) or told.get("quantity") != 1:
            return 422, {"reason": "an order has a number, a product and an address for notices"}
        number, product, notify_url = texts
        given = json.dumps(told.get("given", {}), ensure_ascii=False, sort_keys=True)
        with self.writing() as database:
            known = next(iter(self.rows("select * from job where number = ?", number)), None)
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
        found = next(
            iter(self.rows("select number, product, state, reference, reason from job where number = ?", number)), None
        )
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

    def tell(self) -> None:
        """Send notices until the supplier is closed: each until the mall took it, ever more seldom."""
        while not self.is_closed:
            self.waking.clear()
            self.settle()
            for each in self.rows(
                "select n.*, j.notify_url from notice n join job j on j.number = n.number"
                " where n.told = 0 and n.next_at <= ? and n.tries < ? order by n.id",
                time.time(),
                len(LADDER),
            ):
                if self.is_closed:
                    return
                told = self.notify(each["notify_url"], {"number": each["number"], "state": each["state"]}) == 200
                with self.writing() as database:
                    database.execute(
                        "update notice set told = ?, tries = tries + 1, next_at = ? where id = ?",
                        [int(told), time.time() + LADDER[each["tries"]], each["id"]],
                    )
            self.waking.wait(0.5)

    def notify(self, url: str, notice: dict[str, Any], *, timestamp: int | None = None) -> int:
        """Send one notice, signed for its address; returns the mall's status (0 if it did not answer)."""
        body = json.dumps(notice, ensure_ascii=False).encode()
        parts = urlsplit(url)
        headers = self.signed("notice", parts.path, body, timestamp=timestamp)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        try:
            connection = kind(parts.netloc, timeout=5)
            with contextlib.closing(connection):
                connection.request("POST", parts.path, body, {**headers, "Content-Type": "application/json"})
                return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0

    # Signatures

    def signed(
        self, kind: str, path: str, body: bytes, *, nonce: str = "", timestamp: int | None = None
    ) -> dict[str, str]:
        """The headers that prove a message; `kind` and `path` are part of what is signed."""
        stamp, nonce = str(int(time.time()) if timestamp is None else timestamp), nonce or secrets.token_hex(16)
        return {
            "X-Supplier-Timestamp": stamp,
            "X-Supplier-Nonce": nonce,
            "X-Supplier-Signature": self.signature(kind, path, stamp, nonce, body),
        }

    def signature(self, kind: str, path: str, timestamp: str, nonce: str, body: bytes) -> str:
        """HMAC-SHA256 over kind, path, time, nonce and body, a line each."""
        text = b"\n".join([kind.encode(), path.encode(), timestamp.encode(), nonce.encode(), body])
        return hmac.new(self.secret.encode(), text, hashlib.sha256).hexdigest()

    def is_from_the_mall(self, method: str, path: str, headers: Any, body: bytes) -> bool:
        """Whether a question carries the mall's signature and is fresh."""
        stamp, nonce = headers.get("X-Supplier-Timestamp", ""), headers.get("X-Supplier-Nonce", "")
        if not re.fullmatch(r"[0-9]{1,12}", stamp) or abs(time.time() - int(stamp)) > WINDOW:
            return False
        expected = self.signature(f"request {method}", path, stamp, nonce, body)
        given = headers.get("X-Supplier-Signature", "").encode("utf-8", "replace")
        return hmac.compare_digest(expected.encode(), given)

    def close(self) -> None:
        """No more notices; the books stay."""
        self.is_closed = True
        self.waking.set()


class Handler(Pages):
    """HTTP: signed questions of the mall, and one page for whoever plays the supplier."""

    supplier: Supplier

    def answer(self, method: str) -> None:
        """Find out who asks for what."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > LONGEST_BODY:
            self.close_connection = True
            return self.page(413, "Too large")
        body = self.rfile.read(int(length))
        path = urlsplit(self.path).path
        if path.startswith("/orders"):
            return self.api(method, path, body)
        if path == "/":
            return self.front(method, body)
        return self.page(404, f"<div class=card><p>{self.words['missing']}</p></div>")

    def api(self, method: str, path: str, body: bytes) -> None:
        """The mall's questions; the answer is signed, too."""
        supplier = self.supplier
        if not supplier.is_from_the_mall(method, path, self.headers, body):
            return self.send(401, b'{"reason": "not signed"}', "application/json")
        try:
            told = json.loads(body) if body else {}
        except ValueError:
            told = None
        if not isinstance(told, dict):
            status, found = 400, {"reason": "not a JSON object"}
        elif (method, path) == ("POST", "/orders"):
            status, found = supplier.submit(told)
            if supplier.mood == "silent":  # taken, but nobody is told
                self.close_connection = True
                return None
        elif method == "POST" and path.endswith("/cancel"):
            status, found = supplier.cancel(path.removeprefix("/orders/").removesuffix("/cancel"))
        elif method == "GET":
            status, found = supplier.find(path.removeprefix("/orders/"))
        else:
            status, found = 404, {"reason": "unknown"}
        answer = json.dumps(found, ensure_ascii=False).encode()
        nonce = self.headers.get("X-Supplier-Nonce", "")
        return self.send(
            status, answer, "application/json", supplier.signed(f"answer {status}", path, answer, nonce=nonce)
        )

    def front(self, method: str, body: bytes) -> None:
        """What was ordered, and how it shall go on."""
        supplier, say = self.supplier, self.words
        if method == "POST":
            asked = parse_qs(body.decode("ascii", "replace"))
            mood = asked.get("mood", [""])[0]
            if mood in MOODS:
                supplier.mood = mood
            if "release" in asked:
                supplier.release()
            return self.go(f"/?lang={self.language}")
        options = "".join(
            f"<option value={mood}{' selected' if mood == supplier.mood else ''}>{say[mood]}</option>" for mood in MOODS
        )
        supplier.settle()
        jobs = supplier.rows("select number, product, state, reference from job order by rowid desc limit 20")
        lines = "".join(
            "<tr>" + "".join(f"<td>{html.escape(str(value))}</td>" for value in tuple(job)) + "</tr>" for job in jobs
        )
        home = f"/?lang={self.language}"
        return self.page(
            200,
            f"<div class=card><form method=post action='{home}'><label for=mood>{say['mood']}</label>"
            f"<select id=mood name=mood>{options}</select><button>{say['set']}</button></form>"
            f"<form method=post action='{home}'><button name=release value=1>{say['release']}</button></form></div>"
            f"<div class=card><h1>{say['jobs']}</h1>"
            + (f"<table>{lines}</table></div>" if lines else f"<p class=muted>{say['nothing']}</p></div>"),
        )

    @property
    def words(self) -> dict[str, str]:
        """The page's words."""
        return WORDS[self.language]


class Server(ThreadingHTTPServer):
    """The supplier on a port of this machine, with its sender of notices."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, supplier: Supplier, port: int = 0, *, talks: bool = False) -> None:
        self.talks = talks
        super().__init__(("127.0.0.1", port), type("BoundHandler", (Handler,), {"supplier": supplier}))
        self.supplier = supplier
        supplier.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.teller = threading.Thread(target=supplier.tell, name="supplier-notices", daemon=True)
        self.teller.start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A visitor who hung up is no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        """Stop telling, then stop listening."""
        self.supplier.close()
        self.teller.join(6)
        super().server_close()


def main() -> int:
    """Serve until asked to stop. The secret comes from the environment, never from the command line."""
    asked = argparse.ArgumentParser(description="The sandbox supplier of the demo.")
    asked.add_argument("--port", type=int, required=True)
    asked.add_argument("--store", type=Path, required=True, help="the SQLite file of the supplier's books")
    options = asked.parse_args()
    try:
        supplier = Supplier(str(options.store), os.environ.get("SUPPLIER_SECRET", ""))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    with contextlib.suppress(KeyboardInterrupt), Server(supplier, options.port, talks=True) as server:
        sys.stderr.write(f"The sandbox supplier listens at {supplier.address}\n")
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())

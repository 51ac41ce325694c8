"""What the demo's outside programs have in common: the sandbox channel and the sandbox supplier.

Each is a process of its own that knows nothing of the mall but its address and the shared secret: books in one SQLite
file, signed questions and answers, signed notices that are told until they are taken, and a few plain pages.
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
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

#: Seconds for which a signed question is fresh, and the longest body that is read.
WINDOW, LONGEST_BODY = 300, 20_000

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
label{display:block;margin-top:12px}select,input{min-height:44px;width:100%;font:inherit}
:focus-visible{outline:3px solid #0b5d5a;outline-offset:2px}
"""


class Books:
    """What such a program knows: its books, its secret, and how it behaves (`mood`). Nothing here knows HTTP pages."""

    #: The tables, the name in the headers of signatures, what the program calls itself, and where its secret stands.
    schema: ClassVar[str]
    header: ClassVar[str]
    called: ClassVar[str]
    variable: ClassVar[str]

    def __init__(self, store: str, secret: str) -> None:
        if not secret.strip():
            raise ValueError(f"The {self.called} needs a secret: set {self.variable}.")
        self.secret, self.mood, self.address = secret, "normal", ""
        self.lock = threading.RLock()
        self.database = sqlite3.connect(store, check_same_thread=False, isolation_level=None)
        self.database.row_factory = sqlite3.Row
        self.database.executescript(self.schema)
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

    def tell(self) -> None:
        """Send notices until the books are closed."""
        while not self.is_closed:
            self.waking.clear()
            self.tell_due()
            self.waking.wait(0.5)

    def tell_due(self) -> None:
        """Send the notices that are due."""
        raise NotImplementedError

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

    def signed(
        self, kind: str, path: str, body: bytes, *, nonce: str = "", timestamp: int | None = None
    ) -> dict[str, str]:
        """The headers that prove a message; `kind` and `path` are part of what is signed."""
        stamp, nonce = str(int(time.time()) if timestamp is None else timestamp), nonce or secrets.token_hex(16)
        return {
            f"X-{self.header}-Timestamp": stamp,
            f"X-{self.header}-Nonce": nonce,
            f"X-{self.header}-Signature": self.signature(kind, path, stamp, nonce, body),
        }

    def signature(self, kind: str, path: str, timestamp: str, nonce: str, body: bytes) -> str:
        """HMAC-SHA256 over kind, path, time, nonce and body, a line each."""
        text = b"\n".join([kind.encode(), path.encode(), timestamp.encode(), nonce.encode(), body])
        return hmac.new(self.secret.encode(), text, hashlib.sha256).hexdigest()

    def is_from_the_mall(self, method: str, path: str, headers: Any, body: bytes) -> bool:
        """Whether a question carries the mall's signature and is fresh."""
        stamp, nonce = headers.get(f"X-{self.header}-Timestamp", ""), headers.get(f"X-{self.header}-Nonce", "")
        if not re.fullmatch(r"[0-9]{1,12}", stamp) or abs(time.time() - int(stamp)) > WINDOW:
            return False
        expected = self.signature(f"request {method}", path, stamp, nonce, body)
        given = headers.get(f"X-{self.header}-Signature", "").encode("utf-8", "replace")
        return hmac.compare_digest(expected.encode(), given)

    def close(self) -> None:
        """No more notices; the books stay."""
        self.is_closed = True
        self.waking.set()


class Pages(BaseHTTPRequestHandler):
    """HTTP: signed questions of the mall, and pages for people."""

    books: Any
    #: The pages' words by language, and how the program can behave.
    spoken: ClassVar[Mapping[str, Mapping[str, str]]]
    moods: ClassVar[Sequence[str]]
    protocol_version = "HTTP/1.1"
    timeout = 15

    def do_GET(self) -> None:
        self.answer("GET")

    def do_POST(self) -> None:
        self.answer("POST")

    def answer(self, method: str) -> None:
        """Read what is asked, and find out who asks for what."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > LONGEST_BODY:
            self.close_connection = True
            return self.page(413, "Too large")
        return self.found(method, urlsplit(self.path).path, self.rfile.read(int(length)))

    def found(self, method: str, path: str, body: bytes) -> None:
        """The page or the question at an address."""
        raise NotImplementedError

    def asked(self, method: str, path: str, told: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        """The answer to a question of the mall; nothing: none is given."""
        raise NotImplementedError

    def api(self, method: str, path: str, body: bytes) -> None:
        """The mall's questions; the answer is signed, too."""
        if not self.books.is_from_the_mall(method, path, self.headers, body):
            return self.send(401, b'{"reason": "not signed"}', "application/json")
        try:
            told = json.loads(body) if body else {}
        except ValueError:
            told = None
        if not isinstance(told, dict):
            answered: tuple[int, dict[str, Any]] | None = (400, {"reason": "not a JSON object"})
        else:
            answered = self.asked(method, path, told)
        if answered is None:
            self.close_connection = True
            return None
        status, found = answered
        answer = json.dumps(found, ensure_ascii=False).encode()
        nonce = self.headers.get(f"X-{self.books.header}-Nonce", "")
        signed = self.books.signed(f"answer {status}", path, answer, nonce=nonce)
        return self.send(status, answer, "application/json", signed)

    def chosen(self, body: bytes) -> dict[str, list[str]]:
        """What a form of the front page asks for; a mood is taken on here."""
        asked = parse_qs(body.decode("ascii", "replace"))
        mood = asked.get("mood", [""])[0]
        if mood in self.moods:
            self.books.mood = mood
        return asked

    def mood_form(self) -> str:
        """How it shall behave from now on."""
        say = self.words
        options = "".join(
            f"<option value={mood}{' selected' if mood == self.books.mood else ''}>{say[mood]}</option>"
            for mood in self.moods
        )
        return (
            f"<form method=post action='/?lang={self.language}'><label for=mood>{say['mood']}</label>"
            f"<select id=mood name=mood>{options}</select><button>{say['set']}</button></form>"
        )

    def table(self, title: str, rows: list[sqlite3.Row]) -> str:
        """Rows of the books, or that there are none."""
        lines = "".join(
            "<tr>" + "".join(f"<td>{html.escape(str(value))}</td>" for value in tuple(row)) + "</tr>" for row in rows
        )
        filled = f"<table>{lines}</table>" if lines else f"<p class=muted>{self.words['nothing']}</p>"
        return f"<div class=card><h1>{title}</h1>{filled}</div>"

    def missing(self) -> None:
        """There is no such page."""
        self.page(404, f"<div class=card><p>{self.words['missing']}</p></div>")

    @property
    def language(self) -> str:
        """zh or en: as chosen on the page, else as the browser asks."""
        chosen = parse_qs(urlsplit(self.path).query).get("lang", [""])[0]
        if chosen in self.spoken:
            return chosen
        return "en" if self.headers.get("Accept-Language", "zh").lower().startswith("en") else "zh"

    @property
    def words(self) -> Mapping[str, str]:
        """The page's words."""
        return self.spoken[self.language]

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
    """The program on a port of this machine, with its sender of notices."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, books: Books, pages: type[Pages], port: int = 0, *, talks: bool = False) -> None:
        self.talks = talks
        super().__init__(("127.0.0.1", port), type("BoundPages", (pages,), {"books": books}))
        self.books = books
        books.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.teller = threading.Thread(target=books.tell, name=f"{books.called} notices", daemon=True)
        self.teller.start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A visitor who hung up is no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        """Stop telling, then stop listening."""
        self.books.close()
        self.teller.join(6)
        super().server_close()


def serve(kind: type[Books], pages: type[Pages]) -> int:
    """Serve until asked to stop. The secret comes from the environment, never from the command line."""
    asked = argparse.ArgumentParser(description=f"The sandbox {kind.called} of the demo.")
    asked.add_argument("--port", type=int, required=True)
    asked.add_argument("--store", type=Path, required=True, help=f"the SQLite file of the {kind.called}'s books")
    options = asked.parse_args()
    try:
        books = kind(str(options.store), os.environ.get(kind.variable, ""))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    with contextlib.suppress(KeyboardInterrupt), Server(books, pages, options.port, talks=True) as server:
        sys.stderr.write(f"The sandbox {kind.called} listens at {books.address}\n")
        server.serve_forever()
    return 0

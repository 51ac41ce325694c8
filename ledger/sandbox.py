"""The sandbox channel's client: real HTTP to a small process beside the mall (kamen/sandbox_channel.py).

Both sides sign with HMAC-SHA256 over the kind of message, where it goes, the time, a nonce and the body, so that no
message passes for another one. Without a secret there is no channel.
"""

import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import httpx
from django.conf import settings
from django.db import connection

from ledger.gateways import (
    BadNotice,
    ChannelDown,
    ChannelRefused,
    Charge,
    RefundAnswer,
    RefundState,
    SettledDay,
    SettledLine,
    UnknownChannel,
    require_no_transaction,
)

NAME = "sandbox"

#: How far a notice's time may be from the database's own, real time.
WINDOW = timedelta(minutes=5)
#: Seconds for each question.
PATIENCE = httpx.Timeout(5, connect=2)
LONGEST_BODY = 10_000

TXN = re.compile(r"[A-Za-z0-9_-]{1,80}")
DIGITS = re.compile(r"[0-9]{1,12}")


def is_set_up() -> bool:
    """Whether the channel has an address and a secret."""
    return bool(settings.SANDBOX_ADDRESS and settings.SANDBOX_SECRET.strip())


def from_settings() -> "Sandbox":
    """The client as the settings name it; `UnknownChannel` where the address or the secret is missing."""
    if not is_set_up():
        raise UnknownChannel(NAME)
    return Sandbox(address=settings.SANDBOX_ADDRESS, secret=settings.SANDBOX_SECRET, mall=settings.PUBLIC_ADDRESS)


def signature(secret: str, *, kind: str, path: str, timestamp: str, nonce: str, body: bytes) -> str:
    """What only who knows the secret can write under a message; `kind` is `request`, `answer` or `notice`."""
    if not secret.strip():
        raise UnknownChannel("A channel without a secret signs and believes nothing.")
    text = b"\n".join([kind.encode(), path.encode(), timestamp.encode(), nonce.encode(), body])
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def is_signed(secret: str, given: object, *, kind: str, path: str, timestamp: str, nonce: str, body: bytes) -> bool:
    """Whether `given` is the signature of this message; compared in constant time."""
    expected = signature(secret, kind=kind, path=path, timestamp=timestamp, nonce=nonce, body=body)
    return isinstance(given, str) and hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


class Sandbox:
    """The gateway to the sandbox channel."""

    name = NAME

    def __init__(self, *, address: str, secret: str, mall: str) -> None:
        if not secret.strip():
            raise UnknownChannel(NAME)
        self.address, self.secret, self.mall = address.rstrip("/"), secret, mall.rstrip("/")

    def open_charge(self, *, number: str, amount: int, title: str, back: str) -> str:
        """The address of the pay page; the channel is told where to send its notices."""
        asked = {
            "number": number,
            "amount": amount,
            "currency": "CNY",
            "title": title,
            "notify_url": f"{self.mall}/pay/{NAME}/notify/{number}/",
            "return_url": f"{self.mall}{back}",
        }
        found = self.ask("POST", "/charges", asked)
        pay_url = found.get("pay_url")
        if not isinstance(pay_url, str) or not pay_url.startswith(f"{self.address}/") or len(pay_url) > 400:
            raise ChannelDown("the answer names no page of the channel")
        return pay_url

    def charges(self, number: str) -> list[Charge]:
        """What was paid under our number; a number the channel does not know was never paid."""
        found = self.ask("GET", f"/charges/{number}")
        if not found:
            return []
        paid = found.get("paid")
        if found.get("number") != number or not isinstance(paid, list):
            raise ChannelDown("the answer is about something else")
        return [_charge({**each, "number": number} if isinstance(each, dict) else {}, ChannelDown) for each in paid]

    def refund(self, *, number: str, txn: str, amount: int) -> RefundAnswer:
        """Sent with our number; the channel pays one number once."""
        asked = {"number": number, "txn": txn, "amount": amount, "currency": "CNY"}
        return _refund_answer(self.ask("POST", "/refunds", asked), number=number, amount=amount)

    def find_refund(self, number: str) -> RefundAnswer:
        """What the channel knows of it."""
        found = self.ask("GET", f"/refunds/{number}")
        return _refund_answer(found, number=number) if found else RefundAnswer(RefundState.UNKNOWN)

    def pay_out(self, *, number: str, payee: str, amount: int) -> RefundAnswer:
        """Sent with our number; the channel pays one number once."""
        asked = {"number": number, "payee": payee, "amount": amount, "currency": "CNY"}
        return _refund_answer(self.ask("POST", "/payouts", asked), number=number, amount=amount)

    def find_payout(self, number: str) -> RefundAnswer:
        """What the channel knows of it."""
        found = self.ask("GET", f"/payouts/{number}")
        return _refund_answer(found, number=number) if found else RefundAnswer(RefundState.UNKNOWN)

    def settled(self, day: date) -> SettledDay:
        """The day's file; `ChannelRefused` while the day is not over."""
        found = self.ask("GET", f"/settlements/{day.isoformat()}")
        lines = found.get("lines")
        if found.get("day") != day.isoformat() or not isinstance(lines, list):
            raise ChannelDown("the answer is about another day")
        text = json.dumps(lines, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return SettledDay(tuple(_settled(each) for each in lines), hashlib.sha256(text.encode()).hexdigest())

    def read_notice(self, *, path: str, headers: Mapping[str, str], body: bytes) -> Charge:
        """The charge that a believed notice tells of."""
        return _charge(self.verified(path=path, headers=headers, body=body), BadNotice)

    def verified(self, *, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """Believed if it is signed for exactly this address, fresh by the database's real time, and well formed."""
        timestamp, nonce = headers.get("X-Sandbox-Timestamp", ""), headers.get("X-Sandbox-Nonce", "")
        given = headers.get("X-Sandbox-Signature", "")
        if not DIGITS.fullmatch(timestamp) or not TXN.fullmatch(nonce) or len(body) > LONGEST_BODY:
            raise BadNotice("malformed")
        if not is_signed(self.secret, given, kind="notice", path=path, timestamp=timestamp, nonce=nonce, body=body):
            raise BadNotice("not signed by the channel")
        if abs(real_time() - int(timestamp)) > WINDOW.total_seconds():
            raise BadNotice("too old, or from the future")
        return _json(body, BadNotice)

    def ask(self, method: str, path: str, asked: dict[str, Any] | None = None) -> dict[str, Any]:
        """One signed question and its signed answer; empty if the channel does not know the thing (404)."""
        require_no_transaction()
        body = json.dumps(asked, ensure_ascii=False).encode() if asked is not None else b""
        timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
        headers = {
            "Content-Type": "application/json",
            "X-Sandbox-Timestamp": timestamp,
            "X-Sandbox-Nonce": nonce,
            "X-Sandbox-Signature": signature(
                self.secret, kind=f"request {method}", path=path, timestamp=timestamp, nonce=nonce, body=body
            ),
        }
        try:
            # No proxy of the environment: a channel is where the settings say.
            with httpx.Client(timeout=PATIENCE, trust_env=False, follow_redirects=False) as client:
                answer = client.request(method, f"{self.address}{path}", content=body, headers=headers)
        except httpx.HTTPError as error:
            raise ChannelDown(f"{type(error).__name__}: {error}") from error
        signed = is_signed(
            self.secret,
            answer.headers.get("X-Sandbox-Signature"),
            kind=f"answer {answer.status_code}",
            path=path,
            timestamp=answer.headers.get("X-Sandbox-Timestamp", ""),
            nonce=nonce,
            body=answer.content,
        )
        if not signed:
            raise ChannelDown(f"an answer ({answer.status_code}) that the channel did not sign")
        if answer.status_code == 404:
            return {}
        found = _json(answer.content, ChannelDown)
        if answer.status_code >= 500:
            raise ChannelDown(f"the channel answered {answer.status_code}")
        if answer.status_code != 200:
            raise ChannelRefused(str(found.get("reason", answer.status_code))[:200])
        return found


def _json(body: bytes, error: type[Exception]) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise error("not JSON") from fault
    if not isinstance(found, dict):
        raise error("not an object")
    return found


def _charge(told: dict[str, Any], error: type[Exception]) -> Charge:
    """A charge as told, if every part of it is of its kind; never a boolean, a float or a list for a figure."""
    txn, number, amount = told.get("txn"), told.get("number"), told.get("amount")
    if not isinstance(txn, str) or not TXN.fullmatch(txn) or not isinstance(number, str):
        raise error("no charge")
    if type(amount) is not int or not 0 < amount <= 10**15 or told.get("currency") != "CNY":
        raise error("no amount")
    return Charge(txn=txn, number=number, amount=amount)


def _settled(told: Any) -> SettledLine:
    """A line of a settlement file, if every part of it is of its kind."""
    if not isinstance(told, dict):
        raise ChannelDown("a line of the file is none")
    kind, number, txn = (told.get(name) for name in ("kind", "number", "txn"))
    amount, state = told.get("amount"), told.get("state")
    if kind not in {"charge", "refund", "payout"} or not isinstance(number, str) or not TXN.fullmatch(number):
        raise ChannelDown("a line of the file is about nothing")
    if not isinstance(txn, str) or (txn and not TXN.fullmatch(txn)) or not isinstance(state, str):
        raise ChannelDown("a line of the file is about nothing")
    if type(amount) is not int or not 0 < amount <= 10**15:
        raise ChannelDown("a line of the file has no amount")
    return SettledLine(kind=kind, number=number[:40], txn=txn, amount=amount, state=state[:20])


def _refund_answer(found: dict[str, Any], *, number: str, amount: int | None = None) -> RefundAnswer:
    if found.get("number") != number or (amount is not None and found.get("amount") != amount):
        raise ChannelDown("the answer is about another refund")
    try:
        return RefundAnswer(RefundState(found.get("state", "")), str(found.get("reason", ""))[:200])
    except ValueError as error:
        raise ChannelDown("the answer is no state of a refund") from error


def real_time() -> float:
    """The database's own time, in seconds: the demo's movable clock makes no notice old."""
    with connection.cursor() as cursor:
        cursor.execute("select extract(epoch from clock_timestamp())")
        return float(cursor.fetchone()[0])

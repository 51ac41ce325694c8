"""The mall's HTTP connections to suppliers: submit, query, cancel, the notices they send, and what became of a code.

Both sides sign with HMAC-SHA256 over the kind of message, where it goes, the time, a nonce and the body. Addresses and
secrets stand in the settings, never in the database: a shop chooses a connection, it does not make one. Nothing here
runs inside a transaction.
"""

import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import httpx
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from ledger.gateways import require_no_transaction
from ledger.sandbox import is_signed, signature
from orders.fulfilment.tickets import UNKNOWN, Answer
from orders.states import Standing
from shops.suppliers import connections

#: Seconds for each question; what takes longer is asked about later.
PATIENCE = httpx.Timeout(5, connect=2)
WINDOW = 300
LONGEST_BODY = 10_000
TOKEN, DIGITS = re.compile(r"[A-Za-z0-9_-]{1,80}"), re.compile(r"[0-9]{1,12}")
#: What a supplier's words for a ticket mean.
STANDINGS = {
    "pending": Standing.PENDING,
    "delivered": Standing.DELIVERED,
    "failed": Standing.FAILED,
    "cancelled": Standing.CANCELLED,
}


#: What a supplier can say of a code that came from it: `redeemed` with the time, `unused`, `void`.
CODE_STATES = frozenset({"redeemed", "unused", "void"})


class SupplierDown(Exception):
    """The supplier did not answer, or not understandably: nothing is known of what it did."""


class NoSuchSupplier(LookupError):
    """There is no connection of this name, or one without an address or a secret."""


class BadNotice(Exception):
    """A notice that did not come from the supplier, is too old, or is not about what it was sent to."""


@dataclass(frozen=True)
class Said:
    """An answer, with its words for the archive."""

    answer: Answer
    status: int
    words: str


@dataclass(frozen=True)
class CodeSaid:
    """What a supplier says of one code: `redeemed`, `unused`, `void`, or `UNKNOWN`; with its words for the archive."""

    state: str
    status: int
    words: str
    redeemed_at: datetime | None = None
    reference: str = ""


def find(name: str) -> "Connection":
    """The connection of this name; `NoSuchSupplier` if there is none."""
    if name not in connections():
        raise NoSuchSupplier(name)
    told = settings.SUPPLIERS[name]
    return Connection(name, address=told["address"], secret=told["secret"], mall=settings.PUBLIC_ADDRESS)


class Connection:
    """One supplier over HTTP."""

    def __init__(self, name: str, *, address: str, secret: str, mall: str) -> None:
        if not secret.strip():
            raise NoSuchSupplier(name)
        self.name, self.address, self.secret, self.mall = name, address.rstrip("/"), secret, mall.rstrip("/")

    @sensitive_variables()
    def submit(self, number: str, *, product: str, given: Mapping[str, str]) -> Said:
        """Order one unit of `product` under our `number`; the same number again is the same order."""
        told = {
            "number": number,
            "product": product,
            "quantity": 1,
            "given": dict(given),
            "notify_url": f"{self.mall}/suppliers/{self.name}/notify/{number}/",
        }
        return self._ask("POST", "/orders", number, product, told)

    def query(self, number: str, *, product: str) -> Said:
        """How it stands with our number; `UNKNOWN` if they never heard of it."""
        return self._ask("GET", f"/orders/{number}", number, product)

    def cancel(self, number: str, *, product: str) -> Said:
        """Ask them to stop; the answer says whether they did."""
        return self._ask("POST", f"/orders/{number}/cancel", number, product, {"number": number})

    @sensitive_variables()
    def look_up(self, number: str, *, code: str) -> CodeSaid:
        """Whether a code that came from them was redeemed, and when. It stands in the body alone, never in an address.

        `number` is ours: the same question asked again is the same question. `SupplierDown` if they did not answer.
        """
        path = "/codes/check"
        answer = self._send("POST", path, {"number": number, "code": code})
        if answer.status_code == 404:
            return CodeSaid(UNKNOWN, 404, answer.text)
        if answer.status_code != 200:
            raise SupplierDown(str(answer.status_code))
        return _read_code(answer, number)

    def read_notice(self, *, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """A notice that is signed for exactly this address and fresh; else `BadNotice`."""
        timestamp, nonce = headers.get("X-Supplier-Timestamp", ""), headers.get("X-Supplier-Nonce", "")
        given = headers.get("X-Supplier-Signature", "")
        if not DIGITS.fullmatch(timestamp) or not TOKEN.fullmatch(nonce) or len(body) > LONGEST_BODY:
            raise BadNotice("malformed")
        if not is_signed(self.secret, given, kind="notice", path=path, timestamp=timestamp, nonce=nonce, body=body):
            raise BadNotice("not signed by the supplier")
        if abs(time.time() - int(timestamp)) > WINDOW:
            raise BadNotice("too old, or from the future")
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            raise BadNotice("not JSON") from None
        if not isinstance(found, dict):
            raise BadNotice("not a JSON object")
        return found

    @sensitive_variables("told")
    def _ask(self, method: str, path: str, number: str, product: str, told: Any = None) -> Said:
        """One question about an order, and its answer."""
        answer = self._send(method, path, told)
        if answer.status_code == 404:
            return Said(Answer(UNKNOWN), 404, answer.text)
        if answer.status_code != 200:
            raise SupplierDown(f"{answer.status_code}: {answer.text[:200]}")
        return Said(_read(answer.content, number, product), 200, answer.text)

    @sensitive_variables("told", "body")
    def _send(self, method: str, path: str, told: Any = None) -> httpx.Response:
        """One signed question and its signed answer, whatever it says."""
        require_no_transaction()
        body = json.dumps(told, ensure_ascii=False).encode() if told is not None else b""
        timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
        signed = signature(
            self.secret, kind=f"request {method}", path=path, timestamp=timestamp, nonce=nonce, body=body
        )
        headers = {
            "Content-Type": "application/json",
            "X-Supplier-Timestamp": timestamp,
            "X-Supplier-Nonce": nonce,
            "X-Supplier-Signature": signed,
        }
        try:
            # No proxy of the environment, no redirects: a supplier is where the settings say.
            with httpx.Client(timeout=PATIENCE, trust_env=False, follow_redirects=False) as client:
                answer = client.request(method, f"{self.address}{path}", content=body, headers=headers)
        except httpx.HTTPError as error:
            raise SupplierDown(type(error).__name__) from None
        if len(answer.content) > LONGEST_BODY or not is_signed(
            self.secret,
            answer.headers.get("X-Supplier-Signature"),
            kind=f"answer {answer.status_code}",
            path=path,
            timestamp=answer.headers.get("X-Supplier-Timestamp", ""),
            nonce=nonce,
            body=answer.content,
        ):
            raise SupplierDown(f"{answer.status_code}, not signed")
        return answer


def _read(body: bytes, number: str, product: str) -> Answer:
    """What an answer says, if it is about our order and nothing else; whoever says something else is not believed."""
    try:
        found = json.loads(body)
        standing = STANDINGS[found["state"]]
        if found["number"] != number or found["product"] != product:
            raise SupplierDown("the answer is about something else")
        reference = str(found.get("reference", ""))
        if standing == Standing.DELIVERED and not TOKEN.fullmatch(reference):
            raise SupplierDown("delivered, but under no number of theirs")
        return Answer(
            standing,
            reference=reference,
            reason=str(found.get("reason", "")),
            starts_on=_day(found.get("starts_on")),
            ends_on=_day(found.get("ends_on")),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise SupplierDown("not understandable") from None


def _read_code(answer: httpx.Response, number: str) -> CodeSaid:
    """What an answer says of a code, if it is about our question; redeemed without a time is no answer."""
    try:
        found = answer.json()
        state, when = found["state"], found.get("redeemed_at")
        redeemed_at = datetime.fromisoformat(when) if when else None
        reference = str(found.get("reference") or "")
        is_sound = (
            found["number"] == number
            and state in CODE_STATES
            and (redeemed_at is not None) == (state == "redeemed")
            and (redeemed_at is None or redeemed_at.tzinfo is not None)
            and (not reference or TOKEN.fullmatch(reference))
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise SupplierDown("not understandable") from None
    if not is_sound:
        raise SupplierDown("the answer is about something else, or lacks the time")
    return CodeSaid(state, 200, answer.text, redeemed_at=redeemed_at, reference=reference)


def _day(text: Any) -> date | None:
    return date.fromisoformat(text) if text else None

"""The mall's way to addresses that others give it: one POST, and nothing of ours within reach.

The name is resolved once, every address it has must be public, and exactly that address is called: a name that changes
between the look and the call leads nowhere else (rebinding). No redirects, no proxy, no more of the answer than a line.
"""

import ipaddress
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpcore
import httpx

#: Seconds for a step of a call, and for the whole of it: whoever answers byte by byte holds nobody up.
STEP, PATIENCE = 5.0, 10.0
PORTS = {443, 8443}
DEFAULT_PORTS = {"https": 443, "http": 80}


FAULTS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, ValueError)


class Unreachable(Exception):
    """The address could not be called; the text is a word or two, without anything the other side said."""


class Forbidden(Unreachable):
    """The address leads into our own house, or is none that the mall calls."""


@dataclass(frozen=True)
class Way:
    """An address and where it was found to lead."""

    url: httpx.URL
    address: str

    @property
    def port(self) -> int:
        """The port of the address."""
        return self.url.port or DEFAULT_PORTS[self.url.scheme]


def find_way(url: str, *, may_be_private: bool) -> Way:
    """Where `url` leads; `Forbidden` for anything but https to public addresses, `Unreachable` if it has none.

    `may_be_private` is for a demo, whose receivers are on the same machine.
    """
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise Forbidden("no plain address") from None
    if not parts.host or parts.userinfo:
        raise Forbidden("no plain address")
    if parts.scheme not in DEFAULT_PORTS:
        raise Forbidden("only https")
    way = Way(parts, "")
    if not may_be_private and (parts.scheme != "https" or way.port not in PORTS):
        raise Forbidden("only https, on port 443 or 8443")
    try:
        found = socket.getaddrinfo(parts.raw_host.decode(), way.port, type=socket.SOCK_STREAM)
    except (OSError, ValueError, OverflowError):  # a name with an empty label is no name at all
        raise Unreachable("no such name") from None
    addresses = [str(each[4][0]) for each in found]
    if not may_be_private and not all(is_public(address) for address in addresses):
        raise Forbidden("not a public address")
    return replace(way, address=addresses[0])


def is_public(address: str) -> bool:
    """Whether an address belongs to the outside world: neither ours, nor a neighbor's, nor a machine's own."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        if found in ipaddress.ip_network("64:ff9b::/96"):  # an IPv4 address in the clothes of an IPv6 one
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        if found.is_site_local:
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def post(way: Way, *, body: bytes, headers: Mapping[str, str]) -> int:
    """Send `body` along a way that was found; the status of the answer, or `Unreachable`."""
    target = httpcore.URL(
        scheme=way.url.raw_scheme, host=way.address.encode(), port=way.port, target=way.url.raw_path or b"/"
    )
    told = {**headers, "Host": way.url.netloc.decode(), "Content-Length": str(len(body))}
    hurry = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), STEP)}
    try:
        with (
            httpcore.ConnectionPool(
                ssl_context=httpx.create_ssl_context(trust_env=False), network_backend=Hurried(PATIENCE)
            ) as pool,
            pool.stream(
                "POST",
                target,
                headers=list(told.items()),
                content=body,
                extensions={**hurry, "sni_hostname": way.url.raw_host.decode()},
            ) as answer,
        ):
            return int(answer.status)  # what else it says is not read
    except FAULTS as error:
        raise Unreachable(type(error).__name__) from None


class Hurried(httpcore.NetworkBackend):
    """Connections that end, however lively they are, when the patience for the whole call is over."""

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self.backend.connect_tcp(host, port, left(self.until, timeout), local_address, socket_options)
        return HurriedStream(stream, self.until)


class HurriedStream(httpcore.NetworkStream):
    """One such connection."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self.stream, self.until = stream, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, left(self.until, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, left(self.until, timeout))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self.stream.start_tls(ssl_context, server_hostname, left(self.until, timeout))
        return HurriedStream(inner, self.until)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def left(until: float, timeout: float | None) -> float:
    """Seconds that a step may still take."""
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise httpcore.ReadTimeout
    return min(seconds, STEP if timeout is None else timeout)

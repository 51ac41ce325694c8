"""The mall's way to addresses that others give it: one POST, and nothing of ours within reach.

The name is resolved once, every address it has must be public, and exactly that address is called: a name that changes
between the look and the call leads nowhere else (rebinding). No redirects, no proxy, no more of the answer than a line.
"""

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import httpx

#: Seconds for one call.
PATIENCE = httpx.Timeout(5, connect=3)
#: So much of an answer is read at most; it is thrown away.
MOST_READ = 1_000
PORTS = {443, 8443}


class Unreachable(Exception):
    """The address could not be called; the text is a word or two, without anything the other side said."""


class Forbidden(Unreachable):
    """The address leads into our own house, or is none that the mall calls."""


@dataclass(frozen=True)
class Way:
    """An address and where it was found to lead."""

    url: SplitResult
    address: str

    @property
    def port(self) -> int:
        """The port of the address."""
        return self.url.port or (443 if self.url.scheme == "https" else 80)


def find_way(url: str, *, may_be_private: bool) -> Way:
    """Where `url` leads; `Forbidden` for anything but https to public addresses, `Unreachable` if it has none.

    `may_be_private` is for a demo, whose receivers are on the same machine.
    """
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Forbidden("no such port") from None
    if not host or parts.username or parts.password:
        raise Forbidden("no plain address")
    if not may_be_private and (parts.scheme != "https" or port not in PORTS):
        raise Forbidden("only https, on port 443 or 8443")
    if parts.scheme not in {"http", "https"}:
        raise Forbidden("only https")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise Unreachable("no such name") from None
    addresses = [str(each[4][0]) for each in found]
    if not may_be_private and not all(is_public(address) for address in addresses):
        raise Forbidden("not a public address")
    return Way(parts, addresses[0])


def is_public(address: str) -> bool:
    """Whether an address belongs to the outside world: neither ours, nor a neighbor's, nor a machine's own."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        if found in ipaddress.ip_network("64:ff9b::/96"):  # an IPv4 address in the clothes of an IPv6 one
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
    return found.is_global and not found.is_multicast and not found.is_reserved


def post(way: Way, *, body: bytes, headers: Mapping[str, str]) -> int:
    """Send `body` along a way that was found; the status of the answer, or `Unreachable`."""
    host = way.url.hostname or ""
    inside = f"[{way.address}]" if ":" in way.address else way.address
    target = httpx.URL(way.url.geturl()).copy_with(host=inside, port=way.port, fragment=None)
    told = {**headers, "Host": way.url.netloc}
    try:
        with (
            httpx.Client(timeout=PATIENCE, trust_env=False, follow_redirects=False) as client,
            client.stream("POST", target, content=body, headers=told, extensions={"sni_hostname": host}) as answer,
        ):
            for _part in answer.iter_raw(MOST_READ):
                break
            return answer.status_code
    except httpx.HTTPError as error:
        raise Unreachable(type(error).__name__) from None

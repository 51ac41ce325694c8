"""Versions as the engine reads them: each text is parsed once in a process, however often it is asked."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from rulebook.book import Book, load
from rulebook.limits import Clocks

if TYPE_CHECKING:
    from rulebook.models import RulebookVersion

#: So many versions are kept in memory; a mall has one in force and a few that its open cases are pinned to.
KEPT = 64


class Parsed(NamedTuple):
    """What one text says."""

    book: Book
    clocks: Clocks


_parsed: OrderedDict[str, Parsed] = OrderedDict()


def canonical(data: Any) -> str:
    """The one way to write rules and clocks down, so that equal contents have equal hashes."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(body: str) -> str:
    """The SHA-256 of a version's text, in hexadecimal."""
    return hashlib.sha256(body.encode()).hexdigest()


def book(version: RulebookVersion) -> Book:
    """The rules of a version."""
    return _of(version).book


def clocks(version: RulebookVersion) -> Clocks:
    """The clocks of a version."""
    return _of(version).clocks


def _of(version: RulebookVersion) -> Parsed:
    found = _parsed.get(version.sha256)
    if found is None:
        data = json.loads(version.body)
        found = _parsed[version.sha256] = Parsed(load(data), Clocks(data["clocks"]))
        while len(_parsed) > KEPT:
            _parsed.popitem(last=False)
    return found

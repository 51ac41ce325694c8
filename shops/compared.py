"""What a listing's page showed somebody, and what is another one by now: told before they agree again."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.templatetags.money import yuan
from rulebook.models import RulebookVersion
from shops import pledges, policy
from shops.models import Area, Ask, Kind, Listing, Section, Way
from timeline.spans import minutes

#: Texts that are compared and not carried along: what is new of them is read whole.
LONG = ("notice", "description")
#: So much of what somebody sends back is read at most.
LONGEST = 4_000


class Change(NamedTuple):
    """One thing that is another one now: what it is, what it was (nothing where nobody knows), and what it is now."""

    label: str | Promise
    was: str
    now: str


def seen(listing: Listing, version: RulebookVersion) -> str:
    """What the page of a listing shows, short enough to go along with its form; the buyer sends it back."""
    return json.dumps(_told(listing, version), ensure_ascii=False, separators=(",", ":"))


def changes(listing: Listing, version: RulebookVersion, before: str) -> list[Change]:
    """What is another one than on the page that somebody saw (`seen`); nothing where what came back cannot be read.

    It decides nothing (`policy.shown` does): whoever sends back something else is told of other changes, that is all.
    """
    try:
        known = json.loads(before) if len(before) <= LONGEST else None
    except (ValueError, RecursionError):
        known = None
    if not isinstance(known, dict):
        return []
    return list(_changed(known, _told(listing, version)))


def _changed(before: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    for name, (label, words) in WORDS.items():
        if name in before and before[name] != now[name]:
            was = "" if name in LONG else _in_words(words, before[name], now[name])
            yield Change(label, was, words(now[name]) or "–")
    promised = before.get("promises")
    if isinstance(promised, dict) and promised != now["promises"]:
        old = dict(pledges.told(now["kind"], {key: value for key, value in promised.items() if _is_plain(value)}))
        new = dict(pledges.told(now["kind"], now["promises"]))
        for promise in [*new, *(each for each in old if each not in new)]:
            if old.get(promise) != new.get(promise):
                yield Change(promise, old.get(promise, "–"), new.get(promise, "–"))


def _told(listing: Listing, version: RulebookVersion) -> dict[str, Any]:
    told = {name: getattr(listing, name) for name in ("price", *policy.PROMISED)} | {"rules": version.number}
    return told | {name: hashlib.sha256(told[name].encode()).hexdigest()[:12] for name in LONG}


def _in_words(words: Callable[[Any], str], before: Any, now: Any) -> str:
    """What it was; nothing where it is not of the kind that it could have been."""
    if before is None:
        return "–"
    if (type(before) is not type(now) and now is not None) or (not _is_plain(before) and not isinstance(before, list)):
        return ""
    try:
        return words(before) or "–"
    except (TypeError, ValueError, KeyError, OverflowError):
        return ""


def _is_plain(value: Any) -> bool:
    return (isinstance(value, str) and len(value) <= 200) or (isinstance(value, int) and abs(value) < 10**10)


def _choice(choices: Any) -> Callable[[Any], str]:
    return lambda value: str(choices(value).label) if value else ""


def _money(fen: Any) -> str:
    return yuan(fen) if fen else ""


def _text(value: Any) -> str:
    return str(value) if value else ""


#: Each field with its words, in the order in which a buyer asks for them.
WORDS: dict[str, tuple[str | Promise, Callable[[Any], str]]] = {
    "price": (_("Price of one"), _money),
    "title": (_("Title"), _text),
    "kind": (_("Kind"), _choice(Kind)),
    "face_value": (_("Face value"), _money),
    "region": (_("Region"), _text),
    "area": (_("Works in"), _choice(Area)),
    "promise_minutes": (_("Arrives within"), lambda value: policy.in_words(minutes(value))),
    "warranty_days": (_("Warranty"), pledges.warranty),
    "most_each": (_("For one buyer at most"), _text),
    "delivered_by": (_("How it arrives"), _choice(Way)),
    "asks": (_("What you are asked"), lambda value: "、".join(str(Ask(each).label) for each in value)),
    "category": (_("Category"), _text),
    "section": (_("Shelf"), _choice(Section)),
    "notice": (_("Usage notice"), lambda _value: str(_("new, read it below"))),
    "description": (_("Description"), lambda _value: str(_("new, read it on the listing's page"))),
    "rules": (_("Rulebook"), _text),
}

"""What a bundle must not show: codes that still work, for anybody; and of people, what a reader has no need of."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from orders.models import Order
from shops import vault
from shops.models import Card

#: What stands in the place of a code.
CODE = "［卡密已隐去］"
#: Runs of signs that could be a code, or a part of one: as suppliers write them, and as long as any run between spaces.
RUN = re.compile(r"[A-Za-z0-9\uff10-\uff19\uff21-\uff3a\uff41-\uff5a._+=#@*&%$~^-]{4,}")
WORD = re.compile(r"[^\s，。；：、！？“”‘’（）《》【】\"'<>,;!?()\[\]{}|\\]{4,}")
#: A code may be written with gaps, and a PIN stands behind its number: neighbors with such a gap are tried together.
GAP = re.compile(r"[\s:：,，、/|_-]{1,4}")
MOST_WORDS, GAPS = 4, ("", " ", "-", "----")


class Codes:
    """Finds the codes of an order in texts by their fingerprints; nothing is opened for it."""

    def __init__(self, order: Order) -> None:
        found = Card.objects.filter(unit__order=order).order_by("pk").values_list("blind_index", flat=True)
        self.known = {bytes(each) for each in found}

    def hidden(self, text: str) -> str:
        """The text with every code of the order hidden."""
        if not self.known:
            return text
        spans = [
            (words[first].start(), _end(text, words, last))
            for words in (list(RUN.finditer(text)), list(WORD.finditer(text)))
            for first, last in _neighbors(text, words)
            if self._is_code([each.group() for each in words[first : last + 1]])
        ]
        found, place = [], 0
        for start, end in sorted(spans):
            if end > place:
                found += [text[place : max(start, place)], CODE]
                place = end
        return "".join(found) + text[place:]

    def hidden_in(self, told: Any) -> Any:
        """The same for everything in a structure of JSON."""
        return mapped(told, self.hidden)

    def _is_code(self, parts: list[str]) -> bool:
        tried = {gap.join(parts) for gap in GAPS}
        if len(parts) == 1:
            word = parts[0]
            tried |= {word.strip(".:*_~`"), word.upper()}
            tried |= {each for each in re.split(r"[:=/]", word) if len(each) > 3}
        return any(vault.fingerprint(each) in self.known for each in tried)


def _neighbors(text: str, words: list[re.Match[str]]) -> Iterator[tuple[int, int]]:
    """Runs of words with nothing but gaps between them, as the places of the first and the last."""
    for first in range(len(words)):
        last = first
        yield first, last
        while last + 1 < min(first + MOST_WORDS, len(words)) and _is_gap(text, words, last):
            last += 1
            yield first, last


def _end(text: str, words: list[re.Match[str]], last: int) -> int:
    """Where a code ends: a PIN that stands right behind a card's number goes with it."""
    if last + 1 < len(words) and _is_gap(text, words, last) and re.search("[0-9]", words[last + 1].group()):
        return words[last + 1].end()
    return words[last].end()


def _is_gap(text: str, words: list[re.Match[str]], place: int) -> bool:
    return GAP.fullmatch(text[words[place].end() : words[place + 1].start()]) is not None


def mapped(told: Any, change: Callable[[str], str]) -> Any:
    """A structure of JSON with each text changed."""
    if isinstance(told, str):
        return change(told)
    if isinstance(told, list):
        return [mapped(each, change) for each in told]
    if isinstance(told, dict):
        return {name: mapped(value, change) for name, value in told.items()}
    return told


def without(told: Any, names: Iterable[str]) -> Any:
    """A structure of JSON without the fields of these names, wherever they stand."""
    left_out = set(names)
    if isinstance(told, list):
        return [without(each, left_out) for each in told]
    if isinstance(told, dict):
        return {name: without(value, left_out) for name, value in told.items() if name not in left_out}
    return told


def name(text: str) -> str:
    """A name of which only the first letter is left: 陈**."""
    return f"{text[:1]}**" if text else ""


def mail(text: str) -> str:
    """A mail address of which the beginning and the domain are left."""
    local, _at, domain = text.partition("@")
    return f"{local[:1]}***@{domain}" if domain else name(text)

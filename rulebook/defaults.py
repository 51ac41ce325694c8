"""The rulebook Kamen ships with: `default-cn`, rules and clocks, read from the files beside it."""

import json
from functools import cache
from pathlib import Path

from rulebook.book import Book, load

DATA = Path(__file__).parent / "data"


@cache
def default_book() -> Book:
    """The default rulebook, read and checked once."""
    rules = json.loads((DATA / "rulebook.json").read_text(encoding="utf-8"))
    clocks = json.loads((DATA / "timers.json").read_text(encoding="utf-8"))
    return load({**rules, "clocks": clocks})

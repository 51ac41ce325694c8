"""The rulebook Kamen ships with: `default-cn`, rules and clocks, read from the files beside it."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from rulebook.book import Book, load

DATA = Path(__file__).parent / "data"


@cache
def default_book() -> Book:
    """The default rulebook, read and checked once."""
    return load(default_data())


def default_data() -> dict[str, Any]:
    """What the files say, in the shape of a rulebook version: the rules, and the clocks under `clocks`."""
    rules = json.loads((DATA / "rulebook.json").read_text(encoding="utf-8"))
    clocks = json.loads((DATA / "timers.json").read_text(encoding="utf-8"))
    return {**rules, "clocks": clocks}

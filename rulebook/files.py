"""Rulebooks and cases as files: read strictly, or refused with the place, the value and what is allowed there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rulebook.book import InvalidRulebook
from rulebook.claims import Claim, InvalidClaim
from rulebook.schema import examine


class Unusable(ValueError):
    """A file that cannot be used. `faults` says why, a sentence each; nothing of the file was taken."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


def text_of(path: str) -> str:
    """What a file says; `Unusable` if there is none or it is not UTF-8."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable([f"{path} cannot be read: {error}"]) from error


def parsed_json(text: str, *, called: str) -> Any:
    """JSON without floats that are no numbers and without names that come twice, which would vanish silently."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise Unusable([f"{called} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."]) from error
    except RecursionError as error:
        raise Unusable([f"{called} is nested too deeply."]) from error
    except ValueError as error:
        raise Unusable([f"{called} is not usable JSON: {error}"]) from error


def rules_from(text: str, *, called: str) -> dict[str, Any]:
    """The rulebook that `text` says, checked as a whole; `Unusable` names everything that is wrong with it."""
    data = parsed_json(text, called=called)
    faults = examine(data)
    if faults:
        raise Unusable([str(fault) for fault in faults])
    found: dict[str, Any] = data
    return found


def claims_from(text: str, *, called: str) -> list[tuple[str, Claim]]:
    """The cases of a list shaped like the `input` objects of the golden file, each with what people call it.

    `Unusable` names every case that is malformed.
    """
    data = parsed_json(text, called=called)
    if not isinstance(data, list):
        raise Unusable([f"{called} is not a list of cases."])
    found, faults = [], []
    for place, item in enumerate(data, start=1):
        name = str(item["id"]) if isinstance(item, dict) and "id" in item else f"#{place}"
        try:
            found.append((name, Claim.read(item)))
        except InvalidClaim as error:
            faults.append(f"Case {place} ({name}): {error}")
    if faults:
        raise Unusable(faults)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice!r} comes twice in one object.")
    return found


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is not a number.")


__all__ = ["InvalidRulebook", "Unusable", "claims_from", "parsed_json", "rules_from", "text_of"]

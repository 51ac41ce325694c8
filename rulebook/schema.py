"""The shape of a rulebook file as a JSON schema, and everything that is wrong with one, place by place.

The schema is made from the engine's own words, so that the two cannot drift apart. `examine` names every fault of shape
at once; what only the whole can show (a hole, an ambiguous pair, a level worse than the one below) `rulebook.book`
finds, and only when the shape is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from rulebook.arithmetic import WHOLE
from rulebook.book import ENUMS, PRECEDENCE, REMEDIES, ROW_KEYS, TOP_KEYS, InvalidRulebook, load
from rulebook.claims import KINDS, LARGEST, LEVELS, STATES, VOCABULARY
from rulebook.formulas import FORMULAS
from rulebook.formulas.rows import AMOUNTS
from rulebook.matrix import CLASSES

TEXT = {"type": "string", "minLength": 1}
WHOLE_NUMBER = {"type": "integer", "minimum": 0, "maximum": LARGEST}
RATE = {"type": "integer", "minimum": 0, "maximum": WHOLE}
FLAG = {"type": "boolean"}
#: So many faults are told at once; who has more has another kind of file.
MOST = 50


def examine(data: Any) -> list[InvalidRulebook]:
    """Everything that is wrong with a rulebook, in the order of the file; empty: it can be loaded."""
    found = [_fault(error) for error in _leaves(_validator().iter_errors(data))]
    if not found:
        try:
            load(data)
        except InvalidRulebook as error:
            found = [error]
    return sorted(found, key=lambda fault: fault.path)[:MOST]


@cache
def schema() -> dict[str, Any]:
    """The JSON schema (2020-12) of rules and clocks in one file."""
    required = [key for key in TOP_KEYS if key not in {"enums", "rounding", "invariants", "precedence", "instant"}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A version of the rulebook",
        **_closed(_sections(), required=[key for key in required if key != "clocks"]),
    }


def _sections() -> dict[str, Any]:
    prose: dict[str, Any] = {"type": ["object", "array", "string"]}
    appropriate = dict.fromkeys(("age_min", "age_max", "single_fen", "month_fen"), WHOLE_NUMBER)
    shares = {f"guardian_share_bp_{which}": RATE for which in ("default", "min", "max")}
    return {
        "meta": {
            "type": "object",
            "required": ["id", "version"],
            "properties": {
                "id": {**TEXT, "maxLength": 20, "pattern": "^[a-z0-9-]+$"},
                "version": {**TEXT, "maxLength": 19, "pattern": r"^[0-9]+(\.[0-9]+)*$"},
            },
        },
        "enums": _closed({name: _some(words) for name, words in ENUMS.items()}, required=[]),
        "rounding": prose,
        "invariants": prose,
        "levels": _closed({level: _closed(_level()) for level in LEVELS}),
        "fee_cap_fen": WHOLE_NUMBER,
        "late": _closed(
            {
                "grace_min_rule": _closed({"bp_of_promise": RATE, "min": WHOLE_NUMBER, "max": WHOLE_NUMBER}),
                "bands": _bands("up_to_min", "comp_bp"),
                "comp_min_fen": WHOLE_NUMBER,
                "comp_cap_fen": WHOLE_NUMBER,
                "note": {"type": "string"},
            },
            required=["grace_min_rule", "bands", "comp_min_fen", "comp_cap_fen"],
        ),
        "shortfall_service_bands": _bands("deviation_bp_up_to", "reduce_bp"),
        "account": _closed({"warranty_days": WHOLE_NUMBER, "comp_min_bp": RATE, "comp_cap_bp": RATE}),
        "fraud": {
            "type": "object",
            "required": ["multiple", "floor_fen"],
            "properties": {"multiple": WHOLE_NUMBER, "floor_fen": WHOLE_NUMBER},
        },
        "minor": _closed(
            {"void_under_age": WHOLE_NUMBER, **shares, "appropriate": _list(_closed(appropriate))},
        ),
        "reasons": _list(_reason()),
        "matrix": _list(_row()),
        "precedence": _list({"type": "object", "required": ["name"], "properties": {"name": {"enum": [*PRECEDENCE]}}}),
        "instant": prose,
        "clocks": {
            "type": "object",
            "required": ["limits"],
            "properties": {"limits": {"type": "object", "additionalProperties": {"type": "object"}}},
        },
    }


def _level() -> dict[str, Any]:
    fee = {"type": ["integer", "null"], "minimum": 0, "maximum": WHOLE}
    lanes = {f"{lane}_window_h": WHOLE_NUMBER for lane in ("sealed", "revealed")}
    fees = {f"{lane}_fee_bp": fee for lane in ("sealed", "revealed")}
    return {"name": TEXT, **lanes, **fees, "instant_cap_fen": WHOLE_NUMBER, "instant_30d_quota": WHOLE_NUMBER}


def _reason() -> dict[str, Any]:
    words = {"code": {**TEXT, "pattern": "^[A-Z][A-Z0-9_]*$"}, "zh": TEXT, "file_window": TEXT}
    names = {"default_class": {"enum": [*CLASSES]}, "formula": {"enum": [*FORMULAS]}}
    return _closed({**words, **names, "instant": FLAG, "basis": _list(TEXT)}, required=[*words, *names, "instant"])


def _row() -> dict[str, Any]:
    shapes = {
        "id": TEXT,
        "class": _some(CLASSES),
        "kinds": _some(KINDS, or_all=True),
        "states": _some(STATES, or_all=True),
        "levels": _some(LEVELS, or_all=True),
        "when": _closed({name: {} for name in VOCABULARY}, required=[]),
        "refund_bp": {"enum": [None, *AMOUNTS, *range(WHOLE + 1)]},
        "remedies": _some(REMEDIES),
        "fee_bp": RATE,
        "fee": {"enum": ["LEVEL_SEALED", "LEVEL_REVEALED"]},
        "fee_on_remainder_bp": RATE,
        "statutory": FLAG,
        "note": {"type": "string"},
    }
    return _closed({key: shapes[key] for key in ROW_KEYS}, required=["id", "class", "kinds", "states", "refund_bp"])


def _bands(reach: str, rate: str) -> dict[str, Any]:
    return _list(_closed({reach: {"type": ["integer", "null"], "minimum": 0}, rate: RATE}))


def _closed(properties: dict[str, Any], *, required: list[str] | None = None) -> dict[str, Any]:
    """An object with these keys and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
        "additionalProperties": False,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": items}


def _some(words: tuple[str, ...], *, or_all: bool = False) -> dict[str, Any]:
    """Several of these words, each once; or `*` for all of them."""
    some = {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"enum": [*words]}}
    if not or_all:
        return some
    return {"if": {"type": "string"}, "then": {"enum": ["*"]}, "else": some}


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(schema())


def _leaves(errors: Iterator[ValidationError]) -> Iterator[ValidationError]:
    """The errors that say what is wrong, not those that only say that something below is."""
    for error in errors:
        if error.context:
            yield from _leaves(iter(error.context))
        else:
            yield error


def _fault(error: ValidationError) -> InvalidRulebook:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path).lstrip(".")
    value, limit = error.instance, error.validator_value
    match error.validator:
        case "required":
            missing = next(key for key in limit if key not in value and f"'{key}'" in error.message)
            return InvalidRulebook("missing", f"{path}.{missing}".lstrip("."), "This is missing.")
        case "additionalProperties":
            allowed = list(error.schema.get("properties", {}))
            extra = next(key for key in value if key not in allowed)
            return InvalidRulebook(
                "unknown_name", f"{path}.{extra}".lstrip("."), f"{extra!r} is not one of {', '.join(allowed)}."
            )
        case "enum":
            return _not_among(path, value, limit)
        case "type":
            wanted = limit if isinstance(limit, list) else [limit]
            return InvalidRulebook("wrong_type", path, f"{_types(wanted)} is expected, not {_short(value)}.")
        case "minimum" | "maximum":
            least, most = error.schema.get("minimum", 0), error.schema.get("maximum", LARGEST)
            return InvalidRulebook("out_of_range", path, f"{value} is not from {least} to {most}.")
        case "uniqueItems":
            twice = next(item for item in value if value.count(item) > 1)
            return InvalidRulebook("duplicate", path, f"{twice!r} is here twice.")
        case "minItems" | "minLength":
            return InvalidRulebook("wrong_type", path, f"At least one is expected, not {_short(value)}.")
        case _:
            return InvalidRulebook("wrong_type", path, f"{_short(value)} does not fit {error.validator} {limit!r}.")


def _not_among(path: str, value: Any, limit: list[Any]) -> InvalidRulebook:
    words = [word for word in limit if isinstance(word, str)]
    rates = any(type(word) is int for word in limit)
    allowed = "*, or a list of names" if words == ["*"] else ", ".join(words)
    if rates:
        allowed = f"null, 0 to {WHOLE}, {allowed}"
    if rates and type(value) is int:
        return InvalidRulebook("out_of_range", path, f"{value} is not from 0 to {WHOLE}.")
    code = "unknown_name" if isinstance(value, str) else "wrong_type"
    return InvalidRulebook(code, path, f"{_short(value)} is not one of {allowed}.")


#: What JSON calls its types, as people say them.
TYPES = {
    "object": "An object",
    "array": "A list",
    "string": "A text",
    "integer": "A whole number",
    "boolean": "true or false",
    "null": "null",
}


def _types(wanted: list[str]) -> str:
    return " or ".join(TYPES[name] for name in wanted)


def _short(value: Any) -> str:
    told = repr(value)
    return told if len(told) <= 80 else f"{told[:77]}…"

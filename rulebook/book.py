"""One version of the rulebook: parsed, checked and never changed again.

`load` takes what a JSON file says and gives a `Book`, or raises `InvalidRulebook`, which names the place, the value and
what is allowed there. Nothing is half-loaded: a book that exists can decide every claim.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real
from types import MappingProxyType
from typing import Any

from rulebook import law
from rulebook.arithmetic import WHOLE, clamped, floored
from rulebook.claims import KINDS, LARGEST, LEVELS, STATES, VOCABULARY
from rulebook.formulas import FORMULAS, OWN
from rulebook.formulas.rows import AMOUNTS
from rulebook.matrix import CLASSES, Matrix, Row

REMEDIES = (
    "REFUND",
    "REISSUE",
    "EXCHANGE",
    "TOP_UP_SHORTFALL",
    "EXTEND_TERM",
    "COMPENSATE",
    "DENY",
    "HOLD",
    "ESCALATE_HUMAN",
    "ASSIST_ONLY",
)
TIERS = (
    "T1_FULL_PLUS_COMP",
    "T2_FULL",
    "T3_PARTIAL",
    "T4_FEE_DEDUCTED",
    "T5_EXCHANGE_REISSUE",
    "T6_DENY",
    "T0_HOLD",
)
PRECEDENCE = (
    "INVARIANTS",
    "MANDATORY_LAW",
    "LEGAL_HOLD",
    "SETTLEMENT",
    "PROMISE",
    "REASON_FORMULA",
    "MATRIX",
    "LEVEL",
    "RISK",
    "TIE_BREAK",
)
#: The words the engine is written in: a rulebook may leave one out, but not invent one.
ENUMS: Mapping[str, tuple[str, ...]] = {
    "kind": KINDS,
    "state": STATES,
    "level": LEVELS,
    "fault_class": CLASSES,
    "remedy": REMEDIES,
    "tier": TIERS,
}
#: The fees of levels, by the name a row gives them: the columns of a level, and the fact held against the window.
LANES = {
    "LEVEL_SEALED": ("sealed", "hours_since_delivery"),
    "LEVEL_REVEALED": ("revealed", "hours_since_reveal"),
}
#: What a rulebook file and a row of its matrix may say.
TOP_KEYS = [
    *("meta", "enums", "rounding", "invariants", "levels", "fee_cap_fen", "late", "shortfall_service_bands", "account"),
    *("fraud", "minor", "reasons", "matrix", "precedence", "instant", "clocks"),
]
ROW_KEYS = [
    *("id", "class", "kinds", "states", "levels", "when", "refund_bp", "remedies", "fee_bp", "fee"),
    *("fee_on_remainder_bp", "statutory", "note"),
]
UNITS = ("hours", "days", "working_days", "minutes")


class InvalidRulebook(ValueError):
    """A rulebook that cannot be used. `code` is stable, `path` names the place (`matrix[3].kinds[1]`).

    Codes: `missing`, `wrong_type`, `unknown_name`, `duplicate`, `out_of_range`, `out_of_order`, `hole`, `ambiguous`.
    `sentence` says what was found there and what is allowed.
    """

    def __init__(self, code: str, path: str, sentence: str) -> None:
        super().__init__(code, path, sentence)
        self.code = code
        self.path = path
        self.sentence = sentence

    def __str__(self) -> str:
        return f"{self.code} at {self.path or 'the top'}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a buyer asks: who is liable unless shown otherwise, and the formula that decides."""

    code: str
    zh: str
    default_class: str
    formula: str
    file_window: str
    instant: bool
    basis: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lane:
    """How long a level may hand back, and for which fee; no fee: never. `fact` is held against the window."""

    window_h: int
    fee_bp: int | None
    fact: str


@dataclass(frozen=True, slots=True)
class Level:
    """What membership changes: fees and windows of the buyer's own reasons, and the instant lane."""

    name: str
    lanes: Mapping[str, Lane]
    instant_cap_fen: int
    instant_quota: int


@dataclass(frozen=True, slots=True)
class Late:
    """Compensation for broken promises: a band is (up to so many minutes of delay or None, basis points)."""

    grace_bp: int
    grace_min: int
    grace_max: int
    bands: tuple[tuple[int | None, int], ...]
    comp_min_fen: int
    comp_cap_fen: int


@dataclass(frozen=True, slots=True)
class Account:
    """Accounts taken back: days of warranty, and the bounds of what lost top-ups are compensated with."""

    warranty_days: int
    comp_min_bp: int
    comp_cap_bp: int


@dataclass(frozen=True, slots=True)
class Fraud:
    """The statutory multiple and its floor."""

    multiple: int
    floor_fen: int


@dataclass(frozen=True, slots=True)
class Minor:
    """Minors: the age below which a contract is void, the family's share, and sums that fit an age.

    `appropriate` holds (from age, to age, fen at once, fen a month).
    """

    void_under_age: int
    share_bp_default: int
    share_bp_min: int
    share_bp_max: int
    appropriate: tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Book:
    """One version of the rulebook. Two loads of the same data decide alike; nothing in it can be changed."""

    id: str
    version: str
    levels: Mapping[str, Level]
    fee_cap_fen: int
    late: Late
    shortfall_bands: tuple[tuple[int | None, int], ...]
    account: Account
    fraud: Fraud
    minor: Minor
    reasons: Mapping[str, Reason]
    matrix: Matrix
    #: The row under which people decide what nobody can prove.
    person_rule: str

    def grace(self, promise_min: int) -> int:
        """How many minutes past a promise are no breach of it."""
        return clamped(floored(promise_min, self.late.grace_bp), self.late.grace_min, self.late.grace_max)


def load(data: Any) -> Book:
    """The book in `data`, which has the shape of `rulebook.json` and may carry the clocks of `timers.json` as `clocks`.

    Raises `InvalidRulebook` for anything the engine could stumble over later, and gives nothing then.
    """
    top = Place(data, "")
    top.only(TOP_KEYS)
    _words(top)
    meta = top.at("meta")
    levels = _levels(top.at("levels"))
    matrix = _matrix(top.at("matrix"))
    reasons = _reasons(top.at("reasons"))
    _covered(reasons, matrix)
    if "clocks" in top:
        _clocks(top.at("clocks"))
    return Book(
        id=meta.at("id").text(),
        version=meta.at("version").text(),
        levels=levels,
        fee_cap_fen=top.at("fee_cap_fen").whole(),
        late=_late(top.at("late")),
        shortfall_bands=_bands(top.at("shortfall_service_bands"), "deviation_bp_up_to", "reduce_bp"),
        account=_account(top.at("account")),
        fraud=Fraud(top.at("fraud").at("multiple").whole(), top.at("fraud").at("floor_fen").whole()),
        minor=_minor(top.at("minor")),
        reasons=reasons,
        matrix=matrix,
        person_rule=_person_rule(matrix),
    )


class Place:
    """A value in the data and the path to it: reading it means checking it."""

    __slots__ = ("path", "value")

    def __init__(self, value: Any, path: str) -> None:
        self.value = value
        self.path = path

    def wrong(self, code: str, sentence: str) -> InvalidRulebook:
        """The error for this place."""
        return InvalidRulebook(code, self.path, sentence)

    def _mapping(self) -> Mapping[str, Any]:
        if not isinstance(self.value, Mapping):
            raise self.wrong("wrong_type", f"An object is expected, not {self.value!r}.")
        return self.value

    def __contains__(self, key: str) -> bool:
        return key in self._mapping()

    def at(self, key: str) -> Place:
        """The entry `key` of this object, which must be there."""
        found = self._mapping()
        path = f"{self.path}.{key}" if self.path else key
        if key not in found:
            raise InvalidRulebook("missing", path, "This is missing.")
        return Place(found[key], path)

    def entries(self) -> Iterator[tuple[str, Place]]:
        """Every key of this object, with its place."""
        for key in self._mapping():
            yield key, self.at(key)

    def items(self) -> list[Place]:
        """Every item of this list, which has at least one."""
        if not isinstance(self.value, list) or not self.value:
            raise self.wrong("wrong_type", f"A list with at least one item is expected, not {self.value!r}.")
        return [Place(item, f"{self.path}[{number}]") for number, item in enumerate(self.value)]

    def only(self, allowed: list[str]) -> None:
        """Refuse keys nobody would read: a misspelt rule must not vanish silently."""
        for key, place in self.entries():
            if key not in allowed:
                raise place.wrong("unknown_name", f"{key!r} is not one of {', '.join(allowed)}.")

    def text(self) -> str:
        """Words; not empty."""
        if type(self.value) is not str or not self.value:
            raise self.wrong("wrong_type", f"A text is expected, not {self.value!r}.")
        return self.value

    def flag(self) -> bool:
        """True or false."""
        if type(self.value) is not bool:
            raise self.wrong("wrong_type", f"true or false is expected, not {self.value!r}.")
        return self.value

    def whole(self, least: int = 0, most: int = LARGEST) -> int:
        """A whole number in bounds."""
        if type(self.value) is not int:
            raise self.wrong("wrong_type", f"A whole number is expected, not {self.value!r}.")
        if not least <= self.value <= most:
            raise self.wrong("out_of_range", f"{self.value} is not from {least} to {most}.")
        return self.value

    def rate(self) -> int:
        """Basis points, at most the whole."""
        return self.whole(0, WHOLE)

    def name(self, allowed: tuple[str, ...]) -> str:
        """One of the names the engine knows."""
        if type(self.value) is not str or self.value not in allowed:
            raise self.wrong("unknown_name", f"{self.value!r} is not one of {', '.join(allowed)}.")
        return self.value

    def names(self, allowed: tuple[str, ...]) -> tuple[str, ...]:
        """Several of them, each once."""
        found: list[str] = []
        for item in self.items():
            if item.name(allowed) in found:
                raise item.wrong("duplicate", f"{item.value!r} is here twice.")
            found.append(item.value)
        return tuple(found)


def _words(top: Place) -> None:
    if "enums" in top:
        for key, place in top.at("enums").entries():
            if key not in ENUMS:
                raise place.wrong("unknown_name", f"{key!r} is not one of {', '.join(ENUMS)}.")
            place.names(ENUMS[key])
    if "precedence" in top:
        steps = top.at("precedence").items()
        found = tuple(step.at("name").name(PRECEDENCE) for step in steps)
        if found != PRECEDENCE:
            raise top.at("precedence").wrong(
                "out_of_order", f"The engine decides in this order only: {', '.join(PRECEDENCE)}."
            )


def _levels(place: Place) -> Mapping[str, Level]:
    place.only(list(LEVELS))
    found = {code: _level(place.at(code)) for code in LEVELS}
    for lower, higher in pairwise(LEVELS):
        for rule, worse in _worse(found[lower], found[higher]):
            if worse:
                raise InvalidRulebook(
                    "out_of_order",
                    f"levels.{higher}.{rule}",
                    f"A higher level is never worse for the buyer, but here {higher} is worse than {lower}.",
                )
    return MappingProxyType(found)


def _level(place: Place) -> Level:
    columns = [f"{lane}_{column}" for lane, _ in LANES.values() for column in ("window_h", "fee_bp")]
    place.only(["name", *columns, "instant_cap_fen", "instant_30d_quota"])
    lanes = {}
    for name, (lane, fact) in LANES.items():
        fee = place.at(f"{lane}_fee_bp")
        rate = None if fee.value is None else fee.rate()
        lanes[name] = Lane(place.at(f"{lane}_window_h").whole(), rate, fact)
    return Level(
        name=place.at("name").text(),
        lanes=MappingProxyType(lanes),
        instant_cap_fen=place.at("instant_cap_fen").whole(),
        instant_quota=place.at("instant_30d_quota").whole(),
    )


def _worse(lower: Level, higher: Level) -> Iterator[tuple[str, bool]]:
    """By column: whether the higher level has less than the lower one. A lane without a fee is closed."""
    for name, (lane, _) in LANES.items():
        low, high = lower.lanes[name], higher.lanes[name]
        open_low, open_high = low.fee_bp is not None, high.fee_bp is not None
        yield f"{lane}_window_h", open_low and high.window_h < low.window_h
        yield f"{lane}_fee_bp", open_low and (not open_high or (high.fee_bp or 0) > (low.fee_bp or 0))
    yield "instant_cap_fen", higher.instant_cap_fen < lower.instant_cap_fen
    yield "instant_30d_quota", higher.instant_quota < lower.instant_quota


def _late(place: Place) -> Late:
    place.only(["grace_min_rule", "bands", "comp_min_fen", "comp_cap_fen", "note"])
    grace = place.at("grace_min_rule")
    least = grace.at("min").whole()
    cap = place.at("comp_cap_fen").whole()
    return Late(
        grace_bp=grace.at("bp_of_promise").rate(),
        grace_min=least,
        grace_max=grace.at("max").whole(least=least),
        bands=_bands(place.at("bands"), "up_to_min", "comp_bp"),
        comp_min_fen=place.at("comp_min_fen").whole(most=cap),
        comp_cap_fen=cap,
    )


def _bands(place: Place, reach: str, rate: str) -> tuple[tuple[int | None, int], ...]:
    """Bands in ascending order, the last one open, so that every value falls into exactly one."""
    found: list[tuple[int | None, int]] = []
    last = -1
    items = place.items()
    for number, item in enumerate(items):
        item.only([reach, rate])
        up_to = item.at(reach)
        closing = number == len(items) - 1
        if closing != (up_to.value is None):
            raise up_to.wrong("hole", "The last band, and only the last one, is open: null.")
        if not closing and up_to.whole() <= last:
            raise up_to.wrong("out_of_order", f"Bands ascend: {up_to.value} does not follow {last}.")
        last = last if closing else up_to.whole()
        found.append((None if closing else last, item.at(rate).rate()))
    return tuple(found)


def _account(place: Place) -> Account:
    place.only(["warranty_days", "comp_min_bp", "comp_cap_bp"])
    cap = place.at("comp_cap_bp").rate()
    return Account(place.at("warranty_days").whole(), place.at("comp_min_bp").whole(most=cap), cap)


def _minor(place: Place) -> Minor:
    shares = [f"guardian_share_bp_{which}" for which in ("default", "min", "max")]
    place.only(["void_under_age", *shares, "appropriate"])
    least = place.at(shares[1]).rate()
    most = place.at(shares[2]).whole(least, WHOLE)
    bands = []
    for item in place.at("appropriate").items():
        item.only(["age_min", "age_max", "single_fen", "month_fen"])
        youngest = item.at("age_min").whole()
        bands.append(
            (
                youngest,
                item.at("age_max").whole(least=youngest),
                item.at("single_fen").whole(),
                item.at("month_fen").whole(),
            )
        )
    return Minor(
        void_under_age=place.at("void_under_age").whole(),
        share_bp_default=place.at(shares[0]).whole(least, most),
        share_bp_min=least,
        share_bp_max=most,
        appropriate=tuple(bands),
    )


def _reasons(place: Place) -> Mapping[str, Reason]:
    found: dict[str, Reason] = {}
    for item in place.items():
        item.only(["code", "zh", "default_class", "formula", "file_window", "instant", "basis"])
        code = item.at("code").text()
        if code in found:
            raise item.at("code").wrong("duplicate", f"The reason {code} is here twice.")
        basis = tuple(source.text() for source in item.at("basis").items()) if "basis" in item else None
        found[code] = Reason(
            code=code,
            zh=item.at("zh").text(),
            default_class=item.at("default_class").name(CLASSES),
            formula=item.at("formula").name(tuple(FORMULAS)),
            file_window=item.at("file_window").text(),
            instant=item.at("instant").flag(),
            basis=law.REASONS.get(code, ()) if basis is None else basis,
        )
    return MappingProxyType(found)


def _matrix(place: Place) -> Matrix:
    rows: dict[str, Row] = {}
    for item in place.items():
        row = _row(item)
        if row.id in rows:
            raise item.at("id").wrong("duplicate", f"The row {row.id} is here twice.")
        rows[row.id] = row
    matrix = Matrix(tuple(rows.values()))
    for one, other in matrix.ambiguities():
        raise place.wrong(
            "ambiguous",
            f"{one.id} and {other.id} are equally specific and can answer the same case: narrow one of them.",
        )
    return matrix


def _row(place: Place) -> Row:
    place.only(ROW_KEYS)
    back = place.at("refund_bp")
    if isinstance(back.value, str):
        refund: int | str | None = back.name(tuple(AMOUNTS))
    else:
        refund = None if back.value is None else back.rate()
    remedies = place.at("remedies").names(REMEDIES)
    if (refund is None) != ("ESCALATE_HUMAN" in remedies):
        raise back.wrong(
            "out_of_range", "A row without a rate is for people: its remedy is ESCALATE_HUMAN, and only there."
        )
    return Row(
        id=place.at("id").text(),
        classes=place.at("class").names(CLASSES),
        kinds=_names_or_all(place, "kinds", KINDS),
        states=_names_or_all(place, "states", STATES),
        refund_bp=refund,
        remedies=remedies,
        levels=_names_or_all(place, "levels", LEVELS) if "levels" in place else LEVELS,
        when=_when(place.at("when")) if "when" in place else (),
        fee_bp=place.at("fee_bp").rate() if "fee_bp" in place else 0,
        fee=place.at("fee").name(tuple(LANES)) if "fee" in place else None,
        fee_on_remainder_bp=place.at("fee_on_remainder_bp").rate() if "fee_on_remainder_bp" in place else 0,
        statutory=place.at("statutory").flag() if "statutory" in place else False,
        note=place.at("note").value if "note" in place else "",
    )


def _names_or_all(place: Place, key: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    found = place.at(key)
    return allowed if found.value == "*" else found.names(allowed)


def _when(place: Place) -> tuple[tuple[str, int | str], ...]:
    conditions: list[tuple[str, int | str]] = []
    for name, value in place.entries():
        word = VOCABULARY.get(name)
        if word is None:
            raise value.wrong("unknown_name", f"No fact is called {name!r}.")
        if word.type is dict:
            raise value.wrong("unknown_name", f"A row cannot depend on {name}.")
        wanted: int | str
        if word.type is str:
            wanted = value.name(word.allowed) if word.allowed else value.text()
        else:
            wanted = value.flag() if word.type is bool else value.whole(most=word.largest)
        conditions.append((name, wanted))
    return tuple(conditions)


def _covered(reasons: Mapping[str, Reason], matrix: Matrix) -> None:
    """Every class a formula can ask the matrix for has a row without a condition, for every kind, state and level."""
    asked = {"UNDETERMINED": "unproven cases"}
    for reason in reasons.values():
        for reached in FORMULAS[reason.formula].reaches:
            asked.setdefault(reason.default_class if reached == OWN else reached, reason.code)
    for fault_class, reason_code in asked.items():
        for kind, state, level in matrix.holes(fault_class):
            raise InvalidRulebook(
                "hole",
                "matrix",
                f"{reason_code} can reach class {fault_class}, but no row without a condition answers for"
                f" {fault_class} × {kind} × {state} × {level}.",
            )


def _person_rule(matrix: Matrix) -> str:
    for row in matrix.rows:
        if "UNDETERMINED" in row.classes and row.refund_bp is None:
            return row.id
    raise InvalidRulebook("missing", "matrix", "No row of class UNDETERMINED hands a case to people (ESCALATE_HUMAN).")


def _clocks(place: Place) -> None:
    for name, limit in place.at("limits").entries():
        for _, span in [(name, limit), *(limit.at("variants").entries() if "variants" in limit else ())]:
            _clock(span)


def _clock(place: Place) -> None:
    """The default of a clock lies within its minimum and maximum; a clock without a default is set elsewhere."""
    for unit in UNITS:
        bounds = {which: _span(place, f"{which}_{unit}") for which in ("min", "default", "max")}
        least, value, most = bounds["min"], bounds["default"], bounds["max"]
        if least is not None and most is not None and least > most:
            raise place.at(f"min_{unit}").wrong("out_of_range", f"The minimum {least} is above the maximum {most}.")
        if value is None:
            continue
        if least is None or most is None:
            raise place.wrong("missing", f"A clock with default_{unit} also names min_{unit} and max_{unit}.")
        if not least <= value <= most:
            raise place.at(f"default_{unit}").wrong("out_of_range", f"{value} {unit} is not from {least} to {most}.")


def _span(place: Place, key: str) -> Any:
    if key not in place:
        return None
    found = place.at(key)
    span: Any = found.value
    if isinstance(span, bool) or not isinstance(span, Real) or span < 0:
        raise found.wrong("wrong_type", f"A span is a number from 0 on, not {found.value!r}.")
    return span

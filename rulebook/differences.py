"""What differs between two versions of the rulebook, in words: `silver, code sealed, within 72 h: fee 3 % → 2 %`.

Found over the data of both versions and told in the reader's language. A difference nobody has words for is shown with
its path and both values, so that none is ever left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rulebook import words
from rulebook.explanations import percent
from rulebook.models import RulebookVersion


class Step(NamedTuple):
    """One value that differs: where, and what it was and is. `None` where one of the versions has nothing there."""

    path: tuple[str, ...]
    before: Any
    after: Any

    @property
    def place(self) -> str:
        """The path as the checks write it: `levels.M2.sealed_fee_bp`."""
        return ".".join(self.path)


class Difference(NamedTuple):
    """One difference as people read it: in which part of the rules, about what, and from what to what."""

    section: str
    what: str
    before: str
    after: str
    place: str

    @property
    def sentence(self) -> str:
        """In one line: what it is about, before, after."""
        told = {"what": self.what, "before": self.before, "after": self.after}
        if not self.before:
            return _("%(what)s: new: %(after)s") % told
        if not self.after:
            return _("%(what)s: no longer: %(before)s") % told
        return _("%(what)s: %(before)s → %(after)s") % told


SECTIONS: Mapping[str, Promise] = {
    "levels": gettext_lazy("Membership levels"),
    "matrix": gettext_lazy("Tier matrix"),
    "reasons": gettext_lazy("Reasons"),
    "late": gettext_lazy("Lateness"),
    "clocks": gettext_lazy("Clocks"),
}
OTHERS = gettext_lazy("Other figures")
#: What a column of a level is about, in which `%(window)s` is how long that lane is open.
COLUMNS: Mapping[str, Promise] = {
    "sealed_fee_bp": gettext_lazy("%(level)s, code sealed, within %(window)s: fee"),
    "revealed_fee_bp": gettext_lazy("%(level)s, code seen but unused, within %(window)s: fee"),
    "sealed_window_h": gettext_lazy("%(level)s, code sealed: time to hand it back"),
    "revealed_window_h": gettext_lazy("%(level)s, code seen but unused: time to hand it back"),
    "instant_cap_fen": gettext_lazy("%(level)s: paid at once up to"),
    "instant_30d_quota": gettext_lazy("%(level)s: times paid at once in 30 days"),
    "name": gettext_lazy("%(level)s: name"),
}
FIGURES: Mapping[str, Promise] = {
    "meta.version": gettext_lazy("Number of the version"),
    "fee_cap_fen": gettext_lazy("A fee at most"),
    "late.comp_min_fen": gettext_lazy("Compensation for lateness, at least"),
    "late.comp_cap_fen": gettext_lazy("Compensation for lateness, at most"),
    "late.grace_min_rule.bp_of_promise": gettext_lazy("Grace, as a share of the promised time"),
    "late.grace_min_rule.min": gettext_lazy("Grace, at least (minutes)"),
    "late.grace_min_rule.max": gettext_lazy("Grace, at most (minutes)"),
    "late.bands": gettext_lazy("Compensation by minutes of delay"),
    "shortfall_service_bands": gettext_lazy("Price reduction by how far a service falls short"),
    "account.warranty_days": gettext_lazy("Warranty of accounts (days)"),
    "account.comp_min_bp": gettext_lazy("Compensation for an account taken back, at least"),
    "account.comp_cap_bp": gettext_lazy("Compensation for an account taken back, at most"),
    "fraud.multiple": gettext_lazy("Fraud: so many times the price"),
    "fraud.floor_fen": gettext_lazy("Fraud: at least"),
    "minor.void_under_age": gettext_lazy("Purchases of children are void below the age of"),
    "minor.guardian_share_bp_default": gettext_lazy("Share of the family, as a rule"),
    "minor.guardian_share_bp_min": gettext_lazy("Share of the family, at least"),
    "minor.guardian_share_bp_max": gettext_lazy("Share of the family, at most"),
}
PARTS_OF_A_ROW: Mapping[str, Promise] = {
    "refund_bp": gettext_lazy("what goes back"),
    "remedies": gettext_lazy("remedies"),
    "class": gettext_lazy("who is at fault"),
    "kinds": gettext_lazy("kinds of goods"),
    "states": gettext_lazy("state of the unit"),
    "levels": gettext_lazy("levels"),
    "when": gettext_lazy("condition"),
    "fee": gettext_lazy("fee of the level"),
    "fee_bp": gettext_lazy("fee"),
    "fee_on_remainder_bp": gettext_lazy("what stays for stopping early"),
    "statutory": gettext_lazy("prescribed by law"),
    "note": gettext_lazy("note"),
}
PARTS_OF_A_REASON: Mapping[str, Promise] = {
    "zh": gettext_lazy("name"),
    "default_class": gettext_lazy("who answers for it"),
    "formula": gettext_lazy("how it is computed"),
    "file_window": gettext_lazy("time to file"),
    "instant": gettext_lazy("may be paid at once"),
    "basis": gettext_lazy("legal source"),
}


def between(before: RulebookVersion, after: RulebookVersion) -> list[Difference]:
    """Every difference of two versions, in the language now active, in the order of the file."""
    return between_data(json.loads(before.body), json.loads(after.body))


def between_data(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """The same over what two files say. A file without clocks is not compared by its clocks."""
    shared = {key: after[key] for key in after if key != "clocks" or "clocks" in before}
    old = {key: before[key] for key in before if key != "clocks" or "clocks" in after}
    return [_told(step, old, shared) for step in steps(_keyed(old), _keyed(shared))]


def steps(before: Any, after: Any, path: tuple[str, ...] = ()) -> Iterator[Step]:
    """Every value that differs, as deep as both sides are objects."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            yield from steps(before.get(key), after.get(key), (*path, key))
    elif before != after or type(before) is not type(after):
        yield Step(path, before, after)


def _keyed(data: Mapping[str, Any]) -> dict[str, Any]:
    """Rows and reasons by their names, so that one that moved in the file is no difference."""
    return {
        **data,
        "matrix": {row["id"]: row for row in data["matrix"]},
        "reasons": {reason["code"]: reason for reason in data["reasons"]},
    }


def _told(step: Step, before: Mapping[str, Any], after: Mapping[str, Any]) -> Difference:
    section = step.path[0]
    tell = TELLERS.get(section, _figure)
    what = tell(step, after)
    old, new = _shown(step, step.before), _shown(step, step.after)
    return Difference(str(SECTIONS.get(section, OTHERS)), what, old, new, step.place)


def _of_level(step: Step, data: Mapping[str, Any]) -> str:
    level, column = step.path[1], step.path[-1]
    lane = column.partition("_")[0]
    window = data["levels"].get(level, {}).get(f"{lane}_window_h", 0)
    name = _("%(name)s (%(level)s)") % {"name": words.LEVELS.get(level, level), "level": level}
    hours = _("%(count)s h") % {"count": window}
    return str(COLUMNS.get(column, step.place)) % {"level": name, "window": hours}


def _of_row(step: Step, data: Mapping[str, Any]) -> str:
    if len(step.path) == 2:
        return _("Row %(row)s") % {"row": step.path[1]}
    part = PARTS_OF_A_ROW.get(step.path[2], step.path[2])
    condition = step.path[3] if len(step.path) > 3 else ""
    about = _("%(part)s %(condition)s") % {"part": part, "condition": condition} if condition else str(part)
    return _("Row %(row)s, %(part)s") % {"row": step.path[1], "part": about}


def _of_reason(step: Step, data: Mapping[str, Any]) -> str:
    name = words.reason(step.path[1])
    if len(step.path) == 2:
        return _("Reason “%(reason)s”") % {"reason": name}
    part = PARTS_OF_A_REASON.get(step.path[2], step.path[2])
    return _("Reason “%(reason)s”, %(part)s") % {"reason": name, "part": part}


def _of_clock(step: Step, data: Mapping[str, Any]) -> str:
    if step.path[1:2] != ("limits",) or len(step.path) < 3:
        return step.place
    about = words.CLOCKS.get(step.path[2])
    name = str(about.title) if about else step.path[2]
    variant = step.path[4] if step.path[3:4] == ("variants",) and len(step.path) > 4 else ""
    if variant:
        name = _("%(clock)s (%(variant)s)") % {"clock": name, "variant": words.VARIANTS.get(variant, variant)}
    which = next((word for word in BOUNDS if step.path[-1].startswith(word)), "")
    if not which or step.path[-1] == "default_hours":
        return name
    return _("%(clock)s, %(which)s") % {"clock": name, "which": BOUNDS[which]}


def _figure(step: Step, data: Mapping[str, Any]) -> str:
    return str(FIGURES.get(step.place, step.place))


TELLERS: Mapping[str, Callable[[Step, Mapping[str, Any]], str]] = {
    "levels": _of_level,
    "matrix": _of_row,
    "reasons": _of_reason,
    "clocks": _of_clock,
}
BOUNDS: Mapping[str, Promise] = {
    "default_": gettext_lazy("as a rule"),
    "min_": gettext_lazy("at least"),
    "max_": gettext_lazy("at most"),
}
#: How a value is written, by the end of its name.
UNITS: Mapping[str, Callable[[Any], str]] = {
    "_fen": words.money,
    "_bp": percent,
    "_hours": lambda value: _("%(count)s h") % {"count": f"{value:g}"},
    "_window_h": lambda value: _("%(count)s h") % {"count": value},
    "_working_days": lambda value: _("%(count)s working days") % {"count": value},
    "_days": lambda value: _("%(count)s days") % {"count": value},
}


def _shown(step: Step, value: Any) -> str:
    """A value as people write it; nothing is an empty text, and a closed lane says so."""
    name = step.path[-1]
    if value is None:
        return _("not possible") if name.endswith("_fee_bp") and step.path[0] == "levels" else ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int | float):
        write = next((UNITS[end] for end in UNITS if name.endswith(end)), str)
        return write(value)
    if isinstance(value, str):
        return _word(step, value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return _(", ").join(_word(step, item) for item in value)
    return json.dumps(value, ensure_ascii=False)


def _word(step: Step, value: str) -> str:
    """A name of the rulebook in words, where there are some."""
    column = step.path[-1]
    tables: Mapping[str, Mapping[str, Promise]] = {
        "class": words.CLASSES,
        "default_class": words.CLASSES,
        "kinds": words.KINDS,
        "states": words.STATES,
    }
    if column == "file_window":
        return words.window(value)
    return str(tables.get(column, {}).get(value, value))


__all__ = ["Difference", "Step", "between", "between_data", "steps"]

"""What the public rule center shows of one version: the matrix, the levels, the reasons, the clocks, worked examples.

Everything is read from the version itself, so that a page never says anything else than what decides.
"""

import json
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rulebook import cards, explanations, law, words
from rulebook.book import Book
from rulebook.calculator import NEVER
from rulebook.claims import KINDS, LEVELS, STATES, Claim
from rulebook.engine import decide
from rulebook.explanations import percent
from rulebook.limits import Clocks
from rulebook.matrix import CLASSES, Row
from rulebook.models import RulebookVersion
from rulebook.states import VersionState
from rulebook.terms import language
from timeline.spans import hours

EXAMPLES = Path(__file__).parent / "data" / "examples.json"

#: The icon of each kind, fault and cell.
KIND_ICONS = {
    "POINT_CARD": "coins",
    "ACTIVATION_CODE": "key-round",
    "DIRECT_TOPUP": "smartphone",
    "MEMBERSHIP": "badge-check",
    "GAME_ACCOUNT": "user",
    "CUSTOM_SERVICE": "handshake",
}
FAULT_ICONS = {
    "PLATFORM": "plug",
    "SELLER": "store",
    "UPSTREAM": "truck",
    "FORCE_MAJEURE": "life-buoy",
    "BUYER": "user",
    "UNDETERMINED": "circle-question-mark",
    "SHARED": "users",
    "MINOR": "shield",
    "ILLEGAL": "ban",
    "UNAUTHORIZED": "lock",
}
#: How a version looks by its state: icon and tone of its badge.
LOOKS = {
    VersionState.ANNOUNCED: ("calendar-clock", "amber"),
    VersionState.IN_FORCE: ("shield-check", "brand"),
    VersionState.SUPERSEDED: ("clock", ""),
}
#: Faults that have no rows of their own: their own block of the rulebook decides.
OWN_BLOCKS = ("SHARED", "MINOR", "ILLEGAL", "UNAUTHORIZED")


def matrix(book: Book, kind: str) -> list[dict[str, Any]]:
    """What goes back for `kind`: a row for each fault, a cell for each state the kind can be in."""
    states = states_of(kind)
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for fault in CLASSES:
        found = [(state, _entries(book, fault, kind, state)) for state in states]
        if not any(entries for _state, entries in found):
            continue
        key = tuple((state, tuple(entry["id"] for entry in entries)) for state, entries in found)
        told = rows.setdefault(
            key,
            {
                "faults": [],
                "about": [],
                "icon": FAULT_ICONS[fault],
                "cells": [{"state": words.STATES_SHORT[state], "entries": entries} for state, entries in found],
            },
        )
        told["faults"].append(words.CLASSES[fault])
        told["about"].append(words.ABOUT_CLASSES[fault])
    return list(rows.values())


def states_of(kind: str) -> list[str]:
    """The states that a kind can be in."""
    return [state for state in STATES if state not in NEVER.get(kind, ())]


def _entries(book: Book, fault: str, kind: str, state: str) -> list[dict[str, Any]]:
    """The rows that may answer in one cell, the strongest first, each with the levels it is for."""
    levels: dict[str, list[str]] = {}
    rows: dict[str, Row] = {}
    for level in LEVELS:
        for row in book.matrix.candidates(fault, kind, state, level):
            rows[row.id] = row
            levels.setdefault(row.id, []).append(level)
            if not row.when:
                break  # weaker rows never answer
    return [_entry(row, levels[row.id]) for row in sorted(rows.values(), key=lambda row: row.rank, reverse=True)]


def _entry(row: Row, levels: list[str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "gives": words.gives(row),
        "when": [words.CONDITIONS.get(each, each[0]) for each in row.when],
        "levels": ""
        if len(levels) == len(LEVELS)
        else _("level %(levels)s") % {"levels": "–".join({levels[0]: 1, levels[-1]: 1})},
        "is_by_level": bool(row.fee),
        "is_statutory": row.statutory,
        **_look(row),
    }


def _look(row: Row) -> dict[str, str]:
    if row.refund_bp is None:
        return {"icon": "user-check", "tone": "people"}
    if row.refund_bp == 0:
        return {"icon": "hourglass", "tone": "wait"} if "HOLD" in row.remedies else {"icon": "minus", "tone": "none"}
    if row.refund_bp == 10_000 and not row.fee:
        return {"icon": "check", "tone": "all"}
    return {"icon": "percent", "tone": "part"}


def own_blocks() -> list[dict[str, Any]]:
    """The faults that the matrix has no rows for, in words."""
    return [
        {"title": words.CLASSES[fault], "text": words.ABOUT_CLASSES[fault], "icon": FAULT_ICONS[fault]}
        for fault in OWN_BLOCKS
    ]


def levels(book: Book, clocks: Clocks) -> list[dict[str, Any]]:
    """What membership changes, level by level: everything that a level gives, and nothing that it does not
    (docs/decisions/0058)."""
    return [
        {
            "code": code,
            "name": words.LEVELS[code],
            **{
                name.removeprefix("LEVEL_").lower(): {
                    "window": words.in_words(hours(lane.window_h)),
                    "fee": None if lane.fee_bp is None else percent(lane.fee_bp),
                }
                for name, lane in level.lanes.items()
            },
            "cap": words.money(level.instant_cap_fen),
            "quota": level.instant_quota,
            "answer": words.in_words(clocks.span("SELLER_RESPONSE", code)),
        }
        for code, level in sorted(book.levels.items())
    ]


def bands(book: Book) -> list[dict[str, str]]:
    """Compensation for lateness, band by band."""
    told = []
    least = 0
    for up_to, rate in book.late.bands:
        if up_to is None:
            span = _("more than %(span)s late") % {"span": words.in_words(hours(least / 60))}
        else:
            span = _("up to %(span)s late") % {"span": words.in_words(hours(up_to / 60))}
            least = up_to
        told.append({"span": span, "rate": percent(rate)})
    return told


def shortfalls(book: Book) -> list[dict[str, str]]:
    """By how much a service costs less, by how far it fell short."""
    told = []
    least = 0
    for up_to, rate in book.shortfall_bands:
        if up_to is None:
            reach = _("more than %(share)s worse") % {"share": percent(least)}
        else:
            reach = _("up to %(share)s worse") % {"share": percent(up_to)}
            least = up_to
        told.append({"reach": reach, "rate": percent(rate)})
    return told


def figures(book: Book) -> dict[str, Any]:
    """The single figures of a version, as they are written."""
    late, account, fraud, minor = book.late, book.account, book.fraud, book.minor
    return {
        "fee_cap": words.money(book.fee_cap_fen),
        "grace": percent(late.grace_bp),
        "grace_min": late.grace_min,
        "grace_max": late.grace_max,
        "late_least": words.money(late.comp_min_fen),
        "late_cap": words.money(late.comp_cap_fen),
        "warranty": account.warranty_days,
        "account_least": percent(account.comp_min_bp),
        "account_cap": percent(account.comp_cap_bp),
        "fraud_multiple": fraud.multiple,
        "fraud_floor": words.money(fraud.floor_fen),
        "minor_least": percent(minor.share_bp_min),
        "minor_most": percent(minor.share_bp_max),
        "ages": [
            {"from": least, "to": most, "single": words.money(single), "month": words.money(month)}
            for least, most, single, month in minor.appropriate
        ],
    }


def reasons(book: Book) -> list[dict[str, Any]]:
    """Every reason, grouped by who is liable unless shown otherwise."""
    ordered = sorted(book.reasons.values(), key=lambda reason: CLASSES.index(reason.default_class))
    return [
        {
            "fault": words.CLASSES[fault],
            "about": words.ABOUT_CLASSES[fault],
            "icon": FAULT_ICONS[fault],
            "reasons": [
                {"code": reason.code, "about": words.REASONS[reason.code], "window": words.window(reason.file_window)}
                for reason in group
            ],
        }
        for fault, group in groupby(ordered, key=lambda reason: reason.default_class)
    ]


def reason(book: Book, clocks: Clocks, code: str) -> dict[str, Any]:
    """One reason in full: who is liable, what proves it, which clocks run, what happens on silence, the law."""
    found = book.reasons[code]
    return {
        "code": code,
        "about": words.REASONS[code],
        "fault": words.CLASSES[found.default_class],
        "about_fault": words.ABOUT_CLASSES[found.default_class],
        "window": words.window(found.file_window),
        "is_instant": found.instant,
        "silence": words.silence(found),
        "law": [explanations.source(source) for source in found.basis],
        "clocks": _clocks_of(found.formula, clocks),
        "examples": examples(book, code),
    }


#: Clocks that run in the case of a formula beside those of every case.
EXTRA_CLOCKS = {
    "MATRIX": ("REPLACE",),
    "CODE_USED_PROOF": ("SUPPLIER_QUERY",),
    "UPSTREAM_VALUE": ("SUPPLIER_QUERY",),
    "MINOR": ("MINOR_MATERIALS", "MINOR_REVIEW"),
    "DENY": ("HUMAN_REVIEW",),
    "BUYER_REASON": ("HUMAN_REVIEW",),
}
FOR_PEOPLE = frozenset({"ACCOUNT_RECOVERED", "FRAUD", "MINOR", "UNAUTHORIZED", "ILLEGAL", "DENY"})


def _clocks_of(formula: str, clocks: Clocks) -> list[dict[str, Any]]:
    first = ("ASSIGN", "EVIDENCE", "RULING") if formula in FOR_PEOPLE else ("SELLER_RESPONSE", "ESCALATE")
    names = (*first, *EXTRA_CLOCKS.get(formula, ()), "PAYOUT", "REFUND_ARRIVE", "BUYER_WAIT")
    told = {each["name"]: each for each in clock_rows(clocks)}
    return [told[name] for name in names if name in told]


def clock_rows(clocks: Clocks) -> list[dict[str, Any]]:
    """Every clock that is told to everybody: whose it is, how long it runs, and what happens when it ends."""
    present = set(clocks.names())
    return [
        {
            "name": name,
            "title": about.title,
            "whose": about.whose,
            "then": about.then,
            "spans": _spans(name, clocks),
        }
        for name, about in words.CLOCKS.items()
        if name in present
    ]


def _spans(name: str, clocks: Clocks) -> list[dict[str, str]]:
    """How long a clock runs; several where it has variants."""
    special = SPECIAL.get(name)
    if special:
        return [{"of": "", "span": str(special), "bounds": ""}]
    told = []
    for variant in clocks.variants(name):
        span = clocks.span(name, variant or None)
        least, most = clocks.bounds(name, variant or None)
        bounds = ""
        if least and most:
            bounds = _("%(least)s to %(most)s") % {"least": words.in_words(least), "most": words.in_words(most)}
        label = str(words.VARIANTS.get(variant, words.LEVELS.get(variant, variant))) if variant else ""
        if variant in words.LEVELS:
            label = _("level %(level)s") % {"level": f"{variant} {words.LEVELS[variant]}"}
        if name == "SETTLE":
            label = _("shop level %(level)s") % {"level": variant}
        told.append({"of": label, "span": words.in_words(span), "bounds": bounds})
    return told


#: Clocks whose span is not a figure of the version.
SPECIAL = {
    "PROMISE": gettext_lazy("as the listing promises, 5 minutes to 3 days"),
    "GRACE": gettext_lazy("half of the promised time, 10 minutes to 2 hours"),
}


@cache
def _worked() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(EXAMPLES.read_text(encoding="utf-8"))["examples"]
    return found


def examples(book: Book, code: str = "") -> list[dict[str, Any]]:
    """The worked cases, all or those of one reason, decided now by this version, with the arithmetic in words."""
    return [
        {
            "id": each["id"],
            "reason": each["input"]["reason"],
            "title": each["title"][language()],
            "reason_word": words.reason(each["input"]["reason"]),
            "kind": words.KINDS[each["input"]["kind"]],
            "icon": KIND_ICONS[each["input"]["kind"]],
            "state": words.STATES[each["input"]["state"]],
            "level": f"{each['input']['level']} {words.LEVELS[each['input']['level']]}",
            "paid": each["input"]["paid"],
            "card": cards.card(decide(Claim.read(each["input"]), book), book),
        }
        for each in _worked()
        if each["input"]["reason"] in book.reasons and code in ("", each["input"]["reason"])
    ]


def kinds(chosen: str) -> list[dict[str, Any]]:
    """The kinds to choose a matrix from."""
    return [
        {"code": kind, "word": words.KINDS[kind], "icon": KIND_ICONS[kind], "is_chosen": kind == chosen}
        for kind in KINDS
    ]


def version_row(version: RulebookVersion) -> dict[str, Any]:
    """A version as lists and heads show it."""
    # The version Kamen ships with is no row before the mall's first start.
    state = VersionState(version.state or VersionState.IN_FORCE)
    icon, tone = LOOKS[state]
    publishers = [person for person in (version.proposed_by, version.signed_by) if person]
    return {
        "version": version,
        "number": version.number,
        "url": reverse("rulebook:version", kwargs={"number": version.number}),
        "word": state.label,
        "icon": icon,
        "tone": tone,
        "publishers": [person.display_name for person in publishers],
    }


def law_behind() -> list[str]:
    """Every legal source that a reason or a statutory row names, in words."""
    found = {source for sources in (*law.REASONS.values(), *law.RULES.values()) for source in sources}
    return sorted(explanations.source(source) for source in found)


#: The tabs of the center: name of the address, word, icon.
TABS: list[tuple[str, Promise, str]] = [
    ("rulebook:center", gettext_lazy("Overview"), "book-open"),
    ("rulebook:calculator", gettext_lazy("Calculator"), "calculator"),
    ("rulebook:matrix", gettext_lazy("What goes back"), "scale"),
    ("rulebook:reasons", gettext_lazy("Reasons for a refund"), "circle-question-mark"),
    ("rulebook:clocks", gettext_lazy("Clocks"), "clock"),
    ("rulebook:examples", gettext_lazy("Worked examples"), "receipt-text"),
    ("rulebook:versions", gettext_lazy("Versions"), "file-text"),
    ("rulebook:linter", gettext_lazy("Check a text"), "search"),
]


def tabs(chosen: str) -> list[dict[str, Any]]:
    """The way through the center."""
    return [
        {"url": reverse(name), "word": word, "icon": icon, "is_here": name == f"rulebook:{chosen}"}
        for name, word, icon in TABS
    ]

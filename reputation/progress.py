"""What a level takes beside what somebody has of it, as people read it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from ledger.templatetags.money import yuan
from reputation import membership, shop_levels
from reputation.thresholds import thresholds
from rulebook import clocks, versions
from rulebook.words import in_words
from shops.levels import CAPS
from shops.models import CERTIFIED, Licence
from shops.sizing import LEVEL_FACTORS


def progress(user: User, at: datetime) -> list[dict[str, Any]]:
    """Each level with what it takes and what somebody has of it."""
    return _progress(membership.standings([user], at=at)[user.pk], at)


def published(at: datetime) -> dict[str, dict[str, Any]]:
    """What every level takes, for everybody to read, whoever they are: of buyers and of shops, as tables."""
    shop = shop_levels.Standing(at, orders=0, on_time_bp=None, claim_bp=None, loss_bp=None, papers=frozenset())
    both = {"buyers": _progress(membership.Standing(joined_at=at), at), "shops": shop_progress(shop, at)}
    return {
        whose: {
            "heads": [label for label, _has, _takes, _is_met in rows[0]["takes"]],
            "rows": [
                {"level": row["level"], "cells": [(label, takes) for label, _has, takes, _is_met in row["takes"]]}
                for row in rows
            ],
        }
        for whose, rows in both.items()
    }


def _progress(found: membership.Standing, at: datetime) -> list[dict[str, Any]]:
    rows = []
    for reach in thresholds().levels:
        takes = [
            (_("Finished orders"), str(found.orders), str(reach.orders), found.orders >= reach.orders),
            (_("Spent and not given back"), yuan(found.amount), yuan(reach.amount), found.amount >= reach.amount),
            (_("Different shops"), str(found.shops), str(reach.shops), found.shops >= reach.shops),
            (
                _("Days with us"),
                str((at - found.joined_at).days),
                str(reach.age.days),
                found.joined_at + reach.age <= at,
            ),
        ]
        rows.append({"level": reach.level, "takes": takes, "is_reached": found.reaches(reach, at)})
    return rows


def shop_progress(found: shop_levels.Standing, at: datetime) -> list[dict[str, Any]]:
    """Each level of shops with what it takes and what the shop shows."""
    rows = []
    for reach in thresholds().shop_levels:
        takes = [
            (
                _("Days open"),
                str((at - found.opened_at).days),
                f"≥ {reach.age.days}",
                found.opened_at + reach.age <= at,
            ),
            (_("Orders"), str(found.orders), f"≥ {reach.orders}", found.orders >= reach.orders),
            _share(_("Delivered on time"), found.on_time_bp, reach.on_time_bp, is_least=True),
            _share(_("Claims by your fault"), found.claim_bp, reach.claim_bp, is_least=False),
            _share(_("Disputes lost"), found.loss_bp, reach.loss_bp, is_least=False),
            _papers(found, reach.level),
        ]
        rows.append({"level": reach.level, "takes": takes, "is_reached": found.reaches(reach, at)})
    return rows


def shop_gives(at: datetime) -> list[dict[str, Any]]:
    """What each level of shops gives: when money settles, what may be taken on, and how large the deposit is."""
    version = versions.in_force(at).number
    return [
        {
            "level": level,
            "settles": in_words(span) if span.amount else _("the same day"),
            "order": yuan(cap.order) if cap.order is not None else _("no cap"),
            "day": yuan(cap.day) if cap.day is not None else _("no cap"),
            "factor": f"× {LEVEL_FACTORS[level] // 10}.{LEVEL_FACTORS[level] % 10}",
            "is_certified": level in CERTIFIED,
        }
        for level, cap in sorted(CAPS.items())
        for span in [clocks.span("SETTLE", level, version=version)]
    ]


def _papers(found: shop_levels.Standing, level: str) -> tuple[str, str, str, bool]:
    def named(kinds: Iterable[str]) -> str:
        return _(", ").join(str(Licence.Kind(kind).label) for kind in shop_levels.PAPERS if kind in kinds) or "–"

    takes = set(shop_levels.PAPERS) if level >= shop_levels.LICENSED_FROM else set()
    return _("Papers"), named(found.papers), named(takes), found.papers >= takes


def _share(label: str, has: int | None, takes: int, *, is_least: bool) -> tuple[str, str, str, bool]:
    is_met = has is None or (has >= takes if is_least else has <= takes)
    return label, percent(has), f"{'≥' if is_least else '≤'} {percent(takes)}", is_met


def percent(bp: int | None) -> str:
    """Basis points as people read them."""
    return "–" if bp is None else f"{bp // 100}.{bp % 100:02} %"

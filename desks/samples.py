"""What the style page shows: one case in every component and variant. No row of the database is behind it."""

from datetime import datetime, timedelta
from typing import Any

from django.templatetags.static import static
from django.utils.translation import gettext as _


def samples(at: datetime) -> dict[str, Any]:
    """Everything the style page needs, for a mall in which it is `at` now."""
    return {
        "at": at,
        "turns": _turns(at),
        "countdowns": _countdowns(at),
        "steps": _steps(),
        "steps_early": _steps_early(),
        "entries": _entries(at),
        "facts": _facts(at),
        "decision": _decision(),
        "shared_decision": _shared_decision(),
        "offers": _offers(at),
        "legs": _legs(),
        "badges": _badges(),
        "plots": _plots(),
        "talk": _talk(at),
        "units": _units(at),
        "lines": _lines(at),
        "reasons": _reasons(),
    }


def _turns(at: datetime) -> list[dict[str, Any]]:
    return [
        {
            "tone": "mine",
            "icon": "hourglass",
            "state": _("The shop offers a partial refund of ¥30.00"),
            "turn": _("Your turn: accept, counter, or call the platform."),
            "until": at + timedelta(hours=5, minutes=12),
            "then": _("If you do nothing, the offer ends and you have 7 days to call the platform."),
            "then_tone": "amber",
        },
        {
            "tone": "theirs",
            "icon": "store",
            "state": _("Waiting for the shop"),
            "turn": _("The shop's turn. You need not do anything."),
            "until": at + timedelta(hours=41, minutes=3),
            "then": _("If the shop stays silent, you are paid back ¥98.00."),
            "then_tone": "",
        },
        {
            "tone": "late",
            "icon": "clock-alert",
            "state": _("Delivery is late"),
            "turn": _("You can cancel at once and get everything back."),
            "until": at - timedelta(minutes=37),
            "then": _("Compensation counts from the end of the grace time."),
            "then_tone": "vermilion",
        },
        {
            "tone": "done",
            "icon": "circle-check",
            "state": _("¥98.00 has arrived"),
            "turn": _("Nobody needs to do anything. The case is closed."),
            "until": None,
            "then": "",
            "then_tone": "",
        },
    ]


def _countdowns(at: datetime) -> list[dict[str, Any]]:
    return [
        {
            "until": at + timedelta(days=2, hours=4),
            "then": _("Then silence counts as consent and the buyer is paid back."),
            "tone": "",
        },
        {
            "until": at + timedelta(minutes=42, seconds=8),
            "then": _("Then the offer ends."),
            "tone": "amber",
        },
        {
            "until": at - timedelta(hours=3),
            "then": _("The next sweep settles it; nothing is lost."),
            "tone": "vermilion",
        },
    ]


def _steps() -> list[dict[str, str]]:
    return [
        {"label": _("Claim"), "status": "done", "note": _("Nov 20, 14:02")},
        {"label": _("Shop answers"), "status": "done", "note": _("Declined, with a reason")},
        {"label": _("Platform decides"), "status": "now", "note": _("Evidence until Nov 24")},
        {"label": _("Refund"), "status": "ahead", "note": _("Within 24 hours of the decision")},
        {"label": _("Closed"), "status": "ahead", "note": ""},
    ]


def _steps_early() -> list[dict[str, str]]:
    return [
        {"label": _("Claim"), "status": "done", "note": ""},
        {"label": _("Shop answers"), "status": "done", "note": _("Agreed")},
        {"label": _("Platform decides"), "status": "skipped", "note": _("Not needed")},
        {"label": _("Refund"), "status": "now", "note": _("Money is on its way")},
        {"label": _("Closed"), "status": "ahead", "note": ""},
    ]


def _entries(at: datetime) -> list[dict[str, Any]]:
    return [
        {
            "who": _("Buyer"),
            "what": _("Asked for a refund: the code is already used."),
            "at": at - timedelta(hours=8),
            "icon": "undo-2",
            "tone": "brand",
            "grade": "claim",
            "note": _("“It says: this card has been redeemed.”"),
        },
        {
            "who": _("Platform"),
            "what": _("Added the delivery and reveal records of the order."),
            "at": at - timedelta(hours=8, seconds=-1),
            "icon": "file-check",
            "tone": "",
            "grade": "record",
            "note": "",
        },
        {
            "who": _("Shop"),
            "what": _("Uploaded the supplier's answer: redeemed before it was delivered."),
            "at": at - timedelta(hours=5),
            "icon": "receipt-text",
            "tone": "amber",
            "grade": "receipt",
            "note": "",
        },
        {
            "who": _("Platform"),
            "what": _("Paid back ¥98.00 to the original channel."),
            "at": at - timedelta(hours=4),
            "icon": "banknote",
            "tone": "green",
            "grade": "record",
            "note": "",
        },
    ]


def _facts(at: datetime) -> list[dict[str, str]]:
    return [
        {
            "name": _("Delivered"),
            "value": _("9 minutes after payment; promised within 10"),
            "grade": "record",
            "source": _("Delivery log of the order"),
        },
        {
            "name": _("Code viewed"),
            "value": _("Once, by the buyer"),
            "grade": "record",
            "source": _("Reveal log, with session and device"),
        },
        {
            "name": _("Code redeemed"),
            "value": _("Two hours before delivery, by another account"),
            "grade": "receipt",
            "source": _("Supplier's answer, ticket 88-2041"),
        },
        {
            "name": _("Wrong region"),
            "value": _("The buyer says the listing promised the mainland server"),
            "grade": "claim",
            "source": "",
        },
    ]


def _decision() -> dict[str, Any]:
    return {
        "title": _("Platform decision"),
        "outcome": _("The code was used before it was delivered. The buyer gets everything back."),
        "amount": 9_800,
        "lines": [
            {"text": _("Paid for one unit"), "rule": "", "amount": 10_000},
            {"text": _("Coupon of the platform, not paid in cash"), "rule": "ARITH.COUPON", "amount": -200},
            {"text": _("Fee for a reason of the buyer: none, the shop is at fault"), "rule": "FEE.SELLER", "amount": 0},
        ],
        "payers": [{"name": _("Shop, from escrow"), "share": "100 %", "amount": 9_800}],
        "rules": [
            {"id": "CODE_USED", "text": _("A code that was used before delivery is paid back in full.")},
            {"id": "TIER.A", "text": _("Proven by records: no further evidence is needed.")},
        ],
        "version": "2026.1",
        "note": _("Both sides may appeal within 72 hours, free of charge."),
    }


def _shared_decision() -> dict[str, Any]:
    return {
        "title": _("Platform decision"),
        "outcome": _("Shop and platform share the fault. The buyer gets half of the price back and keeps the goods."),
        "amount": 123_450,
        "lines": [
            {"text": _("Paid for one unit"), "rule": "", "amount": 246_900},
            {
                "text": _("The buyer keeps goods worth half the price"),
                "rule": "SHARE.5000",
                "amount": -123_450,
            },
        ],
        "payers": [
            {"name": _("Shop, from its deposit"), "share": "60 %", "amount": 74_070},
            {"name": _("Platform, from its own money"), "share": "40 %", "amount": 49_380},
        ],
        "rules": [{"id": "SHARED_FAULT", "text": _("Each side pays its share, down to the last fen.")}],
        "version": "2026.1",
        "note": "",
    }


def _offers(at: datetime) -> list[dict[str, Any]]:
    return [
        {
            "by": _("Shop"),
            "kind": _("Partial refund"),
            "icon": "hand-coins",
            "terms": _("¥30.00 back, and you keep the card."),
            "amount": 3_000,
            "word": _("Your turn"),
            "word_icon": "hourglass",
            "word_tone": "brand",
            "standing": True,
            "until": at + timedelta(hours=19),
            "then": _("Then the offer ends; you may still call the platform."),
            "actions": [
                {"label": _("Accept"), "url": "#offers", "style": ""},
                {"label": _("Counter"), "url": "#offers", "style": "plain"},
                {"label": _("Call the platform"), "url": "#offers", "style": "quiet"},
            ],
        },
        {
            "by": _("Shop"),
            "kind": _("Reissue"),
            "icon": "refresh-cw",
            "terms": _("A new code of the same value within 2 hours."),
            "amount": None,
            "word": _("Declined"),
            "word_icon": "circle-x",
            "word_tone": "",
            "standing": False,
            "until": None,
            "then": "",
            "actions": [],
        },
        {
            "by": _("Buyer"),
            "kind": _("Full refund"),
            "icon": "undo-2",
            "terms": _("Everything back to the original channel."),
            "amount": 9_800,
            "word": _("Accepted"),
            "word_icon": "circle-check",
            "word_tone": "green",
            "standing": False,
            "until": None,
            "then": "",
            "actions": [],
        },
    ]


def _legs() -> list[dict[str, Any]]:
    return [
        {
            "source": _("Escrow of the order"),
            "target": _("Your Alipay"),
            "amount": 9_800,
            "note": _("Price of one unit"),
        },
        {
            "source": _("Shop's deposit"),
            "target": _("Your wallet"),
            "amount": 490,
            "note": _("Compensation for late delivery, 5 % of the price"),
        },
    ]


def _badges() -> list[dict[str, str]]:
    return [
        {"word": _("Waiting for the shop"), "icon": "store", "tone": ""},
        {"word": _("Your turn"), "icon": "hourglass", "tone": "brand"},
        {"word": _("5 hours left"), "icon": "clock", "tone": "amber"},
        {"word": _("Overdue"), "icon": "clock-alert", "tone": "vermilion"},
        {"word": _("Money arrived"), "icon": "circle-check", "tone": "green"},
    ]


def _plots() -> dict[str, Any]:
    months = ["2026-06", "2026-07", "2026-08", "2026-09", "2026-10", "2026-11"]
    return {
        "months": months,
        "on_time": [
            (_("This shop"), [9_410, 9_530, None, 9_720, 9_805, 9_860]),
            (_("All shops"), [9_600, 9_610, 9_640, 9_630, 9_655, 9_670]),
        ],
        "reasons": [
            (_("Code does not work"), [12, 9, 14, 8, 7, 5]),
            (_("Came too late"), [7, 8, 5, 6, 4, 3]),
            (_("Bought by mistake"), [3, 4, 4, 5, 6, 4]),
            (_("Everything else"), [2, 1, 3, 2, 2, 1]),
        ],
        "spans": [_("< 1 min"), _("< 10 min"), _("< 1 h"), _("< 1 d"), _("< 3 d"), _("longer")],
        "cycle": [(_("Cases"), [412, 96, 41, 58, 17, 3])],
        "fund": [(_("Guarantee fund"), [8_400_000, 8_150_000, 8_920_000, 9_300_000, 9_120_000, 9_640_000])],
        "nothing": [(_("Cases"), [None] * 6)],
    }


def _talk(at: datetime) -> list[dict[str, Any]]:
    picture = {"name": "redeemed.svg", "url": static("img/sample-1.svg"), "is_image": True, "size": "2 KB"}
    said: list[tuple[str, str, bool, timedelta, str, dict[str, Any] | None]] = [
        ("buyer", _("Buyer"), True, timedelta(hours=3), _("It says that the code was used already."), None),
        ("buyer", _("Buyer"), True, timedelta(hours=3), "", picture | {"sha256": "9b4a" * 16}),
        ("shop", _("Shop"), False, timedelta(hours=2), _("We are asking our supplier. You hear from us today."), None),
        ("platform", _("Platform"), False, timedelta(hours=1), _("The clock runs until tomorrow, 14:00."), None),
    ]
    return [
        {
            "who": word,
            "side": side,
            "side_word": word,
            "is_own": is_own,
            "at": at - ago,
            "text": text,
            "file": file,
            "signs": "",
        }
        for side, word, is_own, ago, text, file in said
    ]


def _units(at: datetime) -> list[dict[str, Any]]:
    whole = {
        "grade": "record",
        "tail": "",
        "url": "#units",
        "look": None,
        "is_held": False,
        "is_recalled": False,
        "case": None,
        "money": [{"word": _("In escrow"), "amount": 9_800, "tone": ""}],
        "has_code": True,
        "track": [],
    }
    sealed = {"word": _("Sealed"), "icon": "lock", "tone": "brand"}
    opened = {"word": _("Opened"), "icon": "eye", "tone": ""}
    return [
        whole | {"place": 1, "badge": sealed, "is_sealed": True},
        whole
        | {
            "place": 2,
            "badge": opened,
            "is_sealed": False,
            "tail": "7QX4",
            "look": {"first": at - timedelta(hours=4), "times": 2},
        },
    ]


def _lines(at: datetime) -> list[dict[str, Any]]:
    told = [(_("Order paid"), -9_800, 215_610), (_("Refund"), 9_800, 225_410), (_("Top-up"), 50_000, 275_410)]
    return [
        {"what": what, "at": at - timedelta(days=place), "amount": amount, "after": after}
        for place, (what, amount, after) in enumerate(told)
    ]


def _reasons() -> list[dict[str, str]]:
    return [
        {"code": "used", "icon": "key-round", "word": _("Code does not work"), "more": _("Invalid, used or expired")},
        {"code": "late", "icon": "clock-alert", "word": _("Came too late"), "more": _("Or not at all")},
        {"code": "mind", "icon": "undo-2", "word": _("Bought by mistake"), "more": _("And not looked at yet")},
    ]

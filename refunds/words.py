"""How a case reads: reasons, facts, rules and arithmetic in the reader's language, for pages and for the API."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ledger.templatetags.money import yuan
from refunds.models import Refund
from refunds.reasons import CHANGE_OF_MIND, CODE_INVALID, NOT_DELIVERED
from refunds.states import RefundState
from rulebook import explanations
from rulebook.arithmetic import WHOLE
from rulebook.decisions import Line
from rulebook.defaults import default_book
from rulebook.explanations import percent
from rulebook.matrix import Row

#: Each reason in plain words, what it is for, and its icon.
REASONS: dict[str, tuple[Promise, Promise, str]] = {
    NOT_DELIVERED: (
        gettext_lazy("It did not come"),
        gettext_lazy("Paid for, but nothing has arrived."),
        "truck",
    ),
    CODE_INVALID: (
        gettext_lazy("The code does not work"),
        gettext_lazy("The issuer says that it is invalid."),
        "circle-x",
    ),
    CHANGE_OF_MIND: (
        gettext_lazy("I do not want it any more"),
        gettext_lazy("Nothing is wrong with it. A fee may stay with the shop."),
        "undo-2",
    ),
}

PARTIES: dict[str, Promise] = {
    "PLATFORM": gettext_lazy("The platform"),
    "SELLER": gettext_lazy("The shop"),
    "UPSTREAM": gettext_lazy("The supplier, through the shop"),
    "BUYER": gettext_lazy("The buyer"),
}
CLASSES: dict[str, Promise] = {
    **PARTIES,
    "FORCE_MAJEURE": gettext_lazy("Nobody"),
    "SHARED": gettext_lazy("Several"),
    "MINOR": gettext_lazy("A minor's purchase"),
    "ILLEGAL": gettext_lazy("Illegal goods"),
    "UNAUTHORIZED": gettext_lazy("Somebody else paid"),
    "UNDETERMINED": gettext_lazy("Not settled"),
}
STATES: dict[str, Promise] = {
    "UNDELIVERED": gettext_lazy("not delivered"),
    "SEALED": gettext_lazy("delivered, never looked at"),
    "REVEALED_UNUSED": gettext_lazy("looked at, not known to be used"),
    "USED": gettext_lazy("used"),
    "PARTIAL": gettext_lazy("partly used"),
}
#: Rules that are no rows of the matrix.
RULES: dict[str, Promise] = {
    "LEVEL_SEALED": gettext_lazy("Fee and time of the membership level, for what nobody looked at"),
    "LEVEL_REVEALED": gettext_lazy("Fee and time of the membership level, for what was looked at"),
    "LEVEL_WINDOW": gettext_lazy("The time of the membership level to hand something back"),
    "LATE_BAND": gettext_lazy("Compensation for a broken promise of delivery"),
    "SECOND_FAILURE": gettext_lazy("Compensation for a second bad code"),
}
#: The sum of a line of arithmetic: the first of these numbers that it has, and its sign.
SUMS = (("fee_fen", -1), ("comp_fen", 1), ("refund_fen", 1), ("paid_fen", 1))


def reason(code: str) -> str:
    """A reason as people say it."""
    return str(REASONS[code][0]) if code in REASONS else code


def rule(rule_id: str) -> str:
    """What a published rule says, in a sentence."""
    if rule_id in RULES:
        return str(RULES[rule_id])
    row = next((row for row in default_book().matrix.rows if row.id == rule_id), None)
    return _row(row) if row else rule_id


def _row(row: Row) -> str:
    words = {
        "states": " / ".join(str(STATES[state]) for state in row.states),
        "classes": " / ".join(str(CLASSES[each]) for each in row.classes),
    }
    if row.refund_bp is None:
        return _("%(states)s, and who is at fault is not settled: people decide by the burden of proof") % words
    if isinstance(row.refund_bp, str):
        return _("%(states)s; at fault: %(classes)s. The unused part goes back") % words
    if row.refund_bp == 0:
        return _("%(states)s; at fault: %(classes)s. No money goes back") % words
    words["part"] = percent(row.refund_bp)
    if row.fee or row.fee_bp:
        return _("%(states)s; at fault: %(classes)s. %(part)s goes back, less the fee") % words
    return _("%(states)s; at fault: %(classes)s. %(part)s goes back") % words


def then(refund: Refund) -> str:
    """What happens if nobody acts."""
    if refund.state == RefundState.REQUESTED:
        if refund.is_paid_by_silence():
            return _("If the shop stays silent, the buyer is paid back.")
        return _("If the shop stays silent, the platform decides.")
    if refund.state == RefundState.DECLINED:
        return _("If the buyer does nothing, the case ends without money.")
    return _("If it has not arrived by then, finance is alarmed.")


def lines(decision: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The arithmetic of a recorded decision, sentence by sentence; groups of units that come to the same are one."""
    parts = _alike(decision["parts"])
    told = []
    for places, part in parts:
        count = len(places)
        prefix = "" if len(parts) == 1 and count == 1 else _units(places) + _(": ")
        for code, rule_id, numbers in part["lines"]:
            sum_of_one = next((sign * numbers[name] for name, sign in SUMS if name in numbers), None)
            told.append(
                {
                    "text": prefix + explanations.sentence(Line(code, rule_id, tuple(numbers.items()))),
                    "rule": rule_id,
                    "amount": None if sum_of_one is None else sum_of_one * count,
                }
            )
    return told


def payers(decision: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Who carries a recorded decision before any recourse, compensation included."""
    sums: dict[str, int] = {}
    for part in decision["parts"]:
        count = len(part["places"])
        for party, amount in part["payers"].items():
            sums[party] = sums.get(party, 0) + amount * count
        if part["comp"]:
            sums[part["comp_payer"]] = sums.get(part["comp_payer"], 0) + part["comp"] * count
    whole = sum(sums.values())
    return [
        {"name": PARTIES[party], "share": percent(amount * WHOLE // whole), "amount": amount}
        for party, amount in sums.items()
        if amount
    ]


def rules(decision: Mapping[str, Any]) -> list[dict[str, str]]:
    """The rules behind a recorded decision, and the law behind them."""
    ids = dict.fromkeys(rule_id for part in decision["parts"] for rule_id in part["rule"])
    laws = dict.fromkeys(source for part in decision["parts"] for source in part["basis"])
    return [{"id": rule_id, "text": rule(rule_id)} for rule_id in ids] + [
        {"id": source.partition(":")[0], "text": explanations.source(source)} for source in laws
    ]


def outcome(decision: Mapping[str, Any]) -> str:
    """What the rules say, in one sentence."""
    if any(part["route"] == "HUMAN" or part["decision"] in WAITING for part in decision["parts"]):
        return _("The rules leave the sum to people. This is what can be asked at most.")
    if not decision["figure"]:
        return _("By the rules nothing goes back. A person of the platform looks at it again if you ask for that.")
    if decision["fee"]:
        return _("The rules give the price back, less a fee of %(fee)s that stays with the shop.") % {
            "fee": yuan(decision["fee"])
        }
    if decision["compensation"]:
        return _("The rules give the price back, and %(sum)s of compensation on top.") % {
            "sum": yuan(decision["compensation"])
        }
    return _("The rules give this back.")


def facts(parts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What our own records know of the units of a claim, as rows of the fact table; recorded parts or a preview's."""
    rows = []
    alike = _alike(list(parts), "state", "facts", "is_contradicted")
    for places, part in alike[:20]:
        of = "" if len(alike) == 1 else _units(places) + _(": ")
        known = part["facts"]
        rows.append((of + _("State of the goods"), str(STATES.get(part["state"], part["state"]))))
        rows += [(of + label, value) for label, value in _known(known)]
        if "platform_proof" in known and part["state"] != "UNDELIVERED":
            said = (
                _("The code was bad when it was sold")
                if known["platform_proof"]
                else _("This speaks against the claim")
            )
            rows.append((of + _("What the issuer or our records say"), said))
    return [{"name": name, "value": value, "grade": "record", "source": ""} for name, value in rows]


def _known(known: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = []
    if "promise_min" in known and "actual_min" in known:
        value = _("%(actual)s min after payment, promised within %(promise)s min")
        rows.append((_("Delivery"), value % {"actual": known["actual_min"], "promise": known["promise_min"]}))
    if "elapsed_min" in known:
        value = _("not yet, %(elapsed)s min after payment; promised within %(promise)s min")
        rows.append((_("Delivery"), value % {"elapsed": known["elapsed_min"], "promise": known["promise_min"]}))
    if "hours_since_delivery" in known:
        rows.append((_("Delivered"), _hours(known["hours_since_delivery"])))
    if "hours_since_reveal" in known:
        rows.append((_("First looked at"), _hours(known["hours_since_reveal"])))
    return rows


def _hours(hours: int) -> str:
    return ngettext("within the last %(hours)s hour", "within the last %(hours)s hours", max(hours, 1)) % {
        "hours": max(hours, 1)
    }


WAITING = {"HOLD", "ESCALATE", "ASSIST"}


def _alike(parts: list[Mapping[str, Any]], *keys: str) -> list[tuple[list[int], Mapping[str, Any]]]:
    """Parts that read the same, as one: their places together with the first of them."""
    keys = keys or ("lines", "entitled", "fee")
    found: dict[str, tuple[list[int], Mapping[str, Any]]] = {}
    for part in parts:
        key = repr([part[name] for name in keys])
        found.setdefault(key, ([], part))[0].extend(part["places"])
    return list(found.values())


def _units(places: list[int]) -> str:
    """Units by their places, runs in short: `No. 1–3, 7`."""
    runs: list[list[int]] = []
    for place in sorted(places):
        if runs and place == runs[-1][1] + 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    shown = [str(a) if a == b else f"{a}–{b}" for a, b in runs[:8]]
    return _("No. %(places)s") % {"places": ", ".join(shown) + (" …" if len(runs) > 8 else "")}

"""How a case reads: reasons, facts, rules and arithmetic in the reader's language, for pages and for the API."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ledger.templatetags.money import yuan
from refunds.models import Refund
from refunds.states import RefundState
from rulebook import cards, explanations, versions
from rulebook import words as told
from rulebook.arithmetic import WHOLE, split
from rulebook.book import Book
from rulebook.decisions import Line
from rulebook.explanations import percent
from timeline.spans import deadline, hours, working_days

PARTIES, STATES, reason = told.PARTIES, told.STATES, told.reason


def rule(rule_id: str, version: str = "") -> str:
    """What a published rule says, in a sentence; by the version that a decision names, or the one Kamen ships with."""
    return told.rule(rule_id, book_of(version))


def book_of(version: str) -> Book:
    """The rules of a version by its number, with or without the name of its rulebook."""
    shipped = versions.shipped()
    if not version or version in (shipped.number, shipped.book.version):
        return shipped.book
    number = version if " " in version else f"{shipped.book.id} {version}"
    try:
        return versions.named(number).book
    except LookupError:  # a version that was never published decided nothing; its rules read as today's
        return shipped.book


def then(refund: Refund) -> str:
    """What happens if nobody acts."""
    if refund.waits_for_supplier:
        return _("If the supplier stays silent, it is decided as if it had failed.")
    if refund.state == RefundState.REQUESTED:
        if refund.is_paid_by_silence():
            return _("If the shop stays silent, the buyer is paid back.")
        return silence(refund)
    if refund.state == RefundState.QUESTIONED:
        return _("If the buyer does not answer, the case lapses. It can be filed again.")
    if refund.state == RefundState.BARGAINING:
        if refund.turn == "buyer":
            return _("If the buyer does not answer, the talks end and the buyer decides.")
        if refund.is_paid_by_silence():
            return _("If the shop stays silent, the buyer is paid what was asked last.")
        return silence(refund)
    if refund.state == RefundState.REPLACING:
        return _("If nothing comes, the buyer is paid back in full.")
    if refund.state == RefundState.CHECKING:
        return _("If the buyer says nothing, the replacement counts as good.")
    if refund.state == RefundState.DECLINED:
        if refund.offers.filter(fate="open", is_unconditional=True).exists():
            return _("If the buyer does nothing, the shop's offer is paid.")
        return _("If the buyer does nothing, the case ends without money.")
    return _("If it has not arrived by then, finance is alarmed.")


def silence(refund: Refund) -> str:
    """What the shop's silence comes to where it pays nothing: the rules owe nothing (R52), or the platform decides."""
    if refund.is_left_to_the_buyer():
        return _("If the shop stays silent, the buyer decides.")
    return _("If the shop stays silent, the platform decides.")


def lines(decision: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The arithmetic of a recorded decision, sentence by sentence; groups of units that come to the same are one."""
    parts = _alike(decision["parts"])
    found = []
    for places, part in parts:
        count = len(places)
        prefix = "" if len(parts) == 1 and count == 1 else _units(places) + _(": ")
        steps = [Line(code, rule_id, tuple(numbers.items())) for code, rule_id, numbers in part["lines"]]
        for line, amount in zip(steps, cards.sums(steps, part["decision"]), strict=True):
            found.append(
                {
                    "text": prefix + explanations.sentence(line),
                    "rule": line.rule,
                    "amount": None if amount is None else amount * count,
                }
            )
        if before := _gone_before(part) * count:
            has_sum = part["decision"] not in cards.NO_SUMS
            text = prefix + _("Of this, %(sum)s went back already, in an earlier case.") % {"sum": yuan(before)}
            found.append({"text": text, "rule": "", "amount": -before if has_sum else None})
    return found


def _gone_before(part: Mapping[str, Any]) -> int:
    """What the rules give for one unit and cannot go back any more, because it did in an earlier case; in fen."""
    return max(part.get("refund", 0) - part["entitled"], 0)


def payers(decision: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Who carries a recorded decision before any recourse, compensation included."""
    sums: dict[str, int] = {}
    for part in decision["parts"]:
        count = len(part["places"])
        for party, amount in _carried(part).items():
            sums[party] = sums.get(party, 0) + amount * count
        if part["comp"]:
            sums[part["comp_payer"]] = sums.get(part["comp_payer"], 0) + part["comp"] * count
    whole = sum(sums.values())
    return [
        {"name": PARTIES[party], "share": percent(amount * WHOLE // whole), "amount": amount}
        for party, amount in sums.items()
        if amount
    ]


def _carried(part: Mapping[str, Any]) -> Mapping[str, int]:
    """What each party carries of what goes back for one unit now, in fen."""
    whole = part["payers"]
    return split(part["entitled"], whole) if whole and _gone_before(part) else whole


def rules(decision: Mapping[str, Any]) -> list[dict[str, str]]:
    """The rules behind a recorded decision, and the law behind them."""
    ids = dict.fromkeys(rule_id for part in decision["parts"] for rule_id in part["rule"])
    laws = dict.fromkeys(source for part in decision["parts"] for source in part["basis"])
    version = decision["version"]
    return [{"id": rule_id, "text": rule(rule_id, version)} for rule_id in ids] + [
        {"id": _("law"), "text": explanations.source(source)} for source in laws
    ]


def outcome(decision: Mapping[str, Any]) -> str:
    """What the rules say, in one sentence."""
    if any(part["route"] == "HUMAN" or part["decision"] in WAITING for part in decision["parts"]):
        return _("The rules leave the sum to people. This is what can be asked at most.")
    if not decision["figure"] and decision["compensation"]:
        return _("By the rules the price stays as it is, and %(sum)s of compensation is due.") % {
            "sum": yuan(decision["compensation"])
        }
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
        rows.append((_("Time since delivery"), _hours(known["hours_since_delivery"])))
    if "hours_since_reveal" in known:
        rows.append((_("Time since it was first looked at"), _hours(known["hours_since_reveal"])))
    return rows


def _hours(hours: int) -> str:
    return ngettext("%(hours)s hour at most", "%(hours)s hours at most", max(hours, 1)) % {"hours": max(hours, 1)}


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


def beside(code: str) -> str:
    """Why something went back beside a case, on its credit note."""
    return {
        "called_off": _("Called off before it was delivered"),
        "by_the_channel": _("Paid back by the channel on its own account"),
        "on_top": _("Given on top of what was paid back before"),
        "owed": _("Owed since an earlier decision, for which nobody had the money then"),
        "returned": _("A charge that came twice, too late or with another sum"),
    }[code]


def roads(refund: Refund, *, today: datetime) -> list[dict[str, Any]]:
    """The roads outside that stay open when a case is over, each with its dates.

    12315: within three years of when the buyer knew, accepted or not within seven working days
    (市场监督管理投诉举报处理暂行办法 14, 15). Court: three years (民法典 188), at home for delivery by network
    (民诉法解释 20). Channel: a complaint in its own app, closed within 72 hours.
    """
    limit = timezone.localtime(refund.opened_at)
    last = limit.replace(year=limit.year + 3, day=min(limit.day, 28) if limit.month == 2 else limit.day)
    return [
        {
            "name": _("12315, the consumer complaint platform"),
            "url": "https://www.12315.cn/",
            "until": last,
            "then": deadline(working_days(7), today),
            "means": _("It says within seven working days whether it takes the complaint; filed today, that is by"),
        },
        {
            "name": _("a people's court"),
            "url": "",
            "until": last,
            "then": None,
            "means": _("Three years from when you knew; for goods delivered over the network also at your own home."),
        },
        {
            "name": _("the payment channel that took your money"),
            "url": "",
            "until": None,
            "then": deadline(hours(72), today),
            "means": _("A complaint in its own app is closed within 72 hours; filed today, that is by"),
        },
    ]

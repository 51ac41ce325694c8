"""What the buyer states of a claim, beside what our records know: asked for by name, marked as claimed, never proof.

Which facts change the answer for a reason is the calculator's knowledge; asked is only what a buyer can know and our
records do not. A stated fact may raise or lower the figure that the shop is asked for, but nothing is paid at once for
it: the engine calls what rests on it claimed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from orders.facts import Known
from refunds import reasons
from rulebook import calculator, collected
from rulebook.book import Book
from rulebook.claims import PARTS, Claim, FactValue, InvalidClaim
from timeline.spans import SHANGHAI

#: Facts that a buyer can know; all others are for our records, the shop, the supplier or people to say.
BUYER_KNOWS = frozenset(
    {
        *("promised_units", "delivered_units", "promised_face", "actual_face", "consumed", "total", "deviation_bp"),
        *("should_pay_fen", "duplicate_fen", "cause", "proven_topup_fen", "age", "month_total_fen", "own_income"),
    }
)
#: What a buyer wants is no claim about the world: their word is all the proof there is.
WISHES = frozenset({"choice"})
#: For these reasons the wish changes the figure. A code that is issued anew is asked for as a remedy, not as a fact.
WISHED_FOR = frozenset({"LATE_DELIVERY"})
#: Who caused it is for people to weigh, but whether one ordered twice oneself a buyer knows.
CAUSE_KNOWN = frozenset({"DUPLICATE_TOPUP"})
#: How much the words of somebody else's system may come to.
LONGEST_CODE = 120


@dataclass(frozen=True)
class Told:
    """What the buyer stated: facts under their fixed names, the other system's error, and the day it happened on."""

    facts: Mapping[str, FactValue] = field(default_factory=dict)
    error_code: str = ""
    happened_on: date | None = None

    def __bool__(self) -> bool:
        return bool(self.facts or self.error_code or self.happened_on)

    @property
    def happened_at(self) -> datetime | None:
        """The end of that day in the mall's zone: what is not known is read for the buyer."""
        return datetime.combine(self.happened_on, time(23, 59), tzinfo=SHANGHAI) if self.happened_on else None

    def stored(self) -> dict[str, Any]:
        """As it is kept with a draft and with a case."""
        day = self.happened_on.isoformat() if self.happened_on else ""
        return {"facts": dict(self.facts), "error_code": self.error_code, "happened_on": day}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """What was kept."""
        day = stored.get("happened_on") or ""
        return cls(
            dict(stored.get("facts", {})), stored.get("error_code", ""), date.fromisoformat(day) if day else None
        )


NOTHING = Told()


def questions(reason: str, kind: str, known: Iterable[Known], book: Book) -> list[str]:
    """The names of the facts that a buyer is asked for, in the order of the form; nothing that our records say."""
    found: dict[str, None] = {}
    for each in known:
        on_record = collected.collect(each.records)
        for name in calculator.asked(book.reasons[reason], kind, each.state):
            if name not in on_record and _is_asked(name, reason):
                found[name] = None
    return [name for name in calculator.QUESTIONS if name in found]


def _is_asked(name: str, reason: str) -> bool:
    if name in WISHES:
        return reason in WISHED_FOR
    return name in BUYER_KNOWS and (name != "cause" or reason in CAUSE_KNOWN)


def readable(stated: Mapping[str, Any], reason: str) -> dict[str, FactValue]:
    """Stated facts as the rulebook takes them; `ValidationError` names what is not asked for or cannot be."""
    found = {name: value for name, value in stated.items() if value is not None and value != ""}
    for name in found:
        if not _is_asked(name, reason):
            raise ValidationError({name: ValidationError(_("This is not asked for here."), code="not_asked")})
    try:
        Claim(kind="POINT_CARD", reason=reason, state="USED", level="M0", paid=1, facts=found)
    except InvalidClaim as error:
        name = error.path.removeprefix("facts.").partition(".")[0]
        raise ValidationError({name: ValidationError(IMPOSSIBLE, code=error.code)}) from None
    return found


#: Which fact is a part of which.
PARTS_OF = (*PARTS, ("actual_face", "promised_face"))
IMPOSSIBLE = _("This cannot be: a part is never more than the whole, and the whole is at least 1.")


def with_words(known: Known, stated: Mapping[str, FactValue]) -> Known:
    """What is known of a unit together with what the buyer states; a record always wins over a word."""
    if not stated:
        return known
    on_record = collected.collect(known.records)
    wishes = {name: value for name, value in stated.items() if name in WISHES}
    claimed = {name: value for name, value in stated.items() if name not in WISHES and name not in on_record}
    records = replace(
        known.records,
        known={**known.records.known, **wishes},
        claimed={**known.records.claimed, **_fitting(claimed, on_record)},
    )
    return Known(records, known.seen_at)


def _fitting(claimed: Mapping[str, FactValue], on_record: Mapping[str, FactValue]) -> dict[str, FactValue]:
    """A claimed part is never more than the whole that our records know."""
    found = dict(claimed)
    for part, whole in PARTS_OF:
        most = on_record.get(whole)
        if part in found and isinstance(most, int) and isinstance(found[part], int):
            found[part] = min(int(found[part]), most)  # type: ignore[arg-type]
    return found


def needs_error_code(reason: str) -> bool:
    """Whether what the other side's system answered is asked for by itself."""
    return reason in reasons.ERROR_CODE

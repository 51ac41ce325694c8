"""What is promised of each kind in figures instead of adjectives: a typed schema, its checks, and its words.

Every promise is a whole number with a unit and bounds, or one of a few words. It stands on the listing, is kept in the
order's snapshot, and is what a claim of “not as described” is measured against. Whatever has no measure is no promise.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from shops.models import Kind, Listing

Label = str | Promise


@dataclass(frozen=True)
class Pledge:
    """One promise: a number from `least` to `most` of `unit`, or one of `choices`.

    `is_needed`: nothing of this kind goes on sale without it.
    """

    name: str
    label: Label
    unit: Label = ""
    least: int = 1
    most: int = 3_650
    choices: Mapping[str, Label] | None = None
    is_needed: bool = False

    def read(self, value: Any) -> int | str:
        """The value as it is stored, or `ValidationError`."""
        if self.choices is not None:
            if value not in self.choices:
                raise ValidationError(_("Choose one of the words."), code="invalid_choice")
            return str(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError(_("Write a whole number."), code="not_a_number")
        if not self.least <= value <= self.most:
            raise ValidationError(
                _("From %(least)s to %(most)s."),
                code="out_of_range",
                params={"least": self.least, "most": self.most},
            )
        return value

    def shown(self, value: Any) -> str:
        """The value as people read it: “30 days”."""
        if self.choices is not None:
            return str(self.choices.get(value, value))
        return str(format_lazy("{} {}", value, self.unit)) if self.unit else str(value)


DAYS, MINUTES = _("days"), _("minutes")
VALID = Pledge("valid_days", _("Can be used for at least"), DAYS)
MEASURES = {
    "hours": _("hours of work"),
    "levels": _("levels"),
    "matches": _("matches won"),
    "pieces": _("pieces"),
    "points": _("points"),
}

SCHEMA: Mapping[str, tuple[Pledge, ...]] = {
    Kind.POINT_CARD: (
        VALID,
        Pledge("per_account", _("Usable for one account at most"), _("times"), most=1_000),
    ),
    Kind.ACTIVATION_CODE: (
        Pledge("term_days", _("Runs after activation for"), DAYS),
        VALID,
        Pledge("devices", _("On so many devices"), most=1_000),
    ),
    Kind.DIRECT_TOPUP: (Pledge("credited_minutes", _("Credited after handing in within"), MINUTES, most=4_320),),
    Kind.MEMBERSHIP: (
        Pledge("term_days", _("Runs for"), DAYS, is_needed=True),
        Pledge(
            "on",
            _("Switched on for"),
            choices={"own": _("the buyer's own account"), "shared": _("an account that is shared")},
        ),
        Pledge("renewal", _("At the end"), choices={"none": _("it ends"), "shop": _("the shop renews it once")}),
    ),
    Kind.GAME_ACCOUNT: (
        Pledge("level", _("Level of the account"), least=0, most=100_000),
        Pledge("bound", _("Bound to"), choices={"nobody": _("nobody"), "buyer": _("rebound to the buyer on delivery")}),
        Pledge("age_days", _("Made at least so long ago"), DAYS, least=0, most=10_000),
    ),
    Kind.CUSTOM_SERVICE: (
        Pledge("amount", _("How much is done"), most=1_000_000, is_needed=True),
        Pledge("measure", _("Measured in"), choices=MEASURES, is_needed=True),
        Pledge("begins_minutes", _("Begins within"), MINUTES, most=4_320),
        Pledge("rounds", _("Changes included"), _("times"), least=0, most=100),
    ),
}


def read(kind: str, said: Mapping[str, Any]) -> dict[str, int | str]:
    """What a shop promises of this kind, as it is stored; empty answers are left out.

    `ValidationError` on `promises` names each that cannot be.
    """
    known = {pledge.name: pledge for pledge in SCHEMA[kind]}
    wrong: list[ValidationError] = []
    found: dict[str, int | str] = {}
    for name, value in said.items():
        if value in (None, ""):
            continue
        if name not in known:
            wrong.append(
                ValidationError(_("Nothing of this kind promises “%(name)s”.") % {"name": name}, code="unknown")
            )
            continue
        try:
            found[name] = known[name].read(value)
        except ValidationError as error:
            sentence = _("%(label)s: %(wrong)s") % {"label": known[name].label, "wrong": error.messages[0]}
            wrong.append(ValidationError(sentence, code=error.code))
    if wrong:
        raise ValidationError({"promises": wrong})
    return {pledge.name: found[pledge.name] for pledge in SCHEMA[kind] if pledge.name in found}


def lacking(listing: Listing) -> list[Label]:
    """What must be promised in figures before this goes on sale, and is not."""
    return [each.label for each in SCHEMA[listing.kind] if each.is_needed and each.name not in listing.promises]


def told(kind: str, promises: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each promise with its label and its figure, in the reader's language; also those of an old snapshot."""
    for pledge in SCHEMA.get(kind, ()):
        if pledge.name in promises:
            yield str(pledge.label), pledge.shown(promises[pledge.name])


def warranty(days: int) -> str:
    """The pledge to answer longer, in a sentence; nothing where there is none."""
    return gettext("The shop answers for it for %(days)s days after delivery.") % {"days": days} if days else ""

"""What the calculator asks: which facts change the answer for a reason, a kind of goods and a state.

The engine takes any fact under its fixed name; a person should be asked only for those that matter. A test turns every
fact over in every case and sees that none that matters is missing here.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from rulebook.book import Reason
from rulebook.engine import DELAYS

CODES = frozenset({"POINT_CARD", "ACTIVATION_CODE"})
CODE_LIKE = CODES | {"MEMBERSHIP"}
UNUSED = frozenset({"UNDELIVERED", "SEALED", "REVEALED_UNUSED"})

#: Kinds a reason can be about, where these are not all.
KINDS_OF: Mapping[str, frozenset[str]] = {
    "PARTIAL_DELIVERY": CODES | {"DIRECT_TOPUP"},
    "DUPLICATE_TOPUP": frozenset({"DIRECT_TOPUP"}),
    "CODE_INVALID": CODE_LIKE,
    "CODE_ALREADY_USED": CODE_LIKE,
    "CODE_EXPIRED": CODE_LIKE,
    "CODE_REVOKED": CODE_LIKE,
    "FACE_VALUE_SHORT": frozenset({"POINT_CARD", "DIRECT_TOPUP"}),
    "REGION_MISMATCH": CODE_LIKE | {"GAME_ACCOUNT", "DIRECT_TOPUP"},
    "MEMBERSHIP_NOT_ACTIVATED": frozenset({"MEMBERSHIP"}),
    "MEMBERSHIP_INTERRUPTED": frozenset({"MEMBERSHIP"}),
    "SERVICE_SHORTFALL": frozenset({"CUSTOM_SERVICE"}),
    "ACCOUNT_RECOVERED": frozenset({"GAME_ACCOUNT"}),
    "ACCOUNT_MISMATCH": frozenset({"GAME_ACCOUNT"}),
    "ACCOUNT_BANNED_PRE": frozenset({"GAME_ACCOUNT"}),
    "ACCOUNT_BANNED_POST": frozenset({"GAME_ACCOUNT"}),
    "UPSTREAM_BAN": CODE_LIKE | {"DIRECT_TOPUP"},
    "BUYER_DEVICE": CODE_LIKE,
}
#: States that a kind is never in.
NEVER: Mapping[str, frozenset[str]] = {
    "DIRECT_TOPUP": frozenset({"SEALED", "REVEALED_UNUSED"}),
    "CUSTOM_SERVICE": frozenset({"SEALED", "REVEALED_UNUSED"}),
    "GAME_ACCOUNT": frozenset({"PARTIAL"}),
}


class Question(NamedTuple):
    """How a fact is asked for. `unit` is `yuan`, `percent`, `whole` or `yes`; words are chosen among the named ones."""

    label: Promise
    unit: str = "whole"
    help: Promise | str = ""
    words: tuple[tuple[str, Promise], ...] = ()


ALL = frozenset({"UNDELIVERED", "SEALED", "REVEALED_UNUSED", "USED", "PARTIAL"})
#: Every fact that can be asked for, in the order of the form.
QUESTIONS: Mapping[str, Question] = {
    "platform_proof": Question(gettext_lazy("Do the platform's records or the issuer prove it?"), "yes"),
    "promise_min": Question(gettext_lazy("Promised within, in minutes")),
    "elapsed_min": Question(gettext_lazy("Minutes since payment")),
    "actual_min": Question(gettext_lazy("Came after, in minutes")),
    "platform_outage": Question(
        gettext_lazy("Would it have been in time without an outage that the platform registered?"), "yes"
    ),
    "upstream_status": Question(
        gettext_lazy("What the supplier says"),
        "word",
        words=(
            ("PENDING", gettext_lazy("still working on it")),
            ("FAILED", gettext_lazy("it failed")),
        ),
    ),
    "supplier_timeout": Question(gettext_lazy("Is the supplier's time to answer over?"), "yes"),
    "submitted_upstream": Question(gettext_lazy("Has it been handed to the supplier already?"), "yes"),
    "hours_since_delivery": Question(
        gettext_lazy("Hours since it was delivered"), help=gettext_lazy("A begun hour counts.")
    ),
    "hours_since_reveal": Question(
        gettext_lazy("Hours since you looked at the code"), help=gettext_lazy("A begun hour counts.")
    ),
    "recallable": Question(gettext_lazy("Can the supplier take the code back, verified unused?"), "yes"),
    "statutory_no_reason": Question(
        gettext_lazy("Within 7 days, and you did not waive the return without a reason?"), "yes"
    ),
    "prepaid_cooling": Question(
        gettext_lazy("First purchase of a prepaid service, paid within the last 7 days?"), "yes"
    ),
    "promised_units": Question(gettext_lazy("Units bought")),
    "delivered_units": Question(gettext_lazy("Units that came")),
    "promised_face": Question(gettext_lazy("Face value promised")),
    "actual_face": Question(gettext_lazy("Face value credited")),
    "consumed": Question(
        gettext_lazy("How much is used"),
        help=gettext_lazy("Days of a term, value or milestones: in the same measure as the whole."),
    ),
    "total": Question(gettext_lazy("How much there was in all")),
    "list_price": Question(gettext_lazy("Price before any discount, in yuan"), "yuan"),
    "deviation_bp": Question(gettext_lazy("How far it fell short, in percent"), "percent"),
    "should_pay_fen": Question(gettext_lazy("Price that was promised, in yuan"), "yuan"),
    "duplicate_fen": Question(gettext_lazy("Charged or credited twice, in yuan"), "yuan"),
    "cause": Question(
        gettext_lazy("Who caused it?"),
        "word",
        words=(
            ("SUPPLY_SIDE", gettext_lazy("the shop or its supplier")),
            ("BUYER", gettext_lazy("the buyer, by ordering twice")),
            ("BUYER_CONDUCT", gettext_lazy("the buyer's own conduct")),
            ("SHARED", gettext_lazy("several")),
        ),
    ),
    "shares": Question(gettext_lazy("The buyer's share of the fault, in percent"), "share"),
    "upstream_proof": Question(
        gettext_lazy("Who redeemed it, by the issuer's record?"),
        "word",
        words=(
            ("BEFORE_REVEAL", gettext_lazy("somebody, before it was shown")),
            ("AFTER_REVEAL_BUYER_ACCOUNT", gettext_lazy("the buyer's account, after it was shown")),
            ("UNKNOWN", gettext_lazy("nobody can say")),
        ),
    ),
    "seller_evidence_expired": Question(gettext_lazy("Are the shop's 48 hours to prove it over?"), "yes"),
    "batch_bad_bp": Question(gettext_lazy("Bad codes in the same batch, in percent"), "percent"),
    "listing_stated_region": Question(gettext_lazy("Did the listing state the region?"), "yes"),
    "days_since_delivery": Question(gettext_lazy("Days since delivery")),
    "warranty_days": Question(gettext_lazy("Days of warranty the shop pledged")),
    "proven_topup_fen": Question(gettext_lazy("Proven top-ups on the account, in yuan"), "yuan"),
    "panel_finding": Question(gettext_lazy("Has a panel of people found fraud?"), "yes"),
    "age": Question(gettext_lazy("Age of who bought")),
    "month_total_fen": Question(gettext_lazy("Spent by the child this month, in yuan"), "yuan"),
    "own_income": Question(gettext_lazy("Do they live mainly on their own income?"), "yes"),
    "provider_verified": Question(gettext_lazy("Were a real-name check and limits in place?"), "yes"),
    "guardian_share_bp": Question(gettext_lazy("The family's share that a person found, in percent"), "percent"),
    "buyer_aware": Question(gettext_lazy("Did the buyer know that the goods were illegal?"), "yes"),
    "choice": Question(
        gettext_lazy("What do you prefer?"),
        "word",
        words=(("REFUND", gettext_lazy("money back")), ("REISSUE", gettext_lazy("a new code"))),
    ),
    "reissue_count": Question(gettext_lazy("How often was this code reissued already?")),
}

#: Which causes make sense for a formula.
CAUSES = {
    "FULL_OF_DUPLICATE": ("SUPPLY_SIDE", "BUYER"),
    "UPSTREAM_VALUE": ("SUPPLY_SIDE", "BUYER_CONDUCT", "SHARED"),
}
SUPPLY = frozenset({"MATRIX", "LATE", "PRORATA_TIME_COMP", "REGION_PROOF", "ADJUDICATED_RANGE"})
OWN_REASON = frozenset({"BUYER_REASON", "REGION_PROOF", "MINOR"})


def asked(reason: Reason, kind: str, state: str) -> tuple[str, ...]:
    """The names of the facts that matter, in the order of the form."""
    found = set(_asked(reason, kind, state))
    return tuple(name for name in QUESTIONS if name in found)


def _asked(reason: Reason, kind: str, state: str) -> Iterator[str]:
    formula = reason.formula
    yield from OF_FORMULA.get(formula, ())
    if reason.instant:
        yield "platform_proof"
    if reason.code in DELAYS:
        yield "platform_outage"
    if state == "UNDELIVERED" and reason.default_class in ("SELLER", "PLATFORM") and formula in SUPPLY:
        yield from ("promise_min", "elapsed_min")
    if state == "PARTIAL" and (formula in SUPPLY or formula in ("FORCE_MAJEURE", "UPSTREAM_VALUE", "MINOR", "ILLEGAL")):
        yield from ("consumed", "total")
    if formula in OWN_REASON or reason.code == "DUPLICATE_TOPUP":
        yield from _of_own_reasons(kind, state)
    if formula == "LATE" and state != "UNDELIVERED":
        yield from ("promise_min", "actual_min")
        if state == "SEALED":
            yield "choice"
    if formula == "FORCE_MAJEURE" and state in ("SEALED", "REVEALED_UNUSED"):
        yield "recallable"
    if formula == "UPSTREAM_VALUE" and state in ("USED", "PARTIAL"):
        yield from ("consumed", "total")
    if formula == "PRORATA_TIME_COMP" and state in ("USED", "PARTIAL"):
        yield from ("consumed", "total")
    if reason.instant and kind == "DIRECT_TOPUP":
        yield from ("upstream_status", "supplier_timeout")
    if reason.code == "DUPLICATE_TOPUP":
        yield "cause"
    if reason.code == "CODE_INVALID":
        yield "reissue_count"
        if state != "USED":
            yield "choice"


def _of_own_reasons(kind: str, state: str) -> Iterator[str]:
    if state == "SEALED":
        yield "hours_since_delivery"
        if kind in CODE_LIKE:
            yield "statutory_no_reason"
    elif state == "REVEALED_UNUSED" and kind in CODE_LIKE:
        yield from ("recallable", "hours_since_reveal")
    elif state == "UNDELIVERED" and kind == "DIRECT_TOPUP":
        yield "submitted_upstream"
    elif state == "PARTIAL" and kind in ("MEMBERSHIP", "CUSTOM_SERVICE"):
        yield from ("consumed", "total")
        if kind == "MEMBERSHIP":
            yield from ("prepaid_cooling", "list_price")


OF_FORMULA: Mapping[str, tuple[str, ...]] = {
    "PRORATA_UNITS": ("promised_units", "delivered_units"),
    "SHORTFALL_FACE": ("promised_face", "actual_face"),
    "SHORTFALL_SERVICE": ("deviation_bp",),
    "PRICE_DIFF": ("should_pay_fen",),
    "FULL_OF_DUPLICATE": ("duplicate_fen",),
    "CODE_USED_PROOF": ("upstream_proof", "seller_evidence_expired", "batch_bad_bp"),
    "REGION_PROOF": ("listing_stated_region",),
    "ACCOUNT_RECOVERED": ("days_since_delivery", "warranty_days", "proven_topup_fen"),
    "UPSTREAM_VALUE": ("cause", "shares"),
    "FRAUD": ("panel_finding",),
    "MINOR": ("age", "month_total_fen", "own_income", "provider_verified", "guardian_share_bp"),
    "ILLEGAL": ("buyer_aware",),
}

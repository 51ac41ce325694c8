"""Why it comes to this, in words: each line of a decision's arithmetic as one sentence in the reader's language.

Lines are stored as codes and numbers, so that a decision can be read years later, by anybody, in either language.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.templatetags.money import yuan
from rulebook.decisions import Decision, Line

#: By the code of the line.
SENTENCES: Mapping[str, Promise] = {
    "ALL_BACK": _("Everything that was paid goes back: %(paid_fen)s."),
    "SHARE_BACK": _(
        "%(back_bp)s of %(paid_fen)s goes back; the rest, %(kept_fen)s, is rounded down. Refund: %(refund_fen)s."
    ),
    "NOTHING_BACK": _("For a unit in this state, this row of the rules gives no money back."),
    "REMAINDER": _(
        "%(consumed)s of %(total)s is used: that part of %(paid_fen)s is %(used_fen)s, rounded down. "
        "What is left: %(refund_fen)s."
    ),
    "COOLING_OFF": _(
        "Statutory cooling-off: %(consumed)s of %(total)s is used, at the price before discount (%(list_fen)s) "
        "that is %(used_fen)s, rounded down. %(paid_fen)s less that: %(refund_fen)s."
    ),
    "FEE": _("Fee: %(fee_bp)s of %(refundable_fen)s, rounded down and at most %(cap_fen)s: %(fee_fen)s."),
    "FEE_ON_REMAINDER": _("For stopping early, %(fee_bp)s of the rest (%(refundable_fen)s) stays: %(fee_fen)s."),
    "INSIDE_WINDOW": _("Asked after %(hours)s hours; at this membership level the window is %(window_h)s hours."),
    "OUTSIDE_WINDOW": _("Asked after %(hours)s hours; at this membership level the window was %(window_h)s hours."),
    "NO_WINDOW": _("At this membership level, opened codes cannot be handed back."),
    "WITHIN_GRACE": _(
        "Promised within %(promise_min)s minutes, delivered after %(taken_min)s: "
        "inside the %(grace_min)s minutes of grace, so no promise was broken."
    ),
    "DELAY_OF_PLATFORM": _(
        "Without a registered outage of the platform it would have been in time: the platform answers, not the shop."
    ),
    "KEPT": _("The goods came late and are kept: there is compensation, but no refund."),
    "LATE_BAND": _(
        "Promised within %(promise_min)s minutes, %(delay_min)s minutes late (grace %(grace_min)s): "
        "compensation is %(comp_bp)s of %(paid_fen)s, rounded up, at least %(least_fen)s, at most %(cap_fen)s "
        "and never more than was paid: %(comp_fen)s."
    ),
    "PRORATA_UNITS": _(
        "%(good)s of %(total)s units came: their price is %(kept_fen)s of %(paid_fen)s, rounded down. "
        "Refund: %(refund_fen)s."
    ),
    "SHORTFALL_FACE": _(
        "%(good)s of %(total)s face value was credited: its price is %(kept_fen)s of %(paid_fen)s, rounded down. "
        "Refund: %(refund_fen)s."
    ),
    "SHORTFALL_SERVICE": _(
        "The service is %(deviation_bp)s worse than promised: the price of %(paid_fen)s is reduced by %(reduce_bp)s. "
        "Refund: %(refund_fen)s."
    ),
    "PRICE_DIFF": _("%(paid_fen)s was paid, %(owed_fen)s was owed. The difference: %(refund_fen)s."),
    "DUPLICATE": _("%(duplicate_fen)s was charged or credited twice, for a unit of %(paid_fen)s: %(refund_fen)s."),
    "INTERRUPT_5PCT": _(
        "For the interruption, %(comp_bp)s of %(paid_fen)s on top, rounded up, at most %(cap_fen)s: %(comp_fen)s."
    ),
    "SECOND_FAILURE": _(
        "The reissued code failed again: %(comp_bp)s of %(paid_fen)s on top, rounded up, at most %(cap_fen)s: "
        "%(comp_fen)s."
    ),
    "REISSUE_2H": _("A new code comes within two hours, as chosen; no money moves."),
    "CODE_USED_BEFORE_REVEAL": _(
        "The supplier's record shows the code redeemed before it was shown to the buyer: %(paid_fen)s goes back."
    ),
    "CODE_USED_BY_BUYER": _(
        "The supplier's record shows the code redeemed after it was shown, to the buyer's own account."
    ),
    "WAIT_SELLER_EVIDENCE_48H": _("Nobody knows yet who redeemed the code. The seller has 48 hours to prove it."),
    "SELLER_BURDEN": _(
        "The seller has to prove that the code was good, and has not: the 48 hours are over, or the batch is bad "
        "(%(batch_bad_bp)s bad codes known; %(burden_bp)s is enough). %(paid_fen)s goes back."
    ),
    "CODE_REVOKED": _("The code was taken back after it was activated: %(paid_fen)s goes back although it was used."),
    "REGION_NOT_STATED": _("The listing did not state the region lock: the seller answers for it."),
    "REGION_STATED": _(
        "The listing stated the region lock before the purchase: this counts as a mistake of the buyer."
    ),
    "RANGE": _(
        "Used goods that are not as described: a person weighs how much goes back. "
        "The hint is %(hint_bp)s of %(paid_fen)s: %(suggest_fen)s."
    ),
    "WARRANTY_OVER": _(
        "Day %(days)s after delivery; the warranty was %(warranty_days)s days. A person decides, and the seller pays."
    ),
    "ACCOUNT_LOSS": _(
        "Day %(days)s of %(warranty_days)s days of warranty. Proven top-ups of %(proven_fen)s are compensated "
        "with at least %(least_fen)s and at most %(cap_fen)s: %(comp_fen)s."
    ),
    "BUYER_CONDUCT": _("The ban came from the buyer's own conduct after delivery."),
    "TROUBLESHOOT_FIRST": _("This looks like a matter of the device: support helps first."),
    "UPSTREAM_VALUE": _(
        "%(consumed)s of %(total)s was used before the loss: that part of %(paid_fen)s is %(used_fen)s, rounded down. "
        "Value lost: %(refund_fen)s."
    ),
    "UPSTREAM_BUYER_CONDUCT": _("The supplier acted because of the buyer's own conduct."),
    "SHARED": _(
        "Several caused the loss of %(lost_fen)s. The buyer's share is %(buyer_bp)s: %(deducted_fen)s, rounded down. "
        "Refund: %(refund_fen)s, carried by the others in proportion to their shares."
    ),
    "FRAUD_55": _(
        "A panel found fraud: %(paid_fen)s goes back, and %(multiple)s times the price on top, at least %(floor_fen)s: "
        "%(comp_fen)s."
    ),
    "FRAUD_NEEDS_PANEL": _(
        "Only a panel of people can find fraud. If it does: %(paid_fen)s back, and %(multiple)s times the price on "
        "top, at least %(floor_fen)s: %(comp_fen)s."
    ),
    "MINOR_VALID_CONTRACT": _(
        "At the age of %(age)s, a purchase of %(paid_fen)s is valid by itself: the rules for a change of mind apply."
    ),
    "MINOR_VOID_UNUSED": _("Bought at the age of %(age)s and not used: %(paid_fen)s goes back."),
    "MINOR_PARTIAL": _(
        "Bought at the age of %(age)s and partly used (%(used_fen)s of %(paid_fen)s). The family carries %(family_bp)s "
        "of the used part: %(family_fen)s, rounded down. Refund: %(refund_fen)s."
    ),
    "MINOR_PROVIDER_FAULT_100": _(
        "Bought at the age of %(age)s, and no real-name check or limit is shown: everything goes back, %(refund_fen)s."
    ),
    "MINOR_SHARED_FAULT": _(
        "Bought at the age of %(age)s and used, although checks were in place: the family carries %(family_bp)s of "
        "%(paid_fen)s, %(family_fen)s, rounded down. Refund: %(refund_fen)s."
    ),
    "UNAUTH_INTERCEPTED": _("Somebody else paid, and nothing was opened yet: %(paid_fen)s goes back after a check."),
    "UNAUTH_HOLD_REFER": _(
        "Somebody else may have paid, and the goods were opened: the money is held while the payment channel or the "
        "police look into it."
    ),
    "ILLEGAL_VOID_RETURN": _("The sale of illegal goods is void: %(paid_fen)s goes back."),
    "ILLEGAL_AWARE_PARTIAL": _(
        "The buyer knew: %(consumed)s of %(total)s is used, %(used_fen)s of %(paid_fen)s. "
        "Only the rest goes back: %(refund_fen)s."
    ),
    "ILLEGAL_AWARE_USED": _("The buyer knew that the goods were illegal, and used them."),
    "WAIT_UPSTREAM": _(
        "The supplier is still working on the top-up. The money is held until its answer, so that the value does not "
        "go out twice."
    ),
    "LATER_VERSION": _(
        "Version %(later)s came later and also reaches orders placed before it where it is better for the buyer: it"
        " gives %(later_fen)s, version %(pinned)s, under which the order was placed, gives %(pinned_fen)s."
    ),
    "FACT_MISSING": _("Nobody knows this fact yet, and the answer depends on it: %(fact)s. A person decides."),
    "PERSON_DECIDES": _("What our records show does not settle this: a person decides by the burden of proof."),
    "STATE_NOT_VERIFIED": _("The state of the unit rests on one side's word: a person decides."),
}

#: The names of facts, as people say them.
FACTS: Mapping[str, Promise] = {
    "promise_min": _("the promised delivery time"),
    "actual_min": _("the time of delivery"),
    "promised_units": _("the number of units bought"),
    "delivered_units": _("the number of units delivered"),
    "duplicate_fen": _("the sum charged twice"),
    "actual_face": _("the face value credited"),
    "promised_face": _("the face value promised"),
    "consumed": _("how much is used"),
    "total": _("how much there was in all"),
    "deviation_bp": _("how far the service fell short"),
    "list_price": _("the price before discount"),
    "prepaid_cooling": _("whether the statutory cooling-off for prepaid services applies"),
    "hours_since_delivery": _("how long ago it was delivered"),
    "hours_since_reveal": _("how long ago the code was shown"),
    "recallable": _("whether the supplier can take the code back"),
    "statutory_no_reason": _("whether the statutory seven-day return applies"),
    "submitted_upstream": _("whether the top-up is already with the supplier"),
    "listing_stated_region": _("whether the listing stated the region lock"),
    "days_since_delivery": _("how many days ago it was delivered"),
    "cause": _("who caused it"),
    "shares": _("how the fault is shared"),
    "age": _("the age of who bought"),
    "should_pay_fen": _("the price that was owed"),
}

#: Acts of law, as `rulebook.law` names them.
ACTS: Mapping[str, Promise] = {
    "ADVERTISING": _("Advertising Law"),
    "CIVIL_CODE": _("Civil Code"),
    "CIVIL_EVIDENCE": _("Rules on Evidence in Civil Proceedings"),
    "CIVIL_PROCEDURE": _("Interpretation of the Civil Procedure Law"),
    "CONSUMER": _("Consumer Rights Protection Law"),
    "CONSUMER_REGULATION": _("Implementing Regulation of the Consumer Rights Protection Law"),
    "CONTRACTS": _("Interpretation of the General Rules on Contracts"),
    "ECOMMERCE": _("E-Commerce Law"),
    "FRAUD_PREVENTION": _("Law against Telecom and Online Fraud"),
    "MINORS_ONLINE": _("Regulations on the Protection of Minors Online"),
    "ONLINE_CONSUMPTION": _("Rules on Online Consumption Disputes (1)"),
    "PENALTIES": _("Measures on Penalties for Infringing Consumer Rights"),
    "PERSONAL_INFORMATION": _("Personal Information Protection Law"),
    "PREPAID": _("Interpretation on Prepaid Consumption"),
    "PRICES": _("Rules on Marked Prices and Price Fraud"),
}


def explain(decision: Decision) -> list[str]:
    """The whole arithmetic of a decision, sentence by sentence, in the language now active."""
    return [sentence(line) for line in decision.lines]


def sentence(line: Line) -> str:
    """One line in words; `LookupError` for a code nobody has worded."""
    return str(SENTENCES[line.code]) % {name: _shown(name, value) for name, value in line.numbers}


def source(basis: str) -> str:
    """A legal source such as `CIVIL_CODE:577` in words."""
    act, _colon, article = basis.partition(":")
    name = str(ACTS[act])
    if not article:
        return name
    return str(_("%(act)s, article %(article)s")) % {"act": name, "article": article}


def _shown(name: str, value: int | str) -> str:
    """A number as people write it, by the unit its name ends in."""
    if isinstance(value, str):
        return str(FACTS.get(value, value))
    if name.endswith("_fen"):
        return yuan(value)
    if name.endswith("_bp"):
        return percent(value)
    return str(value)


def percent(bp: int) -> str:
    """Basis points as percent: 1550 is 15.5%."""
    whole, rest = divmod(bp, 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".") + "%"

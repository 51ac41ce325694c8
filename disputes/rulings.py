"""What a ruling says and what it still lacks: shares, fen per unit, rules, findings, reasons, sources of the money.

Everything here is computed from what is in the books now; nothing is moved. Amounts are fen, shares basis points.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Sum
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from disputes import precedents
from disputes.models import PARTIES, Dispute, Evidence, FinalOffer, Owed, Ruling
from ledger.models import PayoutLeg
from ledger.states import PayoutState
from ledger.templatetags.money import yuan
from orders import escrow
from orders.models import Unit
from refunds import costs, replacing
from refunds import words as cases
from refunds.endings import platform_part_of
from refunds.models import Refund, RefundItem
from rulebook import clocks
from rulebook.words import in_words
from timeline.models import Event

WHOLE = 10_000
BOTH = 2
#: What people do not say in words of their own is stored in the first of these, and read in the reader's.
LANGUAGES = ("zh-hans", "en")
#: From this amount in dispute or award on, two people sign.
LARGE = 100_000
#: Up to this award, the buyer is paid at once and keeps it.
SMALL = 20_000
#: What follows a ruling in the cause of what it gave before it was final, so that the rest is a payment of its own.
EARLY = ":early"
#: Sources of the waterfall that are not the shop's own money of the sale.
GUARANTEES = ("reserved", "deposit", "fund")


class Weight(models.TextChoices):
    """What an item of the file weighs."""

    ACCEPTED = "accepted", _("Accepted as proof")
    PARTLY = "partly", _("Accepted in part")
    REFUSED = "refused", _("Not accepted")
    BESIDE = "beside", _("Beside the point")


#: What a ruling may lack, in words.
MISSING: dict[str, Promise] = {
    "shares": _("The shares of liability must add up to exactly 100 %."),
    "grants": _("Each unit's amount must be from zero to what can still go back for it."),
    "compensation": _("Compensation must be from zero to what the order cost."),
    "threefold": _("On top of the price, the law gives three times the price for fraud, at least ¥500 for each unit."),
    "findings": _("Say of every item of evidence what it weighs, and why where it is not accepted."),
    "rules": _("Name at least one rule that carries the decision."),
    "issues": _("Say what the sides agree on and what they do not, in 20 characters at least."),
    "replacement": _(
        "A replacement can be ordered for what was delivered and not paid back, with the sums that go back otherwise."
    ),
    "reasons": _("Give the reasons in plain words, in 20 characters at least."),
    "departs": _("The sum differs from the rulebook's figure: say why."),
    "precedents": _("The outcome is outside the range of the nearest cases: say why."),
    "last_offer": _("Both sides let you choose between their last offers only: award one of the two sums."),
}
#: Why a panel signs: the law's threefold sum rests on a finding of fraud, beyond reasonable doubt (rules 5.2).
FRAUD = "fraud"
#: Without these no sum can be worked out.
SUMS = frozenset({"shares", "grants", "compensation", "threefold"})
SHORTEST_REASONS = 20


@dataclass(frozen=True)
class Finding:
    """What one item of the file weighs, and why."""

    weight: str
    note: str = ""


@dataclass(frozen=True)
class Draft:
    """What an arbiter has written so far. `grants` are fen per unit id; units left out follow the shares."""

    shares: Mapping[str, int]
    grants: Mapping[int, int] = field(default_factory=dict)
    compensation: int = 0
    rule_ids: Sequence[str] = ()
    findings: Mapping[int, Finding] = field(default_factory=dict)
    reasons: str = ""
    departs_because: str = ""
    #: What the sides agree on and what they do not: what the findings are about.
    issues: str = ""
    #: What each side can do now; what is left empty is said in the usual words.
    next_steps: str = ""
    #: The shop delivers anew; `grants` and `compensation` are what goes back if it does not (machines: R44).
    orders_replacement: bool = False
    #: To whoever sent the version before back: what was changed, and why.
    reply: str = ""


@dataclass(frozen=True)
class Prepared:
    """A draft worked out: what each unit gets, who pays it, what is missing, and whether a second person signs."""

    grants: dict[int, int]
    compensation: int
    arithmetic: list[dict[str, Any]]
    funding: dict[str, Any]
    missing: list[str]
    departs: bool
    leaves: bool
    rulebook: int | None
    signature_because: list[str]
    platform_bp: int
    #: What of the compensation is the platform's own to pay, in fen.
    platform_compensation: int
    #: Which version of the ruling it would be.
    version: int

    @property
    def award(self) -> int:
        """What the buyer gets in all."""
        return sum(self.grants.values()) + self.compensation

    @property
    def needs_signature(self) -> bool:
        """Whether a second person signs."""
        return bool(self.signature_because)

    @property
    def needs_panel(self) -> bool:
        """Whether it finds fraud, which no single person does: two more must be of the same mind (rules 5.6, 5.9)."""
        return FRAUD in self.signature_because


def prepare(dispute: Dispute, draft: Draft) -> Prepared:
    """Work a draft out over what is in the books now. The same number of queries for 1 and 500 units."""
    refund = dispute.refund
    items = items_of(refund)
    told = _told_so_far(dispute)
    missing = _missing(draft, told["piece"])
    shares = {party: draft.shares.get(party, 0) for party in PARTIES} if "shares" not in missing else {}
    arithmetic = [_line(item, draft, shares) for item in items]
    grants = {line["unit"]: line["grant"] for line in arithmetic}
    if any(not 0 <= grants[item.unit_id] <= open_to(item) for item in items) or set(draft.grants) - set(grants):
        missing.append("grants")
    if not 0 <= draft.compensation <= most_compensation(refund, items):
        missing.append("threefold" if refund.is_threefold else "compensation")
    sums_hold = not SUMS & set(missing)
    platform_bp = platform_part(shares) if shares else 0
    given = {item.unit_id: given_already(item) for item in items}
    plan = _plan(refund, grants, given, draft.compensation, platform_bp) if sums_hold else escrow.Plan()
    rulebook = rulebook_amount(refund, items)
    award = sum(grants.values()) + draft.compensation
    departs = sums_hold and rulebook is not None and award != rulebook
    if departs and not draft.departs_because.strip():
        missing.append("departs")
    features = precedents.features_of(dispute, items)
    outcome = precedents.returned(sum(grants.values()), features.paid)
    # Rules beat precedents: whoever gives what the rules give needs no other reason, whatever was given before.
    is_by_rules = rulebook is not None and not departs
    leaves = sums_hold and not is_by_rules and precedents.near(features, besides=dispute).is_left_by(outcome)
    if leaves and not draft.departs_because.strip():
        missing.append("precedents")
    offers = told["offer"]
    if sums_hold and len(offers) == BOTH and award not in offers:
        missing.append("last_offer")
    if draft.orders_replacement and not (award and replacing.may_be_ordered(refund)):
        missing.append("replacement")
    because = {
        FRAUD: refund.is_threefold and draft.compensation > 0,
        "large": max(at_stake(refund, items), award) >= LARGE,
        "guarantees": any(plan.part(name) for name in GUARANTEES) or plan.missing > plan.missing_own,
        "platform": bool(shares.get("platform")),
        "compensation": draft.compensation > 0,
        "departs": departs,
    }
    return Prepared(
        grants=grants,
        compensation=draft.compensation,
        arithmetic=arithmetic,
        funding={
            "legs": [{"name": leg.name, "address": leg.address, "amount": leg.amount} for leg in plan.legs],
            "missing": plan.missing,
        },
        missing=missing,
        departs=departs,
        leaves=leaves,
        rulebook=rulebook,
        signature_because=[name for name, holds in because.items() if holds],
        platform_bp=platform_bp,
        platform_compensation=platform_part_of(refund, draft.compensation, platform_bp) if sums_hold else 0,
        version=max(told["version"], default=0) + 1,
    )


def items_of(refund: Refund) -> list[RefundItem]:
    """What the case says of each unit, in the units' places, with the units as they are now."""
    items = list(RefundItem.objects.filter(refund=refund).select_related("unit").order_by("unit__place"))
    dispute: Dispute | None = getattr(refund, "dispute", None)
    if dispute is not None and dispute.supplemented:
        told = Event.objects.filter(subject=dispute.address, name="dispute.supplemented").order_by("seq")
        for event in told:
            for item in items:
                item.supplemented += event.data.get("units", {}).get(str(item.unit_id), 0)
    if any(item.granted for item in items):
        rows = Owed.objects.filter(order=refund.order_id, paid_at=None).order_by("pk").values_list("units", flat=True)
        for parts in rows:
            for item in items:
                item.still_owed += parts.get(str(item.unit_id), 0)
    return items


def given_already(item: RefundItem) -> int:
    """What this very case has given back for a unit so far, in fen: early, and on top of that."""
    return (item.granted or 0) + item.supplemented


def open_to(item: RefundItem) -> int:
    """What a decision can give back for a unit in all, in fen: what is left of it and what this case gave early.

    What was given and nobody has paid yet is given, and left of the unit all the same: it counts once.
    """
    return item.unit.left + given_already(item) - item.still_owed


def at_stake(refund: Refund, items: Sequence[RefundItem]) -> int:
    """What a case is about, in fen: what is asked, or where people find the sum, all that can go back for its units."""
    return refund.asked or sum(open_to(item) for item in items)


def most_compensation(refund: Refund, items: Sequence[RefundItem]) -> int:
    """What a ruling gives on top of the price at most, in fen: what the order cost; for fraud, what the law gives."""
    if not refund.is_threefold:
        return refund.order.total
    return costs.of_fraud([item.unit for item in items], version=refund.order.rulebook_version)


def by_shares(paid: int, left: int, buyer_bp: int) -> int:
    """What goes back of a unit when the buyer carries `buyer_bp`: paid less that share of it, rounded for the buyer."""
    return min(paid - paid * buyer_bp // WHOLE, left)


def platform_part(shares: Mapping[str, int]) -> int:
    """Which part of what goes back the platform carries, in basis points of that sum, rounded for the shop."""
    not_buyer = WHOLE - shares["buyer"]
    return -(-shares["platform"] * WHOLE // not_buyer) if not_buyer else 0


def of_rulings(dispute: Dispute) -> list[str]:
    """What payouts name as their cause that a ruling gave on top of what was paid before: early, and in the end."""
    found = dispute.rulings.order_by("pk").values_list("pk", flat=True)
    return [f"ruling:{pk}{when}" for pk in found for when in ("", EARLY)]


def causes_of(refund: Refund) -> list[str]:
    """What payouts of a case name as what decided them: the case, an advance, each of its rulings, beside a balance."""
    found = [refund.address]
    if (dispute := getattr(refund, "dispute", None)) is not None:
        found += [dispute.address, *of_rulings(dispute)]
    return [*found, *(f"order:{refund.order_id}:balance:{each}" for each in found)]


def fund_gave_on_top(refund: Refund) -> int:
    """What the guarantee fund has given of this case's compensation so far, in fen: it gives ¥1,000 for a case at most.

    Compensation is filled last and the fund is asked last: of what the fund gave, it is as much as there is of it.
    """
    legs = PayoutLeg.objects.filter(payout__cause__in=causes_of(refund)).exclude(payout__state=PayoutState.VOID)
    sums = legs.aggregate(fund=Sum("amount", filter=models.Q(source="platform:fund")), all=Sum("amount"))
    principal = sum(given_already(item) for item in items_of(refund))
    return min(sums["fund"] or 0, max((sums["all"] or 0) - principal, 0))


def rulebook_amount(refund: Refund, items: Sequence[RefundItem]) -> int | None:
    """What the rulebook gives on what is asked, in fen, compensation included; nothing where it leaves it to people."""
    if refund.route == Refund.Route.HUMAN:
        return None
    return sum(by_rules(item) for item in items) + refund.compensation


def by_the_rulebook(refund: Refund, items: Sequence[RefundItem]) -> Draft:
    """The ruling that the rulebook alone would write, for when people failed to: provisional."""
    grants = {item.unit_id: by_rules(item) for item in items}
    paid = sum(item.unit.paid for item in items)
    buyer_bp = WHOLE - sum(grants.values()) * WHOLE // paid if paid else WHOLE
    faults = {part.get("fault") for part in refund.decision.get("parts", [])}
    payer = "platform" if faults == {"PLATFORM"} else "seller"
    return Draft(
        shares={**dict.fromkeys(PARTIES, 0), payer: WHOLE - buyer_bp, "buyer": buyer_bp},
        grants=grants,
        compensation=refund.compensation,
        rule_ids=rules_of(refund),
    )


def rules_of(refund: Refund) -> list[str]:
    """The rules that the rulebook used when the buyer filed, each once."""
    return list(dict.fromkeys(rule for part in refund.decision.get("parts", []) for rule in part.get("rule", [])))


def write(
    dispute: Dispute,
    draft: Draft,
    prepared: Prepared,
    *,
    by: Any,
    at: datetime,
    kind: str = Ruling.Kind.DECISION,
    ground: str = "",
    appeal: Any = None,
    is_signed: bool = False,
) -> Ruling:
    """Store the next version of the ruling with the hash of what it says.

    `is_signed` says that no second signature is asked for: a panel of three wrote it, or an outside neutral.
    """
    ruling = Ruling(
        dispute=dispute,
        kind=kind,
        ground=ground,
        appeal=appeal,
        version=prepared.version,
        shares={party: draft.shares.get(party, 0) for party in PARTIES},
        grants={str(unit): amount for unit, amount in prepared.grants.items()},
        compensation=prepared.compensation,
        rule_ids=list(draft.rule_ids),
        rulebook_version=dispute.refund.order.rulebook_version,
        findings=[
            {"evidence": pk, "weight": finding.weight, "note": finding.note}
            for pk, finding in sorted(draft.findings.items())
        ],
        issues=in_chinese(draft.issues, lambda: usual_issues(dispute)),
        reasons=draft.reasons,
        next_steps=in_chinese(draft.next_steps, lambda: usual_steps(dispute), final_steps)
        or chinese(lambda: usual_steps(dispute)),
        orders_replacement=draft.orders_replacement,
        reply=draft.reply.strip(),
        arithmetic=prepared.arithmetic,
        funding=prepared.funding,
        departs=prepared.departs,
        departs_because=draft.departs_because if prepared.departs or prepared.leaves else "",
        needs_signature=(prepared.needs_signature and not is_signed) or (prepared.needs_panel and appeal is None),
        needs_panel=prepared.needs_panel and appeal is None,
        by=by,
        at=at,
    )
    ruling.sha256 = digest(ruling)
    ruling.save(force_insert=True)
    return ruling


def digest(ruling: Ruling) -> str:
    """The hash of everything that a ruling decides and says."""
    told = {
        "dispute": ruling.dispute.number,
        "version": ruling.version,
        "shares": ruling.shares,
        "grants": ruling.grants,
        "compensation": ruling.compensation,
        "rules": ruling.rule_ids,
        "rulebook": ruling.rulebook_version,
        "findings": ruling.findings,
        "reasons": ruling.reasons,
        "departs_because": ruling.departs_because,
        "by": ruling.by_id,
        "at": ruling.at.isoformat(),
    }
    # What rulings did not say before is part of the hash where it is said: the hashes of before hold.
    later = {
        "issues": ruling.issues,
        "next_steps": ruling.next_steps,
        "orders_replacement": ruling.orders_replacement,
    }
    told |= {name: word for name, word in later.items() if word}
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def usual_issues(dispute: Dispute) -> str:
    """What most cases are about, to begin with: what nobody argues about, and the claim."""
    refund = dispute.refund
    return gettext(
        "Not in dispute: order %(order)s, its payment, what our records show.\nIn dispute: %(reason)s; %(asked)s asked."
    ) % {"order": refund.order.number, "reason": cases.reason(refund.reason), "asked": yuan(refund.asked)}


def usual_steps(dispute: Dispute) -> str:
    """What each side can do once it is served, where nobody says it in other words; dates stand on its page."""
    hours = clocks.span("APPEAL", version=dispute.refund.order.rulebook_version)
    return gettext(
        "Buyer and shop: appeal once, free of charge, on the case's page within %(time)s of being served; after that it"
        " is carried out. At any time: 12315, a people's court, or the payment channel."
    ) % {"time": in_words(hours)}


def final_steps() -> str:
    """The same of what a panel decided: the mall's own way is at its end."""
    return gettext(
        "Buyer and shop: inside the mall this is final; it is carried out now. At any time: 12315, a people's court, or"
        " the payment channel."
    )


def chinese(words: Callable[[], str]) -> str:
    """The usual words as they are stored, hashed and sealed: in Chinese, on whoever's screen they were written."""
    with translation.override(LANGUAGES[0]):
        return words()


def in_chinese(text: str, *usual: Callable[[], str]) -> str:
    """What somebody wrote, as they wrote it; where it is one of the usual texts, that one in Chinese."""
    found = next((each for each in usual if is_usual(text, each)), None)
    return text.strip() if found is None else chinese(found)


def is_usual(text: str, words: Callable[[], str]) -> bool:
    """Whether a text is one of the usual ones, in any language of the mall."""
    for language in LANGUAGES:
        with translation.override(language):
            if _lines_of(words()) == _lines_of(text):
                return True
    return False


def _lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def _told_so_far(dispute: Dispute) -> dict[str, list[int]]:
    """What is in the file so far, in one question: the pieces' keys, last offers in fen, the ruling's versions."""
    pieces = Evidence.objects.filter(dispute=dispute).values_list(models.Value("piece"), "pk")
    offers = FinalOffer.objects.filter(dispute=dispute).values_list(models.Value("offer"), "amount")
    versions = Ruling.objects.filter(dispute=dispute).values_list(models.Value("version"), "version")
    found: dict[str, list[int]] = {"piece": [], "offer": [], "version": []}
    for what, number in pieces.union(offers, versions, all=True):
        found[what].append(number)
    return found


def _missing(draft: Draft, pieces: Sequence[int]) -> list[str]:
    found = []
    shares = [draft.shares.get(party, 0) for party in PARTIES]
    if sum(shares) != WHOLE or min(shares) < 0 or set(draft.shares) - set(PARTIES):
        found.append("shares")
    judged = {pk for pk, finding in draft.findings.items() if _is_judged(finding)}
    if set(pieces) != judged:
        found.append("findings")
    if not [rule for rule in draft.rule_ids if rule.strip()]:
        found.append("rules")
    if len(draft.reasons.strip()) < SHORTEST_REASONS:
        found.append("reasons")
    if len(draft.issues.strip()) < SHORTEST_REASONS:
        found.append("issues")
    return found


def _is_judged(finding: Finding) -> bool:
    """Whether a weight is given, and the reason for it where somebody would ask."""
    needs_note = finding.weight in {Weight.PARTLY, Weight.REFUSED}
    return finding.weight in Weight.values and (bool(finding.note.strip()) or not needs_note)


def _line(item: RefundItem, draft: Draft, shares: Mapping[str, int]) -> dict[str, Any]:
    unit = item.unit
    buyer_bp = shares.get("buyer", WHOLE)
    usual = by_shares(unit.paid, open_to(item), buyer_bp)
    return {
        "unit": unit.pk,
        "place": unit.place,
        "paid": unit.paid,
        "left": open_to(item),
        "buyer_bp": buyer_bp,
        "by_shares": usual,
        "grant": draft.grants.get(unit.pk, usual),
    }


def by_rules(item: RefundItem) -> int:
    """What the rules give of what is asked for one unit, in fen."""
    return min(item.asked, item.entitled, open_to(item))


def _plan(
    refund: Refund, grants: Mapping[int, int], given: Mapping[int, int], compensation: int, platform_bp: int
) -> escrow.Plan:
    """Who pays what is not paid yet."""
    units: list[Unit] = escrow.units_of(refund.order)
    more = {unit: amount - given[unit] for unit, amount in grants.items()}
    return escrow.plan(
        refund.order,
        units,
        grants={unit: amount for unit, amount in more.items() if amount > 0},
        compensation=compensation,
        platform_bp=platform_bp,
        platform_compensation=platform_part_of(refund, compensation, platform_bp),
        is_threefold=refund.is_threefold,
        by_fund_before=fund_gave_on_top(refund) if compensation and any(given.values()) else 0,
        cause=refund.address,
    )

"""Whom an event concerns: a table of event names. Whoever did something is not told that they did it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.urls import reverse

from accounts.models import Role, StaffRole, User
from disputes.models import Dispute
from ledger.models import Payout
from notifications.models import Notification
from orders.models import Order
from refunds.models import Refund
from shops.models import MONEY, SELL, SERVE, Deposit, Listing, Payee
from timeline.machines import CLOCK_EVENTS, machines
from timeline.models import Event, Tracked
from timeline.spans import SHANGHAI


class Staff:
    """Who holds which role now, asked once and only if somebody must be told."""

    @cached_property
    def _by_role(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for role, user in StaffRole.objects.held().order_by("pk").values_list("role", "user_id"):
            found[role].append(user)
        return found

    def holding(self, role: str) -> list[int]:
        """The ids of those who hold `role`."""
        return self._by_role[role]


@dataclass(frozen=True)
class Happening:
    """An event with the thing it is about."""

    event: Event
    thing: Any
    staff: Staff

    @property
    def order(self) -> Order | None:
        """The sale it belongs to, if it belongs to one."""
        match self.thing:
            case Order():
                return self.thing
            case Refund():
                return self.thing.order
            case Dispute():
                return self.thing.refund.order
        return None

    def is_by_clock(self) -> bool:
        """Whether nobody did it."""
        return self.event.by_id is None

    def words(self) -> dict[str, Any]:
        """What a sentence may name: numbers, the shop's name, an amount in fen. Never a code, never an address."""
        due_at = self.event.data.get("due_at", "")
        shop = self.order.shop if self.order else getattr(self.thing, "shop", None)
        return {
            "number": getattr(self.thing, "number", ""),
            "order": self.order.number if self.order else "",
            "shop": shop.name if shop else "",
            "amount": _amount(self),
            "until": f"{datetime.fromisoformat(due_at).astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if due_at else "",
        }


Who = Callable[[Happening], Iterable[int | None]]
Page = Callable[[Happening], str]


@dataclass(frozen=True)
class Line:
    """One sentence to one group of people about one kind of event."""

    code: str
    who: Who
    page: Page


def notices(events: Sequence[Event]) -> list[Notification]:
    """What is to be told about `events`, in their order, with as many queries for one as for a thousand."""
    things, staff = _things(events), Staff()
    found = []
    for event in events:
        if event.subject in things:
            found += _about(Happening(event, things[event.subject], staff))
    return found


def _about(happening: Happening) -> list[Notification]:
    """One notice for each person; who is concerned twice hears the first line of the table."""
    event = happening.event
    told: dict[int, Line] = {}
    for line in TOLD[event.name]:
        for user in line.who(happening):
            if user is not None and user != event.by_id:
                told.setdefault(user, line)
    return [
        Notification(
            user_id=user,
            event=event,
            code=line.code,
            words=happening.words(),
            url=line.page(happening),
            at=event.at,
        )
        for user, line in told.items()
    ]


#: What is read along with each kind of thing.
ALONG: dict[str, list[str]] = {
    "order": ["shop"],
    "refund": ["order__shop"],
    "dispute": ["refund__order__shop"],
    "deposit": ["shop"],
    "listing": ["shop"],
    "member": ["shop"],
    "payee": ["shop"],
    "payment": [],
    "payout": [],
    "brake": [],
    "rulebook": [],
}


def _things(events: Sequence[Event]) -> dict[str, Tracked]:
    """Everything the events are about, by address: one query for each kind."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for event in events:
        kind, _, pk = event.subject.partition(":")
        wanted[kind].add(int(pk))
    found: dict[str, Tracked] = {}
    for kind, pks in wanted.items():
        things = machines[kind].model._base_manager.filter(pk__in=pks)
        if ALONG[kind]:
            things = things.select_related(*ALONG[kind])
        found.update({thing.address: thing for thing in things.order_by("pk")})
    return found


def _amount(happening: Happening) -> int:
    """The fen that the sentence is about."""
    event, thing = happening.event, happening.thing
    if event.name in {"deposit.required_changed"}:
        return int(event.data["after"])
    if isinstance(happening.event.data.get("amount"), int):
        return int(event.data["amount"])
    match thing:
        case Order():
            return thing.total
        case Refund():
            return thing.asked if thing.approved is None else thing.approved
        case Dispute():
            return thing.refund.asked
    return int(getattr(thing, "amount", 0))


# Who


def buyer(happening: Happening) -> list[int | None]:
    """Who bought."""
    return [happening.order.buyer_id] if happening.order else []


def shop(happening: Happening) -> list[int | None]:
    """Who answers for the shop in this: people of money for the deposit, those who serve buyers otherwise."""
    found = happening.order.shop if happening.order else happening.thing.shop
    what = MONEY if isinstance(happening.thing, Deposit) else SELL if isinstance(happening.thing, Listing) else SERVE
    return [found.owner_id, *found.who_may(what)]


def money_people(happening: Happening) -> list[int | None]:
    """Everybody who handles the shop's money: a new account is nothing that one of them does in silence."""
    return [happening.thing.shop.owner_id, *happening.thing.shop.who_may(MONEY)]


def withdrawing(happening: Happening) -> list[int | None]:
    """Who withdrew a shop's money that came back."""
    return payer(happening) if happening.thing.is_withdrawal() else []


def invited(happening: Happening) -> list[int | None]:
    """Who was invited to work in a shop, if they have an account; found by the address, which is shown to nobody."""
    return list(User.objects.filter(email=happening.thing.email).order_by("pk").values_list("pk", flat=True))


def owner(happening: Happening) -> list[int | None]:
    """Who owns the shop."""
    return [happening.thing.shop.owner_id]


def member(happening: Happening) -> list[int | None]:
    """Who works in the shop, or did."""
    return [happening.thing.user_id]


def payer(happening: Happening) -> list[int | None]:
    """Whose money comes in or goes out."""
    return [happening.thing.user_id]


def arbiter(happening: Happening) -> list[int | None]:
    """Who decides the dispute, if somebody does already."""
    return [happening.thing.arbiter_id]


def seniors(happening: Happening) -> list[int | None]:
    """Who may sign: whoever was asked to, else every senior but the arbiter."""
    if happening.thing.senior_id:
        return [happening.thing.senior_id]
    return [user for user in happening.staff.holding(Role.SENIOR) if user != happening.thing.arbiter_id]


def leads(happening: Happening) -> list[int | None]:
    """Who sees to it that cases go on."""
    return [*happening.staff.holding(Role.LEAD)]


def assigning_leads(happening: Happening) -> list[int | None]:
    """Who assigns a case, unless it went to an arbiter in the same breath."""
    return [] if happening.thing.arbiter_id else leads(happening)


def money_watch(happening: Happening) -> list[int | None]:
    """Who may stop the money, and who lets it go again."""
    return [*happening.staff.holding(Role.FINANCE), *happening.staff.holding(Role.RISK)]


def rule_staff(happening: Happening) -> list[int | None]:
    """Who writes and signs the rules."""
    return [*happening.staff.holding(Role.LEAD), *happening.staff.holding(Role.SENIOR)]


def second_person(happening: Happening) -> list[int | None]:
    """Who of them may sign a version: neither who wrote it nor who put it forward."""
    version = happening.thing
    return [user for user in rule_staff(happening) if user not in (version.author_id, version.proposed_by_id)]


def proposer(happening: Happening) -> list[int | None]:
    """Who put a version of the rules forward."""
    return [happening.thing.proposed_by_id]


def under_the_clock(happening: Happening) -> list[int | None]:
    """Who has to act before a clock ends, by the owner that the clock names."""
    groups: dict[str, list[Who]] = {
        "buyer": [buyer],
        "shop": [shop],
        "both": [buyer, shop],
        "arbiter": [arbiter],
        "senior": [seniors],
        "lead": [leads],
        "finance": [finance],
    }
    if happening.event.data["owner"] == "buyer" and happening.order is None:
        return payer(happening)
    return [user for group in groups.get(happening.event.data["owner"], []) for user in group(happening)]


def risk(happening: Happening) -> list[int | None]:
    """Who looks into codes and people."""
    return [*happening.staff.holding(Role.RISK)]


def finance(happening: Happening) -> list[int | None]:
    """Who watches the money leave."""
    return [*happening.staff.holding(Role.FINANCE)]


def asked_shop(happening: Happening) -> list[int | None]:
    """The shop that has to answer: not if the rules or our records answered in the same breath."""
    case = happening.thing
    return [] if case.is_predecision or case.outcome == Refund.Outcome.INSTANT else shop(happening)


def waiting_buyer(happening: Happening) -> list[int | None]:
    """The buyer whose money is on its way; on a balance it is there in the same breath, which says it all."""
    paid_by = happening.order.paid_by if happening.order else ""
    return [] if paid_by == Order.PaidBy.WALLET else buyer(happening)


def waiting_for_more(happening: Happening) -> list[int | None]:
    """The buyer of whom something is still awaited; when the last unit comes, the order's own delivery tells."""
    is_whole = happening.order is not None and happening.order.delivered_at == happening.event.at
    return [] if is_whole else buyer(happening)


def undelivered_buyer(happening: Happening) -> list[int | None]:
    """The buyer of a paid order that was cancelled because nothing came."""
    return buyer(happening) if happening.is_by_clock() else []


def undelivering_shop(happening: Happening) -> list[int | None]:
    """The shop of such an order."""
    return shop(happening) if happening.is_by_clock() else []


def topping_up(happening: Happening) -> list[int | None]:
    """Who topped up; a payment for an order is told by the order."""
    return payer(happening) if happening.thing.is_top_up() else []


def repaid(happening: Happening) -> list[int | None]:
    """Who gets money back without a refund case; a case tells it itself."""
    return [] if happening.thing.cause.startswith("refund:") else payer(happening)


def deceived_buyer(happening: Happening) -> list[int | None]:
    """The buyer, if the issuer says that the code was bad."""
    return buyer(happening) if happening.event.data.get("valid") is False else []


# Where


def order_page(happening: Happening) -> str:
    """The order's page."""
    return reverse("orders:detail", args=[happening.order.number]) if happening.order else ""


def refund_page(happening: Happening) -> str:
    """The case's page, the same for both sides."""
    found: str = happening.thing.get_absolute_url()
    return found


def dispute_page(happening: Happening) -> str:
    """The dispute's page for the two sides."""
    found: str = happening.thing.get_absolute_url()
    return found


def bench_page(happening: Happening) -> str:
    """The dispute on the workbench of staff."""
    return reverse("disputes:bench_case", args=[happening.thing.number])


def money_page(happening: Happening) -> str:
    """The page of the payment or payout."""
    found: str = happening.thing.get_absolute_url()
    return found


def brake_page(happening: Happening) -> str:
    """The payout brake."""
    return reverse("ledger:brake")


def finance_page(happening: Happening) -> str:
    """Finance's queue."""
    return reverse("ledger:queue")


def deposit_page(happening: Happening) -> str:
    """The deposit line by line."""
    return reverse("shops:deposit", args=[happening.thing.shop.slug])


def withdrawals_page(happening: Happening) -> str:
    """The shop's withdrawals."""
    return reverse("shops:withdrawals", args=[happening.thing.shop.slug])


def withdrawals_of_payout(happening: Happening) -> str:
    """The withdrawals of the shop that a payout was for."""
    payee = Payee.objects.select_related("shop").get(pk=int(happening.thing.cause.removeprefix("payee:")))
    return reverse("shops:withdrawals", args=[payee.shop.slug])


def invitations_page(happening: Happening) -> str:
    """Where somebody answers invitations."""
    return reverse("shops:invitations")


def staff_page(happening: Happening) -> str:
    """A shop's staff."""
    return reverse("shops:staff", args=[happening.thing.shop.slug])


def shop_page(happening: Happening) -> str:
    """The shop as everybody sees it."""
    return reverse("shops:detail", args=[happening.thing.shop.slug])


def intake_page(happening: Happening) -> str:
    """How a file of codes was read."""
    return reverse("shops:intake", args=[happening.thing.shop.slug, happening.event.data["intake"]])


def batch_page(happening: Happening) -> str:
    """A batch, for its shop."""
    return reverse("shops:batch", args=[happening.thing.shop.slug, happening.event.data["batch"]])


def clashes_page(happening: Happening) -> str:
    """Codes that two shops have."""
    return reverse("shops:clashes")


def version_page(happening: Happening) -> str:
    """A version of the rules, for those who write and sign it."""
    return reverse("rulebook:staff_version", args=[happening.thing.pk])


def clock_page(happening: Happening) -> str:
    """Where the one under the clock acts: staff on their bench, the sides on the page of the thing."""
    match happening.thing, happening.event.data["owner"]:
        case Dispute(), "arbiter" | "senior" | "lead":
            return bench_page(happening)
        case Deposit(), _:
            return deposit_page(happening)
        case Payout(), "finance":
            return finance_page(happening)
    return money_page(happening)


#: Things of which people are reminded before a clock ends.
REMINDED = ("order", "refund", "dispute", "payment", "payout", "deposit")

#: Who is told what about which event. A name that stands neither here nor in SILENT is a gap that a test names.
TOLD: dict[str, list[Line]] = {
    **{f"{name}.clock_reminded": [Line(f"{name}.reminder", under_the_clock, clock_page)] for name in REMINDED},
    "order.paid": [Line("order.sold", shop, order_page)],
    "order.delivered": [Line("order.delivered", buyer, order_page)],
    "order.units_delivered": [Line("order.units_delivered", waiting_for_more, order_page)],
    "order.units_called_off": [
        Line("order.units_called_off", buyer, order_page),
        Line("order.units_called_off_for_you", shop, order_page),
    ],
    "order.late": [Line("order.late", buyer, order_page), Line("order.late_by_you", shop, order_page)],
    "order.wait_chosen": [Line("order.wait_chosen", shop, order_page)],
    "order.final_answer_asked": [
        Line("order.final_answer_asked", buyer, order_page),
        Line("order.final_answer_asked", shop, order_page),
    ],
    "order.supplier_failed": [Line("order.supplier_failed", shop, order_page)],
    "order.delivered_after_all": [Line("order.delivered_after_all", shop, order_page)],
    "order.expired": [Line("order.expired", buyer, order_page)],
    "order.cancelled": [
        Line("order.undelivered", undelivered_buyer, order_page),
        Line("order.undelivered_by_you", undelivering_shop, order_page),
    ],
    "order.released": [Line("order.released", shop, order_page)],
    "order.completed": [Line("order.completed", buyer, order_page)],
    "order.units_settled": [Line("order.settled", shop, order_page)],
    "order.message_said": [
        Line("order.message", buyer, order_page),
        Line("order.message", shop, order_page),
    ],
    "order.validity_recorded": [Line("order.code_was_bad", deceived_buyer, order_page)],
    "order.waterfall_ran_dry": [Line("order.funds_missing", finance, order_page)],
    "refund.requested": [Line("refund.requested", asked_shop, refund_page)],
    "refund.approved": [
        Line("refund.approved", waiting_buyer, refund_page),
        Line("refund.approved_for_buyer", shop, refund_page),
    ],
    "refund.declined": [Line("refund.declined", buyer, refund_page)],
    "refund.disputed": [Line("refund.disputed", buyer, refund_page), Line("refund.disputed", shop, refund_page)],
    "refund.refunded": [Line("refund.refunded", buyer, refund_page)],
    "refund.withdrawn": [Line("refund.withdrawn", shop, refund_page)],
    "refund.lapsed": [Line("refund.lapsed", buyer, refund_page), Line("refund.lapsed_for_shop", shop, refund_page)],
    "refund.rejected": [Line("refund.rejected", buyer, refund_page), Line("refund.rejected", shop, refund_page)],
    "refund.alarm": [Line("refund.alarm", finance, finance_page)],
    "dispute.opened": [Line("dispute.opened", assigning_leads, bench_page)],
    "dispute.evidence": [
        Line("dispute.evidence", buyer, dispute_page),
        Line("dispute.evidence", shop, dispute_page),
        Line("dispute.assigned", arbiter, bench_page),
    ],
    "dispute.reassigned": [Line("dispute.assigned", arbiter, bench_page)],
    "dispute.evidence_submitted": [
        Line("dispute.evidence_submitted", buyer, dispute_page),
        Line("dispute.evidence_submitted", shop, dispute_page),
        Line("dispute.evidence_submitted", arbiter, bench_page),
    ],
    "dispute.sent_back": [Line("dispute.sent_back", arbiter, bench_page)],
    "dispute.signer_changed": [Line("dispute.signing", seniors, bench_page)],
    "dispute.conceded": [
        Line("dispute.conceded", buyer, dispute_page),
        Line("dispute.conceded", arbiter, bench_page),
    ],
    "dispute.alarm": [Line("dispute.alarm", leads, bench_page)],
    "dispute.payment_late": [Line("dispute.payment_late", finance, finance_page)],
    "dispute.review": [Line("dispute.review", arbiter, bench_page)],
    "dispute.signing": [Line("dispute.signing", seniors, bench_page)],
    "dispute.ruled": [
        Line("dispute.ruled", buyer, dispute_page),
        Line("dispute.ruled", shop, dispute_page),
        Line("dispute.signed", arbiter, bench_page),
    ],
    "dispute.withdrawn": [Line("dispute.withdrawn", arbiter, bench_page)],
    "payment.confirmed": [Line("payment.arrived", topping_up, money_page)],
    "payment.returned": [Line("payment.returned", payer, money_page)],
    "payout.paid": [Line("payout.paid", repaid, money_page)],
    "payout.paid_to_wallet": [Line("payout.paid_to_wallet", payer, money_page)],
    "payout.manual": [
        Line("payout.manual_for_finance", finance, finance_page),
        Line("payout.manual", payer, money_page),
    ],
    "payout.alarm": [Line("payout.alarm", finance, finance_page)],
    "payout.proposed": [Line("payout.proposed", finance, finance_page)],
    "brake.raised": [Line("brake.raised", money_watch, brake_page)],
    "brake.raised_again": [Line("brake.raised_again", money_watch, brake_page)],
    "brake.signed": [Line("brake.signed", finance, brake_page)],
    "brake.released": [Line("brake.released", money_watch, brake_page)],
    "rulebook.signing": [Line("rulebook.signing", second_person, version_page)],
    "rulebook.sent_back": [Line("rulebook.sent_back", proposer, version_page)],
    "rulebook.not_signed": [Line("rulebook.not_signed", proposer, version_page)],
    "rulebook.announced": [Line("rulebook.announced", rule_staff, version_page)],
    "rulebook.in_force": [Line("rulebook.in_force", rule_staff, version_page)],
    "rulebook.withdrawn": [Line("rulebook.withdrawn", rule_staff, version_page)],
    "order.code_not_shown": [Line("order.code_not_shown", leads, order_page)],
    "listing.codes_read": [Line("listing.codes_read", shop, intake_page)],
    "listing.batch_stopped": [Line("listing.batch_stopped", shop, batch_page)],
    "listing.codes_seen_elsewhere": [Line("listing.codes_seen_elsewhere", risk, clashes_page)],
    "member.invited": [Line("member.invited", invited, invitations_page)],
    "member.working": [Line("member.working", owner, staff_page)],
    "member.declined": [Line("member.declined", owner, staff_page)],
    "member.duty_changed": [Line("member.duty_changed", member, shop_page)],
    "member.left": [Line("member.left", member, shop_page), Line("member.left_by_itself", owner, staff_page)],
    "payee.cooling": [Line("payee.cooling", money_people, withdrawals_page)],
    "payee.usable": [Line("payee.usable", money_people, withdrawals_page)],
    "payout.void": [Line("payout.void", withdrawing, withdrawals_of_payout)],
    "deposit.partly_returned": [Line("deposit.partly_returned", shop, deposit_page)],
    "deposit.active": [Line("deposit.active", shop, deposit_page)],
    "deposit.short": [Line("deposit.short", shop, deposit_page)],
    "deposit.suspended": [Line("deposit.suspended", shop, deposit_page)],
    "deposit.returned": [Line("deposit.returned", shop, deposit_page)],
    "deposit.penalized": [Line("deposit.penalized", shop, deposit_page)],
    "deposit.required_changed": [Line("deposit.required_changed", shop, deposit_page)],
}

#: Events of which nobody is told, on purpose: the person concerned did it, or another event of the same moment says it.
SILENT: set[str] = {
    "order.placed",
    "order.confirmed",
    "order.cancel_asked",
    "order.supplier_took_on",
    "order.code_revealed",
    "order.codes_withdrawn",
    "order.file_attached",
    "order.settled",
    "order.archived",
    "order.refunded",
    "refund.predecided",
    "dispute.file_opened",
    "dispute.rested",
    "dispute.signed",
    "dispute.enforcing",
    "dispute.closed",
    "payment.awaiting",
    "payment.expired",
    "payment.not_taken",
    "payout.planned",
    "payout.sending",
    "payout.retrying",
    "payout.agreed",
    "payout.sent_again",
    "payout.put_off",
    "payee.ended",
    "deposit.unpaid",
    "deposit.paid_in",
    "deposit.closing",
    # What a clock did: the step that follows is told. Of a reminder, whoever is under the clock.
    *(
        f"{name}.{event}"
        for name in (*REMINDED, "listing", "member", "payee", "brake", "rulebook")
        for event in CLOCK_EVENTS
        if not (event == "clock_reminded" and name in REMINDED)
    ),
    # A listing has nobody but the shop that works on it.
    "listing.draft",
    "listing.edited",
    "listing.on_sale",
    "listing.resumed",
    "listing.paused",
    "listing.closed",
    "listing.stocked",
    # A draft binds nobody; what supersedes a version says so itself.
    "rulebook.draft",
    "rulebook.revised",
    "rulebook.superseded",
    "listing.codes_sent_in",
    "member.taken_back",
    "listing.codes_expired",
    "listing.batch_resumed",
    "listing.rest_term_set",
    "listing.clash_settled",
    "shop.supplier_added",
    "shop.supplier_edited",
    "shop.keys_retired",
    "shop.key_destroyed",
    # People: told when the pages of levels and roles are there.
    "level.changed",
    "role.granted",
    "role.revoked",
    "user.suspended",
    "user.suspension_lifted",
}

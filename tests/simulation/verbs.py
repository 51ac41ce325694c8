"""What people, the channel and the clock can do in the simulation: each verb of the mall by its name.

A message carries only the name of a verb, the keys of a thing and a person, and plain values, as a request would;
whoever delivers it reads everything anew. So a message can be lost, repeated or delivered tomorrow.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError

from accounts.models import User
from disputes import appeals
from disputes import lifecycle as disputes
from disputes.models import Appeal, Dispute
from ledger import gateways, outside, payments, payouts, reconciliation
from ledger.gateways import BadNotice, ChannelDown, ChannelRefused
from ledger.models import Difference, Payment, Payout
from notifications import inbox, mail
from orders import coupons, delivery, purchase
from orders import lifecycle as orders
from orders.models import Coupon, Order
from refunds import bargaining, citations, replacing
from refunds import lifecycle as refunds
from refunds.bargaining import Terms
from refunds.models import Refund
from shops import lifecycle as shops
from shops import listings, withdrawals
from shops.models import Deposit, Listing
from tests.disputes.sayings import GROUND
from tests.fixtures.cases import by_hand
from tests.fixtures.disputes import drafted
from timeline import outages, reminders, sweep, upkeep
from timeline.models import Outage, Timer, Tracked
from timeline.refusals import Refused

VISIT = delivery.Visit(address="203.0.113.9", session="s", agent="a")

#: (thing, by, at, words) → nothing. The thing was read for this call.
Run = Callable[..., Any]


@dataclass(frozen=True)
class Verb:
    """One thing that can be done to one kind of thing."""

    name: str
    model: type[Tracked]
    run: Run

    @property
    def machine(self) -> str:
        """The machine whose state counts for the coverage."""
        return self.model.machine.name


VERBS: dict[str, Verb] = {}


def of(model: type[Tracked]) -> Callable[[Run], Run]:
    """Enter a function as a verb, under its own name."""

    def enter(function: Run) -> Run:
        VERBS[function.__name__] = Verb(function.__name__, model, function)
        return function

    return enter


def perform(name: str, pk: int, by: int | None, at: datetime, words: dict[str, Any]) -> str:
    """Do it as a request would: fire what is overdue on the root, then call the verb. Returns the state it met."""
    verb = VERBS[name]
    thing = verb.model._base_manager.get(pk=pk)
    met = str(thing.state)
    sweep.fire_overdue(thing.root_address, at=at)
    person = User.objects.get(pk=by) if by else None
    verb.run(verb.model._base_manager.get(pk=pk), by=person, at=at, **words)
    return met


# The buyer


@of(Listing)
def place(listing: Listing, *, by: User, at: datetime, quantity: int) -> None:
    purchase.order_as_shown(
        listing, quantity=quantity, acknowledged=True, exempt=True, price=listing.price, by=by, at=at
    )


@of(Order)
def pay_from_wallet(order: Order, *, by: User, at: datetime) -> None:
    orders.pay_from_wallet(order, by=by, at=at)


@of(Order)
def pay_while_supply_is_down(order: Order, *, by: User, at: datetime) -> None:
    """An order for codes is paid that the shop was to hand over itself."""
    by_hand(order)
    orders.pay_from_wallet(Order.objects.get(pk=order.pk), by=by, at=at)


@of(Order)
def ask_for_charge(order: Order, *, by: User, at: datetime) -> None:
    payment = purchase.ask_for_charge(order, channel="sandbox", by=by, at=at)
    payments.open_charge(payment, title="a title")


@of(Deposit)
def top_up(deposit: Deposit, *, by: User, at: datetime, amount: int) -> None:
    """Somebody fills the own wallet; it concerns no thing that is there already."""
    payment = payments.top_up(user=by, amount=amount, channel="sandbox", at=at)
    payments.open_charge(payment, title="a title")


@of(Order)
def pay_in_parts(order: Order, *, by: User, at: datetime, part: int) -> None:
    """So many per cent of the price come from the balance, the rest by the channel."""
    payment = purchase.ask_for_charge(order, channel="sandbox", part=order.total * part // 100, by=by, at=at)
    payments.open_charge(payment, title="a title")


@of(Order)
def use_coupon(order: Order, *, by: User, at: datetime, code: str) -> None:
    coupons.use(order, code, by=by, at=at)


@of(Order)
def drop_coupon(order: Order, *, by: User, at: datetime, bearer: str) -> None:
    coupons.drop(order, bearer, by=by, at=at)


@of(Order)
def cancel(order: Order, *, by: User, at: datetime) -> None:
    orders.cancel(order, by=by, at=at)


@of(Order)
def confirm(order: Order, *, by: User, at: datetime) -> None:
    orders.confirm(order, by=by, at=at)


@of(Order)
def reveal(order: Order, *, by: User, at: datetime, place: int) -> None:
    unit = order.units.filter(place=place).first()
    if unit is not None:
        delivery.reveal(unit, by=by, at=at, visit=VISIT)


@of(Order)
def record_validity(order: Order, *, by: User | None, at: datetime, place: int, is_valid: bool) -> None:
    unit = order.units.filter(place=place).first()
    if unit is not None and unit.card_id:
        delivery.record_validity(unit, is_valid=is_valid, source="issuer", at=at)


@of(Order)
def ask(
    order: Order, *, by: User, at: datetime, places: list[int], reason: str, share: int, prefers: str = "money"
) -> None:
    """`share` is how much of the figure is asked, in per cent; `prefers` may be a replacement."""
    units = list(order.units.filter(place__in=places).order_by("place"))
    found = refunds.preview(order, units, reason, buyer=by, at=at)
    amount = found.figure * share // 100
    words: dict[str, Any] = {"amount": amount, "text": "…", "expected": found.figure, "prefers": prefers}
    refunds.ask(order=order, units=units, reason=reason, by=by, at=at, **words)


@of(Refund)
def withdraw(refund: Refund, *, by: User, at: datetime) -> None:
    refunds.withdraw(refund, by=by, at=at)


@of(Refund)
def escalate(refund: Refund, *, by: User, at: datetime) -> None:
    refunds.escalate(refund, by=by, at=at)


# Both sides bargain


@of(Refund)
def offer(refund: Refund, *, by: User, at: datetime, share: int) -> None:
    """`share` is how much of what is asked is offered, in per cent."""
    bargaining.offer(refund, Terms("partial", amount=refund.asked * share // 100), by=by, at=at)


@of(Refund)
def counter(refund: Refund, *, by: User, at: datetime, share: int) -> None:
    bargaining.counter(refund, Terms("partial", amount=refund.asked * share // 100), by=by, at=at)


@of(Refund)
def take(refund: Refund, *, by: User, at: datetime) -> None:
    """Whatever offer is on the table now."""
    found = bargaining.open_offer(refund)
    bargaining.take(refund, found.number if found else 1, by=by, at=at)


# Goods are delivered anew


@of(Refund)
def promise(refund: Refund, *, by: User, at: datetime) -> None:
    replacing.promise(refund, by=by, at=at)


@of(Refund)
def replace(refund: Refund, *, by: User, at: datetime) -> None:
    replacing.replace(refund, by=by, at=at)


@of(Refund)
def cannot_supply(refund: Refund, *, by: User, at: datetime) -> None:
    replacing.cannot_supply(refund, by=by, at=at)


@of(Refund)
def confirm_replacement(refund: Refund, *, by: User, at: datetime) -> None:
    replacing.confirm_replacement(refund, by=by, at=at)


@of(Refund)
def bad_again(refund: Refund, *, by: User, at: datetime) -> None:
    replacing.bad_again(refund, by=by, at=at, text="还是不能用。")


# The shop


@of(Coupon)
def pause_coupon(coupon: Coupon, *, by: User, at: datetime) -> None:
    coupons.pause(coupon, by=by, at=at)


@of(Coupon)
def resume_coupon(coupon: Coupon, *, by: User, at: datetime) -> None:
    coupons.resume(coupon, by=by, at=at)


@of(Coupon)
def end_coupon(coupon: Coupon, *, by: User, at: datetime) -> None:
    coupons.end(coupon, by=by, at=at)


@of(Refund)
def accept(refund: Refund, *, by: User, at: datetime) -> None:
    refunds.accept(refund, by=by, at=at)


@of(Refund)
def decline(refund: Refund, *, by: User, at: datetime) -> None:
    rules = citations.applicable(refund)
    refunds.decline(refund, code="other", rule=rules[0] if rules else "MX-00", text="不同意。", by=by, at=at)


@of(Dispute)
def concede(dispute: Dispute, *, by: User, at: datetime) -> None:
    disputes.concede(dispute, by=by, at=at)


@of(Deposit)
def pay_in(deposit: Deposit, *, by: User, at: datetime, amount: int, key: str) -> None:
    shops.pay_in(deposit, amount=amount, channel="sandbox", by=by, at=at, key=key)


@of(Deposit)
def name_account(deposit: Deposit, *, by: User, at: datetime, account: str) -> None:
    withdrawals.name_account(deposit.shop, account=account, holder="模拟收款人", by=by, at=at)


@of(Deposit)
def withdraw_money(deposit: Deposit, *, by: User, at: datetime, amount: int, key: str) -> None:
    withdrawals.withdraw(deposit.shop, amount=amount, four_eyes_above=5_000, key=key, by=by, at=at)


@of(Deposit)
def close_shop(deposit: Deposit, *, by: User, at: datetime) -> None:
    shops.close(deposit, by=by, at=at)


@of(Listing)
def pause(listing: Listing, *, by: User, at: datetime) -> None:
    listings.pause(listing, by=by, at=at)


@of(Listing)
def resume(listing: Listing, *, by: User, at: datetime) -> None:
    listings.resume(listing, by=by, at=at)


# Both sides before the platform


@of(Dispute)
def submit(dispute: Dispute, *, by: User, at: datetime) -> None:
    disputes.submit(dispute, text="请看记录。", by=by, at=at)


@of(Dispute)
def rest(dispute: Dispute, *, by: User, at: datetime) -> None:
    disputes.rest(dispute, by=by, at=at)


@of(Dispute)
def withdraw_dispute(dispute: Dispute, *, by: User, at: datetime) -> None:
    disputes.withdraw(dispute, by=by, at=at)


@of(Dispute)
def appeal(dispute: Dispute, *, by: User, at: datetime) -> None:
    appeals.file(dispute, ground="rule", text=GROUND, by=by, at=at)


@of(Appeal)
def answer_appeal(appeal: Appeal, *, by: User, at: datetime) -> None:
    appeals.answer(appeal, text="裁定无误。", by=by, at=at)


@of(Appeal)
def withdraw_appeal(appeal: Appeal, *, by: User, at: datetime) -> None:
    appeals.withdraw(appeal, by=by, at=at)


# The staff


@of(Appeal)
def admit_appeal(appeal: Appeal, *, by: User, at: datetime) -> None:
    appeals.admit(appeal, by=by, at=at)


@of(Appeal)
def vote(appeal: Appeal, *, by: User, at: datetime, word: str, shares: dict[str, int]) -> None:
    appeals.vote(appeal, word=word, shares=shares, reasons=GROUND, by=by, at=at)


@of(Dispute)
def assign(dispute: Dispute, *, by: User, at: datetime, arbiter: int) -> None:
    disputes.assign(dispute, User.objects.get(pk=arbiter), by=by, at=at)


@of(Dispute)
def rule(dispute: Dispute, *, by: User, at: datetime, shares: dict[str, int], compensation: int) -> None:
    disputes.rule(dispute, drafted(dispute, shares=shares, compensation=compensation), by=by, at=at)


@of(Dispute)
def sign(dispute: Dispute, *, by: User, at: datetime, agrees: bool) -> None:
    disputes.sign(dispute, agrees=agrees, note_text="" if agrees else "请再看一遍。", by=by, at=at)


@of(Deposit)
def penalize(deposit: Deposit, *, by: User, at: datetime, amount: int, key: str) -> None:
    shops.penalize(deposit, amount=amount, reason="a reason", by=by, at=at, key=key)


@of(Deposit)
def set_required(deposit: Deposit, *, by: User | None, at: datetime, required: int) -> None:
    shops.set_required(deposit, required=required, at=at)


@of(Payout)
def retry(payout: Payout, *, by: User, at: datetime) -> None:
    payouts.retry(payout, by=by, at=at)


@of(Payout)
def pay_to_wallet(payout: Payout, *, by: User, at: datetime) -> None:
    payouts.pay_to_wallet(payout, by=by, at=at)


@of(Payout)
def void(payout: Payout, *, by: User, at: datetime) -> None:
    payouts.void(payout, by=by, at=at)


@of(Difference)
def settle_difference(difference: Difference, *, by: User, at: datetime, is_booked: bool) -> None:
    outside.settle(difference, is_booked=is_booked, reason="渠道文件已核对。", by=by, at=at)


@of(Deposit)
def register_outage(
    deposit: Deposit, *, by: User, at: datetime, scope: str, target: str, began: int, lasts: int
) -> None:
    """It began so many hours ago and lasts so many, or until somebody ends it (0). It concerns no thing by itself."""
    began_at = at - timedelta(hours=began)
    ended_at = began_at + timedelta(hours=lasts) if lasts else None
    outages.register(scope=scope, target=target, reason="模拟故障", began_at=began_at, ended_at=ended_at, by=by, at=at)


@of(Deposit)
def end_outage(deposit: Deposit, *, by: User, at: datetime) -> None:
    outage = Outage.objects.unsettled().filter(ended_at=None).order_by("pk").first()
    if outage is not None:
        outages.end(outage, ended_at=at, by=by, at=at)


# The channel


@of(Payment)
def notice(payment: Payment, *, by: User | None, at: datetime, body: str) -> None:
    """As the door for notices does it (ledger.views.notify): what is not believed changes nothing."""
    try:
        charge = gateways.find("sandbox").read_notice(path=f"/{payment.number}/", headers={}, body=body.encode())
        payments.confirm(payment, provider_txn=charge.txn, amount=charge.amount, at=at)
    except BadNotice as error:
        raise Refused("bad_notice", str(error)) from error
    except IntegrityError as error:
        raise Refused("known_notice", "…") from error


# The clock and the runners: what workers do when they are woken


def wake(what: str, *, at: datetime) -> int:
    """One wake-up call of a worker; returns how many clocks' verbs failed."""
    match what:
        case "sweep":
            return sweep.sweep(at=at).failed
        case "payouts":
            payouts.run(at=at)
        case "silent":
            payments.ask_about_the_silent(at=at)
        case "inbox":
            inbox.catch_up(at=at)
        case "remind":
            reminders.remind(at=at)
            mail.send_due(at=at)
        case "outages":
            outages.work(at=at)
            upkeep.end_long_pauses(at=at)
            upkeep.recompute_provisional(at=at)
        case "reconcile":
            reconciliation.run(at=at)
        case "deposits":
            for deposit in shops.drawn_down():
                shops.reweigh(deposit, at=at)
    return 0


WAKE_UPS = (
    *("sweep", "sweep", "sweep", "payouts", "payouts"),
    *("silent", "inbox", "remind", "outages", "deposits", "reconcile", "reconcile"),
)


def next_due() -> datetime | None:
    """When the next clock ends."""
    return Timer.objects.filter(state=Timer.State.RUNNING).order_by("due_at").values_list("due_at", flat=True).first()


#: What the mall may answer to a request: everything else is a fault of ours.
ANSWERS = (Refused, ValidationError, ChannelDown, ChannelRefused)

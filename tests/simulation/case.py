"""One case of the simulation: a seed, a virtual time, a bag of messages, people who click, power that fails.

The same seed plays the same case. Everything happens in one transaction that is rolled back at the end; what commits in
the mall is a savepoint here, and a power cut is an error at the k-th statement that rolls back to it.
"""

import json
import logging
import random
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from unittest.mock import patch

from django.db import connection, transaction

from disputes.models import PARTIES
from ledger import gateways, payouts, reconciliation
from ledger import sandbox as wall
from ledger.models import Difference, Payment, Payout
from ledger.states import PayoutState
from ledger.transfers import InsufficientBalance
from shops.models import Deposit
from tests.simulation import verbs
from tests.simulation.channel import SimulatedChannel
from tests.simulation.coverage import Tally
from tests.simulation.rules import Rules, booked_outside, deposits_paid, in_hand
from tests.simulation.world import World, start_coupons
from timeline import prepared
from timeline.models import Outage, Timer
from timeline.prepared import Kept
from timeline.refusals import Refused

#: How often people do what no button offers: any verb, to anything, by anybody.
WILD = 0.2
CUT, LOST, TWICE, LATER = 0.12, 0.08, 0.15, 0.2
#: So many statements a power cut may wait for.
LATEST_CUT = 25
#: So many rounds of workers, with time between them, until nothing moves any more.
ROUNDS = 12
REASONS = ("CODE_INVALID", "CODE_INVALID", "NOT_DELIVERED", "CHANGE_OF_MIND")


#: What people see before them: everything that has a state, whose it is, and what matters of it.
NEAR = Kept("""
    select 'order', o.id, o.state, o.buyer_id, s.owner_id, count(u.id), '' from orders_order o
      join shops_shop s on s.id = o.shop_id join orders_unit u on u.order_id = o.id group by o.id, s.id
    union all
    select 'refund', r.id, r.state, r.buyer_id, s.owner_id, 0, r.turn from refunds_refund r
      join orders_order o on o.id = r.order_id join shops_shop s on s.id = o.shop_id
    union all
    select 'dispute', d.id, d.state, r.buyer_id, s.owner_id,
           case d.state when 'signing' then d.senior_id else d.arbiter_id end, '' from disputes_dispute d
      join refunds_refund r on r.id = d.refund_id join orders_order o on o.id = r.order_id
      join shops_shop s on s.id = o.shop_id
    union all
    select 'appeal', a.id, a.state, r.buyer_id, s.owner_id, 0, a.side from disputes_appeal a
      join disputes_dispute d on d.id = a.dispute_id join refunds_refund r on r.id = d.refund_id
      join orders_order o on o.id = r.order_id join shops_shop s on s.id = o.shop_id
    union all
    select 'payment', id, state, user_id, 0, 0, number from ledger_payment
    union all
    select 'payout', id, state, user_id, 0, 0, number from ledger_payout where state = 'manual'
    union all
    select 'coupon', id, state, 0, 0, 0, code from orders_coupon
    union all
    select 'difference', id, state, 0, 0, 0, kind from ledger_difference where state = 'open'
    union all
    select 'deposit', d.id, d.state, 0, s.owner_id, 0, '' from shops_deposit d join shops_shop s on s.id = d.shop_id
    union all
    select 'listing', l.id, l.state, 0, s.owner_id, 0, '' from shops_listing l join shops_shop s on s.id = l.shop_id
    order by 1, 2
""")


@dataclass(frozen=True)
class Thing:
    """Something that people see before them. `other`: an order's units, or whose turn a dispute is."""

    kind: str
    pk: int
    state: str
    buyer: int
    seller: int
    other: int
    name: str


def near_at_hand() -> Iterator[Thing]:
    """All things of the case as they are now, in one query."""
    with connection.cursor() as cursor:
        prepared.execute(cursor, [NEAR], [])
        for row in cursor.fetchall():
            yield Thing(*row)


class PowerCut(BaseException):
    """The process died before a statement. Nobody may catch it, as nobody catches a SIGKILL."""


class Broken(AssertionError):
    """A rule does not hold, or the mall failed: the seed plays it again."""


@dataclass(frozen=True)
class Message:
    """Somebody's click, a notice of the channel, or a wake-up call (`pk` 0), on its way."""

    name: str
    pk: int = 0
    by: int | None = None
    words: dict[str, Any] = field(default_factory=dict)
    due: datetime | None = None
    place: int = 0

    def __str__(self) -> str:
        who = f" by user {self.by}" if self.by else ""
        thing = f" {verbs.VERBS[self.name].machine}:{self.pk}" if self.pk else ""
        return f"{self.name}{thing}{who} {self.words or ''}".rstrip()


def play(seed: int, world: World, rules: Rules, tally: Tally, *, tell: Callable[[str], None] | None = None) -> None:
    """Play the case of `seed`; `Broken` says what broke, after which steps."""
    outer: Any = transaction.atomic()
    outer._from_testcase = True  # it is no verb's transaction (tests/locks.py)
    logging.disable(logging.CRITICAL)
    try:
        with outer:
            rules.begin()
            case = Case(seed, world, rules, tally, tell)
            with (
                patch.object(wall, "from_settings", lambda: case.channel),
                patch.object(wall, "is_set_up", lambda: True),
            ):
                case.play()
            transaction.set_rollback(True)
    finally:
        logging.disable(logging.NOTSET)
    tally.cases += 1


class Case:
    """A case under way."""

    def __init__(self, seed: int, world: World, rules: Rules, tally: Tally, tell: Callable[[str], None] | None) -> None:
        self.seed, self.world, self.rules, self.tally, self.tell = seed, world, rules, tally, tell
        self.chance = Random(seed)
        self.now = world.at + timedelta(minutes=self.chance.randrange(30 * 24 * 60))
        self.channel = SimulatedChannel(Random(seed + 1), clock=lambda: self.now)
        self.bag: list[Message] = []
        self.told: deque[str] = deque(maxlen=40)
        self.sent = 0
        #: Codes of the coupons that run in this case, and whose they are.
        self.coupons: dict[str, int] = {}
        random.seed(seed)  # what tests/strictness.py shuffles
        with connection.cursor() as cursor:
            cursor.execute("select setseed(%s)", [self.chance.random()])

    def play(self) -> None:
        """Let things happen, then let everything heal, and look whether the books still hold."""
        if self.chance.random() < 0.4:
            self._begin_with_an_account()
        if self.chance.random() < 0.4:
            self.coupons = start_coupons(self.world, self.now)
        if self.chance.random() < 0.85:
            self._begin_with_a_sale()
            if self.chance.random() < 0.25:
                self._begin_with_a_ruling()
        for _ in range(self.chance.randint(12, 40)):
            self._let_time_pass()
            self._step()
        self._heal()

    def _begin_with_an_account(self) -> None:
        """A shop has said where its money goes, and the day for which nothing is sent there is over."""
        for thing in near_at_hand():
            if thing.kind == "deposit":
                account = {"account": "6222000011112222"}
                self._deliver(Message("name_account", thing.pk, thing.seller, account), may_fail=False)
        self.now += timedelta(hours=25)
        self._deliver(Message("sweep"), may_fail=False)

    def _begin_with_a_sale(self) -> None:
        """Most cases are about something that was bought; its codes are sometimes known to be bad."""
        buyer, listing = self.chance.choice(self.world.buyers), self.chance.choice(self.world.listings)
        self._deliver(Message("place", listing, buyer, {"quantity": self.chance.choice([1, 2])}), may_fail=False)
        for thing in near_at_hand():
            if thing.kind == "order":
                pay = "pay_from_wallet" if self.chance.random() < 0.7 else "ask_for_charge"
                self._deliver(Message(pay, thing.pk, buyer), may_fail=False)
                self._deliver(Message("reveal", thing.pk, buyer, {"place": 1}), may_fail=False)

    def _begin_with_a_ruling(self) -> None:
        """Some of them have a ruling already: what can be appealed against."""
        claim = {"places": [1], "reason": "CODE_INVALID", "share": 100}
        for thing in near_at_hand():
            if thing.kind == "order":
                self._deliver(Message("ask", thing.pk, thing.buyer, claim), may_fail=False)
        for _ in range(6):
            for thing in near_at_hand():
                if towards := self._towards_a_ruling(thing):
                    self._deliver(towards, may_fail=False)

    def _towards_a_ruling(self, thing: "Thing") -> Message | None:
        match thing.kind, thing.state:
            case "refund", "requested":
                return Message("decline", thing.pk, thing.seller)
            case "refund", "declined":
                return Message("escalate", thing.pk, thing.buyer)
            case "dispute", "evidence":
                return Message("rest", thing.pk, self.chance.choice([thing.buyer, thing.seller]))
            case "dispute", "review":
                return Message("rule", thing.pk, thing.other, self._a_ruling())
            case "dispute", "signing":
                return Message("sign", thing.pk, thing.other, {"agrees": True})
        return None

    # Steps

    def _step(self) -> None:
        waiting = [message for message in self.bag if message.due is None or message.due <= self.now]
        if waiting and self.chance.random() < 0.4:
            message = self.chance.choice(waiting)
            self.bag.remove(message)
            self._deliver(message)
            return
        if (news := self._something()) is not None:
            self._send(news)

    def _something(self) -> Message | None:
        """What happens next: somebody does something, pays at the channel, or a worker is woken."""
        if self.chance.random() < 0.15:
            return Message(self.chance.choice(verbs.WAKE_UPS))
        if self.chance.random() < WILD and (wild := self._wild()):
            return wild
        weighted = list(self._offered())
        weights = [weight for weight, _message in weighted]
        message = self.chance.choices([message for _weight, message in weighted], weights)[0]
        if message.name == "paid_back_by_the_channel":
            self._say(f"paid back by the channel itself: {self.channel.pay_back(**message.words)}")
            return None
        return self._paid(message.pk, **message.words) if message.name == "pay_at_the_channel" else message

    def _send(self, message: Message) -> None:
        """The way to the mall: now or later, once, twice or never."""
        self.sent += 1
        message = replace(message, place=self.sent)
        if self.chance.random() < TWICE:
            self.tally.faults["duplicate"] += 1
            self.bag.append(replace(message, due=self.now + self._delay()))
        if self.chance.random() < LATER:
            self.tally.faults["delay"] += 1
            self.bag.append(replace(message, due=self.now + self._delay()))
        elif self.chance.random() < LOST:
            self.tally.faults["loss"] += 1
            self._say(f"lost: {message}")
        else:
            self._deliver(message)

    def _deliver(self, message: Message, *, may_fail: bool = True) -> None:
        """The message arrives: the verb is called; the power may fail in it; then every rule is asked."""
        self.tally.steps += 1
        self.now += timedelta(milliseconds=self.chance.randint(1, 900))
        cut_at = self.chance.randint(1, LATEST_CUT) if may_fail and self.chance.random() < CUT else 0
        outcome = ""
        try:
            with power_cut(cut_at):
                self._call(message)
            self.tally.done[message.name] += 1
        except PowerCut:
            self.tally.faults["power cut"] += 1
            outcome = f" – power cut before statement {cut_at}"
            if self.chance.random() < 0.8:
                self.bag.append(replace(message, due=self.now + self._delay()))
        except Refused as refusal:
            self.tally.refused(refusal, refusal.code)
            outcome = f" – refused: {refusal.code}"
        except (*verbs.ANSWERS, InsufficientBalance) as error:
            outcome = f" – {type(error).__name__}"
        except Exception as error:
            self._say(f"{message}")
            raise self._broken([f"{type(error).__name__}: {error}\n{traceback.format_exc()}"]) from error
        self._say(f"{message}{outcome}")
        self._ask_the_rules()

    def _call(self, message: Message) -> None:
        if not message.pk:
            failed = verbs.wake(message.name, at=self.now)
            if failed:
                errors = (
                    Timer.objects.exclude(last_error="").order_by("pk").values_list("subject", "limit", "last_error")
                )
                raise self._broken([f"the verb of a clock failed: {' '.join(row)}" for row in errors])
            return
        verb = verbs.VERBS[message.name]
        state = verb.model._base_manager.filter(pk=message.pk).values_list("state", flat=True).first()
        if state is None:
            return  # the request that made it was cut off
        self.tally.pairs[f"{verb.machine}.{state}:{message.name}"] += 1
        verbs.perform(message.name, message.pk, message.by, self.now, message.words)

    def _let_time_pass(self) -> None:
        dice = self.chance.random()
        if dice < 0.1 and (due := verbs.next_due()):
            # Just before the end of a clock, at it, or just after.
            until = due + self.chance.choice([timedelta(seconds=-2), timedelta(0), timedelta(seconds=1)])
            self.now = max(self.now, until)
        elif dice < 0.2:
            self.now += self._delay()

    def _delay(self) -> timedelta:
        return self.chance.choice(
            [timedelta(seconds=3), timedelta(minutes=2), timedelta(minutes=16), timedelta(hours=5), timedelta(hours=26)]
        )

    # What people would do

    def _offered(self) -> Iterator[tuple[float, Message]]:
        """What is near at hand for somebody, with how likely it is. Keys and states only, read anew each time."""
        world, chance = self.world, self.chance
        things = list(near_at_hand())
        orders = sum(thing.kind == "order" for thing in things)
        buyer = chance.choice(world.buyers)
        quantity = {"quantity": chance.choice([1, 1, 2, 3])}
        yield (2.5 if orders < 2 else 0.15), Message("place", chance.choice(world.listings), buyer, quantity)
        for thing in things:
            yield from getattr(self, f"_to_a_{thing.kind}")(thing)
        deposits = [thing.pk for thing in things if thing.kind == "deposit"]
        yield 0.2, Message("top_up", chance.choice(deposits), buyer, {"amount": chance.choice([99, 5_000, 9_800])})

    def _to_a_order(self, order: "Thing") -> Iterator[tuple[float, Message]]:
        chance, pk, buyer = self.chance, order.pk, order.buyer
        if order.state == "placed":
            yield 2.0, Message("pay_from_wallet", pk, buyer)
            yield 0.2, Message("pay_while_supply_is_down", pk, buyer)
            yield 1.0, Message("ask_for_charge", pk, buyer)
            yield 0.4, Message("pay_in_parts", pk, buyer, {"part": chance.choice([1, 30, 99, 100])})
            yield 0.15, Message("cancel", pk, buyer)
            for code in self.coupons:
                yield 0.8, Message("use_coupon", pk, buyer, {"code": code})
            yield 0.1, Message("drop_coupon", pk, buyer, {"bearer": chance.choice(["shop", "platform"])})
        elif order.state in {"paid", "delivered", "completed", "settled"}:
            places = list(range(1, order.other + 1))
            some = chance.sample(places, chance.randint(1, len(places)))
            share = chance.choice([100, 100, 100, 40, 0, 120])
            claim = {"places": some, "reason": chance.choice(REASONS), "share": share}
            claim["prefers"] = chance.choice(["money", "money", "reissue"])
            yield 1.5, Message("ask", pk, buyer, claim)
            yield 0.9, Message("reveal", pk, buyer, {"place": chance.choice(places)})
            issuer = {"place": chance.choice(places), "is_valid": chance.random() < 0.4}
            yield 0.3, Message("record_validity", pk, None, issuer)
            if order.state == "delivered":
                yield 0.5, Message("confirm", pk, buyer)

    def _to_a_refund(self, refund: "Thing") -> Iterator[tuple[float, Message]]:
        if refund.state == "requested":
            yield 1.0, Message("accept", refund.pk, refund.seller)
            yield 2.0, Message("decline", refund.pk, refund.seller)
            yield 0.2, Message("withdraw", refund.pk, refund.buyer)
            yield 0.7, Message("offer", refund.pk, refund.seller, self._a_share())
            yield 0.8, Message(self.chance.choice(["promise", "replace"]), refund.pk, refund.seller)
        elif refund.state == "replacing":
            yield 2.0, Message("replace", refund.pk, refund.seller)
            yield 0.5, Message("cannot_supply", refund.pk, refund.seller)
        elif refund.state == "checking":
            yield 1.0, Message("confirm_replacement", refund.pk, refund.buyer)
            yield 1.0, Message("bad_again", refund.pk, refund.buyer)
        elif refund.state == "bargaining":
            mine = refund.buyer if refund.name == "buyer" else refund.seller
            yield 2.0, Message("take", refund.pk, mine)
            yield 1.0, Message("counter", refund.pk, mine, self._a_share())
            yield 0.3, Message("escalate", refund.pk, refund.buyer)
        elif refund.state == "declined":
            yield 3.0, Message("escalate", refund.pk, refund.buyer)
            yield 0.2, Message("withdraw", refund.pk, refund.buyer)
        elif refund.state == "disputed":
            yield 0.3, Message("offer", refund.pk, self.chance.choice([refund.buyer, refund.seller]), self._a_share())
            yield 0.3, Message("take", refund.pk, self.chance.choice([refund.buyer, refund.seller]))

    def _to_a_appeal(self, appeal: "Thing") -> Iterator[tuple[float, Message]]:
        chance, pk = self.chance, appeal.pk
        mine, other = (appeal.buyer, appeal.seller) if appeal.name == "buyer" else (appeal.seller, appeal.buyer)
        if appeal.state == "filed":
            yield 3.0, Message("admit_appeal", pk, self.world.staff["lead"][0])
        elif appeal.state == "answering":
            yield 3.0, Message("answer_appeal", pk, other)
        elif appeal.state == "panel":
            staff = self.world.staff
            panel = chance.choice([*staff["arbiter"], *staff["senior"], *staff["lead"]])
            word = chance.choice(["uphold", "change", "change", "remand"])
            yield 6.0, Message("vote", pk, panel, {"word": word, "shares": self._a_ruling()["shares"]})
        if appeal.state in {"filed", "answering", "panel"}:
            yield 0.2, Message("withdraw_appeal", pk, mine)

    def _to_a_dispute(self, dispute: "Thing") -> Iterator[tuple[float, Message]]:
        chance, staff, pk, buyer, seller = self.chance, self.world.staff, dispute.pk, dispute.buyer, dispute.seller
        if dispute.state in {"opened", "evidence", "review"}:
            arbiters = [*staff["arbiter"], *staff["lead"]]
            yield 0.3, Message("assign", pk, staff["lead"][0], {"arbiter": chance.choice(arbiters)})
            yield 0.4, Message("submit", pk, chance.choice([buyer, seller, staff["agent"][0]]))
            yield 0.2, Message("concede", pk, seller)
            yield 0.15, Message("withdraw_dispute", pk, buyer)
        if dispute.state == "evidence":
            yield 2.0, Message("rest", pk, buyer)
            yield 2.0, Message("rest", pk, seller)
        elif dispute.state == "review":
            yield 4.0, Message("rule", pk, dispute.other, self._a_ruling())
        elif dispute.state == "signing":
            signer = dispute.other if dispute.other in staff["senior"] else chance.choice(staff["senior"])
            yield 4.0, Message("sign", pk, signer, {"agrees": chance.random() < 0.8})
        elif dispute.state == "ruled":
            yield 0.8, Message("appeal", pk, chance.choice([buyer, seller]))

    def _to_a_payment(self, payment: "Thing") -> Iterator[tuple[float, Message]]:
        if payment.name in self.channel.announced and len(self.channel.taken) < 5:
            yield 1.0, Message("pay_at_the_channel", payment.pk, None, {"number": payment.name})
        if payment.state == "confirmed" and not self.channel.own and self.channel.charges_left(payment.name):
            yield 4.0, Message("paid_back_by_the_channel", payment.pk, None, {"number": payment.name})

    def _to_a_payout(self, payout: "Thing") -> Iterator[tuple[float, Message]]:
        finance = self.chance.choice(self.world.staff["finance"])
        yield 3.0, Message(self.chance.choice(["retry", "pay_to_wallet", "void"]), payout.pk, finance)

    def _to_a_difference(self, difference: "Thing") -> Iterator[tuple[float, Message]]:
        finance, is_booked = self.chance.choice(self.world.staff["finance"]), {"is_booked": self.chance.random() < 0.5}
        yield 1.0, Message("settle_difference", difference.pk, finance, is_booked)

    def _to_a_deposit(self, deposit: "Thing") -> Iterator[tuple[float, Message]]:
        chance, pk, amount = self.chance, deposit.pk, self.chance.choice([1_000, 20_000, 0])
        key = f"{self.seed}:{self.sent}:{pk}"
        yield 0.15, Message("pay_in", pk, deposit.seller, {"amount": amount or 5_000, "key": f"paid-in:{key}"})
        yield 0.15, Message("penalize", pk, self.world.staff["risk"][0], {"amount": amount, "key": f"penalty:{key}"})
        yield 0.1, Message("set_required", pk, None, {"required": chance.choice([20_000, 100_000, 300_000])})
        yield 0.03, Message("close_shop", pk, deposit.seller)
        account = {"account": self.chance.choice(["6222000011112222", "6222000033334444"])}
        yield 0.1, Message("name_account", pk, deposit.seller, account)
        wanted = {"amount": chance.choice([50, 3_000, 9_000]), "key": f"withdrawal:{key}"}
        yield 0.3, Message("withdraw_money", pk, deposit.seller, wanted)
        lead = self.world.staff["lead"][0]
        down = chance.choice([("platform", ""), ("channel", "sandbox"), ("shop", str(self.world.shops[0]))])
        hours = {"began": chance.choice([0, 1, 30]), "lasts": chance.choice([0, 2, 50])}
        yield 0.08, Message("register_outage", pk, lead, {"scope": down[0], "target": down[1], **hours})
        yield 0.05, Message("end_outage", pk, lead)

    def _to_a_coupon(self, coupon: "Thing") -> Iterator[tuple[float, Message]]:
        mine = self.coupons[coupon.name]
        if coupon.state == "running":
            yield 0.04, Message("pause_coupon", coupon.pk, mine)
            yield 0.03, Message("end_coupon", coupon.pk, mine)
        elif coupon.state == "paused":
            yield 0.3, Message("resume_coupon", coupon.pk, mine)

    def _to_a_listing(self, listing: "Thing") -> Iterator[tuple[float, Message]]:
        if listing.state == "on_sale":
            yield 0.05, Message("pause", listing.pk, listing.seller)
        elif listing.state == "paused":
            yield 0.6, Message("resume", listing.pk, listing.seller)

    def _a_share(self) -> dict[str, int]:
        return {"share": self.chance.choice([0, 10, 50, 80, 100, 130])}

    def _a_ruling(self) -> dict[str, Any]:
        whole = dict.fromkeys(PARTIES, 0)
        shares = self.chance.choice(
            [
                {"seller": 10_000},
                {"buyer": 10_000},
                {"seller": 6_000, "buyer": 4_000},
                {"platform": 3_333, "seller": 3_334, "buyer": 3_333},
            ]
        )
        return {"shares": {**whole, **shares}, "compensation": self.chance.choice([0, 0, 0, 500])}

    def _paid(self, pk: int, number: str) -> Message:
        """Somebody pays at the channel; its notice is on its way. Now and then somebody forges one."""
        asked = self.channel.announced[number]
        if self.chance.random() < 0.15:
            self.tally.faults["forged notice"] += 1
            forged = {"txn": f"F{self.chance.randint(1, 9)}", "number": number, "amount": asked}
            return Message("notice", pk, None, {"body": json.dumps(forged)})
        charge = self.channel.pay(number, amount=self.chance.choice([asked] * 4 + [asked + 1]))
        told = {"txn": charge.txn, "number": number, "amount": charge.amount}
        self._say(f"paid at the channel: {told}")
        return Message("notice", pk, None, {"body": json.dumps(told)})

    def _wild(self) -> Message | None:
        """Any verb, to anything of its kind, by anybody: what guards are for."""
        verb = self.chance.choice(list(verbs.VERBS.values()))
        pks = list(verb.model._base_manager.order_by("pk").values_list("pk", flat=True))
        if not pks or verb.name == "notice":
            return None
        words: dict[str, dict[str, Any]] = {
            "place": {"quantity": self.chance.choice([0, 1, 2, 7, 501])},
            "ask": {"places": self.chance.sample([1, 2, 3], 2), "reason": self.chance.choice(REASONS), "share": 100},
            "reveal": {"place": 1},
            "record_validity": {"place": 1, "is_valid": True},
            "assign": {"arbiter": self.chance.choice(self.world.everybody)},
            "rule": self._a_ruling(),
            "offer": self._a_share(),
            "counter": self._a_share(),
            "use_coupon": {"code": self.chance.choice([*self.coupons, "NONE"])},
            "drop_coupon": {"bearer": "shop"},
            "vote": {"word": "change", "shares": self._a_ruling()["shares"]},
            "pay_in_parts": {"part": self.chance.choice([0, 50, 101])},
            "sign": {"agrees": True},
            "pay_in": {"amount": 700, "key": f"wild:{self.seed}:{self.sent}"},
            "penalize": {"amount": 10**9, "key": f"wild:{self.seed}:{self.sent}"},
            "set_required": {"required": 50_000},
            "top_up": {"amount": self.chance.choice([1, 700])},
            "name_account": {"account": "x"},
            "withdraw_money": {"amount": 10**9, "key": f"wild:{self.seed}:{self.sent}"},
            "settle_difference": {"is_booked": True},
            "register_outage": {"scope": "platform", "target": "", "began": 0, "lasts": 1},
        }
        by = self.chance.choice(self.world.everybody)
        return Message(verb.name, self.chance.choice(pks), by, words.get(verb.name, {}))

    # The end

    def _heal(self) -> None:
        """No more faults: every message arrives and every worker works, until nothing moves. Then nothing may miss."""
        self.channel.is_healthy = True
        while self.bag:
            self._deliver(self.bag.pop(0), may_fail=False)
        while Outage.objects.filter(ended_at=None).exists():
            shop, lead = Deposit.objects.earliest("pk").pk, self.world.staff["lead"][0]
            self._deliver(Message("end_outage", shop, lead), may_fail=False)
        for charge in list(self.channel.taken):  # a channel goes on telling for a day
            pk = Payment.objects.values_list("pk", flat=True).filter(number=charge.number).first()
            told = {"txn": charge.txn, "number": charge.number, "amount": charge.amount}
            if pk:
                self._deliver(Message("notice", pk, None, {"body": json.dumps(told)}), may_fail=False)
        self._read_the_files()
        for _ in range(ROUNDS):
            for what in ("outages", "sweep", "payouts", "silent", "deposits", "inbox", "remind"):
                self._deliver(Message(what), may_fail=False)
            moving = Payout.objects.due(self.now + timedelta(days=2)).order_by("next_try_at").first()
            # A sweep that died holds its lease for a while, so what is overdue need not be due for the next one yet.
            if moving is None and not Timer.objects.filter(state=Timer.State.RUNNING, due_at__lte=self.now).exists():
                break
            self.now = max(self.now, moving.next_try_at or self.now) if moving else self.now + timedelta(minutes=2)
        broken = self.rules.broken(self.channel, at_the_end=True)
        if Timer.objects.filter(state=Timer.State.RUNNING, due_at__lt=self.now - timedelta(minutes=1)).exists():
            broken.append("a clock is overdue and every worker has run")
        if stuck := [row.number for row in Payout.objects.due(self.now + payouts.BACK_OFF[-1]).order_by("pk")]:
            broken.append(f"payouts do not come to an end: {stuck}")
        ours = in_hand() - self.world.in_hand - deposits_paid() - self.channel.not_booked(booked_outside())
        if ours != self.channel.in_hand and not self._is_on_its_way():
            broken.append(f"the channel has {self.channel.in_hand} fen in hand, our books say {ours}")
        if not self._is_on_its_way():
            broken += self._unlike_the_files()
        if broken:
            raise self._broken(broken)

    def _unlike_the_files(self) -> list[str]:
        """What the channel did, line by line, is what we say; what it did by itself may not fit, and people know it."""
        lines = [line for _at, line in self.channel.done]
        found = reconciliation._of_lines(self.channel.name, lines, Counter())
        return [
            f"the channel's file and we differ: {each}"
            for each in found
            if not (each.kind == Difference.Kind.OUTSIDE and each.number in self.channel.own)
        ]

    def _read_the_files(self) -> None:
        """The day is over, its file and those before it are fetched, and finance books what the channel did itself."""
        self.now += timedelta(days=1)
        self._deliver(Message("reconcile"), may_fail=False)
        for thing in near_at_hand():
            if thing.kind == "difference" and thing.name == Difference.Kind.OUTSIDE:
                finance = self.world.staff["finance"][0]
                self._deliver(Message("settle_difference", thing.pk, finance, {"is_booked": True}), may_fail=False)

    def _is_on_its_way(self) -> bool:
        """Whether the channel has paid something that waits for finance to ask about."""
        done = [number for number, refund in self.channel.refunds.items() if refund.state is gateways.RefundState.DONE]
        return Payout.objects.filter(number__in=done, state=PayoutState.MANUAL).exists()

    # What is said

    def _ask_the_rules(self) -> None:
        if broken := self.rules.broken_by_a_step(self.channel):
            raise self._broken(broken)

    def _broken(self, what: list[str]) -> Broken:
        steps = "\n".join(f"    {line}" for line in self.told)
        rules = "\n".join(f"  {line}" for line in what)
        return Broken(f"Case {self.seed}:\n{rules}\n  after\n{steps}\n  Again: make simulate SEED={self.seed}")

    def _say(self, line: str) -> None:
        line = f"{self.now:%m-%d %H:%M:%S} {line}"
        self.told.append(line)
        if self.tell:
            self.tell(line)


@contextmanager
def power_cut(at: int) -> Iterator[None]:
    """The process dies before statement `at` (never, if 0); savepoints are the commits of the simulation."""
    if not at:
        yield
        return
    count = 0

    def count_down(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        nonlocal count
        if not str(sql).startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            count += 1
            if count == at:
                raise PowerCut
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count_down):
        yield

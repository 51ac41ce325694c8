"""A mall in the middle of everything: four dozen verbs that move money are possible in it at the same moment.

It is built once by the verbs themselves and kept as a copy of every table; `Scene.restore` puts it back before each
schedule, as the owner, because the application may not remove history.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from unittest.mock import patch

import psycopg2
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from accounts.models import Role, User
from disputes import lifecycle as disputes
from disputes.models import Dispute
from kamen.settings.base import database
from ledger import outside, payments, payouts, reconciliation
from ledger import sandbox as wall
from ledger.gateways import RefundState
from ledger.models import Difference, Payment, Payout, Settlement
from ledger.states import PayoutState
from ledger.transfers import Reason, transfer
from orders import attachments, delivery, purchase
from orders import lifecycle as orders
from orders.models import Order, Unit
from refunds import citations, contests, replacing
from refunds import lifecycle as refunds
from refunds.models import Contest, Refund
from shops import lifecycle as shops
from shops import listings, stock
from shops.models import Kind, Listing, Shop
from tests.database import KEPT, as_owner_of
from tests.fixtures import people
from tests.fixtures.disputes import drafted
from tests.simulation.channel import Refund as ChannelRefund
from tests.simulation.channel import SimulatedChannel
from timeline import clock, sweep
from timeline.machines import machines
from timeline.models import Timer

PRICE = 9_800
#: Why somebody says something, long enough for any of them.
WHY = "发行方第二次答复：该卡密售出时有效，此前的答复有误，见所附更正函。"
VISIT = delivery.Visit(address="203.0.113.9", session="s", agent="a")


@dataclass
class Scene:
    """The mall, and what can be done in it: each verb by its name, a call without arguments."""

    at: datetime
    verbs: dict[str, Callable[[], Any]] = field(default_factory=dict)
    #: Those of them that a clock does, long after everybody else.
    late: set[str] = field(default_factory=set)
    highest: dict[str, int] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    channel: SimulatedChannel = field(default_factory=lambda: SimulatedChannel(Random(1), is_healthy=True))

    def keep(self) -> None:
        """Keep a copy of everything as it is now."""
        tables = sorted(set(connection.introspection.table_names()) - KEPT)
        with as_owner_of(connection.settings_dict["NAME"]) as cursor:
            cursor.execute("drop schema if exists kept cascade; create schema kept")
            for table in tables:
                cursor.execute(f'create table kept."{table}" as table public."{table}"')
            cursor.execute(
                "select c.relname from pg_trigger t join pg_class c on c.oid = t.tgrelid where not t.tgisinternal"
                " and c.relnamespace = 'public'::regnamespace group by 1 order by 1"
            )
            self.guarded = [row[0] for row in cursor.fetchall()]
            cursor.execute("select sequencename, coalesce(last_value, 0) from pg_sequences where schemaname = 'public'")
            self.sequences = dict(cursor.fetchall())
        self.keeper, self.is_superuser = _keeper()
        self.tables = tables
        self.kept_channel = (list(self.channel.taken), dict(self.channel.refunds), dict(self.channel.announced))
        self.highest = {name: _highest(machine.model) for name, machine in machines.items()}
        self.restoring = ";\n".join(
            [
                *self._without_triggers("disable"),
                *[f'delete from "{table}"' for table in tables],
                *[f'insert into "{table}" overriding system value select * from kept."{table}"' for table in tables],
                *[f"select setval('\"{name}\"', {max(last, 1)}, {last > 0})" for name, last in self.sequences.items()],
                *self._without_triggers("enable"),
            ]
        )

    def _without_triggers(self, what: str) -> list[str]:
        """Rows are put back as they were: nothing refuses, links or checks them meanwhile."""
        if self.is_superuser:
            return [f"set session_replication_role = {'replica' if what == 'disable' else 'origin'}"]
        settled = ["set constraints all immediate"] if what == "enable" else []  # else the table is still in use
        return settled + [f'alter table "{table}" {what} trigger user' for table in self.guarded]

    def restore(self) -> None:
        """Put everything back as it was kept."""
        with self.keeper.cursor() as cursor:
            cursor.execute(self.restoring)
        taken, refunds_, announced = self.kept_channel
        self.channel.taken, self.channel.refunds, self.channel.announced = [*taken], {**refunds_}, {**announced}

    def __enter__(self) -> "Scene":
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the copies."""
        self.keeper.close()
        with as_owner_of(connection.settings_dict["NAME"]) as cursor:
            cursor.execute("drop schema if exists kept cascade")

    def picture(self) -> list[str]:
        """What the mall looks like to people: money, states, units, events; new things without their numbers."""
        with connection.cursor() as cursor:
            cursor.execute(_picture_sql())
            rows = [row[0] for row in cursor.fetchall()]
        return sorted(re.sub(r"\b([a-z]+):(\d+)", self._name, row) for row in rows)

    def _name(self, found: re.Match[str]) -> str:
        kind, number = found[1], int(found[2])
        return f"{kind}:new" if number > self.highest.get(kind, 10**12) else found[0]


def build() -> Scene:
    """Make the mall with its own verbs."""
    at = clock.now()
    scene = Scene(at + timedelta(minutes=5))
    with patch.object(wall, "from_settings", lambda: scene.channel), patch.object(wall, "is_set_up", lambda: True):
        _Builder(scene, at).build()
    scene.keep()
    return scene


def at_the_wall(scene: Scene) -> Any:
    """While it lasts, the mall's channel is the scene's."""
    return patch.multiple(wall, from_settings=lambda: scene.channel, is_set_up=lambda: True)


class _Builder:
    def __init__(self, scene: Scene, at: datetime) -> None:
        self.scene, self.at = scene, at
        self.buyer, self.other, self.poor = (people.person(f"scene-{name}") for name in ("buyer", "other", "poor"))
        self.seller = people.person("scene-seller")
        self.arbiter = people.staff(Role.ARBITER, at=at, name="scene-arbiter")
        self.senior = people.staff(Role.SENIOR, at=at, name="scene-senior")
        self.lead = people.staff(Role.LEAD, at=at, name="scene-lead")
        self.risk = people.staff(Role.RISK, at=at, name="scene-risk")
        self.finance = [people.staff(Role.FINANCE, at=at, name=f"scene-finance{number}") for number in (1, 2)]

    def build(self) -> None:
        for person in (self.buyer, self.other):
            self._money(f"user:{person.pk}:wallet", 500_000, Reason.TOP_UP)
        self._money("platform:fund", 100_000, Reason.FUNDING)
        self._money("platform:own", 100_000, Reason.FUNDING)
        self.shop = shops.open_shop(owner=self.seller, name="场景店", slug="scene", required=100_000, at=self.at)
        shops.pay_in(
            self.shop.deposit, amount=100_000, channel="sandbox", by=self.seller, at=self.at, key="scene:first"
        )
        self.listing = self._goods()
        self._sale_to_be_paid()
        self._sale_under_inspection()
        self._sale_completed()
        self._sale_disputed()
        self._money_on_its_way()
        self._payment_contested()
        self._paid_by_a_channel()
        self._goods_delivered_anew()
        self._top_up_taken_back()
        self._shop()

    def _sale_to_be_paid(self) -> None:
        order = self._placed(1)
        payment = purchase.ask_for_charge(order, channel="sandbox", by=self.buyer, at=self.at)
        payments.open_charge(payment, title="…")
        charge = self.scene.channel.pay(payment.number)
        late = self.at + timedelta(minutes=16)
        verbs, now = self.scene.verbs, self.scene.at
        verbs["place"] = lambda: orders.place(
            buyer=_user(self.buyer),
            listing=Listing.objects.get(pk=self.listing.pk),
            quantity=2,
            acknowledged=True,
            at=now,
        )
        verbs["pay_from_wallet"] = lambda: orders.pay_from_wallet(_order(order), by=_user(self.buyer), at=now)
        verbs["order_notice"] = lambda: payments.confirm(
            Payment.objects.get(pk=payment.pk), provider_txn=charge.txn, amount=charge.amount, at=now
        )
        verbs["cancel"] = lambda: orders.cancel(_order(order), by=_user(self.buyer), at=now)
        self._later("order_expires", order.address, "ORDER_PAY", late)
        self._later("payment_expires", payment.address, "ORDER_PAY", late)
        top_up = payments.top_up(user=self.buyer, amount=5_000, channel="sandbox", at=self.at)
        payments.open_charge(top_up, title="…")
        paid = self.scene.channel.pay(top_up.number)
        verbs["top_up_notice"] = lambda: payments.confirm(
            Payment.objects.get(pk=top_up.pk), provider_txn=paid.txn, amount=paid.amount, at=now
        )

    def _sale_under_inspection(self) -> None:
        """Four units: one claimed, one proven bad, two sealed."""
        order = self._paid(4)
        claimed, bad = list(order.units.order_by("place")[:2])
        for unit in (claimed, bad):
            delivery.reveal(unit, by=self.buyer, at=self.at, visit=VISIT)
        delivery.record_validity(bad, is_valid=False, source="issuer", at=self.at)
        refund = refunds.ask(
            order=order, units=[claimed], reason="CODE_INVALID", by=self.buyer, at=self.at, amount=PRICE // 2
        )
        verbs, now = self.scene.verbs, self.scene.at
        verbs["accept"] = lambda: refunds.accept(_refund(refund), by=_user(self.seller), at=now)
        verbs["decline"] = lambda: self._decline(refund, now)
        verbs["withdraw"] = lambda: refunds.withdraw(_refund(refund), by=_user(self.buyer), at=now)
        self._later("silence_of_the_shop", refund.address, "SELLER_RESPONSE", self.at + timedelta(hours=73))
        verbs["ask_proven"] = lambda: refunds.ask(
            order=_order(order), units=[bad], reason="CODE_INVALID", by=_user(self.buyer), at=now
        )
        verbs["ask"] = lambda: refunds.ask(
            order=_order(order),
            units=list(order.units.filter(place=3)),
            reason="CHANGE_OF_MIND",
            by=_user(self.buyer),
            at=now,
        )
        verbs["reveal"] = lambda: delivery.reveal(order.units.get(place=3), by=_user(self.buyer), at=now, visit=VISIT)
        verbs["confirm"] = lambda: orders.confirm(_order(order), by=_user(self.buyer), at=now)
        self._later("inspection_ends", order.address, "INSPECT", self.at + timedelta(hours=80))

    def _sale_completed(self) -> None:
        """Released to the shop: what goes back comes from there, by the waterfall."""
        order = self._paid(2)
        delivery.reveal(order.units.get(place=1), by=self.buyer, at=self.at, visit=VISIT)
        orders.confirm(order, by=self.buyer, at=self.at)
        refund = refunds.ask(
            order=_order(order),
            units=[_order(order).units.get(place=1)],
            reason="CODE_INVALID",
            by=self.buyer,
            at=self.at,
        )
        now = self.scene.at
        self.scene.verbs["accept_after_release"] = lambda: refunds.accept(
            _refund(refund), by=_user(self.seller), at=now
        )
        self._later("settlement", order.address, "SETTLE", self.at + timedelta(days=9))

    def _sale_disputed(self) -> None:
        """One case under review, one that waits for the second signature."""
        verbs, now = self.scene.verbs, self.scene.at
        under_review, signing = self._dispute(), self._dispute()
        disputes.rule(signing, drafted(signing), by=self.arbiter, at=self.at)
        verbs["concede"] = lambda: disputes.concede(_dispute(under_review), by=_user(self.seller), at=now)
        verbs["rule"] = lambda: disputes.rule(
            _dispute(under_review), drafted(_dispute(under_review)), by=_user(self.arbiter), at=now
        )
        verbs["withdraw_dispute"] = lambda: disputes.withdraw(_dispute(under_review), by=_user(self.buyer), at=now)
        verbs["sign"] = lambda: disputes.sign(_dispute(signing), agrees=True, by=_user(self.senior), at=now)

    def _money_on_its_way(self) -> None:
        """One payout to be sent, one in the hands of finance with a proposal."""
        verbs, now, channel = self.scene.verbs, self.scene.at, self.scene.channel
        payment = payments.top_up(user=self.other, amount=7_000, channel="sandbox", at=self.at)
        payments.open_charge(payment, title="…")
        wrong = channel.pay(payment.number, amount=7_001)
        payments.confirm(payment, provider_txn=wrong.txn, amount=wrong.amount, at=self.at)
        channel.refuses = True
        payouts.run(at=self.at)
        channel.refuses = False
        manual = Payout.objects.get(state=PayoutState.MANUAL)
        payouts.void(manual, by=self.finance[0], at=self.at)
        wrong = channel.pay(payment.number, amount=7_002)
        payments.confirm(payment, provider_txn=wrong.txn, amount=wrong.amount, at=self.at)
        second, late = self.finance[1], channel.pay(payment.number, amount=7_003)
        verbs["wrong_notice"] = lambda: payments.confirm(
            Payment.objects.get(pk=payment.pk), provider_txn=late.txn, amount=late.amount, at=now
        )
        verbs["void"] = lambda: payouts.void(Payout.objects.get(pk=manual.pk), by=_user(second), at=now)
        verbs["send_again"] = lambda: payouts.retry(Payout.objects.get(pk=manual.pk), by=_user(second), at=now)
        verbs["run_payouts"] = lambda: payouts.run(at=now)

    def _payment_contested(self) -> None:
        """Two instant payments of one order: the shop contests one of them already, the other it can."""
        order = self._paid(2, by=self.other)
        first, second = (self._paid_at_once(order, place) for place in (1, 2))
        letter = SimpleUploadedFile("letter.txt", "更正函".encode(), content_type="text/plain")
        words: dict[str, Any] = {"ground": "record_wrong", "text": WHY, "by": self.seller}
        words["attachments"] = [attachments.attach(_order(order), letter, by=self.seller, at=self.at)]
        found = contests.file(_refund(first), **words, at=self.at)
        verbs, now = self.scene.verbs, self.scene.at
        verbs["contest"] = lambda: contests.file(_refund(second), **words, at=now)
        verbs["withdraw_contest"] = lambda: contests.withdraw(_contest(found), by=_user(self.seller), at=now)
        verbs["overturn"] = lambda: contests.overturn(
            _contest(found), finding=WHY, recourse="fund", by=_user(self.lead), at=now
        )

    def _paid_at_once(self, order: Order, place: int) -> Refund:
        self._proven_bad(order, place)
        unit = order.units.get(place=place)
        return refunds.ask(order=_order(order), units=[unit], reason="CODE_INVALID", by=order.buyer, at=self.at)

    def _proven_bad(self, order: Order, place: int) -> None:
        unit = order.units.get(place=place)
        delivery.reveal(unit, by=order.buyer, at=self.at, visit=VISIT)
        delivery.record_validity(unit, is_valid=False, source="issuer", at=self.at)

    def _paid_by_a_channel(self) -> None:
        """What goes back of it is to go to the balance, or by a channel's own doing the way it came."""
        order, payment = self._charged(3)
        delivery.reveal(order.units.get(place=1), by=self.buyer, at=self.at, visit=VISIT)
        self._proven_bad(order, 2)
        wish: dict[str, Any] = {"reason": "CODE_INVALID", "prefers": Refund.Preference.BALANCE}
        refund = refunds.ask(order=_order(order), units=self._units(order, 1), **wish, by=self.buyer, at=self.at)
        ticket = self._in_the_file("X1", self._number_of(payment), PRICE)
        verbs, now = self.scene.verbs, self.scene.at
        verbs["accept_to_balance"] = lambda: refunds.accept(_refund(refund), by=_user(self.seller), at=now)
        verbs["ask_to_balance"] = lambda: refunds.ask(
            order=_order(order), units=self._units(order, 2), **wish, by=_user(self.buyer), at=now
        )
        verbs["book_outside"] = lambda: self._book(ticket, now)

    def _goods_delivered_anew(self) -> None:
        """One replacement is promised, one is being looked at."""
        order = self._paid(2)
        promised, checking = (self._wished(order, place) for place in (1, 2))
        replacing.promise(_refund(promised), by=self.seller, at=self.at)
        replacing.replace(_refund(checking), by=self.seller, at=self.at + timedelta(minutes=1))
        verbs, now = self.scene.verbs, self.scene.at
        verbs["replace"] = lambda: replacing.replace(_refund(promised), by=_user(self.seller), at=now)
        verbs["cannot_supply"] = lambda: replacing.cannot_supply(_refund(promised), by=_user(self.seller), at=now)
        verbs["confirm_replacement"] = lambda: replacing.confirm_replacement(
            _refund(checking), by=_user(self.buyer), at=now
        )
        verbs["bad_again"] = lambda: replacing.bad_again(
            _refund(checking), text="还是不能用。", by=_user(self.buyer), at=now
        )

    def _wished(self, order: Order, place: int) -> Refund:
        delivery.reveal(order.units.get(place=place), by=self.buyer, at=self.at, visit=VISIT)
        wish: dict[str, Any] = {"reason": "CODE_INVALID", "prefers": Refund.Preference.REISSUE}
        return refunds.ask(order=_order(order), units=self._units(order, place), **wish, by=self.buyer, at=self.at)

    def _top_up_taken_back(self) -> None:
        """A bank takes a top-up back, and whoever topped up is about to spend it."""
        payment = payments.top_up(user=self.poor, amount=12_000, channel="sandbox", at=self.at)
        payments.open_charge(payment, title="…")
        charge = self.scene.channel.pay(payment.number)
        payments.confirm(payment, provider_txn=charge.txn, amount=charge.amount, at=self.at)
        order = self._placed(1, self.poor)
        ticket = self._in_the_file("X2", charge.txn, charge.amount)
        verbs, now = self.scene.verbs, self.scene.at
        verbs["take_top_up_back"] = lambda: self._book(ticket, now)
        verbs["spend_top_up"] = lambda: orders.pay_from_wallet(_order(order), by=_user(self.poor), at=now)

    def _shop(self) -> None:
        """It owes the guarantee fund something: whatever it earns pays that first."""
        debt = f"shop:{self.shop.pk}:debt"
        words: dict[str, Any] = {"subject": f"shop:{self.shop.pk}", "key": f"world:{debt}", "at": self.at}
        transfer(source=debt, target="platform:recoverable", amount=3_000, reason=Reason.DEBT, **words)
        verbs, now = self.scene.verbs, self.scene.at
        verbs["pay_in"] = lambda: shops.pay_in(
            _shop(self.shop).deposit, amount=5_000, channel="sandbox", by=_user(self.seller), at=now, key="scene:second"
        )
        verbs["penalize"] = lambda: shops.penalize(
            _shop(self.shop).deposit, amount=3_000, reason="…", by=_user(self.risk), at=now, key="scene:penalty"
        )
        verbs["close_shop"] = lambda: shops.close(_shop(self.shop).deposit, by=_user(self.seller), at=now)

    # How things come about

    def _later(self, name: str, subject: str, limit: str, at: datetime) -> None:
        """The sweep fires one clock: it knows its id and nothing else."""
        pk = Timer.objects.live().get(subject=subject, limit=limit).pk
        self.scene.verbs[name] = lambda: sweep.fire(pk, at=at)
        self.scene.late.add(name)

    def _money(self, target: str, amount: int, reason: Any) -> None:
        transfer(
            source="channel:sandbox",
            target=target,
            amount=amount,
            reason=reason,
            subject=target,
            key=f"world:{target}",
            at=self.at,
        )

    def _goods(self) -> Listing:
        listing = listings.draft(
            shop=self.shop,
            kind=Kind.ACTIVATION_CODE,
            title="场景激活码",
            price=PRICE,
            promise_minutes=10,
            notice="查看后因个人原因不能退。",
            by=self.seller,
            at=self.at,
        )
        stock.add_batch(listing, [f"SCENE-{number:04}-KAMEN" for number in range(30)], by=self.seller, at=self.at)
        listings.put_on_sale(listing, by=self.seller, at=self.at)
        return listing

    def _placed(self, quantity: int, by: User | None = None) -> Order:
        return orders.place(
            buyer=by or self.buyer, listing=self.listing, quantity=quantity, acknowledged=True, at=self.at
        )

    def _paid(self, quantity: int, by: User | None = None) -> Order:
        order = self._placed(quantity, by)
        orders.pay_from_wallet(order, by=order.buyer, at=self.at)
        return _order(order)

    def _charged(self, quantity: int) -> tuple[Order, Payment]:
        order = self._placed(quantity)
        payment = purchase.ask_for_charge(order, channel="sandbox", by=self.buyer, at=self.at)
        payments.open_charge(payment, title="…")
        charge = self.scene.channel.pay(payment.number)
        payments.confirm(payment, provider_txn=charge.txn, amount=charge.amount, at=self.at)
        return _order(order), payment

    def _units(self, order: Order, place: int) -> list[Unit]:
        return list(order.units.filter(place=place))

    def _number_of(self, payment: Payment) -> str:
        """The channel's number of what was paid."""
        return next(charge.txn for charge in self.scene.channel.taken if charge.number == payment.number)

    def _in_the_file(self, number: str, txn: str, amount: int) -> Difference:
        """The channel's file tells of what it paid back on its own account."""
        self.scene.channel.own[number] = ChannelRefund(txn, amount, RefundState.DONE)
        sheet, _new = Settlement.objects.get_or_create(
            channel="sandbox",
            day=self.at.date(),
            defaults={"fetched_at": self.at, "sha256": "0" * 64, "lines": 2, "came_in": 0, "went_out": amount},
        )
        line = reconciliation.Found(Difference.Kind.OUTSIDE, "refund", number, txn, theirs=amount)
        reconciliation._open(sheet, line, at=self.at)
        return Difference.objects.get(number=number)

    def _book(self, ticket: Difference, at: datetime) -> None:
        found = Difference.objects.get(pk=ticket.pk)
        outside.settle(found, is_booked=True, reason=WHY, by=_user(self.finance[0]), at=at)

    def _dispute(self) -> Dispute:
        order = self._paid(1)
        unit = order.units.get()
        delivery.reveal(unit, by=self.buyer, at=self.at, visit=VISIT)
        refund = refunds.ask(
            order=_order(order), units=[_order(order).units.get()], reason="CODE_INVALID", by=self.buyer, at=self.at
        )
        self._decline(refund, self.at)
        refunds.escalate(_refund(refund), by=self.buyer, at=self.at)
        dispute = Dispute.objects.get(refund=refund)
        disputes.rest(dispute, by=self.buyer, at=self.at)
        disputes.rest(_dispute(dispute), by=self.seller, at=self.at)
        return _dispute(dispute)

    def _decline(self, refund: Refund, at: datetime) -> None:
        found = _refund(refund)
        rule = citations.applicable(found)[0]
        refunds.decline(found, code="code_was_good", rule=rule, text="出库时有效", by=_user(self.seller), at=at)


def _keeper() -> tuple[Any, bool]:
    """A connection that puts rows back: as the superuser of the tests' own PostgreSQL, else as the owner."""
    found = connection.settings_dict
    try:
        keeper = psycopg2.connect(dbname=found["NAME"], host=found["HOST"], port=found["PORT"] or None, user="postgres")
        is_superuser = True
    except psycopg2.OperationalError:
        owner = database(settings.DATABASE_OWNER_URL)
        keys = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
        keeper = psycopg2.connect(
            dbname=found["NAME"], **{key: owner[ours] for key, ours in keys.items() if owner.get(ours)}
        )
        is_superuser = False
    keeper.autocommit = True  # the statements are sent as one, which is a transaction
    return keeper, is_superuser


def _user(user: User) -> User:
    return User.objects.get(pk=user.pk)


def _order(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def _refund(refund: Refund) -> Refund:
    return Refund.objects.get(pk=refund.pk)


def _contest(contest: Contest) -> Contest:
    return Contest.objects.get(pk=contest.pk)


def _dispute(dispute: Dispute) -> Dispute:
    return Dispute.objects.get(pk=dispute.pk)


def _shop(shop: Shop) -> Shop:
    return Shop.objects.get(pk=shop.pk)


def _highest(model: Any) -> int:
    return int(model._base_manager.order_by("-pk").values_list("pk", flat=True).first() or 0)


def _picture_sql() -> str:
    parts = [
        f"select concat_ws(' ', '{name}:' || id, state, deadline_at) from {machine.model._meta.db_table}"
        for name, machine in sorted(machines.items())
    ]
    parts += [
        "select 'account ' || address || ' ' || balance from ledger_account where balance <> 0",
        "select concat_ws(' ', 'unit of order:' || order_id, place, delivery, paid, held, released, refunded, fee,"
        " covered, commission, held_by, inspection_ends_at, settle_at, settled_at, card_id is null) from orders_unit",
        "select concat_ws(' ', 'event', root, name, count(*)) from timeline_event group by root, name",
        "select concat_ws(' ', 'clock', subject, \"limit\", state, due_at) from timeline_timer",
        "select concat_ws(' ', 'notice', provider_txn, amount, outcome) from ledger_notice",
        "select concat_ws(' ', 'transfer', regexp_replace(subject, '^payout:\\d+', 'payout'), reason, amount, count(*))"
        " from ledger_transfer group by subject, reason, amount",
        "select concat_ws(' ', 'codes', count(*), taken_at is null, revealed_at is null, voided_at is null)"
        " from shops_card group by taken_at is null, revealed_at is null, voided_at is null",
        "select concat_ws(' ', 'exposure', cause, amount) from orders_exposure",
    ]
    return " union all ".join(f"({part})" for part in parts)

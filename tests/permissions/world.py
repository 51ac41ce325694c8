"""One sale with everything around it: who the people of the table are, and what the addresses are about."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from complaints import lifecycle as complaints
from complaints.outside import Stage, Told
from disputes import bundles, neutrals
from disputes import lifecycle as disputes
from disputes.models import Dispute, SecondLook
from ledger import contributions, debts
from ledger.models import Payout
from ledger.reconciled import Difference, Settlement
from ledger.transfers import post
from notifications import inbox, webhooks
from notifications.models import Delivery, Notification
from orders import attachments, coupons, lifecycle
from orders.models import Order, Weighing
from refunds import lifecycle as refunds
from refunds.models import CreditNote, Report
from reputation import alarms, contacts, measures
from reputation.models import Rating, Signal
from rulebook import lifecycle as rules
from rulebook.defaults import default_data
from shops import applications, commission, intakes, licences, listings, sanctions, stock, suppliers
from shops import staff as shop_staff
from shops.models import Clash, Connection, Kind, Listing
from support import lifecycle as support
from tests.factories import ShopFactory
from tests.fixtures.disputes import declined, drafted
from tests.fixtures.openings import SAID, in_days, paper
from tests.fixtures.people import person, staff
from tests.locks import recorder
from timeline import outages
from timeline.models import Timer

#: Where the number of a thing stands in an address: behind which word.
BEHIND: dict[str, str] = {
    "listings": "listing",
    "stock": "listing",
    "batches": "batch",
    "intakes": "intake",
    "files": "file",
    "staff": "member",
    "members": "member",
    "invitations": "invitation",
    "applications": "application",
    "papers": "paper",
    "steps": "sanction",
    "codes": "clash",
    "clashes": "clash",
    "outages": "outage",
    "clocks": "timer",
    "ratings": "rating",
    "measures": "measure",
    "people": "person",
    "signals": "signal",
    "webhooks": "endpoint",
    "notices": "notice",
    "mail": "mail",
    "admin": "version",
    "versions": "version",
    "neutrals": "neutral",
    "second-looks": "look",
    "differences": "difference",
    "write-offs": "writeoff",
    "contributions": "contribution",
    "contacts": "contact",
    "debts": "owing",
    "credit-notes": "note",
    "sessions": "session",
    "shifts": "shift",
    "orders": "order",
    "refunds": "refund",
    "disputes": "dispute",
    "bench": "dispute",
    "rulings": "ruled",
    "seals": "ruled",
    "bundles": "bundle",
    "payments": "payment",
    "payouts": "payout",
    "recalls": "alarm",
    "reports": "report",
    "talks": "talk",
    "complaints": "complaint",
    "coupons": "coupon",
    "deliveries": "ticket",
    "reasons": "reason",
    "accounts": "account",
    "money": "pocket",
}
#: What is behind a word only in these routes.
APART: dict[str, dict[str, str]] = {
    "api:accept_invitation": {"pk": "invitation"},
    "api:decline_invitation": {"pk": "invitation"},
    "api:ask_supplier": {"number": "ticket"},
    "api:supplier_answered": {"number": "ticket"},
    "api:exchanges": {"number": "ticket"},
    "api:edit_supplier": {"pk": "supplier"},
    "api:untie_connection": {"pk": "connection"},
    "api:agree_commission": {"pk": "rate"},
    "api:try_left_over_again": {"pk": "weighing", "order": "weighed"},
    "orders:try_left_over_again": {"pk": "weighing", "order": "weighed"},
    "api:drop_commission": {"pk": "rate"},
    "shops:untie_connection": {"pk": "connection"},
    "orders:ask_supplier": {"number": "ticket"},
    "orders:supplier_answered": {"number": "ticket"},
    "orders:exchanges": {"number": "ticket"},
    "orders:deliver": {"number": "by_hand"},
    "orders:wait": {"number": "by_hand"},
    "orders:cannot_deliver": {"number": "by_hand"},
    "api:give_up_delivery": {"number": "by_hand"},
    "api:handovers": {"number": "by_hand"},
    "orders:open_given": {"number": "by_hand"},
    "api:open_given": {"number": "by_hand"},
    "api:wait_longer": {"number": "by_hand"},
    "api:push_result": {"number": "by_hand"},
    "orders:pay": {"number": "to_pay"},
    "orders:cancel": {"number": "to_pay"},
    "orders:use_coupon": {"number": "to_pay"},
    "orders:drop_coupon": {"number": "to_pay"},
    "api:pay_order": {"number": "to_pay"},
    "api:charge_order": {"number": "to_pay"},
    "api:cancel_order": {"number": "to_pay"},
    "api:use_coupon": {"number": "to_pay"},
    "api:drop_coupon": {"number": "to_pay"},
    "api:appeal_application": {"pk": "application"},
    "disputes:ruling": {"number": "ruled"},
    "disputes:ruling_file": {"number": "ruled"},
    "disputes:ruling_paper": {"number": "ruled"},
    "disputes:appeal": {"number": "ruled"},
    "disputes:waive": {"number": "ruled"},
    "refunds:claim": {"number": "by_hand"},
    "refunds:claim_facts": {"number": "by_hand"},
    "refunds:claim_result": {"number": "by_hand"},
    "rulebook:body": {"number": "published"},
    "rulebook:version": {"number": "published"},
    "shops:supplier": {"pk": "supplier"},
    "ledger:decide": {"verb": "again"},
    "ledger:decide_write_off": {"verb": "agree"},
    "api:docs_of": {"group": "refunds"},
    "ledger:decide_contribution": {"verb": "book"},
    "orders:decide_coupon": {"verb": "start"},
    "shops:decide_commission": {"pk": "rate", "verb": "drop"},
    "shops:answer": {"verb": "accept"},
    "shops:application_act": {"verb": "withdraw"},
    "shops:application_decide": {"verb": "take_on"},
    "shops:judge_paper": {"verb": "take"},
    "shops:judge_sanction": {"verb": "lift"},
    "shops:judge_listing": {"verb": "take_down"},
    "reputation:decide": {"verb": "lift"},
    "reputation:hear": {"verb": "lift"},
    "notifications:act_on_endpoint": {"verb": "pause"},
}


@dataclass
class World:
    """A browser for each of the people, and the number of each thing."""

    browsers: dict[str, Client] = field(default_factory=dict)
    things: dict[str, Any] = field(default_factory=dict)

    def path_of(self, name: str, route: str) -> str:
        """An address of the route, about the things of this world; what is not there has the number 0."""

        def fill(found: re.Match[str]) -> str:
            kind, word = found["kind"] or "str", found["word"]
            apart = APART.get(name, {}).get(word)
            if apart is not None:
                return str(self.things.get(apart, apart))
            if word == "slug":
                return str(self.things["shop"])
            if word == "order":
                return str(self.things["order"])
            if word == "place":
                return "1"
            before = route[: found.start()].rstrip("/").rpartition("/")[2]
            return str(self.things.get(BEHIND.get(before, ""), "0" if kind == "int" else "nothing"))

        path = re.sub(r"<(?:(?P<kind>\w+):)?(?P<word>\w+)>", fill, re.sub(r"\(\?P<\w+>[^)]*\)", "nothing", route))
        return "/" + path.strip("^$").replace("\\", "")


@pytest.fixture
def world(
    db: None, request: pytest.FixtureRequest, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """The sale, the cases about it, and everybody around it, each at a browser of their own.

    What stands on the pages is other tests' business: nothing is rendered, which makes this ten times as fast.
    """
    monkeypatch.setattr(logging.root.manager, "disable", logging.CRITICAL)  # thousands of refusals are what is wanted
    with connection.cursor() as cursor:
        cursor.execute("set local idle_in_transaction_session_timeout = 0; set local statement_timeout = '60s'")
    monkeypatch.setattr("django.template.backends.django.Template.render", lambda *_page, **_words: "")
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "matrix"}}
    settings.STORAGES = settings.STORAGES | {
        "files": settings.STORAGES["files"]
        | {"OPTIONS": settings.STORAGES["files"]["OPTIONS"] | {"location": str(tmp_path / "files")}}
    }
    settings.SUPPLIERS = {"sandbox": {"address": "http://127.0.0.1:9", "secret": "nobody is asked"}}
    names = ["at", "buyer", "seller", "stranger", "arbiter", "dispute", "order", "listing", "top_up", "channel_secret"]
    given = SimpleNamespace(**{name: request.getfixturevalue(name) for name in names})
    people = _people(given, request)
    found = World(things=_things(given, people))
    found.browsers["anonymous"] = Client(raise_request_exception=False)
    for name, user in people.items():
        found.browsers[name] = Client(raise_request_exception=False)
        found.browsers[name].force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    with recorder.resting():
        for browser in found.browsers.values():
            browser.get("/")  # its session is known from now on, and not made anew by each request that is undone
        yield found


def _people(given: Any, request: pytest.FixtureRequest) -> dict[str, User]:
    """Who the columns of the table are."""
    at, shop = given.at, given.order.shop
    people = {"buyer": given.buyer, "other_buyer": given.stranger, "owner": given.seller, "arbiter": given.arbiter}
    for name in ("agent", "senior", "lead", "finance", "risk", "auditor"):
        people[name] = request.getfixturevalue(name)
    for name, duty in (("manager", "manager"), ("support", "support"), ("bookkeeper", "finance")):
        people[name] = person(name)
        asked = shop_staff.invite(shop, email=people[name].email, duty=duty, by=given.seller, at=at)
        shop_staff.accept(asked, by=people[name], at=at)
    people["other_shop"] = ShopFactory(active=True, at=at).owner
    return people


def _things(given: Any, people: dict[str, User]) -> dict[str, Any]:
    """The numbers, names and keys of what there is."""
    at, order, listing = given.at, given.order, given.listing
    shop, batch = order.shop, listing.batches.get()
    found = {"order": order.number, "shop": shop.slug, "listing": listing.pk, "batch": batch.pk}
    found |= {"dispute": given.dispute.number, "refund": given.dispute.refund.number, "payment": given.top_up.number}
    found |= {"account": shop.account("available"), "pocket": "available", "person": given.buyer.pk}
    found |= {"reason": "CODE_INVALID", "published": "default"}
    found |= _sales(given, people) | _of_the_shop(given, people) | _of_the_staff(given, people, batch)
    upload = SimpleUploadedFile("note.txt", b"a note", content_type="text/plain")
    found["file"] = attachments.attach(order, upload, by=given.buyer, at=at).pk
    talk = support.call(order, topic="兑换页面打不开。", by=given.buyer, at=at)
    told = Told("authority", "12315-1", stage=Stage.WAITING, state="", text="卡密无效。", told_at=at)
    found["complaint"] = complaints.record(told, order_number=order.number, by=people["agent"], at=at).number
    found |= {"talk": talk.number, "timer": Timer.objects.order_by("pk").first().pk}
    inbox.catch_up(at=at)
    found["notice"] = Notification.objects.filter(user=given.buyer).latest("pk").pk
    found["mail"] = Delivery.objects.filter(sent_at=None).latest("pk").pk
    session = UserSession.objects.create(
        user=given.buyer, session_key="of-the-buyer", ip="203.0.113.77", last_seen_at=timezone.now()
    )
    return found | {"session": session.pk}


def _sales(given: Any, people: dict[str, User]) -> dict[str, Any]:
    """What else the same buyer has there: an order to pay, one to be handed over, one at a supplier, a case ruled."""
    at, buyer, seller, listing = given.at, given.buyer, given.seller, given.listing
    lifecycle.place(buyer=given.stranger, listing=listing, quantity=1, acknowledged=True, at=at)
    to_pay = lifecycle.place(buyer=buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    by_hand = _bought(_offer(given, delivered_by="shop"), buyer, at)
    tied = Connection.objects.create(gateway="sandbox", shop=None, tied_at=at)
    maker = suppliers.add(listing.shop, name="上游", gateway="sandbox", by=seller, at=at)
    upstream = _bought(_offer(given, delivered_by="supplier", supplier=maker, product="TOPUP-50"), buyer, at)
    second = lifecycle.place(buyer=buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    lifecycle.pay_from_wallet(second, by=buyer, at=at)
    refunds.escalate(declined(second, buyer, at=at), by=buyer, at=at)
    ruled = Dispute.objects.get(refund__order=second)
    for side in (buyer, seller):
        disputes.rest(ruled, by=side, at=at)
    ruled.refresh_from_db()
    disputes.rule(ruled, drafted(ruled), by=ruled.arbiter, at=at)
    disputes.sign(ruled, agrees=True, by=people["senior"], at=at)
    later = staff(Role.ARBITER, at=at, name="other_arbiter")
    people["other_arbiter"] = later
    look = SecondLook.objects.create(ruling=ruled.rulings.get(), user=later, asked_at=at)
    bundle = bundles.ask(given.dispute, view=bundles.views_for(given.dispute, buyer, at=at)[0], by=buyer, at=at)
    payout = Payout.objects.order_by("pk").first()
    return {
        "to_pay": to_pay.number,
        "by_hand": by_hand.number,
        "ticket": upstream.number,
        "ruled": ruled.number,
        "look": look.pk,
        "bundle": bundle.number,
        "supplier": maker.pk,
        "connection": tied.pk,
        "payout": payout.number if payout is not None else "nothing",
        "rating": Rating.objects.create(order=second, shop=second.shop, buyer=buyer, stars=4, at=at).pk,
    }


def _offer(given: Any, **words: Any) -> Listing:
    """A top-up of the same shop that is not delivered from stock."""
    made = listings.draft(
        shop=given.listing.shop,
        kind=Kind.DIRECT_TOPUP,
        title="话费直充 50 元",
        price=5_000,
        promise_minutes=60,
        notice="请核对账号。",
        by=given.seller,
        at=given.at,
        **words,
    )
    listings.put_on_sale(made, by=given.seller, at=given.at)
    return made


def _bought(listing: Listing, buyer: User, at: datetime) -> Order:
    """One of them, paid from the wallet."""
    made = lifecycle.place(
        buyer=buyer, listing=listing, quantity=1, acknowledged=True, given={"account": "13800138000"}, at=at
    )
    lifecycle.pay_from_wallet(made, by=buyer, at=at)
    return Order.objects.get(pk=made.pk)


def _of_the_shop(given: Any, people: dict[str, User]) -> dict[str, Any]:
    """What the shop keeps: its people, papers, coupons, machines; and somebody who applies for a shop of their own."""
    at, shop, seller = given.at, given.order.shop, given.seller
    sums = {"value": 500, "minimum": 1_000, "most": 10, "per_person": 1}
    coupon = coupons.draft(
        shop=shop, code="MATRIX", by=seller, at=at, starts_at=at, ends_at=at + timedelta(days=7), **sums
    )
    applicant = people["other_buyer"]
    applied = applications.begin(applicant=applicant, name="明月数卡", slug="mingyue", at=at)
    applications.write(applied, by=applicant, at=at, **SAID)
    for kind in ("identity", "business"):
        licences.give(application=applied, by=applicant, at=at, **paper(kind, valid_until=in_days(at, 400)))
    applications.hand_in(applied, by=applicant, at=at)
    endpoint, _secret = webhooks.add(shop, url="", groups=["orders"], by=seller, at=at)
    return {
        "coupon": coupon.code,
        "member": shop.members.get(user=people["support"]).pk,
        "invitation": shop_staff.invite(shop, email=applicant.email, duty="support", by=seller, at=at).pk,
        "application": applied.pk,
        "paper": applied.licences.order_by("pk").first().pk,
        "intake": intakes.send_in(given.listing, b"MATRIX-CODE-1\n", by=seller, at=at).pk,
        "endpoint": endpoint.pk,
    }


def _of_the_staff(given: Any, people: dict[str, User], batch: Any) -> dict[str, Any]:
    """What the staff of the mall keep about them all."""
    at, shop, lead, risk = given.at, given.order.shop, people["lead"], people["risk"]
    other = people["other_shop"].shops.get()
    spare = stock.add_batch(given.listing, ["MATRIX-SPARE"], by=given.seller, at=at)
    rulebook = default_data()
    rulebook["meta"]["version"] = "2026.12.0"
    report = Report.objects.create(number="J-MATRIX", listing=given.listing, reporter=given.buyer, at=at)
    outage = outages.register(
        scope="channel", target="sandbox", reason="维护", began_at=at, ended_at=None, by=lead, at=at
    )
    settlement = Settlement.objects.order_by("pk").first()
    post([debts.as_owed(given.buyer, 500, key="matrix", subject="x:1")], journal="matrix", at=at)
    found = {
        "owing": given.buyer.pk,
        "note": getattr(CreditNote.objects.order_by("pk").first(), "number", "H0"),
        "writeoff": debts.propose(given.buyer, amount=500, reason="查实无法追偿。", by=people["finance"], at=at).pk,
        "contribution": contributions.propose(
            purse="fund", amount=500, document="MATRIX-1", reason="补足先行赔付金。", by=people["finance"], at=at
        ).pk,
        "contact": contacts.list_contact(handle="QQ群 123456789", reason="查实", by=risk, at=at).pk,
        "sanction": sanctions.impose(shop, step="warning", reason="发货慢", by=risk, at=at).pk,
        "measure": measures.impose(
            given.buyer, step="warning", ground=measures.Measure.Ground.choices[0][0], reason="查实", by=risk, at=at
        ).pk,
        "clash": Clash.objects.create(batch=batch, other=other, count=1, at=at).pk,
        "alarm": alarms.raise_alarm(spare, why="person", reason="核查", by=risk, at=at).number,
        "signal": Signal.objects.create(shop=shop, name="off_platform", weight=10, first_at=at, seen_at=at).pk,
        "version": rules.draft(rulebook, purpose="试", by=lead, at=at).pk,
        "neutral": neutrals.enlist(
            user=person("neutral"), name="王老师", organization="大学", about="研究消费者保护", by=lead, at=at
        ).pk,
        "shift": support.plan(people["agent"], since=at, until=at + timedelta(hours=8), by=lead, at=at).pk,
        "report": report.number,
        "outage": outage.pk,
        "rate": commission.propose(
            kind="POINT_CARD", bp=400, reason="成本下降", rules_at=at + timedelta(days=9), by=people["finance"], at=at
        ).pk,
    }
    found |= {"weighing": Weighing.objects.create(outage=outage).pk, "weighed": given.order.pk}
    if settlement is not None:
        found["difference"] = Difference.objects.filter(settlement=settlement).latest("pk").pk
    return found

"""A POST first fires what is overdue on the root it touches, on pages and in the API; a GET only says so."""

import re
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import translation

from ledger.models import Payout
from tests.accounts.test_doors import pages
from timeline import clock
from timeline.models import Event, Timer

#: POSTs that touch no root with clocks, or begin a root of their own; by the name of the route, and why.
NO_ROOT = {
    "accounts": "people: a user has no clock",
    "account": "signing in and out",
    "mfa": "second factors",
    "usersessions": "sessions",
    "set_language": "the language of a visitor",
    "admin": "read-only",
    "notifications": "the inbox is told, it does not act",
    "timeline": "the demo's clock: it makes things overdue",
    "rulebook": "a version is a root without cases; its own clock is asked in tests/rulebook",
    "clocks": "the register is no thing of a case; try_again is asked in test_clock_pages.py",
    "desks": "pages only",
    "complaints": "asked in tests/complaints/test_pages.py: a complaint is its own root",
    "support": "asked in tests/support/test_pages.py: a talk has a number of its own",
}


@pytest.fixture
def world(dispute, order, top_up, arbiter, senior, lead, finance, risk, agent, rich_buyer, seller):
    """A sale with a case and a dispute, whose time to hand in evidence was over a month ago, and everybody around."""
    clock.advance(timedelta(days=30))
    people = {}
    for user in (rich_buyer, seller, arbiter, lead, senior, finance, risk, agent):
        client = Client()
        client.force_login(user)
        people[user.nickname] = client
    return people


@pytest.fixture
def things(dispute, top_up, order, rich_buyer, at):
    """A number of each kind of thing."""
    payout = Payout.objects.order_by("pk").first()
    return {
        "order": dispute.refund.order.number,
        "refund": dispute.refund.number,
        "dispute": dispute.number,
        "payment": top_up.number,
        "payout": payout.number if payout else "x",
    }


#: Asked elsewhere, and why not here.
ELSEWHERE = {
    **dict.fromkeys(
        (
            *("api:complaints", "api:take_complaint", "api:link_complaint", "api:open_case_for_complaint"),
            *("api:say_to_complaint", "api:preview_complaint_answer", "api:answer_complaint", "api:hand_in_answer"),
            "api:close_complaint",
        ),
        "a complaint is its own root: tests/complaints/test_pages.py",
    ),
    "ledger:notify": "signed by a channel: tests/ledger/test_channel.py",
    "ledger:decide_write_off": "a proposal is its own root: tests/ledger/test_debts.py",
    "ledger:decide_contribution": "a proposal is its own root: tests/ledger/test_contributions.py",
    "ledger:decide": "needs a payout that was not sent in time: tests/ledger/test_payouts.py",
    "orders:try_again": "needs a supplier's ticket: tests/orders/test_more_pages.py",
    "api:try_again": "needs a supplier's ticket: tests/orders/test_more_pages.py",
    "orders:decide_coupon": "is about a coupon, whose own clock it asks first: tests/orders/test_more_pages.py",
    "api:decide_coupon": "is about a coupon, whose own clock it asks first: tests/orders/test_more_pages.py",
    "orders:deliver": "needs an order that is delivered by hand: tests/orders/test_delivery_pages.py",
    "orders:cannot_deliver": "needs an order that is delivered by hand: tests/orders/test_giving_up.py",
    "orders:supplier_notify": "signed by a supplier: tests/orders/test_suppliers.py",
    "api:push_result": "needs a ticket of a shop's own system: tests/orders/test_delivery_api.py",
    "reputation:hear_suspension": "a suspension has no clock: tests/reputation/test_suspending.py",
    "disputes:verify": "asks whether a ruling is genuine: nothing of a case moves",
    **dict.fromkeys(
        (
            *("reputation:check", "reputation:join", "reputation:keep", "reputation:decide", "reputation:hear"),
            *("api:join_recall", "api:keep_recall", "api:confirm_recall", "api:lift_recall"),
            *("api:answer_recall", "reputation:answer_recall"),
        ),
        "needs an alarm or a measure: tests/reputation",
    ),
    "shops:application_act": "an application is its own root: tests/shops/test_standing_pages.py",
    "shops:application_decide": "an application is its own root: tests/shops/test_standing_pages.py",
    "shops:judge_paper": "a paper is its own root, and nothing of a sale hangs on it: tests/shops/test_opening.py",
    "shops:judge_sanction": "needs a step against a shop: tests/shops/test_standing_pages.py",
    "orders:try_left_over_again": "has no clock: tests/refunds/test_left_over.py",
    "api:try_left_over_again": "has no clock: tests/refunds/test_left_over.py",
    "shops:look": "looks and moves nothing: tests/shops/test_looks.py",
    "shops:decide_commission": "has no clock: tests/shops/test_commission.py",
    "api:agree_commission": "has no clock: tests/shops/test_commission.py",
    "api:drop_commission": "has no clock: tests/shops/test_commission.py",
    "shops:untie_connection": "has no clock: tests/shops/test_connections.py",
    "api:untie_connection": "has no clock: tests/shops/test_connections.py",
    "shops:judge_listing": "for people of risk: tests/shops/test_standing_pages.py",
    "refunds:guardian": "needs a child's purchase: tests/refunds/test_special_roads.py",
    "refunds:decide_guardian": "needs a child's purchase: tests/refunds/test_special_roads.py",
    "refunds:open_proof": "looks and moves nothing; needs a child's purchase: tests/refunds/test_special_roads.py",
    "api:open_guardian_paper": "looks and moves nothing; needs a child's purchase: tests/refunds/test_papers_api.py",
    "notifications:retry_mail": "a mail has no clock: tests/notifications/test_mail_log.py",
    "api:retry_mail": "a mail has no clock: tests/notifications/test_mail_log.py",
    "refunds:decide_report": "has no clock: tests/refunds/test_special_roads.py",
    "api:uphold_report": "has no clock: tests/refunds/test_papers_api.py",
    "api:dismiss_report": "has no clock: tests/refunds/test_papers_api.py",
    **dict.fromkeys(
        ("api:close_talk", "api:talk_story", "api:take_talk", "api:answer_talk", "api:hand_talk_over"),
        "needs a call for a person: tests/support",
    ),
    **dict.fromkeys(
        (
            *("privacy:withdraw", "privacy:answer", "privacy:release", "privacy:fetch", "privacy:export"),
            *("api:withdraw_erasure", "api:agree_to_erasure", "api:refuse_erasure"),
            *("api:propose_release", "api:sign_release", "api:keep_hold"),
        ),
        "needs a request to be erased or a legal hold: tests/privacy",
    ),
    "shops:answer": "an invitation has a clock, but nothing of a sale hangs on it: tests/shops/test_staff.py",
}

#: What the number in an address is of, by a word in the address; the first that fits.
NUMBERS = ["dispute", "bench", "refund", "payout", "payment", "order"]


def number_in(path, things):
    """The number that fits an address."""
    word = next((word for word in NUMBERS if word in path), "order")
    return things[{"bench": "dispute"}.get(word, word)]


def posts():
    """Every address with a number of a thing in it, as its name and its path with x in the place of the number."""
    for name, path, _view in pages():
        room = name.partition(":")[0]
        if "/x/" in path and room not in NO_ROOT and not name.startswith(("account_", "mfa_")):
            yield name or path, path


def fires(client, path):
    """Whether a POST by this person fired something overdue, or nothing because nobody posts there; all is undone."""
    with undone():
        before = Event.objects.filter(name__endswith=".clock_fired").count()
        headers = {"Idempotency-Key": "k", "Accept": "*/*"}
        answer = client.post(path, {}, headers=headers, content_type="application/json")
        if Event.objects.filter(name__endswith=".clock_fired").count() > before:
            return True
        return None if answer.status_code == 405 else False


@contextmanager
def undone():
    """Nothing of it stays. A savepoint by hand: some verbs insist on a transaction of their own."""
    place = transaction.savepoint()
    yield
    transaction.savepoint_rollback(place)


@pytest.mark.breaks_books  # what is overdue and not asked for stays so
def test_every_post_on_a_thing_first_fires_what_is_overdue_on_its_root(world, things):
    silent, heard = [], 0
    for name, path in posts():
        path = path.replace("/x/", f"/{number_in(path, things)}/", 1)
        if "/desk/" in path or "/shops/" in path or name in ELSEWHERE:
            continue
        said = None
        for client in world.values():
            said = fires(client, path)
            if said is not False:
                break
        heard += said is True
        if said is False:
            silent.append(name)
    assert not silent, " ".join(silent)
    assert heard > 30, "hardly any address was asked"


@pytest.mark.breaks_books
def test_every_post_of_a_shop_first_fires_what_is_overdue_on_the_shop(short_deposit, draft, seller, client):
    clock.advance(timedelta(days=30))
    client.force_login(seller)
    silent, heard = [], 0
    for name, path, _view in pages():
        if not re.search(r"/(desk|shops)/x/|/v1/listings/1/", path):
            continue
        path = path.replace("/x/", f"/{short_deposit.shop.slug}/", 1).replace("/listings/1/", f"/listings/{draft.pk}/")
        said = fires(client, path)
        heard += said is True
        if said is False:
            silent.append(name)
    assert silent == []
    assert heard > 15


@pytest.mark.breaks_books
@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("thing", ["order", "refund", "dispute"])
def test_a_page_only_says_that_the_time_is_over(request, rich_buyer, client, thing, language):
    found = request.getfixturevalue(thing)
    found.refresh_from_db()
    clock.advance(timedelta(days=30))
    rich_buyer.language = language
    rich_buyer.save(update_fields=["language"])
    client.force_login(rich_buyer)
    page = client.get(found.get_absolute_url())
    with translation.override(language):
        assert translation.gettext("The time is over") in page.content.decode().split("data-over")[-1].partition(">")[2]
    running = Timer.objects.filter(subject=found.address, state=Timer.State.RUNNING)
    assert running.filter(limit=found.machine.limits[found.state]).count() == 1
    assert not Event.objects.filter(name__endswith=".clock_fired").exists()

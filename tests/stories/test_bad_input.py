"""Bad input changes nothing and says why: strangers, the wrong turn, too late, stale and wrong forms, false notices."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from disputes.models import Dispute
from kamen.sandbox_channel import Channel
from ledger import payments, payouts
from ledger.accounts import balance
from ledger.models import Notice, Payment, Payout, Transfer
from orders.models import Attachment, Order
from refunds.models import Refund
from tests.api.conftest import problem, signed_in
from tests.fixtures.channel import SECRET, eventually
from tests.fixtures.clocks import let_remind
from tests.fixtures.disputes import drafted
from tests.fixtures.people import person
from tests.stories.conftest import everything, picture
from tests.stories.forms import BACKEND
from timeline import clock
from timeline.models import Event

HOUR = timedelta(hours=1)


def as_(user: Any, language: str = "en") -> Client:
    """A browser of `user`."""
    browser = Client(headers={"accept-language": language})
    browser.force_login(user, backend=BACKEND)
    return browser


def state_of_the_mall() -> tuple[Any, ...]:
    """Everything that a refused request must leave as it was."""
    states = [list(model.objects.order_by("pk").values_list("pk", "state")) for model in (Order, Refund, Dispute)]
    counts = [model.objects.count() for model in (Event, Transfer, Payout, Payment, Attachment)]
    return everything(), states, counts


@pytest.fixture
def unchanged() -> Any:
    """Fails if anything changed between `with unchanged():` and its end."""
    from contextlib import contextmanager

    @contextmanager
    def watching() -> Any:
        before = state_of_the_mall()
        yield
        assert state_of_the_mall() == before

    return watching


# A stranger: it is not there

ORDER_PAGES = {
    "get": ["", "claim/", "claim/facts/", "claim/result/", "confirm/", "units/1/"],
    "post": ["pay/", "cancel/", "confirm/", "say/", "units/1/", "claim/", "claim/facts/", "claim/result/"],
}
CASE_PAGES = {"get": ["", "decline/"], "post": ["accept/", "decline/", "withdraw/", "escalate/"]}
DISPUTE_PAGES = {"get": ["", "ruling/"], "post": ["", "rest/", "withdraw/", "concede/"]}
BENCH_PAGES = {"get": [""], "post": ["open/", "preview/", "rule/", "sign/", "send-back/", "assign/", "submit/"]}
DESK_PAGES = ["listings/", "listings/new/", "stock/", "orders/", "queue/"]


def test_for_a_stranger_no_page_of_a_sale_is_there(ruled, stranger, unchanged):
    refund = ruled.refund
    browser = as_(stranger)
    roots = {
        f"/orders/{refund.order.number}/": ORDER_PAGES,
        f"/refunds/{refund.number}/": CASE_PAGES,
        f"/disputes/{ruled.number}/": DISPUTE_PAGES,
        f"/bench/{ruled.number}/": BENCH_PAGES,
    }
    with unchanged():
        for root, pages in roots.items():
            found = {f"GET {root}{page}": browser.get(root + page).status_code for page in pages["get"]}
            found |= {f"POST {root}{page}": browser.post(root + page).status_code for page in pages["post"]}
            assert set(found.values()) == {404}, found
        found = {page: browser.get(f"/desk/xinghe/{page}").status_code for page in DESK_PAGES}
        found["accept"] = browser.post("/desk/xinghe/queue/accept/").status_code
        found["bench"] = browser.get("/bench/").status_code
        found["payout"] = browser.get(f"/wallet/payouts/{Payout.objects.get().number}/").status_code
        assert set(found.values()) == {404}, found


def test_a_stranger_s_404_looks_like_any_other(declined_refund, stranger):
    browser = as_(stranger)
    there, nowhere = browser.get(f"/refunds/{declined_refund.number}/"), browser.get("/refunds/R00000000000000/")
    assert (there.status_code, nowhere.status_code) == (404, 404)
    words = [answer.content.decode().replace(declined_refund.number, "R00000000000000") for answer in (there, nowhere)]
    assert _without_tokens(words[0]) == _without_tokens(words[1])


def test_for_a_stranger_nothing_of_a_sale_is_in_the_api(ruled, stranger, unchanged):
    client = signed_in(stranger)
    refund, number = ruled.refund, ruled.refund.order.number
    gets = [f"orders/{number}/{each}" for each in ("", "units/", "messages/", "files/")]
    gets += [f"refunds/{refund.number}/", f"disputes/{ruled.number}/", "shops/xinghe/orders/"]
    gets += [f"refunds/preview/?order={number}&reason=CODE_INVALID&places=1"]
    posts: dict[str, Any] = {
        f"orders/{number}/{each}/": {} for each in ("pay", "charge", "cancel", "confirm", "units/1/reveal")
    }
    posts[f"orders/{number}/charge/"] = {"channel": "sandbox"}
    posts[f"orders/{number}/messages/"] = {"text": "hello"}
    posts |= {f"refunds/{refund.number}/{each}/": {} for each in ("accept", "withdraw", "escalate")}
    posts[f"refunds/{refund.number}/decline/"] = {"code": "other", "rule": "MX-42", "text": "no"}
    posts |= {f"disputes/{ruled.number}/{each}/": {} for each in ("open", "rest", "withdraw", "concede")}
    posts["refunds/"] = {"order": number, "reason": "CODE_INVALID", "places": [1]}
    with unchanged():
        for path in gets:
            problem(client.get(f"/api/v1/{path}"), 404, "not_found")
        for path, body in posts.items():
            problem(client.send(f"/api/v1/{path}", body), 404, "not_found")


# Out of turn, or too late: a code and a sentence

Verb = tuple[str, str, dict[str, Any]]


def verbs_of(refund: Refund) -> dict[str, Verb]:
    """Each verb of a case: who must not do it, and what is sent."""
    no = {"code": "code_was_good", "rule": "MX-42", "text": "出库时有效"}
    return {
        "accept": ("buyer", "accept", {}),
        "decline": ("buyer", "decline", no),
        "withdraw": ("seller", "withdraw", {}),
        "escalate": ("seller", "escalate", {}),
    }


@pytest.mark.parametrize("name", ["accept", "decline", "withdraw", "escalate"])
def test_a_party_out_of_turn_is_told_so(refund, rich_buyer, seller, name, unchanged):
    who, verb, body = verbs_of(refund)[name]
    user = {"buyer": rich_buyer, "seller": seller}[who]
    with unchanged():
        found = problem(signed_in(user).send(f"/api/v1/refunds/{refund.number}/{verb}/", body), 409, "not_your_turn")
        page = as_(user).post(f"/refunds/{refund.number}/{verb}/", body)
    if (who, name) == ("buyer", "decline"):
        assert page.status_code == 404, "the form of the shop's no is not there for a buyer"
        return
    assert page.status_code == 409
    assert found["detail"] in page.content.decode().replace("&#x27;", "'")
    assert "not_your_turn" in page.content.decode()


@pytest.mark.parametrize(("verb", "who"), [("accept", "seller"), ("decline", "seller")])
def test_an_answer_after_the_deadline_comes_too_late(refund, rich_buyer, seller, verb, who):
    body = {"code": "code_was_good", "rule": "MX-42", "text": "出库时有效"} if verb == "decline" else {}
    clock.advance(48 * HOUR + timedelta(minutes=1))
    found = problem(signed_in(seller).send(f"/api/v1/refunds/{refund.number}/{verb}/", body), 409, "wrong_moment")
    refund.refresh_from_db()
    assert refund.outcome == "silence", "the clock was faster: it acted before the answer was looked at"
    page = as_(seller).post(f"/refunds/{refund.number}/{verb}/", body)
    assert page.status_code == 409
    assert found["detail"] in page.content.decode()


def test_whoever_is_too_late_with_anything_else_is_told_so(declined, rich_buyer, unchanged):
    number = declined.number
    let_remind(declined)
    clock.advance(timedelta(days=8))
    problem(signed_in(rich_buyer).send(f"/api/v1/refunds/{number}/escalate/"), 409, "wrong_moment")
    declined.refresh_from_db()
    assert declined.state == "lapsed"
    with unchanged():
        answer = as_(rich_buyer).post(f"/refunds/{number}/escalate/")
    assert answer.status_code == 409
    assert "cannot be taken to the platform now" in answer.content.decode()


def test_neither_side_nor_a_stranger_of_the_staff_rules(reviewed, rich_buyer, seller, second_arbiter, unchanged):
    said = {"issues": "x" * 30, "reasons": "x" * 30}
    words = {"shares": {"buyer": 10_000}, "rule_ids": ["MX-11"], "findings": [], **said}
    with unchanged():
        for side in (rich_buyer, seller):
            problem(signed_in(side).send(f"/api/v1/disputes/{reviewed.number}/rule/", words), 409, "not_your_turn")
            assert as_(side).post(f"/bench/{reviewed.number}/rule/", {}).status_code == 404, "no bench for them"
        problem(signed_in(second_arbiter).send(f"/api/v1/disputes/{reviewed.number}/rule/", words), 404, "not_found")
        assert as_(second_arbiter).post(f"/bench/{reviewed.number}/rule/", {}).status_code == 404


# Stale forms: the current figure


def test_a_figure_that_has_changed_is_said_and_nothing_is_filed(order, rich_buyer, unchanged):
    body = {"order": order.number, "reason": "CHANGE_OF_MIND", "places": [1], "expected": 9_800}
    with unchanged():
        found = problem(signed_in(rich_buyer).send("/api/v1/refunds/", body), 409, "figure_changed")
        assert "¥90.16" in found["detail"]
        browser = as_(rich_buyer)
        browser.post(f"/orders/{order.number}/claim/", {"reason": "CHANGE_OF_MIND", "places": ["1"]})
        page = browser.post(f"/orders/{order.number}/claim/result/", {"expected": "9800", "amount": "98.00"})
    assert page.status_code == 409
    assert "¥90.16" in page.content.decode()


def test_nobody_gets_more_than_the_rules_give(order, rich_buyer, unchanged):
    body = {"order": order.number, "reason": "CHANGE_OF_MIND", "places": [1], "amount": 9_017}
    with unchanged():
        found = problem(signed_in(rich_buyer).send("/api/v1/refunds/", body), 409, "more_than_the_rules")
    assert "¥90.16" in found["detail"]


def test_a_price_that_has_changed_is_said_and_nothing_is_ordered(listing, rich_buyer, unchanged):
    body = {"listing": listing.pk, "quantity": 1, "acknowledged": True, "exempt": True, "price": 9_700}
    with unchanged():
        found = problem(signed_in(rich_buyer).send("/api/v1/orders/", body), 409, "price_changed")
        told = {"quantity": "1", "acknowledged": "on", "exempt": "on", "price": "9700"}
        page = as_(rich_buyer).post(f"/listings/{listing.pk}/buy/", told)
    assert page.status_code == 409
    assert "¥98.00" in found["detail"]
    assert "¥98.00" in page.content.decode()


def test_a_ruling_that_was_written_anew_is_not_signed_unread(signing, arbiter, senior, at, unchanged):
    from disputes import lifecycle

    lifecycle.sign(signing, agrees=False, note_text="看漏一项。", by=senior, at=at)
    signing.refresh_from_db()
    lifecycle.rule(signing, drafted(signing), by=arbiter, at=at)
    client, browser = signed_in(senior), as_(senior)
    lifecycle.open_file(signing, by=senior, at=at)
    with unchanged():
        body = {"agrees": True, "version": 1}
        problem(client.send(f"/api/v1/disputes/{signing.number}/sign/", body), 409, "ruling_changed")
        assert browser.post(f"/bench/{signing.number}/sign/", {"version": "1"}).status_code == 409


# Wrong forms and files: 422, in the language of who sent them

Words = dict[str, Any]
WRONG_FORMS: dict[str, tuple[str, str, Words]] = {
    "a top-up of letters": ("buyer", "/wallet/top-up/", {"amount": "viel"}),
    "a top-up of nothing": ("buyer", "/wallet/top-up/", {"amount": "0"}),
    "an order without the notice": ("buyer", "/listings/{listing}/buy/", {"quantity": "1"}),
    "an order of none": ("buyer", "/listings/{listing}/buy/", {"quantity": "0", "acknowledged": "on", "exempt": "on"}),
    "a claim without a reason": ("buyer", "/orders/{order}/claim/", {"places": ["2"]}),
    "a claim for no unit": ("buyer", "/orders/{order}/claim/", {"reason": "CODE_INVALID"}),
    "a claim for a unit that is not there": (
        "buyer",
        "/orders/{order}/claim/",
        {"reason": "CODE_INVALID", "places": "9"},
    ),
    "a no without a rule": ("seller", "/refunds/{refund}/decline/", {"code": "other", "text": "不"}),
    "a no by a rule that does not fit": (
        "seller",
        "/refunds/{refund}/decline/",
        {"code": "other", "rule": "MX-03", "text": "不"},
    ),
    "a no without words": ("seller", "/refunds/{refund}/decline/", {"code": "other", "rule": "MX-42"}),
    "a listing for nothing": ("seller", "/desk/xinghe/listings/new/", {"title": "x", "price": "0"}),
    "stock without a code": ("seller", "/desk/xinghe/stock/{listing}/", {"codes": ""}),
    "a message of nothing": ("buyer", "/orders/{order}/say/", {"text": ""}),
}


@pytest.mark.parametrize("what", WRONG_FORMS)
def test_a_wrong_form_comes_back_with_what_is_wrong_in_both_languages(
    refund, listing, rich_buyer, seller, what, unchanged, channel_secret
):
    who, path, words = WRONG_FORMS[what]
    user = {"buyer": rich_buyer, "seller": seller}[who]
    url = path.format(listing=listing.pk, order=refund.order.number, refund=refund.number)
    said: dict[str, list[str]] = {}
    with unchanged():
        for language in ("zh-hans", "en"):
            answer = as_(user, language).post(url, words)
            assert answer.status_code == 422, answer.content.decode()[:2000]
            said[language] = [str(each) for errors in answer.context["form"].errors.values() for each in errors]
            shown = answer.content.decode().replace("&#x27;", "'").replace("&quot;", '"')
            assert all(each in shown for each in said[language]), said
    assert said["en"], "it says what is wrong"
    assert said["en"] != said["zh-hans"], f"in the person's language: {said}"


FILES: dict[str, Callable[[], SimpleUploadedFile]] = {
    "a program": lambda: SimpleUploadedFile("picture.png", b"MZ" + bytes(200), content_type="image/png"),
    "a page": lambda: SimpleUploadedFile("note.txt", b"<html><script>alert(1)</script>", content_type="text/plain"),
    "a drawing with scripts": lambda: SimpleUploadedFile("a.svg", b"<svg xmlns='x'/>", content_type="image/svg+xml"),
    "an empty file": lambda: SimpleUploadedFile("picture.png", b"", content_type="image/png"),
    "half a picture": lambda: SimpleUploadedFile("p.png", picture().read()[:40], content_type="image/png"),
    "too large a text": lambda: SimpleUploadedFile("log.txt", b"a" * (1024 * 1024 + 1), content_type="text/plain"),
}


@pytest.mark.parametrize("what", FILES)
def test_a_file_that_is_not_taken_is_refused_in_both_languages_with_the_draft_kept(
    order, rich_buyer, seller, what, unchanged
):
    with unchanged():
        said: dict[str, Any] = {}
        for language in ("zh-hans", "en"):
            browser = as_(rich_buyer, language)
            browser.post(f"/orders/{order.number}/claim/", {"reason": "CHANGE_OF_MIND", "places": ["1"]})
            told = {"text": "我写的话", "file": FILES[what]()}
            answer = browser.post(f"/orders/{order.number}/claim/facts/", told)
            assert answer.status_code == 422
            assert "我写的话" in answer.content.decode(), "what was written is still there"
            said[language] = [str(each) for errors in answer.context["form"].errors.values() for each in errors]
            client = signed_in(rich_buyer)
            api = client.post(
                f"/api/v1/orders/{order.number}/files/", {"file": FILES[what]()}, HTTP_ACCEPT_LANGUAGE=language
            )
            problem(api, 422, "invalid")
        assert said["en"]
        assert said["en"] != said["zh-hans"], said


# Payment notices


def signed_notice(payment: Payment, number: str = "", *, secret: str = SECRET, **changes: Any) -> Any:
    """A notice as the channel would send it, or as somebody would who is not the channel."""
    to = f"/pay/sandbox/notify/{number or payment.number}/"
    body = json.dumps(
        {"number": number or payment.number, "txn": "t1", "amount": payment.amount, "currency": "CNY", **changes}
    ).encode()
    signer = Channel(":memory:", secret)
    headers = signer.signed("notice", to, body)
    signer.database.close()
    return Client().post(to, body, content_type="application/json", headers=headers)


def test_a_notice_about_an_unknown_payment_or_by_somebody_else_is_answered_with_400(channel_secret, top_up, unchanged):
    with unchanged():
        for answer in (
            signed_notice(top_up, "P00000000000000"),
            signed_notice(top_up, secret="somebody-else-s-secret"),
            Client().post(f"/pay/sandbox/notify/{top_up.number}/", b"{}", content_type="application/json"),
            Client().post(f"/pay/nobody/notify/{top_up.number}/", b"{}", content_type="application/json"),
        ):
            problem_400(answer)
    assert not Notice.objects.exists()


def problem_400(answer: Any) -> None:
    """Told that it is not believed, and nothing more."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["code"] == "bad_notice"
    assert answer.json()["detail"] == "This notice is not believed."


def test_a_repeated_notice_gets_the_same_success_and_moves_nothing_more(channel_secret, top_up, buyer, unchanged):
    first = signed_notice(top_up)
    with unchanged():
        again = [signed_notice(top_up) for _time in range(2)]
    assert {(each.status_code, each.content) for each in [first, *again]} == {(200, b"success")}
    assert balance(f"{buyer.address}:wallet") == 10_000


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["twice", "late"])
def test_a_second_and_a_late_payment_go_back_by_themselves(channel, charged, top_up, buyer, how):
    if how == "twice":
        charged(top_up, times=2)
        eventually(lambda: Notice.objects.count() == 2)
    else:
        charged(top_up, after=3600)
        clock.advance(HOUR)
        channel.arrive_now(top_up.number)
        eventually(lambda: Notice.objects.count() == 1)
    payouts.run(at=clock.now())
    sent_back = channel.rows("select amount from refund where state = 'done'")
    assert [row["amount"] for row in sent_back] == [10_000]
    assert balance(f"{buyer.address}:wallet") == (10_000 if how == "twice" else 0)
    assert balance("platform:suspense") == 0


@pytest.mark.django_db(transaction=True)
def test_money_for_an_order_that_was_paid_meanwhile_goes_back(channel, placed_order, rich_buyer):
    from orders import lifecycle, purchase

    at = clock.now()
    payment = purchase.ask_for_charge(placed_order, channel="sandbox", by=rich_buyer, at=at)
    payments.open_charge(payment, title="test")
    lifecycle.pay_from_wallet(placed_order, by=rich_buyer, at=at)
    row = channel.row("select * from charge where number = ?", payment.number)
    assert row is not None
    channel.pay(row)
    eventually(lambda: Notice.objects.count() == 1)
    payouts.run(at=clock.now())
    assert [row["amount"] for row in channel.rows("select amount from refund where state = 'done'")] == [29_400]
    assert balance(placed_order.escrow) == 29_400, "the order was paid once"


def _without_tokens(page: str) -> str:
    """A page without what differs at each visit."""
    import re

    return re.sub(r'(csrfmiddlewaretoken" value|nonce|content)="[^"]*"|"X-CSRFToken": "[^"]*"', "", page)


def test_somebody_signed_out_is_led_to_sign_in_and_not_told_what_is_there(declined_refund):
    person("unused")
    answer = Client().get(f"/refunds/{declined_refund.number}/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/account/login/")

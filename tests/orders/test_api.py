"""The API of orders: the same verbs as on the pages, with the same refusals; and no code is ever kept."""

import hashlib
import re

import pytest

from ledger.accounts import balance
from ledger.models import Payment
from orders import attachments, conversation, delivery, lifecycle
from orders.models import Attachment, Message, Order, Reveal
from orders.states import OrderState
from tests.api.conftest import ApiClient, problem, signed_in
from tests.fixtures.channel import eventually
from tests.orders.test_attachments import HOSTILE, files, picture, telling_jpeg, upload
from tests.orders.test_pages import paid_order, well_stocked
from tests.queries import recorded
from timeline import clock
from timeline.models import KeptAnswer

__all__ = ["files", "paid_order", "well_stocked"]

HIDDEN = re.compile(r"XH7Q-\d{4}-KAMEN")
ORDERS = "/api/v1/orders/"


def at_(order, rest=""):
    return f"{ORDERS}{order.number}/{rest}"


# Placing


def test_a_buyer_orders(rich_buyer, listing):
    body = {"listing": listing.pk, "quantity": 2, "acknowledged": True, "exempt": True, "price": listing.price}
    answer = signed_in(rich_buyer).send(ORDERS, body)
    assert answer.status_code == 201
    found = answer.json()
    assert (found["state"], found["total"], found["side"]) == ("placed", 19_600, "buyer")
    assert found["actions"] == ["pay", "cancel", "say"]
    assert found["promised"]["title"] == listing.title
    assert signed_in(rich_buyer).get(answer.headers["Location"]).json() == found


def test_an_order_sent_twice_counts_once(rich_buyer, listing):
    client, body = signed_in(rich_buyer), {"listing": listing.pk, "quantity": 1, "acknowledged": True, "exempt": True}
    first, again = client.send(ORDERS, body, key="one"), client.send(ORDERS, body, key="one")
    assert first.json() == again.json()
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": 501}, "quantity"),
        ({"quantity": "2"}, "quantity"),
        ({"quantity": None}, "quantity"),
        ({"acknowledged": "yes"}, "acknowledged"),
        ({"acknowledged": 1}, "acknowledged"),
        ({"listing": 0}, "listing"),
        ({"listing": 999_999_999}, "listing"),
        ({"price": 98.0}, "price"),
    ],
)
def test_a_wrong_order_says_which_field_is_wrong(rich_buyer, listing, change, field):
    body = {"listing": listing.pk, "quantity": 1, "acknowledged": True, "exempt": True, **change}
    found = problem(signed_in(rich_buyer).send(ORDERS, body), 422, "invalid")
    assert [error["field"] for error in found["errors"]] == [field]
    assert not Order.objects.exists()


def test_nobody_agrees_to_the_exemption_by_saying_nothing(rich_buyer, listing):
    """Each purchase needs a yes of its own: what is kept as the buyer's yes was said."""
    body = {"listing": listing.pk, "quantity": 1, "acknowledged": True}
    found = problem(signed_in(rich_buyer).send(ORDERS, body), 422, "invalid")
    assert [error["field"] for error in found["errors"]] == ["exempt"]
    assert not Order.objects.exists()


def test_the_mall_refuses_an_order_with_its_code(rich_buyer, seller, listing):
    body = {"listing": listing.pk, "quantity": 1, "acknowledged": True, "exempt": True}
    problem(signed_in(seller).send(ORDERS, body), 409, "own_goods")
    client = signed_in(rich_buyer)
    problem(client.send(ORDERS, body | {"acknowledged": False}), 409, "notice_not_acknowledged")
    problem(client.send(ORDERS, body | {"exempt": False}), 409, "exemption_refused")
    problem(client.send(ORDERS, body | {"quantity": 11}), 409, "sold_out")
    assert "¥98.00" in problem(client.send(ORDERS, body | {"price": 9_700}), 409, "price_changed")["detail"]


# Verbs


def test_a_buyer_pays_from_the_balance_and_it_counts_once(placed_order, rich_buyer):
    client = signed_in(rich_buyer)
    for _ in range(2):
        answer = client.send(at_(placed_order, "pay/"), key="pay")
        assert (answer.status_code, answer.json()["state"]) == (200, "delivered")
    assert balance(f"user:{rich_buyer.pk}:wallet") == 70_600
    problem(client.send(at_(placed_order, "pay/")), 409, "wrong_moment")


def test_the_wrong_person_is_told_so(placed_order, seller, agent):
    for person in (seller, agent):
        for verb in ("pay/", "cancel/", "confirm/"):
            problem(signed_in(person).send(at_(placed_order, verb)), 409, "not_your_turn")
    placed_order.refresh_from_db()
    assert placed_order.state == OrderState.PLACED


def test_for_a_stranger_no_address_of_an_order_exists(order, stranger):
    client, anybody = signed_in(stranger), ApiClient(raise_request_exception=False)
    for rest in ("", "units/", "messages/", "files/"):
        problem(client.get(at_(order, rest)), 404, "not_found")
        problem(anybody.get(at_(order, rest)), 401, "not_signed_in")
    for verb in ("pay/", "charge/", "cancel/", "confirm/", "units/1/reveal/", "messages/"):
        problem(client.send(at_(order, verb)), 404, "not_found")
    problem(client.post(at_(order, "files/"), {"file": upload(picture())}), 404, "not_found")
    assert not Reveal.objects.exists()


def test_a_buyer_cancels(placed_order, rich_buyer):
    client = signed_in(rich_buyer)
    assert client.send(at_(placed_order, "cancel/")).json()["state"] == "cancelled"
    problem(client.send(at_(placed_order, "cancel/")), 409, "wrong_moment")


def test_a_buyer_confirms(order, rich_buyer):
    found = signed_in(rich_buyer).send(at_(order, "confirm/")).json()
    assert (found["state"], found["figures"]["to_shop"], found["figures"]["kept"]) == ("completed", 27_930, 1_470)


def test_what_is_overdue_happens_before_the_verb_and_stays_when_the_verb_is_refused(placed_order, rich_buyer):
    from datetime import timedelta

    clock.advance(timedelta(minutes=16))
    problem(signed_in(rich_buyer).send(at_(placed_order, "pay/")), 409, "wrong_moment")
    placed_order.refresh_from_db()
    assert placed_order.state == OrderState.EXPIRED


@pytest.mark.django_db(transaction=True)
def test_a_buyer_pays_by_a_channel(channel, charged, listing, buyer):
    order = lifecycle.place(buyer=buyer, listing=listing, quantity=1, acknowledged=True, at=clock.now())
    client = signed_in(buyer)
    answer = client.send(at_(order, "charge/"), {"channel": "sandbox"})
    assert answer.status_code == 201
    assert client.get(answer.headers["Location"]).json()["pay_url"].startswith(channel.address)
    assert client.send(at_(order, "charge/"), {"channel": "sandbox"}).json()["number"] == answer.json()["number"]
    charged(Payment.objects.get())
    eventually(lambda: client.get(at_(order)).json()["state"] == "delivered")


def test_a_channel_that_is_not_open_is_refused(placed_order, rich_buyer):
    client = signed_in(rich_buyer)
    problem(client.send(at_(placed_order, "charge/"), {"channel": "sandbox"}), 409, "no_such_channel")
    problem(client.send(at_(placed_order, "charge/"), {}), 422, "invalid")


# Codes


def test_a_code_is_shown_once_it_is_on_record_and_its_answer_is_never_kept(order, rich_buyer):
    client = signed_in(rich_buyer)
    assert not HIDDEN.search(
        client.get(at_(order)).content.decode() + client.get(at_(order, "units/")).content.decode()
    )
    first = client.send(at_(order, "units/1/reveal/"), key="look")
    assert first.status_code == 200
    assert HIDDEN.fullmatch(first.json()["code"])
    assert first.headers["Cache-Control"] == "private, no-store"
    again = client.post(at_(order, "units/1/reveal/"))
    assert again.json()["code"] == first.json()["code"], "no key is asked for"
    assert "Idempotency-Replayed" not in again.headers
    assert Reveal.objects.count() == 2
    assert not KeptAnswer.objects.exists()
    assert client.get(at_(order, "units/")).json()["results"][0]["delivery"] == "revealed"


def test_nobody_else_gets_a_code(order, placed_order, seller, agent, rich_buyer, listing, at):
    for person in (seller, agent):
        problem(signed_in(person).send(at_(order, "units/1/reveal/")), 409, "not_your_turn")
    problem(signed_in(rich_buyer).send(at_(order, "units/4/reveal/")), 404, "not_found")
    other = lifecycle.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    problem(signed_in(rich_buyer).send(at_(other, "units/1/reveal/")), 409, "not_delivered")
    assert not Reveal.objects.exists()


# Lists


def test_each_side_has_its_list(order, rich_buyer, seller, stranger):
    assert [row["number"] for row in signed_in(rich_buyer).get(ORDERS).json()["results"]] == [order.number]
    assert signed_in(seller).get(ORDERS).json()["results"] == []
    (row,) = signed_in(seller).get("/api/v1/shops/xinghe/orders/").json()["results"]
    assert (row["title"], row["quantity"], row["turn"]) == ("星河激活码 30 天", 3, "buyer")
    problem(signed_in(stranger).get("/api/v1/shops/xinghe/orders/"), 404, "not_found")


def test_1_or_51_orders_and_1_or_500_units_take_the_same_number_of_queries(paid_order, rich_buyer):
    client = signed_in(rich_buyer)

    def cost(address):
        client.get(address)
        with recorded() as asked:
            found = client.get(address)
        assert found.status_code == 200
        return len(asked), found.json()

    one = paid_order(1)
    single = {rest: cost(at_(one, rest))[0] for rest in ("", "units/", "messages/", "files/")}
    rows, _found = cost(ORDERS)
    many = paid_order(500)
    assert {rest: cost(at_(many, rest))[0] for rest in single} == single
    for _ in range(49):
        paid_order(1)
    queries, found = cost(ORDERS)
    assert queries == rows
    assert found["next"]
    assert len(found["results"]) == 50
    places, address = [], at_(many, "units/")
    while address:
        _cost, part = cost(address)
        places += [unit["place"] for unit in part["results"]]
        address = part["next"]
    assert places == list(range(1, 501))


# Talking


def test_people_talk_through_the_api(order, rich_buyer, seller, auditor):
    answer = signed_in(rich_buyer).send(at_(order, "messages/"), {"text": "第一个码无效。"})
    assert answer.status_code == 201
    signed_in(seller).send(at_(order, "messages/"), {"text": "请稍等"})
    found = signed_in(auditor).get(at_(order, "messages/")).json()["results"]
    assert [(row["side"], row["text"]) for row in found] == [("shop", "请稍等"), ("buyer", "第一个码无效。")]
    problem(signed_in(auditor).send(at_(order, "messages/"), {"text": "hello"}), 409, "not_your_turn")


@pytest.mark.parametrize("words", ["", "  \n", "x" * 2_001, 7, None, "a\x00b"])
def test_what_cannot_be_said_is_a_422(order, rich_buyer, words):
    found = problem(signed_in(rich_buyer).send(at_(order, "messages/"), {"text": words}), 422, "invalid")
    assert [error["field"] for error in found["errors"]] == ["text"]
    assert not Message.objects.exists()


def test_a_message_sent_twice_counts_once(order, rich_buyer):
    client = signed_in(rich_buyer)
    for _ in range(2):
        client.send(at_(order, "messages/"), {"text": "once"}, key="say")
    assert Message.objects.count() == 1


def test_files_come_as_a_form_and_their_hash_makes_them_count_once(order, rich_buyer, seller):
    content = telling_jpeg()
    client = signed_in(rich_buyer)
    first, again = (client.post(at_(order, "files/"), {"file": upload(content, "照片.jpg")}) for _ in range(2))
    assert (first.status_code, again.json()) == (201, first.json())
    (row,) = signed_in(seller).get(at_(order, "files/")).json()["results"]
    assert (row["sha256"], row["side"], row["name"]) == (hashlib.sha256(content).hexdigest(), "buyer", "照片.jpg")
    assert b"script" not in signed_in(seller).get(row["url"]).content


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (HOSTILE, "a.png", "wrong_type"),
        (b"", "a.png", "empty"),
        (b"\xff\xd8\xff" + b"\0" * (21 * 2**20), "a.jpg", "too_large"),
    ],
)
def test_a_wrong_file_is_a_422_with_a_code(order, rich_buyer, content, name, code):
    answer = signed_in(rich_buyer).post(at_(order, "files/"), {"file": upload(content, name)})
    (error,) = problem(answer, 422, "invalid")["errors"]
    assert (error["field"], error["code"]) == ("file", code)
    assert not Attachment.objects.exists()


def test_something_that_is_no_file_is_refused(order, rich_buyer):
    client = signed_in(rich_buyer)
    problem(client.post(at_(order, "files/"), {}), 422, "invalid")
    problem(client.post(at_(order, "files/"), {"file": "words"}), 422, "invalid")
    problem(
        client.post(at_(order, "files/"), {"file": "words"}, content_type="application/json"),
        415,
        "unsupported_media_type",
    )


def test_1_or_20_files_and_messages_take_the_same_number_of_queries(order, rich_buyer, at):
    client = signed_in(rich_buyer)
    counts = []
    for number in range(20):
        attachments.attach(order, upload(f"line {number}".encode(), "a.txt"), by=rich_buyer, at=at)
        conversation.say(order, f"line {number}", by=rich_buyer, at=at)
        if number in {0, 19}:
            for address in (at_(order, "files/"), at_(order, "messages/"), f"/orders/{order.number}/"):
                client.get(address)
                with recorded() as asked:
                    client.get(address)
                counts.append(len(asked))
    assert counts[:3] == counts[3:]


def test_looking_again_and_again_is_slowed_down(order, rich_buyer, at):
    for _ in range(delivery.OF_ONE_ORDER):
        delivery.reveal(order.units.get(place=1), by=rich_buyer, at=at, visit=delivery.Visit())
    answer = signed_in(rich_buyer).send(at_(order, "units/1/reveal/"))
    problem(answer, 429, "too_often")
    assert 1 <= int(answer.headers["Retry-After"]) <= 301

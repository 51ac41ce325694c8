"""A shop's machines: called with proof, in order, again until they answer, and never inside our own house."""

import contextlib
import json
import socket
import threading
import time
from datetime import timedelta

import pytest

from notifications import inbox, outside, sending, webhooks
from notifications.models import Call, CallAttempt, Endpoint, all_groups
from refunds import lifecycle as refunds
from shops.models import Shop
from tests.fixtures.cases import claim
from tests.races import race
from timeline.api import Polling
from timeline.events import stream
from timeline.models import Event
from timeline.refusals import Refused

MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop(order):
    return order.shop


@pytest.fixture
def hooked(shop, receiver, seller, at):
    """An endpoint of the shop that is called, with its secret."""
    inbox.catch_up(at=at)
    return webhooks.add(shop, url=receiver.url, groups=all_groups(), by=seller, at=at)


@pytest.fixture
def asked(hooked, revealed, rich_buyer, at):
    """The buyer asks for money back, and the mall has noticed."""
    refund = claim(revealed, "CODE_INVALID", by=rich_buyer, at=at)
    inbox.catch_up(at=at)
    return refund


def refused(code, act, *args, **kwargs):
    with pytest.raises(Refused) as no:
        act(*args, **kwargs)
    assert no.value.code == code


# The call


def test_a_machine_hears_of_a_claim_and_can_prove_who_said_it(asked, hooked, receiver, at):
    _endpoint, secret = hooked
    assert sending.send_due(at=at) >= 1
    told = next(each for each in receiver.bodies() if each["type"] == "refund.requested")
    assert told["subject"] == {"kind": "refund", "number": asked.number}
    assert (told["state"], told["amount"], told["order"]) == ("requested", asked.asked, asked.order.number)
    assert all(receiver.believes(place, secret) for place in range(len(receiver.heard)))
    assert not receiver.believes(0, "whsec_somebody-else")


def test_a_body_that_was_changed_on_the_way_is_noticed(asked, hooked, receiver, at):
    sending.send_due(at=at)
    headers, body = receiver.heard[0]
    receiver.heard[0] = (headers, body.replace(b'"amount":', b'"amount":1'))
    assert not receiver.believes(0, hooked[1])


def test_each_case_counts_its_calls(asked, seller, receiver, at):
    refunds.accept(asked, by=seller, at=at)
    inbox.catch_up(at=at)
    while sending.send_due(at=at):
        pass
    told = [each for each in receiver.bodies() if each["case"] == asked.root_address]
    assert [each["sequence"] for each in told] == list(range(1, len(told) + 1))
    assert "refund.refunded" in {each["type"] for each in told}


def test_telling_again_says_nothing_twice(asked, at):
    before = Call.objects.count()
    inbox.HighWaterMark.objects.update(event_id=0)
    inbox.catch_up(at=at)
    assert Call.objects.count() == before


def test_a_call_says_no_code_no_address_and_nothing_anybody_wrote(asked, codes, receiver, at):
    sending.send_due(at=at)
    said = b"".join(body for _headers, body in receiver.heard).decode()
    assert "@" not in said
    assert "buyer" not in said
    assert not any(code in said for code in codes)


def test_a_machine_hears_only_what_its_shop_chose(shop, receiver, revealed, rich_buyer, seller, at):
    inbox.catch_up(at=at)
    webhooks.add(shop, url=receiver.url, groups=["money"], by=seller, at=at)
    claim(revealed, "CODE_INVALID", by=rich_buyer, at=at)
    inbox.catch_up(at=at)
    assert not Call.objects.exists()


def test_another_shop_hears_nothing(asked, stranger, at):
    other = Shop.objects.create(owner=stranger, name="别家", slug="other", opened_at=at)
    assert not Call.objects.filter(endpoint__shop=other).exists()
    assert {call.endpoint.shop_id for call in Call.objects.select_related("endpoint").order_by("pk")} == {
        asked.order.shop_id
    }


# Again, and given up


def test_a_machine_that_does_not_answer_is_called_later_and_later_then_given_up(asked, receiver, seller, at):
    receiver.status = 503
    moment, waits = at, []
    for _try in range(len(sending.BACK_OFF)):
        assert sending.send_due(at=moment) == 0
        first = Call.objects.order_by("pk")[0]
        assert first.next_try_at is not None
        assert sending.send_due(at=first.next_try_at - timedelta(seconds=1)) == 0
        waits.append(first.next_try_at - moment)
        moment = first.next_try_at
    assert waits == sending.BACK_OFF
    sending.send_due(at=moment)
    first = Call.objects.order_by("pk")[0]
    assert (first.given_up_at, first.sent_at) == (moment, None)
    assert CallAttempt.objects.filter(call=first).count() == 7
    assert "shop.webhook_failing" in {each.name for each in stream(asked.order.shop.address)}
    inbox.catch_up(at=moment)
    assert seller.notifications.filter(code="shop.webhook_failing").count() == 1


def test_what_was_given_up_is_sent_once_more_with_the_same_words(asked, hooked, receiver, seller, at):
    Call.objects.update(given_up_at=at)
    body = Call.objects.order_by("pk")[0].body
    number = webhooks.replay_dead(hooked[0], by=seller, at=at)
    assert number == Call.objects.count()
    assert sending.send_due(at=at) == number
    assert receiver.heard[0][1].decode() == body
    refused("wrong_moment", webhooks.replay_dead, hooked[0], by=seller, at=at)


def test_one_that_arrived_can_be_asked_for_once_more(asked, hooked, receiver, seller, at):
    sending.send_due(at=at)
    call = Call.objects.order_by("pk")[0]
    webhooks.replay(call, by=seller, at=at + MINUTE)
    refused("wrong_moment", webhooks.replay, call, by=seller, at=at + MINUTE)
    sending.send_due(at=at + MINUTE)
    assert [headers["Kamen-Call"] for headers, _body in receiver.heard].count(str(call.pk)) == 2


def test_what_comes_later_in_a_case_waits_for_what_came_before(asked, hooked, receiver, seller, at):
    receiver.status = 500
    sending.send_due(at=at)
    refunds.accept(asked, by=seller, at=at)
    inbox.catch_up(at=at)
    receiver.heard.clear()
    receiver.status = 200
    assert sending.send_due(at=at + timedelta(seconds=5)) == 0, "the first one is not due yet"
    while sending.send_due(at=at + MINUTE):
        pass
    told = [each["sequence"] for each in receiver.bodies() if each["case"] == asked.root_address]
    assert told == sorted(told)
    assert told[0] == 1


def test_a_machine_that_sends_elsewhere_is_not_followed(asked, receiver, at):
    receiver.status, receiver.location = 302, receiver.url
    assert sending.send_due(at=at) == 0
    assert len(receiver.heard) == 1
    assert CallAttempt.objects.get().status == 302


@pytest.mark.django_db(transaction=True)
def test_two_workers_call_once(asked, receiver, at):
    race(lambda: sending.send_due(at=at), lambda: sending.send_due(at=at))
    numbers = [headers["Kamen-Call"] for headers, _body in receiver.heard]
    assert len(numbers) == len(set(numbers)) == Call.objects.count()


# The endpoint


def test_only_the_owner_decides_where_the_news_go(shop, receiver, stranger, rich_buyer, at):
    for somebody in (stranger, rich_buyer):
        refused("not_your_turn", webhooks.add, shop, url=receiver.url, groups=["orders"], by=somebody, at=at)


def test_a_secret_is_told_once_and_never_stands_in_the_clear(hooked):
    endpoint, secret = hooked
    assert secret.startswith("whsec_")
    row = Endpoint.objects.filter(pk=endpoint.pk).values().get()
    assert secret not in str(row)
    assert secret not in "".join(Event.objects.order_by("pk").values_list("body", flat=True))


def test_after_a_change_both_secrets_count_for_a_day_and_then_the_new_one_alone(asked, hooked, receiver, seller, at):
    endpoint, before = hooked
    after = webhooks.rotate(endpoint, by=seller, at=at)
    sending.send_due(at=at)
    assert receiver.believes(0, before)
    assert receiver.believes(0, after)
    assert not webhooks.knows(endpoint, before, at=at + timedelta(days=1))
    assert webhooks.knows(endpoint, after, at=at + timedelta(days=1))


def test_a_paused_endpoint_is_not_called_and_hears_everything_afterwards(asked, hooked, receiver, seller, at):
    endpoint, _secret = hooked
    webhooks.pause(endpoint, by=seller, at=at)
    refused("wrong_moment", webhooks.pause, endpoint, by=seller, at=at)
    assert sending.send_due(at=at) == 0
    webhooks.resume(endpoint, by=seller, at=at)
    assert sending.send_due(at=at) == Call.objects.count() > 0


def test_a_removed_endpoint_hears_nothing_and_its_secret_is_gone(asked, hooked, receiver, seller, at):
    endpoint, secret = hooked
    webhooks.remove(endpoint, by=seller, at=at)
    assert sending.send_due(at=at) == 0
    assert not webhooks.knows(endpoint, secret, at=at)
    refused("wrong_moment", webhooks.rotate, endpoint, by=seller, at=at)


def test_a_test_is_a_call_like_any_other(hooked, receiver, seller, stranger, at):
    endpoint, secret = hooked
    refused("not_your_turn", webhooks.test, endpoint, by=stranger, at=at)
    webhooks.test(endpoint, by=seller, at=at)
    sending.send_due(at=at)
    assert receiver.bodies()[0]["type"] == "webhook.test"
    assert receiver.believes(0, secret)


# Outside


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://[::1]/x",
        "https://10.0.0.8/x",
        "https://192.168.1.1/x",
        "https://172.16.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/x",
        "https://0.0.0.0/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://[64:ff9b::7f00:1]/x",
        "https://[fe80::1]/x",
        "https://[fd00::1]/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "http://8.8.8.8/x",
        "https://8.8.8.8:22/x",
        "https://user:word@8.8.8.8/x",
        "ftp://8.8.8.8/x",
        "https://8.8.8.8:99999/x",
        "https://[fec0::1]/x",
        "https://[::1/x",
        "https://a..example/x",
        f"https://{'a' * 70}.example/x",
        "https://☃.example/x",
        "https:///x",
        "https://8.8.8.8:0x50/x",
    ],
)
def test_the_mall_calls_nothing_inside_its_own_house(shop, seller, at, url):
    refused("bad_address", webhooks.add, shop, url=url, groups=["orders"], by=seller, at=at)


def test_a_public_address_may_be_called():
    assert outside.find_way("https://8.8.8.8/hook", may_be_private=False).address == "8.8.8.8"


def test_an_address_that_no_call_can_be_made_of_holds_up_nobody_else(asked, hooked, receiver, seller, at):
    """One that was taken when the rules were others, say: its call fails, and the calls of the others arrive."""
    other, _secret = webhooks.add(asked.order.shop, url=receiver.url, groups=all_groups(), by=seller, at=at)
    Endpoint.objects.filter(pk=hooked[0].pk).update(webhook_url="https://☃.example/x")
    webhooks.test(other, by=seller, at=at)
    sending.send_due(at=at)
    assert {each["type"] for each in receiver.bodies()} == {"webhook.test"}
    assert CallAttempt.objects.exclude(fault="").get().fault == "no plain address"


def test_a_machine_that_answers_letter_by_letter_is_not_listened_to_for_ever(monkeypatch):
    """Each letter comes within its second; the call as a whole has its end all the same."""
    monkeypatch.setattr(outside, "PATIENCE", 0.6)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            line, _where = server.accept()
            with line, contextlib.suppress(OSError):
                line.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while True:
                    line.sendall(b"x")
                    time.sleep(0.1)

        threading.Thread(target=drip, daemon=True).start()
        way = outside.find_way(f"http://127.0.0.1:{server.getsockname()[1]}/x", may_be_private=True)
        began = time.monotonic()
        with pytest.raises(outside.Unreachable):
            outside.post(way, body=b"{}", headers={})
        assert time.monotonic() - began < 5


def test_a_name_that_leads_inside_after_it_was_looked_at_is_not_called(asked, receiver, settings, at):
    settings.WEBHOOKS_MAY_BE_PRIVATE = False
    assert sending.send_due(at=at) == 0
    assert receiver.heard == []
    assert CallAttempt.objects.get().fault == "only https, on port 443 or 8443"


# Pages and the API


def test_the_owner_adds_an_endpoint_and_sees_the_secret_this_once(client, shop, receiver, seller):
    client.force_login(seller)
    answer = client.post(f"/desk/{shop.slug}/webhooks/", {"url": receiver.url, "groups": ["orders", "cases"]})
    assert answer.status_code == 201
    assert "no-store" in answer.headers["Cache-Control"]
    assert "whsec_" in answer.content.decode()
    endpoint = Endpoint.objects.get()
    for page in (f"/desk/{shop.slug}/webhooks/", f"/desk/{shop.slug}/webhooks/{endpoint.pk}/"):
        assert "whsec_" not in client.get(page).content.decode()


def test_a_stranger_finds_no_such_page(client, shop, hooked, stranger):
    client.force_login(stranger)
    for page in (f"/desk/{shop.slug}/webhooks/", f"/desk/{shop.slug}/webhooks/{hooked[0].pk}/"):
        assert client.get(page).status_code == 404


def test_the_log_says_what_became_of_each_call(client, asked, hooked, receiver, seller, at):
    receiver.status = 500
    sending.send_due(at=at)
    client.force_login(seller)
    address = f"/desk/{asked.order.shop.slug}/webhooks/{hooked[0].pk}/"
    page = client.get(address).content.decode()
    assert "500" in page
    assert "refund.requested" in page
    assert client.get(address + "?only=dead").status_code == 200
    for verb in ("pause", "resume", "test"):
        assert client.post(f"{address}{verb}/").status_code == 302
    assert client.post(f"{address}rotate/").status_code == 201
    assert client.post(f"{address}choose/", {"url": receiver.url, "groups": ["money"]}).status_code == 302
    assert client.post(f"{address}remove/").status_code == 302
    assert client.get(address).status_code == 404


def test_a_machine_asks_for_the_news_with_its_secret(client, asked, hooked, at):
    endpoint, secret = hooked
    address = f"/api/v1/webhooks/{endpoint.pk}/news/"
    assert client.get(address).status_code == 401
    assert client.get(address, headers={"Authorization": "Bearer whsec_x"}).status_code == 401
    told = client.get(address, headers={"Authorization": f"Bearer {secret}"}).json()
    assert [each["type"] for each in told["results"]] == [
        json.loads(call.body)["type"] for call in Call.objects.order_by("pk")
    ]
    again = client.get(f"{address}?after={told['cursor']}", headers={"Authorization": f"Bearer {secret}"}).json()
    assert again == {"results": [], "cursor": told["cursor"], "is_all": True}


def test_a_machine_asks_sixty_times_a_minute_and_each_machine_for_itself(client, hooked, shop, seller, monkeypatch, at):
    monkeypatch.setattr(Polling, "rate", "3/min")
    endpoint, secret = hooked
    second, its_secret = webhooks.add(shop, url="", groups=["orders"], by=seller, at=at)

    def ask(which, word):
        return client.get(f"/api/v1/webhooks/{which.pk}/news/", headers={"Authorization": f"Bearer {word}"})

    answers = [ask(endpoint, secret) for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert answers[3].json()["code"] == "too_many_requests"
    assert 0 < int(answers[3].headers["Retry-After"]) <= 60
    assert ask(second, its_secret).status_code == 200


def test_a_machine_hears_its_news_while_nobody_can_count(client, hooked, settings):
    """The counter lives in Redis; asking for news must not wait for it."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    endpoint, secret = hooked
    address = f"/api/v1/webhooks/{endpoint.pk}/news/"
    assert client.get(address, headers={"Authorization": f"Bearer {secret}"}).status_code == 200


def test_the_api_adds_rotates_lists_and_replays(client, asked, hooked, receiver, seller, at):
    client.force_login(seller)
    slug = asked.order.shop.slug
    made = client.post(
        f"/api/v1/shops/{slug}/webhooks/", {"url": "", "groups": ["orders"]}, content_type="application/json"
    )
    assert made.status_code == 201
    pk = made.json()["endpoint"]["id"]
    assert client.post(f"/api/v1/webhooks/{pk}/rotate/", content_type="application/json").json()["secret"]
    assert len(client.get(f"/api/v1/shops/{slug}/webhooks/").json()["results"]) == 2
    Call.objects.update(given_up_at=at)
    key = {"Idempotency-Key": "one"}
    answer = client.post(f"/api/v1/webhooks/{hooked[0].pk}/replay/", headers=key, content_type="application/json")
    assert answer.json()["calls"] == Call.objects.count()
    assert client.get(f"/api/v1/webhooks/{hooked[0].pk}/calls/").json()["results"][0]["tries"] == 0

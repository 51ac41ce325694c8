"""A code is nowhere in the clear: not on a page, in an answer, a log, a mail, an event, an error, or a row."""

import hashlib
import json
import logging
import sys

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.views.debug import ExceptionReporter

from shops import stock, vault
from shops.models import Batch, Card
from tests.api.conftest import signed_in

CANARY = "CANARY-7F3K-{:04}"
FLOCK = [CANARY.format(number) for number in range(200)]


def rows_of_the_database():
    """Every row of every table as the database itself would print it, bytes as text where they are."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'select t::text from "{table}" t')
            for (row,) in cursor.fetchall():
                yield table, row
    yield "shops_card", "".join(bytes(card.sealed).decode("latin-1") for card in Card.objects.order_by("pk"))


def readable_addresses():
    """Pages and answers that anybody or the shop reads; some belong to rooms above and may not be there."""
    yield from (
        "/",
        "/shops/",
        "/listings/",
        "/me/",
        "/orders/",
        "/wallet/",
        "/notices/",
        "/desk/",
        "/api/v1/listings/",
        "/api/v1/shops/",
        "/api/v1/me/",
        "/shops/xinghe/",
        "/shops/xinghe/deposit/",
        "/desk/xinghe/listings/",
        "/desk/xinghe/stock/",
        "/api/v1/shops/xinghe/listings/",
        "/api/v1/shops/xinghe/deposit/",
    )


@pytest.fixture
def flock(listing, seller, caplog):
    """Two hundred canaries in the vault, half by the page and half by the API, with wrong attempts on the way."""
    caplog.set_level(logging.DEBUG)
    client = signed_in(seller)
    page, api = f"/desk/xinghe/stock/{listing.pk}/", f"/api/v1/listings/{listing.pk}/batches/"
    answers = [
        client.post(page, {"codes": "\n".join(FLOCK[:100]), "note": "页面"}),
        client.send(api, {"codes": FLOCK[100:], "note": "接口"}),
        client.post(page, {"codes": "\n".join(FLOCK)}),  # known
        client.post(page, {"codes": f"{CANARY.format(900)}\n" * 2}),  # repeated
        client.post(page, {"codes": CANARY.format(901), "note": "x" * 121}),  # a wrong note
        client.send(api, {"codes": [CANARY.format(902) + "y" * 200]}),
        client.send(api, {"codes": [CANARY.format(903), 5]}),
        client.send(api, {"codes": CANARY.format(904)}),
        client.post(api, f'{{"codes": ["{CANARY.format(905)}"', content_type="application/json"),
        client.post(page.replace(str(listing.pk), "999"), {"codes": CANARY.format(906)}),
    ]
    assert [answer.status_code for answer in answers] == [302, 201, 422, 422, 422, 422, 422, 422, 400, 404]
    assert Batch.objects.filter(size=100).count() == 2
    return listing, client, answers


def test_the_canary_is_nowhere_in_the_clear(flock, caplog, capfd, at):
    listing, client, answers = flock
    stock.void(Card.objects.earliest("pk"), at=at)
    seen = {f"answer {place}": answer.content for place, answer in enumerate(answers)}
    own = [
        f"/desk/xinghe/listings/{listing.pk}/",
        f"/desk/xinghe/stock/{listing.pk}/",
        f"/listings/{listing.pk}/",
        f"/api/v1/listings/{listing.pk}/",
        f"/api/v1/listings/{listing.pk}/batches/",
    ]
    for address in [*own, *readable_addresses()]:
        seen[address] = client.get(address).content
    seen |= {f"mail {place}": str(letter.message()).encode() for place, letter in enumerate(mail.outbox)}
    seen["logs"] = caplog.text.encode()
    seen["output"] = "".join(capfd.readouterr()).encode()
    assert b"request_finished" in seen["logs"] + seen["output"], "the logs are being watched"
    assert [where for where, what in seen.items() if b"CANARY" in what] == []
    assert {
        table for table, row in rows_of_the_database() if "CANARY" in row or CANARY[:6].encode().hex() in row
    } == set()


def test_no_digest_in_the_database_gives_a_code_away_without_a_key(flock):
    """Whoever has the database alone cannot try codes against it: there is no bare hash of one, nor of a body."""
    tried = {hashlib.sha256(code.encode()).hexdigest() for code in FLOCK}
    listing, _client, _answers = flock
    body = json.dumps({"codes": FLOCK[100:], "note": "接口"}).encode()
    tried.add(hashlib.sha256(f"POST /api/v1/listings/{listing.pk}/batches/\n".encode() + body).hexdigest())
    rows = "".join(row for _table, row in rows_of_the_database())
    assert not any(digest in rows for digest in tried)


def test_an_error_on_the_way_shows_no_code_to_who_reads_error_reports(listing, seller, at, settings):
    """The report that Django would mail names functions and lines, not what they held."""
    settings.DEBUG = False
    try:
        stock.add_batch(listing, [*FLOCK, "\x00"], by=seller, at=at)
    except ValidationError:
        text = ExceptionReporter(None, *sys.exc_info()).get_traceback_html()
    assert "add_batch" in text
    assert not any(code in text for code in FLOCK)


@pytest.mark.breaks_books
def test_a_broken_seal_says_nothing_of_what_it_held(flock, at):
    listing, _client, _answers = flock
    card = stock.take(listing, 11, at=at)[-1]
    stock.reveal(card, at=at)
    assert vault.open_card(card) == FLOCK[0]
    card.shop_id += 1
    with pytest.raises(vault.SealBroken) as broken:
        vault.open_card(card)
    assert "CANARY" not in repr(broken.value)
    assert broken.value.__cause__ is None

"""A code is nowhere in the clear: not on a page, in an answer, a log, a mail, an event, an error, or a row."""

import hashlib
import inspect
import io
import json
import logging
import sys

import pytest
import redis
from django.conf import settings
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.views.debug import ExceptionReporter
from django.views.decorators.debug import sensitive_variables

from shops import intakes, stock, tasks, vault
from shops.models import Batch, Card, Intake
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
    for rows in (Card.objects.order_by("pk"), Intake.objects.order_by("pk")):
        yield rows.model._meta.db_table, "".join(bytes(row.sealed).decode("latin-1") for row in rows)


def everything_in_redis():
    """Every key and value, whatever its kind, as bytes."""
    client = redis.Redis.from_url(settings.REDIS_URL.replace("redis+socket", "unix"))
    for key in client.scan_iter():
        yield key + (client.dump(key) or b"")


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


@pytest.fixture
def sent_in(listing, seller, caplog):
    """Canaries on the way: a file, a pasted list and a list by machine; all are named, and one is not yet read."""
    caplog.set_level(logging.DEBUG)
    client = signed_in(seller)
    page, api = f"/desk/xinghe/stock/{listing.pk}/send/", f"/api/v1/listings/{listing.pk}/intakes/"
    text = "\n".join([*FLOCK[:60], *FLOCK[:5], f"={CANARY.format(950)}", CANARY.format(951) + "y" * 200])
    file = SimpleUploadedFile("codes.csv", text.encode("gbk"), "text/csv")
    wrong = SimpleUploadedFile("codes.csv", CANARY.format(952).encode(), "text/csv")
    answers = [
        client.post(page, {"file": file}),
        client.post(page, {"codes": "\n".join(FLOCK[60:120]), "form": "code"}),
        client.send(api, {"codes": "\n".join(FLOCK[120:180])}),
        client.post(page, {"file": wrong, "codes": CANARY.format(953)}),
        client.post(page, {"codes": CANARY.format(954), "note": "x" * 121}),
        client.send(api, {"codes": CANARY.format(955), "supplier": 99}),
        client.send(api, {"codes": [CANARY.format(956)]}),
    ]
    assert [answer.status_code for answer in answers] == [302, 302, 202, 422, 422, 422, 422]
    tasks.read_intakes()
    assert list(Intake.objects.order_by("pk").values_list("accepted", flat=True)) == [60, 60, 60]
    answers.append(client.post(page, {"codes": "\n".join(FLOCK[180:])}))
    assert Intake.objects.filter(finished_at=None).count() == 1
    return listing, client, answers


def test_the_canary_is_nowhere_in_the_clear_on_its_way_through_files_and_rotations(sent_in, caplog, capfd, at):
    listing, client, answers = sent_in
    said = io.StringIO()
    call_command("rotate_keys", "--reencrypt", "--batch", "50", stdout=said, stderr=said)
    call_command("rotate_keys", "--destroy", stdout=said, stderr=said)
    seen = {f"answer {place}": answer.content for place, answer in enumerate(answers)}
    batch = Batch.objects.latest("pk")
    own = [
        f"/desk/xinghe/stock/{listing.pk}/",
        f"/desk/xinghe/stock/{listing.pk}/send/",
        f"/desk/xinghe/batches/{batch.pk}/",
        "/desk/xinghe/suppliers/",
        "/api/v1/shops/xinghe/stock/",
        f"/api/v1/batches/{batch.pk}/",
        f"/api/v1/listings/{listing.pk}/batches/",
        f"/api/v1/listings/{listing.pk}/intakes/",
        "/notices/",
        "/api/v1/notices/",
    ]
    for intake in Intake.objects.order_by("pk"):
        own += [
            f"/desk/xinghe/intakes/{intake.pk}/",
            f"/desk/xinghe/intakes/{intake.pk}/report.csv",
            f"/api/v1/intakes/{intake.pk}/",
        ]
    for address in [*own, *readable_addresses()]:
        answer = client.get(address)
        assert answer.status_code in {200, 404}, address
        seen[address] = answer.content
    seen |= {f"mail {place}": str(letter.message()).encode() for place, letter in enumerate(mail.outbox)}
    seen |= {f"redis {place}": value for place, value in enumerate(everything_in_redis())}
    seen["command"] = said.getvalue().encode()
    seen["logs"] = caplog.text.encode()
    seen["output"] = "".join(capfd.readouterr()).encode()
    assert b"request_finished" in seen["logs"] + seen["output"], "the logs are being watched"
    assert [where for where, what in seen.items() if b"CANARY" in what] == []
    found = {table for table, row in rows_of_the_database() if "CANARY" in row or CANARY[:6].encode().hex() in row}
    assert found == set()


def test_a_task_gets_no_argument_at_all():
    """What goes through the queue is a name: no code, no file, not even a number."""
    for task in (tasks.read_intakes, tasks.sweep_expired):
        assert not inspect.signature(task.run).parameters


@pytest.mark.parametrize("where", ["_take", "_finish"])
def test_an_error_while_a_file_is_read_shows_no_code_to_who_reads_error_reports(
    listing, seller, at, monkeypatch, settings, caplog, where
):
    settings.DEBUG = False
    intake = intakes.send_in(listing, "\n".join(FLOCK).encode(), by=seller, at=at)

    @sensitive_variables()
    def crash(*_args, **_kwargs):
        raise RuntimeError("something broke")

    monkeypatch.setattr(intakes, where, crash)
    try:
        intakes.read_on(intake.pk, at=at)
    except RuntimeError:
        text = ExceptionReporter(None, *sys.exc_info()).get_traceback_html()
    assert "read_on" in text
    assert not any(code in text + caplog.text for code in FLOCK)


def test_an_error_while_a_seal_is_renewed_shows_no_code_to_who_reads_error_reports(listing, at, monkeypatch, settings):
    settings.DEBUG = False
    stock.add_batch(listing, FLOCK, by=listing.shop.owner, at=at)

    @sensitive_variables()
    def crash(*_args):
        raise RuntimeError("something broke")

    monkeypatch.setattr(vault, "_seal_into", crash)
    try:
        call_command("rotate_keys", "--reencrypt")
    except RuntimeError:
        text = ExceptionReporter(None, *sys.exc_info()).get_traceback_html()
    assert "reseal" in text
    assert not any(code in text for code in FLOCK)

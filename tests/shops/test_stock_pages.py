"""The pages and the API of a shop's stock: codes go in, reports come out, and nobody else sees either."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from shops import intakes, listings, stock, suppliers
from shops.models import Batch, Card, Intake, Kind, Listing, Supplier
from shops.stock import Origin
from tests.api.conftest import problem, signed_in
from tests.queries import recorded

DAY = timedelta(days=1)


@pytest.fixture
def as_seller(client, seller):
    client.force_login(seller)
    return client


@pytest.fixture
def batch(listing):
    return Batch.objects.get(listing=listing)


@pytest.fixture
def read(listing, seller, at):
    """A list of two good lines and a bad one, read."""
    intake = intakes.send_in(listing, b"GOOD-1\nGOOD-2\nGOOD-1\n", name="<b>.csv", by=seller, at=at)
    intakes.read_on(intake.pk, at=at)
    return Intake.objects.select_related("shop").get(pk=intake.pk)


def english(client, address, **data):
    return client.get(address, data, headers={"accept-language": "en"}).content.decode()


def addresses(listing, batch, read, supplier):
    return [
        "/desk/xinghe/stock/",
        f"/desk/xinghe/stock/{listing.pk}/",
        f"/desk/xinghe/stock/{listing.pk}/send/",
        f"/desk/xinghe/batches/{batch.pk}/",
        f"/desk/xinghe/intakes/{read.pk}/",
        f"/desk/xinghe/intakes/{read.pk}/report.csv",
        "/desk/xinghe/suppliers/",
        f"/desk/xinghe/suppliers/{supplier.pk}/",
    ]


def api_addresses(listing, batch, read):
    return [
        "/api/v1/shops/xinghe/stock/",
        "/api/v1/shops/xinghe/suppliers/",
        f"/api/v1/listings/{listing.pk}/batches/",
        f"/api/v1/listings/{listing.pk}/intakes/",
        f"/api/v1/batches/{batch.pk}/",
        f"/api/v1/intakes/{read.pk}/",
    ]


@pytest.fixture
def supplier(deposit, seller, at):
    return suppliers.add(deposit.shop, name="上游甲", contact="400-1", by=seller, at=at)


def test_for_anybody_else_none_of_it_is_there(client, stranger, seller, listing, batch, read, supplier):
    client.force_login(stranger)
    for address in [*addresses(listing, batch, read, supplier), *api_addresses(listing, batch, read)]:
        assert client.get(address).status_code == 404, address
    client.force_login(seller)
    for address in [*addresses(listing, batch, read, supplier), *api_addresses(listing, batch, read)]:
        assert client.get(address).status_code == 200, address


@pytest.mark.parametrize("verb", ["stop", "resume"])
def test_a_stranger_stops_no_batch(client, stranger, batch, verb):
    client.force_login(stranger)
    assert client.post(f"/desk/xinghe/batches/{batch.pk}/{verb}/").status_code == 404
    answer = signed_in(stranger).send(f"/api/v1/batches/{batch.pk}/{verb}/")
    assert answer.status_code == 404


# Files


def test_a_file_is_sent_in_watched_and_reported(as_seller, draft, seller):
    file = SimpleUploadedFile("卡密.csv", "卡密\nFILE-1\nFILE-2\n=1+1\n".encode("gbk"), "text/csv")
    answer = as_seller.post(f"/desk/xinghe/stock/{draft.pk}/send/", {"file": file, "form": "code", "note": "十一月"})
    intake = Intake.objects.get()
    assert answer.url == intake.get_absolute_url()
    page = english(as_seller, answer.url)
    assert "It waits to be read" in page
    assert 'hx-trigger="every 2s"' in page
    part = as_seller.get(answer.url, headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<section id="progress"')
    intakes.read_on(intake.pk, at=intake.added_at)
    page = english(as_seller, answer.url)
    assert "2 codes are in the vault." in page
    assert "1 line was not taken." in page
    assert "hx-trigger" not in page
    assert "FILE-" not in page
    batch = Batch.objects.get()
    assert (batch.note, batch.size) == ("十一月", 2)


def test_a_pasted_list_goes_the_same_way(as_seller, draft):
    answer = as_seller.post(
        f"/desk/xinghe/stock/{draft.pk}/send/", {"codes": "P-1----11\r\nP-2----22", "form": "code_pin"}
    )
    intake = Intake.objects.get()
    assert (answer.status_code, intake.form) == (302, "code_pin")
    intakes.read_on(intake.pk, at=intake.added_at)
    assert Card.objects.count() == 2


@pytest.mark.parametrize(
    "said", [{}, {"codes": " \n "}, {"codes": "A", "form": "nonsense"}, {"codes": "A", "expires_on": "2020-01-01"}]
)
def test_what_is_wrong_is_said_and_no_code_comes_back(as_seller, draft, said):
    answer = as_seller.post(f"/desk/xinghe/stock/{draft.pk}/send/", {"codes": "", **said})
    assert answer.status_code == 422
    assert ">A</textarea>" not in answer.content.decode()
    assert not Intake.objects.exists()


def test_a_file_that_is_too_large_never_touches_a_disk(as_seller, draft, monkeypatch):
    from django.core.files import uploadhandler

    def no_disk(*_args, **_kwargs):
        raise AssertionError("a file of codes was about to be written to a disk")

    monkeypatch.setattr(uploadhandler.TemporaryFileUploadHandler, "new_file", no_disk)
    file = SimpleUploadedFile("codes.csv", b"x" * 3_000_000, "text/csv")
    address = f"/desk/xinghe/stock/{draft.pk}/send/"
    answer = as_seller.post(address, {"file": file}, headers={"accept-language": "en"})
    assert (answer.status_code, "larger than 2 MB" in answer.content.decode()) == (422, True)
    assert not Intake.objects.exists()


def test_a_file_needs_the_token_of_the_session(draft, seller):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(seller)
    assert strict.post(f"/desk/xinghe/stock/{draft.pk}/send/", {"codes": "A"}).status_code == 403
    assert not Intake.objects.exists()


def test_the_report_to_download_holds_lines_and_reasons_only(as_seller, read):
    answer = as_seller.get(f"/desk/xinghe/intakes/{read.pk}/report.csv", headers={"accept-language": "en"})
    rows = answer.content.decode("utf-8-sig").splitlines()
    assert rows == ["Line,Code,Reason,What it means", "3,****,repeated,The same code stands above."]
    assert "no-store" in answer.headers["Cache-Control"]
    assert "attachment" in answer.headers["Content-Disposition"]


def test_the_name_of_a_file_is_no_markup(as_seller, read):
    assert "<b>.csv" not in english(as_seller, read.get_absolute_url())


# Batches and suppliers


def test_a_batch_is_stopped_and_sold_again_on_its_page(as_seller, batch, listing):
    address = f"/desk/xinghe/batches/{batch.pk}/"
    assert "Stop this batch" in english(as_seller, address)
    as_seller.post(f"{address}stop/", {"reason": "可疑"})
    assert stock.count_free(listing) == 0
    page = english(as_seller, address)
    assert "可疑" in page
    assert "Sell it again" in page
    as_seller.post(f"{address}resume/")
    assert stock.count_free(listing) == 10


def test_batches_are_paged_and_one_page_costs_the_same(as_seller, draft, seller, at):
    counts = []
    for upto in (1, 1, 52):
        for number in range(draft.batches.count(), upto):
            stock.add_batch(draft, [f"P-{number}"], by=seller, at=at)
        with recorded() as asked:
            answer = as_seller.get(f"/desk/xinghe/stock/{draft.pk}/")
        counts.append(len(asked))
    assert counts[1] == counts[2]
    assert len(answer.context["rows"]) == 50
    second = as_seller.get(f"/desk/xinghe/stock/{draft.pk}/", {"before": answer.context["older"]})
    assert len(second.context["rows"]) == 2


def test_every_page_of_the_stock_costs_the_same_with_one_and_with_five_thousand_cards(
    as_seller, draft, seller, supplier, at
):
    def cost():
        batch, read = Batch.objects.earliest("pk"), Intake.objects.latest("pk")
        found = {}
        for address in [*addresses(draft, batch, read, supplier), *api_addresses(draft, batch, read)]:
            with recorded() as asked:
                assert as_seller.get(address).status_code == 200
            found[re.sub(r"\d+", "n", address)] = len(asked)
        return found

    def fill(name, size):
        text = "\n".join(f"{name}-{place}" for place in range(size)).encode()
        intake = intakes.send_in(draft, text, by=seller, at=at, origin=Origin(supplier=supplier))
        while intakes.read_on(intake.pk, at=at):
            pass

    fill("ONE", 1)
    cost()
    one = cost()
    fill("FIFTY", 50)
    fifty = cost()
    fill("MANY", 4_949)
    assert Card.objects.count() == 5_000
    many = cost()
    assert one == fifty
    assert fifty == many


def test_the_shop_sets_how_long_a_code_must_still_be_good(as_seller, draft):
    as_seller.post(f"/desk/xinghe/stock/{draft.pk}/rest/", {"days": "30"})
    as_seller.post(f"/desk/xinghe/stock/{draft.pk}/rest/", {"days": "999"})
    assert Listing.objects.get(pk=draft.pk).rest_days == 30


def test_suppliers_are_kept_and_named_with_a_batch(as_seller, draft, deposit):
    assert as_seller.post("/desk/xinghe/suppliers/", {"name": "上游甲", "contact": "400-1"}).status_code == 302
    assert as_seller.post("/desk/xinghe/suppliers/", {"name": "上游甲"}).status_code == 422
    found = Supplier.objects.get()
    said = {"codes": "S-1", "supplier": found.pk, "unit_cost": "89.00", "expires_on": "2030-01-31"}
    assert as_seller.post(f"/desk/xinghe/stock/{draft.pk}/", said).status_code == 302
    page = english(as_seller, f"/desk/xinghe/batches/{Batch.objects.get().pk}/")
    for told in ("上游甲", "¥89.00", "2030-02-01 00:00"):
        assert told in page
    assert (
        as_seller.post(f"/desk/xinghe/suppliers/{found.pk}/", {"name": "上游乙", "has_left": "on"}).status_code == 302
    )
    assert "上游乙" not in english(as_seller, f"/desk/xinghe/stock/{draft.pk}/send/")


# The API


def test_a_shop_pushes_codes_and_watches_them_by_machine(seller, draft, supplier):
    client = signed_in(seller)
    said = {
        "codes": ["A----11", "B----22"],
        "form": "code_pin",
        "supplier": supplier.pk,
        "unit_cost": 8_900,
        "expires_on": "2030-01-31",
    }
    answer = client.send(f"/api/v1/listings/{draft.pk}/batches/", said)
    found = answer.json()
    assert (answer.status_code, found["free"], found["supplier"], found["form"]) == (201, 2, supplier.pk, "code_pin")
    stopped = client.send(f"/api/v1/batches/{found['id']}/stop/", {"reason": "可疑"}).json()
    assert (stopped["free"], stopped["stopped"], stopped["actions"]) == (0, 2, ["resume"])
    problem(client.send(f"/api/v1/batches/{found['id']}/stop/"), 409, "wrong_moment")
    assert client.send(f"/api/v1/batches/{found['id']}/resume/").json()["free"] == 2
    rest = client.send(f"/api/v1/listings/{draft.pk}/rest/", {"days": 30}).json()
    assert (rest["rest_days"], rest["free"]) == (30, 2)
    assert client.get("/api/v1/shops/xinghe/stock/").json()["results"][0]["free"] == 2


def test_a_long_list_is_sent_and_read_by_machine(seller, draft):
    client = signed_in(seller)
    answer = client.send(f"/api/v1/listings/{draft.pk}/intakes/", {"codes": "A\nB\nA\n", "name": "夜间"})
    found = answer.json()
    assert (answer.status_code, found["finished_at"], answer.headers["Location"]) == (
        202,
        None,
        f"/api/v1/intakes/{found['id']}/",
    )
    intakes.read_on(found["id"], at=Intake.objects.get().added_at)
    found = client.get(answer.headers["Location"]).json()
    assert (found["accepted"], found["problems"]) == (
        2,
        [{"line": 3, "reason": "repeated", "detail": "The same code stands above."}],
    )


def test_wrong_origins_are_said_by_field(seller, draft):
    client = signed_in(seller)
    for said, field in (
        ({"supplier": 99}, "supplier"),
        ({"unit_cost": -1}, "unit_cost"),
        ({"form": "poem"}, "form"),
        ({"expires_on": "tomorrow"}, "expires_on"),
    ):
        answer = client.send(f"/api/v1/listings/{draft.pk}/batches/", {"codes": ["A"], **said})
        assert [error["field"] for error in problem(answer, 422, "invalid")["errors"]] == [field]


def test_suppliers_by_machine(seller, deposit):
    client = signed_in(seller)
    added = client.send("/api/v1/shops/xinghe/suppliers/", {"name": "上游甲"}).json()
    problem(client.send("/api/v1/shops/xinghe/suppliers/", {"name": "上游甲"}), 422, "invalid")
    edited = client.send(f"/api/v1/suppliers/{added['id']}/edit/", {"name": "上游甲", "has_left": True}).json()
    assert edited["left_at"]
    assert len(client.get("/api/v1/shops/xinghe/suppliers/").json()["results"]) == 1


def test_people_of_risk_settle_clashes_by_machine(listing, codes, risk, at):
    from tests.factories import ShopFactory

    other = ShopFactory(active=True, at=at)
    theirs = listings.draft(
        shop=other, kind=Kind.POINT_CARD, title="同样的", price=1, promise_minutes=5, notice="看", by=other.owner, at=at
    )
    stock.add_batch(theirs, [codes[0]], by=other.owner, at=at)
    client = signed_in(risk)
    (found,) = client.get("/api/v1/clashes/").json()["results"]
    assert (found["shop"], found["other_shop"], found["count"]) == (other.slug, "xinghe", 1)
    settled = client.send(f"/api/v1/clashes/{found['id']}/settle/", {"finding": "重复采购"}).json()
    assert settled["finding"] == "重复采购"
    problem(client.send(f"/api/v1/clashes/{found['id']}/settle/", {"finding": "again"}), 409, "wrong_moment")
    batch = client.get(f"/api/v1/batches/{theirs.batches.get().pk}/").json()
    assert batch["actions"] == ["stop"]


def test_what_is_done_by_hand_has_no_shelf(as_seller, listing, offer):
    """Nothing can be put where nothing is taken from: neither the lists nor a page say so."""
    by_hand = offer(delivered_by="shop")
    for name in ("/desk/xinghe/stock/", "/api/v1/shops/xinghe/stock/"):
        page = as_seller.get(name).content.decode()
        assert (listing.title in page, by_hand.title in page) == (True, False)
    for address in (f"/desk/xinghe/stock/{by_hand.pk}/", f"/desk/xinghe/stock/{by_hand.pk}/send/"):
        assert as_seller.get(address).status_code == 404
    shown = english(as_seller, "/desk/xinghe/listings/")
    assert "500 codes in stock" not in shown
    assert "By hand: the shop delivers and proves it" in shown

"""What happened at an order, a case, a dispute and a deposit is read to its beginning, part by part."""

import re

import pytest
from django.urls import reverse

from disputes import lifecycle as disputes
from disputes.views import words as dispute_words
from orders import looks
from refunds.views import cases
from shops.views import shops
from timeline.events import record

LATER = re.compile(r'href="(\?past=[^"#]+)#happenings"')


@pytest.mark.parametrize(
    ("who", "page", "module", "most"),
    [
        ("rich_buyer", "orders:detail", looks, "RECENT"),
        ("seller", "refunds:case", cases, "PAGE"),
        ("rich_buyer", "disputes:case", dispute_words, "PAGE"),
        ("arbiter", "disputes:bench_case", dispute_words, "PAGE"),
    ],
)
def test_the_older_part_of_what_happened_is_a_link_away(
    client, reviewed, rich_buyer, seller, arbiter, who, page, module, most, monkeypatch, at
):
    person = {"rich_buyer": rich_buyer, "seller": seller, "arbiter": arbiter}[who]
    client.force_login(person)
    if page == "disputes:bench_case":
        disputes.open_file(reviewed, by=arbiter, at=at)
    numbers = {"orders:detail": reviewed.refund.order.number, "refunds:case": reviewed.refund.number}
    address = reverse(page, args=[numbers.get(page, reviewed.number)])
    whole = [entry["what"] for entry in client.get(address).context["happenings"]]
    assert not LATER.search(client.get(address).content.decode()), "all of it is on the page"
    assert len(whole) > 2
    monkeypatch.setattr(module, most, 2)
    told, place = [], ""
    while True:
        answer = client.get(address + place)
        told += [entry["what"] for entry in answer.context["happenings"]]
        later = LATER.search(answer.content.decode())
        if later is None:
            break
        place = later[1]
    assert told == whole
    assert len(told) > len(answer.context["happenings"])


@pytest.mark.breaks_books
def test_what_happened_to_a_deposit_is_read_to_its_beginning(client, deposit, seller, at):
    for _time in range(shops.PAGE + 1):
        record(root=deposit.root_address, subject=deposit.address, name="deposit.paid_in", by=None, at=at)
    client.force_login(seller)
    address = reverse("shops:deposit", args=[deposit.shop.slug])
    first = client.get(address)
    later = LATER.search(first.content.decode())
    assert later is not None
    rest = client.get(address + later[1])
    assert len(first.context["happenings"]) == shops.PAGE
    assert rest.context["happenings"][-1]["what"] != first.context["happenings"][-1]["what"]


@pytest.mark.breaks_books
def test_what_has_no_words_is_on_no_page(client, deposit, seller, top_up, buyer, at):
    record(root=deposit.root_address, subject=deposit.address, name="deposit.clock_reminded", by=None, at=at)
    record(root=top_up.root_address, subject=top_up.address, name="payment.clock_reminded", by=None, at=at)
    for who, page in [
        (seller, reverse("shops:deposit", args=[deposit.shop.slug])),
        (buyer, reverse("ledger:payment", args=[top_up.number])),
    ]:
        client.force_login(who)
        told = client.get(page)
        assert told.context["happenings"]
        assert "clock_reminded" not in told.content.decode()

"""Connections to suppliers belong to shops: one may be used by whom a lead tied it to, or by all."""

from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.urls import reverse

from shops import connections, listings, suppliers
from shops.models import Connection, Kind, Supplier
from tests.orders.test_delivery_pages import as_
from tests.queries import recorded
from timeline.door import Refused
from timeline.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def set_up(settings):
    """Whoever runs the mall has set up two connections."""
    each = {"address": "http://127.0.0.1:9", "secret": "a-secret-of-both"}
    settings.SUPPLIERS = {"sandbox": each, "other": each}


def refused(call):
    """The code with which a call is refused."""
    with pytest.raises(Refused) as refusal:
        call()
    return refusal.value.code


def add(deposit, seller, at, name="上游", gateway="sandbox"):
    return suppliers.add(deposit.shop, name=name, gateway=gateway, by=seller, at=at)


def test_a_shop_may_use_what_is_tied_to_it_or_to_all_and_nothing_else(deposit, seller, lead, at):
    assert suppliers.open_to(deposit.shop) == []
    with pytest.raises(ValidationError) as wrong:
        add(deposit, seller, at)
    assert list(wrong.value.message_dict) == ["gateway"]
    connections.tie(gateway="sandbox", shop=deposit.shop, by=lead, at=at)
    assert suppliers.open_to(deposit.shop) == ["sandbox"]
    add(deposit, seller, at)
    connections.tie(gateway="other", shop=None, by=lead, at=at)
    assert suppliers.open_to(deposit.shop) == ["other", "sandbox"]
    told = Event.objects.filter(name="shop.connection_tied").order_by("pk")
    assert [event.root.partition(":")[0] for event in told] == ["shop", "connection"]


def test_who_ties_and_what(deposit, seller, risk, lead, at):
    tie = lambda by, gateway="sandbox": connections.tie(gateway=gateway, shop=deposit.shop, by=by, at=at)  # noqa: E731
    assert refused(lambda: tie(seller)) == "leads_only"
    assert refused(lambda: tie(risk)) == "leads_only"
    assert refused(lambda: tie(lead, "nobody")) == "no_such_connection"
    made = tie(lead)
    assert refused(lambda: tie(lead)) == "tied_already"
    assert refused(lambda: connections.untie(made, by=seller, at=at)) == "leads_only"
    connections.untie(made, by=lead, at=at)
    assert refused(lambda: connections.untie(made, by=lead, at=at)) == "untied_already"
    tie(lead)


def test_whoever_writes_into_a_shops_stream_has_locked_the_shop(deposit, lead, at):
    with recorded() as asked:
        made = connections.tie(gateway="sandbox", shop=deposit.shop, by=lead, at=at)
        connections.untie(Connection.objects.get(pk=made.pk), by=lead, at=at)
    locks = [each for each in asked if 'FOR NO KEY UPDATE OF "shops_shop"' in each]
    assert len(locks) == 2, "\n".join(asked)


def test_what_was_taken_back_stays_with_what_is_there_and_serves_nothing_new(deposit, seller, lead, at):
    made = connections.tie(gateway="sandbox", shop=deposit.shop, by=lead, at=at)
    supplier = add(deposit, seller, at)
    connections.untie(made, by=lead, at=at)
    suppliers.edit(supplier, name="上游乙", contact="", has_left=False, gateway="sandbox", by=seller, at=at)
    with pytest.raises(ValidationError):
        listings.draft(
            shop=deposit.shop,
            kind=Kind.DIRECT_TOPUP,
            title="话费直充 50 元",
            price=5_000,
            promise_minutes=60,
            notice="请核对账号。",
            delivered_by="supplier",
            supplier=supplier,
            product="TOPUP-50",
            by=seller,
            at=at,
        )


def test_rows_of_before_go_on(deposit, seller, lead, at):
    made = connections.tie(gateway="sandbox", shop=None, by=lead, at=at)
    add(deposit, seller, at)
    Connection.objects.filter(pk=made.pk).delete()
    import_module("shops.migrations.0012_connections").tie_what_is_used(apps, None)
    assert suppliers.open_to(deposit.shop) == ["sandbox"]
    assert Connection.objects.get().shop == deposit.shop


def test_a_lead_does_it_on_the_page_of_suppliers_and_the_shop_chooses(deposit, seller, agent, lead, at):
    page, tie = reverse("orders:suppliers"), reverse("shops:tie_connection")
    own = reverse("shops:suppliers", args=[deposit.shop.slug])
    assert "sandbox" not in as_(seller).get(own).content.decode()
    assert as_(agent).post(tie, {"gateway": "sandbox"}).status_code == 404
    assert tie not in as_(agent).get(page).content.decode()
    assert tie in as_(lead).get(page).content.decode()
    as_(lead).post(tie, {"gateway": "sandbox", "shop": "nobody"})
    assert not Connection.objects.exists()
    as_(lead).post(tie, {"gateway": "sandbox", "shop": deposit.shop.slug})
    assert deposit.shop.name in as_(lead).get(page).content.decode()
    assert "sandbox" in as_(seller).get(own).content.decode()
    as_(seller).post(own, {"name": "上游", "contact": "", "gateway": "sandbox"})
    assert Supplier.objects.get().gateway == "sandbox"
    as_(lead).post(reverse("shops:untie_connection", args=[Connection.objects.get().pk]))
    assert suppliers.open_to(deposit.shop) == []


def test_the_api_of_it(client, deposit, lead, seller):
    def ask(user, path, told=None, key=""):
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        if told is None:
            return client.get(f"/api/v1{path}")
        headers = {"Idempotency-Key": key}
        return client.post(f"/api/v1{path}", told, content_type="application/json", headers=headers)

    assert ask(seller, "/connections/").status_code == 404
    made = ask(lead, "/connections/", {"gateway": "sandbox", "shop": deposit.shop.slug}, "one")
    assert (made.status_code, made.json()["shop"]) == (201, deposit.shop.slug)
    assert [each["gateway"] for each in ask(lead, "/connections/").json()["results"]] == ["sandbox"]
    over = ask(lead, f"/connections/{made.json()['id']}/end/", {}, "two")
    assert over.status_code == 200
    assert over.json()["ended_at"]

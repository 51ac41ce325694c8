"""The register of outages and the clocks that were given up, as a lead sees them, on pages and in the API."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse

from shops.models import Deposit
from shops.states import DEPOSIT, DepositState
from tests.api.conftest import problem, signed_in
from timeline import outages, sweep
from timeline.models import Event, Outage, Timer

HOUR = timedelta(hours=1)
FIELDS = {"scope": "platform", "target": "", "reason": "机房停电", "began_at": "2026-11-20T09:00", "ended_at": ""}


@pytest.fixture
def as_lead(client, lead):
    client.force_login(lead)
    return client


@pytest.fixture
def stuck(short_deposit, monkeypatch, at):
    """A clock that was given up."""

    def fail(*_words, **_more):
        raise ArithmeticError("the verb is broken")

    Timer.objects.update(started_at=at - 99 * HOUR, due_at=at - HOUR, next_try_at=at - HOUR)
    Deposit.objects.update(deadline_at=at - HOUR)
    with monkeypatch.context() as broken:
        broken.setitem(DEPOSIT.expired.__dict__, "function", fail)
        moment = at
        for _try in range(sweep.MOST_TRIES):
            sweep.sweep(at=moment)
            moment = Timer.objects.get(limit="DEPOSIT_TOP_UP").next_try_at
    return Timer.objects.get(limit="DEPOSIT_TOP_UP", state="stuck")


def test_a_lead_registers_an_outage_sees_what_it_stopped_and_ends_it(as_lead, short_deposit, lead, at):
    assert as_lead.get(reverse("clocks:outages")).status_code == 200
    answer = as_lead.post(reverse("clocks:add_outage"), FIELDS)
    outage = Outage.objects.get()
    assert answer.url == reverse("clocks:outage", args=[outage.pk])
    assert (outage.registered_by, outage.began_at.isoformat()) == (lead, "2026-11-20T01:00:00+00:00")
    outages.work(at=at)
    page = as_lead.get(answer.url).content.decode()
    assert short_deposit.address in page
    assert as_lead.post(reverse("clocks:end_outage", args=[outage.pk]), {"ended_at": ""}).status_code == 302
    outage.refresh_from_db()
    assert outage.ended_at is not None
    assert outage.ended_at >= at
    assert "机房停电" in as_lead.get(reverse("clocks:outages")).content.decode()
    outages.work(at=outage.ended_at + HOUR)
    assert as_lead.get(answer.url).status_code == 200


@pytest.mark.parametrize(
    "change",
    [{"scope": "shop"}, {"target": "x"}, {"reason": ""}, {"began_at": "soon"}, {"ended_at": "2026-11-19T09:00"}],
)
def test_what_makes_no_sense_is_marked_in_the_form(as_lead, change):
    answer = as_lead.post(reverse("clocks:add_outage"), FIELDS | change)
    assert answer.status_code == 422
    assert not Outage.objects.exists()


@pytest.mark.parametrize(
    ("scope", "target"),
    [("shop", "xinghe "), ("shop", "xignhe"), ("kind", "point_card"), ("channel", "alipey"), ("supplier", "99999")],
)
def test_an_outage_of_what_there_is_not_is_not_registered(as_lead, lead, short_deposit, at, scope, target):
    """It would stop no clock and excuse nobody, and whoever registered it would believe that it does."""
    named = {"scope": scope, "target": target}
    shown = as_lead.post(reverse("clocks:add_outage"), FIELDS | named)
    is_right = target.strip() == short_deposit.shop.slug  # a form takes the blanks away
    assert (shown.status_code, Outage.objects.exists()) == ((302, True) if is_right else (422, False))
    if not is_right:
        assert list(shown.context["form"].errors) == ["target"]
        body = {**named, "reason": "停电", "began_at": at.isoformat()}
        problem(signed_in(lead).send("/api/v1/outages/", body), 422, "invalid")
        assert not Outage.objects.exists()


def test_a_lead_chooses_what_was_down_by_its_name_and_reads_it(as_lead, offer):
    listing = offer(delivered_by="supplier")
    chosen, name = str(listing.supplier_id), f"{listing.supplier.name} · {listing.shop.name}"
    page = as_lead.get(reverse("clocks:outages"))
    assert (chosen, name) in page.context["offered"]
    assert f'<option value="{chosen}">{name}</option>' in page.content.decode()
    made = as_lead.post(reverse("clocks:add_outage"), FIELDS | {"scope": "supplier", "target": chosen}, follow=True)
    assert made.context["name"] == name
    assert name in made.content.decode()
    for other in (f"0{chosen}", f"{chosen:0>40}"):
        refused = as_lead.post(reverse("clocks:add_outage"), FIELDS | {"scope": "supplier", "target": other})
        assert refused.status_code == 422, "a clock of this supplier does not know itself by that word"


def test_an_end_that_makes_no_sense_is_marked_too(as_lead):
    as_lead.post(reverse("clocks:add_outage"), FIELDS)
    pk = Outage.objects.get().pk
    assert as_lead.post(reverse("clocks:end_outage", args=[pk]), {"ended_at": "later"}).status_code == 422
    assert as_lead.post(reverse("clocks:end_outage", args=[pk]), {"ended_at": "2030-01-01T00:00"}).status_code == 409
    assert Outage.objects.get().ended_at is None


@pytest.mark.parametrize("who", ["buyer", "seller", "arbiter", "finance"])
def test_for_others_there_is_nothing(client, request, who, lead, at):
    outage = outages.register(scope="platform", target="", reason="x", began_at=at, ended_at=None, by=lead, at=at)
    client.force_login(request.getfixturevalue(who))
    for name, args in (("outages", []), ("outage", [outage.pk]), ("stuck", [])):
        assert client.get(reverse(f"clocks:{name}", args=args)).status_code == 404
    for name, args in (("add_outage", []), ("end_outage", [outage.pk]), ("try_again", [1])):
        assert client.post(reverse(f"clocks:{name}", args=args), FIELDS).status_code == 404
    assert Outage.objects.get().ended_at is None


@pytest.mark.breaks_books
def test_a_clock_that_was_given_up_is_shown_and_let_run_on_with_a_reason(as_lead, stuck):
    page = as_lead.get(reverse("clocks:stuck")).content.decode()
    assert "ArithmeticError: the verb is broken" in page
    again = reverse("clocks:try_again", args=[stuck.pk])
    assert as_lead.post(again, {"reason": ""}).status_code == 422
    assert as_lead.post(again, {"reason": "repaired"}).url == reverse("clocks:stuck")
    assert Event.objects.get(name="deposit.clock_tried_again").data["reason"] == "repaired"
    sweep.sweep(at=Timer.objects.get(pk=stuck.pk).next_try_at)
    assert Deposit.objects.get().state == DepositState.SUSPENDED
    assert as_lead.get(reverse("clocks:stuck")).status_code == 200
    assert as_lead.post(again, {"reason": "once more"}).status_code == 409


# The API


def test_the_register_through_the_api(lead, short_deposit, at):
    api = signed_in(lead)
    body = {"scope": "shop", "target": "xinghe", "reason": "停电", "began_at": at.isoformat()}
    made = api.send("/api/v1/outages/", body)
    assert made.status_code == 201
    pk = made.json()["id"]
    outages.work(at=at + HOUR)
    assert api.get(f"/api/v1/outages/{pk}/").json()["clocks"] == 1
    assert [each["id"] for each in api.get("/api/v1/outages/").json()["results"]] == [pk]
    problem(api.send(f"/api/v1/outages/{pk}/end/", {"ended_at": "2031-01-01T00:00:00Z"}), 409, "outage_end_wrong")
    assert api.send(f"/api/v1/outages/{pk}/end/", {}).json()["ended_at"]
    problem(api.send(f"/api/v1/outages/{pk}/end/", {}), 409, "outage_is_over")
    problem(api.send("/api/v1/outages/", body | {"scope": "moon"}), 422, "invalid")
    problem(api.send("/api/v1/outages/", body | {"target": ""}), 409, "outage_of_what")


@pytest.mark.breaks_books
def test_clocks_that_were_given_up_through_the_api(lead, stuck):
    api = signed_in(lead)
    (shown,) = api.get("/api/v1/clocks/stuck/").json()["results"]
    assert (shown["id"], shown["limit"], shown["owner"]) == (stuck.pk, "DEPOSIT_TOP_UP", "shop")
    problem(api.send(f"/api/v1/clocks/{stuck.pk}/try-again/", {}), 422, "invalid")
    assert api.send(f"/api/v1/clocks/{stuck.pk}/try-again/", {"reason": "repaired"}).json()["tries"] == 0
    problem(api.send(f"/api/v1/clocks/{stuck.pk}/try-again/", {"reason": "again"}), 409, "clock_not_stuck")


def test_the_api_shows_it_to_nobody_else(seller, at):
    api = signed_in(seller)
    for path in ("/api/v1/outages/", "/api/v1/clocks/stuck/", "/api/v1/outages/1/"):
        problem(api.get(path), 404, "not_found")
    for path in ("/api/v1/outages/", "/api/v1/outages/1/end/", "/api/v1/clocks/1/try-again/"):
        problem(api.send(path, {}), 404, "not_found")


# manage.py timers


@pytest.fixture
def list_timers(capsys):
    def ask(*words):
        call_command("timers", *words)
        return capsys.readouterr()

    return ask


def test_the_list_of_clocks_names_thing_end_and_owner(list_timers, refund, at):
    lines = [line.split("\t") for line in list_timers().out.splitlines()]
    assert [line[1:2] + line[3:] for line in lines] == [
        ["running", "INSPECT", refund.order.address, "buyer"],
        ["running", "SELLER_RESPONSE", refund.address, "shop"],
    ]
    assert [line.split("\t")[4] for line in list_timers("--owner", "shop").out.splitlines()] == [refund.address]
    said = list_timers("--limit", "1")
    assert len(said.out.splitlines()) == 1
    assert "--after" in said.err


@pytest.mark.breaks_books
def test_it_knows_what_is_overdue_stands_still_or_was_given_up(list_timers, stuck, order, lead, at):
    assert stuck.subject in list_timers("--stuck").out
    assert "ArithmeticError" in list_timers("--stuck").out
    assert list_timers("--overdue").out == ""
    assert "No such clock" in list_timers("--due").err
    outages.register(scope="platform", target="", reason="停电", began_at=at, ended_at=None, by=lead, at=at)
    outages.work(at=at + HOUR)
    assert "停电" in list_timers("--paused").out
    assert order.address in list_timers("--paused").out


def test_the_register_leads_to_what_was_given_up(as_lead):
    page = as_lead.get(reverse("clocks:outages")).content.decode()
    for name in ("clocks:stuck", "orders:given_up"):
        assert reverse(name) in page
        assert as_lead.get(reverse(name)).status_code == 200

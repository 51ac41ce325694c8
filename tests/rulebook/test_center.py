"""The rule center: what decides, for everybody to read, in both languages and without signing in."""

import hashlib
import json
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.urls import reverse

from rulebook import lifecycle, versions
from rulebook.center import states_of
from rulebook.claims import KINDS
from rulebook.defaults import default_book, default_data
from tests.queries import recorded
from tests.rulebook.claims import REASONS
from timeline import clock

pytestmark = pytest.mark.django_db

PAGES = ["center", "calculator", "matrix", "reasons", "clocks", "examples", "versions", "linter"]
LANGUAGES = ["zh-hans", "en"]
ASKED = {
    "reason": "CHANGE_OF_MIND",
    "kind": "ACTIVATION_CODE",
    "state": "SEALED",
    "level": "M2",
    "paid": "98.00",
    "hours_since_delivery": "20",
    "statutory_no_reason": "no",
}


@pytest.fixture(autouse=True)
def _nobody_has_calculated_yet(settings):
    """In a cache of this process: the shared one also counts what other tests guess at the same moment."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "center"}}
    cache.clear()


def asked(client, language="en", **changes):
    told = {name: value for name, value in {**ASKED, **changes}.items() if value is not None}
    return client.get(f"{reverse('rulebook:calculator')}?{urlencode(told)}", headers={"accept-language": language})


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stranger_reads_every_page_with_a_handful_of_queries(client, page, language):
    client.get(reverse("rulebook:center"))
    with recorded() as seen:
        answer = client.get(reverse(f"rulebook:{page}"), headers={"accept-language": language})
    assert answer.status_code == 200
    assert len(seen) <= 4, seen


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_matrix_with_every_rule_that_can_answer(client, kind):
    page = client.get(reverse("rulebook:matrix"), {"kind": kind}).content.decode()
    for row in default_book().matrix.rows:
        can_be = kind in row.kinds and any(state in states_of(kind) for state in row.states)
        assert (f">{row.id}<" in page) == can_be, row.id


@pytest.mark.parametrize("code", REASONS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_is_explained(client, code, language):
    answer = client.get(reverse("rulebook:reason", args=[code]), headers={"accept-language": language})
    assert answer.status_code == 200
    assert len(answer.context["reason"]["clocks"]) >= 4
    assert answer.context["reason"]["silence"]
    assert answer.context["reason"]["law"]


def test_a_sealed_code_after_twenty_hours_at_level_silver_goes_back_less_three_percent(client):
    answer = asked(client)
    assert answer.context["card"]["amount"] == 9_506
    page = answer.content.decode()
    assert "¥95.06" in page
    assert "¥2.94" in page
    assert "MX-32" in page
    assert "LEVEL_SEALED" in page
    assert "Consumer Rights Protection Law, article 25" in page


def test_whoever_comes_without_a_question_sees_the_example(client):
    assert client.get(reverse("rulebook:calculator")).context["card"]["amount"] == 9_506


def test_the_calculator_asks_for_what_the_reason_needs(client):
    answer = asked(client, reason="CODE_INVALID", state="REVEALED_UNUSED")
    assert "platform_proof" in answer.context["form"].fields
    assert "hours_since_delivery" not in answer.context["form"].fields
    assert answer.context["card"]["amount"] == 9_800


def test_what_nobody_knows_is_asked_for_and_no_figure_is_made_up(client):
    answer = asked(client, hours_since_delivery=None)
    assert answer.context["missing"] == ["hours_since_delivery"]
    assert answer.context["refund"] == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reason", "WITCHCRAFT"),
        ("kind", "HOUSE"),
        ("state", "MELTED"),
        ("level", "M9"),
        ("paid", ""),
        ("paid", "-5"),
        ("paid", "1.234"),
        ("paid", "1e9"),
        ("hours_since_delivery", "-1"),
        ("hours_since_delivery", "1.5"),
        ("hours_since_delivery", "9" * 30),
        ("statutory_no_reason", "perhaps"),
    ],
)
def test_bad_input_is_told_field_by_field(client, field, value):
    answer = asked(client, **{field: value})
    assert answer.status_code == 422
    assert answer.context["card"] is None
    assert field in answer.context["form"].errors


def test_what_cannot_be_is_refused(client):
    assert "state" in asked(client, kind="DIRECT_TOPUP").context["form"].errors
    assert "kind" in asked(client, reason="ACCOUNT_RECOVERED").context["form"].errors
    more = {"reason": "FACE_VALUE_SHORT", "kind": "POINT_CARD", "state": "USED", "promised_face": "0"}
    assert "promised_face" in asked(client, **more, actual_face="5").context["form"].errors


def test_htmx_gets_the_form_and_the_answer_alone(client):
    answer = client.get(reverse("rulebook:calculator"), ASKED, headers={"hx-request": "true"})
    assert b"<html" not in answer.content
    assert b'id="calculator"' in answer.content


def test_the_api_gives_what_the_page_gives(client):
    told = {**ASKED, "paid": 9_800, "statutory_no_reason": "false"}
    answer = client.get(reverse("api:calculate"), told, headers={"accept-language": "en"})
    found = answer.json()
    assert answer.status_code == 200
    assert (found["decision"], found["refund"], found["fee"], found["comp"]) == ("FEE_DEDUCTED", 9_506, 294, 0)
    assert found["rule"] == ["MX-32", "LEVEL_SEALED"]
    assert found["version"] == versions.shipped().number
    assert found["explain"][-1]["text"].startswith("Fee: 3%")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reason", "WITCHCRAFT"),
        ("kind", "HOUSE"),
        ("paid", "98.00"),
        ("paid", -1),
        ("version", "no-such"),
        ("hours_since_delivery", "x"),
    ],
)
def test_the_api_names_the_field_that_is_wrong(client, field, value):
    told = {**ASKED, "paid": 9_800, "statutory_no_reason": "false", field: value}
    answer = client.get(reverse("api:calculate"), told)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_the_api_can_be_asked_sixty_times_a_minute(client):
    told = {**ASKED, "paid": 9_800, "statutory_no_reason": "false"}
    answers = [client.get(reverse("api:calculate"), told) for _ in range(61)]
    assert {answer.status_code for answer in answers[:60]} == {200}
    assert answers[60].status_code == 429
    assert int(answers[60].headers["Retry-After"]) > 0


def test_the_version_in_force_can_be_downloaded_and_verified(client):
    version = versions.shipped()
    page = client.get(reverse("rulebook:version", args=[version.number]))
    assert version.sha256 in page.content.decode()
    body = client.get(reverse("rulebook:body", args=[version.number]))
    assert hashlib.sha256(body.content).hexdigest() == version.sha256
    assert json.loads(body.content)["meta"]["id"] == "default-cn"


@pytest.mark.parametrize("number", ["no-such", "x" * 300, "\x00"])
def test_a_version_that_is_not_there_is_not_found(client, number):
    assert client.get(reverse("rulebook:matrix"), {"version": number}).status_code == 404


def test_a_text_is_checked_and_told_what_to_write_instead(client):
    sent = {"text": "虚拟商品，概不退换！", "use": "listing"}
    answer = client.post(reverse("rulebook:linter"), sent, headers={"accept-language": "en"})
    assert answer.status_code == 200
    found = answer.context["findings"]
    assert any(each["is_blocking"] for each in found)
    assert all(each["why"] and each["instead"] and each["law"] for each in found)
    assert client.post(reverse("rulebook:linter"), {"text": "", "use": "listing"}).status_code == 422


def test_a_fair_text_is_told_so(client):
    answer = client.post(reverse("rulebook:linter"), {"text": "面值 ¥100，国服。", "use": "listing"})
    assert answer.context["findings"] == []


@pytest.fixture
def announced(lead, senior):
    """A cheaper fee at level silver: written by one, signed by another, announced, not yet in force."""
    at = clock.now()
    lifecycle.install(at=at)
    data = default_data()
    data["meta"]["version"] = "2026.12.0"
    data["levels"]["M2"]["sealed_fee_bp"] = 200
    version = lifecycle.draft(data, purpose="Cheaper second thoughts for silver", by=lead, at=at)
    lifecycle.propose(version, is_major=False, is_retroactive=False, by=lead, at=at)
    lifecycle.sign(version, by=senior, at=at)
    return version


def test_an_announced_version_is_told_with_its_day_its_purpose_and_what_changes(client, announced):
    english = {"accept-language": "en"}
    page = client.get(reverse("rulebook:center"), headers=english)
    assert [each["number"] for each in page.context["upcoming"]] == [announced.number]
    assert "Cheaper second thoughts for silver" in page.content.decode()
    told = client.get(reverse("rulebook:version", args=[announced.number]), headers=english)
    assert told.context["against"].number == versions.shipped().number
    assert [section["title"] for section in told.context["sections"]]
    words = told.content.decode()
    assert "3%" in words
    assert "2%" in words
    assert announced.sha256 in words
    assert announced.signed_by.display_name in words


def test_any_two_versions_can_be_compared(client, announced):
    first = versions.shipped().number
    answer = client.get(reverse("rulebook:version", args=[first]), {"against": announced.number})
    assert answer.context["sections"]
    assert client.get(reverse("rulebook:version", args=[first]), {"against": "no-such"}).status_code == 404


def test_the_calculator_can_be_asked_about_a_version_to_come(client, announced):
    assert asked(client).context["refund"] == 9_506
    assert asked(client, version=announced.number).context["refund"] == 9_604


def test_a_draft_is_nobodys_to_read(client, announced, lead):
    data = default_data()
    data["meta"]["version"] = "2027.1.0"
    draft = lifecycle.draft(data, purpose="Not yet", by=lead, at=clock.now())
    assert client.get(reverse("rulebook:version", args=[draft.number])).status_code == 404
    assert draft.number not in client.get(reverse("rulebook:versions")).content.decode()

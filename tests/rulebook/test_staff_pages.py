"""The pages of rule staff: from a file to a version that rules, with what it would have changed before it is signed."""

import json

import pytest
from django.urls import reverse

from rulebook import lifecycle, replays, versions
from rulebook.models import RulebookVersion
from rulebook.states import VersionState
from tests.fixtures.cases import claim
from tests.rulebook.test_versions import rules
from timeline import clock


@pytest.fixture
def written(client, lead):
    """A draft that the lead pasted on the page: silver pays 2 % instead of 3 %."""
    client.force_login(lead)
    told = {"text": json.dumps(rules(levels__M2__sealed_fee_bp=200)), "purpose": "Cheaper second thoughts"}
    answer = client.post(reverse("rulebook:draft"), told)
    assert answer.status_code == 302, answer.content.decode()
    return RulebookVersion.objects.get()


def page(version, name="staff_version"):
    return reverse(f"rulebook:{name}", kwargs={"pk": version.pk})


@pytest.mark.parametrize("who", ["buyer", "seller", "arbiter", "auditor"])
def test_to_everybody_else_the_pages_do_not_exist(client, request, lead, at, who):
    version = lifecycle.draft(rules(), by=lead, at=at)
    client.force_login(request.getfixturevalue(who))
    assert client.get(reverse("rulebook:staff")).status_code == 404
    assert client.get(page(version)).status_code == 404
    for name in ("propose", "sign", "withdraw", "replay", "revise", "send_back"):
        assert client.post(page(version, name)).status_code == 404


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_draft_is_shown_with_what_it_changes(client, written, language):
    client.cookies["django_language"] = language
    told = client.get(page(written)).content.decode()
    assert "levels.M2.sealed_fee_bp" in told
    assert "3% → 2%" in told
    assert client.get(reverse("rulebook:staff")).status_code == 200


def test_every_fault_of_a_draft_is_shown_by_its_place_and_nothing_is_kept(client, lead):
    client.force_login(lead)
    data = rules(levels__M2__sealed_fee_bp=2.5)
    data["matrix"][3]["kinds"][1] = "FOO"
    answer = client.post(reverse("rulebook:draft"), {"text": json.dumps(data), "purpose": "x"})
    assert answer.status_code == 422
    assert "levels.M2.sealed_fee_bp" in answer.content.decode()
    assert "matrix[3].kinds[1]" in answer.content.decode()
    assert not RulebookVersion.objects.exists()


def test_from_the_page_of_one_to_the_signature_of_another(client, written, lead, senior):
    client.post(page(written, "propose"), {"is_retroactive": "on"})
    assert page(written, "sign") not in client.get(page(written)).content.decode(), "whoever wrote it does not sign"
    client.force_login(senior)
    assert page(written, "sign") in client.get(page(written)).content.decode()
    client.post(page(written, "sign"))
    written.refresh_from_db()
    assert (written.state, written.is_retroactive, written.signed_by) == (VersionState.ANNOUNCED, True, senior)
    client.post(page(written, "withdraw"), {"why": "The figure was wrong"})
    written.refresh_from_db()
    assert written.state == VersionState.WITHDRAWN


def test_before_it_is_signed_recent_cases_tell_what_would_have_changed(
    client, order, rich_buyer, lead, senior, at, arbiter
):
    refund = claim(list(order.units.filter(place__lte=2).order_by("place")), "CHANGE_OF_MIND", by=rich_buyer, at=at)
    level = refund.decision["level"]
    data = rules()
    data["levels"][level]["sealed_fee_bp"] -= 100
    lane = refund.decision["parts"][0]
    version = lifecycle.draft(data, by=lead, at=at)
    client.force_login(lead)
    client.post(page(version, "replay"))
    assert "0" in client.get(page(version)).content.decode()
    done = replays.run(at=at)
    assert done is not None
    assert replays.run(at=at) is None, "done once"
    assert done.result["changed"] == 1
    gained = {name: difference for name, _before, _after, difference in done.result["payers"]}
    price = json.loads(order.snapshot.body)["price"]
    assert gained["BUYER"] == 2 * (price * 100 // 10_000) == gained["SELLER"], lane
    assert refund.number in client.get(page(version)).content.decode()
    assert versions.in_force(at).number == done.against


def test_a_version_in_force_is_read_against_the_one_before_it(client, written, lead, senior, at):
    lifecycle.propose(written, is_major=False, is_retroactive=False, by=lead, at=at)
    lifecycle.sign(written, by=senior, at=at)
    clock.advance(written.effective_at - at)
    lifecycle.lapse(written, limit="RULE_NOTICE", at=written.effective_at)
    told = client.get(page(written)).content.decode()
    assert "3% → 2%" in told

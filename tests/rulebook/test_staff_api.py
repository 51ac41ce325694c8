"""Rule staff over the API: the same verbs, the same refusals."""

import uuid

import pytest
from django.test import Client

from rulebook import lifecycle
from rulebook.models import RulebookVersion
from tests.rulebook.test_versions import rules

ADDRESS = "/api/v1/rules/versions/"


def post(client: Client, path, body=None):
    return client.post(
        path, body or {}, content_type="application/json", headers={"Idempotency-Key": str(uuid.uuid4())}
    )


@pytest.fixture
def as_lead(client, lead):
    client.force_login(lead)
    return client


def test_a_version_goes_from_a_draft_to_the_announcement_through_two_people(as_lead, senior):
    made = post(as_lead, ADDRESS, {"rules": rules(levels__M2__sealed_fee_bp=200), "purpose": "Silver"})
    assert made.status_code == 201, made.content
    address = f"{ADDRESS}{made.json()['id']}/"
    places = [each["place"] for each in made.json()["differences"]]
    assert sorted(places) == ["levels.M2.sealed_fee_bp", "meta.version"]
    assert post(as_lead, f"{address}replay/").status_code == 202
    assert post(as_lead, f"{address}propose/", {"is_retroactive": True}).json()["state"] == "signing"
    refused = post(as_lead, f"{address}sign/")
    assert (refused.status_code, refused.json()["code"]) == (409, "second_person")
    as_lead.force_login(senior)
    signed = post(as_lead, f"{address}sign/")
    assert signed.json()["state"] == "announced"
    assert signed.json()["effective_at"]
    assert post(as_lead, f"{address}withdraw/", {"why": "No"}).json()["state"] == "withdrawn"
    listed = as_lead.get(ADDRESS).json()
    assert [each["number"] for each in listed["results"]] == ["default-cn 2026.12.0"]


def test_every_fault_is_named_with_its_place(as_lead):
    answer = post(as_lead, ADDRESS, {"rules": rules(levels__M2__sealed_fee_bp=2.5), "purpose": "x"})
    assert answer.status_code == 422
    assert "levels.M2.sealed_fee_bp" in answer.content.decode()
    assert not RulebookVersion.objects.exists()


def test_half_a_letter_is_refused(as_lead):
    answer = post(as_lead, ADDRESS, {"rules": {**rules(), "rounding": {"x": "\ud800"}}, "purpose": "x"})
    assert answer.status_code in {400, 422}, answer.content


@pytest.mark.parametrize("who", ["buyer", "arbiter"])
def test_to_others_it_is_not_there(client, request, lead, at, who):
    version = lifecycle.draft(rules(), by=lead, at=at)
    client.force_login(request.getfixturevalue(who))
    assert client.get(ADDRESS).status_code == 404
    assert client.get(f"{ADDRESS}{version.pk}/").status_code == 404
    assert post(client, f"{ADDRESS}{version.pk}/sign/").status_code == 404

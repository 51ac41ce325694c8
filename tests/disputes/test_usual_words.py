"""What nobody wrote in own words is read in the reader's language; what people wrote stays as they wrote it."""

import json

import pytest
from django.utils import translation

from disputes import lifecycle, rulings
from disputes.models import Ruling
from tests.api.conftest import signed_in
from tests.disputes.test_appeals import before_the_panel, voted
from tests.fixtures.disputes import ISSUES, REASONS, drafted

pytestmark = pytest.mark.django_db

ENGLISH, CHINESE = {"accept-language": "en"}, {"accept-language": "zh-hans"}
USUAL = "Buyer and shop: appeal once, free of charge"
FINAL = "inside the mall this is final"


def usual(words, language):
    with translation.override(language):
        return words()


def pages(client, user, dispute):
    """The ruling's page in English and in Chinese."""
    client.force_login(user)
    path = f"/disputes/{dispute.number}/ruling/"
    return [client.get(path, headers=headers).content.decode() for headers in (ENGLISH, CHINESE)]


def test_the_usual_words_of_an_arbiter_who_works_in_english_are_chinese_for_who_reads_chinese(
    client, reviewed, arbiter, senior, rich_buyer, at
):
    with translation.override("en"):
        issues = rulings.usual_issues(reviewed).replace("\n", "\r\n")  # as a form sends it
        lifecycle.rule(reviewed, drafted(reviewed, issues=issues), by=arbiter, at=at)
        lifecycle.sign(reviewed, agrees=True, by=senior, at=at)
    ruling = Ruling.objects.get()
    assert ruling.issues == usual(lambda: rulings.usual_issues(reviewed), "zh-hans"), "stored and sealed in Chinese"
    assert json.loads(ruling.seal.text)["next_steps"] == usual(lambda: rulings.usual_steps(reviewed), "zh-hans")
    english, chinese = pages(client, rich_buyer, reviewed)
    assert USUAL in english
    assert "Not in dispute: order" in english
    assert REASONS in english, "what people wrote stays as they wrote it"
    assert USUAL not in chinese
    assert "Summary in English" in chinese, "for who reads no Chinese"
    assert "Summary in English" not in english
    api = signed_in(rich_buyer)
    told = api.get(f"/api/v1/disputes/{reviewed.number}/", headers=ENGLISH).json()["ruling"]
    assert told["next_steps"].startswith(USUAL)
    assert told["reasons"] == REASONS


def test_the_form_of_an_arbiter_who_works_in_english_starts_from_chinese(client, reviewed, arbiter, senior, at):
    """What is half the usual words and half their own would else be served in two languages."""
    client.force_login(arbiter)
    client.post(f"/bench/{reviewed.number}/open/")
    page = client.get(f"/bench/{reviewed.number}/", headers=ENGLISH)
    fresh = page.context["form"].initial
    assert fresh["issues"] == usual(lambda: rulings.usual_issues(reviewed), "zh-hans")
    assert fresh["next_steps"] == usual(lambda: rulings.usual_steps(reviewed), "zh-hans")
    assert "A decision is served and sealed in Chinese" in page.content.decode()
    lifecycle.rule(reviewed, drafted(reviewed), by=arbiter, at=at)
    lifecycle.sign(reviewed, agrees=False, note_text="请补充理由", by=senior, at=at)
    again = client.get(f"/bench/{reviewed.number}/", headers=ENGLISH).context["form"].initial
    assert again["next_steps"] == fresh["next_steps"]


def test_what_somebody_changed_of_the_usual_words_is_theirs(client, reviewed, arbiter, senior, rich_buyer, at):
    lifecycle.rule(reviewed, drafted(reviewed, next_steps="Nothing is to be done."), by=arbiter, at=at)
    lifecycle.sign(reviewed, agrees=True, by=senior, at=at)
    assert (Ruling.objects.get().issues, Ruling.objects.get().next_steps) == (ISSUES, "Nothing is to be done.")
    for page in pages(client, rich_buyer, reviewed):
        assert "Nothing is to be done." in page


def test_the_panel_s_last_step_is_read_in_the_reader_s_language(
    client, large_ruled, rich_buyer, seller, lead, panelists, at
):
    with translation.override("en"):
        voted(before_the_panel(large_ruled, rich_buyer, seller, lead, at), panelists, [0, 0, 0], at)
    ruling = Ruling.objects.get(kind="appeal")
    assert FINAL not in ruling.next_steps
    english, chinese = pages(client, rich_buyer, large_ruled)
    assert FINAL in english
    assert FINAL not in chinese
    assert "Inside the mall it is final." in chinese, "the summary of the paper says it, too"


def test_the_ground_of_a_dismissal_is_stored_in_chinese(dispute, arbiter, at):
    with translation.override("en"):
        lifecycle.dismiss(dispute, ground="scope", reasons=REASONS, by=arbiter, at=at)
    ruling = Ruling.objects.get()
    assert not ruling.departs_because.isascii(), "the ground of a dismissal, in Chinese"

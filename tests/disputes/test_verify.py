"""Checking a ruling: on the public page, in the API, and by the script that asks nobody."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from disputes import seal
from disputes.models import Seal
from disputes.paper import Paper, readable
from disputes.ruling_paper import ruling_paper
from ledger import signing
from tests.disputes.test_seal import next_ruled  # noqa: F401 - a fixture

SCRIPT = Path(__file__).parents[2] / "static" / "verify" / "kamen_verify.py"


@pytest.fixture
def sealed(ruled):
    """The seal of a ruling that was served."""
    return Seal.objects.get(ruling__dispute=ruled)


def checked(path, *keys):
    """The script's exit code and its words."""
    command = [sys.executable, "-I", str(SCRIPT), str(path)]
    for key in keys:
        command += ["--key", key]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


# the page


def test_a_stranger_checks_a_number_with_its_hash(client, sealed):
    answer = client.post(reverse("disputes:verify"), {"number": sealed.number, "sha256": sealed.sha256})
    assert answer.status_code == 200
    assert answer.context["verdict"]["is_valid"]
    assert sealed.ruling.dispute.number not in answer.content.decode()


def test_a_stranger_uploads_the_file(client, sealed):
    content = json.dumps(seal.file_of(sealed)).encode()
    answer = client.post(reverse("disputes:verify"), {"file": SimpleUploadedFile("r.json", content)})
    assert answer.context["verdict"]["is_valid"]


def test_a_changed_file_is_not_valid_and_the_page_says_why(client, sealed):
    told = {**seal.file_of(sealed), "text": sealed.text + " "}
    answer = client.post(reverse("disputes:verify"), {"pasted": json.dumps(told)})
    steps = {step["holds"] for step in answer.context["verdict"]["steps"]}
    assert not answer.context["verdict"]["is_valid"]
    assert False in steps


@pytest.mark.parametrize("told", [{}, {"number": "KM2026-000001"}])
def test_something_must_be_brought(client, db, told):
    assert client.post(reverse("disputes:verify"), told).status_code == 422


def test_the_key_stands_on_a_page_of_its_own(client, db):
    assert signing.public_key() in client.get(reverse("disputes:keys")).content.decode()


def test_the_chain_is_public_and_goes_on(client, sealed):
    found = client.get(reverse("disputes:chain")).json()
    assert found["chain"] == [seal.link_of(sealed)]
    assert client.get(reverse("disputes:chain"), {"before": sealed.number}).json()["chain"] == []
    assert client.get(reverse("disputes:chain"), {"before": "x"}).status_code == 404


# taking it away


@pytest.mark.parametrize("name", ["disputes:ruling_file", "disputes:ruling_paper"])
def test_both_sides_and_the_staff_take_the_ruling_with_them(client, sealed, rich_buyer, seller, lead, name):
    for person in (rich_buyer, seller, lead):
        client.force_login(person)
        answer = client.get(reverse(name, args=[sealed.number]))
        assert answer.status_code == 200
        assert sealed.number in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("name", ["disputes:ruling_file", "disputes:ruling_paper"])
def test_for_anybody_else_there_is_no_such_ruling(client, sealed, stranger, name):
    client.force_login(stranger)
    assert client.get(reverse(name, args=[sealed.number])).status_code == 404


def test_the_ruling_s_page_leads_to_both(client, sealed, rich_buyer):
    client.force_login(rich_buyer)
    page = client.get(reverse("disputes:ruling", args=[sealed.ruling.dispute.number])).content.decode()
    assert sealed.number in page
    assert reverse("disputes:ruling_paper", args=[sealed.number]) in page


def test_the_paper_carries_its_fonts_and_is_the_same_each_time(sealed):
    paper = ruling_paper(sealed)
    assert paper == ruling_paper(sealed)
    assert paper.startswith(b"%PDF-")
    assert paper.count(b"/FontFile2") == 2, "Latin and Chinese"
    assert len(paper) < 300_000


def test_what_no_font_has_is_written_as_its_number():
    assert readable("裁定 é ¥ 镕\n😀") == "裁定 é ¥ 镕\n[U+1F600]"


def test_a_long_paper_goes_on_on_the_next_page(at):
    paper = Paper(title="x", foot="x", at=at)
    paper.grid(["一", "二"], [["长" * 300, "x"]] * 20, widths=(80, 20))
    assert paper.bytes()
    assert paper.pages_count > 1


@pytest.mark.parametrize(("room", "pages"), [(24, 1), (60, 2)])
def test_no_heading_stands_alone_at_the_foot_of_a_page(at, room, pages):
    paper = Paper(title="x", foot="x", at=at)
    paper.set_y(paper.h - paper.b_margin - 40)
    paper.heading("校验", room=room)
    assert paper.bytes()
    assert paper.pages_count == pages


# the API


def test_the_api_checks_too(client, sealed, rich_buyer):
    told = client.get(f"/api/v1/seals/{sealed.number}/", {"sha256": sealed.sha256}).json()
    assert told["is_valid"]
    assert client.get("/api/v1/seals/").json()["results"][0]["number"] == sealed.number
    assert client.get("/api/v1/seals/keys/").json()["key"] == signing.public_key()
    client.force_login(rich_buyer)
    found = client.get(f"/api/v1/rulings/{sealed.number}/").json()
    client.logout()
    answer = client.post("/api/v1/seals/check/", {"content": json.dumps(found)}, content_type="application/json")
    assert answer.json()["is_valid"], answer.json()


def test_a_stranger_reads_no_ruling_in_the_api(client, sealed, stranger):
    assert client.get(f"/api/v1/rulings/{sealed.number}/").status_code == 401
    client.force_login(stranger)
    assert client.get(f"/api/v1/rulings/{sealed.number}/").status_code == 404


# the script


def test_the_script_finds_a_ruling_valid(tmp_path, sealed, next_ruled):  # noqa: F811
    path = tmp_path / "r.json"
    path.write_text(json.dumps(seal.file_of(Seal.objects.latest("pk"))))
    code, words = checked(path, signing.public_key())
    assert (code, words.splitlines()[-1]) == (0, "VALID"), words
    assert "stands behind" in words


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"text": "{}"}, "the text is what was sealed"),
        ({"signature": "AAAA"}, "signature"),
        ({"chain": [{"statement": "{}"}]}, "KeyError"),
    ],
)
def test_the_script_finds_what_was_changed(tmp_path, sealed, change, fault):
    path = tmp_path / "r.json"
    path.write_text(json.dumps({**seal.file_of(sealed), **change}))
    code, words = checked(path, signing.public_key())
    assert code != 0
    assert fault in words


def test_the_script_finds_somebody_elses_key(tmp_path, sealed):
    path = tmp_path / "r.json"
    path.write_text(json.dumps(seal.file_of(sealed)))
    assert checked(path, "another")[0] == 1

"""The contract is written down, complete, fresh, and kept by the mall."""

import json
import re

import pytest
import schemathesis
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from tests.api.conftest import signed_in

#: A cursor is a text and a slug may be taken: not everything the contract can say about them makes sense.
#: Who asks is known by a cookie of the whole client here, which the check for ignored sign-ins does not take away.
EXCLUDED = [positive_data_acceptance, ignored_auth]
#: What answers with a file itself.
FILES = {"openGuardianPaper"}
DOCUMENT = settings.BASE_DIR / "docs/openapi.yaml"


def test_the_committed_contract_is_fresh_and_without_a_warning(tmp_path):
    written = tmp_path / "openapi.yaml"
    call_command("spectacular", "--lang", "en", "--validate", "--fail-on-warn", "--file", str(written))
    assert DOCUMENT.read_text() == written.read_text(), (
        "The API changed: run `manage.py spectacular --lang en --validate --fail-on-warn --file docs/openapi.yaml`."
    )


@pytest.fixture
def contract(client):
    response = client.get("/api/schema/", HTTP_ACCEPT="application/vnd.oai.openapi+json", HTTP_ACCEPT_LANGUAGE="en")
    assert response.status_code == 200
    return json.loads(response.content)


def operations(contract):
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_operation_has_a_name_of_its_own_a_summary_and_an_example(contract):
    found = list(operations(contract))
    assert len({operation["operationId"] for _, _, operation in found}) == len(found) >= 6
    for path, method, operation in found:
        assert operation["summary"], (path, method)
        number, success = next(each for each in operation["responses"].items() if each[0].startswith("2"))
        if number == "204":
            assert (method, success.get("content")) == ("delete", None), path
        elif operation["operationId"] in FILES:
            assert set(success["content"]) == {"application/octet-stream"}, path
        else:
            assert success["content"]["application/json"]["examples"], (path, method)


def test_every_post_takes_a_key_but_those_whose_answer_must_not_be_kept_or_whose_file_is_its_own_key(contract):
    """The secret of an endpoint is told once; a check of a ruling's file changes nothing that could happen twice."""
    without = []
    for _, method, operation in operations(contract):
        takes = {"$ref": "#/components/parameters/IdempotencyKey"} in operation.get("parameters", [])
        assert not takes or method == "post"
        if method == "post" and not takes:
            without.append(operation["operationId"])
    assert sorted(without) == [
        "addEndpoint",
        "attachFile",
        "checkRulingFile",
        "giveApplicationPaper",
        "givePaperOfShop",
        "openApplication",
        "openGiven",
        "openGuardianPaper",
        "revealCode",
        "rotateEndpoint",
        "sealGuardianPaper",
        "showContact",
    ]


def test_every_operation_says_how_it_says_no(contract):
    for _, _, operation in operations(contract):
        for status, response in operation["responses"].items():
            if not status.startswith("2"):
                name = response["$ref"].rpartition("/")[2]
                assert set(contract["components"]["responses"][name]["content"]) == {"application/problem+json"}


def test_the_pages_to_read_show_the_whole_contract(client, contract):
    first = client.get("/api/docs/").content.decode()
    groups = sorted(set(re.findall(r'href="(/api/docs/[\w-]+/)"', first)))
    assert len(groups) > 40
    rest = {group: client.get(group).content.decode() for group in groups}
    sent = set()
    for path, method, operation in operations(contract):
        assert f"{method.upper()} {path}" in first
        name, home = operation["operationId"], rest[f"/api/docs/{operation['tags'][0]}/"]
        assert f'<li id="{name}"><a href="/api/docs/{operation["tags"][0]}/#{name}">' in first
        assert home.count(f'id="{name}"') == 1
        for body in operation.get("requestBody", {}).get("content", {}).values():
            sent.add(body["schema"].get("$ref", "").rpartition("/")[2])
    whole = first + "".join(rest.values())
    for name, schema in contract["components"]["schemas"].items():
        assert name in sent or f'id="object-{name}"' in first, name
        for each in schema.get("properties", {}):
            assert f"<code>{each}</code>" in whole
    for page in (first, *rest.values()):
        assert "<script>" not in page
        assert " style=" not in page
        assert all(f'id="{anchor}"' in page for anchor in re.findall(r'href="#([\w-]+)"', page))
        assert page.count("<") < 12_000, "light enough for a phone"
    for link, anchor in re.findall(r'href="(/api/docs/[\w-]+/)#([\w-]+)"', first):
        assert f'id="{anchor}"' in rest[link]


def test_an_address_is_found_by_its_words(client):
    page = client.get("/api/docs/", {"q": "refunds ACCEPT"}).content.decode()
    assert 'id="acceptRefund"' in page
    assert 'id="declineRefund"' not in page
    assert (
        "<li id="
        not in client.get("/api/docs/", {"q": "nothing like it"}).content.decode().partition('id="objects"')[0]
    )
    assert client.get("/api/docs/nowhere/").status_code == 404


CSRF = "a" * 32


def send_all_sorts_of_things(operation, mode, session):
    """Send an operation what its contract allows, or what it does not; always the same, and not too much."""

    @given(case=operation.as_strategy(generation_mode=mode))
    @bounds(max_examples=15, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def keeps_its_word(case):
        case.cookies = {"sessionid": session, "csrftoken": CSRF}
        case.call_and_validate(headers={"X-CSRFToken": CSRF}, excluded_checks=EXCLUDED)

    keeps_its_word()


@pytest.mark.django_db(transaction=True)
def test_the_mall_keeps_its_contract_whatever_it_is_sent(seller, deposit):
    session = signed_in(seller).cookies["sessionid"].value
    contract = schemathesis.openapi.from_wsgi("/api/schema/", get_wsgi_application())
    for found in contract.get_all_operations():
        operation = found.ok()
        send_all_sorts_of_things(operation, schemathesis.GenerationMode.POSITIVE, session)
        if operation.method == "post" and operation.body:
            send_all_sorts_of_things(operation, schemathesis.GenerationMode.NEGATIVE, session)

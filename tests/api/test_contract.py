"""The contract is written down, complete, fresh, and kept by the mall."""

import json

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


def test_the_page_to_read_shows_the_whole_contract(client, contract):
    page = client.get("/api/docs/").content.decode()
    for path, method, operation in operations(contract):
        assert f"{method.upper()} {path}" in page
        assert f'id="{operation["operationId"]}"' in page
    for name, schema in contract["components"]["schemas"].items():
        assert f'id="object-{name}"' in page
        for each in schema.get("properties", {}):
            assert f"<code>{each}</code>" in page
    assert "<script>" not in page
    assert " style=" not in page


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

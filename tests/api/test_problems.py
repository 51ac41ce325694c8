"""Every no of the API is a problem with a stable code; on pages it is a message or a page."""

import pytest
from django.contrib.messages import get_messages
from django.db import OperationalError

from tests.api.conftest import ApiClient, problem, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.api.probes")]


def test_who_has_not_signed_in_is_asked_to(anybody):
    response = anybody.get("/api/v1/me/")
    problem(response, 401, "not_signed_in")
    assert response.headers["WWW-Authenticate"] == "Session"


def test_an_address_that_is_none_is_a_problem_too(anybody):
    for path in ("/api/", "/api/v2/", "/api/v1/nothing/", "/api/v1/me"):
        problem(anybody.get(path), 404, "not_found")
        problem(anybody.post(path, {}, content_type="application/json"), 404, "not_found")


def test_what_is_not_yours_looks_exactly_like_what_is_not_there(as_stranger, shop):
    not_yours = as_stranger.get(f"/api/v1/shops/{shop.slug}/deposit/")
    not_there = as_stranger.get("/api/v1/shops/nobody/deposit/")
    no_route = as_stranger.get("/api/v1/nobody/")
    problem(not_yours, 404, "not_found")
    assert not_yours.content == not_there.content == no_route.content
    assert as_stranger.send(f"/api/v1/shops/{shop.slug}/deposit/close/").content == not_there.content


def test_a_wrong_method_is_answered_with_the_right_ones(as_seller):
    response = as_seller.delete("/api/v1/applications/")
    problem(response, 405, "method_not_allowed")
    assert set(response.headers["Allow"].split(", ")) == {"GET", "POST", "OPTIONS"}


def test_a_post_without_the_sessions_csrf_token_is_refused(seller):
    client = signed_in(seller)
    client.handler.enforce_csrf_checks = True
    body = {"name": "星河", "slug": "xinghe"}
    problem(client.send("/api/v1/applications/", body), 403, "csrf_failed")
    token = "a" * 32
    client.cookies["csrftoken"] = token
    assert client.send("/api/v1/applications/", body, HTTP_X_CSRFTOKEN=token).status_code == 201


def test_a_body_that_is_no_json_is_malformed(as_seller):
    response = as_seller.post("/api/v1/applications/", "{", content_type="application/json", HTTP_IDEMPOTENCY_KEY="k")
    problem(response, 400, "malformed")


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"name": "a", "name": "b"}',
        b'{"name": NaN}',
        b'{"name": -Infinity}',
        b'{"name": 1e999}',
        b'{"name": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"name": "\xff"}',
    ],
    ids=lambda body: body[:16],
)
def test_a_body_that_two_readers_would_read_differently_is_malformed(as_seller, body):
    response = as_seller.post("/api/v1/applications/", body, content_type="application/json", HTTP_IDEMPOTENCY_KEY="k")
    problem(response, 400, "malformed")


def test_a_body_is_utf_8_whatever_its_header_says(as_seller):
    body = '{"name": "星河", "slug": "xinghe"}'.encode()
    content_type = "application/json; charset=gbk"
    response = as_seller.generic("POST", "/api/v1/applications/", body, content_type, HTTP_IDEMPOTENCY_KEY="k")
    assert (response.status_code, response.json()["name"]) == (201, "星河")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_body_that_is_not_sent_as_json_is_not_taken(as_seller, content_type):
    response = as_seller.generic("POST", "/api/v1/applications/", b"--x--\r\n", content_type, HTTP_IDEMPOTENCY_KEY="k")
    problem(response, 415, "unsupported_media_type")


def test_a_body_that_is_too_large_is_not_read(as_seller, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    problem(as_seller.send("/api/v1/applications/", {"name": "x" * 200}), 413, "too_large")


def test_the_api_speaks_json_only(anybody):
    problem(anybody.get("/api/v1/shops/", HTTP_ACCEPT="text/html"), 406, "not_acceptable")


def test_a_wrong_form_names_each_field(as_seller):
    found = problem(as_seller.send("/api/v1/applications/", {"slug": "Not A Slug"}), 422, "invalid")
    assert [(each["field"], each["code"]) for each in found["errors"]] == [("name", "required"), ("slug", "invalid")]
    assert all(each["detail"] for each in found["errors"])


def test_a_wrong_form_as_a_whole_has_no_field(as_seller):
    found = problem(as_seller.send("/api/v1/applications/", ["no", "object"]), 422, "invalid")
    assert [each["field"] for each in found["errors"]] == [""]


def test_a_name_that_is_taken_is_said_at_its_field(as_seller, shop):
    found = problem(as_seller.send("/api/v1/applications/", {"name": shop.name, "slug": "new"}), 422, "invalid")
    assert [(each["field"], each["code"]) for each in found["errors"]] == [("name", "unique")]


def test_a_refusal_brings_its_own_code_and_sentence(as_seller, shop):
    found = problem(as_seller.send(f"/api/v1/shops/{shop.slug}/deposit/close/"), 409, "wrong_moment")
    assert found["detail"].startswith("The shop cannot be closed now")


def test_the_detail_is_in_the_persons_language(as_seller):
    english = as_seller.get("/api/v1/none/").json()
    assert english["detail"] == "There is nothing here, or it is not yours to see."
    found = as_seller.send("/api/v1/applications/", {}, HTTP_ACCEPT_LANGUAGE="zh-hans").json()
    assert {each["detail"] for each in found["errors"]} == {"该字段是必填项。"}


def test_no_money_is_a_refusal(as_seller):
    problem(as_seller.get("/api/probe/poor/"), 409, "insufficient_balance")


def test_a_movement_that_is_none_is_a_wrong_form(as_seller):
    problem(as_seller.get("/api/probe/nothing/"), 422, "bad_amount")


def test_too_many_requests_say_when_to_come_back(as_seller):
    response = as_seller.get("/api/probe/throttled/")
    problem(response, 429, "too_many_requests")
    assert response.headers["Retry-After"] == "7"


def test_a_request_that_makes_no_sense_is_a_problem(as_seller):
    problem(as_seller.get("/api/probe/malformed/"), 400, "bad_request")
    problem(as_seller.get("/api/v1/me/", HTTP_HOST="evil.example"), 400, "bad_request")


def test_a_fault_of_ours_tells_nothing_of_the_house(as_seller):
    response = as_seller.get("/api/probe/broken/")
    problem(response, 500, "internal_error")
    assert b"secret" not in response.content


@pytest.mark.parametrize("path", ["/api/probe/slow/", "/api/probe/hung-up/"])
def test_a_database_that_is_busy_or_gone_asks_to_try_again(as_seller, path):
    response = as_seller.get(path)
    problem(response, 503, "try_again")
    assert int(response.headers["Retry-After"]) > 0


def test_a_session_that_cannot_be_read_is_no_fault_of_ours(as_seller, monkeypatch):
    def away(self):
        raise OperationalError("connection refused at 10.1.2.3")

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", away)
    for path in ("/api/v1/me/", "/api/v1/shops/"):
        problem(as_seller.get(path), 503, "try_again")
    page = as_seller.get("/probe/before/")
    assert page.status_code == 503
    assert b"10.1.2.3" not in page.content


def test_a_refused_form_leads_back_with_a_message(anybody):
    response = anybody.post("/probe/refuses/", HTTP_REFERER="http://testserver/probe/before/?page=2#row")
    assert (response.status_code, response.headers["Location"]) == (302, "/probe/before/?page=2")
    assert [str(each) for each in get_messages(response.wsgi_request)] == ["It is the seller's turn."]
    assert "It is the seller&#x27;s turn." in anybody.get(response.headers["Location"]).content.decode()


@pytest.mark.parametrize("came_from", ["http://evil.example/x", "//evil.example", "javascript:alert(1)", ""])
def test_a_refused_form_never_leads_to_another_house(anybody, came_from):
    response = anybody.post("/probe/refuses/", HTTP_REFERER=came_from)
    assert response.status_code == 409
    assert "It is the seller&#x27;s turn." in response.content.decode()


def test_a_refused_look_or_part_of_a_page_is_a_page_that_says_why(anybody):
    looked = anybody.get("/probe/refuses/")
    part = anybody.post("/probe/refuses/", HTTP_HX_REQUEST="true", HTTP_REFERER="http://testserver/probe/before/")
    for response in (looked, part):
        assert response.status_code == 409
        assert "It is the seller&#x27;s turn." in response.content.decode()
        assert "not_your_turn" in response.content.decode()


def test_a_page_without_database_asks_to_come_back(anybody):
    response = anybody.get("/probe/away/")
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert b"10.1.2.3" not in response.content


def test_a_client_of_the_api_needs_no_page(anybody: ApiClient):
    assert anybody.get("/api/v1/shops/").headers["Content-Type"] == "application/json"

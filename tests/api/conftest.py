"""People who talk to the mall as machines do."""

import itertools
from typing import Any

import pytest
from django.test import Client

from accounts.models import User


class ApiClient(Client):
    """A client that sends JSON with a new key for each request, and shows what a person would be shown."""

    keys = itertools.count(1)

    def send(self, path: str, body: Any = None, *, key: str | None = None, **headers: Any) -> Any:
        """POST `body` as JSON under `key`, or under a new one."""
        headers.setdefault("HTTP_IDEMPOTENCY_KEY", key or f"key-{next(self.keys)}")
        return self.post(path, {} if body is None else body, content_type="application/json", **headers)


@pytest.fixture
def anybody() -> ApiClient:
    """Somebody who has not signed in, and reads English."""
    return ApiClient(raise_request_exception=False, headers={"accept-language": "en"})


def signed_in(user: User) -> ApiClient:
    """`user` with a session, reading English."""
    client = ApiClient(raise_request_exception=False, headers={"accept-language": "en"})
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def as_seller(seller: User) -> ApiClient:
    return signed_in(seller)


@pytest.fixture
def as_stranger(stranger: User) -> ApiClient:
    return signed_in(stranger)


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The problem in an answer, which must be one, complete and of this status and code."""
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "code"} <= set(found)
    assert (found["status"], found["code"]) == (status, code)
    assert found["type"].endswith(f"/api/docs/#{code}")
    assert found["detail"]
    assert found["title"]
    return found

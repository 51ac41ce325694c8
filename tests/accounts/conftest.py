"""Signing in for real: guessing is counted, and each test counts from nothing."""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts import personas
from accounts.models import User
from tests.fixtures.people import PASSWORD


@pytest.fixture(autouse=True)
def counted_anew(settings: Any) -> Iterator[None]:
    """What the sign-in pages count is counted under a prefix of this test's own in the Redis that all tests share."""
    prefix = uuid.uuid4().hex
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": prefix}}
    yield
    cache.close()


@pytest.fixture
def guarded(settings: Any) -> None:
    """Wrong passwords lock, as in production."""
    settings.AXES_ENABLED = True


@pytest.fixture
def client_elsewhere() -> Client:
    """Another device."""
    return Client(headers={"user-agent": "Another device"})


def sign_in(client: Client, user: User, *, password: str = PASSWORD, **extra: Any) -> Any:
    """Fill in the sign-in page."""
    return client.post(reverse("account_login"), {"login": user.email, "password": password}, **extra)


def enter_code(client: Client, code: str) -> Any:
    """Fill in the page of the second step."""
    return client.post(reverse("mfa_authenticate"), {"code": code})


def code(seconds_from_now: int = 0, *, secret: str = personas.SECRET, now: float | None = None) -> str:
    """What an authenticator app shows, now or a little later."""
    import time

    counter = int((now or time.time()) + seconds_from_now) // 30
    return totp.format_hotp_value(totp.hotp_value(secret, counter))


def link_in(mail: Any) -> str:
    """The first address in a mail, as a path."""
    found = re.search(r"https?://[^/\s]+(/\S+)", mail.body)
    assert found, mail.body
    return found.group(1)


def is_signed_in(client: Client) -> bool:
    """Whether a page that needs a person opens."""
    return client.get(reverse("accounts:security")).status_code == 200

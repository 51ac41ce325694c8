"""Who asks: every page and operation is for people who signed in unless it says otherwise (`accounts.middleware`)."""

from typing import cast

from django.http import HttpRequest
from rest_framework.request import Request

from accounts.models import User


class SignedInRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User


def signed_in(request: HttpRequest | Request) -> User:
    """The person who asks, where nobody else gets past the door."""
    return cast(User, request.user)

"""Every page about one's account opens, in both languages, under the strict policy."""

import pytest
from django.urls import reverse

OPEN = [
    "account_login",
    "account_signup",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "account_email_verification_sent",
    "account_inactive",
]
OWN = [
    "accounts:security",
    "account_logout",
    "account_change_password",
    "account_email",
    "mfa_index",
    "usersessions_list",
    "account_reauthenticate",
]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("name", OPEN)
def test_anybody_opens_the_pages_that_lead_in(client, db, name, language):
    client.cookies["django_language"] = language
    assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", OWN)
def test_somebody_signed_in_opens_their_own_pages(client, buyer, name):
    client.force_login(buyer)
    assert client.get(reverse(name)).status_code == 200

"""One's own account at a real browser, under the real content policy."""

import pytest
from django.urls import reverse

from tests.accounts.conftest import code
from tests.fixtures.people import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = ["accounts:security", "mfa_index", "mfa_add_webauthn", "mfa_generate_recovery_codes", "account_email",
    "account_change_password", "account_reauthenticate", "usersessions_list", "account_logout"]  # fmt: skip
KEY = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def give_password(somebody, user):
    """Fill in the sign-in page."""
    page = somebody.visit(reverse("account_login"))
    page.fill("[name=login]", user.email)
    page.fill("[name=password]", PASSWORD)
    page.click("main form button")
    page.wait_for_url("**" + reverse("mfa_authenticate"))
    return page


def sign_in(somebody, user):
    """Password and the digits of the app."""
    page = give_password(somebody, user)
    page.fill("[name=code]", code())
    page.click("main form button >> nth=0")
    page.wait_for_url(somebody.home + "/")
    somebody.require_peace()
    return page


@pytest.mark.parametrize(("width", "theme", "language"), [(390, "light", "zh-CN"), (1280, "dark", "en")])
def test_the_pages_of_ones_account_fit_and_are_accessible(visitor, arbiter, width, theme, language):
    somebody = visitor(width=width, theme=theme, language=language)
    sign_in(somebody, arbiter)
    for name in PAGES:
        somebody.visit(reverse(name))
        somebody.require_fits()
        somebody.require_accessible()


def test_a_security_key_is_added_and_then_opens_the_account(visitor, arbiter):
    somebody = visitor(language="en")
    page = sign_in(somebody, arbiter)
    key = somebody.context.new_cdp_session(page)
    key.send("WebAuthn.enable")
    key.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    somebody.visit(reverse("mfa_add_webauthn"))
    page.fill("[name=name]", "Desk key")
    page.click("#mfa_webauthn_add")
    page.wait_for_url("**" + reverse("mfa_view_recovery_codes"))
    assert "Desk key" in somebody.visit(reverse("mfa_list_webauthn")).inner_text("main")
    somebody.visit(reverse("account_logout")).click("main form button")
    page.wait_for_url(somebody.home + "/")
    give_password(somebody, arbiter)
    page.click("#mfa_webauthn_authenticate")
    page.wait_for_url(somebody.home + "/")
    somebody.require_peace()
    somebody.visit(reverse("accounts:security"))

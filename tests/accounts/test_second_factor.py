import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from cryptography.exceptions import InvalidTag
from django.core.cache import cache
from django.urls import reverse

from accounts import personas, sealing
from accounts.models import Role, StaffRole
from tests.accounts.conftest import code, enter_code, is_signed_in, sign_in


@pytest.fixture
def newcomer(buyer, at):
    """Somebody who works for the mall since a minute ago and has no second factor yet."""
    StaffRole.objects.create(user=buyer, role=Role.AGENT, granted_at=at)
    return buyer


def test_staff_are_led_to_a_second_factor_before_anything_else(client, newcomer):
    sign_in(client, newcomer)
    for path in ("/", reverse("accounts:security"), reverse("usersessions_list"), "/nowhere/"):
        assert client.get(path).headers.get("Location") in {reverse("mfa_index"), None}
    assert client.get(reverse("accounts:security")).url == reverse("mfa_index")
    page = client.get(reverse("mfa_index"))
    assert reverse("mfa_activate_totp") in page.content.decode()
    assert client.get(reverse("account_logout")).status_code == 200


def test_in_the_api_staff_without_a_second_factor_are_refused(client, newcomer):
    client.force_login(newcomer)
    answer = client.get("/api/v1/me/")
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "second_factor_required"


def test_setting_up_an_app_opens_the_mall(client, newcomer):
    sign_in(client, newcomer)
    page = client.get(reverse("mfa_activate_totp"))
    assert page.status_code == 200, "who has just signed in is not asked again"
    assert 'src="data:image/svg+xml;base64,' in page.content.decode()
    secret = client.session["mfa.totp.secret"]
    answer = client.post(reverse("mfa_activate_totp"), {"code": code(secret=secret)})
    assert answer.url == reverse("mfa_view_recovery_codes")
    assert is_signed_in(client)
    assert secret not in str(Authenticator.objects.filter(user=newcomer).values_list("data", flat=True))


def test_the_password_alone_does_not_open_an_account_with_a_second_factor(client, arbiter):
    assert sign_in(client, arbiter).url == reverse("mfa_authenticate")
    assert not is_signed_in(client)
    enter_code(client, "000000")
    assert not is_signed_in(client)
    enter_code(client, code())
    assert is_signed_in(client)


def test_a_code_opens_once_for_as_long_as_it_is_valid(client, client_elsewhere, arbiter, time_machine):
    seen = code()
    sign_in(client, arbiter)
    enter_code(client, seen)
    assert is_signed_in(client)
    # The library's own note lives for half a minute of Redis' time, which no test can move; the code lives longer.
    cache.delete(f"allauth.mfa.totp.used?user={arbiter.pk}&code={seen}")
    time_machine.move_to(time.time() + 31)
    sign_in(client_elsewhere, arbiter)
    enter_code(client_elsewhere, seen)
    assert not is_signed_in(client_elsewhere)


def test_a_recovery_code_opens_once(client, client_elsewhere, arbiter):
    first = RecoveryCodes.activate(arbiter).get_unused_codes()[0]
    sign_in(client, arbiter)
    enter_code(client, first)
    assert is_signed_in(client)
    sign_in(client_elsewhere, arbiter)
    enter_code(client_elsewhere, first)
    assert not is_signed_in(client_elsewhere)


def test_recovery_codes_are_made_shown_and_downloaded(client, arbiter):
    sign_in(client, arbiter)
    enter_code(client, code())
    client.post(reverse("mfa_generate_recovery_codes"))
    shown = re.findall(r"<li><code>(\d+)</code>", client.get(reverse("mfa_view_recovery_codes")).content.decode())
    assert len(shown) == 10
    download = client.get(reverse("mfa_download_recovery_codes"))
    assert "attachment" in download.headers["Content-Disposition"]
    assert all(one in download.content.decode() for one in shown)


def test_what_shows_a_secret_is_kept_by_nobody_and_does_not_travel_compressed(
    client, client_elsewhere, arbiter, newcomer
):
    packed = {"Accept-Encoding": "gzip"}
    sign_in(client, arbiter)
    enter_code(client, code())
    client.post(reverse("mfa_generate_recovery_codes"))
    sign_in(client_elsewhere, newcomer)
    codes = client.get(reverse("mfa_view_recovery_codes"), headers=packed)
    setting_up = client_elsewhere.get(reverse("mfa_activate_totp"), headers=packed)
    for page in (codes, setting_up):
        assert page.status_code == 200
        assert "no-store" in page.headers.get("Cache-Control", "")
        assert "Content-Encoding" not in page.headers


def test_staff_cannot_turn_off_their_last_second_factor(client, arbiter):
    sign_in(client, arbiter)
    enter_code(client, code())
    client.post(reverse("mfa_deactivate_totp"))
    assert Authenticator.objects.filter(user=arbiter).exists()


def test_a_buyer_may_turn_it_off(client, buyer, mailoutbox):
    personas.give_second_factor(buyer)
    sign_in(client, buyer)
    enter_code(client, code())
    assert client.get(reverse("mfa_deactivate_totp")).status_code == 200
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(user=buyer).exists()
    assert mailoutbox[0].to == [buyer.email], "the owner is told"


@pytest.mark.parametrize("name", ["mfa_index", "mfa_add_webauthn", "mfa_list_webauthn", "mfa_reauthenticate"])
def test_the_pages_about_second_factors_open(client, arbiter, name):
    sign_in(client, arbiter)
    enter_code(client, code())
    assert client.get(reverse(name)).status_code == 200


def test_secrets_are_sealed_and_survive_a_change_of_key(settings):
    sealed = sealing.seal("secret")
    assert "secret" not in sealed
    assert sealing.seal("secret") != sealed
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [settings.SECRET_KEY]
    assert sealing.unseal(sealed) == "secret"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(InvalidTag):
        sealing.unseal(sealed)

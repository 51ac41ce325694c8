from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.core.cache import caches
from django.db.models import F
from django.urls import reverse

from tests.accounts.conftest import code, enter_code, is_signed_in, sign_in
from tests.fixtures.people import PASSWORD

pytestmark = pytest.mark.usefixtures("guarded")


def guess(client, user, times=5, **extra):
    """Give a wrong password some times; the answer to the last."""
    for _guess in range(times):
        answer = sign_in(client, user, password="wrong wrong wrong", **extra)
    return answer


def test_five_wrong_passwords_lock_the_account_for_that_address(client, buyer):
    assert guess(client, buyer, times=4).status_code == 200
    answer = guess(client, buyer, times=1)
    assert answer.status_code == 429
    assert reverse("account_reset_password") in answer.content.decode()
    assert sign_in(client, buyer).status_code == 429, "now not even the right one opens"
    assert not is_signed_in(client)


def test_others_are_not_locked_out_by_it(client, client_elsewhere, buyer, seller):
    guess(client, buyer)
    sign_in(client_elsewhere, buyer, REMOTE_ADDR="203.0.113.9")
    assert is_signed_in(client_elsewhere)
    client_elsewhere.logout()
    sign_in(client_elsewhere, seller)
    assert is_signed_in(client_elsewhere)


def test_claiming_another_address_does_not_help(client, buyer):
    for number in range(5):
        answer = guess(client, buyer, times=1, headers={"x-forwarded-for": f"198.51.100.{number}"})
    assert answer.status_code == 429
    assert sign_in(client, buyer, headers={"x-forwarded-for": "198.51.100.99"}).status_code == 429


def test_behind_one_proxy_its_word_counts_and_nobody_elses(client, buyer, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for number in range(5):
        guess(client, buyer, times=1, headers={"x-forwarded-for": f"198.51.100.{number}, 203.0.113.5"})
    assert AccessAttempt.objects.get().ip_address == "203.0.113.5"
    assert sign_in(client, buyer, headers={"x-forwarded-for": "1.2.3.4, 203.0.113.5"}).status_code == 429
    assert sign_in(client, buyer, headers={"x-forwarded-for": "203.0.113.6"}).status_code == 302


def test_the_lock_ends_after_a_quarter_of_an_hour(client, buyer):
    guess(client, buyer)
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=15, seconds=1))
    sign_in(client, buyer)
    assert is_signed_in(client)


def test_the_right_password_starts_the_count_anew(client, buyer):
    guess(client, buyer, times=4)
    sign_in(client, buyer)
    client.logout()
    assert guess(client, buyer, times=4).status_code == 200


def test_what_is_kept_of_a_guess_holds_no_password(client, buyer):
    guess(client, buyer, times=2)
    kept = AccessAttempt.objects.get()
    assert "wrong wrong" not in kept.post_data
    assert kept.username == buyer.email


def test_many_addresses_guessing_at_one_account_are_stopped_too(client, client_elsewhere, buyer):
    for number in range(30):
        guess(client, buyer, times=1, REMOTE_ADDR=f"198.51.100.{number}")
    sign_in(client_elsewhere, buyer, REMOTE_ADDR="203.0.113.9")
    assert not is_signed_in(client_elsewhere)


def test_guessing_at_the_second_step_is_stopped(client, arbiter):
    sign_in(client, arbiter)
    for _guess in range(10):
        enter_code(client, "000000")
    enter_code(client, code())
    assert not is_signed_in(client), "now not even the right one opens"


@pytest.fixture
def without_redis(settings, tmp_path):
    """Redis is away."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": f"unix://{tmp_path}/none.sock"}}
    yield
    caches["default"].close()


def test_without_redis_reading_goes_on_and_signing_in_pauses_clearly(client, client_elsewhere, buyer, without_redis):
    client_elsewhere.force_login(buyer)
    assert is_signed_in(client_elsewhere)
    assert client.get("/").status_code == 200
    assert client.get(reverse("account_login")).status_code == 200
    answer = sign_in(client, buyer)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
    assert not is_signed_in(client)
    assert client.post(reverse("account_signup"), {"email": "x@example.com", "password1": PASSWORD}).status_code == 503

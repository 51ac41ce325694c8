from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as django_settings
from django.contrib.auth.hashers import identify_hasher, make_password
from django.urls import reverse

from accounts.models import User
from kamen.settings import base
from tests.accounts.conftest import is_signed_in, link_in, sign_in
from tests.fixtures.people import PASSWORD

NEW = {"email": "Lin@Example.com", "nickname": "小林", "password1": PASSWORD}


def sign_up(client: Any, **changes: str) -> Any:
    """Fill in the sign-up page."""
    return client.post(reverse("account_signup"), {**NEW, **changes})


def test_a_sign_up_opens_an_account_once_the_address_is_confirmed(client, db, mailoutbox):
    answer = sign_up(client)
    assert answer.url == reverse("account_email_verification_sent")
    person = User.objects.get()
    assert (person.email, person.nickname, person.level, person.display_name) == (
        "lin@example.com",
        "小林",
        "M0",
        "小林",
    )
    assert not is_signed_in(client)
    page = client.get(link_in(mailoutbox[0]))
    assert not EmailAddress.objects.get().verified, "reading the page confirms nothing"
    client.post(page.request["PATH_INFO"])
    sign_in(client, person)
    assert is_signed_in(client)


def test_people_sign_in_by_e_mail_however_it_is_spelled(client, buyer):
    answer = client.post(reverse("account_login"), {"login": " Buyer@EXAMPLE.com ", "password": PASSWORD})
    assert answer.status_code == 302
    assert is_signed_in(client)


def test_a_wrong_password_opens_nothing(client, buyer):
    answer = sign_in(client, buyer, password="not the password")
    assert answer.status_code == 200
    assert not is_signed_in(client)


def test_a_sign_up_does_not_tell_who_has_an_account(client, db, buyer, mailoutbox):
    unknown = sign_up(client)
    client.cookies.clear()
    known = sign_up(client, email=buyer.email)
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert User.objects.count() == 2
    to_the_new, to_the_owner = mailoutbox
    assert to_the_owner.to == [buyer.email]
    assert reverse("account_reset_password") in to_the_owner.body
    assert "confirm-email" in to_the_new.body


@pytest.mark.parametrize(
    "nickname", ["官方客服", "Kamen", "平台仲裁员", "me@example.com", "a\u202eb", "x", " 小林\u3000a" * 9, "Support1"]
)
def test_a_nickname_does_not_pass_for_the_mall(client, db, nickname):
    assert sign_up(client, nickname=nickname).status_code == 200
    assert not User.objects.exists()


@pytest.mark.parametrize("password", ["short", "1234567890123", "password123", "lin@example.com"])
def test_a_password_that_is_easily_guessed_is_not_taken(client, db, password):
    assert sign_up(client, password1=password).status_code == 200
    assert not User.objects.exists()


def test_a_new_password_is_set_by_mail(client, buyer, mailoutbox):
    client.post(reverse("account_reset_password"), {"email": buyer.email})
    page = client.get(link_in(mailoutbox[0]), follow=True)
    client.post(page.request["PATH_INFO"], {"password1": "quite another one", "password2": "quite another one"})
    assert not is_signed_in(client)
    assert mailoutbox[1].to == [buyer.email], "the owner is told"
    assert sign_in(client, buyer).status_code == 200
    sign_in(client, buyer, password="quite another one")
    assert is_signed_in(client)
    client.logout()
    assert "password/reset/" in client.get(link_in(mailoutbox[0]), follow=True).content.decode(), "the link works once"


def test_a_reset_does_not_tell_who_has_an_account(client, buyer, mailoutbox):
    known = client.post(reverse("account_reset_password"), {"email": buyer.email})
    unknown = client.post(reverse("account_reset_password"), {"email": "nobody@example.com"})
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert [mail.to for mail in mailoutbox] == [[buyer.email], ["nobody@example.com"]]


def test_a_new_password_signs_out_all_other_devices(client, buyer, client_elsewhere):
    sign_in(client, buyer)
    sign_in(client_elsewhere, buyer)
    new = {"oldpassword": PASSWORD, "password1": "quite another one", "password2": "quite another one"}
    client.post(reverse("account_change_password"), new)
    assert is_signed_in(client)
    assert not is_signed_in(client_elsewhere)


def test_mail_speaks_the_language_of_its_reader(client, buyer, mailoutbox):
    buyer.language = "en"
    buyer.save(update_fields=["language"])
    client.cookies["django_language"] = "zh-hans"
    client.post(reverse("account_reset_password"), {"email": buyer.email})
    assert "Set it by this link" in mailoutbox[0].body
    assert mailoutbox[0].subject.startswith("[Kamen 卡门] ")


def test_the_switch_of_language_is_remembered_for_the_person(client, buyer, client_elsewhere):
    client.force_login(buyer)
    client.post(reverse("set_language"), {"language": "en"})
    buyer.refresh_from_db()
    assert buyer.language == "en"
    client_elsewhere.force_login(buyer)
    assert client_elsewhere.get(reverse("accounts:security")).headers["Content-Language"] == "en"
    client.post(reverse("set_language"), {"language": "tlh"})
    buyer.refresh_from_db()
    assert buyer.language == "en"


def test_people_change_how_others_see_them(client, buyer):
    client.force_login(buyer)
    client.post(reverse("accounts:profile"), {"nickname": "老周", "language": "en"})
    buyer.refresh_from_db()
    assert (buyer.nickname, buyer.language) == ("老周", "en")
    assert client.post(reverse("accounts:profile"), {"nickname": "官方", "language": "en"}).status_code == 422


def test_passwords_are_kept_as_argon2(settings):
    settings.PASSWORD_HASHERS = base.PASSWORD_HASHERS
    assert identify_hasher(make_password(PASSWORD)).algorithm == "argon2"
    assert django_settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory"

"""The code of a message: it says that we wrote it and about what, to everybody, and nothing more."""

import pytest

from notifications import inbox, mail, official
from notifications.models import Notification

CHECK = "/verify-message/"


@pytest.fixture
def notice(order, at):
    inbox.catch_up(at=at)
    return Notification.objects.get(code="order.delivered")


def test_the_same_code_stands_in_the_mail_and_in_the_inbox(client, notice, rich_buyer):
    client.force_login(rich_buyer)
    code = official.code_of(notice)
    assert code in client.get("/notices/").content.decode()
    assert code in mail.letter(notice).body
    assert CHECK in mail.letter(notice).body
    assert client.get("/api/v1/notices/").json()["results"][0]["official_code"] == code


def test_anybody_can_check_a_code_and_learns_neither_sum_nor_person(client, notice, order, rich_buyer):
    page = client.get(CHECK, {"code": official.code_of(notice)}).content.decode()
    assert order.number in page
    assert "badge-check" in page
    assert "¥" not in page
    assert rich_buyer.nickname not in page
    assert order.shop.name not in page


def test_a_code_may_be_typed_with_slips_that_are_no_mistakes(notice):
    code = official.code_of(notice)
    for typed in (code.lower(), code.replace("-", " "), code.removeprefix("KM-"), code.replace("0", "o")):
        assert official.find(typed) == notice


def test_a_code_that_was_made_up_is_none_of_ours(client, notice):
    code = official.code_of(notice)
    for place in range(3, len(code)):
        letter = code[place]
        if letter != "-":
            other = "7" if letter != "7" else "8"
            assert official.find(code[:place] + other + code[place + 1 :]) is None
    for made_up in ("", "KM-", "KM-0000-0000-0000-0000", "x" * 16, "KM-ÄÖÜ"):
        assert official.find(made_up) is None
    assert "shield-alert" in client.get(CHECK, {"code": "KM-0000-0000-0000-0001"}).content.decode()


def test_codes_of_before_a_change_of_the_key_are_still_known(notice, settings):
    code = official.code_of(notice)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-of-the-tests"
    assert official.find(code) == notice


def test_the_page_names_our_addresses_and_where_to_complain(client, db, settings):
    settings.OFFICIAL_DOMAINS = ["kamen.example"]
    page = client.get(CHECK, headers={"accept-language": "en"}).content.decode()
    for word in ("kamen.example", "12315", "court", settings.DEFAULT_FROM_EMAIL.partition("<")[2][:10]):
        assert word in page

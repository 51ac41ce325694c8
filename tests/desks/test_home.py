"""The first page, the languages, and the live style page."""

import pytest
from django.urls import reverse

from tests.queries import expect_queries


def test_the_first_page_is_for_everybody_and_asks_the_database_little(client, db):
    with expect_queries(1):  # what time it is in the mall
        answer = client.get(reverse("desks:home"))
    assert answer.status_code == 200


@pytest.mark.parametrize(("language", "lang"), [("zh-hans", "zh-CN"), ("en", "en")])
def test_a_visitor_chooses_the_language_and_keeps_it(client, db, language, lang):
    client.post(reverse("set_language"), {"language": language, "next": "/"})
    assert f'<html lang="{lang}">' in client.get("/").content.decode()


def test_chinese_is_spoken_to_whoever_says_nothing(client, db):
    assert '<html lang="zh-CN">' in client.get("/").content.decode()


def test_a_language_switch_leads_nowhere_else(client, db):
    answer = client.post(reverse("set_language"), {"language": "en", "next": "https://elsewhere.invalid/"})
    assert "elsewhere" not in answer.headers["Location"]


def test_outside_the_demo_the_style_page_is_for_staff(client, buyer, lead):
    address = reverse("desks:styleguide")
    assert client.get(address).status_code == 404
    client.force_login(buyer)
    assert client.get(address).status_code == 404
    client.force_login(lead)
    assert client.get(address).status_code == 200


def test_in_the_demo_everybody_sees_the_style_page(client, db, settings):
    settings.DEMO = True
    page = client.get(reverse("desks:styleguide")).content.decode()
    for component in ("turn", "stepper", "countdown", "timeline", "facts", "decision", "offer", "money-preview"):
        assert f"{component}" in page


def test_every_form_says_what_is_wrong(client, db, settings):
    settings.DEMO = True
    page = client.post(reverse("timeline:advance"), {"hours": "no"}).content.decode()
    assert 'class="form-errors" role="alert"' in page
    assert 'aria-describedby="id_hours_helptext id_hours_error"' in page

import pytest
from django.urls import reverse

from accounts import personas
from accounts.models import LevelChange, Role, User
from tests.accounts.conftest import enter_code, is_signed_in, sign_in
from timeline.models import Event


@pytest.fixture
def people(at):
    """The demo's people."""
    return personas.seed_personas(at=at)


def test_there_is_somebody_for_every_place(people):
    assert {role for person in people.values() for role in person.roles} == set(Role.values)
    assert {people[name].level for name in ("buyer", "regular", "patron")} == {"M0", "M2", "M4"}


def test_seeding_again_changes_nothing(people, at):
    before = User.objects.count(), Event.objects.count(), LevelChange.objects.count()
    assert personas.seed_personas(at=at) == people
    assert (User.objects.count(), Event.objects.count(), LevelChange.objects.count()) == before


def test_production_can_see_that_they_are_there(db, at):
    assert not personas.present()
    personas.seed_personas(at=at)
    assert "buyer@demo.kamen.invalid" in personas.present()


def test_in_the_demo_one_click_and_a_shown_code_let_a_newcomer_in(client, people, settings):
    settings.DEMO = True
    page = client.get(reverse("account_login")).content.decode()
    for person in people.values():
        assert f'value="{person.email}"' in page
    sign_in(client, people["arbiter"], password=personas.PASSWORD)
    assert personas.current_code() in client.get(reverse("mfa_authenticate")).content.decode()
    enter_code(client, personas.current_code())
    assert is_signed_in(client)


def test_outside_the_demo_nothing_shows_them_and_nothing_lets_them_in(client, people):
    page = client.get(reverse("account_login")).content.decode()
    assert personas.DOMAIN not in page
    assert personas.PASSWORD not in page
    sign_in(client, people["buyer"], password=personas.PASSWORD)
    assert not is_signed_in(client)


def test_the_code_of_somebody_real_is_never_shown(client, arbiter, settings):
    settings.DEMO = True
    sign_in(client, arbiter)
    assert personas.current_code() not in client.get(reverse("mfa_authenticate")).content.decode()

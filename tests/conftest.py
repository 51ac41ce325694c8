"""The house of the tests: real servers, a strict Django, people and things as fixtures."""

import os
import shutil
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import TransactionTestCase

from kamen import books
from kamen.servers import Servers
from ledger.models import Transfer
from tests.database import empty_database, test_database
from timeline.models import Event

pytest_plugins = ["tests.fixtures.people"]

servers: Servers | None = None


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the run's own servers, once, in the controlling process; workers use the same."""
    global servers
    if settings.EMBEDDED and not hasattr(session.config, "workerinput"):
        servers = Servers(settings.TEST_HOME, durable=False)
        servers.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what this process started, and leave nothing behind."""
    global servers
    if servers is not None:
        servers.stop()
        servers = None
        shutil.rmtree(settings.TEST_HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest, worker_id: str) -> Iterator[None]:
    """A database for this worker: owned by the owner, used with the application's rights."""
    with django_db_blocker.unblock(), test_database(worker_id):  # type: ignore[attr-defined]
        yield


@pytest.fixture(scope="session", autouse=True)
def _empty_as_owner() -> None:
    """A test that commits is cleaned up by the owner: the application may not remove history."""
    TransactionTestCase._fixture_teardown = lambda self: empty_database()  # type: ignore[method-assign]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Function) -> Iterator[None]:
    """After each test that moved money or recorded an event, every invariant of the mall holds.

    A test that breaks the books on purpose is marked `breaks_books`.
    """
    result = yield
    if {"db", "transactional_db"} & set(item.fixturenames) and not item.get_closest_marker("breaks_books"):
        if Transfer.objects.exists() or Event.objects.exists():
            broken = list(books.violations())
            assert not broken, f"The books do not hold after this test: {broken}"
    return result

"""The house of the tests: real servers, a strict Django, people and things as fixtures."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from zlib import crc32

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import TransactionTestCase

from kamen import books
from kamen.servers import ServerDied, Servers
from tests import queries
from tests.browser import chromium
from tests.database import NoTestDatabase, empty_database, roles_are_separate, test_database
from tests.strictness import be_strict

pytest_plugins = [
    "tests.fixtures.people",
    "tests.fixtures.deposits",
    "tests.fixtures.rules",
    "tests.fixtures.sales",
    "tests.fixtures.cases",
    "tests.fixtures.channel",
    "tests.fixtures.complaints",
    "tests.fixtures.deliveries",
    "tests.fixtures.disputes",
    "tests.fixtures.goods",
    "tests.fixtures.openings",
    "tests.fixtures.owner",
    "tests.fixtures.pages",
    "tests.fixtures.receivers",
    "tests.figures",
    "tests.locks",
    "tests.asking",
]

servers: Servers | None = None


def pytest_configure() -> None:
    """Every process of the run is strict before it reads its first template."""
    be_strict()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the run's own servers, once, in the controlling process; workers use the same."""
    global servers
    if not settings.OWN_SERVERS or hasattr(session.config, "workerinput") or session.config.option.collectonly:
        return
    servers = Servers(settings.TEST_HOME, durable=False, parts=settings.OWN_SERVERS)
    try:
        servers.start()
    except ServerDied as error:
        pytest.exit(str(error), returncode=3)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what this process started, and leave nothing behind."""
    global servers
    if servers is not None:
        servers.stop()
        servers = None
        shutil.rmtree((settings.TEST_HOME / "postgres").resolve(), ignore_errors=True)
        shutil.rmtree(settings.TEST_HOME, ignore_errors=True)


def pytest_report_header() -> str:
    """Say where the run's servers and browser are."""
    own = " and ".join(sorted(settings.OWN_SERVERS)) or "nothing"
    return f"servers of the run's own: {own}; browser: {chromium.executable() or chromium.NONE_HERE}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was not run and how to repeat this order; `-q` must not hide it."""
    not_run = [report for report in terminalreporter.stats.get("skipped", []) if "browser" in report.keywords]
    if not_run and not chromium.executable():
        terminalreporter.write_line(f"{chromium.NONE_HERE}: {len(not_run)} browser stories were not run.", yellow=True)
    if terminalreporter.stats.get("failed") or terminalreporter.stats.get("error"):
        seed = getattr(config.option, "randomly_seed", None)
        terminalreporter.write_line(f"This order again: -p randomly --randomly-seed={seed}")


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest, worker_id: str) -> Iterator[None]:
    """A database for this worker: owned by the owner, used with the application's rights."""
    try:
        with django_db_blocker.unblock(), test_database(worker_id):  # type: ignore[attr-defined]
            yield
    except NoTestDatabase as error:
        pytest.exit(str(error), returncode=3)


@pytest.fixture(scope="session", autouse=True)
def _empty_as_owner() -> None:
    """A test that commits is cleaned up by the owner: the application may not remove history."""
    TransactionTestCase._fixture_teardown = lambda self: empty_database()  # type: ignore[attr-defined]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Function) -> Iterator[None]:
    """After each test that moved money or recorded an event, every invariant of the mall holds.

    A test that breaks the books on purpose is marked `breaks_books`.
    """
    if not uses_database(item):
        return (yield)
    _seed_the_database(item)
    result = yield
    if not item.get_closest_marker("breaks_books"):
        require_sound_books()
    return result


def uses_database(item: pytest.Item) -> bool:
    """Whether a test may touch the database, however it asked for it."""
    asked = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(asked) or item.get_closest_marker("django_db") is not None


def require_sound_books() -> None:
    """Fail with every broken invariant and its offenders, if the test moved money or recorded anything."""
    if connection.needs_rollback:
        raise AssertionError(
            "The test left its transaction broken, so its books cannot be read: "
            "put what is expected to fail into `with transaction.atomic():`."
        )
    with connection.cursor() as cursor:
        cursor.execute("select exists(select from ledger_transfer) or exists(select from timeline_event)")
        if not cursor.fetchone()[0]:
            return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("set local statement_timeout = %s", [books.PATIENCE])  # as whoever asks in earnest
            # What is counted of the tables may be from when they were empty: then a thousand rows are compared with a
            # thousand, one by one.
            cursor.execute("set local enable_nestloop = off")
        broken = list(books.violations())
    if broken:
        lines = [f"  {violation.rule}\n      " + "\n      ".join(violation.offenders) for violation in broken]
        raise AssertionError("The books do not hold after this test:\n" + "\n".join(lines))


def _seed_the_database(item: pytest.Item) -> None:
    """What the database does by chance (the order of unordered rows) it does again with the same seed."""
    seed = getattr(item.config.option, "randomly_seed", 0)
    with connection.cursor() as cursor:
        cursor.execute("select setseed(%s)", [crc32(f"{seed}:{item.nodeid}".encode()) / 2**32])


@pytest.fixture
def expect_queries() -> Callable[..., AbstractContextManager[list[str]]]:
    """`with expect_queries(3):` fails with the SQL if the block asks the database more or less often."""
    return queries.expect_queries


@pytest.fixture
def separate_roles() -> None:
    """Skips where one role owns the database and runs the mall: grants prove nothing there."""
    if not roles_are_separate():
        pytest.skip("DATABASE_URL and DATABASE_OWNER_URL name the same role: grants cannot be tested.")

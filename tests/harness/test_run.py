"""A run of tests as a whole: what it insists on, seen from outside with a run of its own on this run's servers."""

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings

from tests.browser import chromium
from tests.database import NoTestDatabase, test_database
from tests.fixtures import pages

pytestmark = pytest.mark.servers

BROKEN = """
import gc, threading, warnings
import pytest
from django.db import IntegrityError, connection
from accounts.models import User
from shops import lifecycle
from shops.models import Deposit, Shop
from timeline import clock
from timeline.models import Heartbeat


def a_deposit_moved_behind_the_doors_back():
    seller = User.objects.create_user("somebody@example.com")
    shop = lifecycle.open_shop(owner=seller, name="甲", slug="jia", required=100_000, at=clock.now())
    Deposit.objects.filter(shop=shop).update(state="active")

def test_bad_books(db):
    a_deposit_moved_behind_the_doors_back()

@pytest.mark.django_db
def test_bad_books_by_mark():
    a_deposit_moved_behind_the_doors_back()

@pytest.mark.django_db(transaction=True)
def test_bad_books_committed():
    a_deposit_moved_behind_the_doors_back()

@pytest.mark.breaks_books
def test_good_excuse(db):
    a_deposit_moved_behind_the_doors_back()

@pytest.mark.django_db(transaction=True)
@pytest.mark.breaks_books
def test_good_excuse_committed():
    a_deposit_moved_behind_the_doors_back()

@pytest.mark.parametrize("again", [1, 2])
def test_good_nothing_is_left_of_what_was_committed(transactional_db, again):
    assert not User.objects.exists()
    User.objects.create_user("somebody@example.com")

def test_bad_broken_transaction(db):
    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute("insert into timeline_heartbeat (name, at) values ('sweep', null)")

def test_bad_deprecation():
    warnings.warn("old", DeprecationWarning)

def test_bad_naive_time(db):
    Heartbeat.objects.create(name="sweep", at="2026-11-22 10:00")

def test_bad_unclosed_file():
    open(__file__)
    gc.collect()

def test_bad_destructor():
    class Falls:
        def __del__(self):
            raise ValueError
    Falls()
    gc.collect()

def test_bad_thread():
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()

@pytest.mark.browser
def test_in_a_browser(visitor):
    pass
"""


def run_apart(directory, source, *words, **surroundings):
    """Run `source` as a test module in a process of its own; returns its output."""
    (directory / "conftest.py").write_text('pytest_plugins = ["tests.conftest"]')
    (directory / "test_apart.py").write_text(source)
    environment = {
        **os.environ,
        "DATABASE_URL": settings.DATABASE_URL,
        "DATABASE_OWNER_URL": settings.DATABASE_OWNER_URL,
        "REDIS_URL": settings.REDIS_URL,
        "KAMEN_TEST_HOME": f"{settings.TEST_HOME}-apart{os.getpid()}",
        **surroundings,
    }
    for name in [name for name in environment if name.startswith(("PYTEST_", "COV_", "KAMEN_REQUIRE_BROWSER"))]:
        del environment[name]
    command = [sys.executable, "-m", "pytest", str(directory / "test_apart.py"), "-q", "-rA"]
    command += ["-c", str(settings.BASE_DIR / "pyproject.toml"), "--rootdir", str(directory)]
    command += ["-p", "no:cacheprovider", "--randomly-seed=7", *words]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr


def test_what_a_run_insists_on(tmp_path):
    output = run_apart(tmp_path, BROKEN, KAMEN_CHROMIUM="")
    outcomes = {name: word for word, name in re.findall(r"^(PASSED|FAILED) \S*::(\w+)", output, re.MULTILINE)}
    wrong = {name: word for name, word in outcomes.items() if (word == "PASSED") != name.startswith("test_good")}
    assert not wrong, output
    assert len(outcomes) == 12, output
    assert output.count("The books do not hold after this test:\n") >= 3
    assert "the state of a deposit is what its last event says\n" in output
    assert "The test left its transaction broken" in output
    assert "No Chromium here: 1 browser stories were not run." in output
    assert "--randomly-seed=7" in output


def test_a_missing_browser_is_a_failure_where_one_is_required(request, monkeypatch):
    request.node.add_marker("browser")
    monkeypatch.setenv("KAMEN_CHROMIUM", "")
    monkeypatch.delenv("KAMEN_REQUIRE_BROWSER", raising=False)
    chromium.executable.cache_clear()
    try:
        with pytest.raises(pytest.skip.Exception, match="No Chromium here"):
            pages.pytest_runtest_setup(request.node)
        monkeypatch.setenv("KAMEN_REQUIRE_BROWSER", "1")
        with pytest.raises(pytest.fail.Exception, match="No Chromium here, but KAMEN_REQUIRE_BROWSER asks for one"):
            pages.pytest_runtest_setup(request.node)
    finally:
        chromium.executable.cache_clear()


def test_a_database_that_does_not_answer_is_one_sentence(settings):
    settings.DATABASE_OWNER_URL = "postgres://nobody@%2Fnowhere/kamen"
    with (
        pytest.raises(NoTestDatabase, match=r"The owner's database \(DATABASE_OWNER_URL\) does not answer"),
        test_database("nobody"),
    ):
        raise AssertionError("there is none")

"""Commands of the frame: what an operator types."""

import io
import re
import runpy
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django_migration_linter import MigrationLinter

from accounts import personas
from complaints.models import Complaint
from kamen import startup
from kamen.sandbox_channel import Channel
from kamen.sandbox_complaints import ALIPAY_HOME, WECHAT_HOME
from kamen.sandbox_supplier import Supplier
from ledger.accounts import balance
from orders.models import Coupon
from reputation import counting, stops
from reputation.models import Alarm, Inquiry
from shops.models import Application, Deposit, Sanction, Shop
from shops.states import DepositState
from tests.locks import recorder
from timeline import clock
from timeline.sweep import sweep

scan = runpy.run_path(str(settings.BASE_DIR / ".ci/scan.py"))


@pytest.fixture
def demo(settings, db):
    """A seeded mall."""
    settings.DEMO = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with recorder.resting():
        call_command("seed_demo")


def test_the_demo_has_a_shop_for_every_state_of_a_deposit_that_can_be_seen(demo):
    states = set(Deposit.objects.values_list("state", flat=True))
    assert states == set(DepositState.values) - {DepositState.RETURNED}
    assert set(Coupon.objects.values_list("state", flat=True)) == {"draft", "running", "paused"}
    assert set(Application.objects.values_list("state", flat=True)) == {"draft", "applied", "reviewing", "sent_back"}


def test_the_demo_has_every_persona(demo):
    assert len(personas.present()) == len(personas.PERSONAS)


def test_clocks_of_the_demo_run_and_none_is_overdue(demo):
    done = sweep(at=clock.now())
    assert (done.fired, done.passed, done.failed) == (0, 0, 0)


def test_seeding_again_changes_nothing(demo):
    before = set(Deposit.objects.values_list("pk", "state", "entered_at"))
    call_command("seed_demo")
    assert set(Deposit.objects.values_list("pk", "state", "entered_at")) == before
    assert balance(Shop.objects.get(slug="xinghe").account("deposit")) == 200_000


def test_the_channel_of_the_demo_knows_what_the_stories_tell_of_it(demo, settings, tmp_path):
    """What buyers complained of there can be answered, and what they paid can go back; telling it twice is once."""
    settings.SANDBOX_SECRET = "only the two of them know it"
    for _twice in range(2):
        call_command("seed_demo", channel=tmp_path / "sandbox.sqlite")
    channel = Channel(str(tmp_path / "sandbox.sqlite"), settings.SANDBOX_SECRET)
    made = Complaint.objects.exclude(source="authority")
    there = channel.rows("select * from complaint")
    assert {each["number"] for each in there} == set(made.values_list("outside_number", flat=True))
    answer = {"response_content": "已退款。", "out_log_id": "V1", "feedback_content": "已退款。", "out_reply_id": "V1"}
    for each in made:
        number = each.outside_number
        path = f"{WECHAT_HOME}/{number}/response" if each.source == "wechat" else f"{ALIPAY_HOME}/feedback"
        assert channel.of_complaints("POST", path, answer | {"complain_event_id": number})[0] == 200
        assert each.payment is not None
        back = {"number": f"B-{number}", "txn": each.payment.provider_txn, "amount": each.payment.amount}
        assert channel.refund(back)[0] == (409 if each.externals.exists() else 200), "never more than came in"


def test_the_supplier_of_the_demo_knows_the_codes_of_the_recalled_batch(db, settings, tmp_path):
    """One holder has their money, the others are asked; what the supplier says of each code that was seen is there."""
    settings.DEMO = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.SUPPLIERS = {"sandbox": {"address": "http://127.0.0.1:1", "secret": "only the two of them know it"}}
    with recorder.resting():
        call_command("seed_demo")
    alarm = Alarm.objects.get()
    assert alarm.state == "confirmed"
    assert set(alarm.units.values_list("fate", flat=True).order_by("pk")) == {"refund", "asked"}
    asked = Inquiry.objects.filter(listed__alarm=alarm)
    for _twice in range(2):
        call_command("seed_demo", supplier=tmp_path / "supplier.sqlite")
    books = Supplier(str(tmp_path / "supplier.sqlite"), "only the two of them know it")
    assert len(books.rows("select * from code")) == asked.count() == 9, "of each holder, what they looked at"
    assert {each["state"] for each in books.rows("select state from code")} == {"redeemed", "void", "unused"}
    books.database.close()


def test_figures_stopped_a_shop_of_the_demo_once_and_do_not_again(demo):
    stopped = Sanction.objects.get(imposed_by=None)
    assert (stopped.state, stopped.hard_stop.ground) == ("lifted", "claims")
    at = clock.now()
    counting.catch_up(at=at)
    assert stops.look_all(at=at) == stops.look_all(at=at + timedelta(days=8)) == 0
    assert Shop.objects.get(slug="xinghe").no_sales_until is None


def test_only_a_demo_is_seeded(db):
    with pytest.raises(CommandError, match="Only a demo is seeded"):
        call_command("seed_demo")
    assert personas.present() == []


def test_the_second_factor_is_shown_in_the_demo_only(settings):
    with pytest.raises(CommandError):
        call_command("demo_code")
    settings.DEMO = True
    said = io.StringIO()
    call_command("demo_code", stdout=said)
    assert re.fullmatch(r"\d{6}\n", said.getvalue())


def test_the_mall_can_be_asked_for_its_books(demo):
    said = io.StringIO()
    call_command("check_books", stdout=said)
    assert "invariants hold" in said.getvalue()


def test_local_and_test_settings_may_start_as_they_like(settings):
    settings.DEBUG = True
    startup.check()


@pytest.mark.parametrize(
    "secret", ["", "short", "a" * 60, "abcabcabc" * 8, "django-insecure-0123456789abcdefghijklmnopqrstuvwxyz"]
)
def test_a_weak_secret_is_known_as_one(settings, secret):
    settings.SECRET_KEY = secret
    assert any("SECRET_KEY is weak" in sentence for sentence in startup.wrong_settings())


#: Went out before anybody had an older version running; what comes after it may not stop a mall that is open.
BEFORE_THE_FIRST_OPENING = ["0002_stock"]


#: What is unique from here on was kept before, so the version before cannot break it. All else is asked of them, too.
UNIQUE_BEFORE = {
    # A final ruling stays the only one of its dispute: only what is superseded, which is new, is let off.
    "0002_the_whole_machine",
    # The trigger of the same migration gives each message its place; the version before holds the order's lock, too.
    "0005_conversation_chain",
    # The table came with 0007, after the version before.
    "0009_one_application_at_a_time",
    # What decided it stays unique with who owes it, which is less; only the new version has a second payer.
    "0008_who_owes",
}


@pytest.mark.parametrize(
    "which",
    [
        {"ignore_name": [*BEFORE_THE_FIRST_OPENING, *UNIQUE_BEFORE]},
        {"include_name": UNIQUE_BEFORE, "exclude_migration_tests": ["ADD_UNIQUE"]},
    ],
    ids=["all", "unique_before"],
)
def test_migrations_can_run_while_the_version_before_still_works(db, which):
    linter = MigrationLinter(
        str(settings.BASE_DIR),
        include_apps=settings.ROOMS,
        ignore_initial_migrations=True,
        no_cache=True,
        quiet=["ok", "ignore", "warning"],
        **which,
    )
    linter.lint_all_migrations()
    assert linter.nb_total > 0
    assert not linter.has_errors


def test_the_whole_tree_passes_the_scan():
    done = subprocess.run([sys.executable, ".ci/scan.py"], cwd=settings.BASE_DIR, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("README.md", "pip install --index-url https://" + "py" + "pi.org/simple"),
        ("a.lock", "django==5.2.19 \\\n    --hash=sha256:00\n--index-url https://mirror.example/simple"),
        ("b.lock", "django==5.2.19\n"),
        ("c.lock", "django>=5 \\\n    --hash=sha256:00\n"),
        ("key.txt", "-----BEGIN " + "PRIVATE KEY-----"),
        ("settings.py", "DATABASE_URL = 'postgres://kamen_app:" + "w5Fq0PzYtR71aa" + "@db:5432/kamen'"),
        ("env", "SECRET" + "_KEY=k3Vd0qLr8sYwTz5mNcXb7hJf2gPa9eUi4oRt6yQw1SxD"),
    ],
)
def test_the_scan_finds_what_must_not_be_there(tmp_path, name, text):
    planted = tmp_path / name
    planted.write_text(text)
    assert list(scan["wrong"](planted))


def test_the_scan_lets_an_honest_lock_file_pass(tmp_path):
    honest = tmp_path / "a.lock"
    honest.write_text("django==5.2.19 ; python_version > '3' \\\n    --hash=sha256:00\n")
    assert list(scan["wrong"](honest)) == []

"""The file of a sale: put away after a year, destroyed with its key after three; held things stay; chains go on."""

import zipfile
from datetime import timedelta
from io import BytesIO, StringIO

import pytest
from allauth.usersessions.models import UserSession
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from disputes.models import Evidence, Statement
from kamen import books
from orders import attachments, conversation
from orders.models import Attachment, Message, Reveal
from privacy import exports, files, holds, retention, sealing
from privacy.files import AWAY
from privacy.models import Away, PersonKey, Piece, Run
from refunds.models import Refund
from shops.vault import Erased
from timeline.events import broken_chains
from timeline.models import Event
from timeline.sweep import fire_overdue

YEAR = timedelta(days=365)


@pytest.fixture
def told(ruled, rich_buyer, seller, at):
    """A case that was ruled, whose order has a conversation and a file; run on until everything is over."""
    order = ruled.refund.order
    conversation.say(order, "我的电话是 13800138000", by=rich_buyer, at=at)
    conversation.say(order, "请稍等", by=seller, at=at)
    paper = SimpleUploadedFile("收据.txt", "付款人：张三".encode())
    attachments.attach(order, paper, by=rich_buyer, at=at)
    return order


@pytest.fixture
def over(told, at):
    """The same, years of clocks later: the time at which everything about it is over."""
    return at_the_end(told, at)


def at_the_end(order, at):
    """Let every clock of an order run out, one after another; returns when its last one did."""
    for _step in range(30):
        due = order.__class__.objects.get(pk=order.pk)
        timer = connection_next(due)
        if timer is None:
            return at
        at = max(at, timer)
        fire_overdue(order.address, at=at)
    raise AssertionError("it never ends")


def connection_next(order):
    """When the next clock of an order's root ends."""
    with connection.cursor() as cursor:
        cursor.execute("select min(due_at) from timeline_timer where root = %s and state = 'running'", [order.address])
        return cursor.fetchone()[0]


def test_a_year_after_it_ended_a_sale_is_put_away_and_every_chain_holds(told, over, rich_buyer):
    assert files.to_put_away(over + YEAR - timedelta(days=1)).count() == 0
    run = retention.run(at=over + YEAR + timedelta(days=1))
    assert (run.counts["put_away"], run.faults) == (1, [])
    assert set(Message.objects.values_list("text", flat=True).order_by()) == {AWAY}
    attachment = Attachment.objects.get()
    assert (attachment.name, attachment.original) == (AWAY, "")
    refund = Refund.objects.get()
    assert refund.text in {"", AWAY}
    assert not Evidence.objects.filter(attachment=None).exclude(body=AWAY).exists()
    assert not Statement.objects.exclude(text=AWAY).exists()
    assert not list(books.violations())
    assert broken_chains() == []
    call_command("verify_chain", stdout=StringIO())
    found = {f"{piece.table}.{piece.field}": text for piece, text in files.what_stood(told)}
    assert found["orders.Attachment.original"].decode() == "付款人：张三"
    with pytest.raises(attachments.FileBroken):
        attachments.shown(attachment)


def test_the_same_day_again_changes_nothing(told, over):
    at = over + YEAR + timedelta(days=1)
    retention.run(at=at)
    before = (Piece.objects.count(), Event.objects.count(), PersonKey.objects.count())
    assert retention.run(at=at).counts["put_away"] == 0
    assert (Piece.objects.count(), Event.objects.count(), PersonKey.objects.count()) == before
    assert Run.objects.count() == 2


def test_what_is_said_later_follows_into_the_same_drawer(told, over, rich_buyer):
    at = over + YEAR + timedelta(days=1)
    retention.run(at=at)
    conversation.say(told, "还有一个问题", by=rich_buyer, at=at + timedelta(hours=1))
    assert retention.run(at=at + timedelta(days=1)).counts["put_away"] == 1
    assert set(Message.objects.values_list("text", flat=True).order_by()) == {AWAY}
    assert PersonKey.objects.count() == 1


def test_after_three_years_the_key_is_destroyed_and_nothing_can_be_read(told, over):
    retention.run(at=over + YEAR + timedelta(days=1))
    away = Away.objects.get()
    assert away.ends_on.day == 1
    assert timedelta(days=3 * 365) < at_day(away.ends_on) - over < timedelta(days=3 * 366 + 32)
    run = retention.run(at=at_day(away.ends_on))
    assert run.counts["destroyed"] == Piece.objects.count() > 5 or run.counts["destroyed"] == 1
    assert run.faults == []
    assert files.what_stood(told) == []
    piece = Piece.objects.select_related("key").earliest("pk")
    with pytest.raises(Erased):
        sealing.opened(piece)
    assert bytes(piece.key.wrapped) == b""
    assert Away.objects.get().finished_at is not None
    assert not list(books.violations())
    assert broken_chains() == []
    call_command("verify_chain", stdout=StringIO())
    assert Event.objects.filter(name="user.key_destroyed").count() == 1


def test_what_is_held_moves_on_and_what_is_released_dies(told, over, lead, risk):
    retention.run(at=over + YEAR + timedelta(days=1))
    hold = holds.set_hold(order=told, reason="（2026）沪0105民初123号 调取证据", by=lead, at=over)
    day = at_day(Away.objects.get().ends_on)
    retention.run(at=day)
    assert len(files.what_stood(told)) > 5
    assert PersonKey.objects.filter(destroyed_at=None).count() == 1
    assert Away.objects.get().finished_at is None
    holds.propose(hold, reason="案件已审结，不再需要", by=lead, at=day)
    holds.sign(hold, by=risk, at=day)
    retention.run(at=day + timedelta(days=40))
    assert files.what_stood(told) == []
    assert not list(books.violations())


def test_a_held_person_s_keys_are_passed_over(told, over, rich_buyer, lead):
    retention.run(at=over + YEAR + timedelta(days=1))
    holds.set_hold(user=rich_buyer, reason="公安机关协查函 2026-77 号", by=lead, at=over)
    assert retention.run(at=at_day(Away.objects.get().ends_on)).counts["destroyed"] == 0
    assert files.what_stood(told) != []


@pytest.mark.parametrize("change", ["text = 'x'", f"text = '{AWAY}'", f"text = '{AWAY}', author_id = author_id + 1"])
def test_a_message_cannot_be_changed_but_by_the_one_function(told, change):
    by_hand = f"select set_config('kamen.putting_away', 'on', true); update orders_message set {change}"
    with pytest.raises(DatabaseError), transaction.atomic():
        connection.cursor().execute(by_hand)


@pytest.mark.breaks_books
def test_a_message_that_was_emptied_without_its_piece_is_named(told):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select orders_put_words_away(%s)", [told.pk])
    assert "a message that was put away has its sealed piece" in {each.rule for each in books.violations()}


def test_networks_are_emptied_after_half_a_year(revealed, at):
    assert Reveal.objects.exclude(address_prefix="").exists()
    retention.run(at=at + retention.NETWORK - timedelta(days=1))
    assert Reveal.objects.exclude(address_prefix="").exists()
    retention.run(at=at + retention.NETWORK + timedelta(days=1))
    assert not Reveal.objects.exclude(address_prefix="", session_hash="", agent_hash="").exists()


def test_a_device_that_nobody_was_seen_with_for_half_a_year_is_forgotten(order, rich_buyer, at):
    kept = UserSession.objects.create(user=rich_buyer, ip="198.51.100.7", session_key="kept", user_agent="a phone")
    old = UserSession.objects.create(user=rich_buyer, ip="198.51.100.8", session_key="old", user_agent="a phone")
    UserSession.objects.filter(pk=old.pk).update(last_seen_at=at - retention.NETWORK)
    retention.run(at=at)
    assert list(UserSession.objects.order_by("pk")) == [kept]


def test_one_sale_that_fails_never_blocks_the_rest(told, over):
    name = Attachment.objects.get().original
    storages["files"].delete(name)
    run = retention.run(at=over + YEAR + timedelta(days=1))
    assert run.faults == [f"put_away {told.pk}: FileNotFoundError"], "what it was; never what stood in it"
    assert retention.faults(over + YEAR) == run.faults, "staff read it until a run goes through"
    assert run.ended_at is not None
    assert "drafts" in run.counts
    assert Message.objects.filter(text=AWAY).count() == 0


# Copies


def test_a_copy_has_what_came_from_the_person_also_what_was_put_away_and_nothing_of_others(told, over, rich_buyer):
    at = over + YEAR + timedelta(days=1)
    retention.run(at=at)
    pack = copied(rich_buyer, at)
    said = pack.read("data/orders.Message.json").decode()
    assert "13800138000" in said
    assert "请稍等" not in said
    assert rich_buyer.email in pack.read("data/accounts.User.json").decode()
    names = [name for name in pack.namelist() if name.startswith("files/")]
    assert [pack.read(name).decode() for name in names] == ["付款人：张三"]
    assert rich_buyer.password not in "".join(pack.read(name).decode() for name in pack.namelist())
    for table in ("orders.Order", "refunds.Refund", "ledger.Payment", "reputation.Signal"):
        assert f"data/{table}.json" in pack.namelist()


def copied(user, at):
    """The ZIP of a copy, asked for, made and fetched."""
    export = exports.ask(user, by=user, at=at)
    assert exports.run(at=at) == 1
    export.refresh_from_db()
    return zipfile.ZipFile(BytesIO(exports.fetch(export, by=user, at=at)))


def at_day(day):
    """The first moment of a day in Shanghai."""
    from datetime import datetime

    from timeline.spans import SHANGHAI

    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)

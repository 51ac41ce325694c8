import pytest
from django.db import IntegrityError, transaction

from accounts import lifecycle
from accounts.models import Level, LevelChange, User
from timeline import events


def test_a_level_moves_with_its_history(buyer, at):
    assert buyer.level == Level.M0
    lifecycle.set_level(buyer, Level.M2, reason="20 orders without a lost case", at=at)
    lifecycle.set_level(buyer, Level.M1, reason="a lost case", at=at)
    buyer.refresh_from_db()
    assert buyer.level == Level.M1
    history = buyer.level_changes.order_by("pk")
    assert [(change.before, change.after, change.reason) for change in history] == [
        ("M0", "M2", "20 orders without a lost case"),
        ("M2", "M1", "a lost case"),
    ]
    assert [event.name for event in events.stream(buyer.address)] == ["level.changed"] * 2


def test_the_same_level_again_is_no_change(buyer, at):
    lifecycle.set_level(buyer, Level.M0, reason="computed anew", at=at)
    assert not LevelChange.objects.exists()
    assert not events.stream(buyer.address).exists()


def test_there_are_five_levels(buyer, at):
    with pytest.raises(ValueError, match="M5"):
        lifecycle.set_level(buyer, "M5", reason="r", at=at)
    with pytest.raises(IntegrityError, match="accounts_user_level"), transaction.atomic():
        User.objects.filter(pk=buyer.pk).update(level="M5")
    with pytest.raises(IntegrityError, match="accounts_levelchange_changes"), transaction.atomic():
        LevelChange.objects.create(user=buyer, before="M1", after="M1", reason="r", at=at)

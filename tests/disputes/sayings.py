"""What tests of disputes ask and do again and again."""

import pytest

from ledger.accounts import balance
from timeline.models import Event
from timeline.refusals import Refused
from timeline.sweep import sweep

#: Long enough for a ground of appeal.
GROUND = (
    "裁定认定卡密在展示后由买家使用，但发卡方的记录显示该卡密在展示之前三天"
    "就已经在另一账号兑换，比例认定没有依据，请求改判。"
)


def refused(call):
    """The code with which a call is refused."""
    with pytest.raises(Refused) as refusal:
        call()
    return refusal.value.code


def events_of(thing):
    """The names of what happened to a thing, in order."""
    return [event.name for event in Event.objects.filter(subject=thing.address).order_by("seq")]


def lapse(thing):
    """The clock of the thing runs out and is swept."""
    thing.refresh_from_db()
    sweep(at=thing.deadline_at)
    thing.refresh_from_db()


def wallet(user):
    """What somebody has on the balance, in fen."""
    return balance(f"user:{user.pk}:wallet")

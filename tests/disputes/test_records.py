"""What only some goods have enters the file by itself, too: suppliers' answers, redemptions, outages near it."""

from datetime import timedelta

import pytest

from disputes.models import Dispute, Evidence
from disputes.views import words
from orders import delivery
from orders.models import Ticket
from refunds import lifecycle as refunds
from timeline import outages

MINUTE = timedelta(minutes=1)


@pytest.fixture
def file_of(declined_refund, rich_buyer, arbiter, at):
    """Take the case to the platform and read its file by kind."""

    def read():
        refunds.escalate(declined_refund, by=rich_buyer, at=at)
        return {piece.kind: piece for piece in Evidence.objects.all()}

    return read


@pytest.mark.breaks_books  # a ticket that nobody sent
def test_what_a_supplier_answered_is_in_the_file_with_its_times(file_of, order, at):
    unit = order.units.get(place=1)
    given = {"way": "supplier", "standing": "failed", "reference": "S-77", "reason": "无此账号"}
    Ticket.objects.create(unit=unit, number="T-1", made_at=at, sent_at=at, heard_at=at, ended_at=at, **given)
    piece = file_of()["upstream"]
    told = piece.data["tickets"][0]
    assert (piece.grade, piece.side) == ("record", "platform")
    assert (told["unit"], told["standing"], told["reference"], told["reason"]) == (1, "failed", "S-77", "无此账号")
    assert told["heard_at"] == at.isoformat()
    shown = words.shown(Dispute.objects.get(), [piece])[0]["lines"]
    assert "S-77" in shown[0]["value"]


def test_what_the_issuer_says_of_a_redemption_is_a_record_and_names_no_account(file_of, order, at):
    unit = order.units.get(place=1)
    delivery.record_redemption(
        unit, source="issuer", reference="R-5", redeemed_at=at, by_buyer=False, account="13800138000", at=at
    )
    piece = file_of()["redemptions"]
    assert (piece.grade, piece.data["redemptions"][0]["by_buyer"]) == ("record", False)
    assert "138001" not in piece.body
    assert "R-5" in words.shown(Dispute.objects.get(), [piece])[0]["lines"][0]["value"]


@pytest.mark.parametrize(
    ("scope", "is_there"), [("platform", True), ("shop", True), ("kind", True), ("other shop", False)]
)
def test_outages_of_the_shop_and_of_the_kind_are_in_the_file(file_of, order, lead, at, scope, is_there):
    targets = {"shop": order.shop.slug, "kind": order.snapshot.listing.kind, "other shop": "another"}
    kind = scope.removeprefix("other ")
    outages.register(
        scope=kind, target=targets.get(scope, ""), reason="停电", began_at=at, ended_at=at + MINUTE, by=lead, at=at
    )
    found = file_of()["outages"].data["outages"]
    assert bool(found) == is_there

"""What three new people do not see before they vote: what the platform proposed, and what a side would have taken."""

import pytest
from django.urls import reverse

from accounts.models import Role
from disputes import appeals, lifecycle, proposals
from tests.disputes.sayings import GROUND
from tests.fixtures.disputes import drafted
from tests.fixtures.people import staff

TEXT = "双方各让一步：退还一百五十元。"


@pytest.fixture
def appealed_after_a_proposal(large_reviewed, arbiter, senior, lead, rich_buyer, seller, order, at):
    """A proposal was refused by the shop, the case was ruled and appealed; three new people sit."""
    for number in range(3):
        staff(Role.ARBITER, at=at, name=f"panel{number}")
    unit = order.units.get(place=1)
    proposals.propose(large_reviewed, grants={unit.pk: 9_700}, text=TEXT, by=arbiter, at=at)
    open_now = large_reviewed.proposals.get()
    proposals.agree(large_reviewed, sha256=open_now.sha256, by=rich_buyer, at=at)
    proposals.refuse(large_reviewed, by=seller, at=at)
    lifecycle.rule(large_reviewed, drafted(large_reviewed), by=arbiter, at=at)
    if large_reviewed.state == "signing":
        lifecycle.sign(large_reviewed, agrees=True, by=senior, at=at)
    appeal = appeals.file(large_reviewed, ground="rule", text=GROUND, by=seller, at=at)
    appeals.admit(appeal, by=lead, at=at)
    appeals.answer(appeal, text="裁定无误", by=rich_buyer, at=at)
    return appeal


def test_the_panel_reads_the_file_without_what_was_proposed(client, appealed_after_a_proposal, at):
    appeal = appealed_after_a_proposal
    dispute = appeal.dispute
    member = appeal.dispute.seats.filter(until=None, part="reviewer").order_by("pk").first().user
    client.force_login(member)
    client.post(reverse("disputes:open_file", args=[dispute.number]))
    page = client.get(reverse("disputes:bench_case", args=[dispute.number]))
    told = client.get(f"/api/v1/disputes/{dispute.number}/")
    assert (page.status_code, told.status_code) == (200, 200)
    assert "vote" in told.json()["actions"]
    assert told.json()["proposal"] is None
    for shown in (page.content.decode(), told.content.decode()):
        assert TEXT not in shown
        assert "97.00" not in shown
        assert "9700" not in shown.replace(",", "")

"""How often the verbs of talks, appeals and agreements ask the database: twelve times at most."""

from datetime import timedelta

import pytest

from disputes import appeals, proposals
from disputes.models import Appeal, Dispute, Proposal
from orders import coupons
from refunds import bargaining, questions, replacing
from refunds.bargaining import Terms
from support import lifecycle as support
from tests.disputes.sayings import GROUND
from tests.fixtures.cases import claim
from tests.orders.test_coupons import make, own  # noqa: F401 - fixtures
from tests.stories.test_how_often_verbs_ask import ask, fresh  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db

MOST = 12


def too_often(ask, most=MOST):  # noqa: F811
    return {name: len(asked) for name, asked in ask.counted.items() if len(asked) > most}


def test_bargaining_asks_seldom(ask, refund, rich_buyer, seller, at):  # noqa: F811
    ask("offer", bargaining.offer, fresh(refund), Terms("partial", amount=4_900), by=seller, at=at)
    ask("counter", bargaining.counter, fresh(refund), Terms("partial", amount=7_000), by=rich_buyer, at=at)
    number = bargaining.open_offer(refund).number
    ask("take", bargaining.take, fresh(refund), number, by=seller, at=at)
    assert fresh(refund).state == "refunded"
    assert too_often(ask) == {}


def test_a_question_and_its_answer_ask_seldom(ask, refund, rich_buyer, seller, at):  # noqa: F811
    ask("question", questions.question, fresh(refund), item="error", text="请补充截图。", by=seller, at=at)
    ask("answer", questions.answer, fresh(refund), text="见附件", attachments=[], by=rich_buyer, at=at)
    assert fresh(refund).state == "requested"
    assert too_often(ask) == {}


def test_replacing_asks_seldom(ask, revealed, rich_buyer, seller, at):  # noqa: F811
    wished = claim(revealed, "CODE_INVALID", by=rich_buyer, at=at, prefers="reissue")
    ask("promise", replacing.promise, fresh(wished), by=seller, at=at)
    ask("replace", replacing.replace, fresh(wished), by=seller, at=at + timedelta(minutes=5))
    ask("confirm", replacing.confirm_replacement, fresh(wished), by=rich_buyer, at=at + timedelta(minutes=9))
    assert too_often(ask) == {}


def test_an_appeal_asks_seldom(ask, large_ruled, rich_buyer, seller, lead, panelists, at):  # noqa: F811
    ask("file", appeals.file, fresh(large_ruled), ground="rule", text=GROUND, by=rich_buyer, at=at)
    appeal = Appeal.objects.get()
    ask("admit", appeals.admit, fresh(appeal), by=lead, at=at)
    ask("answer", appeals.answer, fresh(appeal), text="裁定无误", by=seller, at=at)
    for person in panelists:
        ask("vote", appeals.vote, fresh(appeal), word="uphold", reasons=GROUND, by=person, at=at)
    assert fresh(appeal).state == "upheld"
    assert too_often(ask) == {}, "the third vote decides and pays what the ruling awards"


def test_a_proposal_asks_seldom(ask, large_reviewed, order, arbiter, rich_buyer, seller, at):  # noqa: F811
    grants = {order.units.get(place=1).pk: 9_800}
    ask("propose", proposals.propose, fresh(large_reviewed), grants=grants, text="各让一步", by=arbiter, at=at)
    sha256 = Proposal.objects.get(ended_at=None).sha256
    ask("agree", proposals.agree, fresh(large_reviewed), sha256=sha256, by=rich_buyer, at=at)
    ask("agree and be paid", proposals.agree, fresh(large_reviewed), sha256=sha256, by=seller, at=at)
    assert Dispute.objects.get(pk=large_reviewed.pk).state == "closed"
    assert too_often(ask) == {}


def test_a_coupon_asks_seldom(ask, make, placed_order, rich_buyer, at):  # noqa: F811
    coupon = make("shop")
    ask("use", coupons.use, fresh(placed_order), coupon.code, by=rich_buyer, at=at)
    ask("drop", coupons.drop, fresh(placed_order), "shop", by=rich_buyer, at=at)
    assert too_often(ask) == {}


def test_a_talk_asks_seldom(ask, order, agent, lead, rich_buyer, at):  # noqa: F811
    hour = timedelta(hours=1)
    support.plan(agent, since=at - hour, until=at + 8 * hour, by=lead, at=at)
    talk = support.call(order, topic="兑换页面打不开。", by=rich_buyer, at=at)
    ask("take", support.take, fresh(talk), by=agent, at=at)
    ask("answer", support.answer, fresh(talk), "正在问供货商。", by=agent, at=at)
    ask("close", support.close, fresh(talk), by=agent, at=at)
    assert too_often(ask) == {}

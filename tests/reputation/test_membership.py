"""Levels follow what people bought: up at once, down after a notice; measures have a reason, a term and an appeal."""

import re
from datetime import timedelta
from itertools import pairwise

import pytest
from django.urls import reverse

from accounts import lifecycle as accounts
from accounts.models import Level, User
from orders import lifecycle as orders
from orders.models import Order
from orders.states import OrderState
from refunds import lifecycle as refunds
from reputation import lifecycle, measures, membership
from reputation.membership import Standing, reached
from reputation.models import Downgrade, Measure
from reputation.thresholds import thresholds
from rulebook import versions
from tests.fixtures.cases import units_of
from tests.fixtures.people import staff
from tests.queries import recorded
from timeline.models import Event
from timeline.refusals import Refused
from timeline.sweep import fire_overdue

YEAR = timedelta(days=366)


@pytest.fixture
def known(rich_buyer, at):
    """The buyer has been here for a month."""
    User.objects.filter(pk=rich_buyer.pk).update(joined_at=at - timedelta(days=30))
    rich_buyer.refresh_from_db()
    return rich_buyer


@pytest.fixture
def finished(order, known, at):
    """The order is finished, and nobody claims."""
    orders.confirm(order, by=known, at=at)
    return order


def level(user):
    return User.objects.get(pk=user.pk).level


@pytest.mark.parametrize(
    ("orders", "amount", "shops", "days", "expected"),
    [
        (0, 0, 0, 300, "M0"),
        (1, 100, 1, 6, "M0"),
        (1, 100, 1, 7, "M1"),
        (10, 50_000, 1, 99, "M1"),
        (10, 49_999, 2, 99, "M1"),
        (10, 50_000, 2, 99, "M2"),
        (50, 300_000, 5, 99, "M3"),
        (200, 1_000_000, 4, 99, "M2"),
        (200, 1_000_000, 5, 99, "M4"),
    ],
)
def test_a_level_takes_orders_money_shops_and_days(at, orders, amount, shops, days, expected):
    assert reached(Standing(at - timedelta(days=days), orders, amount, shops), at) == expected


def test_a_finished_order_lifts_its_buyer_at_once(finished, known, at):
    assert membership.level_all(at=at) == 1
    assert level(known) == "M1"
    change = known.level_changes.get()
    assert (change.before, change.after, change.by) == ("M0", "M1", None)
    assert membership.level_all(at=at) == 0, "once is enough"


def test_an_open_case_waits_and_a_settled_one_is_neutral(order, known, seller, at):
    unit = units_of(order)[0]
    case = refunds.ask(order=order, units=[unit], reason="CHANGE_OF_MIND", by=known, at=at)
    Order.objects.filter(pk=order.pk).update(state=OrderState.COMPLETED)
    assert membership.standings([known], at=at)[known.pk].orders == 0, "open"
    Order.objects.filter(pk=order.pk).update(state=OrderState.DELIVERED)
    refunds.accept(case, by=seller, at=at)
    Order.objects.filter(pk=order.pk).update(state=OrderState.COMPLETED)
    found = membership.standings([known], at=at)[known.pk]
    case.refresh_from_db()
    assert (found.orders, found.shops, found.amount) == (1, 1, order.total - case.approved)
    Order.objects.filter(pk=order.pk).update(state=OrderState.DELIVERED)


def test_a_level_falls_only_after_its_notice(finished, known, at):
    membership.level_all(at=at)
    later = at + YEAR
    assert membership.level_all(at=later) == 1
    notice = Downgrade.objects.get()
    assert (notice.target, level(known)) == ("M0", "M1")
    assert notice.deadline_at is not None
    assert notice.deadline_at >= later + timedelta(days=29)
    assert membership.level_all(at=later) == 0, "announced once"
    fire_overdue(known.address, at=notice.deadline_at)
    notice.refresh_from_db()
    assert (notice.state, level(known)) == ("done", "M0")
    assert [each.after for each in known.level_changes.order_by("pk")] == ["M1", "M0"], "history is kept"


def test_whoever_reaches_the_level_again_is_spared(finished, known, at):
    accounts.set_level(known, Level.M2, reason="before", at=at)
    assert membership.level_all(at=at) == 1
    notice = Downgrade.objects.get()
    accounts.set_level(known, Level.M1, reason="as the figures are", at=at)
    assert notice.deadline_at is not None
    lifecycle.lapse(notice, limit="LEVEL_NOTICE", at=notice.deadline_at)
    assert (notice.state, level(known)) == ("spared", "M1")


def test_as_many_questions_for_many_people_as_for_one(finished, known, seller, stranger, at):
    with recorded() as one:
        membership.standings([known], at=at)
    with recorded() as many:
        membership.standings([known, seller, stranger], at=at)
    assert len(one) == len(many)


def test_a_higher_level_never_has_worse_terms(db):
    levels = [found for _code, found in sorted(versions.shipped().book.levels.items())]
    for lower, higher in pairwise(levels):
        assert higher.instant_cap_fen >= lower.instant_cap_fen
        assert higher.instant_quota >= lower.instant_quota
        for name, lane in lower.lanes.items():
            assert higher.lanes[name].window_h >= lane.window_h
            fee = higher.lanes[name].fee_bp
            assert lane.fee_bp is None or (fee is not None and fee <= lane.fee_bp)


# Measures


def impose(user, risk, at, step="warning", **how):
    words = {"ground": "false_proof", "reason": "案件 R1 的截图被改过。", **how}
    return measures.impose(user, step=step, by=risk, at=at, **words)


def test_the_ladder_is_climbed_step_by_step(known, risk, at):
    with pytest.raises(Refused, match="step_left_out"):
        impose(known, risk, at, "level_down")
    impose(known, risk, at)
    impose(known, risk, at, "level_down")
    with pytest.raises(Refused, match="step_left_out"):
        impose(known, risk, at, "barred")
    impose(known, risk, at, "barred", is_grave=True)
    assert Measure.objects.count() == 3
    assert Event.objects.filter(root=known.address, name="measure.in_force").count() == 3


def test_only_risk_imposes_and_never_on_themselves(known, agent, risk, at):
    with pytest.raises(Refused, match="not_your_turn"):
        impose(known, agent, at)
    with pytest.raises(Refused, match="not_yourself"):
        impose(risk, risk, at)
    with pytest.raises(Refused, match="no_reason"):
        impose(known, risk, at, reason="  ")


def test_one_level_less_until_it_is_over(finished, known, risk, at):
    membership.level_all(at=at)
    found = impose(known, risk, at, "level_down", is_grave=True)
    assert level(known) == "M0"
    membership.level_all(at=at)
    assert level(known) == "M0", "the figures do not lift it while it is in force"
    fire_overdue(known.address, at=found.until + timedelta(minutes=1))
    found.refresh_from_db()
    assert (found.state, level(known)) == ("over", "M1")


def test_who_is_barred_buys_nothing_but_keeps_what_is_theirs(finished, listing, known, risk, at):
    found = impose(known, risk, at, "barred", is_grave=True)
    known.refresh_from_db()
    with pytest.raises(Refused, match="barred"):
        orders.place(buyer=known, listing=listing, quantity=1, acknowledged=True, at=at)
    unit = units_of(Order.objects.get(pk=finished.pk))[0]
    assert refunds.preview(Order.objects.get(pk=finished.pk), [unit], "CODE_INVALID", buyer=known, at=at)
    measures.lift(found, answer="认错人了。", by=risk, at=at)
    known.refresh_from_db()
    assert known.barred_until is None


def test_another_person_hears_the_appeal(known, risk, at):
    found = impose(known, risk, at)
    with pytest.raises(Refused, match="not_your_turn"):
        measures.appeal(found, words="no", by=risk, at=at)
    measures.appeal(found, words="那张截图是原图。", by=known, at=at)
    with pytest.raises(Refused, match="another_person"):
        measures.lift(found, answer="no", by=risk, at=at)
    other = staff("risk", at=at, name="risk2")
    measures.uphold(found, answer="元数据显示被编辑。", by=other, at=at)
    assert (found.state, found.heard_by) == ("upheld", other)


def test_an_appeal_that_nobody_hears_lifts_the_measure(known, risk, at):
    found = impose(known, risk, at)
    measures.appeal(found, words="那张截图是原图。", by=known, at=at)
    fire_overdue(known.address, at=found.deadline_at)
    found.refresh_from_db()
    assert found.state == "lifted"


# Pages and their twins


def test_the_buyer_sees_what_it_takes_and_appeals(client, finished, known, risk, at):
    found = impose(known, risk, at)
    client.force_login(known)
    page = client.get(reverse("reputation:level")).content.decode()
    assert "M1" in page
    assert found.reason in page
    answer = client.post(reverse("reputation:appeal", args=[found.pk]), {"words": "那张截图是原图。"})
    assert answer.status_code == 302
    found.refresh_from_db()
    assert found.state == "appealed"


def test_the_page_says_how_soon_a_shop_answers_at_each_level_and_promises_no_place_before_others(client, known, at):
    client.force_login(known)
    page = client.get(reverse("reputation:level"), headers={"accept-language": "en"}).content.decode()
    spans = [re.sub(r"\s+", " ", each) for each in re.findall(r'data-label="The shop answers within">([^<]*)<', page)]
    assert spans == ["48 hours", "48 hours", "36 hours", "24 hours", "24 hours"]
    assert "No level puts a case before another one." in page


def test_nobody_sees_another_one_s_measure(client, known, stranger, risk, at):
    found = impose(known, risk, at)
    client.force_login(stranger)
    assert client.post(reverse("reputation:appeal", args=[found.pk]), {"words": "x"}).status_code == 404
    assert client.get(reverse("reputation:risk")).status_code == 404


def test_the_thresholds_are_data_and_in_order(db):
    assert [reach.level for reach in thresholds().levels] == ["M1", "M2", "M3", "M4"]
    assert [reach.level for reach in thresholds().shop_levels] == ["S1", "S2", "S3", "S4"]
    assert set(thresholds().steps) == set(Measure.Step.values)

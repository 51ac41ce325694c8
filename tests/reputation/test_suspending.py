"""People of risk suspend somebody on their page; whoever it is reads why, and what still works."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts import lifecycle
from accounts.models import Suspension
from desks import house
from notifications import inbox
from notifications.models import Notification
from timeline import clock
from timeline.refusals import Refused

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}
WHY = "账户疑似被盗，提现已暂停。"


def page(who):
    return reverse("reputation:person", args=[who.pk])


def ask(client, address, told=None):
    """Ask the API, with a key of its own."""
    return client.post(address, told, content_type="application/json", headers={"Idempotency-Key": uuid4().hex})


@pytest.fixture
def at_desk(client, risk):
    client.force_login(risk)
    return client


def test_a_seller_is_suspended_for_a_week_and_reads_why(at_desk, client, seller, risk):
    answer = at_desk.post(reverse("reputation:suspend", args=[seller.pk]), {"reason": WHY, "days": "7"})
    assert answer.url == page(seller) + "#suspensions"
    made = Suspension.objects.get()
    assert (made.user, made.by, made.reason) == (seller, risk, WHY)
    assert made.until == made.since + timedelta(days=7)
    assert seller.is_suspended(clock.now())
    shown = at_desk.get(page(seller), headers=ENGLISH).content.decode()
    assert WHY in shown
    assert "In force" in shown
    assert "Suspend this person" not in shown
    inbox.catch_up(at=clock.now())
    told = Notification.objects.get(user=seller, code="user.suspended")
    assert told.deliveries.exists()
    client.force_login(seller)
    own = client.get(reverse("reputation:level"), headers=ENGLISH).content.decode()
    assert "You are suspended" in own
    assert WHY in own


def test_without_days_it_lasts_until_somebody_lifts_it(at_desk, seller, risk):
    at_desk.post(reverse("reputation:suspend", args=[seller.pk]), {"reason": WHY, "days": ""})
    made = Suspension.objects.get()
    assert made.until is None
    assert at_desk.post(reverse("reputation:end_suspension", args=[made.pk])).url == page(seller) + "#suspensions"
    made.refresh_from_db()
    assert made.lifted_by == risk
    assert not seller.is_suspended(clock.now())
    assert "Lifted by" in at_desk.get(page(seller), headers=ENGLISH).content.decode()
    assert at_desk.post(reverse("reputation:end_suspension", args=[made.pk])).status_code == 409


@pytest.mark.parametrize(("days", "reason"), [("0", WHY), ("366", WHY), ("a week", WHY), ("7", ""), ("7", "长" * 201)])
def test_a_form_that_is_wrong_keeps_what_was_written_and_suspends_nobody(at_desk, seller, days, reason):
    answer = at_desk.post(reverse("reputation:suspend", args=[seller.pk]), {"reason": reason, "days": days})
    assert answer.status_code == 422
    assert answer.context["suspension_form"].errors
    assert f'value="{days}"' in answer.content.decode()
    assert not Suspension.objects.exists()


def test_a_measure_that_is_not_said_in_full_keeps_what_was_written(at_desk, buyer):
    answer = at_desk.post(
        reverse("reputation:impose", args=[buyer.pk]), {"step": "warning", "ground": "", "reason": WHY}
    )
    assert answer.status_code == 422
    assert WHY in answer.content.decode()
    assert not buyer.measures.exists()


def test_a_lead_is_suspended_by_a_lead_only_and_nobody_suspends_themselves(at_desk, lead, risk):
    for who in (lead, risk):
        answer = at_desk.post(reverse("reputation:suspend", args=[who.pk]), {"reason": WHY, "days": "7"})
        assert answer.status_code == 409
    assert not Suspension.objects.exists()


def test_for_anybody_else_there_is_nothing_to_suspend_with(client, arbiter, buyer, seller, at, risk):
    made = lifecycle.suspend(seller, reason=WHY, until=None, by=risk, at=at)
    for who in (arbiter, buyer, seller):
        client.force_login(who)
        assert client.post(reverse("reputation:suspend", args=[buyer.pk]), {"reason": WHY}).status_code == 404
        assert client.post(reverse("reputation:end_suspension", args=[made.pk])).status_code == 404
    assert Suspension.objects.get().lifted_at is None


def test_the_same_by_the_api(at_desk, seller):
    made = ask(at_desk, f"/api/v1/risk/people/{seller.pk}/suspensions/", {"reason": WHY, "days": 7})
    assert (made.status_code, made.json()["reason"], made.json()["lifted_at"]) == (201, WHY, None)
    again = ask(at_desk, f"/api/v1/risk/people/{seller.pk}/suspensions/", {"reason": WHY})
    assert (again.status_code, again.json()["code"]) == (409, "suspended")
    assert at_desk.get(f"/api/v1/risk/people/{seller.pk}/").json()["suspensions"] == [made.json()]
    over = ask(at_desk, f"/api/v1/risk/suspensions/{made.json()['id']}/lift/")
    assert over.json()["lifted_at"] is not None
    late = ask(at_desk, f"/api/v1/risk/suspensions/{made.json()['id']}/lift/")
    assert (late.status_code, late.json()["code"]) == (409, "wrong_moment")
    assert ask(at_desk, f"/api/v1/risk/people/{seller.pk}/suspensions/", {"days": 7}).status_code == 422


# Appeals


@pytest.fixture
def suspended(seller, risk, at):
    """The seller is suspended until somebody lifts it."""
    return lifecycle.suspend(seller, reason=WHY, until=None, by=risk, at=at)


def test_whoever_is_suspended_appeals_on_their_page_and_another_person_answers(client, suspended, seller, risk, lead):
    client.force_login(seller)
    level = reverse("reputation:level")
    assert "Let another person look at it" in client.get(level, headers=ENGLISH).content.decode()
    address = reverse("reputation:appeal_suspension", args=[suspended.pk])
    client.post(address, {"words": " "})
    assert not Suspension.objects.exclude(appealed_at=None).exists()
    assert client.post(address, {"words": "那是我本人换了手机。"}).url == level
    page = client.get(level, headers=ENGLISH).content.decode()
    assert "那是我本人换了手机。" in page
    assert "Let another person look at it" not in page
    inbox.catch_up(at=clock.now())
    told = Notification.objects.filter(code="user.suspension_appealed").order_by("user_id")
    assert {each.user for each in told} == {risk, lead}
    desk = reverse("reputation:suspensions")
    client.force_login(risk)
    shown = client.get(desk, headers=ENGLISH).content.decode()
    assert "那是我本人换了手机。" in shown
    assert "Somebody else hears this one." in shown
    hear = reverse("reputation:hear_suspension", args=[suspended.pk, "lift"])
    assert client.post(hear, {"why": "属实。"}).status_code == 409, "whoever did it hears no appeal"
    client.force_login(lead)
    assert client.post(hear, {"why": ""}).status_code == 422
    assert client.post(hear, {"why": "属实，已核对设备。"}).url == desk
    suspended.refresh_from_db()
    assert (suspended.lifted_by, suspended.answered_by, suspended.answer) == (lead, lead, "属实，已核对设备。")
    assert not seller.is_suspended(clock.now())
    assert "Nobody waits" in client.get(desk, headers=ENGLISH).content.decode()
    client.force_login(seller)
    page = client.get(level, headers=ENGLISH).content.decode()
    assert "You are not suspended any more" in page
    assert "属实，已核对设备。" in page


def test_an_answer_that_it_stands_is_read_and_can_be_asked_again_after_thirty_days(suspended, seller, risk, lead, at):
    lifecycle.appeal(suspended, words="那是我。", by=seller, at=at)
    with pytest.raises(Refused, match="wrong_moment"):
        lifecycle.appeal(suspended, words="还在吗？", by=seller, at=at)
    with pytest.raises(Refused, match="another_person"):
        lifecycle.hear(suspended, lifts=False, answer="证据充分。", by=risk, at=at)
    lifecycle.hear(suspended, lifts=False, answer="设备与本人不符。", by=lead, at=at)
    assert seller.is_suspended(at)
    inbox.catch_up(at=at)
    assert Notification.objects.get(code="user.suspension_upheld").user == seller
    with pytest.raises(Refused, match="wrong_moment"):
        lifecycle.hear(suspended, lifts=True, answer="…", by=lead, at=at)
    later = at + timedelta(days=30)
    with pytest.raises(Refused, match="wrong_moment"):
        lifecycle.appeal(suspended, words="再看一次。", by=seller, at=later - timedelta(seconds=1))
    lifecycle.appeal(suspended, words="再看一次。", by=seller, at=later)
    assert (suspended.answer, suspended.answered_by) == ("", None)


def test_nobody_appeals_for_others_and_nobody_hears_who_may_not_suspend(
    client, suspended, seller, buyer, risk, arbiter, finance, at
):
    with pytest.raises(Refused, match="not_your_turn"):
        lifecycle.appeal(suspended, words="…", by=buyer, at=at)
    lifecycle.appeal(suspended, words="那是我。", by=seller, at=at)
    for who in (arbiter, finance, seller):
        with pytest.raises(Refused, match="not_your_turn"):
            lifecycle.hear(suspended, lifts=True, answer="…", by=who, at=at)
        client.force_login(who)
        assert client.get(reverse("reputation:suspensions")).status_code == 404
        hear = reverse("reputation:hear_suspension", args=[suspended.pk, "lift"])
        assert client.post(hear, {"why": "…"}).status_code == 404
    client.force_login(buyer)
    assert client.post(reverse("reputation:appeal_suspension", args=[suspended.pk]), {"words": "…"}).status_code == 404


def test_an_appeal_that_nobody_heard_for_a_day_is_found(suspended, seller, lead, at):
    lifecycle.appeal(suspended, words="那是我。", by=seller, at=at)
    unheard = house.QUESTIONS["unheard"][1]
    assert unheard(at + timedelta(hours=23)) == []
    (found,) = unheard(at + timedelta(hours=24))
    assert (found.subject, found.url) == (seller.address, reverse("reputation:suspensions"))
    lifecycle.hear(suspended, lifts=False, answer="设备与本人不符。", by=lead, at=at)
    assert unheard(at + timedelta(hours=24)) == []


def test_an_appeal_by_the_api(client, suspended, seller, lead, buyer):
    client.force_login(seller)
    assert client.get("/api/v1/me/level/").json()["suspension"]["id"] == suspended.pk
    asked = ask(client, f"/api/v1/me/suspensions/{suspended.pk}/appeal/", {"words": "那是我。"})
    assert (asked.status_code, asked.json()["appeal"]) == (200, "那是我。")
    assert client.get("/api/v1/risk/suspensions/").status_code == 404
    client.force_login(lead)
    (waiting,) = client.get("/api/v1/risk/suspensions/").json()["results"]
    assert waiting == asked.json()
    told = {"lifts": False, "why": "设备与本人不符。"}
    heard = ask(client, f"/api/v1/risk/suspensions/{suspended.pk}/appeal/", told)
    assert (heard.json()["answer"], heard.json()["lifted_at"]) == ("设备与本人不符。", None)
    assert client.get("/api/v1/risk/suspensions/").json()["results"] == []

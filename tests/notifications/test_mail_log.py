"""The log of mail: who was sent what and what came of it, for those who help; one more try, on record; no address."""

from datetime import timedelta

import pytest
from django.urls import reverse

from notifications import inbox, mail, mail_log
from notifications.models import Delivery, Notification
from timeline.models import Event
from timeline.refusals import Refused

LOG = "/staff/mail/"


@pytest.fixture
def posted(order, at):
    """The buyer's notice that the order has arrived, as a mail that waits to be sent."""
    inbox.catch_up(at=at)
    return Delivery.objects.get()


@pytest.fixture
def given_up(posted, at):
    """The same, and the mail server took it from nobody."""
    posted.attempts.create(at=at, outcome="failed", fault="SMTPServerDisconnected")
    Delivery.objects.update(given_up_at=at, tries=6)
    posted.refresh_from_db()
    return posted


def test_who_helps_sees_every_try_and_no_whole_address(client, given_up, buyer, order, agent):
    client.force_login(agent)
    page = client.get(LOG, headers={"Accept-Language": "en"}).content.decode()
    for word in (order.number, "Given up", "SMTPServerDisconnected", "The mail server did not take it"):
        assert word in page
    assert buyer.email not in page
    assert "b•••@" in page
    assert "Nobody" not in page
    assert order.number not in client.get(f"{LOG}?state=sent").content.decode()
    assert order.number in client.get(f"{LOG}?state=given_up").content.decode()


def test_an_empty_log_says_so(client, lead):
    client.force_login(lead)
    assert "No mail has been written yet." in client.get(LOG, headers={"Accept-Language": "en"}).content.decode()


def test_the_next_part_is_a_page_away(client, posted, lead, monkeypatch, at):
    monkeypatch.setattr("notifications.mail_views.PAGE", 1)
    other = Notification.objects.exclude(pk=posted.notification_id).earliest("pk")
    Delivery.objects.create(notification=other, made_at=at, next_try_at=at, given_up_at=at)
    client.force_login(lead)
    first = client.get(LOG).content.decode()
    assert first.count("<article") == 1
    (there,) = [part.partition('"')[0] for part in first.split('href="?from=')[1:]]
    second = client.get(f"{LOG}?from={there}").content.decode()
    assert f'id="mail-{posted.pk}"' in second
    assert f'id="mail-{posted.pk}"' not in first


def test_a_mail_that_was_given_up_is_sent_when_somebody_asks_for_it(client, given_up, agent, mailoutbox, at):
    client.force_login(agent)
    assert client.post(f"{LOG}{given_up.pk}/again/").status_code == 302
    event = Event.objects.get(name="user.mail_retried")
    assert (event.by, event.data["mail"]) == (agent, given_up.pk)
    assert mail.send_due(at=at + timedelta(minutes=1)) == 1
    assert len(mailoutbox) == 1
    given_up.refresh_from_db()
    assert given_up.sent_at is not None


def test_only_who_helps_lets_it_be_tried_again_and_only_what_did_not_leave(given_up, agent, auditor, buyer, at):
    for somebody in (auditor, buyer):
        with pytest.raises(Refused, match="not_your_turn"):
            mail_log.try_again(given_up, by=somebody, at=at)
    Delivery.objects.update(given_up_at=None, tries=2, next_try_at=at + mail.LEASE)
    with pytest.raises(Refused, match="wrong_moment"):
        mail_log.try_again(given_up, by=agent, at=at)
    Delivery.objects.update(sent_at=at, tries=1)
    with pytest.raises(Refused, match="wrong_moment"):
        mail_log.try_again(given_up, by=agent, at=at)
    assert not Event.objects.filter(name="user.mail_retried").exists()


def test_an_auditor_reads_and_others_find_no_such_page(client, given_up, auditor, buyer, risk):
    client.force_login(auditor)
    page = client.get(LOG).content.decode()
    assert f'id="mail-{given_up.pk}"' in page
    assert reverse("notifications:retry_mail", args=[given_up.pk]) not in page
    for somebody in (buyer, risk):
        client.force_login(somebody)
        assert client.get(LOG).status_code == 404
        assert client.post(f"{LOG}{given_up.pk}/again/").status_code == 404


def test_the_log_by_the_api(client, given_up, agent, buyer):
    again = f"/api/v1/staff/mail/{given_up.pk}/again/"
    key = {"Idempotency-Key": "once"}
    client.force_login(buyer)
    assert client.get("/api/v1/staff/mail/").status_code == 404
    assert client.post(again, {}, "application/json", headers=key).status_code == 404
    client.force_login(agent)
    (row,) = client.get("/api/v1/staff/mail/").json()["results"]
    assert (row["state"], row["tries"][0]["fault"], row["person"]) == ("given_up", "SMTPServerDisconnected", buyer.pk)
    assert buyer.email not in str(row)
    assert client.post(again, {}, "application/json", headers=key).json()["state"] == "waiting"

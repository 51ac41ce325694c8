"""Mail: what leaves the mall, that it is tried again, and that it tells nothing it should not."""

from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pytest
from allauth.account.models import EmailAddress

from notifications import inbox, mail
from notifications.models import Delivery, DeliveryAttempt
from tests.races import race

MINUTE = timedelta(minutes=1)


@pytest.fixture
def posted(order, at):
    """The buyer's notice that the order has arrived, as a mail that waits to be sent."""
    inbox.catch_up(at=at)
    return Delivery.objects.get()


@pytest.fixture
def down(monkeypatch):
    """The mail server answers nobody."""

    def refuse(*_words, **_more):
        raise SMTPServerDisconnected("nobody there: somebody@example.com")

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)


def test_a_notice_that_starts_somebody_s_time_is_mailed_once(posted, buyer, order, mailoutbox, at):
    assert mail.send_due(at=at) == 1
    assert mail.send_due(at=at + timedelta(hours=9)) == 0
    (letter,) = mailoutbox
    assert letter.to == [buyer.email]
    assert order.number in letter.body
    assert f"/orders/{order.number}/" in letter.body
    posted.refresh_from_db()
    assert (posted.sent_at, posted.tries) == (at, 1)
    assert DeliveryAttempt.objects.get().outcome == "accepted"


def test_telling_again_posts_nothing_again(posted, at):
    inbox.catch_up(at=at)
    mail.post([posted.notification])
    assert Delivery.objects.count() == 1


def test_a_mail_is_in_the_language_of_its_reader_and_says_the_same_each_time(posted, buyer, at):
    buyer.language = "en"
    buyer.save(update_fields=["language"])
    first, second = mail.letter(posted.notification), mail.letter(posted.notification)
    notice = type(posted.notification).objects.select_related("user").get(pk=posted.notification_id)
    assert "has arrived" in mail.letter(notice).subject
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]
    assert "\n" not in first.subject


def test_a_mail_tells_no_code_and_nothing_anybody_wrote(posted, codes, mailoutbox, at):
    mail.send_due(at=at)
    for letter in mailoutbox:
        said = f"{letter.subject} {letter.body} {letter.extra_headers}"
        assert not any(code in said for code in codes)


def test_while_the_mail_server_is_away_it_is_tried_again_later_and_later(posted, down, at, caplog):
    waits = []
    moment = at
    for _try in range(6):
        assert mail.send_due(at=moment) == 0
        posted.refresh_from_db()
        if posted.given_up_at:
            break
        assert mail.send_due(at=posted.next_try_at - timedelta(seconds=1)) == 0
        waits.append(posted.next_try_at - moment)
        moment = posted.next_try_at
    assert waits == mail.BACK_OFF
    assert (posted.tries, posted.sent_at) == (6, None)
    assert posted.given_up_at == moment
    assert mail.send_due(at=moment + timedelta(days=9)) == 0
    assert DeliveryAttempt.objects.filter(outcome="failed").count() == 6
    assert "@" not in caplog.text
    assert {each.fault for each in DeliveryAttempt.objects.order_by("pk")} == {"SMTPServerDisconnected"}


def test_a_mail_whose_sender_died_is_sent_by_the_next(posted, at, monkeypatch, mailoutbox):
    def die(*_words, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(mail, "_send", die)
        with pytest.raises(KeyboardInterrupt):
            mail.send_due(at=at)
    assert mail.send_due(at=at) == 0
    assert mail.send_due(at=at + mail.LEASE) == 1
    assert len(mailoutbox) == 1


def test_nobody_s_address_is_mailed_before_it_is_confirmed(posted, buyer, mailoutbox, at):
    EmailAddress.objects.filter(user=buyer).update(verified=False)
    assert mail.send_due(at=at) == 0
    assert mailoutbox == []
    assert DeliveryAttempt.objects.get().outcome == "not_sent"
    assert Delivery.objects.get().given_up_at == at


def test_a_mail_that_fails_holds_up_no_other(order, refund, at, monkeypatch, mailoutbox):
    inbox.catch_up(at=at)
    first = Delivery.objects.order_by("next_try_at", "pk").first()
    letter = mail.letter

    def broken_for_one(notice):
        if notice.pk == first.notification_id:
            raise OSError
        return letter(notice)

    monkeypatch.setattr(mail, "letter", broken_for_one)
    waiting = Delivery.objects.count()
    assert mail.send_due(at=at) == waiting - 1 == len(mailoutbox)


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_a_mail_once(posted, at, mailoutbox):
    outcomes = race(lambda: mail.send_due(at=at), lambda: mail.send_due(at=at))
    assert sorted(outcomes) == [0, 1]

"""The API of the log of mail: who was sent what, when, with which outcome; and one more try."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.requests import signed_in
from notifications import mail_log
from notifications.models import Delivery
from timeline import clock
from timeline.api import CURSOR, idempotent, page

A_MAIL = {
    "id": 31,
    "person": 7,
    "address": "l•••@mingyue.example",
    "code": "refund.declined",
    "sentence": "The shop declined your claim R26112204817365. Answer in time.",
    "state": "given_up",
    "made_at": "2026-11-22T02:00:00Z",
    "sent_at": None,
    "next_try_at": "2026-11-22T11:00:00Z",
    "tries": [{"at": "2026-11-22T02:00:04Z", "outcome": "failed", "fault": "SMTPServerDisconnected"}],
}


class MailTry(serializers.Serializer[Any]):
    """One try of a mail."""

    at = serializers.DateTimeField()
    outcome = serializers.CharField(help_text="`accepted` by the mail server, `failed`, or `not_sent`.")
    fault = serializers.CharField(allow_blank=True, help_text="The kind of error, or why nothing was sent.")


class MailShown(serializers.Serializer[Any]):
    """A mail with its tries. The address is shown in part."""

    id = serializers.IntegerField(source="mail.pk")
    person = serializers.IntegerField()
    address = serializers.CharField()
    code = serializers.CharField(source="mail.notification.code")
    sentence = serializers.CharField()
    state = serializers.CharField(help_text="`waiting`, `sent` or `given_up`.")
    made_at = serializers.DateTimeField(source="mail.made_at")
    sent_at = serializers.DateTimeField(source="mail.sent_at", allow_null=True)
    next_try_at = serializers.DateTimeField(source="mail.next_try_at")
    tries = MailTry(source="lines", many=True)


class MailPage(serializers.Serializer[Any]):
    """A page of mails."""

    results = MailShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, if there is one.")


def _reader(request: Request) -> Any:
    reader = signed_in(request)
    if not mail_log.may_read(reader):
        raise Http404
    return reader


@extend_schema(
    operation_id="listMails",
    summary="Read the log of mail",
    description="For the mall's people who help: who was sent what and what came of it, newest first, 50 a page.",
    parameters=[CURSOR],
    responses=MailPage,
    examples=[OpenApiExample("One mail", {"results": [A_MAIL], "next": None}, response_only=True)],
)
@api_view(["GET"])
def mails(request: Request) -> Response:
    """Every mail."""
    reader = _reader(request)
    part = page(request, mail_log.mails(), by="-pk")
    rows = [mail_log.row(each, reader) for each in part.results]
    return Response(MailPage({"results": rows, "next": part.next}).data)


@extend_schema(
    operation_id="retryMail",
    summary="Let a mail be tried again",
    description="It is sent with the next round. Refused: `not_your_turn`, `wrong_moment`.",
    request=None,
    responses=MailShown,
    examples=[OpenApiExample("It waits", A_MAIL | {"state": "waiting"}, response_only=True)],
)
@api_view(["POST"])
@idempotent
def try_again(request: Request, pk: int) -> Response:
    """One more try."""
    reader = _reader(request)
    mail = get_object_or_404(Delivery.objects.select_related("notification"), pk=pk)
    mail_log.try_again(mail, by=reader, at=clock.now())
    return Response(MailShown(mail_log.row(mail_log.mails().get(pk=pk), reader)).data)

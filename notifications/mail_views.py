"""The log of mail, for the people who help."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import signed_in
from notifications import mail_log
from notifications.models import Delivery
from timeline import clock
from timeline.parts import part

PAGE = 50


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every mail, the newest first, with its tries; narrowed down to what waits or was given up."""
    reader = signed_in(request)
    if not mail_log.may_read(reader):
        raise Http404
    state = request.GET.get("state", "")
    state = state if state in mail_log.STATES else ""
    found = part(mail_log.mails(state), by="-id", place=request.GET.get("from", ""), most=PAGE)
    reader.know_roles()
    context = {
        "rows": [mail_log.row(each, reader) for each in found.rows],
        "part": found,
        "state": state,
        "states": [{"name": name, "word": word} for name, (word, _icon, _tone) in mail_log.STATES.items()],
        "at": clock.now(),
    }
    return render(request, "notifications/mail_log.html", context)


@require_POST
def try_again(request: HttpRequest, pk: int) -> HttpResponse:
    """A mail that did not leave is tried once more."""
    reader = signed_in(request)
    if not mail_log.may_read(reader):
        raise Http404
    mail = get_object_or_404(Delivery.objects.select_related("notification"), pk=pk)
    mail_log.try_again(mail, by=reader, at=clock.now())
    messages.success(request, _("It is sent with the next round, within a minute."))
    return redirect("notifications:mail_log")

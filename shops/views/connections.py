"""What a lead does about connections to suppliers: tie one to a shop, offer it to all, take it back."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.requests import signed_in
from shops import connections
from shops.forms import ConnectionForm
from shops.models import Connection
from timeline import clock


@require_POST
def tie(request: HttpRequest) -> HttpResponse:
    """A shop, or every shop, may use a connection from now on."""
    _require_lead(request)
    form = ConnectionForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect("orders:suppliers")
    connections.tie(**form.cleaned_data, by=request.user, at=clock.now())
    messages.success(request, _("So it is from now on."))
    return redirect("orders:suppliers")


@require_POST
def untie(request: HttpRequest, pk: int) -> HttpResponse:
    """Nobody chooses it anew by this."""
    _require_lead(request)
    connections.untie(get_object_or_404(Connection, pk=pk), by=request.user, at=clock.now())
    messages.success(request, _("Taken back. What is on sale through it goes on until it is edited."))
    return redirect("orders:suppliers")


def _require_lead(request: HttpRequest) -> None:
    if not connections.may_tie(signed_in(request)):
        raise Http404

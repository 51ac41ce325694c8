"""The public list of outside neutrals, and the page on which leads keep it."""

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role
from accounts.requests import signed_in
from disputes import neutrals
from disputes.forms import NeutralForm
from disputes.models import Neutral
from timeline import clock
from timeline.refusals import Refused


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Who decides where the platform itself is the respondent: everybody can read the list."""
    listed = Neutral.objects.filter(delisted_at=None).order_by("name", "pk")
    return render(request, "disputes/neutrals.html", {"listed": listed, "form": None})


@require_http_methods(["GET", "HEAD", "POST"])
def keep(request: HttpRequest) -> HttpResponse:
    """A lead puts somebody on the list."""
    _require_lead(request)
    form = NeutralForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        user = get_user_model().objects.filter(email=told.pop("email").lower()).first()
        if user is None:
            raise Refused("no_such_person", _("Nobody has an account with this address. They open one first."))
        neutrals.enlist(user=user, **told, by=request.user, at=clock.now())
        messages.success(request, _("On the public list now."))
        return redirect("disputes:keep_neutrals")
    listed = Neutral.objects.filter(delisted_at=None).order_by("name", "pk")
    context = {"listed": listed, "form": form}
    return render(request, "disputes/neutrals.html", context, status=422 if form.errors else 200)


@require_POST
def delist(request: HttpRequest, pk: int) -> HttpResponse:
    """A lead takes somebody from the list."""
    _require_lead(request)
    neutrals.delist(get_object_or_404(Neutral, pk=pk), by=request.user, at=clock.now())
    messages.success(request, _("No longer on the list."))
    return redirect("disputes:keep_neutrals")


def _require_lead(request: HttpRequest) -> None:
    if not signed_in(request).has_role(Role.LEAD):
        raise Http404

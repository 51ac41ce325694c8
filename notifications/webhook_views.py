"""Pages of a shop's machines: its endpoints, what became of each call, and the secret, shown once."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import SignedInRequest
from notifications import webhooks
from notifications.forms import EndpointForm
from notifications.models import Call, Endpoint, Group, all_groups
from shops.models import SERVE, STAFF, Shop, keeping
from timeline import clock
from timeline.refusals import Refused

PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_variables("secret")
def endpoints(request: SignedInRequest, slug: str) -> HttpResponse:
    """The shop's endpoints, and a new one."""
    shop = get_object_or_404(Shop, keeping(request.user, SERVE), slug=slug)
    form = EndpointForm(request.POST if request.method == "POST" else None, initial={"groups": all_groups()})
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            endpoint, secret = webhooks.add(
                shop, url=told["url"], groups=told["groups"], by=request.user, at=clock.now()
            )
        except Refused as refused:
            form.add_error("url" if refused.code == "bad_address" else None, str(refused.sentence))
        else:
            return _show_secret(request, endpoint, secret)
    rows = [_endpoint(each) for each in shop.webhooks.there().order_by("pk")]
    context = {"shop": shop, "rows": rows, "form": form, "may_change": shop.may(request.user, STAFF)}
    return render(request, "notifications/endpoints.html", context, status=422 if form.errors else 200)


@require_safe
def endpoint(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """What became of each call, newest first; a choice of what was given up alone."""
    found = _find(request, slug, pk, SERVE)
    calls = found.calls.order_by("-pk").prefetch_related("attempts")
    only = request.GET.get("only", "")
    if only == "dead":
        calls = calls.dead()
    before = request.GET.get("before", "")
    if before.isdecimal() and before.isascii():
        calls = calls.filter(pk__lt=int(before[:18]))
    rows = list(calls[: PAGE + 1])
    context = {
        "shop": found.shop,
        "row": _endpoint(found),
        "calls": [_call(each) for each in rows[:PAGE]],
        "older": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "only": only,
        "dead": found.calls.dead().count(),
        "may_change": found.shop.may(request.user, STAFF),
        "form": EndpointForm(initial={"url": found.webhook_url, "groups": found.groups}),
    }
    return render(request, "notifications/endpoint.html", context)


@require_POST
def choose(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Called elsewhere, or told of other things."""
    found, form = _find(request, slug, pk, STAFF), EndpointForm(request.POST)
    if form.is_valid():
        told = form.cleaned_data
        webhooks.choose(found, url=told["url"], groups=told["groups"], by=request.user, at=clock.now())
        messages.success(request, _("Kept. It counts from the next call on."))
    else:
        messages.error(request, _("That is no address, or nothing was chosen."))
    return redirect("notifications:endpoint", slug=slug, pk=pk)


@require_POST
@never_cache
@sensitive_variables("secret")
def rotate(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """A new secret, shown once."""
    found = _find(request, slug, pk, STAFF)
    return _show_secret(request, found, webhooks.rotate(found, by=request.user, at=clock.now()))


@require_POST
def act(request: SignedInRequest, slug: str, pk: int, verb: str) -> HttpResponse:
    """Pause, resume, test, replay what was given up, remove."""
    found = _find(request, slug, pk, SERVE)
    by, at = request.user, clock.now()
    match verb:
        case "pause":
            webhooks.pause(found, by=by, at=at)
            messages.success(request, _("Paused. What happens meanwhile waits."))
        case "resume":
            webhooks.resume(found, by=by, at=at)
            messages.success(request, _("Resumed. What waited is being sent."))
        case "test":
            webhooks.test(found, by=by, at=at)
            messages.success(request, _("A test is on its way. Look at the log in a moment."))
        case "replay":
            number = webhooks.replay_dead(found, by=by, at=at)
            said = ngettext("%(count)d call is sent once more.", "%(count)d calls are sent once more.", number)
            messages.success(request, said % {"count": number})
        case "remove":
            webhooks.remove(found, by=by, at=at)
            messages.success(request, _("Removed. It hears nothing any more."))
            return redirect("notifications:endpoints", slug=slug)
        case _:
            raise Http404
    return redirect("notifications:endpoint", slug=slug, pk=pk)


@require_POST
def replay(request: SignedInRequest, slug: str, pk: int, call: int) -> HttpResponse:
    """One call once more."""
    found = _find(request, slug, pk, SERVE)
    webhooks.replay(get_object_or_404(Call, endpoint=found, pk=call), by=request.user, at=clock.now())
    messages.success(request, _("It is sent once more, with the same words."))
    return redirect("notifications:endpoint", slug=slug, pk=pk)


def _show_secret(request: SignedInRequest, endpoint: Endpoint, secret: str) -> HttpResponse:
    context = {"shop": endpoint.shop, "row": _endpoint(endpoint), "secret": secret}
    return render(request, "notifications/endpoint_secret.html", context, status=201)


def _find(request: SignedInRequest, slug: str, pk: int, what: str) -> Endpoint:
    own = Endpoint.objects.there().select_related("shop")
    return get_object_or_404(own, keeping(request.user, what, shop="shop"), pk=pk, shop__slug=slug)


def _endpoint(endpoint: Endpoint) -> dict[str, Any]:
    paused = {"word": _("Paused"), "icon": "circle-pause", "tone": "amber"}
    running = {"word": _("Is called"), "icon": "circle-check", "tone": "green"}
    asking = {"word": _("Asks for itself"), "icon": "inbox", "tone": ""}
    return {
        "endpoint": endpoint,
        "badge": paused if endpoint.paused_at else running if endpoint.webhook_url else asking,
        "groups": [Group(group).label for group in endpoint.groups],
    }


def _call(call: Call) -> dict[str, Any]:
    attempts = sorted(call.attempts.all(), key=lambda each: each.pk)
    if call.sent_at:
        badge = {"word": _("Arrived"), "icon": "circle-check", "tone": "green"}
    elif call.given_up_at:
        badge = {"word": _("Given up"), "icon": "octagon-alert", "tone": "vermilion"}
    elif call.next_try_at is None:
        badge = {"word": _("Waits to be fetched"), "icon": "inbox", "tone": ""}
    elif attempts:
        badge = {"word": _("Tried again later"), "icon": "refresh-cw", "tone": "amber"}
    else:
        badge = {"word": _("On its way"), "icon": "hourglass", "tone": ""}
    return {
        "call": call,
        "badge": badge,
        "attempts": attempts,
        "can_replay": bool(call.sent_at or call.given_up_at),
    }

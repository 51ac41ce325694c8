"""The inbox: what happened and concerns the person, newest first. Opening a notice is a POST: it marks it as read."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import SignedInRequest
from notifications import inbox, official, preferences
from notifications.forms import PreferencesForm
from notifications.models import Notification
from notifications.sentences import sentence
from shops.models import SERVE, Shop, keeping
from timeline import clock

PAGE = 50

#: How a notice looks, by what it is about: icon. What it is about is the part of its code before the dot.
ICONS = {
    "order": "package",
    "refund": "undo-2",
    "dispute": "scale",
    "appeal": "scale",
    "payment": "wallet",
    "payout": "banknote",
    "commission": "receipt-text",
    "debt": "banknote",
    "writeoff": "banknote",
    "contribution": "landmark",
    "role": "users",
    "brake": "octagon-alert",
    "clock": "clock-alert",
    "outage": "octagon-alert",
    "deposit": "shield-check",
    "listing": "vault",
    "rulebook": "book-open",
    "member": "users",
    "payee": "banknote",
    "talk": "life-buoy",
    "complaint": "mail",
    "guardian": "users",
    "contest": "scale",
    "application": "file-text",
    "licence": "file-check",
    "sanction": "octagon-alert",
    "measure": "octagon-alert",
    "alarm": "triangle-alert",
    "batchanswer": "triangle-alert",
    "shortfall": "vault",
    "level": "badge-check",
    "downgrade": "badge-check",
    "shop": "store",
    "erasure": "shield-check",
    "hold": "vault",
    "user": "shield-check",
}
#: Notices that look other than the rest of their kind: icon, tone.
LOOKS = {
    "clock.stuck": ("clock-alert", "vermilion"),
    "outage.order_given_up": ("octagon-alert", "vermilion"),
    "order.reminder": ("hourglass", "amber"),
    "refund.reminder": ("hourglass", "amber"),
    "dispute.reminder": ("hourglass", "amber"),
    "dispute.questioned": ("hourglass", "amber"),
    "dispute.proposed": ("handshake", "amber"),
    "appeal.reminder": ("hourglass", "amber"),
    "payment.reminder": ("hourglass", "amber"),
    "payout.reminder": ("hourglass", "amber"),
    "deposit.reminder": ("hourglass", "amber"),
    "order.delivered": ("package-check", "brand"),
    "order.undelivered": ("clock-alert", "amber"),
    "order.late": ("clock-alert", "amber"),
    "order.late_by_you": ("clock-alert", "vermilion"),
    "order.units_delivered": ("package-check", "brand"),
    "order.units_called_off": ("undo-2", "green"),
    "order.supplier_failed": ("circle-x", "amber"),
    "order.delivered_after_all": ("circle-alert", "amber"),
    "order.undelivered_by_you": ("clock-alert", "amber"),
    "order.expired": ("clock-alert", ""),
    "order.message": ("message-square", ""),
    "order.staff_joined": ("message-square", "amber"),
    "order.supplier_asked": ("hourglass", ""),
    "order.released": ("banknote", ""),
    "order.settled": ("banknote", "green"),
    "order.sold": ("store", "brand"),
    "order.code_was_bad": ("circle-alert", "amber"),
    "order.recall_confirmed": ("undo-2", "amber"),
    "order.recall_reminded": ("hourglass", "amber"),
    "user.may_be_deceived": ("shield-alert", "vermilion"),
    "order.code_not_shown": ("octagon-alert", "vermilion"),
    "listing.batch_stopped": ("ban", "vermilion"),
    "listing.codes_seen_elsewhere": ("shield-alert", "amber"),
    "rulebook.signing": ("hourglass", "amber"),
    "rulebook.in_force": ("circle-check", "green"),
    "order.left_owed": ("banknote", "amber"),
    "order.owed_less": ("banknote", "amber"),
    "order.owed_by_platform": ("banknote", "amber"),
    "order.platform_owes": ("banknote", "green"),
    "order.owed_by_shop": ("banknote", "amber"),
    "order.shop_owes": ("banknote", "amber"),
    "order.funds_missing": ("octagon-alert", "vermilion"),
    "refund.requested": ("hourglass", "amber"),
    "refund.declined": ("hourglass", "amber"),
    "refund.refunded": ("circle-check", "green"),
    "refund.alarm": ("octagon-alert", "vermilion"),
    "dispute.evidence": ("hourglass", "amber"),
    "payment.arrived": ("circle-check", "green"),
    "payout.paid": ("circle-check", "green"),
    "payout.paid_to_wallet": ("circle-check", "green"),
    "payout.alarm": ("octagon-alert", "vermilion"),
    "shop.webhook_added": ("plug", "amber"),
    "shop.webhook_failing": ("plug", "vermilion"),
    "brake.raised": ("octagon-alert", "vermilion"),
    "brake.raised_again": ("octagon-alert", "vermilion"),
    "brake.signed": ("octagon-alert", "amber"),
    "brake.released": ("circle-check", "green"),
    "deposit.short": ("triangle-alert", "amber"),
    "deposit.suspended": ("ban", "vermilion"),
    "deposit.penalized": ("shield-alert", "vermilion"),
}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The inbox, 50 notices a page. Looking at it marks nothing."""
    found = Notification.objects.visible_to(request.user).order_by("-pk")
    before = request.GET.get("before", "")
    if before.isdecimal() and before.isascii():
        found = found.filter(pk__lt=int(before[:18]))
    notices = list(found[: PAGE + 1])
    rows = [row(notice) for notice in notices[:PAGE]]
    context = {
        "rows": rows,
        "older": notices[PAGE - 1].pk if len(notices) > PAGE else None,
        "is_first": not before,
        "newest": notices[0].pk if notices else 0,
        "has_unread": any(each["is_new"] for each in rows),
    }
    return render(request, "notifications/index.html", context)


@require_POST
def open_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """The person opens a notice: it counts as read, and its page is shown."""
    notice = get_object_or_404(Notification.objects.visible_to(request.user), pk=pk)
    inbox.read(notice, at=clock.now())
    is_ours = url_has_allowed_host_and_scheme(notice.url, allowed_hosts=None)
    return redirect(notice.url if is_ours else "notifications:index")


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """The person has seen everything down from the newest notice that the page showed."""
    up_to = request.POST.get("up_to", "")
    number = 0
    if up_to.isdecimal() and up_to.isascii():
        number = inbox.read_all(request.user, up_to=int(up_to[:18]), at=clock.now())
    if number:
        messages.success(
            request,
            ngettext("%(count)d notice is marked as read.", "%(count)d notices are marked as read.", number)
            % {"count": number},
        )
    else:
        messages.info(request, _("There was nothing unread."))
    return redirect("notifications:index")


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: SignedInRequest) -> HttpResponse:
    """What the person wants to be mailed about; and the way to the machines of their shops."""
    if request.method == "POST":
        form = PreferencesForm(request.POST)
        if form.is_valid():
            preferences.choose(request.user, form.cleaned_data, by=request.user, at=clock.now())
            messages.success(request, _("Kept. It counts from the next notice on."))
            return redirect("notifications:settings")
    else:
        form = PreferencesForm(initial=preferences.of(request.user))
    shops = Shop.objects.filter(keeping(request.user, SERVE)).order_by("pk")[:20]
    context = {"form": form, "shops": shops}
    return render(request, "notifications/settings.html", context, status=422 if form.errors else 200)


def row(notice: Notification) -> dict[str, Any]:
    """A notice as a line of the inbox."""
    icon, tone = LOOKS.get(notice.code, (ICONS.get(notice.code.partition(".")[0], "bell"), ""))
    return {
        "notice": notice,
        "official": official.code_of(notice),
        "sentence": sentence(notice.code, notice.words),
        "icon": icon,
        "tone": tone,
        "is_new": notice.read_at is None,
    }

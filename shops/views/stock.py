"""A shop's stock: what is in the vault and how it does, batch by batch; files that are read; suppliers.

Codes go in here and never come out: no page, no report and no download of these holds one.
"""

import csv
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import signed_in
from shops import batches as verbs
from shops import intakes, stock, suppliers
from shops.forms import BatchForm, FindingForm, IntakeForm, RestForm, StopForm, SupplierEditForm, SupplierForm
from shops.models import SELL, VAULTED, Batch, Clash, Form, Intake, Listing, Supplier, keeping
from shops.views.desk import actions_of, own_listing, own_shop
from shops.views.listings import badge
from timeline import clock, parts

PAGE, FILES = 50, 5


@require_safe
def stores(request: HttpRequest, slug: str) -> HttpResponse:
    """What is in stock, listing by listing, newest first, and how much of it came back as bad."""
    shop = own_shop(request, slug)
    found, older = _page(request, shop.listings.filter(kind__in=VAULTED).select_related("shop").order_by("-pk"))
    figures = verbs.by_listing([listing.pk for listing in found], at=clock.now())
    rows = [{"listing": listing, "badge": badge(listing), "figures": figures[listing.pk]} for listing in found]
    return render(request, "shops/stock.html", {"shop": shop, "rows": rows, "older": older})


@never_cache
@sensitive_post_parameters("codes")
@sensitive_variables("form")
@require_http_methods(["GET", "HEAD", "POST"])
def batches(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The batches of a listing with what is left of each, and the form that adds more. Codes are never sent back."""
    listing = _shelf(request, slug, pk)
    form = BatchForm(request.POST if request.method == "POST" else None, shop=listing.shop)
    if request.method == "POST" and form.is_valid():
        try:
            added = stock.add_batch(
                listing,
                form.lines(),
                by=request.user,
                at=clock.now(),
                note=form.cleaned_data["note"],
                origin=form.origin(),
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            done = ngettext("%(count)d code is in the vault.", "%(count)d codes are in the vault.", added.size)
            messages.success(request, done % {"count": added.size})
            return redirect("shops:batches", slug=slug, pk=pk)
    at = clock.now()
    found, older = _page(request, listing.batches.select_related("supplier").order_by("-pk"))
    figures = verbs.by_batch(found, at=at)
    sent_in = listing.intakes.select_related("shop")
    files = parts.part(sent_in, by="-id", place=request.GET.get("files", ""), most=FILES)
    context = {
        "shop": listing.shop,
        "listing": listing,
        "badge": badge(listing),
        "rows": [{"batch": batch, "figures": figures[batch.pk]} for batch in found],
        "older": older,
        "intakes": files.rows,
        "intakes_part": files,
        "figures": verbs.by_listing([listing.pk], at=at)[listing.pk],
        "free": stock.count_free(listing),
        "form": form,
        "rest_form": RestForm(initial={"days": listing.rest_days}),
        "may_add": not listing.is_over,
        "actions": actions_of(listing, request.user),
    }
    return render(request, "shops/stock_batches.html", context, status=422 if form.errors else 200)


@require_POST
def rest(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """How long a code of the listing must still be good when it is sold."""
    listing = _shelf(request, slug, pk)
    form = RestForm(request.POST)
    if form.is_valid():
        stock.keep_rest(listing, form.cleaned_data["days"], by=request.user, at=clock.now())
        messages.success(request, _("Kept. Codes that end sooner are not sold."))
    else:
        messages.error(request, _("Write a number of days from 0 to 365."))
    return redirect("shops:batches", slug=slug, pk=pk)


# One batch


@require_safe
def batch(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One batch: where it came from, and what became of its codes."""
    found = _own_batch(request, slug, pk)
    context = {
        "shop": found.listing.shop,
        "listing": found.listing,
        "batch": found,
        "figures": verbs.by_batch([found], at=clock.now())[found.pk],
        "intake": Intake.objects.filter(batch=found).select_related("shop").first(),
        "actions": verbs.actions_for(found, request.user),
        "form": StopForm(),
    }
    return render(request, "shops/stock_batch.html", context)


@require_POST
def stop(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Nothing more of the batch is sold."""
    found, form = _own_batch(request, slug, pk), StopForm(request.POST)
    if form.is_valid():
        verbs.stop(found, reason=form.cleaned_data["reason"], by=request.user, at=clock.now())
        messages.success(request, _("Stopped. Nothing more of this batch is sold; orders keep what they have."))
    else:
        messages.error(request, _("Use visible characters only."))
    return redirect("shops:batch", slug=slug, pk=pk)


@require_POST
def resume(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What is left of the batch is sold again."""
    verbs.resume(_own_batch(request, slug, pk), by=request.user, at=clock.now())
    messages.success(request, _("On sale again."))
    return redirect("shops:batch", slug=slug, pk=pk)


# Files and lists


@csrf_exempt
def send_in(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A file or a list for the background. It stays in memory: no part of it is written to a disk in the clear.

    The handlers of uploads must be chosen before anybody reads the body, the CSRF check included: so it comes second.
    """
    request.upload_handlers = [MemoryFileUploadHandler(request)]
    return _send_in(request, slug, pk)


@never_cache
@csrf_protect
@sensitive_post_parameters("codes")
@sensitive_variables("form")
@require_http_methods(["GET", "HEAD", "POST"])
def _send_in(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    listing = _shelf(request, slug, pk)
    is_sent = request.method == "POST"
    form = IntakeForm(*((request.POST, request.FILES) if is_sent else (None, None)), shop=listing.shop)
    if is_sent and form.is_valid():
        try:
            intake = intakes.send_in(
                listing,
                form.content(),
                name=form.name(),
                origin=form.origin(),
                remark=form.cleaned_data["note"],
                by=request.user,
                at=clock.now(),
            )
        except ValidationError as error:
            form.add_error(None, _on_fields(error, form))
        else:
            return redirect(intake)
    if is_sent and not request.FILES and int(request.META.get("CONTENT_LENGTH") or 0) > intakes.BIGGEST:
        form.errors.pop("file", None)  # the handler of uploads let go of it
        form.add_error("file", ValidationError(_("The file is larger than 2 MB. Split it."), code="too_large"))
    context = {
        "shop": listing.shop,
        "listing": listing,
        "form": form,
        "shapes": [(each.label, intakes.SHAPES[each]) for each in Form],
        "may_add": not listing.is_over,
    }
    return render(request, "shops/stock_send_in.html", context, status=422 if form.errors else 200)


@never_cache
@require_safe
def intake(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """How far a file was read, and what was wrong with which line; asks again by itself while it is being read."""
    found = _own_intake(request, slug, pk)
    context = {
        "shop": found.shop,
        "listing": found.listing,
        "intake": found,
        "refused": found.done - found.accepted,
        "summary": [(intakes.REASONS[reason], count) for reason, count in intakes.summary(found)],
        "lines": intakes.report(found)[:PAGE],
        "more": max(0, len(found.problems) - PAGE),
        "failure": Intake.Failure(found.failure).label if found.failure else "",
    }
    name = "shops/stock_progress.html" if request.headers.get("HX-Request") else "shops/stock_intake.html"
    return render(request, name, context)


@never_cache
@require_safe
def report(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What was not taken, to download: line numbers and reasons. Nothing that stood on the lines is in it."""
    found = _own_intake(request, slug, pk)
    answer = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")  # the mark lets sheets read Chinese
    answer.headers["Content-Disposition"] = f'attachment; filename="kamen-{found.pk}.csv"'
    rows = csv.writer(answer)
    rows.writerow([_("Line"), _("Code"), _("Reason"), _("What it means")])
    for line, reason, sentence in intakes.report(found):
        rows.writerow([line, "****", reason, sentence])
    return answer


# Suppliers


@require_http_methods(["GET", "HEAD", "POST"])
def supply(request: HttpRequest, slug: str) -> HttpResponse:
    """Where the shop's codes come from, and a new one."""
    shop = own_shop(request, slug)
    form = SupplierForm(request.POST if request.method == "POST" else None, shop=shop)
    if request.method == "POST" and form.is_valid():
        try:
            suppliers.add(shop, by=request.user, at=clock.now(), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Kept. You can name it with each batch."))
            return redirect("shops:suppliers", slug=slug)
    found = parts.part(shop.suppliers.all(), by="name", place=request.GET.get("after", ""), most=PAGE)
    context = {"shop": shop, "suppliers": found.rows, "part": found, "form": form}
    return render(request, "shops/stock_suppliers.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def supplier(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One supplier, written anew."""
    shop = own_shop(request, slug)
    found = get_object_or_404(Supplier.objects.select_related("shop"), shop=shop, pk=pk)
    known = {"name": found.name, "contact": found.contact, "has_left": found.left_at is not None}
    known["gateway"] = found.gateway
    form = SupplierEditForm(request.POST if request.method == "POST" else None, initial=known, shop=shop)
    if request.method == "POST" and form.is_valid():
        try:
            suppliers.edit(found, by=request.user, at=clock.now(), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Kept."))
            return redirect("shops:suppliers", slug=slug)
    context = {"shop": shop, "supplier": found, "form": form}
    return render(request, "shops/stock_supplier.html", context, status=422 if form.errors else 200)


# For the people of risk


@require_safe
def clashes(request: HttpRequest) -> HttpResponse:
    """Codes that two shops have, for the people of risk: numbers, shops and listings, never a code."""
    _require_risk(request)
    found, older = _page(
        request,
        Clash.objects.select_related("batch__listing__shop", "other", "settled_by").order_by("-pk"),
    )
    context = {"rows": found, "older": older, "form": FindingForm()}
    return render(request, "shops/stock_clashes.html", context)


@require_POST
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody of risk says what they found."""
    _require_risk(request)
    found = get_object_or_404(Clash.objects.select_related("batch__listing__shop"), pk=pk)
    form = FindingForm(request.POST)
    if form.is_valid():
        verbs.settle(found, finding=form.cleaned_data["finding"], by=request.user, at=clock.now())
        messages.success(request, _("Kept."))
    else:
        messages.error(request, _("Say in a sentence what you found."))
    return redirect("shops:clashes")


def _shelf(request: HttpRequest, slug: str, pk: int) -> Listing:
    """A listing that is delivered out of the vault; what is done by hand has no shelf that anything could lie on."""
    found = own_listing(request, slug, pk)
    if not found.has_codes():
        raise Http404
    return found


def _own_batch(request: HttpRequest, slug: str, pk: int) -> Batch:
    own = Batch.objects.select_related("listing__shop", "supplier", "added_by")
    return get_object_or_404(own, keeping(request.user, SELL, shop="listing__shop"), pk=pk, listing__shop__slug=slug)


def _own_intake(request: HttpRequest, slug: str, pk: int) -> Intake:
    own = Intake.objects.select_related("shop", "listing__shop", "batch")
    return get_object_or_404(own, keeping(request.user, SELL, shop="shop"), pk=pk, shop__slug=slug)


def _require_risk(request: HttpRequest) -> None:
    if not signed_in(request).has_role("risk"):
        raise Http404


def _page(request: HttpRequest, rows: "QuerySet[Any]") -> tuple[list[Any], int | None]:
    """A page of rows that fall by their number, and where the older ones begin."""
    before = request.GET.get("before", "")
    if before.isascii() and before.isdecimal():
        rows = rows.filter(pk__lt=int(before[:18]))
    found = list(rows[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else None


def _on_fields(error: ValidationError, form: IntakeForm) -> ValidationError:
    """What is wrong with the text is said beside what was used to send it."""
    found = dict(error.error_dict)
    if "codes" in found and form.cleaned_data.get("file"):
        found["file"] = found.pop("codes")
    return ValidationError(found)

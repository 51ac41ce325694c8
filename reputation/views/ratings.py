"""What buyers say of finished orders: told once, replied to once, read by everybody, removed by nobody."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Avg
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orders.models import Order
from reputation import ratings
from reputation.figures import FEWEST
from reputation.forms import RatingForm, ReplyForm
from reputation.models import Rating
from shops.models import SERVE, Shop, keeping
from timeline import clock
from timeline.sweep import fire_overdue

PAGE = 50


@login_not_required
@require_safe
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """All ratings of a shop, the latest first; the mean is told once there are enough."""
    shop = get_object_or_404(Shop, slug=slug)
    rows = shop.ratings.select_related("buyer").order_by("-pk")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdecimal():
        rows = rows.filter(pk__lt=int(before[:18]))
    found = list(rows[: PAGE + 1])
    number = shop.ratings.count()
    mean = shop.ratings.aggregate(mean=Avg("stars"))["mean"] if number >= FEWEST else None
    context = {
        "shop": shop,
        "rows": found[:PAGE],
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "number": number,
        "mean": f"{mean:.1f}" if mean is not None else "",
        "may_reply": request.user.is_authenticated and shop.may(request.user, SERVE),
        "form": ReplyForm(),
    }
    return render(request, "reputation/ratings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def rate(request: HttpRequest, number: str) -> HttpResponse:
    """The buyer rates a finished order."""
    order = get_object_or_404(Order.objects.select_related("shop"), number=number, buyer=request.user)
    form = RatingForm(request.POST or None)
    if request.method == "POST":
        fire_overdue(order.root_address, at=clock.now())
        if form.is_valid():
            ratings.rate(order, by=request.user, at=clock.now(), **form.cleaned_data)
            messages.success(request, _("Thank you. Your rating stays; the shop may reply once."))
            return redirect("reputation:ratings", slug=order.shop.slug)
    rating = Rating.objects.filter(order=order).first()
    context = {"order": order, "form": form, "rating": rating, "is_finished": order.state in ratings.FINISHED}
    return render(request, "reputation/rate.html", context, status=422 if form.errors else 200)


@require_POST
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    """The shop replies."""
    mine = Rating.objects.select_related("order__shop")
    rating = get_object_or_404(mine, keeping(request.user, SERVE, shop="shop"), pk=pk)
    fire_overdue(rating.order.root_address, at=clock.now())
    form = ReplyForm(request.POST)
    if form.is_valid():
        ratings.reply(rating, text=form.cleaned_data["text"], by=request.user, at=clock.now())
        messages.success(request, _("Your reply stands below the rating."))
    else:
        messages.error(request, _("Write something first."))
    return redirect("reputation:ratings", slug=rating.order.shop.slug)

"""Pages of a shop's money: pay the deposit, say where the money goes, withdraw what is available."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import reauthentication
from ledger import brake, gateways, payments
from ledger.views import badge as payout_badge
from shops import lifecycle
from shops import withdrawals as verbs
from shops.forms import PayeeForm, PayInForm, WithdrawalForm
from shops.models import BOOKS, MONEY, Deposit, Shop, keeping
from shops.states import PayeeState
from shops.views.shops import deposit_page
from timeline import clock

PAGE = 50
#: How the state of the account looks: icon and tone of its badge.
LOOKS = {PayeeState.COOLING: ("hourglass", "amber"), PayeeState.USABLE: ("circle-check", "green")}


@require_POST
def pay_in(request: HttpRequest, slug: str) -> HttpResponse:
    """The shop pays its deposit by a channel: on to the payment's page."""
    deposit = get_object_or_404(
        Deposit.objects.select_related("shop"), keeping(request.user, MONEY, shop="shop"), shop__slug=slug
    )
    form, channels = PayInForm(request.POST), gateways.open_channels()
    if not form.is_valid():
        return deposit_page(request, deposit, form=form, status=422)
    if not channels:
        messages.error(request, payments.NO_CHANNEL)
        return redirect("shops:deposit", slug=slug)
    asked = lifecycle.ask_to_pay(
        deposit, amount=form.cleaned_data["amount"], channel=channels[0], by=request.user, at=clock.now()
    )
    return redirect(asked)


@require_safe
def withdrawals(request: HttpRequest, slug: str) -> HttpResponse:
    """What the shop can withdraw, where it goes, and what was sent."""
    return _withdrawals(request, _shop(request, slug, BOOKS))


@require_POST
def withdraw(request: HttpRequest, slug: str) -> HttpResponse:
    """Send what is available to the shop's account; only for somebody who has just proved who they are."""
    shop, form = _shop_to_send_from(request, slug), WithdrawalForm(request.POST)
    if not form.is_valid():
        return _withdrawals(request, shop, form=form, status=422)
    sent = verbs.withdraw(
        shop,
        amount=form.cleaned_data["amount"],
        four_eyes_above=settings.WITHDRAWAL_FOUR_EYES_ABOVE,
        key=str(form.cleaned_data["key"]),
        by=request.user,
        at=clock.now(),
    )
    if verbs.is_in_a_person_s_hands(sent):
        messages.info(request, _("Set aside for you. Above the limit two people of the mall let it go."))
    else:
        messages.success(request, _("Set aside for you. It is sent within seconds."))
    return redirect("shops:withdrawals", slug=slug)


@require_POST
def name_account(request: HttpRequest, slug: str) -> HttpResponse:
    """The shop says where its money goes; only for somebody who has just proved who they are."""
    shop, form = _shop_to_send_from(request, slug), PayeeForm(request.POST)
    if form.is_valid():
        try:
            verbs.name_account(shop, by=request.user, at=clock.now(), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Kept. Nothing is sent there for 24 hours, to protect you."))
            return redirect("shops:withdrawals", slug=slug)
    return _withdrawals(request, shop, account_form=form, status=422)


def _withdrawals(
    request: HttpRequest,
    shop: Shop,
    *,
    form: WithdrawalForm | None = None,
    account_form: PayeeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    at, payee = clock.now(), verbs.payee_of(shop)
    rows = verbs.sent_by(shop).order_by("-pk")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdecimal():
        rows = rows.filter(pk__lt=int(before[:18]))
    found = list(rows[: PAGE + 1])
    context: dict[str, Any] = {
        "shop": shop,
        "purse": verbs.purse(shop),
        "payee": payee,
        "payee_badge": _badge(payee) if payee else None,
        "is_cooling": payee is not None and not payee.is_usable(at),
        "then": _("Then money can be sent there."),
        "may_withdraw": shop.may(request.user, MONEY),
        "form": form or WithdrawalForm(initial={"key": uuid.uuid4()}),
        "alone": verbs.alone(shop, four_eyes_above=settings.WITHDRAWAL_FOUR_EYES_ABOVE, at=at),
        "four_eyes_above": settings.WITHDRAWAL_FOUR_EYES_ABOVE,
        "account_form": account_form or PayeeForm(auto_id="account-%s"),
        "rows": [{"payout": each, "badge": payout_badge(each)} for each in found[:PAGE]],
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "brake": brake.current(),
        "at": at,
    }
    return render(request, "shops/withdrawals.html", context, status=status)


def _badge(payee: Any) -> dict[str, Any]:
    state = PayeeState(payee.state)
    icon, tone = LOOKS[state]
    return {"word": state.label, "icon": icon, "tone": tone}


def _shop(request: HttpRequest, slug: str, what: str) -> Shop:
    found = get_object_or_404(Shop, slug=slug)
    if not found.may(request.user, what):
        raise Http404
    return found


def _shop_to_send_from(request: HttpRequest, slug: str) -> Shop:
    """The shop, for whoever sends its money and has just proved who they are; nobody else is even asked."""
    shop = _shop(request, slug, MONEY)
    if not reauthentication.is_fresh(request):
        raise reauthentication.ReauthenticationRequired
    return shop

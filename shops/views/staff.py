"""Pages of a shop's staff: who works there, and invitations to work in one."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import signed_in
from shops import staff
from shops.forms import DutyForm, InvitationForm
from shops.models import STAFF, Duty, Member, Shop, keeping
from shops.states import MemberState
from timeline import clock, parts

#: How each state looks: icon and tone of its badge.
LOOKS = {
    MemberState.INVITED: ("mail", "amber"),
    MemberState.WORKING: ("user-check", "green"),
    MemberState.DECLINED: ("circle", ""),
    MemberState.LEFT: ("circle", ""),
}
PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """Who works in the shop and does what; the owner invites further people."""
    shop = get_object_or_404(Shop, keeping(request.user, STAFF), slug=slug)
    form = InvitationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            staff.invite(shop, by=request.user, at=clock.now(), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Invited. They find the invitation here after signing in with this address."))
            return redirect("shops:staff", slug=slug)
    members = shop.members.select_related("user")
    part = parts.part(members, by="-id", place=request.GET.get("before", ""), most=PAGE)
    context = {
        "shop": shop,
        "form": form,
        "rows": [_row(member) for member in part.rows],
        "part": part,
    }
    return render(request, "shops/staff.html", context, status=422 if form.errors else 200)


@require_POST
def change_duty(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Somebody does something else from now on."""
    member, form = _member(request, slug, pk), DutyForm(request.POST)
    if form.is_valid():
        staff.change_duty(member, duty=form.cleaned_data["duty"], by=request.user, at=clock.now())
        messages.success(request, _("Kept. It counts at once."))
    else:
        messages.error(request, _("There is no such duty."))
    return redirect("shops:staff", slug=slug)


@require_POST
def remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Somebody works here no more, or an invitation is taken back."""
    member = _member(request, slug, pk)
    if member.state == MemberState.INVITED:
        staff.decline(member, by=request.user, at=clock.now())
    else:
        staff.remove(member, by=request.user, at=clock.now())
    messages.success(request, _("Done. This person can do nothing in the shop any more."))
    return redirect("shops:staff", slug=slug)


@require_safe
def invitations(request: HttpRequest) -> HttpResponse:
    """Shops that want the person to work there, and those where they do."""
    at = clock.now()
    found = staff.invitations_for(request.user, at)
    works = Member.objects.filter(user=request.user.pk, state=MemberState.WORKING).select_related("shop")
    part = parts.part(works, by="id", place=request.GET.get("after", ""), most=PAGE)
    context = {
        "at": at,
        "then": _("Then the invitation is over."),
        "invitations": [
            {"member": member, "duty": Duty(member.duty).label, "what": EXPLAINED[Duty(member.duty)]}
            for member in found
        ],
        "works": [{"member": member, "duty": Duty(member.duty).label} for member in part.rows],
        "part": part,
    }
    return render(request, "shops/invitations.html", context)


@require_POST
def answer(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Accept or decline an invitation, or leave."""
    if verb not in {"accept", "decline", "leave"}:
        raise Http404
    own = Member.objects.select_related("shop", "user")
    if verb == "leave":
        staff.remove(get_object_or_404(own, pk=pk, user=request.user), by=request.user, at=clock.now())
        messages.success(request, _("You do not work there any more."))
        return redirect("shops:invitations")
    member = get_object_or_404(own, pk=pk, email=signed_in(request).email)
    if verb == "accept":
        staff.accept(member, by=request.user, at=clock.now())
        messages.success(request, _("Welcome. You work in this shop from now on."))
    else:
        staff.decline(member, by=request.user, at=clock.now())
        messages.success(request, _("Declined."))
    return redirect("shops:invitations")


#: What each duty means, in words.
EXPLAINED = {
    Duty.MANAGER: gettext_lazy("Lists goods, fills the stock, answers buyers and sees the money."),
    Duty.SUPPORT: gettext_lazy("Answers buyers: orders, refund requests, disputes."),
    Duty.FINANCE: gettext_lazy("Sees the money, pays the deposit and withdraws what is available."),
}


def _row(member: Member) -> dict[str, Any]:
    state = MemberState(member.state)
    icon, tone = LOOKS[state]
    return {
        "member": member,
        "badge": {"word": state.label, "icon": icon, "tone": tone},
        "duty": Duty(member.duty).label,
        "form": DutyForm(initial={"duty": member.duty}, auto_id=f"duty-{member.pk}-%s")
        if state == MemberState.WORKING
        else None,
        "is_open": state in {MemberState.INVITED, MemberState.WORKING},
    }


def _member(request: HttpRequest, slug: str, pk: int) -> Member:
    own = Member.objects.select_related("shop", "user")
    return get_object_or_404(own, keeping(request.user, STAFF, shop="shop"), pk=pk, shop__slug=slug)

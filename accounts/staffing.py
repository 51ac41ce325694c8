"""The pages on which a lead sees who works for the mall, gives a role and takes it back."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from rest_framework.request import Request

from accounts import lifecycle
from accounts.models import Role, StaffRole, User
from accounts.reauthentication import fresh
from accounts.requests import signed_in
from timeline import clock, parts
from timeline.refusals import require

PAGE = 50
#: Who reads the list. Only leads change it, and nobody their own roles.
SEEING_STAFF = frozenset({Role.LEAD, Role.AUDITOR})
#: Roles that give parts in cases.
JUDGING = frozenset({Role.ARBITER, Role.SENIOR, Role.LEAD, Role.COUNSEL})
#: What each role does, for whoever gives it.
DOES = {
    Role.AGENT: gettext_lazy("Answers calls and complaints and helps with cases; decides nothing and moves no money."),
    Role.ARBITER: gettext_lazy("Decides disputes between buyers and shops."),
    Role.SENIOR: gettext_lazy("Signs what needs a second signature, and hears appeals."),
    Role.LEAD: gettext_lazy("Gives roles, sees to late cases and keeps the registers."),
    Role.FINANCE: gettext_lazy("Sees to payouts, differences and the mall's own money, always in twos."),
    Role.RISK: gettext_lazy("Looks over shops, listings and signals, and takes measures that can be appealed."),
    Role.AUDITOR: gettext_lazy("Reads everything, on record, and changes nothing; holds no other role."),
    Role.COUNSEL: gettext_lazy("A lawyer for the panels that need one."),
}


class RoleForm(forms.Form):
    """Who gets which role."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        help_text=gettext_lazy("Of somebody who has signed up here."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices)

    def clean_email(self) -> str:
        """Find the person behind the address."""
        email: str = self.cleaned_data["email"].lower()
        self.person = User.objects.filter(email=email).first()
        if self.person is None:
            raise forms.ValidationError(_("Nobody has signed up with this address."), code="unknown")
        return email


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Who works for the mall, and as what; newest first. With `?past`, who did."""
    return _index(request)


@require_POST
def grant(request: HttpRequest) -> HttpResponse:
    """A lead gives somebody a role, having just shown who they are."""
    require_lead(request)
    return _grant(request)


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """A lead takes a role back, having just shown who they are."""
    require_lead(request)
    return _revoke(request, pk)


def require_seeing(request: HttpRequest | Request) -> None:
    """For everybody else who works for the mall is not to be seen."""
    if not request.user.is_authenticated or not request.user.roles & SEEING_STAFF:
        raise Http404


def require_lead(request: HttpRequest | Request) -> None:
    """For whoever is no lead, there is nothing here to give or to take."""
    if not request.user.is_authenticated or not request.user.may_appoint():
        raise Http404


@fresh
def _grant(request: HttpRequest) -> HttpResponse:
    form = RoleForm(request.POST)
    if not form.is_valid() or form.person is None:
        return _index(request, form, status=422)
    is_new = not form.person.has_role(form.cleaned_data["role"])
    granted = lifecycle.grant(form.person, form.cleaned_data["role"], by=signed_in(request), at=clock.now())
    words = {"who": form.person, "role": granted.get_role_display()}
    if is_new:
        messages.success(request, _("%(who)s is now %(role)s and was told.") % words)
    else:
        messages.info(request, _("%(who)s is %(role)s already: nothing has changed.") % words)
    return redirect("accounts:staff")


def to_end(pk: int) -> StaffRole:
    """The role that is to be taken back: this one, and no later one of the same name. Refused: `no_such_role`."""
    found = get_object_or_404(StaffRole.objects.select_related("user"), pk=pk)
    require(found.revoked_at is None, "no_such_role", _("This person does not hold the role."))
    return found


@fresh
def _revoke(request: HttpRequest, pk: int) -> HttpResponse:
    found = to_end(pk)
    lifecycle.revoke(found.user, found.role, by=signed_in(request), at=clock.now())
    words = {"who": found.user, "role": found.get_role_display()}
    messages.success(request, _("%(who)s is no longer %(role)s and was told.") % words)
    if found.role in JUDGING:
        messages.info(request, _("Open cases that only this role gave them go to others within a minute or two."))
    return redirect("accounts:staff")


def _index(request: HttpRequest, form: RoleForm | None = None, *, status: int = 200) -> HttpResponse:
    require_seeing(request)
    me, are_past = signed_in(request), "past" in request.GET
    rows = StaffRole.objects.exclude(revoked_at=None) if are_past else StaffRole.objects.held()
    part = parts.part(
        rows.select_related("user", "granted_by", "revoked_by"),
        by="-revoked_at" if are_past else "-granted_at",
        place=request.GET.get("after", ""),
        most=PAGE,
    )
    may_change = me.may_appoint()
    context: dict[str, Any] = {
        "rows": [{"held": each, "may_end": may_change and each.user_id != me.pk} for each in part.rows],
        "part": part,
        "are_past": are_past,
        "form": form or (RoleForm() if may_change else None),
        "does": [{"label": role.label, "text": DOES[role]} for role in Role],
    }
    return render(request, "accounts/staff.html", context, status=status)

"""The story of a shop's staff: invite · accept · decline · change the duty · remove · lapse."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from shops.models import STAFF, Duty, Member, Shop, keeping
from shops.states import MemberState
from timeline.door import begin, change, enter, lock, lock_root, note, require, verb
from timeline.spans import days

#: How long an invitation stands, and how many people a shop may have, invited ones included.
INVITATION, MOST = days(7), 50


@verb
def invite(shop: Shop, *, email: str, duty: str, by: Any, at: datetime) -> Member:
    """The owner invites whoever has this e-mail address to work in the shop.

    `ValidationError` on `email`. Refused: `not_your_turn`, `own_shop`, `works_here`, `too_many`.
    """
    lock_root(shop)
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise ValidationError({"email": error}) from None
    if duty not in Duty.values:
        raise ValidationError({"duty": ValidationError(_("There is no such duty."), code="invalid_choice")})
    require(shop.may(by, STAFF), "not_your_turn", _("Only the owner chooses who works in the shop."))
    require(email != by.email, "own_shop", _("You own this shop: you may do everything in it already."))
    here = shop.members.filter(state__in=[MemberState.INVITED, MemberState.WORKING]).order_by("pk")
    known = list(here.values_list("email", flat=True))
    require(email not in known, "works_here", _("This person works here or is invited already."))
    require(len(known) < MOST, "too_many", _("These are all the people a shop can have."))
    member = Member(shop=shop, email=email, duty=duty, invited_by=by, invited_at=at)
    begin(member, by=by, at=at, span=INVITATION, data={"duty": duty})
    return member


@verb
def accept(member: Member, *, by: Any, at: datetime) -> None:
    """Whoever was invited works in the shop from now on. Refused: `not_your_turn`, `wrong_moment`, `own_shop`."""
    _lock_invitation(member, by=by, at=at)
    shop = member.shop
    require(not shop.is_worked_in_by(by), "own_shop", _("You work in this shop already."))
    change(member, user=by)
    enter(member, MemberState.WORKING, by=by, at=at, data={"duty": member.duty})
    _write_down(shop, by, member.duty)


@verb
def decline(member: Member, *, by: Any, at: datetime) -> None:
    """Whoever was invited does not want to; or the owner takes the invitation back."""
    lock(member)
    is_owner = member.shop.may(by, STAFF)
    require(is_owner or member.is_for(by), "not_your_turn", _("This invitation is for somebody else."))
    _require_open(member, at)
    enter(member, MemberState.DECLINED, by=by, at=at, event="member.taken_back" if is_owner else "")


@verb
def change_duty(member: Member, *, duty: str, by: Any, at: datetime) -> None:
    """The owner gives somebody else to do; it counts at once."""
    lock(member)
    require(member.shop.may(by, STAFF), "not_your_turn", _("Only the owner chooses who works in the shop."))
    require(member.state == MemberState.WORKING, "wrong_moment", _("This person does not work here."))
    if duty not in Duty.values:
        raise ValidationError({"duty": ValidationError(_("There is no such duty."), code="invalid_choice")})
    if duty == member.duty:
        return
    before = member.duty
    change(member, duty=duty)
    note(member, "member.duty_changed", by=by, at=at, data={"before": before, "after": duty})
    _write_down(member.shop, member.user, duty)


@verb
def remove(member: Member, *, by: Any, at: datetime) -> None:
    """The owner sends somebody away, or they go by themselves; from this moment on they may do nothing here."""
    lock(member)
    is_allowed = member.shop.may(by, STAFF) or member.user_id == by.pk
    require(is_allowed, "not_your_turn", _("Only the owner chooses who works in the shop."))
    require(member.state == MemberState.WORKING, "wrong_moment", _("This person does not work here."))
    enter(member, MemberState.LEFT, by=by, at=at)
    _write_down(member.shop, member.user, "")


@verb
def lapse(member: Member, *, limit: str, at: datetime) -> None:
    """Nobody answered the invitation in time."""
    lock(member)
    if member.machine.limits.get(member.state) != limit or not member.is_overdue(at):
        return  # answered while this call was on its way
    enter(member, MemberState.DECLINED, by=None, at=at)


def invitations_for(user: Any, at: datetime) -> "QuerySet[Member]":
    """Invitations that wait for `user`: by an e-mail address that they have proven to be theirs."""
    found = Member.objects.filter(email=user.email, state=MemberState.INVITED, deadline_at__gt=at)
    return found.select_related("shop", "invited_by").order_by("pk")


def visible_to(user: Any) -> "QuerySet[Member]":
    """Members that `user` has to do with: of the own shops, or themselves."""
    return Member.objects.filter(keeping(user, STAFF, shop="shop") | Q(user=user) | Q(email=user.email))


def _lock_invitation(member: Member, *, by: Any, at: datetime) -> None:
    lock(member)
    require(member.is_for(by), "not_your_turn", _("This invitation is for somebody else."))
    _require_open(member, at)


def _require_open(member: Member, at: datetime) -> None:
    is_open = member.state == MemberState.INVITED and not member.is_overdue(at)
    require(is_open, "wrong_moment", _("This invitation is over."))


def _write_down(shop: Shop, user: Any, duty: str) -> None:
    """The shop's own row knows its people; who has left stays in it with nothing to do."""
    change(shop, staff={**shop.staff, f"u{user.pk}": duty})

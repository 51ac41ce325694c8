"""The story of people here: grant · revoke · set a level · weigh · bar · suspend · lift · appeal · hear · forget."""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.utils.translation import gettext_lazy as _

from accounts.models import Level, LevelChange, Role, StaffRole, Suspension, User
from timeline import events
from timeline.door import change, lock_root, require, verb


@verb
def grant(user: User, role: str, *, by: User | None, at: datetime) -> StaffRole:
    """A lead (or the operator) gives somebody a role of staff; asking twice changes nothing.

    Nobody appoints themselves. An auditor looks at what the others do and therefore holds no other role. Only the very
    first lead is appointed by nobody (`manage.py appoint_lead`).
    """
    lock_root(user)
    require(_may_appoint(by, role), "not_your_turn", _("Only a lead can grant a role."))
    require(by != user, "not_yourself", _("Nobody can grant a role to themselves."))
    require(user.is_active, "account_closed", _("This account is closed."))
    require(not user.is_suspended(at), "suspended", _("This person is suspended."))
    held = user.staff_roles.held().filter(role=role).first()
    if held is not None:
        return held
    others = user.roles
    require(
        not others if role == Role.AUDITOR else Role.AUDITOR not in others,
        "auditor_alone",
        _("An auditor holds no other role."),
    )
    granted = StaffRole(user=user, role=Role(role), granted_by=by, granted_at=at)
    granted.save(force_insert=True)
    events.record(
        root=user.address, subject=user.address, name="role.granted", by=by, at=at, data={"role": granted.role}
    )
    return granted


@verb
def revoke(user: User, role: str, *, by: User, at: datetime) -> None:
    """A lead (or the operator) takes a role back."""
    lock_root(user)
    require(by.may_appoint(), "not_your_turn", _("Only a lead can revoke a role."))
    require(by != user, "not_yourself", _("Nobody can revoke their own role."))
    require(user.has_role(role), "no_such_role", _("This person does not hold the role."))
    _end_roles(user, [role], by=by, at=at)


@verb
def set_level(user: User, level: str, *, reason: str, at: datetime, by: User | None = None) -> None:
    """Reputation hands down a user's membership level; the history keeps why."""
    lock_root(user)
    if level == user.level:
        return
    before, user.level = user.level, Level(level)
    user.save(update_fields=["level"])
    LevelChange.objects.create(user=user, before=before, after=user.level, reason=reason, by=by, at=at)
    data = {"before": before, "after": user.level, "reason": reason}
    events.record(root=user.address, subject=user.address, name="level.changed", by=by, at=at, data=data)


@verb
def set_risk(user: User, risk: int, *, signals: list[str], at: datetime) -> None:
    """Reputation hands down a user's score of risk, 0 to 100, with the names of what it was made of."""
    lock_root(user)
    if risk == user.risk:
        return
    before = user.risk
    change(user, risk=risk)
    data = {"before": before, "after": risk, "signals": sorted(signals)}
    events.record(root=user.address, subject=user.address, name="user.weighed", by=None, at=at, data=data)


@verb
def bar(user: User, *, until: datetime | None) -> None:
    """Reputation puts a user on the blacklist until a time, or takes them off; the measure itself is the event."""
    lock_root(user)
    change(user, barred_until=until)


@verb
def suspend(user: User, *, reason: str, until: datetime | None, by: User, at: datetime) -> Suspension:
    """Risk or a lead suspends somebody until a time, or until it is lifted; the person's roles of staff end now."""
    lock_root(user)
    require(_may_suspend(by, user), "not_your_turn", _("Only risk or a lead can suspend, and a lead only by a lead."))
    require(by != user, "not_yourself", _("Nobody can suspend themselves."))
    require(bool(reason.strip()), "reason_missing", _("Say why: the person will read it."))
    require(until is None or until > at, "time_over", _("A suspension ends in the future."))
    require(not user.is_suspended(at), "suspended", _("This person is suspended already."))
    suspension = Suspension(user=user, reason=reason, since=at, until=until, by=by)
    suspension.save(force_insert=True)
    data = {"suspension": suspension.pk, "reason": reason, "until": until.isoformat() if until else ""}
    events.record(root=user.address, subject=user.address, name="user.suspended", by=by, at=at, data=data)
    _end_roles(user, sorted(user.roles), by=by, at=at)
    return suspension


@verb
def lift(suspension: Suspension, *, by: User, at: datetime) -> None:
    """Risk or a lead ends a suspension early. Roles of staff do not come back by themselves."""
    user = suspension.user
    lock_root(user)
    suspension.refresh_from_db()
    require(_may_suspend(by, user), "not_your_turn", _("Only risk or a lead can lift a suspension."))
    require(by != user, "not_yourself", _("Nobody can lift their own suspension."))
    require(Suspension.objects.live(at).filter(pk=suspension.pk).exists(), "wrong_moment", _("It is over already."))
    _lift(suspension, by=by, at=at)


@verb
def appeal(suspension: Suspension, *, words: str, by: User, at: datetime) -> None:
    """Whoever is suspended wants another person than who did it to look again.

    Refused: `not_your_turn`, `no_reason`, `wrong_moment` while an appeal waits, within 30 days of one that was
    answered, and once the suspension is over.
    """
    user = suspension.user
    lock_root(user)
    suspension.refresh_from_db()
    require(by.pk == user.pk, "not_your_turn", _("Only whoever is suspended appeals."))
    require(suspension.may_be_appealed(at), "wrong_moment", _("There is nothing to look at again now."))
    require(bool(words.strip()), "no_reason", _("Say what was overlooked."))
    suspension.appeal, suspension.appealed_at = words.strip()[:1000], at
    suspension.answer, suspension.answered_by = "", None
    suspension.save(update_fields=["appeal", "appealed_at", "answer", "answered_by"])
    data = {"suspension": suspension.pk, "words": suspension.appeal}
    events.record(root=user.address, subject=user.address, name="user.suspension_appealed", by=by, at=at, data=data)


@verb
def hear(suspension: Suspension, *, lifts: bool, answer: str, by: User, at: datetime) -> None:
    """Another person than who suspended somebody answers their appeal: it is lifted, or it stands, and why.

    Refused: `not_your_turn`, `another_person`, `no_reason`, `wrong_moment`.
    """
    user = suspension.user
    lock_root(user)
    suspension.refresh_from_db()
    require(_may_suspend(by, user), "not_your_turn", _("Only risk or a lead hears an appeal against a suspension."))
    require(
        by.pk not in {user.pk, suspension.by_id},
        "another_person",
        _("Another person than who suspended somebody hears their appeal."),
    )
    require(suspension.is_waiting(at), "wrong_moment", _("There is no appeal to answer."))
    require(bool(answer.strip()), "no_reason", _("Say why: the person will read it."))
    suspension.answer, suspension.answered_by = answer.strip()[:500], by
    suspension.save(update_fields=["answer", "answered_by"])
    if lifts:
        _lift(suspension, by=by, at=at)
        return
    data = {"suspension": suspension.pk, "answer": suspension.answer}
    events.record(root=user.address, subject=user.address, name="user.suspension_upheld", by=by, at=at, data=data)


@verb
def forget(user: User, *, at: datetime) -> None:
    """Erase who somebody is from their account, which nobody signs in to any more; its number stays in the books.

    Privacy calls it at the person's own request, once nothing is open. What must outlive lies sealed by then.
    """
    lock_root(user)
    if user.erased_at is not None:
        return
    EmailAddress.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    for session in UserSession.objects.filter(user=user).order_by("pk"):
        session.end()
    AccessAttempt.objects.filter(username=user.email).delete()
    AccessFailureLog.objects.filter(username=user.email).delete()
    AccessLog.objects.filter(username=user.email).delete()
    user.set_unusable_password()
    change(
        user,
        email=f"erased-{user.pk}@erased.invalid",
        nickname="",
        password=user.password,
        is_active=False,
        erased_at=at,
    )
    events.record(root=user.address, subject=user.address, name="user.forgotten", by=None, at=at)


def _may_appoint(by: User | None, role: str) -> bool:
    if by is None:
        return role == Role.LEAD and not StaffRole.objects.held().filter(role=Role.LEAD).exists()
    return by.may_appoint()


def _may_suspend(by: User, user: User) -> bool:
    return by.may_appoint() or (by.has_role(Role.RISK) and not user.has_role(Role.LEAD))


def _lift(suspension: Suspension, *, by: User, at: datetime) -> None:
    """End a suspension of a locked user."""
    suspension.lifted_at, suspension.lifted_by = at, by
    suspension.save(update_fields=["lifted_at", "lifted_by"])
    subject, data = suspension.user.address, {"suspension": suspension.pk}
    events.record(root=subject, subject=subject, name="user.suspension_lifted", by=by, at=at, data=data)


def _end_roles(user: User, roles: list[str], *, by: User, at: datetime) -> None:
    """End roles of a locked user, with an event for each."""
    for role in roles:
        user.staff_roles.held().filter(role=role).update(revoked_at=at, revoked_by=by)
        events.record(root=user.address, subject=user.address, name="role.revoked", by=by, at=at, data={"role": role})

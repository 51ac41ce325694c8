"""The story of a rulebook version: draft · revise · propose · send back · sign · withdraw · take effect.

One person writes and proposes it, another one signs; seven days later (fifteen, if it touches many) it rules what is
placed from then on. What was placed before stays under its own version.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from rulebook import parsed, versions
from rulebook.book import InvalidRulebook, load
from rulebook.models import RulebookVersion
from rulebook.states import VersionState
from timeline import spans
from timeline.door import begin, enter, lock, note, rearm, require

#: Staff who write, propose and sign versions.
RULE_STAFF = (Role.LEAD, Role.SENIOR)


def is_rule_staff(user: Any) -> bool:
    """Whether somebody may write and sign versions of the rulebook."""
    return isinstance(user, User) and user.is_active and bool(user.roles & set(RULE_STAFF))


@transaction.atomic
def draft(data: Any, *, purpose: str = "", by: Any, at: datetime) -> RulebookVersion:
    """Rule staff write a new version from `data`, shaped like `rulebook.json` with the clocks under `clocks`.

    `by` nobody: the operator at the command line, whose draft two others propose and sign. Raises `InvalidRulebook`,
    and stores nothing then. Refused: `not_your_turn`, `number_taken`.
    """
    require(by is None or is_rule_staff(by), "not_your_turn", _("Only rule staff write versions of the rulebook."))
    version = RulebookVersion(author=by, purpose=purpose, drafted_at=at, **_contents(data, at=at))
    _require_free(version)
    begin(version, by=by, at=at, data=_named(version))
    return version


@transaction.atomic
def revise(version: RulebookVersion, data: Any, *, purpose: str | None = None, by: Any, at: datetime) -> None:
    """Rule staff replace what a draft says. Raises `InvalidRulebook`; refused: `not_your_turn`, `wrong_moment`."""
    lock(version)
    require(is_rule_staff(by), "not_your_turn", _("Only rule staff write versions of the rulebook."))
    require(version.state == VersionState.DRAFT, "wrong_moment", _("Only a draft can be changed."))
    for name, value in _contents(data, at=at).items():
        setattr(version, name, value)
    version.author = by
    if purpose is not None:
        version.purpose = purpose
    _require_free(version)
    version.save(update_fields=["number", "body", "sha256", "author", "purpose"])
    note(version, "rulebook.revised", by=by, at=at, data=_named(version))


@transaction.atomic
def propose(
    version: RulebookVersion,
    *,
    is_major: bool,
    is_retroactive: bool,
    effective_at: datetime | None = None,
    by: Any,
    at: datetime,
) -> None:
    """Rule staff put a draft forward for the second signature, with the day on which it shall come into force.

    Without `effective_at` it is the earliest day that the notice allows, counted from the signature. Refused:
    `not_your_turn`, `wrong_moment`, `notice_too_short`.
    """
    lock(version)
    require(is_rule_staff(by), "not_your_turn", _("Only rule staff put a version forward."))
    require(version.state == VersionState.DRAFT, "wrong_moment", _("Only a draft can be put forward."))
    version.is_major, version.is_retroactive, version.proposed_by = is_major, is_retroactive, by
    version.effective_at = effective_at
    _require_notice(version, at=at)
    version.save(update_fields=["is_major", "is_retroactive", "proposed_by", "effective_at"])
    span = versions.in_force(at).clocks.span("SIGN")
    enter(version, VersionState.SIGNING, by=by, at=at, span=span, data=_terms(version))


@transaction.atomic
def send_back(version: RulebookVersion, *, why: str = "", by: Any, at: datetime) -> None:
    """The second person wants it changed: it is a draft again. Refused: `not_your_turn`, `wrong_moment`."""
    lock(version)
    require(is_rule_staff(by), "not_your_turn", _("Only rule staff look at versions."))
    require(version.state == VersionState.SIGNING, "wrong_moment", _("This version does not wait for a signature."))
    enter(version, VersionState.DRAFT, by=by, at=at, event="rulebook.sent_back", data={"why": why})


@transaction.atomic
def sign(version: RulebookVersion, *, by: Any, at: datetime) -> None:
    """A second person publishes the version: it is announced, can be read by everybody and never changes again.

    Refused: `not_your_turn`, `wrong_moment`, `second_person` (neither who wrote it nor who proposed it),
    `notice_too_short` (the planned day came too near while it waited).
    """
    lock(version)
    require(is_rule_staff(by), "not_your_turn", _("Only rule staff publish a version."))
    require(
        version.state == VersionState.SIGNING and not version.is_overdue(at),
        "wrong_moment",
        _("This version does not wait for a signature."),
    )
    require(
        by.pk not in (version.author_id, version.proposed_by_id),
        "second_person",
        _("Somebody else has to sign: whoever wrote or proposed a version does not publish it."),
    )
    _require_notice(version, at=at)
    version.signed_by, version.announced_at = by, at
    version.effective_at = version.effective_at or earliest(is_major=version.is_major, at=at)
    version.save(update_fields=["signed_by", "announced_at", "effective_at"])
    span = versions.in_force(at).clocks.span("RULE_NOTICE", "major" if version.is_major else "normal")
    enter(version, VersionState.ANNOUNCED, by=by, at=at, span=span, data=_terms(version))
    rearm(version, version.effective_at, at=at)
    _look_again()


@transaction.atomic
def withdraw(version: RulebookVersion, *, why: str = "", by: Any, at: datetime) -> None:
    """Rule staff take back a version that does not rule yet. Refused: `not_your_turn`, `wrong_moment`."""
    lock(version)
    require(is_rule_staff(by), "not_your_turn", _("Only rule staff take a version back."))
    is_waiting = version.state == VersionState.ANNOUNCED and not version.rules_at(at)
    require(
        is_waiting or version.state in (VersionState.DRAFT, VersionState.SIGNING),
        "wrong_moment",
        _("A version that has come into force is not taken back; publish a new one."),
    )
    enter(version, VersionState.WITHDRAWN, by=by, at=at, data={"why": why})
    _look_again()


@transaction.atomic
def lapse(version: RulebookVersion, *, limit: str, at: datetime) -> None:
    """A clock ran out: nobody signed, so it is a draft again; or its notice is over, so it rules from now on."""
    lock(version)
    if version.machine.limits.get(version.state) != limit or not version.is_overdue(at):
        return  # acted on while this call was on its way
    if version.state == VersionState.SIGNING:
        enter(version, VersionState.DRAFT, by=None, at=at, event="rulebook.not_signed")
    else:
        _take_effect(version, at=at)


def _take_effect(version: RulebookVersion, *, at: datetime) -> None:
    """The version replaces the one in force; one that a later version has overtaken is history at once."""
    before = RulebookVersion.objects.filter(state=VersionState.IN_FORCE).first()
    if before is not None:
        lock(before)
        if before.effective_at and version.effective_at and before.effective_at > version.effective_at:
            enter(version, VersionState.SUPERSEDED, by=None, at=at, data={"number": before.number})
            return
        enter(before, VersionState.SUPERSEDED, by=None, at=at, data={"number": version.number})
    enter(version, VersionState.IN_FORCE, by=None, at=at, data=_terms(version))
    _look_again()


@transaction.atomic
def install(*, at: datetime) -> RulebookVersion:
    """The version Kamen ships with becomes the first row, in force at once; a mall that has versions is left alone."""
    shipped = versions.shipped()
    first = RulebookVersion.objects.order_by("pk").first()
    if first is not None:
        return first
    version = RulebookVersion(number=shipped.number, body=shipped.body, sha256=shipped.sha256, drafted_at=at)
    version.announced_at = version.effective_at = shipped.effective_at
    begin(version, by=None, at=at, data=_named(version))
    enter(version, VersionState.IN_FORCE, by=None, at=at, data=_terms(version))
    _look_again()
    return version


def earliest(*, is_major: bool, at: datetime) -> datetime:
    """The first moment at which a version that is announced at `at` can come into force, by the notice it takes."""
    return spans.deadline(versions.in_force(at).clocks.span("RULE_NOTICE", "major" if is_major else "normal"), at)


def _contents(data: Any, *, at: datetime) -> dict[str, Any]:
    """The checked text of a version; rules without clocks take those of the version in force."""
    load(data)
    clocks = versions.in_force(at).clocks
    if "clocks" not in data:
        data = {**data, "clocks": clocks.as_data()}
    for name, variant in clocks.gone(data["clocks"]["limits"]):
        path = f"clocks.limits.{name}.variants.{variant}" if variant else f"clocks.limits.{name}"
        raise InvalidRulebook("missing", path, "The version in force sets this clock, so every later one does.")
    body = parsed.canonical(data)
    if any("\ud800" <= letter <= "\udfff" for letter in body):
        raise InvalidRulebook("wrong_type", "", "A text holds half of a pair of letters, which cannot be stored.")
    return {"number": versions.number_of(data), "body": body, "sha256": parsed.digest(body)}


def _require_free(version: RulebookVersion) -> None:
    taken = RulebookVersion.objects.filter(number=version.number).exclude(pk=version.pk)
    require(
        version.number != versions.shipped().number and not taken.exists(),
        "number_taken",
        _("There is a version with this number already: change meta.version."),
    )


def _require_notice(version: RulebookVersion, *, at: datetime) -> None:
    require(
        version.effective_at is None or version.effective_at >= earliest(is_major=version.is_major, at=at),
        "notice_too_short",
        _("A new version is announced at least 7 days before it rules, 15 days if it touches many."),
    )


def _named(version: RulebookVersion) -> dict[str, Any]:
    return {"number": version.number, "sha256": version.sha256}


def _terms(version: RulebookVersion) -> dict[str, Any]:
    return {
        **_named(version),
        "is_major": version.is_major,
        "is_retroactive": version.is_retroactive,
        "effective_at": version.effective_at.isoformat() if version.effective_at else "",
    }


def _look_again() -> None:
    """This process looks at the versions anew, now and once more when what it wrote can be seen by all."""
    versions.forget()
    transaction.on_commit(versions.forget)

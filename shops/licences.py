"""The story of a licence: give · take · refuse · remind · run out · replace. Sales follow the earliest end."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Min
from django.utils.translation import gettext_lazy as _

from accounts import sealing
from accounts.models import Role
from shops import papers
from shops.models import STAFF, Application, Licence, Shop
from shops.states import LicenceState
from timeline.door import begin, change, enter, lock, lock_root, note, require, verb
from timeline.spans import SHANGHAI, minutes

#: So many days before its end a shop is reminded of a licence, the last time first.
REMINDED = (7, 30, 60)
#: So many papers one application, or one shop, may have waiting.
MOST = 12
#: Licences that everybody may read in full, since the law has them shown; of others the number stays masked.
SHOWN = frozenset({Licence.Kind.BUSINESS, Licence.Kind.CULTURE, Licence.Kind.TELECOM})
#: What the numbers are sealed for: no other seal of the mall opens with it.
PURPOSE = "licence"

NUMBER = re.compile(r"^[0-9A-Za-z()（）〔〕\-号字第\u4e00-\u9fff]{4,40}$")
SHORT = 8


def give(
    *,
    application: Application | None = None,
    shop: Shop | None = None,
    kind: str,
    number: str,
    issuer: str,
    valid_until: date | None,
    upload: UploadedFile,
    by: Any,
    at: datetime,
) -> Licence:
    """Somebody gives a paper for an application that is being written, or for the own shop: a new one, or a renewal.

    Its last good day is `valid_until`, or nothing if it does not end. The file is read before anything is locked.
    `ValidationError` by field. Refused: `not_your_turn`, `wrong_moment`, `too_many`.
    """
    said = _readable(kind=kind, number=number, issuer=issuer, valid_until=valid_until, at=at)
    file = papers.keep(upload)
    return _give(application, shop, said, number.strip(), file, by=by, at=at)


@verb
def _give(
    application: Application | None,
    shop: Shop | None,
    said: dict[str, Any],
    number: str,
    file: papers.Paper,
    *,
    by: Any,
    at: datetime,
) -> Licence:
    if application is not None:
        lock(application)
        require(application.is_of(by), "not_your_turn", _("Only whoever applies adds papers."))
        require(application.may_be_written(), "wrong_moment", _("The application is handed in: it cannot be changed."))
        waiting = application.licences.filter(state=LicenceState.GIVEN)
    else:
        assert shop is not None  # noqa: S101 - one of the two
        lock_root(shop)
        require(shop.may(by, STAFF), "not_your_turn", _("Only the owner gives the shop's papers."))
        waiting = shop.licences.filter(state=LicenceState.GIVEN)
    require(waiting.count() < MOST, "too_many", _("These are all the papers that can wait at a time."))
    for older in waiting.filter(kind=said["kind"]).order_by("pk"):  # under the lock of what they are given for
        enter(older, LicenceState.REPLACED, by=by, at=at)
    licence = Licence(
        application=application,
        shop=shop,
        number=sealing.seal(number, purpose=PURPOSE),
        tail=masked(number),
        name=file.name,
        media_type=file.media_type,
        size=file.size,
        sha256=file.sha256,
        given_by=by,
        given_at=at,
        **said,
    )
    begin(licence, by=by, at=at, data={"kind": licence.kind, "sha256": file.sha256, "size": file.size})
    return licence


@verb
def take(licence: Licence, *, by: Any, at: datetime) -> None:
    """A person of risk has read the paper of an open shop and takes it; the one before it is replaced.

    Refused: `not_your_turn`, `own_shop`, `wrong_moment`, `licence_over`.
    """
    shop = _lock_given(licence, by=by)
    require(
        licence.valid_until is None or licence.valid_until >= at.astimezone(SHANGHAI).date(),
        "licence_over",
        _("This paper is over already. Refuse it and say so."),
    )
    put_to_use(licence, shop, by=by, at=at)


@verb
def refuse(licence: Licence, *, reason: str, by: Any, at: datetime) -> None:
    """A person of risk does not take the paper of an open shop, and says why; the one before it counts on."""
    _lock_given(licence, by=by)
    require(bool(reason.strip()), "no_reason", _("Say why."))
    change(licence, reason=reason.strip()[:500])
    enter(licence, LicenceState.REFUSED, by=by, at=at, data={"reason": licence.reason})


def put_to_use(licence: Licence, shop: Shop, *, by: Any, at: datetime) -> None:
    """A paper counts for a shop from now on, in place of the one of its kind before; the shop's row follows."""
    for older in shop.licences.filter(
        kind=licence.kind, state__in=[LicenceState.VALID, LicenceState.LASTING, LicenceState.ENDED]
    ).order_by("pk"):
        lock(older)
        enter(older, LicenceState.REPLACED, by=by, at=at)
    change(licence, shop=shop)
    if licence.valid_until is None:
        enter(licence, LicenceState.LASTING, by=by, at=at)
    else:
        end = datetime.combine(licence.valid_until + timedelta(days=1), time.min, tzinfo=SHANGHAI)
        left = minutes(max(1, -(-int((end - at).total_seconds()) // 60)))
        enter(licence, LicenceState.VALID, by=by, at=at, span=left)
    _follow(shop)


@verb
def lapse(licence: Licence, *, limit: str, at: datetime) -> None:
    """The last good day is over: the shop's sales stand still from here until a new paper is taken.

    The shop's row has known the day all along, so that nothing of the shop is locked here.
    """
    lock(licence)
    if licence.machine.limits.get(licence.state) != limit or not licence.is_overdue(at):
        return  # renewed while this call was on its way
    enter(licence, LicenceState.ENDED, by=None, at=at, data={"kind": licence.kind})


def remind(*, at: datetime) -> int:
    """Shops whose licences end within 60, 30 or 7 days are told, once each; returns how many were."""
    ahead = at.astimezone(SHANGHAI).date()
    found = Licence.objects.filter(state=LicenceState.VALID, valid_until__gte=ahead).order_by("pk")
    told = 0
    for licence in found.filter(valid_until__lt=date.fromordinal(ahead.toordinal() + max(REMINDED))):
        told += _remind(licence, at=at)
    return told


@verb
def _remind(licence: Licence, *, at: datetime) -> bool:
    lock(licence)
    left = licence.days_left(at)
    if licence.state != LicenceState.VALID or left is None:
        return False
    due = next((each for each in REMINDED if left <= each), None)
    if due is None or (licence.reminded_days is not None and licence.reminded_days <= due):
        return False
    change(licence, reminded_days=due)
    note(licence, "licence.ending", by=None, at=at, data={"days": left, "until": str(licence.valid_until)})
    return True


def number_of(licence: Licence) -> str:
    """The number as everybody may read it: whole where the law has it shown, else masked."""
    return whole_number(licence) if licence.kind in SHOWN else licence.tail


def whole_number(licence: Licence) -> str:
    """The number as it stands on the paper, for the person who compares the two; empty once its time is over."""
    return "" if licence.is_forgotten() else sealing.unseal(licence.number, purpose=PURPOSE)


def masked(number: str) -> str:
    """A number as it may be seen: `9131••••••••6X`; of a short one the last two signs."""
    if len(number) <= SHORT:
        return "•" * (len(number) - 2) + number[-2:]
    return number[:4] + "•" * (len(number) - 6) + number[-2:]


def _follow(shop: Shop) -> None:
    """The shop's own row knows the earliest end of what it sells under, so that no purchase has to look."""
    counting = shop.licences.filter(state__in=[LicenceState.VALID, LicenceState.ENDED])
    change(shop, licensed_until=counting.aggregate(first=Min("valid_until"))["first"])


def _lock_given(licence: Licence, *, by: Any) -> Shop:
    require(licence.shop is not None, "wrong_moment", _("This paper is looked at with its application."))
    assert licence.shop is not None  # noqa: S101 - just asked
    shop = licence.shop
    lock_root(shop)
    lock(licence)
    require(by.has_role(Role.RISK), "not_your_turn", _("Only people of risk look at papers."))
    require(not shop.is_worked_in_by(by), "own_shop", _("Nobody judges the shop they work in."))
    require(licence.state == LicenceState.GIVEN, "wrong_moment", _("Somebody looked at this paper already."))
    return shop


def _readable(*, kind: str, number: str, issuer: str, valid_until: date | None, at: datetime) -> dict[str, Any]:
    """What was said of a paper; `ValidationError` names what is wrong with each word."""
    wrong: dict[str, ValidationError] = {}
    if kind not in Licence.Kind.values:
        wrong["kind"] = ValidationError(_("There is no such paper."), code="invalid_choice")
    if not NUMBER.fullmatch(number.strip()):
        wrong["number"] = ValidationError(_("Write the number as it stands on the paper."), code="not_a_number")
    if not issuer.strip() or len(issuer) > 80:
        wrong["issuer"] = ValidationError(_("Write who issued it, in at most 80 characters."), code="required")
    if valid_until is not None and valid_until < at.astimezone(SHANGHAI).date():
        wrong["valid_until"] = ValidationError(_("This paper is over already."), code="over")
    if wrong:
        raise ValidationError(wrong)
    return {"kind": kind, "issuer": issuer.strip(), "valid_until": valid_until}

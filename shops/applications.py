"""The story of an application: begin · write · hand in · take on · send back · approve · refuse · appeal · lapse."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from shops import levels, licences, lifecycle
from shops.models import BASE_DEPOSIT, Application, Kind, Licence, Particulars, Party, Shop
from shops.offered import OFFERED
from shops.states import ApplicationState, LicenceState
from timeline.door import begin as store
from timeline.door import change, enter, lock, note, rearm, require, verb
from timeline.spans import days, deadline, working_days

#: How long the mall has to look, how long whoever applies has to answer or to appeal, and how much later somebody looks
#: again when the mall is late.
REVIEW, ANSWER, APPEAL, LOOK_AGAIN = working_days(3), days(30), days(15), working_days(1)
#: So many applications one person may have open.
MOST_OPEN = 3
#: The first so many listings of a new shop wait for a person.
FIRST_LISTINGS = 3
#: What everybody must show, by who answers for the shop, and what some goods need besides (register of licences).
NEEDED: dict[str, frozenset[str]] = {
    Party.PERSON: frozenset({Licence.Kind.IDENTITY}),
    Party.SOLE: frozenset({Licence.Kind.IDENTITY, Licence.Kind.BUSINESS}),
    Party.COMPANY: frozenset({Licence.Kind.IDENTITY, Licence.Kind.BUSINESS}),
}
NEEDED_FOR: dict[str, frozenset[str]] = {Kind.GAME_ACCOUNT: frozenset({Licence.Kind.CULTURE})}
#: What whoever applies writes.
WORDS = (
    "name",
    "slug",
    "kinds",
    "about",
    "party",
    "legal_name",
    "legal_address",
    "contact_email",
    "contact_phone",
    "icp",
)
#: Without these nothing is handed in.
REQUIRED = ("legal_name", "legal_address", "contact_email", "contact_phone", "about")


@verb
def begin(*, applicant: Any, name: str, slug: str, at: datetime) -> Application:
    """Somebody begins to write what the mall must know before they may open a shop. Nobody else sees it yet.

    `ValidationError` by field. Refused: `suspended`, `too_many`.
    """
    require(not applicant.is_suspended(at), "suspended", _("You are suspended: you cannot sell for now."))
    open_ = Application.objects.filter(applicant=applicant).exclude(state__in=sorted(Application.machine.terminal))
    require(open_.count() < MOST_OPEN, "too_many", _("Finish or withdraw one of your applications first."))
    application = Application(applicant=applicant, name=name.strip(), slug=slug, begun_at=at)
    _require_sound(application)
    _require_free(application)
    if open_.filter(slug=slug).exists():
        raise ValidationError({"slug": ValidationError(_("You apply for this shop already."), code="unique")})
    store(application, by=applicant, at=at)
    return application


@verb
def write(application: Application, *, by: Any, at: datetime, **words: Any) -> None:
    """Whoever applies writes or changes what they say, until it is handed in or when something was missing."""
    _lock_own(application, by)
    require(application.may_be_written(), "wrong_moment", _("The application is handed in: it cannot be changed."))
    if unknown := set(words) - set(WORDS):
        raise TypeError(f"An application has no {', '.join(sorted(unknown))}.")
    for name, word in words.items():
        setattr(application, name, word.strip() if isinstance(word, str) else word)
    _require_sound(application)
    change(application, **{name: getattr(application, name) for name in words})
    note(application, "application.written", by=by, at=at, data={"words": sorted(words)})


@verb
def hand_in(application: Application, *, by: Any, at: datetime) -> None:
    """It is all there: a person of the mall looks at it within three working days.

    `ValidationError` names every word and paper that is missing.
    """
    _lock_own(application, by)
    require(application.may_be_written(), "wrong_moment", _("The application is handed in already."))
    if lacking := still_missing(application):
        raise ValidationError(lacking)
    _require_free(application)
    change(application, missing="", reviewer=None)
    enter(application, ApplicationState.APPLIED, by=by, at=at, span=REVIEW)


@verb
def withdraw(application: Application, *, by: Any, at: datetime) -> None:
    """Whoever applies does not want to any more."""
    _lock_own(application, by)
    require(
        application.machine.allows(application.state, ApplicationState.WITHDRAWN),
        "wrong_moment",
        _("The application is decided already."),
    )
    enter(application, ApplicationState.WITHDRAWN, by=by, at=at)


@verb
def take_on(application: Application, *, by: Any, at: datetime) -> None:
    """Somebody of risk looks at it: nobody else decides it meanwhile. Refused: `not_your_turn`, `own_shop`."""
    _lock_as_reviewer(application, by)
    require(
        application.state == ApplicationState.APPLIED, "wrong_moment", _("Somebody else looks at this application.")
    )
    change(application, reviewer=by)
    enter(application, ApplicationState.REVIEWING, by=by, at=at, span=REVIEW)


@verb
def send_back(application: Application, *, missing: str, by: Any, at: datetime) -> None:
    """Something is missing: whoever applies reads what, and has thirty days to add it."""
    _lock_as_decider(application, by)
    require(bool(missing.strip()), "no_reason", _("Say what is missing."))
    change(application, missing=missing.strip()[:500])
    data = {"missing": application.missing}
    enter(application, ApplicationState.SENT_BACK, by=by, at=at, span=ANSWER, data=data)


@verb
def approve(application: Application, *, by: Any, at: datetime) -> Shop:
    """A person has read everything: the shop opens at level S0, with its caps; it sells once its deposit is in place.

    `ValidationError` if the name or the address was taken meanwhile, or a paper ran out.
    """
    _lock_as_decider(application, by)
    if lacking := still_missing(application, at=at):
        raise ValidationError(lacking)
    _require_free(application)
    shop = lifecycle.open_shop(
        owner=application.applicant, name=application.name, slug=application.slug, required=BASE_DEPOSIT, at=at
    )
    cap = levels.CAPS[shop.level]
    change(shop, order_cap=cap.order, day_cap=cap.day, reviews_left=FIRST_LISTINGS)
    about = {name: getattr(application, name) for name in PARTICULARS}
    Particulars.objects.create(shop=shop, checked_by=by, checked_at=at, **about)
    for licence in application.licences.filter(state=LicenceState.GIVEN).order_by("pk"):
        licences.put_to_use(licence, shop, by=by, at=at)
    change(application, shop=shop, missing="", reason="")
    enter(application, ApplicationState.APPROVED, by=by, at=at, data={"shop": shop.pk})
    return shop


@verb
def refuse(application: Application, *, reason: str, by: Any, at: datetime) -> None:
    """The mall says no, and why; for fifteen days whoever applied may ask another person to look again.

    On appeal a no is for good.
    """
    _lock_as_decider(application, by)
    require(bool(reason.strip()), "no_reason", _("Say why."))
    change(application, reason=reason.strip()[:500])
    data = {"reason": application.reason}
    if application.state == ApplicationState.APPEALED:
        enter(application, ApplicationState.CLOSED, by=by, at=at, data=data)
        return
    change(application, refused_by=by)
    enter(application, ApplicationState.REFUSED, by=by, at=at, span=APPEAL, data=data)


@verb
def appeal(application: Application, *, words: str, by: Any, at: datetime) -> None:
    """Whoever was refused wants a person who has not decided it yet to look again."""
    _lock_own(application, by)
    require(
        application.state == ApplicationState.REFUSED and not application.is_overdue(at),
        "wrong_moment",
        _("There is nothing to look at again now."),
    )
    require(bool(words.strip()), "no_reason", _("Say what was overlooked."))
    change(application, appeal=words.strip()[:1000], reviewer=None)
    enter(application, ApplicationState.APPEALED, by=by, at=at, span=REVIEW)


@verb
def lapse(application: Application, *, limit: str, at: datetime) -> None:
    """A clock ran out: the mall is late and is told so; whoever applies did not answer, or did not appeal."""
    lock(application)
    if application.machine.limits.get(application.state) != limit or not application.is_overdue(at):
        return  # acted on while this call was on its way
    if application.state == ApplicationState.REVIEWING:
        change(application, reviewer=None)
        enter(application, ApplicationState.APPLIED, by=None, at=at, span=LOOK_AGAIN, event="application.late")
    elif application.state in {ApplicationState.APPLIED, ApplicationState.APPEALED}:
        note(application, "application.late", by=None, at=at)
        rearm(application, deadline(LOOK_AGAIN, at), at=at)
    elif application.state == ApplicationState.SENT_BACK:
        enter(application, ApplicationState.WITHDRAWN, by=None, at=at)
    else:
        enter(application, ApplicationState.CLOSED, by=None, at=at)


def still_missing(application: Application, *, at: datetime | None = None) -> dict[str, list[ValidationError]]:
    """Every word and every paper without which it cannot be handed in, by field; at `at` also what has run out."""
    found: dict[str, list[ValidationError]] = {
        name: [ValidationError(_("Without this it cannot be handed in."), code="required")]
        for name in REQUIRED
        if not getattr(application, name)
    }
    if not application.kinds:
        found["kinds"] = [ValidationError(_("Say what you want to sell."), code="required")]
    given = {each.kind: each for each in application.licences.filter(state=LicenceState.GIVEN).order_by("pk")}
    for kind in sorted(papers_needed(application)):
        paper = given.get(kind)
        left = paper.days_left(at) if paper is not None and at is not None else None
        if paper is None or (left is not None and left < 1):
            label = Licence.Kind(kind).label
            sentence = _("Missing: %(paper)s.") if paper is None else _("Ran out meanwhile: %(paper)s.")
            error = ValidationError(sentence, code="paper_missing", params={"paper": label})
            found.setdefault("papers", []).append(error)
    return found


def papers_needed(application: Application) -> frozenset[str]:
    """Which papers somebody must show who wants to sell this."""
    found = NEEDED[application.party]
    for kind in application.kinds:
        found |= NEEDED_FOR.get(kind, frozenset())
    return found


def actions_for(application: Application, user: Any, at: datetime) -> list[str]:
    """What `user` can do with it now, by the names of the verbs."""
    found = []
    if application.is_of(user):
        if application.may_be_written():
            found += ["write", "hand_in"]
        if application.state == ApplicationState.REFUSED and not application.is_overdue(at):
            found.append("appeal")
        if application.machine.allows(application.state, ApplicationState.WITHDRAWN):
            found.append("withdraw")
        return found
    if not _may_review(application, user):
        return found
    if application.state == ApplicationState.APPLIED:
        found.append("take_on")
    if _may_decide(application, user):
        found += ["approve", "send_back", "refuse"]
    return found


PARTICULARS = ("party", "legal_name", "legal_address", "contact_email", "contact_phone", "icp")


def _may_review(application: Application, user: Any) -> bool:
    roles = {Role.RISK, Role.LEAD} if application.state == ApplicationState.APPEALED else {Role.RISK}
    return bool(user.roles & roles)


def _may_decide(application: Application, user: Any) -> bool:
    """Whether it is this person's to decide: whoever took it on, and on appeal anybody but who refused it."""
    if application.state == ApplicationState.REVIEWING:
        return bool(application.reviewer_id == user.pk)
    return application.state == ApplicationState.APPEALED and application.refused_by_id != user.pk


def _lock_own(application: Application, by: Any) -> None:
    lock(application)
    require(application.is_of(by), "not_your_turn", _("Only whoever wrote the application does this."))


def _lock_as_reviewer(application: Application, by: Any) -> None:
    lock(application)
    require(_may_review(application, by), "not_your_turn", _("Only people of risk decide on applications."))
    require(not application.is_of(by), "own_shop", _("Nobody decides on their own application."))


def _lock_as_decider(application: Application, by: Any) -> None:
    _lock_as_reviewer(application, by)
    require(
        application.state in {ApplicationState.REVIEWING, ApplicationState.APPEALED},
        "wrong_moment",
        _("Take the application on first; nothing is decided in passing."),
    )
    require(
        _may_decide(application, by),
        "not_your_turn",
        _("Somebody else looks at this application, or you refused it before."),
    )


def _require_sound(application: Application) -> None:
    strange = set(application.kinds) - {str(kind) for kind in OFFERED}
    if strange:
        raise ValidationError({"kinds": ValidationError(_("Shops cannot offer this here."), code="invalid_choice")})
    application.kinds = [str(kind) for kind in OFFERED if str(kind) in application.kinds]
    application.full_clean(
        exclude={"applicant", "state", "entered_at", "kinds", "reviewer", "refused_by", "shop"},
        validate_unique=False,
        validate_constraints=False,
    )


def _require_free(application: Application) -> None:
    """`ValidationError` if a shop has the name or the address already."""
    wrong = {
        name: ValidationError(_("A shop has this already. Choose another."), code="unique")
        for name in ("name", "slug")
        if Shop.objects.filter(**{name: getattr(application, name)}).exists()
    }
    if wrong:
        raise ValidationError(wrong)

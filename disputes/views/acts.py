"""A page for each act of a case that takes words, a button for each that takes none: for the sides and the staff."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.requests import signed_in
from disputes import acts, choices, proposals, questions
from disputes.forms import (
    ActForm,
    AgreeForm,
    AnswerAppealForm,
    AnswerForm,
    AppealForm,
    AskForm,
    ChallengeForm,
    DismissForm,
    ExtendForm,
    LastOfferForm,
    PenaltyForm,
    ProposeForm,
    RenewForm,
    SettlePenaltyForm,
    SuspendForm,
    TurnAwayForm,
    UnmaskForm,
    VoteForm,
)
from disputes.models import Dispute
from disputes.views import words
from orders.attachments import attach
from timeline import clock
from timeline.refusals import Refused

View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Page:
    """How an act is offered: what the button says, what it means, what is asked, and what is said once it is done."""

    label: Promise
    means: Promise
    done: Promise
    form: type[ActForm] = ActForm
    style: str = "plain"

    @property
    def has_words(self) -> bool:
        """Whether something is asked, so that it needs a page."""
        return self.form is not ActForm


#: Acts of the two sides.
SIDES: dict[str, Page] = {
    "answer": Page(
        gettext_lazy("Give what is asked for"),
        gettext_lazy(
            "The review stands still until you answer. Silence decides nothing by itself, but it may be weighed."
        ),
        gettext_lazy("It is in the file now. The review goes on."),
        AnswerForm,
        "",
    ),
    "agree": Page(
        gettext_lazy("Accept the proposal"),
        gettext_lazy("It binds you only if the other side accepts it, too. Then it is carried out at once."),
        gettext_lazy("You accepted the proposal. It binds once the other side has accepted it, too."),
        AgreeForm,
        "",
    ),
    "refuse": Page(
        gettext_lazy("Do not accept it"),
        gettext_lazy("Refusing costs nothing and is not weighed."),
        gettext_lazy("You did not accept the proposal. The review goes on."),
    ),
    "extend": Page(
        gettext_lazy("I need 24 hours more"),
        gettext_lazy("Each side can have 24 hours more once; the other side has them, too."),
        gettext_lazy("There are 24 hours more for both sides."),
        ExtendForm,
    ),
    "challenge": Page(
        gettext_lazy("Somebody else should judge"),
        gettext_lazy("Once, within 24 hours of hearing who has the case. Somebody else then has it."),
        gettext_lazy("Somebody else has the case now."),
        ChallengeForm,
        "quiet",
    ),
    "last_offer": Page(
        gettext_lazy("Give a last offer"),
        gettext_lazy("If both sides give one, the arbiter awards one of the two sums and nothing else."),
        gettext_lazy("Your last offer is sealed until the other side gives its own."),
        LastOfferForm,
        "quiet",
    ),
    "appeal": Page(
        gettext_lazy("Appeal"),
        gettext_lazy("Once, free of charge. Three people who had no part in the case vote in writing."),
        gettext_lazy("Your appeal is filed."),
        AppealForm,
        "",
    ),
    "answer_appeal": Page(
        gettext_lazy("Answer to the appeal"),
        gettext_lazy("You can also join with an appeal of your own. Then the panel sits."),
        gettext_lazy("Your answer is there. The panel sits now."),
        AnswerAppealForm,
        "",
    ),
    "withdraw_appeal": Page(
        gettext_lazy("Take the appeal back"),
        gettext_lazy("The time to appeal goes on for the other side."),
        gettext_lazy("The appeal is taken back."),
        style="quiet",
    ),
    "waive": Page(
        gettext_lazy("I will not appeal"),
        gettext_lazy("When both sides say so, the decision is carried out at once."),
        gettext_lazy("Noted. When the other side says so, too, the decision is carried out at once."),
    ),
    "go_outside": Page(
        gettext_lazy("Take it straight outside"),
        gettext_lazy(
            "The platform itself is the respondent: you can go to 12315 or a court now; the case stands still."
        ),
        gettext_lazy("The case stands still while you take it outside. The money stays held."),
        style="quiet",
    ),
    "resume": Page(
        gettext_lazy("Let the case go on"),
        gettext_lazy("It goes on where it stood."),
        gettext_lazy("The case goes on."),
    ),
}
#: Acts of the staff and of outside neutrals.
STAFF: dict[str, Page] = {
    "ask": Page(
        gettext_lazy("Ask for one thing"),
        gettext_lazy(
            "By name, twice at most of each. The review stands still until it is answered or the time is over."
        ),
        gettext_lazy("It is asked for. The review stands still meanwhile."),
        AskForm,
    ),
    "propose": Page(
        gettext_lazy("Propose a way out"),
        gettext_lazy("It binds only if both sides accept it. Two proposals at most."),
        gettext_lazy("Both sides read your proposal now."),
        ProposeForm,
    ),
    "dismiss": Page(
        gettext_lazy("Do not hear the case"),
        gettext_lazy("For a named reason. Either side can appeal."),
        gettext_lazy("The case is not heard. Both sides are told why."),
        DismissForm,
        "quiet",
    ),
    "refer": Page(
        gettext_lazy("Refer it to an outside neutral"),
        gettext_lazy("Where the platform itself is the respondent above ¥200, its staff does not rule."),
        gettext_lazy("The next neutral of the public list is named, if there is one."),
        style="quiet",
    ),
    "recuse": Page(
        gettext_lazy("Step back from the case"),
        gettext_lazy("For good, without giving a reason."),
        gettext_lazy("You have no part in this case any more."),
        style="quiet",
    ),
    "suspend": Page(
        gettext_lazy("Let the case stand still"),
        gettext_lazy("By an order from outside only. It goes on by itself after seven days unless it is renewed."),
        gettext_lazy("The case stands still."),
        SuspendForm,
        "quiet",
    ),
    "renew": Page(
        gettext_lazy("Renew for seven days"),
        gettext_lazy("With a reason that both sides read."),
        gettext_lazy("The case stands still for seven days more."),
        RenewForm,
    ),
    "resume": SIDES["resume"],
    "admit": Page(
        gettext_lazy("Admit the appeal"),
        gettext_lazy("The other side answers next."),
        gettext_lazy("The appeal is admitted."),
        style="",
    ),
    "turn_away": Page(
        gettext_lazy("Do not admit it"),
        gettext_lazy("For a defect of form only, never for what it is about."),
        gettext_lazy("The appeal is not admitted."),
        TurnAwayForm,
    ),
    "vote": Page(
        gettext_lazy("Vote"),
        gettext_lazy("In writing; nobody on the panel reads it before all votes are there. It stays as it is."),
        gettext_lazy("Your vote is in."),
        VoteForm,
        "",
    ),
    "penalize": Page(
        gettext_lazy("Propose a penalty"),
        gettext_lazy("Apart from what the buyer gets, and never only for having lost. Risk decides."),
        gettext_lazy("The penalty is proposed. Risk decides."),
        PenaltyForm,
        "quiet",
    ),
    "settle_penalty": Page(
        gettext_lazy("Decide about the penalty"),
        gettext_lazy("It goes from the deposit to the guarantee fund."),
        gettext_lazy("Decided."),
        SettlePenaltyForm,
        "",
    ),
    "unmask": Page(
        gettext_lazy("Show names and networks"),
        gettext_lazy("Say why; that is on record."),
        gettext_lazy("You see names and networks for 12 hours."),
        UnmaskForm,
        "quiet",
    ),
}


#: Keys that lead to what arbiters do all day (components/shortcuts.html).
KEYS = {"ask": "q", "propose": "m"}


def buttons(actions: list[str], dispute: Dispute, *, on_bench: bool) -> list[dict[str, Any]]:
    """What can be done now, as buttons and links, in the order in which the verbs offer it."""
    pages = STAFF if on_bench else SIDES
    return [
        {
            "label": pages[name].label,
            "means": pages[name].means,
            "url": reverse(_address(name, on_bench=on_bench), args=[dispute.number]),
            "style": pages[name].style,
            "key": KEYS.get(name, ""),
            "is_link": pages[name].has_words,
        }
        for name in actions
        if name in pages
    ]


def page(name: str, *, on_bench: bool) -> View:
    """The view of one act: a GET shows what is asked, a POST does it."""
    about = (STAFF if on_bench else SIDES)[name]

    @require_http_methods(["GET", "HEAD", "POST"])
    def view(request: HttpRequest, number: str) -> HttpResponse:
        dispute = _of(request, number, on_bench=on_bench)
        at = clock.now()
        if request.method != "POST":
            return _shown(
                request, dispute, name, about.form(dispute=dispute, initial=_initial(name, dispute)), on_bench
            )
        form = about.form(request.POST, request.FILES, dispute=dispute)
        if form.is_valid() and _done(form, name, by=request.user, at=at):
            messages.success(request, str(about.done))
            return redirect("disputes:bench" if _is_gone(request, dispute, on_bench) else _home(dispute, on_bench))
        return _shown(request, dispute, name, form, on_bench, status=422)

    view.__name__ = name
    view.__doc__ = str(about.label)
    return view


def _done(form: ActForm, name: str, *, by: Any, at: datetime) -> bool:
    """Do it, text and file together or neither; what is wrong with them is said in the form."""
    told = form.words()
    try:
        with transaction.atomic():
            upload = form.cleaned_data.get("file")
            told["attachments"] = [attach(form.dispute.refund.order, upload, by=by, at=at)] if upload else []
            acts.act(name, form.dispute, told, by=by, at=at)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    return True


def _shown(
    request: HttpRequest, dispute: Dispute, name: str, form: ActForm, on_bench: bool, status: int = 200
) -> HttpResponse:
    at = clock.now()
    offered = choices.actions_for(dispute, request.user, at)
    if name != "unmask" and name not in offered:
        raise Refused("wrong_moment", _("This cannot be done now: it is somebody else's turn, or the time is over."))
    context = {
        "dispute": dispute,
        "about": (STAFF if on_bench else SIDES)[name],
        "form": form,
        "home": _home(dispute, on_bench),
        "has_file": "file" in form.fields,
        "question": questions.current(dispute) if name == "answer" else None,
        "proposal": words.proposal(dispute) if name in {"agree", "refuse"} else None,
        "appeal": words.appeal(dispute, shows_votes=False) if name in {"answer_appeal", "turn_away", "vote"} else None,
        "penalty": dispute.penalties.filter(is_imposed=None).order_by("pk").first()
        if name == "settle_penalty"
        else None,
    }
    return render(request, "disputes/act.html", context, status=status)


def _initial(name: str, dispute: Dispute) -> dict[str, Any]:
    proposal = proposals.current(dispute) if name == "agree" else None
    return {"sha256": proposal.sha256} if proposal else {}


def _address(name: str, *, on_bench: bool) -> str:
    return f"disputes:bench_{name}" if on_bench else f"disputes:{name}"


def _home(dispute: Dispute, on_bench: bool) -> str:
    return reverse("disputes:bench_case", args=[dispute.number]) if on_bench else dispute.get_absolute_url()


def _of(request: HttpRequest, number: str, *, on_bench: bool) -> Dispute:
    from disputes.views import bench, cases

    return bench.in_hand(request, number) if on_bench else cases.own(request, number)


def _is_gone(request: HttpRequest, dispute: Dispute, on_bench: bool) -> bool:
    """Whether somebody of the staff does not see the case any more: they stepped back from it."""
    if not on_bench:
        return False
    return not Dispute.objects.on_bench_of(request.user, signed_in(request).roles).filter(pk=dispute.pk).exists()

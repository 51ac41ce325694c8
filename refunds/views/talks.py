"""What both sides say to each other in a case, a page for each verb: offers, questions, answers, replacements."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from orders.attachments import attach
from orders.models import Attachment
from orders.uploads import too_large
from refunds import bargaining, case_forms, lifecycle, questions, replacing, words
from refunds.case_forms import CaseForm
from refunds.models import Refund
from refunds.views import cases
from timeline import clock

Done = Callable[[Refund, Any, datetime], None]

#: The page of each verb: its title, what it means, and its button.
PAGES: dict[str, tuple[Promise, Promise, Promise]] = {
    "offer": (
        gettext_lazy("Make an offer"),
        gettext_lazy("The other side takes it, answers with an offer of its own, or lets its time run out."),
        gettext_lazy("Offer this"),
    ),
    "counter": (
        gettext_lazy("Offer something else"),
        gettext_lazy("Each side has three offers. Your offer answers the one that is on the table."),
        gettext_lazy("Offer this"),
    ),
    "take": (
        gettext_lazy("Take the offer"),
        gettext_lazy("What is offered becomes what you both agreed on; nothing else is left to decide."),
        gettext_lazy("Take it"),
    ),
    "end_talks": (
        gettext_lazy("Say your last word"),
        gettext_lazy("The talks end and the buyer decides: your final offer, or the platform."),
        gettext_lazy("End the talks"),
    ),
    "question": (
        gettext_lazy("Ask the buyer for something"),
        gettext_lazy("One thing, twice in a case at most. Your own time stands still until the buyer answers."),
        gettext_lazy("Ask"),
    ),
    "answer": (
        gettext_lazy("Answer the shop"),
        gettext_lazy("Give what was asked for, or say that you have nothing to add. Then it is the shop's turn again."),
        gettext_lazy("Send"),
    ),
    "extend": (
        gettext_lazy("Ask for a day more"),
        gettext_lazy("Once, when your supplier is looking into it, and never above 72 hours in all."),
        gettext_lazy("Take a day more"),
    ),
    "goodwill": (
        gettext_lazy("Ask the shop for goodwill"),
        gettext_lazy("By the rules nothing goes back. The shop may still help; if it stays silent, you decide again."),
        gettext_lazy("Ask"),
    ),
    "replace": (
        gettext_lazy("Deliver anew"),
        gettext_lazy("The old code is void from that moment, and the buyer checks the new one."),
        gettext_lazy("Deliver anew"),
    ),
    "bad_again": (
        gettext_lazy("The new one is no good either"),
        gettext_lazy("If our records prove it, all goes back and ten percent on top; else the platform decides."),
        gettext_lazy("Send"),
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: HttpRequest, number: str) -> HttpResponse:
    """Something instead of a plain yes or no."""

    def do(refund: Refund, form: Any, at: datetime) -> None:
        bargaining.offer(refund, form.terms(), by=request.user, at=at, version=form.cleaned_data["version"])

    return _page(request, number, "offer", case_forms.OfferForm, do, _("Your offer is on the table."))


@require_http_methods(["GET", "HEAD", "POST"])
def counter(request: HttpRequest, number: str) -> HttpResponse:
    """Something else instead."""

    def do(refund: Refund, form: Any, at: datetime) -> None:
        bargaining.counter(refund, form.terms(), by=request.user, at=at, version=form.cleaned_data["version"])

    return _page(request, number, "counter", case_forms.OfferForm, do, _("Your offer is on the table."))


@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest, number: str) -> HttpResponse:
    """Both agree."""

    def do(refund: Refund, form: Any, at: datetime) -> None:
        told = form.cleaned_data
        bargaining.take(refund, told["offer"], by=request.user, at=at, version=told["version"])

    return _page(request, number, "take", case_forms.TakeForm, do, _("It is agreed."))


@require_http_methods(["GET", "HEAD", "POST"])
def end_talks(request: HttpRequest, number: str) -> HttpResponse:
    """The last word of the shop."""

    def do(refund: Refund, form: Any, at: datetime) -> None:
        told = form.cleaned_data
        final = form.terms() if told["kind"] else None
        bargaining.end_talks(refund, text=told["text"], final=final, by=request.user, at=at, version=told["version"])

    return _page(request, number, "end_talks", case_forms.LastWordForm, do, _("The talks are over. The buyer decides."))


@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, number: str) -> HttpResponse:
    """One thing by name."""

    def do(refund: Refund, form: Any, at: datetime) -> None:
        told = form.cleaned_data
        questions.question(
            refund, item=told["item"], text=told["text"], by=request.user, at=at, version=told["version"]
        )

    return _page(request, number, "question", case_forms.QuestionForm, do, _("The buyer was asked."))


@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, number: str) -> HttpResponse:
    """What was asked for."""

    def do(refund: Refund, form: Any, at: datetime) -> None:
        told = form.cleaned_data
        questions.answer(
            refund,
            text=told["text"],
            attachments=_files(request, refund, form, at),
            has_nothing=told["has_nothing"],
            by=request.user,
            at=at,
            version=told["version"],
        )

    return _page(request, number, "answer", case_forms.AnswerForm, do, _("The shop has your answer."))


@require_http_methods(["GET", "HEAD", "POST"])
def extend(request: HttpRequest, number: str) -> HttpResponse:
    """More time for the supplier."""

    def do(refund: Refund, form: Any, at: datetime) -> None:
        told = form.cleaned_data
        questions.extend(refund, ticket=told["ticket"], by=request.user, at=at, version=told["version"])

    return _page(request, number, "extend", case_forms.TicketForm, do, _("You have a day more."))


@require_http_methods(["GET", "HEAD", "POST"])
def goodwill(request: HttpRequest, number: str) -> HttpResponse:
    """What the rules do not give."""

    def do(refund: Refund, form: Any, at: datetime) -> None:
        told = form.cleaned_data
        lifecycle.goodwill(refund, text=told["text"], by=request.user, at=at, version=told["version"])

    return _page(request, number, "goodwill", case_forms.WordsForm, do, _("The shop was asked."))


@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: HttpRequest, number: str) -> HttpResponse:
    """A new one."""

    def do(refund: Refund, form: Any, at: datetime) -> None:
        told = form.cleaned_data
        replacing.replace(
            refund,
            text=told.get("text", ""),
            attachments=_files(request, refund, form, at),
            by=request.user,
            at=at,
            version=told["version"],
        )

    return _page(request, number, "replace", case_forms.RenewForm, do, _("It is delivered anew. The buyer checks it."))


@require_http_methods(["GET", "HEAD", "POST"])
def bad_again(request: HttpRequest, number: str) -> HttpResponse:
    """No good either."""

    def do(refund: Refund, form: Any, at: datetime) -> None:
        told = form.cleaned_data
        replacing.bad_again(
            refund,
            text=told["text"],
            attachments=_files(request, refund, form, at),
            by=request.user,
            at=at,
            version=told["version"],
        )

    return _page(request, number, "bad_again", case_forms.BadAgainForm, do, _("We have noted it."))


@require_POST
def promise(request: HttpRequest, number: str) -> HttpResponse:
    """It will be replaced."""
    refund, at = cases.before_a_verb(request, number)
    replacing.promise(refund, by=request.user, at=at, version=cases.seen(request))
    messages.success(request, _("You agreed to replace it. Deliver it in time, or the buyer is paid in full."))
    return redirect(refund)


@require_POST
def cannot_supply(request: HttpRequest, number: str) -> HttpResponse:
    """Money instead."""
    refund, at = cases.before_a_verb(request, number)
    replacing.cannot_supply(refund, by=request.user, at=at, version=cases.seen(request))
    messages.success(request, _("The buyer is being paid back in full."))
    return redirect(refund)


@require_POST
def confirm_replacement(request: HttpRequest, number: str) -> HttpResponse:
    """It works."""
    refund, at = cases.before_a_verb(request, number)
    replacing.confirm_replacement(refund, by=request.user, at=at, version=cases.seen(request))
    messages.success(request, _("Thank you. The case is over."))
    return redirect(refund)


def _page(
    request: HttpRequest, number: str, verb: str, form_class: type[CaseForm], do: Done, said: str
) -> HttpResponse:
    """The page of a verb: what it means, the form, and what is wrong with it; done, back to the case."""
    is_sent = request.method == "POST"
    refund, at = cases.before_a_verb(request, number) if is_sent else (cases.visible(request, number), clock.now())
    side = bargaining.side_of(refund, request.user)
    if side is None:
        raise Http404
    if not is_sent and verb not in refund.actions_for(request.user, at):
        return redirect(refund)
    found = bargaining.open_offer(refund)
    form = form_class(
        request.POST if is_sent else None,
        request.FILES if is_sent else None,
        refund=refund,
        side=side,
        is_too_large=too_large(request),
        initial={"offer": found.number if found else 0},
    )
    if is_sent and form.is_valid():
        try:
            do(refund, form, at)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, said)
            return redirect(refund)
    title, meaning, button = PAGES[verb]
    context = {
        "refund": refund,
        "form": form,
        "title": title,
        "meaning": meaning,
        "button": button,
        "reason": words.reason(refund.reason),
        "offer": cases.shown(found) if found else None,
        "asked_for": cases.open_question(refund),
        "least": bargaining.least(refund) if verb in {"offer", "counter"} and side == "shop" else 0,
    }
    return render(request, "refunds/talk.html", context, status=422 if form.errors else 200)


def _files(request: HttpRequest, refund: Refund, form: Any, at: datetime) -> list[Attachment]:
    """The file that was given, attached to the order."""
    given = form.cleaned_data.get("file")
    return [attach(refund.order, given, by=request.user, at=at)] if given else []

"""A case as both sides and the mall's people see it, and what can be done in it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orders import conversation, upstream
from orders.attachments import attach, is_image
from orders.models import Attachment
from orders.parties import Side, side_of, side_of_author
from orders.uploads import too_large
from refunds import choices, citations, costs, guardians, hooks, lifecycle, reasons, signals, words
from refunds.forms import DeclineForm
from refunds.models import Contest, CreditNote, Guardian, Offer, Refund
from refunds.states import RefundState
from refunds.triage import Lane
from refunds.views.claims import AHEAD, card
from timeline import clock, events
from timeline.models import Event
from timeline.parts import Part, part
from timeline.sweep import fire_overdue

PAGE = 50

#: How each state looks: icon and tone of its badge.
LOOKS: dict[str, tuple[str, str]] = {
    RefundState.REQUESTED: ("hourglass", "amber"),
    RefundState.QUESTIONED: ("circle-question-mark", "amber"),
    RefundState.BARGAINING: ("handshake", "amber"),
    RefundState.DECLINED: ("circle-alert", "amber"),
    RefundState.REPLACING: ("package", "amber"),
    RefundState.CHECKING: ("package-check", "amber"),
    RefundState.EXCHANGED: ("circle-check", "green"),
    RefundState.DISPUTED: ("scale", "brand"),
    RefundState.APPROVED: ("banknote", "brand"),
    RefundState.REFUNDED: ("circle-check", "green"),
    RefundState.WITHDRAWN: ("undo-2", ""),
    RefundState.LAPSED: ("clock-alert", ""),
    RefundState.REJECTED: ("circle-x", ""),
}

#: Whose turn it is, as the buyer, the shop and the platform read it.
TURNS: dict[str, dict[str, Promise]] = {
    RefundState.REQUESTED: {
        Side.BUYER: gettext_lazy("It is the shop's turn. You need do nothing."),
        Side.SHOP: gettext_lazy("It is your turn: accept, offer something, ask, or decline by a published rule."),
        Side.PLATFORM: gettext_lazy("It is the shop's turn."),
    },
    RefundState.QUESTIONED: {
        Side.BUYER: gettext_lazy("It is your turn: answer the shop, or say that you have nothing to add."),
        Side.SHOP: gettext_lazy("It is the buyer's turn. Your own time stands still."),
        Side.PLATFORM: gettext_lazy("It is the buyer's turn."),
    },
    RefundState.REPLACING: {
        Side.BUYER: gettext_lazy("The shop delivers anew. You need do nothing."),
        Side.SHOP: gettext_lazy("It is your turn: deliver anew, or say that you cannot."),
        Side.PLATFORM: gettext_lazy("It is the shop's turn."),
    },
    RefundState.CHECKING: {
        Side.BUYER: gettext_lazy("It is your turn: look at the new one in your order, and say whether it works."),
        Side.SHOP: gettext_lazy("The buyer checks the new one. You need do nothing."),
        Side.PLATFORM: gettext_lazy("It is the buyer's turn."),
    },
    RefundState.DECLINED: {
        Side.BUYER: gettext_lazy("It is your turn: ask the platform to look, free of charge, or take the case back."),
        Side.SHOP: gettext_lazy("It is the buyer's turn. You need do nothing."),
        Side.PLATFORM: gettext_lazy("It is the buyer's turn."),
    },
    RefundState.DISPUTED: {
        Side.BUYER: gettext_lazy("The platform hears both sides and decides."),
        Side.SHOP: gettext_lazy("The platform hears both sides and decides."),
        Side.PLATFORM: gettext_lazy("It is the platform's turn."),
    },
    RefundState.APPROVED: {
        Side.BUYER: gettext_lazy("It is decided. The money is on its way to you."),
        Side.SHOP: gettext_lazy("It is decided. You need do nothing."),
        Side.PLATFORM: gettext_lazy("The money is on its way."),
    },
}
#: The same while they bargain: for whoever has the turn, for the other side, for the platform.
TALKS: dict[str, Promise] = {
    "mine": gettext_lazy("It is your turn: take the offer, or offer something else."),
    "theirs": gettext_lazy("The other side has your offer. You need do nothing."),
    "platform": gettext_lazy("The two sides bargain."),
}
OVER: dict[str, Promise] = {
    RefundState.EXCHANGED: gettext_lazy("Nothing to do. The goods were replaced."),
    RefundState.REFUNDED: gettext_lazy("Nothing to do. The money has arrived."),
    RefundState.WITHDRAWN: gettext_lazy("The buyer took the case back."),
    RefundState.LAPSED: gettext_lazy("The time to go on was over. Inside the time to file it can be filed again."),
    RefundState.REJECTED: gettext_lazy("People of the platform decided that nothing goes back."),
}

#: The case is decided and over, and not all of it has come.
LEFT_OWED = gettext_lazy("It is decided. Nobody had all of the money, so the rest is owed to the buyer and collected.")

#: What happened, in words; with its icon.
HAPPENINGS: dict[str, tuple[Promise, str]] = {
    "refund.requested": (gettext_lazy("The buyer asked for money back."), "hand-coins"),
    "refund.predecided": (
        gettext_lazy("By the rules nothing goes back. A person looks if the buyer asks."),
        "calculator",
    ),
    "refund.approved": (gettext_lazy("It was decided that money goes back."), "check"),
    "refund.declined": (gettext_lazy("The shop declined."), "circle-alert"),
    "refund.disputed": (gettext_lazy("The case went to the platform."), "scale"),
    "refund.refunded": (gettext_lazy("The money arrived."), "circle-check"),
    "refund.left_owed": (
        gettext_lazy("Nobody had the money: it stays owed to the buyer and is collected."),
        "banknote",
    ),
    "refund.withdrawn": (gettext_lazy("The buyer took the case back."), "undo-2"),
    "refund.lapsed": (gettext_lazy("The buyer's time to go on was over."), "clock-alert"),
    "refund.rejected": (gettext_lazy("The platform decided that nothing goes back."), "circle-x"),
    "refund.questioned": (gettext_lazy("The shop asked the buyer for something."), "circle-question-mark"),
    "refund.answered": (gettext_lazy("The buyer answered."), "message-square"),
    "refund.extended": (gettext_lazy("The shop waits for its supplier and has a day more."), "hourglass"),
    "refund.bargaining": (gettext_lazy("The shop made an offer."), "handshake"),
    "refund.countered": (gettext_lazy("Something else was offered."), "handshake"),
    "refund.offered": (gettext_lazy("Something was offered."), "handshake"),
    "refund.offer_taken": (gettext_lazy("The offer was taken."), "check"),
    "refund.talks_ended": (gettext_lazy("The shop said its last word."), "circle-alert"),
    "refund.talks_lapsed": (gettext_lazy("The time to bargain was over."), "clock-alert"),
    "refund.goodwill_asked": (gettext_lazy("The buyer asked the shop for goodwill."), "hand-coins"),
    "refund.goodwill_unanswered": (gettext_lazy("The shop did not answer."), "clock-alert"),
    "refund.replacing": (gettext_lazy("It was agreed that goods are delivered anew."), "package"),
    "refund.checking": (gettext_lazy("The replacement was delivered."), "package-check"),
    "refund.exchanged": (gettext_lazy("The replacement is good."), "circle-check"),
    "refund.bad_again": (gettext_lazy("The buyer says that the replacement is no good either."), "circle-x"),
    "refund.decided_anew": (
        gettext_lazy("The supplier answered, or did not in time: it was decided anew."),
        "calculator",
    ),
    "refund.reported": (
        gettext_lazy("What was reported is looked at on its own, apart from this case."),
        "shield-alert",
    ),
    "refund.clock_fired": (gettext_lazy("A deadline ended."), "clock-alert"),
    "refund.clock_postponed": (gettext_lazy("The reminders had not arrived, so there is a day more."), "hourglass"),
    "refund.paid_in_part_outside": (
        gettext_lazy("The payment channel gave a part back on its own account."),
        "banknote",
    ),
    "refund.alarm": (gettext_lazy("The money had not arrived in time; finance was alarmed."), "triangle-alert"),
}

#: Buttons: words and style.
BUTTONS: dict[str, tuple[Promise, str]] = {
    "accept": (gettext_lazy("Accept and pay back"), ""),
    "take": (gettext_lazy("Take the offer"), ""),
    "replace": (gettext_lazy("Deliver anew"), ""),
    "promise": (gettext_lazy("Agree to replace it"), "plain"),
    "cannot_supply": (gettext_lazy("I cannot deliver it: pay back"), "quiet"),
    "confirm_replacement": (gettext_lazy("The new one works"), ""),
    "bad_again": (gettext_lazy("It is no good either"), "plain"),
    "offer": (gettext_lazy("Make an offer"), "plain"),
    "counter": (gettext_lazy("Offer something else"), "plain"),
    "end_talks": (gettext_lazy("Say your last word"), "quiet"),
    "question": (gettext_lazy("Ask for something"), "plain"),
    "answer": (gettext_lazy("Answer the shop"), ""),
    "extend": (gettext_lazy("Ask for a day more"), "quiet"),
    "goodwill": (gettext_lazy("Ask the shop for goodwill"), "plain"),
    "decline": (gettext_lazy("Decline"), "plain"),
    "escalate": (gettext_lazy("Ask the platform to look"), ""),
    "contest": (gettext_lazy("Contest the payment"), "plain"),
    "withdraw": (gettext_lazy("Take the case back"), "quiet"),
}
#: What is done by a button; everything else has a page of its own.
AT_ONCE = {"accept", "promise", "cannot_supply", "confirm_replacement", "escalate", "withdraw"}
#: What became of an offer.
FATES: dict[str, Promise] = {
    Offer.Fate.OPEN: gettext_lazy("On the table"),
    Offer.Fate.TAKEN: gettext_lazy("Taken"),
    Offer.Fate.COUNTERED: gettext_lazy("Answered by another offer"),
    Offer.Fate.EXPIRED: gettext_lazy("Its time is over"),
    Offer.Fate.CLOSED: gettext_lazy("Not taken"),
}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The person's own cases, newest first, 50 a page."""
    cases = Refund.objects.asked_by(request.user).select_related("order__snapshot__listing").order_by("-pk")
    before = request.GET.get("before", "")
    if before.isdecimal():
        cases = cases.filter(pk__lt=int(before[:18]))
    found = list(cases[: PAGE + 1])
    context = {
        "rows": [
            {
                "refund": refund,
                "title": refund.order.snapshot.listing.title,
                "reason": words.reason(refund.reason),
                "badge": badge(refund),
                "amount": refund.asked if refund.approved is None else refund.approved,
            }
            for refund in found[:PAGE]
        ],
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "is_first": not before,
        "at": clock.now(),
    }
    return render(request, "refunds/index.html", context)


@require_safe
def case(request: HttpRequest, number: str) -> HttpResponse:
    """One case: state, turn, decision, facts, files, what was said and what happened."""
    refund, at = visible(request, number), clock.now()
    order = refund.order
    side = side_of(order, request.user) or Side.PLATFORM
    talk = conversation.part_of(order)
    happened, past = happenings(refund, side, request.GET.get("past", ""))
    items = list(refund.items.select_related("unit").order_by("unit__place")[:PAGE])
    unit_count = len(items) if len(items) < PAGE else refund.items.count()
    offered = actions(refund, request.user, at)
    owed = hooks.still_owed(refund) if refund.approved else 0
    has_to_answer = side is Side.SHOP and refund.state == RefundState.REQUESTED and bool(offered)
    context = {
        "refund": refund,
        "order": order,
        "side": side.value,
        "title": order.snapshot.listing.title,
        "reason": words.reason(refund.reason),
        "badge": badge(refund),
        "turn": turn(refund, side, at, owed=owed),
        "owed": owed,
        "steps": steps(refund),
        "card": card(refund.decision),
        "facts": words.facts(refund.decision["parts"]),
        "upstream": upstream.contact_of(order),
        "actions": offered,
        "declined": _declined(refund),
        "offers": [shown(offer) for offer in refund.offers.select_related("listing").order_by("-number")],
        "questions": [
            {"item": asked.get_item_display(), "text": asked.text, "asked": asked}
            for asked in refund.questions.order_by("number")
        ],
        "outcome": outcome(refund),
        **papers_of(refund, request.user),
        "dispute": "" if side is Side.PLATFORM else hooks.dispute_page(refund),
        "roads": words.roads(refund, today=at) if refund.closed_at and side is Side.BUYER else [],
        "items": [
            {
                "item": item,
                "state": item.unit.get_delivery_display(),
                "amount": item.asked if item.granted is None else item.granted,
            }
            for item in items
        ],
        "unit_count": unit_count,
        "costs": costs.choices(refund, units=unit_count, kind=order.snapshot.listing.kind) if has_to_answer else [],
        "files": files(refund),
        "talk": [
            {
                "who": entry.author,
                "side": entry.side.value,
                "side_word": entry.side.label,
                "is_own": entry.author == request.user,
                "at": entry.at,
                "text": entry.text,
                "file": None,
            }
            for entry in talk.entries
            if entry.attachment is None
        ][-5:],
        "happenings": happened,
        "past": past,
        "at": at,
    }
    return render(request, "refunds/case.html", context)


def papers_of(refund: Refund, user: Any) -> dict[str, Any]:
    """What hangs on a case, as far as `user` may see it: credit note, a family's papers, signals for the staff."""
    is_minor = refund.reason == reasons.MINOR_PURCHASE
    paper = Guardian.objects.select_related("refund__order__shop").filter(refund=refund).first() if is_minor else None
    may_see = paper is not None and (paper.is_of(user) or guardians.may_open(paper, user))
    is_instant = refund.outcome == Refund.Outcome.INSTANT
    contested = Contest.objects.select_related("refund").filter(refund=refund).first() if is_instant else None
    return {
        "goes_to_balance": refund.prefers == Refund.Preference.BALANCE and not refund.is_of_shop(user),
        "contest": contested and {"url": contested.get_absolute_url(), "word": contested.sign},
        "note": CreditNote.objects.select_related("refund").filter(refund=refund).first() if refund.closed_at else None,
        "guardian_url": paper.get_absolute_url() if paper and may_see else "",
        "signals_url": (
            reverse("refunds:signals", kwargs={"number": refund.number}) if signals.may_see(refund, user) else ""
        ),
    }


@require_POST
def accept(request: HttpRequest, number: str) -> HttpResponse:
    """The shop agrees."""
    refund, at = before_a_verb(request, number)
    lifecycle.accept(refund, by=request.user, at=at, version=seen(request))
    messages.success(request, _("You accepted. The buyer is being paid back."))
    return redirect(refund)


@require_http_methods(["GET", "HEAD", "POST"])
def decline(request: HttpRequest, number: str) -> HttpResponse:
    """The shop says no: which rule, and why."""
    refund, at = before_a_verb(request, number) if request.method == "POST" else (visible(request, number), clock.now())
    if not refund.is_of_shop(request.user):
        raise Http404
    if request.method != "POST" and "decline" not in refund.actions_for(request.user, at):
        return redirect(refund)
    rules = citations.applicable(refund)
    answers = list(refund.order.shop.answers.order_by("title", "pk")[:30])
    chosen = next((each.text for each in answers if str(each.pk) == request.GET.get("answer")), "")
    is_sent = request.method == "POST"
    may_do_without = refund.answered_at is not None or refund.goodwill_at is not None
    form = DeclineForm(
        request.POST if is_sent else None,
        request.FILES if is_sent else None,
        rules=rules,
        may_do_without=may_do_without,
        is_too_large=too_large(request),
        initial={"text": chosen},
    )
    if is_sent and form.is_valid():
        told = dict(form.cleaned_data)
        given = told.pop("file", None)
        try:
            files = [attach(refund.order, given, by=request.user, at=at)] if given is not None else []
        except ValidationError as error:
            form.add_error(None, error)
        else:
            lifecycle.decline(refund, by=request.user, at=at, version=seen(request), attachments=files, **told)
            messages.success(request, _("You declined. The buyer can ask the platform to look."))
            return redirect(refund)
    context = {
        "refund": refund,
        "form": form,
        "rules": rules or may_do_without,
        "answers": answers,
        "choices": costs.choices(refund, units=refund.items.count(), kind=refund.order.snapshot.listing.kind),
        "reason": words.reason(refund.reason),
        "facts": words.facts(refund.decision["parts"]),
    }
    return render(request, "refunds/decline.html", context, status=422 if form.errors else 200)


@require_POST
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """The buyer takes the case back."""
    refund, at = before_a_verb(request, number)
    lifecycle.withdraw(refund, by=request.user, at=at, version=seen(request))
    messages.success(request, _("You took the case back. Inspection goes on for at least 24 hours."))
    return redirect(refund)


@require_POST
def escalate(request: HttpRequest, number: str) -> HttpResponse:
    """The buyer asks the platform to look."""
    refund, at = before_a_verb(request, number)
    lifecycle.escalate(refund, by=request.user, at=at, version=seen(request))
    messages.success(request, _("The platform has your case. A person looks at both sides."))
    return redirect(refund)


def badge(refund: Refund) -> dict[str, Any]:
    """The state of a case as icon, word and tone."""
    state = RefundState(refund.state)
    icon, tone = LOOKS[state]
    return {"word": state.label, "icon": icon, "tone": tone}


def turn(refund: Refund, side: Side, at: datetime, *, owed: int = 0) -> dict[str, Any]:
    """Whose turn it is for who reads, until when, and what happens if nobody acts; `owed` fen of it nobody had."""
    state = RefundState(refund.state)
    icon, _tone = LOOKS[state]
    mine = {"shop": Side.SHOP, "buyer": Side.BUYER, "platform": Side.PLATFORM}.get(refund.owner)
    whose: Promise
    if state == RefundState.BARGAINING:
        whose = TALKS["platform" if side is Side.PLATFORM else "mine" if mine == side else "theirs"]
    elif refund.waits_for_supplier and side is Side.BUYER:
        whose = AHEAD[Lane.WAIT][0]
    elif owed and state == RefundState.REFUNDED:
        whose = LEFT_OWED
    else:
        whose = TURNS[state][side] if state in TURNS else OVER[state]
    banner = "mine" if mine == side else "theirs" if refund.owner else "calm"
    if state in {RefundState.REFUNDED, RefundState.EXCHANGED} and not owed:
        banner = "done"
    return {
        "state": state.label,
        "icon": icon,
        "whose": whose,
        "then": words.then(refund),
        "tone": banner,
        "until": refund.deadline_at,
        "then_tone": "amber" if refund.deadline_at and banner == "mine" else "",
        "stands_still": state in refund.machine.limits and refund.deadline_at is None,
    }


#: Roads on which nobody waits for the shop: the platform has it at once, or a machine's no comes first.
PAST_THE_SHOP = frozenset({Lane.URGENT.value, Lane.PERSON.value, Lane.PREDECISION.value})


def steps(refund: Refund) -> list[dict[str, Any]]:
    """A case's way: asked, the shop answers, the platform decides, paid, done."""
    state, labels = refund.state, [_("Asked"), _("Shop answers"), _("Platform decides"), _("Paying back"), _("Done")]
    now = {
        RefundState.REQUESTED: 1,
        RefundState.QUESTIONED: 1,
        RefundState.BARGAINING: 1,
        RefundState.DECLINED: 1,
        RefundState.REPLACING: 1,
        RefundState.CHECKING: 1,
        RefundState.DISPUTED: 2,
        RefundState.APPROVED: 3,
        RefundState.REFUNDED: 5,
    }.get(RefundState(state), 4)
    by_platform = refund.outcome == Refund.Outcome.RULING or state in {RefundState.DISPUTED, RefundState.REJECTED}
    gives_money = state in {RefundState.APPROVED, RefundState.REFUNDED}
    skipped = set() if by_platform or now < 2 else {2}
    was_asked = refund.answered_at is not None or refund.decision.get("lane") not in PAST_THE_SHOP
    if refund.outcome == Refund.Outcome.INSTANT or (now > 1 and not was_asked):
        skipped.add(1)
    if refund.is_over and not gives_money:
        skipped.add(3)
        now = 5
    return [
        {
            "label": label,
            "status": "skipped" if place in skipped else "done" if place < now else "now" if place == now else "ahead",
            "note": "",
        }
        for place, label in enumerate(labels)
    ]


#: The keys of the answers that a shop gives all day.
KEYS = {"accept": "a", "offer": "o", "counter": "o", "decline": "d", "question": "r"}


def actions(refund: Refund, user: Any, at: datetime) -> list[dict[str, Any]]:
    """What `user` can do, as buttons: exactly what the verbs would allow, each with the fen that it gives the buyer."""
    verbs = refund.actions_for(user, at)
    sums = choices.sums(refund, verbs)
    return [
        {
            "label": BUTTONS[verb][0],
            "style": BUTTONS[verb][1],
            "key": KEYS.get(verb, ""),
            "url": reverse(f"refunds:{verb}", kwargs={"number": refund.number}),
            "method": "post" if verb in AT_ONCE else "get",
            "sum": sums.get(verb) or None,
        }
        for verb in verbs
    ]


def outcome(refund: Refund) -> str:
    """Who decided and what, in a sentence; nothing while it is open."""
    told: dict[str, Promise] = {
        Refund.Outcome.INSTANT: gettext_lazy("Our own records proved the claim, so it was paid at once."),
        Refund.Outcome.SELLER: gettext_lazy("The shop agreed."),
        Refund.Outcome.SILENCE: gettext_lazy(
            "The shop did not answer in time, and our records do not speak against it."
        ),
        Refund.Outcome.RULING: gettext_lazy("The platform decided."),
        Refund.Outcome.SETTLEMENT: gettext_lazy("Both sides agreed."),
        Refund.Outcome.STANDING: gettext_lazy("The shop's offer stood without conditions, so it was paid."),
        Refund.Outcome.UNREPLACED: gettext_lazy("The replacement did not come, so everything goes back."),
        Refund.Outcome.BAD_AGAIN: gettext_lazy("The replacement was no good either."),
        Refund.Outcome.EXTERNAL: gettext_lazy("The payment channel paid it back on its own account."),
    }
    return str(told[refund.outcome]) if refund.outcome else ""


def files(refund: Refund) -> list[dict[str, Any]]:
    """The files of a case, with who gave each."""
    return files_of(refund, refund.attachments.order_by("pk"))


def files_of(refund: Refund, attachments: Iterable[Attachment]) -> list[dict[str, Any]]:
    """Some files of its order, as a page shows them."""
    return [
        {
            "name": each.name,
            "sha256": each.sha256,
            "url": _file_url(refund, each),
            "is_image": is_image(each),
            "side": side_of_author(refund.order, each.uploader_id).label,
        }
        for each in attachments
    ]


def happenings(refund: Refund, side: Side, place: str = "") -> tuple[list[dict[str, Any]], Part[Event]]:
    """What happened in a case, newest first, in words: a part of it from `place` on, and where the next begins.

    What has no words is the mall's own record, and nobody's news.
    """
    found = events.stream(refund.root_address).filter(subject=refund.address, name__in=sorted(HAPPENINGS))
    past = part(found, by="-seq", place=place, most=PAGE)
    entries = [
        {
            "who": _who(event.by, refund, side),
            "what": HAPPENINGS[event.name][0],
            "at": event.at,
            "icon": HAPPENINGS[event.name][1],
            "tone": "green" if event.name == "refund.refunded" else "",
            "grade": "record",
            "note": "",
        }
        for event in past.rows
    ]
    return entries, past


def _who(user: Any, refund: Refund, side: Side) -> str:
    """Who did it; to the two sides the staff are the platform, as on the pages of a dispute."""
    if user is None:
        return _("The clock or the mall")
    is_staff = side is not Side.PLATFORM and side_of_author(refund.order, user.pk) is Side.PLATFORM
    return str(Side.PLATFORM.label if is_staff else user)


def shown(offer: Offer) -> dict[str, Any]:
    """An offer as both sides read it."""
    return {
        "side": Offer.Side(offer.side).label,
        "kind": Offer.Kind(offer.kind).label,
        "amount": offer.amount,
        "places": ", ".join(map(str, offer.places)),
        "listing": offer.listing.title if offer.listing else "",
        "standing": offer.is_standing,
        "unconditional": offer.is_unconditional,
        "text": offer.text,
        "fate": FATES[offer.fate],
    }


def open_question(refund: Refund) -> dict[str, Any] | None:
    """What the shop waits for."""
    asked = refund.questions.filter(answered_at=None).first()
    return {"item": asked.get_item_display(), "text": asked.text} if asked else None


def seen(request: HttpRequest) -> int | None:
    """The state of the case that somebody saw when they pressed the button."""
    version = request.POST.get("version", "")
    return int(version) if version.isdecimal() and len(version) < 10 else None


def _declined(refund: Refund) -> dict[str, Any] | None:
    if not refund.declined_text:
        return None
    codes = dict(citations.DeclineCode.choices)
    return {
        "code": codes.get(refund.declined_code, _("The talks are over")),
        "rule": refund.declined_rule,
        "rule_text": words.rule(refund.declined_rule) if refund.declined_rule else "",
        "text": refund.declined_text,
    }


def _file_url(refund: Refund, attachment: Attachment) -> str:
    return reverse("orders:file", kwargs={"number": refund.order.number, "pk": attachment.pk})


def visible(request: HttpRequest, number: str) -> Refund:
    """The case, if the person may see it; else the same 404 as for one that is not there."""
    visible = Refund.objects.visible_to(request.user)
    return get_object_or_404(
        visible.select_related("order__shop", "order__snapshot__listing", "buyer", "payout"), number=number
    )


def before_a_verb(request: HttpRequest, number: str) -> tuple[Refund, datetime]:
    """The case with what was overdue on its order done first, and what time it is."""
    refund, at = visible(request, number), clock.now()
    fire_overdue(refund.root_address, at=at)
    return refund, at

"""Pages of money: the wallet, payments and payouts on their way, finance's queue; and the door for notices."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import signed_in
from ledger import accounts, brake, gateways, payments, payouts
from ledger.accounts import balances
from ledger.forms import TopUpForm
from ledger.gateways import BadNotice, ChannelDown, ChannelRefused, UnknownChannel
from ledger.models import Payment, Payout
from ledger.states import PaymentState, PayoutState
from timeline import clock, events, parts
from timeline.machines import machines
from timeline.refusals import Refused
from timeline.sweep import fire_overdue

log = logging.getLogger(__name__)

PAGE, RECENT = 50, 10

#: How each state looks: icon, tone of its badge, tone of its banner.
LOOKS: dict[str, tuple[str, str, str]] = {
    PaymentState.AWAITING: ("hourglass", "amber", "mine"),
    PaymentState.CONFIRMED: ("circle-check", "green", "done"),
    PaymentState.EXPIRED: ("clock-alert", "", "calm"),
    PayoutState.PLANNED: ("calendar-clock", "brand", "calm"),
    PayoutState.SENDING: ("arrow-right", "brand", "calm"),
    PayoutState.RETRYING: ("refresh-cw", "amber", "calm"),
    PayoutState.MANUAL: ("user-check", "amber", "theirs"),
    PayoutState.PAID: ("circle-check", "green", "done"),
    PayoutState.VOID: ("undo-2", "", "calm"),
}

#: Whose turn it is, and what happens if nobody acts.
TURNS: dict[str, tuple[Promise, Promise | str]] = {
    PaymentState.AWAITING: (
        gettext_lazy("It is your turn: pay on the channel's page."),
        gettext_lazy("Then the payment expires. Money that still arrives is sent back by itself."),
    ),
    PaymentState.CONFIRMED: (gettext_lazy("Nothing to do. The money has arrived here."), ""),
    PaymentState.EXPIRED: (
        gettext_lazy("Nothing to do. Money that still arrives is sent back by itself."),
        "",
    ),
    PayoutState.PLANNED: (
        gettext_lazy("Nothing to do. The money is set aside for you and is sent within seconds."),
        gettext_lazy("Then finance is alarmed and sends it by hand."),
    ),
    PayoutState.SENDING: (gettext_lazy("Nothing to do. We have asked the channel to pay you."), ""),
    PayoutState.RETRYING: (
        gettext_lazy("Nothing to do. The channel could not pay yet; we ask again by ourselves."),
        "",
    ),
    PayoutState.MANUAL: (
        gettext_lazy("Nothing to do. Two people of finance see to it; the money is set aside for you."),
        "",
    ),
    PayoutState.PAID: (gettext_lazy("Nothing to do. The money has arrived."), ""),
    PayoutState.VOID: (gettext_lazy("This was taken back."), ""),
}

#: What happened, in words; with its icon.
HAPPENINGS: dict[str, tuple[Promise, str]] = {
    "payment.awaiting": (gettext_lazy("The payment was asked for."), "receipt-text"),
    "payment.confirmed": (gettext_lazy("The money arrived."), "circle-check"),
    "payment.expired": (gettext_lazy("The time to pay was over."), "clock-alert"),
    "payment.not_taken": (gettext_lazy("What it was for is no longer to be paid."), "circle-x"),
    "payment.returned": (gettext_lazy("A charge that does not belong here is being sent back."), "undo-2"),
    "payment.clock_fired": (gettext_lazy("A deadline ended."), "clock-alert"),
    "payout.planned": (gettext_lazy("The money was set aside for you."), "calendar-clock"),
    "payout.sending": (gettext_lazy("The channel was asked to pay."), "arrow-right"),
    "payout.retrying": (gettext_lazy("The channel could not pay yet."), "refresh-cw"),
    "payout.manual": (gettext_lazy("It was handed to people of finance."), "user-check"),
    "payout.alarm": (gettext_lazy("It was not sent in time."), "triangle-alert"),
    "payout.proposed": (gettext_lazy("Finance proposed what to do."), "user"),
    "payout.agreed": (gettext_lazy("A second person of finance agreed."), "users"),
    "payout.put_off": (gettext_lazy("Payouts are paused; it waits and goes on by itself."), "clock"),
    "payout.sent_again": (gettext_lazy("It is sent again."), "repeat"),
    "payout.paid": (gettext_lazy("The money arrived."), "circle-check"),
    "payout.paid_to_wallet": (gettext_lazy("The money was paid to the balance instead."), "wallet"),
    "payout.void": (gettext_lazy("It was taken back."), "undo-2"),
    "payout.clock_fired": (gettext_lazy("A deadline ended."), "clock-alert"),
}

CHANNELS: dict[str, Promise] = {"sandbox": gettext_lazy("Sandbox (play money)")}

#: What a line's subject is called.
KINDS: dict[str, Promise] = {
    "payment": gettext_lazy("Payment"),
    "payout": gettext_lazy("Payout"),
    "order": gettext_lazy("Order"),
    "refund": gettext_lazy("Case"),
    "dispute": gettext_lazy("Dispute"),
    "deposit": gettext_lazy("Deposit"),
    "payee": gettext_lazy("Withdrawal"),
    "contribution": gettext_lazy("Money put in"),
    "alarm": gettext_lazy("Recall"),
}

VERBS = {
    Payout.Proposal.RETRY: payouts.retry,
    Payout.Proposal.WALLET: payouts.pay_to_wallet,
    Payout.Proposal.VOID: payouts.void,
}


@require_safe
def wallet(request: HttpRequest) -> HttpResponse:
    """What the person has, how it came about, what is on its way, and a way to put more in."""
    return _wallet(request, TopUpForm())


@require_POST
def top_up(request: HttpRequest) -> HttpResponse:
    """Ask for money by a channel and lead to the channel's pay page."""
    form = TopUpForm(request.POST)
    if not form.is_valid():
        return _wallet(request, form, status=422)
    channels = gateways.open_channels()
    if not channels:
        form.add_error(None, payments.NO_CHANNEL)
        return _wallet(request, form, status=422)
    asked = payments.top_up(user=request.user, amount=form.cleaned_data["amount"], channel=channels[0], at=clock.now())
    return _to_the_channel(request, asked)


@require_safe
def payment(request: HttpRequest, number: str) -> HttpResponse:
    """One payment: what is known of it, and what can be done."""
    found = _payment(request, number)
    at = clock.now()
    sent_back = list(Payout.objects.filter(cause=found.address).order_by("pk")[:RECENT])
    context = {
        "payment": found,
        "title": _("Top-up") if found.is_top_up() else _("Payment"),
        "channel": CHANNELS.get(found.channel, found.channel),
        "subject": None if found.is_top_up() else named([found.subject]).get(found.subject),
        "turn": turn(found),
        "may_pay": found.is_open(at),
        "is_over": found.is_over,
        "sent_back": [{"payout": each, "badge": badge(each)} for each in sent_back],
        "happenings": happenings(found),
        "at": at,
    }
    return render(request, "ledger/payment.html", context)


@require_POST
def pay(request: HttpRequest, number: str) -> HttpResponse:
    """On to the channel's pay page."""
    found = _payment(request, number)
    fire_overdue(found.root_address, at=clock.now())
    found.refresh_from_db()
    return _to_the_channel(request, found)


@require_POST
def check(request: HttpRequest, number: str) -> HttpResponse:
    """Ask the channel what was paid, where its notice has not come."""
    found, at = _payment(request, number), clock.now()
    fire_overdue(found.root_address, at=at)
    found.refresh_from_db()
    try:
        outcomes = payments.ask_channel(found, at=at)
    except (ChannelDown, ChannelRefused, UnknownChannel) as error:
        log.warning("channel %s gave no answer about %s: %s", found.channel, found.number, error)
        messages.error(request, _("The channel does not answer right now. What you paid is not lost: we keep asking."))
        return redirect(found)
    if payments.CREDITED in outcomes:
        messages.success(request, _("The channel confirms: your money is here."))
    elif payments.RETURNED in outcomes:
        messages.warning(request, _("The channel took money that does not belong here. It is being sent back."))
    elif not outcomes:
        messages.info(request, _("The channel has not taken any money for this yet."))
    else:
        messages.info(request, _("The channel knows nothing new."))
    return redirect(found)


@require_safe
def payout(request: HttpRequest, number: str) -> HttpResponse:
    """One payout on its way to the person."""
    found = get_object_or_404(Payout.objects.visible_to(request.user), number=number)
    context = {
        "payout": found,
        "destination": destination(found),
        "cause": named([found.cause]).get(found.cause),
        "turn": turn(found),
        "steps": steps(found),
        "happenings": happenings(found),
        "at": clock.now(),
    }
    return render(request, "ledger/payout.html", context)


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Payouts in a person's hands, for finance: what went wrong, and what two people can do about it."""
    _require_finance(request)
    manual = Payout.objects.filter(state=PayoutState.MANUAL).select_related("user", "proposed_by")
    found = parts.part(manual, by="entered_at", place=request.GET.get("after", ""), most=PAGE)
    rows = [
        {
            "payout": each,
            "channel": CHANNELS.get(each.channel, each.channel),
            "proposal": Payout.Proposal(each.proposal).label if each.proposal else "",
            "verbs": [
                {"verb": verb.value, "label": verb.label, "is_second": each.proposal == verb}
                for verb in VERBS
                if not (verb == Payout.Proposal.VOID and each.is_owed())
                and not (verb == Payout.Proposal.WALLET and each.is_withdrawal())
                and not (each.proposal == verb and each.proposed_by == request.user)
            ],
        }
        for each in found.rows
    ]
    return render(request, "ledger/queue.html", {"rows": rows, "part": found, "brake": brake.current()})


@require_POST
def decide(request: HttpRequest, number: str, verb: str) -> HttpResponse:
    """Propose, or agree to, what becomes of a payout in a person's hands."""
    _require_finance(request)
    if verb not in VERBS:
        raise Http404
    found, at = get_object_or_404(Payout, number=number), clock.now()
    fire_overdue(found.root_address, at=at)
    if VERBS[Payout.Proposal(verb)](found, by=request.user, at=at):
        messages.success(request, _("Two people agreed: done."))
    else:
        messages.info(request, _("Proposed. A second person of finance must agree."))
    return redirect("ledger:queue")


@csrf_exempt
@login_not_required
@require_POST
def notify(request: HttpRequest, channel: str, number: str) -> HttpResponse:
    """A channel says that money came in. Believed only if it is signed, fresh, and about this very payment.

    What is believed, now or before, is answered with the plain word `success`, also if the money is sent back; anything
    else with 400 and a problem that tells nothing.
    """
    try:
        charge = gateways.find(channel).read_notice(path=request.path, headers=request.headers, body=request.body)
        if charge.number != number:
            raise BadNotice("about another payment")
        found = Payment.objects.get(number=number, channel=channel)
        at = clock.now()
        fire_overdue(found.root_address, at=at)
        payments.confirm(found, provider_txn=charge.txn, amount=charge.amount, at=at)
    except (UnknownChannel, BadNotice, Payment.DoesNotExist, Refused, IntegrityError) as error:
        log.warning("a notice was not believed: %s", type(error).__name__)
        return JsonResponse(
            {
                "type": "about:blank",
                "title": "Bad notice",
                "status": 400,
                "code": "bad_notice",
                "detail": "This notice is not believed.",
            },
            status=400,
            content_type="application/problem+json",
        )
    return HttpResponse("success", content_type="text/plain")


def badge(thing: Payment | Payout) -> dict[str, Any]:
    """The state of a payment or a payout as icon, word and tone."""
    icon, tone, _banner = LOOKS[thing.state]
    return {"word": thing.machine.states(thing.state).label, "icon": icon, "tone": tone}


def turn(thing: Payment | Payout) -> dict[str, Any]:
    """Who must act, until when, and what happens otherwise."""
    (icon, _tone, tone), (whose, then) = LOOKS[thing.state], TURNS[thing.state]
    word = thing.machine.states(thing.state).label
    return {"state": word, "icon": icon, "whose": whose, "then": then, "tone": tone, "until": thing.deadline_at}


def destination(payout: Payout) -> str:
    """Where a payout goes, in words."""
    if payout.destination == Payout.Destination.WALLET:
        return _("To your balance")
    if payout.goes_to_account():
        return _("To the shop's account at %(channel)s") % {"channel": CHANNELS.get(payout.channel, payout.channel)}
    return _("Back to %(channel)s") % {"channel": CHANNELS.get(payout.channel, payout.channel)}


def steps(payout: Payout) -> list[dict[str, Any]]:
    """A payout's way: planned, sent, arrived."""
    state = payout.state
    is_sent = state not in {PayoutState.PLANNED, PayoutState.VOID}
    is_paid = state == PayoutState.PAID
    sent_note = PayoutState(state).label if state in {PayoutState.RETRYING, PayoutState.MANUAL} else ""
    return [
        {
            "label": _("Planned"),
            "status": "now" if state == PayoutState.PLANNED else "done",
            "note": _time(payout.planned_at),
        },
        {
            "label": _("Sent"),
            "status": "skipped" if state == PayoutState.VOID else "done" if is_paid else "now" if is_sent else "ahead",
            "note": sent_note,
        },
        {
            "label": _("Arrived"),
            "status": "skipped" if state == PayoutState.VOID else "done" if is_paid else "ahead",
            "note": _time(payout.paid_at) if is_paid and payout.paid_at else "",
        },
    ]


def happenings(thing: Payment | Payout) -> list[dict[str, Any]]:
    """What happened to a payment or a payout, newest first, in words; what has none is the mall's own record."""
    found = events.stream(thing.root_address).filter(subject=thing.address, name__in=sorted(HAPPENINGS))
    return [
        {
            "who": event.by or _("The clock or the mall"),
            "what": HAPPENINGS[event.name][0],
            "at": event.at,
            "icon": HAPPENINGS[event.name][1],
            "tone": "",
            "grade": "record",
            "note": "",
        }
        for event in found.order_by("-seq")[:PAGE]
    ]


@dataclass(frozen=True)
class Named:
    """A thing of any room as a line of a statement shows it: what it is, its number, its page ("" if it has none).

    `paper` is the page of the paper that was written for it, once there is one: a case's credit note.
    """

    kind: str
    number: str
    url: str
    paper: str = ""


def named(addresses: Iterable[str]) -> dict[str, Named]:
    """The things that addresses (`order:41`) name and that have a number; one query for each kind of thing."""
    wanted = defaultdict(set)
    for address in addresses:
        kind, _colon, pk = address.partition(":")
        if kind in KINDS and kind in machines and pk.isdecimal():
            wanted[kind].add(int(pk))
    found = {}
    for kind, pks in wanted.items():
        for thing in machines[kind].model._base_manager.filter(pk__in=pks).order_by("pk"):
            page, paper = getattr(thing, "get_absolute_url", None), getattr(thing, "get_paper_url", None)
            found[thing.address] = Named(
                str(KINDS[kind]), getattr(thing, "number", ""), page() if page else "", paper() if paper else ""
            )
    return found


def _wallet(request: HttpRequest, form: TopUpForm, *, status: int = 200) -> HttpResponse:
    address, debt = (f"{signed_in(request).address}:{pocket}" for pocket in ("wallet", "debt"))
    held = balances([address, debt])
    part = accounts.part(address, before=request.GET.get("before", ""), most=PAGE)
    payments_of, payouts_of = Payment.objects.visible_to(request.user), Payout.objects.visible_to(request.user)
    asked = parts.part(payments_of, by="-id", place=request.GET.get("payments", ""), most=RECENT)
    sent = parts.part(payouts_of, by="-id", place=request.GET.get("payouts", ""), most=RECENT)
    things = named([*(line.transfer.subject for line in part.lines), *(each.cause for each in sent.rows)])
    context = {
        "form": form,
        "balance": held[address],
        "owed": -held[debt],
        "lines": [{"line": line, "thing": things.get(line.transfer.subject)} for line in part.lines],
        "older": part.older,
        "is_first": part.is_first,
        "brake": brake.current(),
        "payments": [{"payment": each, "badge": badge(each)} for each in asked.rows],
        "payments_part": asked,
        "payouts_part": sent,
        "payouts": [
            {
                "payout": each,
                "badge": badge(each),
                "steps": steps(each),
                "has_arrived": each.state == PayoutState.PAID,
                "destination": destination(each),
                "thing": things.get(each.cause),
            }
            for each in sent.rows
        ],
        "is_open": bool(gateways.open_channels()),
    }
    return render(request, "ledger/wallet.html", context, status=status)


def _to_the_channel(request: HttpRequest, found: Payment) -> HttpResponse:
    """Redirect to the channel's pay page; where the channel is away, the payment's own page says so."""
    if not found.is_open(clock.now()):
        raise Refused("wrong_moment", _("This payment is paid or expired. Start a new one."))
    title = str(payments.TITLE) if found.is_top_up() else _("Kamen order")
    try:
        return redirect(payments.open_charge(found, title=title))
    except (ChannelDown, ChannelRefused, UnknownChannel) as error:
        log.warning("channel %s opened no charge for %s: %s", found.channel, found.number, error)
        messages.error(request, _("The channel does not answer right now. Nothing was charged; try again in a moment."))
        return redirect(found)


def _payment(request: HttpRequest, number: str) -> Payment:
    return get_object_or_404(Payment.objects.visible_to(request.user), number=number)


def _require_finance(request: HttpRequest) -> None:
    if not signed_in(request).has_role("finance"):
        raise Http404


def _time(at: datetime) -> str:
    from django.utils import timezone

    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"

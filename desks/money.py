"""A shop's money on one page: its pockets, and each pocket line by line, every line with its order or case."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.requests import signed_in
from ledger import accounts, brake
from ledger.accounts import balances
from ledger.models import Posting
from ledger.views import Named, named
from orders.models import Unit
from orders.parties import SEEING
from shops.models import BOOKS, SERVE, Deposit, Shop
from shops.views.looks import ask_first
from shops.views.shops import may_see_money
from timeline import clock

PAGE = 50
#: So many days the level of the deposit is drawn for.
DAYS = 30
#: The pockets of a shop, with what each holds: in words for the shop, and where they differ for the mall's staff.
POCKETS = {
    "pending": (_("Pending"), _("Released to you, not settled yet.")),
    "available": (_("Available"), _("Yours to withdraw.")),
    "deposit": (_("Deposit, free"), _("Answers for refunds when escrow is gone.")),
    "reserved": (_("Deposit, reserved"), _("Set aside for open cases.")),
}
FOR_STAFF = {"pending": _("Released to the shop, not settled yet."), "available": _("The shop's to withdraw.")}


@require_safe
def money(request: HttpRequest, slug: str) -> HttpResponse:
    """Where a shop's money is and how it came there; for the shop and the mall's staff of money, hidden from others."""
    deposit = get_object_or_404(Deposit.objects.select_related("shop"), shop__slug=slug)
    if not may_see_money(deposit, request.user):
        raise Http404
    if (to_be_said := ask_first(request, deposit.shop)) is not None:
        return to_be_said
    shop, asked = deposit.shop, request.GET.get("pocket", "")
    is_ours = shop.may(request.user, BOOKS)
    pocket = asked if asked in POCKETS else "pending"
    held = balances(shop.account(name) for name in POCKETS)
    part = accounts.part(shop.account(pocket), before=request.GET.get("before", ""), most=PAGE)
    things = things_of(part.lines)
    if not (shop.may(request.user, SERVE) or signed_in(request).roles & SEEING):
        # Bookkeepers and finance read what a line was for; the page of an order or a case is not there for them.
        things = {address: replace(thing, url="") for address, thing in things.items()}
    elif not is_ours:  # where the shop withdraws nobody else comes in
        things = {name: replace(thing, url="") if name[:6] == "payee:" else thing for name, thing in things.items()}
    context = {
        "shop": shop,
        "is_ours": is_ours,
        "pocket": pocket,
        "pocket_word": POCKETS[pocket][0],
        "pockets": [
            {
                "name": name,
                "word": word,
                "note": note if is_ours else FOR_STAFF.get(name, note),
                "amount": held[shop.account(name)],
            }
            for name, (word, note) in POCKETS.items()
        ],
        "lines": [{"line": line, "thing": things.get(line.transfer.subject)} for line in part.lines],
        "older": part.older,
        "is_first": part.is_first,
        "brake": brake.current(),
        "levels": deposit_levels(shop, clock.now()),
        "required": deposit.required,
    }
    return render(request, "desks/money.html", context)


def deposit_levels(shop: Shop, at: datetime) -> dict[str, Any]:
    """The deposit at the end of each of the last days, in fen: what was free and what was set aside for cases."""
    free, reserved = shop.account("deposit"), shop.account("reserved")
    days, held = accounts.by_day([free, reserved], days=DAYS, at=at)
    return {
        "names": [f"{day:%m-%d}" for day in days],
        "series": [(gettext("Free"), held[free]), (gettext("Set aside for open cases"), held[reserved])],
        "is_known": any(held[free]) or any(held[reserved]),
    }


def things_of(lines: Sequence[Posting]) -> dict[str, Named]:
    """What each line was for: its case, or the order of its unit; one query for each kind of thing."""
    subjects = {line.transfer.subject for line in lines}
    units = [int(subject.removeprefix("unit:")) for subject in subjects if subject.startswith("unit:")]
    found = named(sorted(subjects))
    for unit in Unit.objects.filter(pk__in=units).select_related("order").order_by("pk"):
        found[unit.address] = Named(str(_("Order")), unit.order.number, unit.order.get_absolute_url())
    return found

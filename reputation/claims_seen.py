"""Signs in what buyers claim: words, files, error codes and answers that come again. Rule source: rules 6.4.

Each is a question over many people at once and names the cases it rests on. Only claims that were not borne out count:
whoever was right says the same words as often as it happens to them.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q

from orders.models import Attachment, CouponUse, Message, Order
from orders.models import Trace as Picture
from refunds.models import Question, Refund
from refunds.signals import CLOCK_SLACK, EDITORS
from refunds.states import REFUND, RefundState
from reputation import contacts
from reputation.evidence import BACK, NOT_BORNE_OUT, Found, counted, listed
from reputation.models import Signal
from shops.models import Kind

#: Shorter words (“it does not work”) are said by everybody. The same ones in so many orders are a text that goes round.
SHORTEST, ORDERS_WITH_WORDS = 12, 3
#: So many claims, all about goods that are as good as money, by somebody who buys so many other things.
RESALE_CLAIMS, OTHER_ORDERS = 3, 3
#: An error that nobody else had, where so many told theirs and were right; and how often before it means anything.
ERRORS_KNOWN, ODD_ERRORS = 5, 2
#: After an order with a coupon, within so long.
CAMPAIGN, CAMPAIGN_CLAIMS = timedelta(days=14), 3
#: Claims for a child, in a year.
CHILD_CLAIMS, YEAR = 3, timedelta(days=365)
#: Cases in which the shop asked for something to check, and never heard back.
NO_ANSWERS = 2

Name = Signal.Name


def _failed(people: list[int], at: datetime) -> "Q":
    return Q(buyer__in=people, opened_at__gt=at - BACK, state__in=NOT_BORNE_OUT)


def same_words(people: list[int], at: datetime) -> Found:
    """The same words in claims about several orders, without numbers, spaces and signs."""
    said: dict[tuple[int, str], dict[int, str]] = defaultdict(dict)
    rows = Refund.objects.filter(_failed(people, at)).exclude(text="").order_by("pk")
    for user, order, number, text in rows.values_list("buyer", "order", "number", "text"):
        plain = re.sub(r"[\W\d_]+", "", text.lower())
        if len(plain) >= SHORTEST:
            said[user, hashlib.sha256(plain.encode()).hexdigest()][order] = number
    return listed(
        (user, number)
        for (user, _digest), cases in said.items()
        if len(cases) >= ORDERS_WITH_WORDS
        for number in cases.values()
    )


def same_picture(people: list[int], at: datetime) -> Found:
    """The same file in claims about different orders."""
    claimed = Refund.objects.filter(_failed(people, at), attachments=OuterRef("pk"))
    files = Attachment.objects.filter(Exists(claimed), uploader__in=people).order_by("pk")
    given: dict[tuple[int, str], set[int]] = defaultdict(set)
    for user, digest, order in files.values_list("uploader", "sha256", "order"):
        given[user, digest].add(order)
    return listed((user, digest[:12]) for (user, digest), orders in given.items() if len(orders) > 1)


def only_resale(people: list[int], at: datetime) -> Found:
    """Claims about point cards alone, by somebody who buys other things as well and never has trouble with them."""
    paid = Order.objects.filter(buyer__in=people, paid_at__gt=at - BACK)
    others = counted(paid.exclude(snapshot__listing__kind=Kind.POINT_CARD), "buyer")
    rows = Refund.objects.filter(_failed(people, at)).order_by("pk")
    cases: dict[int, list[tuple[str, bool]]] = defaultdict(list)
    for user, number, kind in rows.values_list("buyer", "number", "order__snapshot__listing__kind"):
        cases[user].append((number, kind == Kind.POINT_CARD))
    return {
        user: sorted(number for number, _is_card in found)
        for user, found in cases.items()
        if len(found) >= RESALE_CLAIMS
        and all(is_card for _number, is_card in found)
        and others.get(user, 0) >= OTHER_ORDERS
    }


def edited_file(people: list[int], at: datetime) -> Found:
    """A picture of a claim names a program that changes pictures, or was taken before the order or after it was given.

    The words of a camera, not a proof: many cut a screenshot to what matters.
    """
    claimed = Refund.objects.filter(_failed(people, at), attachments=OuterRef("attachment"))
    told = Picture.objects.filter(Exists(claimed), attachment__uploader__in=people).filter(
        ~Q(software="") | Q(taken_at__isnull=False)
    )
    found = []
    for each in told.select_related("attachment__order").order_by("pk"):
        file, paid_at = each.attachment, each.attachment.order.paid_at
        is_early = each.taken_at is not None and paid_at is not None and each.taken_at < paid_at - CLOCK_SLACK
        is_late = each.taken_at is not None and each.taken_at > file.at + CLOCK_SLACK
        if is_early or is_late or EDITORS.search(each.software):
            found.append((file.uploader_id, file.order.number))
    return listed(found)


def unknown_error(people: list[int], at: datetime) -> Found:
    """Error codes that no bad code of the same goods ever gave, where enough buyers told theirs and were right."""
    told = Q(decision__stated__error_code__isnull=False) & ~Q(decision__stated__error_code="")
    rows = Refund.objects.filter(_failed(people, at), told).order_by("pk")
    mine = list(rows.values_list("buyer", "number", "order__snapshot__listing", "decision__stated__error_code"))
    listings = {listing for _user, _number, listing, _error in mine}
    right = Refund.objects.filter(told, state=RefundState.REFUNDED, order__snapshot__listing__in=listings).order_by()
    known: dict[int, list[str]] = defaultdict(list)
    for listing, error in right.values_list("order__snapshot__listing", "decision__stated__error_code"):
        known[listing].append(_plain(error))
    found = listed(
        (user, number)
        for user, number, listing, error in mine
        if len(known[listing]) >= ERRORS_KNOWN and _plain(error) not in known[listing]
    )
    return {user: numbers for user, numbers in found.items() if len(numbers) >= ODD_ERRORS}


def _plain(error: str) -> str:
    return re.sub(r"\W+", "", str(error).lower())


def campaign_claims(people: list[int], at: datetime) -> Found:
    """Claims in a row about orders with a coupon, soon after them."""
    used = CouponUse.objects.filter(order=OuterRef("order"), back_at=None, at__gt=OuterRef("opened_at") - CAMPAIGN)
    rows = Refund.objects.filter(Exists(used), _failed(people, at)).order_by("pk")
    found = listed(rows.values_list("buyer", "number"))
    return {user: numbers for user, numbers in found.items() if len(numbers) >= CAMPAIGN_CLAIMS}


def child_again(people: list[int], at: datetime) -> Found:
    """Claims for a child over and over: somebody should talk with the family, whatever is right."""
    rows = Refund.objects.filter(buyer__in=people, reason="MINOR_PURCHASE", opened_at__gt=at - YEAR).order_by("pk")
    orders: dict[int, dict[int, str]] = defaultdict(dict)
    for user, order, number in rows.values_list("buyer", "order", "number"):
        orders[user][order] = number
    return {user: sorted(found.values()) for user, found in orders.items() if len(found) >= CHILD_CLAIMS}


def unanswered(people: list[int], at: datetime) -> Found:
    """The shop asked for something to check with its supplier, and the buyer never answered."""
    asked = Question.objects.filter(
        refund__buyer__in=people,
        refund__state__in=sorted(set(NOT_BORNE_OUT) & REFUND.terminal),
        answered_at=None,
        at__gt=at - BACK,
    )
    found = listed(asked.order_by("pk").values_list("refund__buyer", "refund__number"))
    return {user: numbers for user, numbers in found.items() if len(numbers) >= NO_ANSWERS}


def known_contact(people: list[int], at: datetime) -> Found:
    """Claims, and names a contact that sells guides to refunds: in the claim, or in what they wrote about the order."""
    return naming(people, contacts.known(), since=at - BACK)


def naming(people: list[int], handles: Collection[str], *, since: datetime) -> Found:
    """Who claimed since then and names one of these contacts, as they are compared (`contacts.plain`)."""
    if not handles:
        return {}
    claims = Refund.objects.filter(buyer__in=people, opened_at__gt=since).order_by("pk")
    said = Message.objects.filter(
        Exists(Refund.objects.filter(order=OuterRef("order"), opened_at__gt=since)),
        author__in=people,
        order__buyer=F("author"),
        at__gt=since,
    ).order_by("pk")
    texts = [
        *claims.exclude(text="").values_list("buyer", "number", "text"),
        *said.values_list("author", "order__number", "text"),
    ]
    return listed(
        (user, number)
        for user, number, text in texts
        for plain in [contacts.plain(text)]
        if any(handle in plain for handle in handles)
    )


CLAIMS: dict[str, Callable[[list[int], datetime], Found]] = {
    Name.SAME_WORDS: same_words,
    Name.SAME_PICTURE: same_picture,
    Name.ONLY_RESALE: only_resale,
    Name.EDITED_FILE: edited_file,
    Name.UNKNOWN_ERROR: unknown_error,
    Name.CAMPAIGN_CLAIMS: campaign_claims,
    Name.KNOWN_CONTACT: known_contact,
    Name.CHILD_AGAIN: child_again,
    Name.UNANSWERED: unanswered,
}

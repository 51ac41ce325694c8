"""The story of a request to be erased: ask · agree · refuse · withdraw · carry out · lapse.

It is answered by a person within fifteen working days, thing by thing: what is erased, what stays, until when and why.
What is agreed is carried out a week later, so that it can be taken back, and a copy be fetched. Rule source: PIPL 47,
50; E-Commerce Law 24, 31.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from accounts import lifecycle as accounts
from accounts.models import Role, StaffRole, User
from disputes.models import Owed
from ledger.accounts import balances
from notifications.models import Preference
from orders.models import Order
from orders.states import ORDER
from privacy import files, retention, sealing
from privacy.models import Erasure, Hold, Piece
from privacy.states import ErasureState
from refunds.models import ClaimDraft, Refund
from refunds.states import REFUND
from reputation.models import Measure, Rating, Trace
from shops.models import Shop
from support.models import Talk
from timeline import numbers
from timeline.door import begin, change, enter, lock, lock_root, locked, note, rearm, require, verb
from timeline.models import KeptAnswer
from timeline.refusals import Refused
from timeline.spans import hours, working_days

#: Within this a person answers (PIPL 50: in time; the standard says fifteen working days).
ANSWER = working_days(15)
#: For so long an agreed request can be taken back.
GRACE = hours(7 * 24)
#: A lead who has not answered in time is told again each time this has passed.
AGAIN = timedelta(days=1)
LONGEST = 500


@dataclass(frozen=True)
class Item:
    """One thing of an answer: what it is, its fate (`erased`, `stays`, `blocks`), until when, how many or how much."""

    what: str
    fate: str
    until: date | None = None
    number: int = 0

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "what": self.what,
            "fate": self.fate,
            "until": self.until.isoformat() if self.until else "",
            "number": self.number,
        }


@verb
def ask(user: User, *, by: User, at: datetime) -> Erasure:
    """Somebody asks to be erased; who asks again while a request is open has that one. Refused: `not_your_turn`."""
    user = locked(User, user.pk)
    require(by.pk == user.pk and user.erased_at is None, "not_your_turn", _("Only you can ask for this."))
    known = user.erasures.filter(state__in=[ErasureState.WAITING, ErasureState.AGREED]).first()
    if known is not None:
        return known
    erasure = Erasure(number=numbers.new("E", at), user=user, asked_at=at)
    begin(erasure, by=by, at=at, span=ANSWER)
    return erasure


@verb
def agree(erasure: Erasure, *, by: User, at: datetime) -> None:
    """A lead answers: it will be done. What is known then, thing by thing, is the answer.

    Refused: `not_your_turn`, `not_yourself`, `wrong_moment`, `something_open` while anything blocks.
    """
    _answering(erasure, by)
    blocks = blocking(erasure.user, at)
    if blocks:
        raise Refused("something_open", _("Something is open yet. Refuse with the reason, or wait until it is over."))
    items = [item.as_json() for item in answer(erasure.user, at)]
    change(erasure, items=items, answered_by=by, answered_at=at)
    enter(erasure, ErasureState.AGREED, by=by, at=at, span=GRACE, data={"items": len(items)})


@verb
def refuse(erasure: Erasure, *, reason: str, by: User, at: datetime) -> None:
    """A lead answers: not now, for what is open; what the person reads names each. It can be asked for again.

    Refused: `not_your_turn`, `not_yourself`, `wrong_moment`, `no_reason`, `nothing_open` where nothing blocks.
    """
    _answering(erasure, by)
    require(bool(reason.strip()), "no_reason", _("Say why: the person will read it."))
    blocks = blocking(erasure.user, at)
    require(bool(blocks), "nothing_open", _("Nothing is open: the law does not let us refuse."))
    items = [item.as_json() for item in [*blocks, *answer(erasure.user, at)]]
    change(erasure, items=items, reason=reason.strip()[:LONGEST], answered_by=by, answered_at=at)
    enter(erasure, ErasureState.REFUSED, by=by, at=at, data={"blocks": [item.what for item in blocks]})


@verb
def withdraw(erasure: Erasure, *, by: User, at: datetime) -> None:
    """The person wants to stay after all. Refused: `not_your_turn`, `wrong_moment`."""
    lock(erasure)
    require(by.pk == erasure.user_id, "not_your_turn", _("Only who asked takes it back."))
    require(not erasure.is_over, "wrong_moment", _("This request is over."))
    enter(erasure, ErasureState.WITHDRAWN, by=by, at=at)


@verb
def lapse(erasure: Erasure, *, limit: str, at: datetime) -> None:
    """Nobody answered in time: leads are told, day by day. The week is over: it is carried out, or asked again."""
    lock(erasure)
    if erasure.machine.limits.get(erasure.state) != limit or not erasure.is_overdue(at):
        return  # answered while this call was on its way
    if erasure.state == ErasureState.WAITING:
        if erasure.late_at is None:
            change(erasure, late_at=at)
        note(erasure, "erasure.late", by=None, at=at)
        rearm(erasure, at + AGAIN, at=at)
        return
    blocks = blocking(erasure.user, at)
    if blocks:
        data = {"blocks": [item.what for item in blocks]}
        enter(erasure, ErasureState.WAITING, by=None, at=at, span=ANSWER, event="erasure.put_off", data=data)
        return
    _carry_out(erasure, at)


def blocking(user: User, at: datetime) -> list[Item]:
    """What is open, so that nobody can be erased yet: money, debts, sales, cases, a shop, work for the mall, a hold."""
    return blocking_each([user])[user.pk]


def blocking_each(people: Sequence[User]) -> dict[int, list[Item]]:
    """What is open of each of them, by their ids; as many queries for one as for fifty."""
    held = balances([f"{user.address}:{pocket}" for user in people for pocket in ("wallet", "debt")])
    counted = {
        # What a shop still owes somebody by a decision comes to the balance by itself, and nobody takes it out of there
        # once the account is gone.
        "payouts": _counted(files.payouts_under_way(), "user", people)
        + _counted(Owed.objects.filter(paid_at=None), "buyer", people),
        "orders": _counted(Order.objects.exclude(state__in=sorted(ORDER.terminal)), "buyer", people),
        "cases": _counted(Refund.objects.exclude(state__in=sorted(REFUND.terminal)), "buyer", people),
        "talks": _counted(Talk.objects.open(), "asked_by", people),
        "shop": _counted(Shop.objects.all(), "owner", people),
        "work": _counted(StaffRole.objects.held(), "user", people),
        "hold": _counted(Hold.objects.live(), "user", people) + _counted(Hold.objects.live(), "order__buyer", people),
    }
    found = {}
    for user in people:
        open_ = {"balance": held[f"{user.address}:wallet"], "debt": -held[f"{user.address}:debt"]}
        open_ |= {what: counts[user.pk] for what, counts in counted.items()}
        found[user.pk] = [Item(what, "blocks", number=number) for what, number in open_.items() if number]
    return found


def _counted(rows: QuerySet[Any], whose: str, people: Sequence[User]) -> Counter[int]:
    """How many rows there are of each of them."""
    mine = rows.filter(**{f"{whose}__in": people}).order_by()
    return Counter(dict(mine.values_list(whose).annotate(many=Count("pk"))))


def answer(user: User, at: datetime) -> list[Item]:
    """What becomes of everything the mall knows of somebody, thing by thing."""
    sales = list(Order.objects.filter(buyer=user).order_by("pk"))
    until = max((files.ends_on(order) for order in sales), default=None)
    found = [
        Item("account", "erased"),
        Item("devices", "erased"),
        Item("drafts", "erased", number=ClaimDraft.objects.filter(buyer=user).count()),
        Item("links", "erased", number=Trace.objects.filter(user=user).count()),
    ]
    if until is not None:
        found += [
            Item("sales", "stays", until=until, number=len(sales)),
            Item("mail", "stays", until=until),
        ]
    if ratings := Rating.objects.filter(buyer=user).count():
        found.append(Item("ratings", "stays", number=ratings))
    if measures := Measure.objects.filter(user=user).count():
        found.append(Item("measures", "stays", number=measures))
    found.append(Item("books", "stays"))
    return found


def _answering(erasure: Erasure, by: User) -> None:
    """Lock a request for a lead who answers it; refuse whoever must not."""
    lock(erasure)
    require(by.has_role(Role.LEAD), "not_your_turn", _("Only a lead answers these requests."))
    require(by.pk != erasure.user_id, "not_yourself", _("Nobody answers their own request."))
    require(erasure.state == ErasureState.WAITING, "wrong_moment", _("This request was answered already."))


def _carry_out(erasure: Erasure, at: datetime) -> None:
    """Erase the account of a locked request; its sales are put away by the daily run, at once from now on."""
    user: Any = erasure.user
    lock_root(user)
    until = max((files.ends_on(order) for order in Order.objects.filter(buyer=user)), default=None)
    if until is not None and until > at.date():
        key = sealing.key_for(user.pk, ends_on=until, at=at)
        mail = user.email.encode()
        piece = sealing.sealed(key, mail, table="accounts.User", row=user.pk, field="email", order=None, at=at)
        Piece.objects.bulk_create([piece])
    ClaimDraft.objects.filter(buyer=user).delete()
    retention.forget_applications(user, at=at)
    Trace.objects.filter(user=user).delete()
    Preference.objects.filter(user=user).delete()
    KeptAnswer.objects.filter(by=user).delete()
    accounts.forget(user, at=at)
    enter(erasure, ErasureState.DONE, by=None, at=at)

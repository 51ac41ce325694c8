"""Whom a happening concerns: each group of people is a question to it."""

from collections.abc import Callable

from accounts.models import Role, User
from disputes.models import Dispute, Seat, Side
from notifications.happenings import Happening
from orders.models import Order
from refunds.models import Refund
from reputation.models import BatchAnswer
from shops.models import MONEY, SELL, SERVE, Deposit, Listing, Sanction, Shop
from shops.states import DepositState, ListingState

Who = Callable[[Happening], list[int | None]]


def named(field: str) -> Who:
    """Who stands in a field of the thing; nobody while it is empty."""
    return lambda happening: [getattr(happening.thing, field)]


def staff(*roles: Role) -> Who:
    """Everybody who holds one of these roles now."""
    return lambda happening: [user for role in roles for user in happening.staff.holding(role)]


#: Whose money comes in or goes out; who works in the shop, or did; whose data a request is about.
payer = member = concerned_person = named("user_id")
#: The person whose own stream it stands in.
themselves = named("pk")
#: Who decides the dispute, called for a person, put a version of the rules forward, wants to open a shop.
arbiter, caller = named("arbiter_id"), named("asked_by_id")
proposer, applicant = named("proposed_by_id"), named("applicant_id")
#: Who sees to it that cases go on, looks into codes and people, watches the money leave.
leads, risk, finance = staff(Role.LEAD), staff(Role.RISK), staff(Role.FINANCE)
#: Who answers people; who hears what another person decided before.
answering, judging = staff(Role.AGENT, Role.LEAD), staff(Role.RISK, Role.LEAD)
#: Who holds and releases what must not be destroyed; who may stop the money, and who lets it go again.
holding, money_watch = staff(Role.LEAD, Role.RISK), staff(Role.FINANCE, Role.RISK)
#: Who writes and signs the rules.
rule_staff = staff(Role.LEAD, Role.SENIOR)


def buyer(happening: Happening) -> list[int | None]:
    """Who bought."""
    return [happening.order.buyer_id] if happening.order else []


def shop(happening: Happening) -> list[int | None]:
    """Who answers for the shop in this: people of money for the deposit, those who serve buyers otherwise."""
    found = happening.shop
    if found is None:
        return []
    goods = isinstance(happening.thing, Listing | Sanction | BatchAnswer)
    what = MONEY if isinstance(happening.thing, Deposit) else SELL if goods else SERVE
    return [found.owner_id, *found.who_may(what)]


def money_people(happening: Happening) -> list[int | None]:
    """Everybody who handles the shop's money: a new account is nothing that one of them does in silence."""
    return [happening.thing.shop.owner_id, *happening.thing.shop.who_may(MONEY)]


def withdrawing(happening: Happening) -> list[int | None]:
    """Who withdrew a shop's money that came back."""
    return payer(happening) if happening.thing.is_withdrawal() else []


def invited(happening: Happening) -> list[int | None]:
    """Who was invited to work in a shop, if they have an account; found by the address, which is shown to nobody."""
    return list(User.objects.filter(email=happening.thing.email).order_by("pk").values_list("pk", flat=True))


def owner(happening: Happening) -> list[int | None]:
    """Who owns the shop."""
    return [happening.shop.owner_id] if happening.shop else []


def seniors(happening: Happening) -> list[int | None]:
    """Who may sign: whoever was asked to, else every senior but the arbiter; of a panel, who has not signed yet."""
    if happening.thing.waits_for == "panel":
        seats = happening.thing.seats.filter(part=Seat.Part.MEMBER, until=None).order_by("pk")
        return [seat.user_id for seat in seats.select_related("user") if happening.thing.is_to_find(seat.user)]
    if happening.thing.senior_id:
        return [happening.thing.senior_id]
    return [user for user in happening.staff.holding(Role.SENIOR) if user != happening.thing.arbiter_id]


def panel(happening: Happening) -> list[int | None]:
    """Who hears the appeal: its members, and the chief if there is one."""
    seats = happening.thing.dispute.seats.filter(until=None, part__in=[Seat.Part.REVIEWER, Seat.Part.CHIEF])
    return [*seats.order_by("pk").values_list("user_id", flat=True)]


def asked_side(happening: Happening) -> list[int | None]:
    """Whoever is asked for one thing: the shop answers for its supplier, too."""
    return buyer(happening) if happening.event.data["whom"] == Side.BUYER else shop(happening)


def drafted_for(happening: Happening) -> list[int | None]:
    """Who signs what a default rule drafted: the arbiter, or a senior where a second person is needed."""
    return arbiter(happening) if happening.thing.waits_for else seniors(happening)


def deciding(happening: Happening) -> list[int | None]:
    """Who may decide about a contested payment."""
    return [user for role in (Role.ARBITER, Role.SENIOR, Role.LEAD) for user in happening.staff.holding(role)]


def claimed_buyer(happening: Happening) -> list[int | None]:
    """The buyer, if a claim on them is booked."""
    return buyer(happening) if happening.event.data["against"] == "buyer" else []


def assigning_leads(happening: Happening) -> list[int | None]:
    """Who assigns a case, unless it went to an arbiter in the same breath."""
    return [] if happening.thing.arbiter_id else leads(happening)


def second_person(happening: Happening) -> list[int | None]:
    """Who of them may sign a version: neither who wrote it nor who put it forward."""
    version = happening.thing
    return [user for user in rule_staff(happening) if user not in (version.author_id, version.proposed_by_id)]


def under_the_clock(happening: Happening) -> list[int | None]:
    """Who has to act before a clock ends, by the owner that the clock names."""
    groups: dict[str, list[Who]] = {
        "buyer": [buyer],
        "shop": [shop],
        "both": [buyer, shop],
        "arbiter": [arbiter],
        "senior": [seniors],
        "lead": [leads],
        "panel": [panel],
        "finance": [finance],
        "guardian": [buyer],
        "agent": [seeing_to],
    }
    if happening.event.data["owner"] == "buyer" and happening.order is None:
        return payer(happening)
    return [user for group in groups.get(happening.event.data["owner"], []) for user in group(happening)]


def seeing_to(happening: Happening) -> list[int | None]:
    """Who sees to a complaint from outside; everybody who may, while nobody does."""
    taken_by: int | None = happening.thing.taken_by_id
    return [taken_by] if taken_by else answering(happening)


def arbiter_of_case(happening: Happening) -> list[int | None]:
    """Who decides the dispute that a refund case became."""
    found = Dispute.objects.filter(refund=happening.thing, arbiter__isnull=False).values_list("arbiter", flat=True)
    return list(found.order_by("pk"))


def offered_side(happening: Happening) -> list[int | None]:
    """Who was offered something in a case, and answers."""
    return buyer(happening) if happening.event.data["side"] == "shop" else shop(happening)


def offering_side(happening: Happening) -> list[int | None]:
    """Whose offer in a case it was."""
    return shop(happening) if happening.event.data["side"] == "shop" else buyer(happening)


def asked_shop(happening: Happening) -> list[int | None]:
    """The shop that has to answer: not if the rules or our records answered in the same breath."""
    case = happening.thing
    return [] if case.is_predecision or case.outcome == Refund.Outcome.INSTANT else shop(happening)


def waiting_buyer(happening: Happening) -> list[int | None]:
    """The buyer whose money is on its way; on a balance it is there in the same breath, which says it all.

    Of what nobody had nothing is on its way: another notice says that.
    """
    paid_by = happening.order.paid_by if happening.order else ""
    is_unpaid = getattr(happening.thing, "is_over", False) and getattr(happening.thing, "payout_id", 0) is None
    return [] if paid_by == Order.PaidBy.WALLET or is_unpaid else buyer(happening)


def waiting_for_more(happening: Happening) -> list[int | None]:
    """The buyer of whom something is still awaited; when the last unit comes, the order's own delivery tells."""
    is_whole = happening.order is not None and happening.order.delivered_at == happening.event.at
    return [] if is_whole else buyer(happening)


def undelivered_buyer(happening: Happening) -> list[int | None]:
    """The buyer of a paid order that was cancelled because nothing came."""
    return buyer(happening) if happening.is_by_clock() else []


def undelivering_shop(happening: Happening) -> list[int | None]:
    """The shop of such an order."""
    return shop(happening) if happening.is_by_clock() else []


def topping_up(happening: Happening) -> list[int | None]:
    """Who topped up; a payment for an order is told by the order."""
    return payer(happening) if happening.thing.is_top_up() else []


def repaid(happening: Happening) -> list[int | None]:
    """Who gets money back without a refund case; a case tells it itself."""
    return [] if happening.thing.cause.startswith("refund:") else payer(happening)


def deceived_buyer(happening: Happening) -> list[int | None]:
    """The buyer, if the issuer says that the code was bad."""
    return buyer(happening) if happening.event.data.get("valid") is False else []


def where_new(who: Who) -> Who:
    """The same people, unless all that nobody had is owed already since an earlier case."""
    return lambda happening: who(happening) if new_debt(happening) else []


def where_some(who: Who) -> Who:
    """The same people, unless the sum is nothing."""
    return lambda happening: who(happening) if happening.event.data["amount"] else []


def where_nothing(who: Who) -> Who:
    """The same people, where the sum is nothing."""
    return lambda happening: [] if happening.event.data["amount"] else who(happening)


def new_debt(happening: Happening) -> int:
    """What nobody had and was not owed before, in fen."""
    data = happening.event.data
    return int(data["missing"]) - int(data.get("known", 0))


def reading(happening: Happening) -> list[int | None]:
    """Who reads the papers of an open shop; those of an application are read with it."""
    return risk(happening) if happening.shop else []


def concerned(happening: Happening) -> list[int | None]:
    """Whose level it is: the buyer, or the shop's owner."""
    thing = happening.thing
    return [thing.shop.owner_id] if getattr(thing, "shop_id", None) else [thing.user_id]


def sellers(happening: Happening) -> list[int | None]:
    """Who fills a shop's stock."""
    found = happening.thing.shop
    return [found.owner_id, *found.who_may(SELL)]


def selling_such(happening: Happening) -> list[int | None]:
    """Who answers for the money of a shop that offers goods of the kind whose commission changes."""
    offered = Listing.objects.filter(kind=happening.thing.kind).exclude(state=ListingState.CLOSED).order_by()
    shops = Shop.objects.filter(pk__in=offered.values("shop")).exclude(deposit__state=DepositState.RETURNED)
    return [user for found in shops.order_by("pk") for user in (found.owner_id, *found.who_may(MONEY))]

"""Where somebody who is told of a happening goes next: the address of a page, within the mall."""

from collections.abc import Callable

from django.urls import reverse

from disputes.models import Appeal, Dispute
from ledger.models import Payout
from notifications.happenings import Happening
from shops.models import Deposit, Payee

Page = Callable[[Happening], str]


def own_page(happening: Happening) -> str:
    """The thing's own page."""
    found: str = happening.thing.get_absolute_url()
    return found


def plain(name: str) -> Page:
    """A page that is the same whatever happened."""
    return lambda happening: reverse(name)


def of_thing(name: str, field: str) -> Page:
    """A page that is found by a field of the thing."""
    return lambda happening: reverse(name, args=[getattr(happening.thing, field)])


def of_shop(name: str, said: str = "") -> Page:
    """A page of the thing's shop; with what the event has `said` of which of several, by its name there."""

    def page(happening: Happening) -> str:
        more = [happening.event.data[said]] if said else []
        return reverse(name, args=[happening.thing.shop.slug, *more])

    return page


#: What has a page of its own: a case (the same for both sides), a family's papers or a listing under report; a dispute
#: for its sides; a payment or payout; a talk or a complaint from outside, for those who answer; papers; a level.
refund_page = dispute_page = money_page = talk_page = complaint_page = papers_page = level_page = own_page
#: The payout brake, and finance's queue.
brake_page, finance_page = plain("ledger:brake"), plain("ledger:queue")
#: What somebody owes, and finance's list of who does.
owed_page = plain("disputes:owed")
debt_page, debts_page = plain("ledger:debt"), plain("ledger:debts")
#: What the mall puts into its own pockets.
contributions_page = plain("ledger:contributions")
#: What the platform takes of a sale: for everybody, and where finance decides it.
rates_page, rates_desk = plain("shops:commission"), plain("shops:commission_proposals")
#: Where somebody answers invitations.
invitations_page = plain("shops:invitations")
#: For leads: clocks that were given up, and orders that an outage left over.
stuck_page, left_over_page = plain("clocks:stuck"), plain("orders:given_up")
#: For staff: codes that two shops have, papers and listings that wait for a person.
clashes_page, papers_queue = plain("shops:clashes"), plain("shops:applications_queue")
moderation_page = plain("shops:moderation")
#: The buyer's own level; what the mall knows of a person, and the desk of those who answer for it.
own_level_page, privacy_page = plain("reputation:level"), plain("privacy:own")
suspensions_page = plain("reputation:suspensions")
#: What waits for somebody, and where they work.
own_work_page = plain("desks:me")
privacy_desk = plain("privacy:desk")
#: The dispute on the workbench of staff; a version of the rules, for those who write and sign it.
bench_page, version_page = of_thing("disputes:bench_case", "number"), of_thing("rulebook:staff_version", "pk")
#: An application, for whoever wrote it and for whoever decides about it; a measure, for those who hear the appeal.
application_page, review_page = of_thing("shops:application", "pk"), of_thing("shops:application_review", "pk")
measure_page = of_thing("reputation:person", "user_id")
#: How the guarantee fund stands, on the page that everybody reads.
fund_page = own_page
#: Somebody whom the people of risk should ask whether they are being deceived.
deceived_page = of_thing("reputation:person", "pk")
#: A shop as everybody sees it, with its ratings; for those who work in it: deposit, withdrawals, staff.
shop_page, ratings_page = of_shop("shops:detail"), of_shop("reputation:ratings")
deposit_page, withdrawals_page = of_shop("shops:deposit"), of_shop("shops:withdrawals")
staff_page = of_shop("shops:staff")
#: What the mall has against the shop; how a file of codes was read, and a batch of them.
steps_page = of_shop("shops:sanctions")
intake_page, batch_page = of_shop("shops:intake", "intake"), of_shop("shops:batch", "batch")


def order_page(happening: Happening) -> str:
    """The order's page."""
    return reverse("orders:detail", args=[happening.order.number]) if happening.order else ""


def talk_of_caller(happening: Happening) -> str:
    """A talk, for whoever asked for it."""
    return reverse("support:call", args=[happening.order.number]) if happening.order else ""


def webhooks_page(happening: Happening) -> str:
    """The machines of a shop."""
    return reverse("notifications:endpoints", args=[happening.shop.slug]) if happening.shop else ""


def watched_page(happening: Happening) -> str:
    """A shop, for people of risk."""
    found = happening.shop
    return reverse("shops:watched_shop", args=[found.slug]) if found else reverse("shops:watched")


def own_listing_page(happening: Happening) -> str:
    """A listing, for the shop that wrote it."""
    return reverse("shops:edit", args=[happening.thing.shop.slug, happening.thing.pk])


def withdrawals_of_payout(happening: Happening) -> str:
    """The withdrawals of the shop that a payout was for."""
    payee = Payee.objects.select_related("shop").get(pk=int(happening.thing.cause.removeprefix("payee:")))
    return reverse("shops:withdrawals", args=[payee.shop.slug])


def case_of_complaint(happening: Happening) -> str:
    """The case that a complaint from outside belongs to, for the two sides; else the order."""
    refund = happening.thing.refund
    return refund.get_absolute_url() if refund else order_page(happening)


def recall_page(happening: Happening) -> str:
    """The master case over a bad batch."""
    return reverse("reputation:alarm", args=[happening.event.data.get("alarm") or happening.thing.number])


def clock_page(happening: Happening) -> str:
    """Where the one under the clock acts: staff on their bench, the sides on the page of the thing."""
    match happening.thing, happening.event.data["owner"]:
        case Dispute() | Appeal(), "arbiter" | "senior" | "lead" | "panel":
            return bench_page(happening)
        case Deposit(), _:
            return deposit_page(happening)
        case Payout(), "finance":
            return finance_page(happening)
    return own_page(happening)

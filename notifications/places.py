"""Where somebody who is told of a happening goes next: the address of a page, within the mall."""

from django.urls import reverse

from disputes.models import Appeal, Dispute
from ledger.models import Payout
from notifications.happenings import Happening
from shops.models import Deposit, Payee


def order_page(happening: Happening) -> str:
    """The order's page."""
    return reverse("orders:detail", args=[happening.order.number]) if happening.order else ""


def refund_page(happening: Happening) -> str:
    """The page of a case, the same for both sides; of a family's papers, or of a listing."""
    found: str = happening.thing.get_absolute_url()
    return found


def dispute_page(happening: Happening) -> str:
    """The dispute's page for the two sides."""
    found: str = happening.thing.get_absolute_url()
    return found


def bench_page(happening: Happening) -> str:
    """The dispute on the workbench of staff."""
    return reverse("disputes:bench_case", args=[happening.thing.number])


def money_page(happening: Happening) -> str:
    """The page of the payment or payout."""
    found: str = happening.thing.get_absolute_url()
    return found


def brake_page(happening: Happening) -> str:
    """The payout brake."""
    return reverse("ledger:brake")


def finance_page(happening: Happening) -> str:
    """Finance's queue."""
    return reverse("ledger:queue")


def deposit_page(happening: Happening) -> str:
    """The deposit line by line."""
    return reverse("shops:deposit", args=[happening.thing.shop.slug])


def withdrawals_page(happening: Happening) -> str:
    """The shop's withdrawals."""
    return reverse("shops:withdrawals", args=[happening.thing.shop.slug])


def withdrawals_of_payout(happening: Happening) -> str:
    """The withdrawals of the shop that a payout was for."""
    payee = Payee.objects.select_related("shop").get(pk=int(happening.thing.cause.removeprefix("payee:")))
    return reverse("shops:withdrawals", args=[payee.shop.slug])


def invitations_page(happening: Happening) -> str:
    """Where somebody answers invitations."""
    return reverse("shops:invitations")


def staff_page(happening: Happening) -> str:
    """A shop's staff."""
    return reverse("shops:staff", args=[happening.thing.shop.slug])


def shop_page(happening: Happening) -> str:
    """The shop as everybody sees it."""
    return reverse("shops:detail", args=[happening.thing.shop.slug])


def intake_page(happening: Happening) -> str:
    """How a file of codes was read."""
    return reverse("shops:intake", args=[happening.thing.shop.slug, happening.event.data["intake"]])


def batch_page(happening: Happening) -> str:
    """A batch, for its shop."""
    return reverse("shops:batch", args=[happening.thing.shop.slug, happening.event.data["batch"]])


def clashes_page(happening: Happening) -> str:
    """Codes that two shops have."""
    return reverse("shops:clashes")


def webhooks_page(happening: Happening) -> str:
    """The machines of a shop."""
    return reverse("notifications:endpoints", args=[happening.shop.slug]) if happening.shop else ""


def talk_page(happening: Happening) -> str:
    """A talk, for those who answer."""
    found: str = happening.thing.get_absolute_url()
    return found


def talk_of_caller(happening: Happening) -> str:
    """A talk, for whoever asked for it."""
    return reverse("support:call", args=[happening.order.number]) if happening.order else ""


def complaint_page(happening: Happening) -> str:
    """A complaint from outside, for those who answer it."""
    found: str = happening.thing.get_absolute_url()
    return found


def case_of_complaint(happening: Happening) -> str:
    """The case that a complaint from outside belongs to, for the two sides; else the order."""
    refund = happening.thing.refund
    return refund.get_absolute_url() if refund else order_page(happening)


def version_page(happening: Happening) -> str:
    """A version of the rules, for those who write and sign it."""
    return reverse("rulebook:staff_version", args=[happening.thing.pk])


def application_page(happening: Happening) -> str:
    """The application, for whoever wrote it."""
    return reverse("shops:application", args=[happening.thing.pk])


def review_page(happening: Happening) -> str:
    """The application, for whoever decides about it."""
    return reverse("shops:application_review", args=[happening.thing.pk])


def papers_page(happening: Happening) -> str:
    """The shop's papers; those of an application stand with it."""
    found: str = happening.thing.get_absolute_url()
    return found


def papers_queue(happening: Happening) -> str:
    """Papers that wait for a person."""
    return reverse("shops:applications_queue")


def steps_page(happening: Happening) -> str:
    """What the mall has against the shop."""
    return reverse("shops:sanctions", args=[happening.thing.shop.slug])


def watched_page(happening: Happening) -> str:
    """A shop, for people of risk."""
    found = happening.shop
    return reverse("shops:watched_shop", args=[found.slug]) if found else reverse("shops:watched")


def moderation_page(happening: Happening) -> str:
    """Listings that wait for a person."""
    return reverse("shops:moderation")


def own_listing_page(happening: Happening) -> str:
    """A listing, for the shop that wrote it."""
    return reverse("shops:edit", args=[happening.thing.shop.slug, happening.thing.pk])


def level_page(happening: Happening) -> str:
    """The page of a level, a buyer's or a shop's."""
    found: str = happening.thing.get_absolute_url()
    return found


def own_level_page(happening: Happening) -> str:
    """The buyer's own level."""
    return reverse("reputation:level")


def measure_page(happening: Happening) -> str:
    """A measure, for those who hear the appeal."""
    return reverse("reputation:person", args=[happening.thing.user_id])


def recall_page(happening: Happening) -> str:
    """The master case over a bad batch."""
    return reverse("reputation:alarm", args=[happening.event.data.get("alarm") or happening.thing.number])


def ratings_page(happening: Happening) -> str:
    """The ratings of the shop."""
    return reverse("reputation:ratings", args=[happening.thing.shop.slug])


def privacy_page(happening: Happening) -> str:
    """What the mall knows of the person."""
    return reverse("privacy:own")


def privacy_desk(happening: Happening) -> str:
    """The desk of those who answer for personal data."""
    return reverse("privacy:desk")


def clock_page(happening: Happening) -> str:
    """Where the one under the clock acts: staff on their bench, the sides on the page of the thing."""
    match happening.thing, happening.event.data["owner"]:
        case Dispute() | Appeal(), "arbiter" | "senior" | "lead" | "panel":
            return bench_page(happening)
        case Dispute() | Appeal(), _:
            return dispute_page(happening)
        case Deposit(), _:
            return deposit_page(happening)
        case Payout(), "finance":
            return finance_page(happening)
    return money_page(happening)

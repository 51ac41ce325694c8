from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts import personas
from accounts.models import User
from kamen import (
    books,
    cases_of_the_demo,
    channel_of_the_demo,
    recall_of_the_demo,
    sales_of_the_demo,
    shops_of_the_demo,
)
from ledger import contributions
from ledger.models import BooksCheck, Contribution
from rulebook import clocks
from shops import lifecycle
from shops.models import Shop
from shops.states import DepositState
from timeline import clock, spans, sweep


@dataclass(frozen=True)
class Story:
    """A shop of the demo, whose it is (a persona's name), and where its deposit has got to. `required` is fen."""

    slug: str
    name: str
    owner: str
    required: int
    arrives_at: DepositState


STORIES = [
    Story("xinghe", "星河点卡", "shop", 200_000, DepositState.ACTIVE),
    Story("nanshan", "南山数码", "shop2", 500_000, DepositState.SHORT),
    Story("yunling", "云岭游戏", "shop", 300_000, DepositState.SUSPENDED),
    Story("beian", "北岸软件", "shop2", 100_000, DepositState.CLOSING),
    Story("qingtong", "青桐会员", "shop", 200_000, DepositState.UNPAID),
]
#: What the mall put into its pockets before it opened, in fen: pocket, sum, the bank's document, why.
PUT_IN = [
    ("fund", 3_000_000, "ICBC-20260416-000071", "开业前注入先行垫付基金。"),
    ("own", 2_000_000, "ICBC-20260416-000072", "开业前注入平台自有资金，用于承担平台责任。"),
]
#: And what one person of finance has proposed and a second one has still to look at.
TO_PUT_IN = ("fund", 1_000_000, "ICBC-20261120-000318", "季度补足先行垫付基金，回单已核对。")
#: How long ago the demo's shops opened.
OPENED_AGO = timedelta(days=220)


class Command(BaseCommand):
    help = "Fill the demo's mall: a login for every part of it, and shops whose deposits are in every state."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the sandbox channel and supplier keep their books, if they are to know what the stories tell."""
        parser.add_argument("--channel", type=Path, help="the books of the sandbox channel, which does not run now")
        parser.add_argument("--supplier", type=Path, help="those of the sandbox supplier")

    def handle(self, *args: Any, **options: Any) -> None:
        """Adds what is missing and leaves the rest as it is, so that the mall goes on where it was."""
        if not settings.DEMO:
            raise CommandError("Only a demo is seeded: these settings are not the demo's.")
        at = clock.now()
        with transaction.atomic():
            people = personas.seed_personas(at=at - OPENED_AGO if not personas.present() else at)
        if not Contribution.objects.exists():
            with transaction.atomic():
                put_in(people, at=at)
        for story in STORIES:
            with transaction.atomic():
                if not Shop.objects.filter(slug=story.slug).exists():
                    tell(story, owner=people[story.owner], at=at)
        shop = Shop.objects.get(slug=STORIES[0].slug)
        if not shop.listings.exists():
            with transaction.atomic():
                mall = sales_of_the_demo.furnish(people, shop, at, at - OPENED_AGO)
                for stories in (shops_of_the_demo, cases_of_the_demo, recall_of_the_demo, sales_of_the_demo):
                    for tell_of in stories.STORIES:
                        tell_of(mall)
        if options["channel"]:
            channel_of_the_demo.write(options["channel"])
        if options["supplier"]:
            recall_of_the_demo.write(options["supplier"])
        if not BooksCheck.objects.filter(scope=BooksCheck.Scope.WHOLE).exists():
            books.look(scope=books.Scope.WHOLE, at=clock.now())


def put_in(people: dict[str, User], *, at: datetime) -> None:
    """Two people of finance fill the guarantee fund and the platform's own pocket; a third sum waits for the second."""
    began_at = at - OPENED_AGO + timedelta(hours=1)
    for purse, amount, document, reason in PUT_IN:
        found = contributions.propose(
            purse=purse, amount=amount, document=document, reason=reason, by=people["finance"], at=began_at
        )
        contributions.book(found, by=people["finance2"], at=began_at + timedelta(minutes=20))
    purse, amount, document, reason = TO_PUT_IN
    contributions.propose(
        purse=purse,
        amount=amount,
        document=document,
        reason=reason,
        by=people["finance"],
        at=at - timedelta(hours=2),
    )


def tell(story: Story, *, owner: Any, at: datetime) -> None:
    """Let the shop live through what leads to its state: each step is the verb that people or clocks would use."""
    opened_at = at - OPENED_AGO
    shop = lifecycle.open_shop(owner=owner, name=story.name, slug=story.slug, required=story.required, at=opened_at)
    deposit = shop.deposit
    if story.arrives_at == DepositState.UNPAID:
        return
    lifecycle.pay_in(
        deposit,
        amount=story.required,
        channel="sandbox",
        by=owner,
        at=opened_at + timedelta(hours=2),
        key=f"demo:{story.slug}:deposit",
    )
    if story.arrives_at == DepositState.CLOSING:
        lifecycle.close(deposit, by=owner, at=at - timedelta(days=10))
    if story.arrives_at == DepositState.SHORT:
        lifecycle.set_required(deposit, required=story.required * 2, at=at - timedelta(hours=3))
    if story.arrives_at == DepositState.SUSPENDED:
        short_at = last_moment_whose_top_up_is_over(at)
        lifecycle.set_required(deposit, required=story.required * 2, at=short_at)
        over_at = spans.deadline(clocks.span("DEPOSIT_TOP_UP", at=short_at), short_at)
        sweep.fire_overdue(shop.address, at=over_at + timedelta(seconds=1))


def last_moment_whose_top_up_is_over(at: datetime) -> datetime:
    """The latest day's moment at which a deposit fell short and whose working days to top it up are over at `at`."""
    span = clocks.span("DEPOSIT_TOP_UP", at=at)
    moment = at - timedelta(days=1)
    while spans.deadline(span, moment) >= at - timedelta(minutes=1):
        moment -= timedelta(days=1)
    return moment

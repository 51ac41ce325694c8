"""Signs in how people buy: many hands on one device, bursts at night, many networks; and people who may be deceived.

Card codes are bought with other people's money and cashed, often by many accounts, in the night, in sums just under a
limit. None of it refuses a purchase; it is shown with what it rests on. Rule source: rules 6.4; 反电诈法.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, OuterRef

from orders.models import Message, Order, Reveal
from reputation.evidence import DAY, MOST, Found, listed
from reputation.models import Signal, Trace
from shops.models import CODES
from timeline.spans import SHANGHAI

#: Accounts that bought codes on one device within a day; orders between midnight and six; networks within a week.
HANDS, NIGHT_ORDERS, NIGHT, NETWORKS, WEEK = 3, 10, timedelta(hours=6), 8, timedelta(days=7)
#: What people write who are being deceived by somebody else. Who writes it is a victim, not a culprit.
DECEIVED = re.compile(
    r"被骗|诈骗|骗子|骗局|刷单|做任务返|返佣|安全账户|冒充(?:客服|公安|警察|老师|领导)|"
    r"(?:公安|警察|检察院|法院)\S{0,4}(?:让|叫|要求)我|(?:让|叫|教)我(?:买|充|把卡密|发卡密)|裸聊|杀猪盘|"
    r"\b(?:scammed|scammer|police told me|tax office told me)\b",
    re.IGNORECASE,
)

Name = Signal.Name


def many_hands(people: list[int], at: datetime) -> Found:
    """Several accounts on one device buy codes within a day."""
    bought = Order.objects.filter(
        buyer=OuterRef("user"), paid_at__gt=at - DAY, snapshot__listing__kind__in=sorted(CODES)
    )
    mine = Trace.objects.filter(Exists(bought), user__in=people, kind=Trace.Kind.DEVICE)
    rows = Trace.objects.filter(Exists(bought), kind=Trace.Kind.DEVICE, digest__in=mine.values("digest"))
    on_device: dict[str, set[int]] = defaultdict(set)
    for digest, user in rows.order_by().values_list("digest", "user"):
        on_device[digest].add(user)
    found: dict[int, set[str]] = defaultdict(set)
    for users in on_device.values():
        if len(users) >= HANDS:
            for user in users & set(people):
                found[user] |= {f"user:{other}" for other in users - {user}}
    return {user: sorted(others)[:MOST] for user, others in found.items()}


def night_burst(people: list[int], at: datetime) -> Found:
    """Many orders between midnight and six in the morning in Shanghai, in the last night that is over.

    Who looks in the middle of a night would see its beginning alone, and its rest never.
    """
    midnight = (at.astimezone(SHANGHAI) - NIGHT).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = (
        Order.objects.filter(buyer__in=people, placed_at__gte=midnight, placed_at__lt=midnight + NIGHT)
        .order_by()
        .values("buyer")
        .annotate(orders=Count("pk"))
        .filter(orders__gte=NIGHT_ORDERS)
    )
    return {row["buyer"]: [f"{midnight:%Y-%m-%d}", str(row["orders"])] for row in rows}


def many_networks(people: list[int], at: datetime) -> Found:
    """Codes were looked at from many networks within a week: an account that is rented out, or was taken."""
    rows = (
        Reveal.objects.filter(user__in=people, at__gt=at - WEEK)
        .exclude(address_prefix="")
        .order_by()
        .values("user")
        .annotate(networks=Count("address_prefix", distinct=True))
        .filter(networks__gte=NETWORKS)
    )
    return {row["user"]: [str(row["networks"])] for row in rows}


def deceived(people: list[int], at: datetime) -> Found:
    """A buyer writes what people write who are being deceived. It weighs nothing against them: somebody should ask."""
    said = Message.objects.filter(author__in=people, order__buyer=F("author"), at__gt=at - WEEK).order_by("pk")
    rows = said.values_list("author", "order__number", "text")
    return listed((user, number) for user, number, text in rows if DECEIVED.search(text))


PURCHASES: dict[str, Callable[[list[int], datetime], Found]] = {
    Name.MANY_HANDS: many_hands,
    Name.NIGHT_BURST: night_burst,
    Name.MANY_NETWORKS: many_networks,
    Name.DECEIVED: deceived,
}

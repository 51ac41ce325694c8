"""Signs in how shops sell, answer and take their money out. Rule source: rules 6.4 (seller / batch).

Each is asked once a day over all shops and names what it rests on. What follows is a person's doing, by the ladder:
watch, no new listings, sales stop, the shop closes (`shops.sanctions`); a batch has an alarm of its own.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from statistics import median_low

from allauth.usersessions.models import UserSession
from django.db.models import Count, Exists, F, OuterRef, Q, Sum

from ledger.accounts import balances
from ledger.models import Payout
from ledger.states import PayoutState
from orders.delivery import prefix
from orders.models import Exchange, Message, Redemption, Reveal
from refunds.models import Refund
from reputation import figures
from reputation.evidence import BACK, DAY, Found, listed
from reputation.models import Signal
from shops.models import Clash, Licence, Listing, Payee, Shop
from shops.states import LicenceState
from timeline.models import Event, Outage

#: So many shops are looked at with one round of questions.
CHUNK = 500
#: What it takes: under the median in basis points, among so many shops that offer the same.
UNDER_BP, SHOPS_FOR_MEDIAN = 8_500, 4
#: So much of everything a shop had went to an account it named so lately; smaller sums say nothing.
OUT_BP, NEW_ACCOUNT, LEAST_OUT = 9_000, timedelta(days=14), 100_000
#: Listings put on sale within a day by somebody who came from a network they never came from before.
MASS_LISTINGS = 10
#: Three times as slow as in the three months before, and slow at all: minutes.
TIMES_SLOWER, SLOW = 3, 60
#: A month is held against the three months before it.
MONTH, BEFORE = 30, 90
#: Replacements instead of money: so many, so large a share of how cases end, and twice the usual one.
REISSUES, REISSUE_BP = 5, 3_000
#: The same words to so many different buyers.
SAME_NO, SHORTEST_NO = 5, 12
#: What is asked of a supplier; of what is kept beside it, its silence says nothing.
ASKED = ("submit", "query", "cancel")
#: Buyers who speak of false pages and false staff; questions to a supplier that stayed without an answer in a day.
PHISHED, SILENCES = 2, 5
#: Claims for children, and what the channel took back: so many, and so large a share of orders in basis points.
CHILDREN, CHILDREN_BP, TAKEN_BACK, TAKEN_BACK_BP = 3, 200, 3, 50
PHISHING = re.compile(
    r"钓鱼|假(?:网站|官网|页面|客服)|仿冒|山寨(?:网站|页面)|phishing|fake (?:site|page|website)", re.IGNORECASE
)
UNLICENSED = re.compile(
    r"破解|注册机|激活工具|盗版|免激活|免授权|无限激活|批量授权|内部授权|共享账?号|合租|黑卡|(?<![a-z])(?:kms|keygen|crack(?:ed)?)(?![a-z])",
    re.IGNORECASE,
)

Name = Signal.Name


def used_before_sale(at: datetime) -> Found:
    """Issuers say that codes were redeemed before they were sold."""
    rows = Redemption.objects.filter(by=None, at__gt=at - BACK, redeemed_at__lt=F("unit__order__paid_at"))
    return listed(rows.order_by("pk").values_list("unit__order__shop", "unit__order__number"))


def same_codes(at: datetime) -> Found:
    """Codes that another shop has, too, and nobody has found out whose they are."""
    rows = Clash.objects.filter(settled_at=None).order_by("pk").values_list("batch__listing__shop", "batch")
    return listed((shop, f"batch:{batch}") for shop, batch in rows)


def under_market(at: datetime) -> Found:
    """Offered for much less than others ask for the same face value: nobody buys that cheap what is good."""
    rows = Listing.objects.for_sale().filter(face_value__isnull=False).order_by("pk")
    offers: dict[tuple[str, int | None, str], list[tuple[int, int, int]]] = defaultdict(list)
    for pk, shop, kind, face, region, price in rows.values_list("pk", "shop", "kind", "face_value", "region", "price"):
        offers[kind, face, region].append((price, shop, pk))
    found = []
    for same in offers.values():
        if len({shop for _price, shop, _pk in same}) >= SHOPS_FOR_MEDIAN:
            middle = median_low(price for price, _shop, _pk in same)
            found += [(shop, f"listing:{pk}") for price, shop, pk in same if price * 10_000 < UNDER_BP * middle]
    return listed(found)


def cash_out(at: datetime) -> Found:
    """A shop names another account than before, and nearly everything it has goes there."""
    earlier = Payee.objects.filter(shop=OuterRef("shop"), pk__lt=OuterRef("pk"))
    new = Payee.objects.filter(Exists(earlier), named_at__gt=at - NEW_ACCOUNT).select_related("shop").order_by("pk")
    payees = {payee.address: payee for payee in new}
    sent = Payout.objects.filter(cause__in=list(payees)).exclude(state=PayoutState.VOID).order_by()
    out = dict(sent.values_list("cause").annotate(sum=Sum("amount")))
    left = balances([payees[cause].shop.account("available") for cause in out])
    return {
        payees[cause].shop_id: [cause, str(amount)]
        for cause, amount in out.items()
        if amount >= LEAST_OUT
        and amount * 10_000 >= OUT_BP * (amount + max(0, left[payees[cause].shop.account("available")]))
    }


def new_place(at: datetime) -> Found:
    """Many listings go on sale within a day, put there from a network that its person never came from before."""
    events = Event.objects.filter(name="listing.on_sale", at__gt=at - DAY, by__isnull=False).order_by()
    busy = list(events.values("root", "by").annotate(listings=Count("pk")).filter(listings__gte=MASS_LISTINGS))
    people = {row["by"] for row in busy}
    came: dict[int, set[str]] = defaultdict(set)
    known: dict[int, set[str]] = defaultdict(set)
    sessions = UserSession.objects.filter(user__in=people).order_by().values_list("user", "ip", "created_at")
    for user, ip, created_at in sessions:
        (came if created_at > at - 2 * DAY else known)[user].add(prefix(str(ip)))
    looks = Reveal.objects.filter(user__in=people, at__lte=at - 2 * DAY).exclude(address_prefix="").order_by()
    for user, network in looks.values_list("user", "address_prefix").distinct():
        known[user].add(network)
    return {
        int(row["root"].partition(":")[2]): [f"user:{row['by']}", str(row["listings"])]
        for row in busy
        if known[row["by"]] and came[row["by"]] and not came[row["by"]] & known[row["by"]]
    }


def slow_answers(at: datetime) -> Found:
    """Buyers wait three times as long for an answer as they did in the months before."""
    found: dict[int, list[str]] = {}
    for shop, now, before in _months(at):
        here, there = now.response_median, before.response_median
        if here is not None and there and here >= SLOW and here >= TIMES_SLOWER * there:
            found[shop] = [str(here), str(there)]
    return found


def more_reissues(at: datetime) -> Found:
    """More and more cases end with another code: the shop may be passing bad ones on until one works."""
    found: dict[int, list[str]] = {}
    for shop, now, before in _months(at):
        count, whole = now.count("outcomes", "exchanged"), now.count("outcomes")
        usual, of = before.count("outcomes", "exchanged"), before.count("outcomes")
        is_large = count >= REISSUES and count * 10_000 >= REISSUE_BP * whole
        if is_large and (not of or count * of >= 2 * usual * whole):
            found[shop] = [f"{count}/{whole}", f"{usual}/{of}"]
    return found


def same_refusal(at: datetime) -> Found:
    """Different buyers are declined in the same words: nobody reads their cases."""
    said: dict[tuple[int, str], dict[int, str]] = defaultdict(dict)
    rows = Refund.objects.filter(answered_at__gt=at - BACK).exclude(declined_text="").order_by("pk")
    for shop, buyer, number, text in rows.values_list("order__shop", "buyer", "number", "declined_text"):
        plain = re.sub(r"[\W\d_]+", "", text.lower())
        if len(plain) >= SHORTEST_NO:
            said[shop, hashlib.sha256(plain.encode()).hexdigest()][buyer] = number
    return listed(
        (shop, number) for (shop, _digest), cases in said.items() if len(cases) >= SAME_NO for number in cases.values()
    )


def papers_over(at: datetime) -> Found:
    """A paper ran out, or the person who answers for the shop is another one than when it opened."""
    changed = Q(kind=Licence.Kind.IDENTITY, state=LicenceState.REPLACED, entered_at__gt=at - BACK)
    rows = Licence.objects.filter(Q(state=LicenceState.ENDED) | changed, shop__isnull=False).order_by("pk")
    return listed((shop, f"{kind}: {state}") for shop, kind, state in rows.values_list("shop", "kind", "state"))


def phishing(at: datetime) -> Found:
    """Several buyers speak of false pages or false staff in their conversations with the shop."""
    said = Message.objects.filter(at__gt=at - BACK, author=F("order__buyer")).filter(text__iregex=PHISHING.pattern)
    numbers: dict[int, dict[int, str]] = defaultdict(dict)
    for shop, buyer, number in said.order_by("pk").values_list("order__shop", "author", "order__number"):
        numbers[shop][buyer] = number
    return {shop: sorted(found.values()) for shop, found in numbers.items() if len(found) >= PHISHED}


def outage_untold(at: datetime) -> Found:
    """A shop's supplier stayed silent again and again for a day, and nobody has reported an outage."""
    if Outage.objects.filter(scope=Outage.Scope.PLATFORM, settled_at=None).exists():
        return {}
    rows = (
        Exchange.objects.filter(at__gt=at - DAY, status=None, what__in=ASKED)
        .order_by()
        .values("ticket__unit__order__shop", "ticket__unit__order__shop__slug")
        .annotate(silences=Count("pk"))
        .filter(silences__gte=SILENCES)
    )
    told = set(
        Outage.objects.filter(Q(ended_at=None) | Q(ended_at__gt=at - DAY), scope=Outage.Scope.SHOP)
        .order_by()
        .values_list("target", flat=True)
    )
    suppliers = Outage.objects.filter(Q(ended_at=None) | Q(ended_at__gt=at - DAY), scope=Outage.Scope.SUPPLIER)
    named = {int(target) for target in suppliers.order_by().values_list("target", flat=True) if target.isdecimal()}
    covered = set(Shop.objects.filter(suppliers__in=named).order_by().values_list("pk", flat=True)) if named else set()
    return {
        row["ticket__unit__order__shop"]: [str(row["silences"])]
        for row in rows
        if row["ticket__unit__order__shop__slug"] not in told and row["ticket__unit__order__shop"] not in covered
    }


def unlicensed(at: datetime) -> Found:
    """A listing's own words say that what it sells is not licensed."""
    rows = Listing.objects.on_sale().order_by("pk")
    words = Q(title__iregex=UNLICENSED.pattern) | Q(description__iregex=UNLICENSED.pattern)
    return listed((shop, f"listing:{pk}") for shop, pk in rows.filter(words).values_list("shop", "pk"))


def minors(at: datetime) -> Found:
    """Many of its buyers turn out to be children."""
    return _share(at, "claims", "MINOR_PURCHASE", CHILDREN, CHILDREN_BP)


def chargebacks(at: datetime) -> Found:
    """Channels take back more of its sales than one in two hundred."""
    return _share(at, "outcomes", Refund.Outcome.EXTERNAL, TAKEN_BACK, TAKEN_BACK_BP)


def _share(at: datetime, measure: str, part: str, least: int, least_bp: int) -> Found:
    since, until = figures.window(at, BEFORE)
    found: dict[int, list[str]] = {}
    for shops in in_chunks():
        for pk, counts in figures.of_shops(shops, since=since, until=until).items():
            count, orders = counts.count(measure, part), counts.count("orders")
            if count >= least and count * 10_000 > least_bp * orders:
                found[pk] = [f"{count}/{orders}"]
    return found


def _months(at: datetime) -> Iterable[tuple[int, figures.Figures, figures.Figures]]:
    """Each shop's last month and the three months before it."""
    month, before = figures.window(at, MONTH), figures.window(at - timedelta(days=MONTH), BEFORE)
    for shops in in_chunks():
        now = figures.of_shops(shops, since=month[0], until=month[1])
        earlier = figures.of_shops(shops, since=before[0], until=before[1])
        for shop in shops:
            yield shop.pk, now[shop.pk], earlier[shop.pk]


def in_chunks() -> Iterable[list[Shop]]:
    """All shops, some hundreds at a time."""
    last = 0
    while shops := list(Shop.objects.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        last = shops[-1].pk
        yield shops


SELLERS: dict[str, Callable[[datetime], Found]] = {
    Name.USED_BEFORE_SALE: used_before_sale,
    Name.SAME_CODES: same_codes,
    Name.UNDER_MARKET: under_market,
    Name.CASH_OUT: cash_out,
    Name.NEW_PLACE: new_place,
    Name.SLOW_ANSWERS: slow_answers,
    Name.MORE_REISSUES: more_reissues,
    Name.SAME_REFUSAL: same_refusal,
    Name.PAPERS_OVER: papers_over,
    Name.PHISHING: phishing,
    Name.OUTAGE_UNTOLD: outage_untold,
    Name.UNLICENSED: unlicensed,
    Name.MINORS: minors,
    Name.CHARGEBACKS: chargebacks,
}

"""Every published figure on one screen: its name, its formula in words, and where it is computed.

The transparency center, the page of a shop's figures, the API and docs/figures.md are all written from this list, so
that none of them tells a figure that the others do not. Rule source: rules 5.11.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger.templatetags.money import yuan
from reputation.figures import FEWEST, FEWEST_OF_SHOP, Figures

#: bp: basis points; minutes: at most so many; hundredths: of a score from 1 to 5; in_10_000: codes.
Unit = Literal["bp", "minutes", "count", "fen", "hundredths", "in_10_000"]


@dataclass(frozen=True)
class Published:
    """One figure that everybody may read."""

    code: str
    group: str
    unit: Unit
    name: Promise
    formula: Promise
    #: The figure, or nothing where too few cases are behind it.
    of: Callable[[Figures], int | None]
    #: Whether it is told of single shops, too; what only the platform does is not theirs.
    is_of_shops: bool = True
    #: Whether a month has too few of them: then they are told of the last twelve.
    is_of_year: bool = False

    def says(self, found: Figures) -> str:
        """The figure in words; a dash where there are too few cases."""
        return say(self.of(found), self.unit)


GROUPS: dict[str, Promise] = {
    "answers": gettext_lazy("How soon somebody answers"),
    "deliveries": gettext_lazy("Deliveries"),
    "claims": gettext_lazy("Claims and refunds"),
    "disputes": gettext_lazy("Disputes"),
    "satisfaction": gettext_lazy("How both sides see it"),
    "fairness": gettext_lazy("Rules and measures"),
}

PUBLISHED: tuple[Published, ...] = (
    Published(
        "response_median",
        "answers",
        "minutes",
        gettext_lazy("First answer, median"),
        gettext_lazy("From a buyer's word to the first answer by the shop or the mall."),
        lambda found: found.response_median,
    ),
    Published(
        "response_p95",
        "answers",
        "minutes",
        gettext_lazy("First answer, 95 of 100 within"),
        gettext_lazy("From a buyer's word to the first answer by the shop or the mall."),
        lambda found: found.response_p95,
    ),
    Published(
        "ten_minutes",
        "answers",
        "bp",
        gettext_lazy("Answered within 10 minutes"),
        gettext_lazy("Words of buyers that were answered within ten minutes ÷ those that were answered."),
        lambda found: found.ten_minutes_bp,
    ),
    Published(
        "answered_on_time",
        "answers",
        "bp",
        gettext_lazy("Claims answered by shops in time"),
        gettext_lazy("Claims that the shop answered before its time was over ÷ claims that waited for its answer."),
        lambda found: found.answered_bp,
    ),
    Published(
        "urgent_started",
        "answers",
        "bp",
        gettext_lazy("Urgent disputes begun within 2 hours"),
        gettext_lazy("Urgent disputes that somebody began to hear within two hours ÷ urgent disputes begun."),
        lambda found: found.urgent_bp,
        is_of_shops=False,
    ),
    Published(
        "on_time",
        "deliveries",
        "bp",
        gettext_lazy("Delivered on time"),
        gettext_lazy("Units that came within the promise ÷ units that came or never will."),
        lambda found: found.on_time_bp,
    ),
    Published(
        "late",
        "deliveries",
        "bp",
        gettext_lazy("Delivered late or never"),
        gettext_lazy("Units that came after the promise, or never ÷ units that came or never will."),
        lambda found: found.late_bp,
    ),
    Published(
        "bad_codes",
        "deliveries",
        "in_10_000",
        gettext_lazy("Bad codes in 10,000"),
        gettext_lazy("Codes that their issuer or supplier says were bad, in 10,000 codes sold."),
        lambda found: found.bad_in_10_000,
    ),
    Published(
        "claims",
        "claims",
        "bp",
        gettext_lazy("Claims, of 100 orders"),
        gettext_lazy("Claims ÷ orders, for whatever reason and however they ended."),
        lambda found: found.claimed_bp,
    ),
    Published(
        "supply_side",
        "claims",
        "bp",
        gettext_lazy("Claims paid back, of 100 units, at the supply side's fault"),
        gettext_lazy("Units paid back by the shop's or its supplier's fault ÷ units sold."),
        lambda found: found.claim_bp,
    ),
    Published(
        "instant",
        "claims",
        "bp",
        gettext_lazy("Paid at once, of all that was paid back"),
        gettext_lazy("Cases that our records proved and that were paid at once ÷ cases paid back."),
        lambda found: found.instant_bp,
    ),
    Published(
        "instant_median",
        "claims",
        "minutes",
        gettext_lazy("Paid at once: median time to the money"),
        gettext_lazy("From filing to the money, of cases paid at once."),
        lambda found: found.instant_median,
    ),
    Published(
        "cycle_median",
        "claims",
        "minutes",
        gettext_lazy("From claim to money, median"),
        gettext_lazy("From filing to the money, of all cases paid back."),
        lambda found: found.cycle_median,
    ),
    Published(
        "cycle_p95",
        "claims",
        "minutes",
        gettext_lazy("From claim to money, 95 of 100 within"),
        gettext_lazy("From filing to the money, of all cases paid back."),
        lambda found: found.cycle_p95,
    ),
    Published(
        "by_machine",
        "claims",
        "bp",
        gettext_lazy("Ended by a machine or a clock"),
        gettext_lazy("Paid at once, by a clock, or a machine's no that was left at that ÷ cases that were decided."),
        lambda found: found.machine_bp,
    ),
    Published(
        "by_people",
        "claims",
        "bp",
        gettext_lazy("Ended by people"),
        gettext_lazy(
            "Agreed by the shop, by both sides, or decided by the platform's people ÷ cases that were decided."
        ),
        lambda found: found.people_bp,
    ),
    Published(
        "reversed",
        "claims",
        "bp",
        gettext_lazy("A machine's no, turned by a person"),
        gettext_lazy("A machine's no after which money went back ÷ a machine's no that is over."),
        lambda found: found.reversal_bp,
    ),
    Published(
        "repeated",
        "claims",
        "bp",
        gettext_lazy("Repeated claims"),
        gettext_lazy("Claims about an order that was claimed about before ÷ claims."),
        lambda found: found.repeat_bp,
    ),
    Published(
        "asked_once",
        "claims",
        "bp",
        gettext_lazy("Asked for evidence only once"),
        gettext_lazy("Sides that were asked for something once and not again ÷ sides that were asked for something."),
        lambda found: found.asked_once_bp,
    ),
    Published(
        "late_payments",
        "claims",
        "count",
        gettext_lazy("Payments that came late"),
        gettext_lazy("Times that the money of a decided case was not there in time."),
        lambda found: found.count("late_payments"),
        is_of_shops=False,
    ),
    Published(
        "deposits_drawn",
        "claims",
        "fen",
        gettext_lazy("Drawn from deposits"),
        gettext_lazy("What refunds and penalties took from deposits."),
        lambda found: found.drawn,
    ),
    Published(
        "escalated",
        "disputes",
        "bp",
        gettext_lazy("Claims that came to the platform"),
        gettext_lazy("Disputes ÷ claims."),
        lambda found: found.escalation_bp,
    ),
    Published(
        "buyers_won",
        "disputes",
        "bp",
        gettext_lazy("Decided for the buyer"),
        gettext_lazy("Disputes decided for the buyer ÷ disputes that somebody decided; agreements count for neither."),
        lambda found: found.won_bp,
    ),
    Published(
        "shops_lost",
        "disputes",
        "bp",
        gettext_lazy("Disputes lost by shops"),
        gettext_lazy("Disputes decided for the buyer ÷ all that ended; what was settled or conceded is nobody's loss."),
        lambda found: found.loss_bp,
    ),
    Published(
        "rulings_on_time",
        "disputes",
        "bp",
        gettext_lazy("Rulings on time"),
        gettext_lazy("Rulings before their time ran out ÷ rulings."),
        lambda found: found.ruling_on_time_bp,
        is_of_shops=False,
    ),
    Published(
        "appealed",
        "disputes",
        "bp",
        gettext_lazy("Rulings appealed"),
        gettext_lazy("Appeals ÷ rulings."),
        lambda found: found.appeal_bp,
    ),
    Published(
        "overturned",
        "disputes",
        "bp",
        gettext_lazy("Rulings changed on appeal"),
        gettext_lazy("Appeals in which the ruling was changed or sent back ÷ appeals that ended."),
        lambda found: found.overturn_bp,
    ),
    Published(
        "kappa",
        "disputes",
        "bp",
        gettext_lazy("Two people, one decision: kappa"),
        gettext_lazy("One ruling in twenty is decided again by somebody who does not see it: Cohen's kappa, aim 0.70."),
        lambda found: found.kappa_bp,
        is_of_shops=False,
        is_of_year=True,
    ),
    Published(
        "second_looks_agreed",
        "disputes",
        "bp",
        gettext_lazy("Two people, one decision: within a tenth"),
        gettext_lazy("Blind second looks that came to the same within a tenth of what was paid ÷ second looks."),
        lambda found: found.agreed_bp,
        is_of_shops=False,
        is_of_year=True,
    ),
    Published(
        "outside_answered",
        "disputes",
        "bp",
        gettext_lazy("Complaints from outside, answered in their time"),
        gettext_lazy("By 12315, WeChat Pay and Alipay: answered in time ÷ answered, or their time was over."),
        lambda found: found.outside_bp,
        is_of_shops=False,
    ),
    Published(
        "content_buyers",
        "satisfaction",
        "hundredths",
        gettext_lazy("Buyers, on how their case was handled"),
        gettext_lazy("The mean of 1 to 5, asked once after a case is over."),
        lambda found: found.content_buyers,
    ),
    Published(
        "content_shops",
        "satisfaction",
        "hundredths",
        gettext_lazy("Shops, on how their case was handled"),
        gettext_lazy("The mean of 1 to 5, asked once after a case is over."),
        lambda found: found.content_shops,
        is_of_shops=False,
    ),
    Published(
        "measures",
        "fairness",
        "count",
        gettext_lazy("Measures against accounts and shops"),
        gettext_lazy("Steps of the public ladders that were taken."),
        lambda found: few(found.count("measures") - found.count("measures", "lifted")),
        is_of_shops=False,
    ),
    Published(
        "measures_lifted",
        "fairness",
        "count",
        gettext_lazy("Measures taken back"),
        gettext_lazy("Of those, and of earlier ones, the ones that a person lifted."),
        lambda found: few(found.count("measures", "lifted")),
        is_of_shops=False,
    ),
)


def few(count: int) -> int | None:
    """A count of single people: none is good to know, a few are nobody's business."""
    return count if count == 0 or count >= FEWEST else None


def say(value: int | None, unit: Unit) -> str:
    """A figure in words; a dash where it is not told."""
    if value is None:
        return _("fewer than %(number)s") % {"number": FEWEST} if unit == "count" else "–"
    match unit:
        case "bp":
            sign = "−" if value < 0 else ""
            return f"{sign}{abs(value) // 100}.{abs(value) % 100:02} %"
        case "minutes":
            return say_minutes(value)
        case "fen":
            return str(yuan(value))
        case "hundredths":
            return _("%(score)s of 5") % {"score": f"{value // 100}.{value % 100:02}"}
        case _:
            return str(value)


def say_minutes(found: int | None) -> str:
    """An upper bound of minutes in words."""
    if found is None:
        return "–"
    if found < 120:
        return _("≤ %(number)s min") % {"number": found}
    if found < 2_880:
        return _("≤ %(number)s h") % {"number": found // 60}
    return _("≤ %(number)s days") % {"number": found // 1_440} if found < 43_201 else _("more than 30 days")


def by_group(lately: Figures, year: Figures) -> list[tuple[str, list[tuple[Published, str]]]]:
    """What the page of the mall tells: the name of each group, its figures, and what each says."""
    return [
        (
            str(name),
            [(each, each.says(year if each.is_of_year else lately)) for each in PUBLISHED if each.group == group],
        )
        for group, name in GROUPS.items()
    ]


def of_shop(found: Figures) -> list[tuple[Published, str]]:
    """What the page of a shop tells; nothing at all while it has sold too little."""
    if found.count("orders") < FEWEST_OF_SHOP:
        return []
    return [(each, each.says(found)) for each in PUBLISHED if each.is_of_shops]


def written() -> str:
    """docs/figures.md: every published figure with its formula, in English."""
    lines = [
        "# Published figures\n",
        "Written by `manage.py docs` from `reputation/published.py`; a test fails when this page is stale. Each is"
        " counted from the stream of events (decision 33) and told by the transparency center, by"
        " `GET /api/v1/transparency/` and, where it is of shops, by `/shops/<slug>/figures/` and"
        f" `GET /api/v1/shops/<slug>/figures/` from {FEWEST_OF_SHOP} orders on. A figure with fewer than {FEWEST}"
        " cases behind it is not told. Times are upper bounds in minutes, shares basis points, scores hundredths,"
        " sums fen.\n",
    ]
    with translation.override("en"):
        for group, name in GROUPS.items():
            lines += [f"## {name}\n", "| Figure | Code | Unit | Formula | Of shops |", "|---|---|---|---|---|"]
            lines += [_line(each) for each in PUBLISHED if each.group == group]
            lines.append("")
    lines += [
        "## Tables and sums\n",
        "Beside these: claims, how many in 1,000 orders and the share paid back by reason; endings; the time from claim"
        " to money by whose fault it was; where the money of refunds came from; decisions for the buyer by reason and"
        " by the buyer's level; complaints from outside by road; the guarantee fund with what came in and"
        " by which reason, what went out, what the mall put in of its own, its aim, its cover and every shortfall;"
        " deposits held; what is owed to the fund; versions of the rules with the days of notice; licences.\n",
    ]
    return "\n".join(lines)


def _line(each: Published) -> str:
    told = "yes" if each.is_of_shops else "no"
    return f"| {each.name} | `{each.code}` | {each.unit} | {each.formula} | {told} |"

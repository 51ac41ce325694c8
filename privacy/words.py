"""What stands in an answer to a request, in the language of whoever reads it."""

from datetime import date
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from privacy.models import Erasure

#: What a thing of an answer is, and why it has the fate it has.
ITEMS: dict[str, tuple[Promise, Promise]] = {
    "account": (_("Your account: nickname, password, second factors"), _("Nobody needs it any more.")),
    "devices": (_("Where you were signed in, and from which networks"), _("Nobody needs it any more.")),
    "drafts": (_("Claims that you began and did not file"), _("Nobody needs them any more.")),
    "links": (_("What could link your account to others"), _("Nobody needs it any more.")),
    "sales": (
        _("Your orders with what was said and given in them"),
        _("E-Commerce Law, article 31: three years from the end of each sale. Until then they are sealed and stored."),
    ),
    "mail": (
        _("Your mail address, as a party to contracts"),
        _("E-Commerce Law, article 31: sealed with your orders, and destroyed with them."),
    ),
    "ratings": (
        _("Ratings that you gave"),
        _("E-Commerce Law, article 39: ratings are not deleted. They no longer bear your name."),
    ),
    "measures": (
        _("Measures against the account, and appeals"),
        _("Proof for both sides; kept under a number, without your name."),
    ),
    "books": (
        _("Bookings: sums, times and numbers"),
        _("Accounting Law: books are kept. Without the account the number in them is nobody's."),
    ),
    "balance": (_("Money in your balance"), _("Withdraw it or spend it first: it is yours.")),
    "debt": (
        _("Owed to the guarantee fund"),
        _("Pay it, or settle it with finance; your wallet says how it came about."),
    ),
    "payouts": (_("Money that is on its way to you"), _("Wait until it has arrived.")),
    "orders": (_("Orders that are not over"), _("They end by themselves; then ask again.")),
    "cases": (_("Claims that are not decided"), _("They end by themselves; then ask again.")),
    "talks": (_("Talks with a person that are open"), _("Close them; then ask again.")),
    "shop": (
        _("A shop that you own"),
        _("Its buyers can still claim: close it, take the deposit back, and ask the support room."),
    ),
    "work": (_("You work for the mall"), _("A lead ends your role first.")),
    "hold": (_("A legal hold"), _("A court, an authority or a claim needs the records. Two people release it.")),
}
FATES: dict[str, tuple[Promise, str, str]] = {
    "erased": (_("Erased"), "circle-check", "green"),
    "stays": (_("Stays, sealed or nameless"), "vault", "brand"),
    "blocks": (_("In the way"), "octagon-alert", "amber"),
}


def rows(erasure: Erasure) -> list[dict[str, Any]]:
    """The answer as a page shows it."""
    return [row(item["what"], item["fate"], item["until"], item["number"]) for item in erasure.items]


def row(what: str, fate: str, until: str, number: int) -> dict[str, Any]:
    """One thing of an answer in words."""
    name, why = ITEMS[what]
    word, icon, tone = FATES[fate]
    return {
        "name": name,
        "why": why,
        "until": date.fromisoformat(until) if until else None,
        "number": number,
        "is_money": what in {"balance", "debt"},
        "badge": {"word": word, "icon": icon, "tone": tone},
    }

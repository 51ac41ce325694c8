"""Who answers for a shop before the law, and who is told: everybody in part, whoever bought there in full.

The law has a shop's licence shown to everybody (E-Commerce Law 15), and the real name, address and contact of a seller
told to a buyer who needs them (消保法 44). A person's own data is shown no further than that: strangers see a part, and
every look at the whole is on record; people of the mall say why first.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import unmasking
from shops import licences
from shops.hooks import bought_from
from shops.models import LegalParty, Licence, Particulars, Party, Shop
from shops.states import LicenceState
from timeline import events
from timeline.door import lock_root, require, verb


@dataclass(frozen=True)
class Words:
    """Who answers for a shop and how to reach them, in the clear or in part."""

    party: str
    name: str
    address: str
    email: str
    phone: str
    icp: str


def in_public(shop: Shop) -> dict[str, Any] | None:
    """What everybody reads: a company in full, a person in part; nothing of a shop of the first days."""
    found = of(shop)
    return None if found is None else asdict(masked(found))


def of(shop: Shop) -> Particulars | None:
    """Who answers for an open shop; nothing of a shop of the first days."""
    return Particulars.objects.filter(shop=shop).first()


def masked(found: LegalParty) -> Words:
    """What may be read without a look on record: a company in full but for its telephone, a person in part."""
    is_person = found.party == Party.PERSON
    return Words(
        party=str(Party(found.party).label),
        name=hidden(found.legal_name, 1) if is_person else found.legal_name,
        address=hidden(found.legal_address, 3) if is_person else found.legal_address,
        email=hidden_email(found.contact_email) if is_person else found.contact_email,
        phone=hidden_phone(found.contact_phone),
        icp=found.icp,
    )


def whole(found: LegalParty) -> Words:
    """All of it, for whoever applied, or after a look was kept on record."""
    return Words(
        party=str(Party(found.party).label),
        name=found.legal_name,
        address=found.legal_address,
        email=found.contact_email,
        phone=found.contact_phone,
        icp=found.icp,
    )


def licences_in_public(shop: Shop) -> list[dict[str, Any]]:
    """Papers that everybody may read of: kind, number, issuer, last day. Of identity cards nothing."""
    counting = shop.licences.filter(state__in=[LicenceState.VALID, LicenceState.LASTING, LicenceState.ENDED])
    return [
        {
            "kind": Licence.Kind(each.kind).label,
            "number": licences.number_of(each),
            "issuer": each.issuer,
            "valid_until": each.valid_until,
            "is_over": each.state == LicenceState.ENDED,
        }
        for each in counting.exclude(kind=Licence.Kind.IDENTITY).order_by("kind")
    ]


def may_read(shop: Shop, user: Any) -> bool:
    """Whether `user` is told everything: whoever bought there, the shop itself, and people of the mall."""
    if not user.is_authenticated:
        return False
    return shop.is_worked_in_by(user) or user.is_mall_staff or bought_from(shop, user)


def is_asked_why(shop: Shop, user: Any) -> bool:
    """Whether `user` is told everything only with a reason: people of the mall who neither work nor bought there."""
    return bool(user.is_mall_staff) and not shop.is_worked_in_by(user) and not bought_from(shop, user)


@verb
def show(shop: Shop, *, by: Any, at: datetime, reason: str = "") -> Particulars:
    """Somebody reads everything they need for legal steps; that they did is on record, and why if they are of the mall.

    Raises `Particulars.DoesNotExist`. Refused: `not_a_buyer`, `reason_missing`.
    """
    lock_root(shop)
    require(may_read(shop, by), "not_a_buyer", _("Whoever bought here is told everything; others see a part."))
    found = Particulars.objects.get(shop=shop)
    if is_asked_why(shop, by):
        keep_look(shop, reason=reason, by=by, at=at)
    events.record(root=shop.address, subject=shop.address, name="shop.contact_shown", by=by, at=at)
    return found


def keep_look(shop: Shop, *, reason: str, by: Any, at: datetime) -> None:
    """Keep on record, for whoever owns the shop, that somebody of the mall looked at who is behind it.

    Part of a verb that has locked the shop. Refused: `reason_missing`.
    """
    people = [shop.owner_id]
    unmasking.unmask(people, what=unmasking.What.IDENTITY, subject=shop.address, reason=reason, by=by, at=at)


def hidden(text: str, seen: int) -> str:
    """The first signs of a text, the rest as dots: `张••`."""
    return text[:seen] + "•" * min(6, max(0, len(text) - seen))


def hidden_phone(number: str) -> str:
    """A telephone number as strangers see it: `138••••1234`."""
    return number if len(number) < 8 else number[:3] + "•" * (len(number) - 7) + number[-4:]


def hidden_email(address: str) -> str:
    """An e-mail address as strangers see it: `l•••@mingyue.example`."""
    name, at, place = address.partition("@")
    return f"{name[:1]}•••{at}{place}" if at else address

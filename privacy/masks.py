"""Who sees what of a person: field by role, in the clear, masked, or opened with a reason that is kept and told.

Data that docs/privacy.md shows; a test fetches every page and every answer of the API that each role may read and looks
for the planted values, so that the table says what is so and not what should be. Rule source: PIPL 6, 51.
"""

from dataclasses import dataclass

#: Whose eyes: the columns, by the words of docs/permissions.md.
EYES = {
    "owner": "the shop that sold it",
    "support": "serves buyers in that shop",
    "bookkeeper": "works with that shop's money",
    "other_shop": "another shop",
    "agent": "assists",
    "arbiter": "rules in the case",
    "senior": "signs rulings",
    "lead": "leads",
    "finance": "money",
    "risk": "risk",
    "auditor": "looks on",
}


@dataclass(frozen=True)
class Mask:
    """A field of a person: who reads it in the clear, who opens it with a reason, and how; for all others it is masked
    or not there. What was opened is one row (`accounts.Unmasking`) that whom it is about reads."""

    name: str
    what: str
    clear: frozenset[str] = frozenset()
    with_reason: frozenset[str] = frozenset()
    how: str = ""

    def of(self, who: str) -> str:
        """What somebody gets."""
        return "clear" if who in self.clear else "with a reason" if who in self.with_reason else "masked"


MASKS = [
    Mask("mail", "a buyer's mail address", with_reason=frozenset({"lead", "risk"}), how="`privacy.looks.mail_of`"),
    Mask(
        "network",
        "from which network a buyer came, and the sides' names on the bench",
        with_reason=frozenset({"agent", "arbiter", "senior", "lead", "finance", "risk", "auditor"}),
        how="`disputes.lifecycle.unmask`, after the file of this case was opened, which is an event, too",
    ),
    Mask(
        "given",
        "the account that a buyer gave for a delivery",
        with_reason=frozenset({"owner", "support"}),
        how="`orders.fulfilment.given.open_for_delivery`, while it is awaited; the delivery is the reason",
    ),
    Mask("device", "from where a buyer is signed in", how="nobody but themselves"),
    Mask(
        "identity",
        "the number of an applicant's identity paper",
        with_reason=frozenset({"lead", "risk"}),
        how="`shops.identities.open_application`, and `open_shop` once the shop is open; the papers' files, too",
    ),
    Mask(
        "phone",
        "the telephone of whoever answers for a shop",
        with_reason=frozenset({"agent", "arbiter", "senior", "lead", "finance", "risk", "auditor"}),
        how="`shops.particulars.show`; of an application `shops.identities.open_application`, by leads and risk alone;"
        " a buyer is told for legal action (`shops.contact`), and that they were told is an event",
    ),
    Mask(
        "payee",
        "the account outside to which a shop's money goes",
        how="its last four signs are shown to those who work with the shop's money",
    ),
]


def written() -> list[str]:
    """The table of docs/privacy.md."""
    return [
        "## Who sees what",
        "",
        "Of others, on pages and by the API; a test (tests/privacy/test_masks.py) plants a value in each field, reads"
        " every page and every answer that each role may read, and compares. `masked`: hidden in part, or not there.",
        "",
        f"| Field | {' | '.join(EYES)} | How |",
        f"|---|{'---|' * len(EYES)}---|",
        *(f"| {mask.what} | {' | '.join(mask.of(who) for who in EYES)} | {mask.how} |" for mask in MASKS),
        "",
    ]

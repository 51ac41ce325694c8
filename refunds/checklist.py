"""What is still needed for a claim and only the buyer can give: one list for the page and for the API.

Nothing of it has to be given. What our own records prove is asked of nobody, whatever their score.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from refunds import reasons, stated
from refunds.triage import Preview
from rulebook.book import Book
from rulebook.calculator import QUESTIONS
from rulebook.words import NOTHING, REASONS


@dataclass(frozen=True)
class Need:
    """One thing that is asked for: where it goes in what is filed, what it is, and whether it is there."""

    goes_to: str
    label: str | Promise
    is_there: bool


def needs(found: Preview, kind: str, book: Book, *, has_words: bool = False, has_files: bool = False) -> list[Need]:
    """What is asked of the buyer for a claim over goods of `kind`: facts, the other system's error, the day, proof.

    From a score of 40 on a file is asked for where words are enough for others, or where nothing is asked of them
    (rules 6.4). Whether it comes changes neither a sum nor what silence does.
    """
    reason, told = found.reason, found.told
    asked = stated.questions(reason, kind, (part.known for part in found.parts), book)
    rows = [Need(f"facts.{name}", QUESTIONS[name].label, name in told.facts) for name in asked]
    if stated.needs_error_code(reason) and not found.is_proven:
        rows.append(Need("error_code", _("Error code or message, word by word"), bool(told.error_code)))
    if reason in reasons.HAPPENS:
        rows.append(Need("happened_on", _("When did it happen?"), told.happened_on is not None))
    if not found.is_proven and str(REASONS[reason].buyer) != str(NOTHING):
        rows.append(Need("text", REASONS[reason].buyer, has_files or has_words))
    if found.asks_evidence:
        rows.append(Need("attachments", _("A picture or another file that shows it"), has_files))
    return rows

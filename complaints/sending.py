"""Our words on their way outside, and the outside's news that did not come: run by a worker, outside of transactions.

Before a word is sent again the desk is asked whether it has it: whoever complained reads nothing twice.
"""

import logging
from datetime import datetime, timedelta

from django.db import IntegrityError

from complaints import lifecycle, outside
from complaints.models import Complaint, Word
from ledger.gateways import ChannelDown, ChannelRefused, UnknownChannel
from timeline.door import change, lock, note, verb
from timeline.refusals import Refused

log = logging.getLogger(__name__)

#: How long before each further try; after the last of them a person looks.
BACK_OFF = [timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6)]
#: A worker that was killed between claiming and telling leaves its word to others after this.
LEASE = timedelta(minutes=2)


def run(*, at: datetime, most: int = 50) -> int:
    """Send what is due, each word on its own; returns how many arrived. One that fails never blocks the rest."""
    arrived = 0
    due = Word.objects.filter(next_try_at__lte=at).order_by("next_try_at", "pk")
    for pk in list(due.values_list("pk", flat=True)[:most]):
        mine = Word.objects.filter(pk=pk, next_try_at__lte=at).update(next_try_at=at + LEASE)
        if not mine:
            continue
        word = Word.objects.select_related("complaint").get(pk=pk)
        if _before_it_is_unsent(word):
            continue
        try:
            _deliver(word, at=at)
        except (ChannelDown, UnknownChannel) as error:
            _not_sent(word, str(error), is_final=word.tries >= len(BACK_OFF), at=at)
        except ChannelRefused as refusal:
            _not_sent(word, str(refusal), is_final=True, at=at)
        else:
            sent(word, at=at)
            arrived += 1
    return arrived


def ask_what_is_new(*, at: datetime) -> int:
    """Ask each desk for complaints whose notice never came, and for what became of the open ones; returns how many."""
    heard = 0
    for source in outside.open_desks():
        try:
            desk = outside.find(source)
            known = Complaint.objects.filter(source=source)
            over = set(known.filter(closed_at__isnull=False).values_list("outside_number", flat=True).order_by("pk"))
            over -= set(known.open().values_list("outside_number", flat=True).order_by("pk"))
            for number in desk.lately():
                told = None if number in over else desk.find(number, at=at)
                if told is not None:
                    lifecycle.hear(told, at=at)
                    heard += 1
        except (ChannelDown, ChannelRefused, UnknownChannel, Refused, IntegrityError) as error:
            log.warning("the desk of %s was not heard: %s", source, error)
    return heard


def follow(*, at: datetime) -> None:
    """What became of the sales that complaints are about."""
    for complaint in Complaint.objects.waiting().filter(order__isnull=False):
        try:
            lifecycle.follow(complaint, at=at)
        except Refused as refused:
            log.warning("complaint %s: %s", complaint.number, refused)


def _before_it_is_unsent(word: Word) -> bool:
    """Whether something that was said earlier is still on its way: words arrive in their order."""
    return word.complaint.words.filter(pk__lt=word.pk, next_try_at__isnull=False).exists()


def _deliver(word: Word, *, at: datetime) -> None:
    complaint = word.complaint
    desk = outside.find(complaint.source)
    if word.tries:
        known = desk.find(complaint.outside_number, at=at)
        if (
            known is not None
            and word.number in known.said
            and (word.kind == Word.Kind.WORD or known.stage != "waiting")
        ):
            return
    if word.kind == Word.Kind.RESULT:
        desk.finish(complaint.outside_number, outcome=word.outcome, amount=word.amount, text=word.text, key=word.number)
    else:
        desk.say(complaint.outside_number, word.text, key=word.number)


@verb
def sent(word: Word, *, at: datetime) -> None:
    """The outside has it."""
    lock(word.complaint)
    change(word, sent_at=at, next_try_at=None, tries=word.tries + 1, error="")
    note(word.complaint, "complaint.word_sent", by=None, at=at, data={"word": word.number})


@verb
def _not_sent(word: Word, why: str, *, is_final: bool, at: datetime) -> None:
    lock(word.complaint)
    wait = None if is_final else at + BACK_OFF[min(word.tries, len(BACK_OFF) - 1)]
    change(word, tries=word.tries + 1, next_try_at=wait, error=why[:200])
    if is_final:
        note(word.complaint, "complaint.not_taken", by=None, at=at, data={"word": word.number, "error": why[:200]})

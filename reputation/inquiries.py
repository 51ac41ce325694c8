"""Codes under an alarm that people have seen are asked about at their supplier: plan · take on · begin · ask · hear.

Whoever sold the code to the shop knows whether it was redeemed, and when. The question goes out by the supplier's own
signed protocol, outside of every transaction, ever more seldom until there is an answer or the alarm is over. What was
meant to be asked is on record before it is asked; the code is opened for the question alone, and stands in no log, no
task and no archive. What they say is verified: it is kept as the order's own record of a redemption and of a bad code,
where the rules read it. Rule source: rules 5.3, 6.4.
"""

import json
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from django.db.models import F
from django.views.decorators.debug import sensitive_variables

from orders import delivery
from orders.fulfilment.connections import CodeSaid, NoSuchSupplier, SupplierDown, find
from orders.fulfilment.given import masked
from orders.models import Reveal, Unit
from orders.states import Delivery
from reputation.models import Alarm, AlarmUnit, Inquiry, InquiryWord
from shops import suppliers, vault
from shops.lines import BETWEEN
from shops.models import Supplier
from timeline.door import change, lock, lock_root, note, verb
from timeline.models import Event

log = logging.getLogger(__name__)

Finding = Inquiry.Finding
#: Units of which somebody has seen the code; what nobody saw was redeemed by nobody here.
SEEN = (Delivery.REVEALED, Delivery.USED, Delivery.PARTIAL)
#: A question that one worker has taken on is left alone by the others for so long.
LEASE = timedelta(seconds=60)
#: Waiting between two questions grows to this.
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(hours=1)
#: Clocks of two houses differ by so much.
SLACK = timedelta(minutes=5)
#: So many letters and figures of a code make it out in an answer that writes it in another way; fewer are anything.
RECOGNIZED = 4


def plan(alarm: Alarm, *, at: datetime) -> int:
    """Note down which codes of an open alarm are to be asked about; returns how many. Again changes nothing.

    Only where the mall is connected to the batch's supplier, and where nobody has put an answer on record by hand. A
    unit that was delivered anew has a code of another batch by now: that one is nobody's to ask about here.
    """
    supplier: Supplier | None = alarm.batch.supplier
    if supplier is None or supplier.gateway not in suppliers.connections():
        return 0
    listed = AlarmUnit.objects.filter(
        alarm=alarm,
        inquiry=None,
        is_valid=None,
        unit__delivery__in=SEEN,
        unit__card__batch=alarm.batch_id,
        unit__card__revealed_at__isnull=False,
    )
    rows = [
        Inquiry(
            listed=each,
            card_id=each.unit.card_id,
            gateway=supplier.gateway,
            number=f"{alarm.number}-{each.pk}",
            made_at=at,
            next_try_at=at,
        )
        for each in listed.select_related("unit").order_by("pk")
        if each.unit.card_id is not None
    ]
    Inquiry.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def run(*, now: Callable[[], datetime], most: int = 200) -> int:
    """Ask about everything that is due, each on its own; one that fails does not hold up the others. Says how many.

    A supplier may take seconds for each: what time it is, is asked anew before each question, so that a lease begins
    when it is taken, and an answer is held against the moment in which it came.
    """
    at = now()
    due = Inquiry.objects.filter(ended_at=None, next_try_at__lte=at).order_by("next_try_at", "pk")
    done = 0
    for pk in list(due.values_list("pk", flat=True)[:most]):
        try:
            at = now()
            done += go(pk, at=at)
        except vault.VaultClosed:
            return done  # the vault has said so in the log; what was taken on comes again after its lease
        except Exception:
            log.exception("inquiry %s could not be seen to", pk)
            waiting = Inquiry.objects.filter(pk=pk, ended_at=None)
            waiting.update(tries=F("tries") + 1, next_try_at=at + LONGEST_WAIT)  # its code is not opened every minute
    return done


def go(pk: int, *, at: datetime) -> bool:
    """Ask about one code, once. Whether there was anything to ask."""
    inquiry = take_on(pk, at=at)
    if inquiry is None or not begin(inquiry, at=at):
        return False
    word = InquiryWord(inquiry=inquiry, at=at)
    try:
        said = _ask(inquiry)
    except (SupplierDown, NoSuchSupplier) as error:
        word.answer = type(error).__name__
        hear_nothing(inquiry, at=at, word=word)
        return True
    except vault.SealBroken as error:
        word.answer = type(error).__name__
        give_up(inquiry, at=at, word=word)
        return True
    word.status, word.answer = said.status, said.words
    if said.redeemed_at is not None and said.redeemed_at > at + SLACK:
        hear_nothing(inquiry, at=at, word=word)  # whoever speaks of times to come is not believed
        return True
    hear(inquiry, said, at=at, word=word)
    return True


def take_on(pk: int, *, at: datetime) -> Inquiry | None:
    """One worker takes a question on; nothing if another was faster. A lease only keeps others away."""
    if not Inquiry.objects.filter(pk=pk, ended_at=None, next_try_at__lte=at).update(next_try_at=at + LEASE):
        return None
    return Inquiry.objects.select_related("listed__alarm__shop", "listed__unit__order", "card__data_key").get(pk=pk)


@verb
def begin(inquiry: Inquiry, *, at: datetime) -> bool:
    """Whether to ask now; once the alarm is over, nobody asks. That a code is opened is on record before it is."""
    alarm, unit = inquiry.listed.alarm, inquiry.listed.unit
    lock(alarm)
    inquiry.refresh_from_db(fields=["ended_at", "asked_at"])
    if not inquiry.is_open:
        return False
    if not alarm.is_open():
        change(inquiry, finding=Finding.SILENT, ended_at=at, next_try_at=None)
        return False
    if inquiry.asked_at is None:
        lock_root(unit.order)
        change(inquiry, asked_at=at)
        data = {"unit": unit.place, "alarm": alarm.number, "number": inquiry.number}
        note(unit.order, "order.code_asked_upstream", by=None, at=at, data=data)
    return True


@sensitive_variables()
def _ask(inquiry: Inquiry) -> CodeSaid:
    """Open the code, ask, and forget it; should the answer repeat it, it is masked before anybody keeps it.

    A number of theirs that is the code, or a part of it, is not kept at all: numbers stand in events.
    """
    supplier = find(inquiry.gateway)  # whom nobody can ask, no code is opened for
    code = vault.open_card(inquiry.card)
    said = supplier.look_up(inquiry.number, code=code)
    words, reference = _plain(said.words), said.reference
    for part in (code, *code.split(BETWEEN)):
        words = words.replace(part, masked(part)) if part else words
        signs = [re.escape(sign) for sign in part if sign.isalnum()]
        if len(signs) >= RECOGNIZED:
            again = re.compile(r"[\W_]*".join(signs), re.IGNORECASE)  # in other letters, with or without dashes
            words = again.sub(masked(part).replace("\\", r"\\"), words)
            reference = "" if again.search(reference) else reference
    return CodeSaid(said.state, said.status, words[:4000], said.redeemed_at, reference)


def _plain(words: str) -> str:
    """An answer without the other ways in which JSON writes a sign, and without what no text of ours can hold."""
    with suppress(ValueError, RecursionError):  # what is no JSON is kept as it came
        words = json.dumps(json.loads(words), ensure_ascii=False)
    return words.encode(errors="replace").decode().replace("\x00", "")


@verb
def hear(inquiry: Inquiry, said: CodeSaid, *, at: datetime, word: InquiryWord) -> None:
    """They answered: it is kept with the code's unit, as our record from now on. The first answer counts."""
    listed = inquiry.listed
    lock(listed.alarm)
    word.save(force_insert=True)
    inquiry.refresh_from_db(fields=["ended_at"])
    if not inquiry.is_open:
        return
    finding = _finding(inquiry, said)
    change(
        inquiry,
        finding=finding,
        redeemed_at=said.redeemed_at,
        reference=said.reference,
        ended_at=at,
        next_try_at=None,
    )
    is_bad = finding in {Finding.BEFORE, Finding.VOID}
    if is_bad:
        change(listed, is_valid=False)
    unit = listed.unit
    unit.refresh_from_db(fields=["card"])
    if unit.card_id != inquiry.card_id:
        return  # the unit has another code by now; of that one nothing was said
    source = f"{inquiry.gateway} · {listed.alarm.number}"[:80]
    reference = said.reference or inquiry.number
    if said.redeemed_at is not None:
        delivery.record_redemption(unit, source=source, redeemed_at=said.redeemed_at, reference=reference, at=at)
    if is_bad:
        delivery.record_validity(unit, is_valid=False, source=source, reference=reference, at=at)


@verb
def hear_nothing(inquiry: Inquiry, *, at: datetime, word: InquiryWord) -> None:
    """They did not answer, or not understandably: they are asked again, ever more seldom."""
    lock(inquiry.listed.alarm)
    word.save(force_insert=True)
    inquiry.refresh_from_db(fields=["ended_at", "tries"])
    if inquiry.is_open:
        wait = min(FIRST_WAIT * 2 ** min(inquiry.tries, 12), LONGEST_WAIT)
        change(inquiry, tries=inquiry.tries + 1, next_try_at=at + wait)


@verb
def give_up(inquiry: Inquiry, *, at: datetime, word: InquiryWord) -> None:
    """The code cannot be opened any more: there is nothing to ask."""
    lock(inquiry.listed.alarm)
    word.save(force_insert=True)
    inquiry.refresh_from_db(fields=["ended_at"])
    if inquiry.is_open:
        change(inquiry, finding=Finding.SILENT, ended_at=at, next_try_at=None)


def _finding(inquiry: Inquiry, said: CodeSaid) -> str:
    """Read against the moment in which its holder first saw the code, as the rules do (`orders.facts`)."""
    if said.redeemed_at is None:
        return {"unused": Finding.UNUSED, "void": Finding.VOID}.get(said.state, Finding.UNKNOWN)
    seen_at = _seen_at(inquiry.listed.unit)
    return Finding.BEFORE if seen_at is None or said.redeemed_at < seen_at else Finding.AFTER


def _seen_at(unit: Unit) -> datetime | None:
    """When its holder first saw the code; a look at which the vault stayed shut showed nothing."""
    if unit.delivered_at is None:
        return None
    told = Event.objects.filter(root=unit.order.address, name="order.code_not_shown").order_by("seq")
    in_vain = [event.at for event in told if event.data["unit"] == unit.place]
    looks = Reveal.objects.filter(unit=unit, at__gte=unit.delivered_at).exclude(at__in=in_vain)
    return looks.order_by("at").values_list("at", flat=True).first()

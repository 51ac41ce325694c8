"""Files and pasted lists of codes: sealed the moment they arrive, read in the background, reported line by line.

The text never leaves this process in the clear: it lies sealed in its own row until it is read, and then not at all. A
worker gets a number, not a line.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from shops import lines, stock, vault
from shops.models import Form, Intake, Listing
from timeline.door import lock, note, require

#: Bytes of one file; lines of one file; lines that are judged in one transaction; files of a shop that wait.
BIGGEST, MOST_LINES, AT_ONCE, MOST_WAITING = 2_000_000, 10_000, 500, 5

#: What the shop writes itself.
CHECKED = {"form", "note"}

#: What is said of a line that was not taken; never a piece of the line itself.
REASONS: dict[str, str | Promise] = {
    "known": _("Your shop has or has sold this code already."),
    "repeated": _("The same code stands above."),
    "malformed": _("It does not have the parts that were chosen."),
    "formula": _("It begins like a formula of a spreadsheet."),
    "bad_date": _(
        "The last good day cannot be read; write 2027-01-31. Is it a password? Choose the form with two parts."
    ),
    "expired": _("It ends too soon to be sold."),
    "too_long": _("It is too long: a code has at most 200 characters."),
    "not_visible": _("It holds characters that cannot be seen."),
}

#: What a line may look like, by form, for whoever writes the file.
SHAPES: dict[str, str] = {
    Form.CODE: "XXXX-XXXX-0001",
    Form.CODE_PIN: "XXXX0001----123456",
    Form.ACCOUNT: "user0001----password",
}


@sensitive_variables()
@transaction.atomic
def send_in(
    listing: Listing,
    content: bytes,
    *,
    name: str = "",
    origin: stock.Origin | None = None,
    remark: str = "",
    by: Any,
    at: datetime,
) -> Intake:
    """The shop sends in a file or a pasted list: sealed, and read soon. The same bytes again give the first intake.

    Refused: `not_your_turn`, `no_codes`, `wrong_moment`, `too_many_waiting`, `vault_closed`; a file that is empty or
    too large, or an origin that cannot be, is a `ValidationError`.
    """
    lock(listing)
    stock.require_fillable(listing, by)
    origin = origin or stock.Origin()
    if not content.strip():
        raise ValidationError({"codes": ValidationError(_("There is no code in it."), code="empty")})
    if len(content) > BIGGEST:
        raise ValidationError(
            {"codes": ValidationError(_("The file is larger than 2 MB. Split it."), code="too_large")}
        )
    before = Intake.objects.filter(listing=listing, digest=vault.digest(content)).select_related("shop").first()
    if before is not None:
        return before
    waiting = Intake.objects.filter(shop=listing.shop, finished_at=None).count()
    require(waiting < MOST_WAITING, "too_many_waiting", _("Several files are still being read. Wait for them first."))
    stock.require_sound(listing, origin, at=at)
    intake = Intake(
        listing=listing,
        shop=listing.shop,
        added_by=by,
        added_at=at,
        name="".join(sign for sign in name if sign.isprintable())[-120:],
        digest=vault.digest(content),
        form=origin.form,
        supplier=origin.supplier,
        unit_cost=origin.unit_cost,
        purchased_on=origin.purchased_on,
        expires_at=origin.expires_at,
        note=remark.strip(),
    )
    vault.seal_text(intake, content, at=at)
    intake.full_clean(
        exclude={
            "listing",
            "shop",
            "batch",
            "added_by",
            "supplier",
            "data_key",
            "sealed",
            "nonce",
            "digest",
            "problems",
        }
        | {"unit_cost", "purchased_on", "expires_at", "finished_at"}
    )
    intake.save(force_insert=True)
    note(listing, "listing.codes_sent_in", by=by, at=at, data={"intake": intake.pk, "bytes": len(content)})
    return intake


def waiting() -> list[int]:
    """The numbers of what is still to be read, oldest first."""
    return list(Intake.objects.filter(finished_at=None).order_by("pk").values_list("pk", flat=True)[:100])


@sensitive_variables()
@transaction.atomic
def read_on(number: int, *, at: datetime) -> bool:
    """Judge the next lines of an intake; whether there are more.

    Each call is a transaction of its own, so that a crash loses nothing and repeats nothing. Somebody else who reads
    the same intake at this moment goes on with it alone.
    """
    open_ones = Intake.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
    intake = open_ones.select_related("data_key", "listing__shop").filter(pk=number, finished_at=None).first()
    if intake is None:
        return False
    listing = intake.listing
    lock(listing)
    if listing.is_over:
        _fail(intake, Intake.Failure.CLOSED, at=at)
        return False
    try:
        text, intake.encoding = lines.decoded(vault.open_text(intake))
    except (lines.Unreadable, vault.SealBroken):
        _fail(intake, Intake.Failure.UNREADABLE, at=at)
        return False
    judged = lines.judged(text, form=intake.form, identity=vault.fingerprint)
    if not judged or len(judged) > MOST_LINES:
        _fail(intake, Intake.Failure.TOO_MANY if judged else Intake.Failure.EMPTY, at=at)
        return False
    intake.lines = len(judged)
    _take(intake, judged[intake.done : intake.done + AT_ONCE], at=at)
    intake.done = min(intake.done + AT_ONCE, intake.lines)
    if intake.done == intake.lines:
        _finish(intake, at=at)
    intake.save(
        update_fields=["encoding", "lines", "done", "accepted", "problems", "batch", "sealed", "nonce", "finished_at"]
    )
    return intake.done < intake.lines


def report(intake: Intake) -> list[tuple[int, str, str | Promise]]:
    """What was not taken: line, reason as a word, reason as a sentence. Nothing in it comes out of the file."""
    return [(place, reason, REASONS[reason]) for place, reason in intake.problems]


def summary(intake: Intake) -> list[tuple[str, int]]:
    """How often each reason stands in the report, the most frequent first."""
    return Counter(reason for _place, reason in intake.problems).most_common()


@sensitive_variables()
def _take(intake: Intake, part: Sequence[lines.Line], *, at: datetime) -> None:
    """Put the good lines of a part on the shelf, and note what is wrong with the others."""
    listing, good, ends = intake.listing, [], []
    for line in part:
        until = stock.end_of(line.last_day) if line.last_day else intake.expires_at
        if line.problem:
            intake.problems.append([line.place, line.problem])
        elif until is not None and stock.sell_by(listing, until) <= at:
            intake.problems.append([line.place, "expired"])
        else:
            good.append(line)
            ends.append(until)
    cards = vault.seal(listing, [line.code for line in good], at=at) if good else []
    met = stock.meet(listing, cards)
    own = set(met.own)
    intake.problems += [[good[place].place, "known"] for place in sorted(own)]
    intake.problems.sort()
    kept = [place for place in range(len(good)) if place not in own]
    if not kept:
        return
    moved = {old: new for new, old in enumerate(kept)}
    elsewhere = [(moved[place], card, shop) for place, card, shop in met.elsewhere if place in moved]
    is_new = intake.batch is None
    if intake.batch is None:
        origin = stock.Origin(intake.supplier, intake.unit_cost, intake.purchased_on, intake.expires_at, intake.form)
        intake.batch = stock.batch_of(listing, origin, note=intake.note, size=len(kept), by=intake.added_by, at=at)
        intake.batch.save(force_insert=True)
    else:
        intake.batch.size += len(kept)
        intake.batch.save(update_fields=["size"])
    chosen = [cards[place] for place in kept]
    stock.shelve(
        listing, intake.batch, chosen, stock.Places([], elsewhere), at=at, until=[ends[place] for place in kept]
    )
    intake.accepted += len(kept)
    if is_new:
        data = {"batch": intake.batch.pk, "size": len(kept), "intake": intake.pk}
        note(listing, "listing.stocked", by=intake.added_by, at=at, data=data)


def _finish(intake: Intake, *, at: datetime) -> None:
    """Everything was judged: what was sent in is forgotten, the report stays."""
    intake.sealed = intake.nonce = b""
    intake.finished_at = at
    data = {
        "intake": intake.pk,
        "batch": intake.batch_id or 0,
        "lines": intake.lines,
        "accepted": intake.accepted,
        "failure": intake.failure,
    }
    note(intake.listing, "listing.codes_read", by=None, at=at, data=data)


def _fail(intake: Intake, failure: str, *, at: datetime) -> None:
    """The whole file cannot be taken."""
    intake.failure = failure
    _finish(intake, at=at)
    intake.save(update_fields=["failure", "sealed", "nonce", "finished_at"])

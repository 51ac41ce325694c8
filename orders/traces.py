"""What pictures say of themselves, for the staff alone: when and with what they were taken, and what they look like.

These are signals to look closer, never a verdict: clocks of cameras are wrong, screenshots say nothing, and the same
error message looks alike on many screens.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from orders.models import Attachment, Trace
from timeline.spans import SHANGHAI

#: Two likenesses are near each other if they differ in so many of 64 bits at most.
NEAR = 3
#: A likeness is looked up by four parts of 16 bits: what differs in three bits is the same in one of them at least.
BANDS = 4


def keep(attachment: Attachment, told: Mapping[str, str]) -> Trace:
    """Store what a picture said when it was drawn anew."""
    likeness = told.get("likeness", "")
    return Trace.objects.create(
        attachment=attachment,
        taken=told.get("taken", ""),
        taken_at=read_time(told.get("taken", ""), told.get("zone", "")),
        software=told.get("software", ""),
        camera=told.get("camera", ""),
        likeness=likeness,
        bands=bands_of(likeness),
    )


def read_time(text: str, zone: str = "") -> datetime | None:
    """When a picture was taken, as cameras write it (`2026:11:22 10:20:30`); without a zone in the mall's."""
    try:
        if zone:
            return datetime.strptime(f"{text} {zone.replace(':', '')}", "%Y:%m:%d %H:%M:%S %z")
        return datetime.strptime(text, "%Y:%m:%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    except ValueError:
        return None


def bands_of(likeness: str) -> list[int]:
    """The four parts of a likeness, each with its place, so that they can be looked up; nothing for a flat picture."""
    if len(likeness) != 16 or len(set(likeness)) == 1:
        return []
    return [place << 16 | int(likeness[place * 4 : place * 4 + 4], 16) for place in range(BANDS)]


def distance(one: str, other: str) -> int:
    """In how many bits two likenesses differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def alike(wanted: Iterable[Trace], *, most: int = 200) -> list[tuple[Trace, Trace]]:
    """Pairs of a picture of `wanted` and one of another order that looks the same; the newest first, in one query."""
    mine = [trace for trace in wanted if trace.bands]
    if not mine:
        return []
    orders = {trace.attachment.order_id for trace in mine}
    bands = sorted({band for trace in mine for band in trace.bands})
    others = Trace.objects.filter(bands__overlap=bands).exclude(attachment__order__in=orders)
    found = []
    for other in others.select_related("attachment__order").order_by("-pk")[:most]:
        found += [(trace, other) for trace in mine if distance(trace.likeness, other.likeness) <= NEAR]
    return found

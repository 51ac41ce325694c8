"""Files that people give for an order. The original is kept sealed under its hash; people see a copy that is safe.

What a file is, its content says, never its name. Images are drawn anew (`orders.viewing`), so that nothing hidden in
the original reaches anybody's browser; PDF and plain text are only ever downloaded. Nothing else is taken.
"""

import hashlib
import json
import logging
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import filetype
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import traces, viewing
from orders.models import Attachment, Order
from orders.parties import Side, may_speak, side_of, side_of_author
from timeline.door import lock, note, require

log = logging.getLogger(__name__)

IMAGES = ("image/jpeg", "image/png", "image/webp")
PDF, TEXT = "application/pdf", "text/plain"
#: Recordings are kept as they are and never played here: whoever may see them saves them (reliability 6.3).
VIDEOS = ("video/mp4", "video/quicktime")
MB = 1024 * 1024
#: How many bytes a file of each type may have.
CAPS = {**dict.fromkeys(IMAGES, 10 * MB), PDF: 20 * MB, **dict.fromkeys(VIDEOS, 100 * MB), TEXT: 1 * MB}
BIGGEST = max(CAPS.values())
#: How many files each side may give for one order, and of how many bytes in all (reliability 6.3).
MOST_FILES, MOST_BYTES = 20, 200 * MB
#: The same in words, for every field that takes a file.
TAKEN = _(
    "JPEG, PNG or WebP up to 10 MB, PDF up to 20 MB, MP4 or MOV up to 100 MB, text up to 1 MB; 20 files and 200 MB in"
    " all."
)
LONGEST_NAME = 120
#: How long drawing a viewing copy may take in all; the process itself has ten seconds of the processor.
PATIENCE = 30

PLAIN_ENDINGS = {"", ".txt", ".log", ".csv"}
MARKUP = re.compile(
    rb"<\s*(!doctype|\?xml|html|head|body|svg|script|iframe|object|embed|img|a|meta|link|style)\b", re.I
)


class FileBroken(Exception):
    """What is stored is not what was given: its hash does not fit, or it is gone. Names the row, nothing else."""


def attach(order: Order, upload: UploadedFile, *, by: Any, at: datetime) -> Attachment:
    """Somebody who takes part in an order gives a file; the same again from the same person is the same attachment.

    Reading and drawing happen before the order is locked, so that nobody waits for a picture. The event holds the hash
    of the original, its type and size, never its name. `ValidationError` on `file`: `empty`, `too_large`, `wrong_type`,
    `unreadable`, `too_many_pixels`. Refused: `not_your_turn`, `too_many_files`, `too_much_in_all`.
    """
    require(may_speak(order, by), "not_your_turn", _("Only the two sides and the platform add files here."))
    content = content_of(upload)
    sha256 = hashlib.sha256(content).hexdigest()
    known = order.attachments.filter(uploader=by, sha256=sha256).first()
    if known is not None:
        return known
    side = side_of(order, by)
    _require_room(order, side, len(content))
    name = visible_name(upload.name or "")
    media_type = media_type_of(content, name)
    view, told = draw(content) if media_type in IMAGES else (None, {})
    original = _keep(f"originals/{sha256[:2]}/{sha256}", content)
    copy = _keep(f"copies/{sha256[:2]}/{sha256}", view) if view else ""
    with transaction.atomic():
        lock(order)
        known = order.attachments.filter(uploader=by, sha256=sha256).first()
        if known is not None:
            return known  # sent twice at the same moment
        _require_room(order, side, len(content))
        attachment = Attachment.objects.create(
            order=order,
            uploader=by,
            name=name,
            media_type=media_type,
            size=len(content),
            sha256=sha256,
            original=original,
            viewing_copy=copy,
            at=at,
        )
        if view:
            traces.keep(attachment, told)
        data = {"attachment": attachment.pk, "sha256": sha256, "type": media_type, "size": len(content), "side": side}
        note(order, "order.file_attached", by=by, at=at, data=data)
    return attachment


def own(order: Order, numbers: Iterable[int], *, by: Any) -> list[Attachment]:
    """The files with these numbers, which the person gave for the order before. Refused: `no_such_file`."""
    wanted = set(numbers)
    found = list(order.attachments.filter(pk__in=wanted, uploader=by.pk).order_by("pk"))
    require(
        len(found) == len(wanted),
        "no_such_file",
        _("Attach your files to the order first; these are not yours in it."),
    )
    return found


def shown(attachment: Attachment) -> tuple[bytes, str]:
    """What people get to see of a file and its media type: of an image the copy, of anything else the original.

    An original is read against its hash each time. Raises `FileBroken`.
    """
    if attachment.viewing_copy:
        copy = _read(attachment, attachment.viewing_copy)
        return copy, "image/png" if copy.startswith(b"\x89PNG") else "image/jpeg"
    return original(attachment), attachment.media_type


def original(attachment: Attachment) -> bytes:
    """The file to the byte as it was given, or `FileBroken`."""
    content = _read(attachment, attachment.original)
    if hashlib.sha256(content).hexdigest() != attachment.sha256:
        raise FileBroken(f"The original of attachment {attachment.pk} is not what was given.")
    return content


def is_image(attachment: Attachment) -> bool:
    """Whether it has a copy that can be looked at in a page."""
    return bool(attachment.viewing_copy)


def visible_name(name: str) -> str:
    """A file's name as others may see it: no folders, nothing invisible, at most 120 characters."""
    plain = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    plain = "".join(letter for letter in plain if letter.isprintable() and unicodedata.category(letter) != "Cf")
    plain = plain.strip(" .")
    if len(plain) > LONGEST_NAME:
        ending = PurePosixPath(plain).suffix[:10]
        plain = plain[: LONGEST_NAME - len(ending)] + ending
    return plain or "file"


def media_type_of(content: bytes, name: str) -> str:
    """What a file is by its first bytes, if that is something the mall takes; text must look like text all through."""
    kind = filetype.guess_mime(content[:8192])
    if kind is None and _is_text(content) and PurePosixPath(name).suffix.lower() in PLAIN_ENDINGS:
        kind = TEXT
    if kind not in CAPS:
        raise _wrong(
            "wrong_type", _("Only JPEG, PNG and WebP images, PDF, MP4 and MOV videos and plain text are taken.")
        )
    if len(content) > CAPS[kind]:
        raise too_large_a_file()
    return str(kind)


class Drawn(NamedTuple):
    """A picture drawn anew, and what its file said of itself (`orders.viewing.of_its_own`) with its likeness."""

    copy: bytes
    told: dict[str, str]


def viewing_copy(content: bytes) -> bytes:
    """The picture drawn anew from its pixels, without anything else that was in the file."""
    return draw(content).copy


def draw(content: bytes) -> Drawn:
    """The picture drawn anew and what its file said, by a process of its own."""
    command = [sys.executable, "-I", str(Path(viewing.__file__).resolve())]
    try:
        done = subprocess.run(  # noqa: S603 - our own program, nothing of the file on its command line
            command, input=content, capture_output=True, timeout=PATIENCE, check=False, env=_little_environment()
        )
    except subprocess.TimeoutExpired:
        raise _unreadable() from None
    if done.returncode == viewing.TOO_MANY_PIXELS:
        raise _wrong("too_many_pixels", _("This image has more than 40 million pixels. Make it smaller first."))
    if done.returncode or not done.stdout:
        if done.returncode != viewing.UNREADABLE:
            log.warning("drawing a viewing copy ended with %s", done.returncode)
        raise _unreadable()
    line, _end, copy = done.stdout.partition(b"\n")
    return Drawn(copy, json.loads(line))


def too_large_a_file() -> ValidationError:
    """What is said of a file that is too large, whether it was read or not even let in."""
    return _wrong("too_large", _("This file is too large: images may have 10 MB, PDF 20 MB, video 100 MB, text 1 MB."))


def content_of(upload: UploadedFile) -> bytes:
    """What was uploaded, to the byte. `ValidationError` on `file`: `empty`, `too_large`."""
    size = upload.size or 0
    if size == 0:
        raise _wrong("empty", _("This file is empty."))
    if size > BIGGEST:
        raise too_large_a_file()
    content: bytes = upload.read()
    return content


def _require_room(order: Order, side: Side | None, size: int) -> None:
    """Each side may give so many files for an order, and so many bytes in all; counted by who gave them."""
    given = order.attachments.values_list("uploader_id", "size").order_by("pk")
    sizes = [each for uploader, each in given if side_of_author(order, uploader) == side]
    require(
        sum(sizes) + size <= MOST_BYTES,
        "too_much_in_all",
        _("Each side can add 200 MB to an order, and with this file it would be more. Send a smaller one."),
    )
    require(
        len(sizes) < MOST_FILES,
        "too_many_files",
        _("Each side can add 20 files to an order, and yours are all there. Describe the rest in words."),
    )


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    visible = all(letter.isprintable() or letter in "\t\r\n" for letter in text)
    return visible and not MARKUP.search(content)


def _keep(name: str, content: bytes) -> str:
    """Store content under a name that says what it is, once; returns where it is.

    What is there already under this name is the same, unless a machine died while writing it: then it is kept beside.
    """
    files = _storage()
    if files.exists(name):
        with files.open(name) as file:
            if file.read() == content:
                return name
    return files.save(name, ContentFile(content))


def _read(attachment: Attachment, name: str) -> bytes:
    if not name:
        raise FileBroken(f"The files of attachment {attachment.pk} were put away.")
    try:
        with _storage().open(name) as file:
            content: bytes = file.read()
    except FileNotFoundError:
        raise FileBroken(f"A file of attachment {attachment.pk} is gone.") from None
    return content


def _storage() -> Storage:
    """The private storage: nothing in it has an address."""
    return storages["files"]


def _little_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in {"PATH", "LD_LIBRARY_PATH", "SYSTEMROOT"}}


def _wrong(code: str, sentence: Any) -> ValidationError:
    return ValidationError({"file": ValidationError(sentence, code=code)})


def _unreadable() -> ValidationError:
    return _wrong("unreadable", _("This image cannot be read. Save it again as JPEG or PNG and send that."))

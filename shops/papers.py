"""Files that prove who somebody is: kept under their hash where evidence lies, read against it each time.

What a file is, its content says, never its name. Pictures and PDF are taken, nothing else; people of the mall download
them, no page shows them.
"""

import hashlib
import logging
import unicodedata
from dataclasses import dataclass
from typing import Any

import filetype
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

log = logging.getLogger(__name__)

MB = 1024 * 1024
TAKEN = ("image/jpeg", "image/png", "image/webp", "application/pdf")
BIGGEST = 10 * MB
LONGEST_NAME = 120


class PaperBroken(Exception):
    """What is stored is not what was given: its hash does not fit, or it is gone."""


@dataclass(frozen=True)
class Paper:
    """A file that was kept: its visible name, what it is, how large, and its hash."""

    name: str
    media_type: str
    size: int
    sha256: str


def keep(upload: UploadedFile) -> Paper:
    """Keep a file under its hash, once. `ValidationError` on `file`: `empty`, `too_large`, `wrong_type`."""
    if not upload.size:
        raise _wrong("empty", _("This file is empty."))
    if upload.size > BIGGEST:
        raise _wrong("too_large", _("This file is too large: a paper may have 10 MB."))
    content: bytes = upload.read()
    media_type = filetype.guess_mime(content[:8192])
    if media_type not in TAKEN:
        raise _wrong("wrong_type", _("Only JPEG, PNG and WebP images and PDF are taken."))
    sha256 = hashlib.sha256(content).hexdigest()
    files, place = storages["files"], _place(sha256)
    if not files.exists(place):
        files.save(place, ContentFile(content))
    return Paper(_visible_name(upload.name or ""), media_type, len(content), sha256)


def read(sha256: str) -> bytes:
    """The file to the byte as it was given, or `PaperBroken`."""
    try:
        with storages["files"].open(_place(sha256)) as file:
            content: bytes = file.read()
    except FileNotFoundError:
        raise PaperBroken("A paper is gone.") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise PaperBroken("A paper is not what was given.")
    return content


def destroy(sha256: str) -> None:
    """Take a file away for good; nothing happens where it is gone already."""
    storages["files"].delete(_place(sha256))


def _place(sha256: str) -> str:
    return f"papers/{sha256[:2]}/{sha256}"


def _visible_name(name: str) -> str:
    plain = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    plain = "".join(letter for letter in plain if letter.isprintable() and unicodedata.category(letter) != "Cf")
    return plain.strip(" .")[-LONGEST_NAME:] or "file"


def _wrong(code: str, sentence: Any) -> ValidationError:
    return ValidationError({"file": ValidationError(sentence, code=code)})

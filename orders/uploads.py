"""A hard cap on what comes in as a file, while it comes in: what is too large is neither kept in memory nor on disk."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from orders.attachments import BIGGEST


class Capped(FileUploadHandler):
    """Drops a file that grows beyond what any file may be, and tells the form so: `too_large(request)`."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Pass the chunk on, or drop the file."""
        if start + len(raw_data) > BIGGEST:
            self.request.META["kamen.file_too_large"] = True  # type: ignore[union-attr]
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The next handler makes the file."""


def too_large(request: Any) -> bool:
    """Whether a file of this request was dropped because it was too large."""
    return bool(request.META.get("kamen.file_too_large"))

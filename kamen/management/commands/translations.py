import ast
import io
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation.template import templatize

KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
}
LITERAL = r"u?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
#: What Django makes of a template's strings: gettext('…'), ngettext('…', '…', count), _('…').
IN_TEMPLATE = re.compile(rf"\b(?:gettext|ngettext|_)\(\s*({LITERAL})(?:\s*,\s*({LITERAL}))?")

Message = str | tuple[str, ...]


class Command(BaseCommand):
    help = "Bring the Chinese catalog up to date with the strings in the code and the templates, and compile it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="change nothing; fail if something is stale or missing"
        )
        parser.add_argument("--merge", nargs="*", default=[], help="take translations from these .po files too")

    def handle(self, *args: Any, **options: Any) -> None:
        """Needs no gettext tools. Under --check it fails and names what is stale or has no Chinese yet."""
        directory = Path(settings.BASE_DIR) / "locale" / "zh_Hans" / "LC_MESSAGES"
        po, mo = directory / "django.po", directory / "django.mo"
        known = _read(po) if po.exists() else Catalog(locale="zh_Hans")
        for path in options["merge"]:
            for message in _read(Path(path)):
                said = tuple(message.id) if isinstance(message.id, list) else message.id
                if said and any(_forms(message.string)) and not any(_forms(_chinese(known, said))):
                    known.delete(message.id)
                    known.add(message.id, message.string)
        catalog = Catalog(locale="zh_Hans", project="Kamen", version="", copyright_holder="", fuzzy=False)
        for said in sorted(set(_messages()), key=str):
            catalog.add(said, _chinese(known, said))
        written, compiled = _po(catalog), _mo(catalog)
        missing = [str(message.id) for message in catalog if message.id and not all(_forms(message.string))]
        if options["check"]:
            stale = [path.name for path, bytes_ in ((po, written), (mo, compiled)) if not _is(path, bytes_)]
            if stale:
                raise CommandError(f"Stale: {', '.join(stale)}. Run `make translations`.")
        else:
            directory.mkdir(parents=True, exist_ok=True)
            po.write_bytes(written)
            mo.write_bytes(compiled)
        if missing:
            shown = "\n  ".join(missing[:50])
            raise CommandError(f"{len(missing)} strings have no Chinese yet:\n  {shown}")
        self.stdout.write(f"{len(catalog)} strings, all in Chinese.")


def _messages() -> Iterator[Message]:
    """Every string for people, in the rooms and in the templates."""
    base = Path(settings.BASE_DIR)
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py", "*.html", "*.txt"],  # noqa: S607
        cwd=base,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    for path in listed or [str(found.relative_to(base)) for found in base.rglob("*") if found.is_file()]:
        room = path.split("/", 1)[0]
        if not (base / path).exists():
            continue
        if path.endswith(".py") and room in {*settings.ROOMS, "kamen"} and "/migrations/" not in path:
            yield from _in_python((base / path).read_bytes())
        elif room == "templates" and path.endswith((".html", ".txt")):
            yield from _in_template((base / path).read_text(), path)


def _in_python(source: bytes) -> Iterator[Message]:
    for _line, message, _comments, _context in extract("python", io.BytesIO(source), keywords=KEYWORDS):
        yield message if isinstance(message, str) else (str(message[0]), str(message[1]))


def _in_template(source: str, path: str) -> Iterator[Message]:
    for found in IN_TEMPLATE.finditer(templatize(source, origin=path)):
        singular, plural = found.groups()
        if plural is None:
            yield ast.literal_eval(singular)
        else:
            yield ast.literal_eval(singular), ast.literal_eval(plural)


def _chinese(known: Catalog, said: Message) -> Any:
    """What the catalog has for a message; for one with a plural, the one form that Chinese has."""
    message = known.get(said if isinstance(said, str) else said[0])
    if message is None or message.fuzzy:
        return "" if isinstance(said, str) else ("",)
    forms = _forms(message.string)
    return forms[0] if isinstance(said, str) else forms[:1]


def _forms(string: Any) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else tuple(string)


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="zh_Hans")


def _po(catalog: Catalog) -> bytes:
    """The catalog as text, without dates and places, so that it changes only when a string does."""
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=120, no_location=True, omit_header=True, sort_output=True)
    header = 'msgid ""\nmsgstr ""\n"Language: zh_Hans\\n"\n"MIME-Version: 1.0\\n"\n'
    header += '"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
    return header.encode() + buffer.getvalue()


def _mo(catalog: Catalog) -> bytes:
    plain = read_po(io.BytesIO(_po(catalog)), locale="zh_Hans")
    plain.creation_date = plain.revision_date = datetime(2026, 1, 1, tzinfo=UTC)  # the same bytes for the same strings
    buffer = io.BytesIO()
    write_mo(buffer, plain)
    return buffer.getvalue()


def _is(path: Path, contents: bytes) -> bool:
    return path.exists() and path.read_bytes() == contents

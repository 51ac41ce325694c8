import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from rulebook import explanations, files, replay
from rulebook.book import Book, load
from rulebook.claims import Claim, InvalidClaim
from rulebook.defaults import default_book, default_data
from rulebook.engine import decide


class Command(BaseCommand):
    help = (
        "Decide cases by the rulebook: a JSON list shaped like the `input` objects of the golden cases goes in, a list"
        " with their `expected` keys and `explain` comes out. With --rulebook it needs no mall."
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("cases", help="the file with the cases; - reads standard input")
        parser.add_argument("--rulebook", metavar="FILE", help="decide by this file instead of the version in force")
        parser.add_argument(
            "--against", metavar="VERSION", help="list only the cases whose result differs from this version or file"
        )
        parser.add_argument("--language", choices=["zh-hans", "en"], default="zh-hans", help="of `explain`")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exits non-zero and prints nothing but the message if a case or a rulebook is malformed."""
        try:
            cases = files.claims_from(_text(options["cases"]), called=options["cases"])
            book = _from_file(options["rulebook"]) if options["rulebook"] else _in_force()
            with translation.override(options["language"]):
                if options["against"]:
                    told = [_told(each) for each in replay.changes(cases, version_or_file(options["against"]), book)]
                else:
                    told = [_decided(name, claim, book) for name, claim in cases]
        except files.Unusable as error:
            raise CommandError(str(error)) from error
        except InvalidClaim as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(told, ensure_ascii=False, indent=1))


def _text(path: str) -> str:
    return files.text_of("/dev/stdin" if path == "-" else path)


def _decided(name: str, claim: Claim, book: Book) -> dict[str, Any]:
    try:
        decision = decide(claim, book)
    except InvalidClaim as error:
        raise files.Unusable([f"Case {name}: {error}"]) from error
    return {**decision.summary(), "explain": explanations.explain(decision)}


def _told(changed: replay.Changed) -> dict[str, Any]:
    differences = {key: {"before": old, "after": new} for key, (old, new) in changed.what().items()}
    return {"id": changed.name, "changed": differences, "explain": explanations.explain(changed.after)}


def _from_file(path: str) -> Book:
    return load(files.rules_from(files.text_of(path), called=path))


def version_or_file(name: str) -> Book:
    """The version of this number, or the rules in the file of this name."""
    meta = default_data()["meta"]
    if name in {f"{meta['id']} {meta['version']}", meta["version"], "default"}:
        return default_book()
    if name.endswith(".json"):
        return _from_file(name)
    from rulebook import versions

    try:
        return versions.book_of(name)
    except LookupError as error:
        raise files.Unusable([f"There is no published version {name!r}, and no file is called so."]) from error


def _in_force() -> Book:
    from rulebook import versions
    from timeline import clock

    return versions.in_force(clock.now()).book

from collections.abc import Iterator
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kamen.management.commands.decide import version_or_file
from rulebook import files, replay
from rulebook.claims import Claim
from rulebook.generated import claims


class Command(BaseCommand):
    help = "Replay generated cases under two versions of the rulebook: what would have changed, in fen, by who pays."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("before", help="a version's number, `default`, or a file that ends in .json")
        parser.add_argument("after", help="the same")
        parser.add_argument("--cases", type=int, default=100_000, help="how many to make up")
        parser.add_argument("--seed", type=int, default=0, help="the same seed makes the same cases")
        parser.add_argument("--list", type=int, default=0, metavar="N", help="show the first N that change")

    def handle(self, *args: Any, **options: Any) -> None:
        """Figures are fen; the buyer's line is what buyers receive, the others pay."""
        try:
            before, after = version_or_file(options["before"]), version_or_file(options["after"])
        except files.Unusable as error:
            raise CommandError(str(error)) from error
        began = perf_counter()
        totals = replay.compare(self._cases(options["cases"], options["seed"]), before, after)
        took = perf_counter() - began
        self.stdout.write(
            f"{totals.cases} cases in {took:.1f} s: {totals.changed} change, {totals.better} for the better of the"
            f" buyer, {totals.worse} for the worse, {totals.undecided} that one of the two does not know."
        )
        for name, old, new, difference in totals.payers:
            self.stdout.write(f"{name:<10} {old:>16} {new:>16} {difference:>+14} fen")
        for (old_word, new_word), count in totals.outcomes.most_common():
            self.stdout.write(f"{old_word} → {new_word}: {count}")
        for changed in totals.listed[: options["list"]]:
            self.stdout.write(f"{changed.name}: {changed.what()}")

    @staticmethod
    def _cases(count: int, seed: int) -> Iterator[tuple[str, Claim]]:
        for place, claim in enumerate(claims(count, seed=seed), start=1):
            yield f"X{place:06}", claim

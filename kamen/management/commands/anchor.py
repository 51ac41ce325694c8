from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger import anchors, signing
from timeline import clock


class Command(BaseCommand):
    help = "Anchor the day: sign the heads of all chains, into the table and into a file. Once a day; again is nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--public-key", action="store_true", help="only print the key that others verify with")

    def handle(self, *args: Any, **options: Any) -> None:
        """The worker does the same by itself; by hand it is for the first day, and after a restore."""
        if options["public_key"]:
            self.stdout.write(signing.public_key())
            return
        made = anchors.make(at=clock.now())
        for anchor in anchors.without_file():
            self.stdout.write(f"File written: {anchors.write_file(anchor)}")
        if made is None:
            self.stdout.write("This day is anchored already.")
            return
        self.stdout.write(self.style.SUCCESS(f"Anchored {made.day}: {made.leaves} chains, root {made.root}."))
        self.stdout.write(f"File: {anchors.file_of(made)}")

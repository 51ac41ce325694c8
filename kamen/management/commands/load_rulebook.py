from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from rulebook import files, lifecycle
from rulebook.book import InvalidRulebook
from timeline import clock
from timeline.refusals import Refused


class Command(BaseCommand):
    help = "Load a rulebook file as a draft. Whatever is wrong with it is named, place by place, and nothing is stored."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="JSON shaped like rulebook/data/rulebook.json, clocks under `clocks`")
        parser.add_argument(
            "--by", metavar="E-MAIL", help="who writes it: a lead or a senior arbiter; else the operator"
        )
        parser.add_argument("--purpose", default="", help="why it is made, for everybody to read")

    def handle(self, *args: Any, **options: Any) -> None:
        """A draft binds nobody: somebody proposes it, somebody else signs it, on the pages of the rules."""
        author = User.objects.filter(email=(options["by"] or "").lower(), is_active=True).first()
        if options["by"] and author is None:
            raise CommandError(f"Nobody signs in as {options['by']}.")
        try:
            data = files.rules_from(files.text_of(options["file"]), called=options["file"])
            version = lifecycle.draft(data, purpose=options["purpose"], by=author, at=clock.now())
        except (files.Unusable, InvalidRulebook) as error:
            raise CommandError(f"Nothing was loaded.\n{error}") from error
        except Refused as refused:
            raise CommandError(f"Nothing was loaded. {refused.sentence}") from refused
        self.stdout.write(f"Draft {version.pk}: {version.number} (sha256 {version.sha256[:12]}…)")

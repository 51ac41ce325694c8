from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import lifecycle
from accounts.models import Role, User
from timeline import clock
from timeline.refusals import Refused


class Command(BaseCommand):
    help = "Appoint the first lead, who then grants every other role on the pages. Works only while there is no lead."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the e-mail address of somebody who has signed up")

    def handle(self, *args: Any, **options: Any) -> None:
        """The operator's word is recorded as an event without a person."""
        user = User.objects.filter(email=options["email"].lower()).first()
        if user is None:
            raise CommandError(f"Nobody has signed up with {options['email']}.")
        try:
            lifecycle.grant(user, Role.LEAD, by=None, at=clock.now())
        except Refused as refusal:
            raise CommandError("There is a lead already, or this person cannot be one.") from refusal
        self.stdout.write(f"{user} is now the lead and will be asked to set up a second factor.")

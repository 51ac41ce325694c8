import time
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger import anchors, chains
from ledger.models import Anchor

#: A run that takes longer says every so many seconds how far it is.
SPEAK_EVERY = 2.0


class Command(BaseCommand):
    help = "Walk the hash chains of accounts and events, and hold them against the signed anchors."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--stream",
            nargs="+",
            metavar="ADDRESS",
            help="only these: an account (order:41:escrow) or a root (order:41)",
        )
        parser.add_argument("--day", type=_day, metavar="YYYY-MM-DD", help="only the anchor of this day")
        parser.add_argument("--proof", action="store_true", help="with --stream: show the way up to the signed root")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 0: everything holds. Otherwise each fault is one line that names the account or the stream."""
        self.spoke = time.monotonic()
        if options["stream"]:
            faults = self.streams(options["stream"], options["day"], with_proof=options["proof"])
        elif options["day"]:
            faults = self.anchors([_anchor(options["day"])])
        else:
            faults = self.report(str(each) for each in chains.breaks(self.progress))
            faults += self.anchors(Anchor.objects.select_related("previous").order_by("day"))
        if faults:
            raise CommandError("One fault was found." if faults == 1 else f"{faults} faults were found.")
        self.stdout.write(self.style.SUCCESS("Everything holds."))

    def streams(self, addresses: list[str], day: date | None, *, with_proof: bool) -> int:
        """Walk chosen chains, and show that each is under the root that was signed."""
        accounts, streams = chains.known(addresses)
        if unknown := sorted(set(addresses) - set(accounts) - set(streams)):
            raise CommandError(f"Neither an account nor a stream: {', '.join(unknown)}")
        faults = self.report(str(each) for each in chains.breaks_of_accounts(accounts))
        faults += self.report(str(each) for each in chains.breaks_of_streams(streams))
        anchor = _anchor(day) if day else Anchor.objects.order_by("-day").first()
        if anchor is None:
            self.stdout.write("No day has been anchored yet.")
            return faults
        for chain in [*(f"account:{each}" for each in accounts), *(f"stream:{each}" for each in streams)]:
            proof = anchors.prove(anchor, chain)
            if proof is None:
                self.stdout.write(f"{chain}: was not there yet on {anchor.day}.")
                continue
            if not proof.holds():
                faults += self.report([f"{chain}: its head of {anchor.day} is not under the signed root"])
                continue
            self.stdout.write(f"{chain}: link {proof.head.seq} is under the root of {anchor.day}.")
            if with_proof:
                self.stdout.write(f"  head  {proof.head.head.hex()}")
                self.stdout.write(f"  leaf  {proof.head.hash.hex()}")
                for step in proof.steps:
                    self.stdout.write(f"  {'left ' if step.is_left else 'right'} {step.neighbor.hex()}")
                self.stdout.write(f"  root  {anchor.root}")
        said = {fault for fault in anchors.faults(anchor) if _is_about(fault, anchor, accounts, streams)}
        return faults + self.report(sorted(said))

    def anchors(self, which: Iterable[Anchor]) -> int:
        """Hold the chains of today against what was signed on other days."""
        faults = 0
        for anchor in which:
            found = self.report(anchors.faults(anchor))
            if not found:
                self.stdout.write(f"Anchor of {anchor.day}: {anchor.leaves} chains, signature and root hold.")
            faults += found
        return faults

    def report(self, faults: Iterable[str]) -> int:
        """Print each fault; returns how many."""
        number = 0
        for fault in faults:
            self.stdout.write(self.style.ERROR(f"FAULT  {fault}"))
            number += 1
        return number

    def progress(self, kind: str, done: int, of: int) -> None:
        """Say how far a long run is, and once at the end of each kind."""
        is_over = done >= of
        if is_over or time.monotonic() - self.spoke >= SPEAK_EVERY:
            self.spoke = time.monotonic()
            self.stdout.write(f"{done:,} of {of:,} {kind} walked")
            self.stdout.flush()


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _anchor(day: date) -> Anchor:
    found = Anchor.objects.select_related("previous").filter(day=day).first()
    if found is None:
        raise CommandError(f"{day} was not anchored.")
    return found


def _is_about(fault: str, anchor: Anchor, accounts: list[str], streams: list[str]) -> bool:
    """Whether a fault of an anchor concerns the chains that were asked for: theirs, or the whole anchor's."""
    others = ("account ", "stream ")
    asked = [*(f"account {each}:" for each in accounts), *(f"stream {each}:" for each in streams)]
    return not fault.startswith(others) or fault.startswith(tuple(f"{each} link" for each in asked))

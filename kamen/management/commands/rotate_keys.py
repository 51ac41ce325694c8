import time
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from privacy import sealing
from shops import keys, vault
from shops.models import DataKey, Shop
from timeline import clock
from timeline.refusals import Refused

#: How often cards that somebody else holds are looked for again, and how long is waited in between.
PATIENCE, PAUSE = 20, 0.5


class Command(BaseCommand):
    help = (
        "Renew the keys of the vault while the mall is open. Without options: wrap every shop's keys with the newest "
        "master key of VAULT_KEY; when it is done, the old one can be dropped. It can be interrupted and repeated."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Everything is optional."""
        parser.add_argument(
            "--reencrypt", action="store_true", help="give each shop a new key, and each code a new seal"
        )
        parser.add_argument("--shop", metavar="SLUG", help="only this shop (with --reencrypt or --destroy)")
        parser.add_argument("--batch", type=int, default=keys.AT_ONCE, help="codes in one transaction (500)")
        parser.add_argument("--destroy", action="store_true", help="destroy retired keys that nothing lies under")
        parser.add_argument(
            "--check", action="store_true", help="only say which master keys are needed, and what is wrong"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Small transactions, so that nobody waits; readers find every code at every moment."""
        if options["check"]:
            self.check_keys()
            return
        if not 1 <= options["batch"] <= 5_000:
            raise CommandError("--batch is between 1 and 5000.")
        try:
            self.rewrap()
            shops = self.shops(options["shop"])
            if options["reencrypt"]:
                self.reencrypt(shops, options["batch"])
            if options["destroy"]:
                self.destroy(shops)
        except vault.VaultClosed as closed:
            raise CommandError(closed.why) from None
        except vault.SealBroken as broken:
            raise CommandError(f"{broken} What was renewed before stays renewed.") from None
        self.say_masters()

    def check_keys(self) -> None:
        """Exit code 1 where the vault would not open or could be guessed."""
        found = [*vault.weaknesses(), *vault.closed_because()]
        if found:
            raise CommandError(" ".join(found))
        self.say_masters()

    def rewrap(self) -> None:
        """Each key in a transaction of its own."""
        waiting = keys.to_rewrap()
        for done, key in enumerate(DataKey.objects.filter(pk__in=waiting).order_by("pk").iterator(), start=1):
            vault.rewrap(key)
            if done % 100 == 0 or done == len(waiting):
                self.say(f"{done} of {len(waiting)} data keys are under master key {vault.newest_master()}.")
        if persons := sealing.rewrap_all():
            self.say(f"{persons} keys of persons are under master key {vault.newest_master()}.")

    def reencrypt(self, shops: Iterable[Shop], batch: int) -> None:
        """Each shop gets a new key, each code a new seal. What an earlier run left is finished, and nothing begun."""
        shops = list(shops)
        going_on = [shop for shop in shops if keys.left_to_move(shop)]
        for shop in going_on or shops:
            if not going_on:
                keys.retire(shop, at=clock.now())
            self.move(shop, batch)

    def move(self, shop: Shop, batch: int) -> None:
        """Until nothing is left, or only what somebody else holds for too long."""
        done, tries = 0, 0
        broken: set[int] = set()
        left = keys.left_to_move(shop)
        while left > len(broken):
            moved, newly_broken = keys.move(shop, limit=batch, without=broken, at=clock.now())
            done, left = done + moved, keys.left_to_move(shop)
            broken |= newly_broken
            self.say(f"{shop.slug}: {done} codes have a new seal, {left} are left.")
            tries = 0 if moved or newly_broken else tries + 1
            if tries > PATIENCE:
                raise CommandError(f"{shop.slug}: {left} codes are held by somebody else. Run the command again.")
            if tries:
                time.sleep(PAUSE)
        if broken:
            named = ", ".join(map(str, sorted(broken)[:20]))
            self.stderr.write(f"{shop.slug}: {len(broken)} codes have a broken seal and stay under their key: {named}.")

    def destroy(self, shops: Iterable[Shop]) -> None:
        """Retired keys that nothing lies under any more."""
        for shop in shops:
            for key in shop.data_keys.filter(retired_at__isnull=False, destroyed_at=None).order_by("pk"):
                try:
                    keys.destroy(key, at=clock.now())
                except Refused as refused:
                    self.say(f"{shop.slug}: key {key.pk} stays: {refused.sentence}")
                else:
                    self.say(f"{shop.slug}: key {key.pk} is destroyed.")

    def shops(self, slug: str | None) -> list[Shop]:
        """All shops that have keys, or the one."""
        found = Shop.objects.filter(pk__in=DataKey.objects.values("shop")).order_by("pk")
        if slug is None:
            return list(found)
        chosen = list(found.filter(slug=slug))
        if not chosen:
            raise CommandError(f"No shop {slug} has a key.")
        return chosen

    def say_masters(self) -> None:
        """Which master keys are still needed."""
        for version, count in sorted(keys.masters_in_use().items()):
            self.say(f"Master key {version} wraps {count} data keys.")

    def say(self, text: str) -> None:
        """A line of progress, at once."""
        self.stdout.write(text)
        self.stdout.flush()

"""The words of listings that are there already, in pairs of signs, so that they are found."""

import unicodedata
from typing import Any

from django.db import migrations


def write(apps: Any, schema_editor: Any) -> None:
    """As shops/searching.py does it; written out here, for a migration never changes its mind."""
    listings = apps.get_model("shops", "Listing")
    found = []
    for listing in listings.objects.select_related("shop").order_by("pk").iterator(chunk_size=500):
        text = f"{listing.title}\n{listing.category}\n{listing.region}\n{listing.shop.name}"
        pairs: set[str] = set()
        for run in unicodedata.normalize("NFC", text).lower().split():
            pairs |= {run[place : place + 2] for place in range(len(run) - 1)} | set(run)
        listing.grams = sorted(pairs)
        found.append(listing)
        if len(found) == 500:
            listings.objects.bulk_update(found, ["grams"])
            found.clear()
    listings.objects.bulk_update(found, ["grams"])


class Migration(migrations.Migration):
    dependencies = [("shops", "0007_who_may_open_and_how_it_stands")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]

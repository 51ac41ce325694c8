"""What our records say of shops, handed down from above: kept as figures that pages only read."""

from collections.abc import Iterable

from django.db import transaction

from shops.models import Day, Record

OF_RECORD = [field.name for field in Record._meta.concrete_fields if field.name not in {"id", "shop"}]
OF_DAY = [field.name for field in Day._meta.concrete_fields if field.name not in {"id", "shop", "day"}]


@transaction.atomic
def keep(records: Iterable[Record], days: Iterable[Day]) -> None:
    """Replace each shop's record, and its days where they are known already; two statements for one shop or 500."""
    Record.objects.bulk_create(
        records, update_conflicts=True, unique_fields=["shop"], update_fields=OF_RECORD, batch_size=500
    )
    Day.objects.bulk_create(
        days, update_conflicts=True, unique_fields=["shop", "day"], update_fields=OF_DAY, batch_size=1_000
    )

"""What disputes call in rooms above, by name; `kamen/wiring.py` ties each to exactly one function."""

from typing import Any

from django.db.models import QuerySet

from timeline.hooks import Hook

#: (people) → ids of accounts that share a device, a network or an account for payouts with one of them, as a query
#: inside another one: who has something in common with a side does not judge its case.
near_to: Hook[..., QuerySet[Any]] = Hook("disputes.near_to")

"""Who has something in common with the sides of a case: staff among them do not judge it. Asked by disputes."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from reputation.models import Trace

#: A network of our own, as a digest of a network or of a device in it ends: where many sit, it says nothing.
OWN_NETWORK = (
    r"(^|[0-9a-f]{40})(10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2[0-9]|3[01])\.|::1|f[cd][0-9a-f]{2}:|fe80:)"
)


def near_to(people: Sequence[int]) -> QuerySet[Any]:
    """Ids of accounts that share a device, a network or an account for payouts with one of `people`; as a query."""
    kinds = [Trace.Kind.DEVICE, Trace.Kind.ADDRESS, Trace.Kind.PAYEE]
    theirs = Trace.objects.filter(user__in=people, kind=OuterRef("kind"), digest=OuterRef("digest"))
    shared = Trace.objects.filter(Exists(theirs), kind__in=kinds).exclude(user__in=people)
    return shared.exclude(digest__regex=OWN_NETWORK).order_by().values("user")

"""Who of the staff sees what of the money."""

from typing import Any

from django.http import Http404

from accounts.models import Role

SEEING_BRAKE = frozenset({Role.FINANCE, Role.RISK, Role.LEAD, Role.AUDITOR})
SEEING_ACCOUNTS = frozenset({Role.FINANCE, Role.AUDITOR})


def require_role(request: Any, roles: frozenset[Role]) -> None:
    """For whoever has none of `roles`, the page or the address is not there."""
    if not request.user.roles & roles:
        raise Http404

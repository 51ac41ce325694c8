"""Before a POST of a shop acts, what is overdue on that shop happens, whichever of its pages or addresses it is."""

import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from shops.models import Batch, Intake, Shop, Supplier
from timeline import clock
from timeline.sweep import fire_overdue

#: Which shop an address is about, by its route: the part that names it, and how the shop is found from it.
BY_ROUTE: list[tuple[re.Pattern[str], Callable[[dict[str, Any]], Any]]] = [
    (re.compile(r"(?:shops|desk)/<slug:slug>/"), lambda found: Shop.objects.filter(slug=found["slug"])),
    (re.compile(r"listings/<int:pk>/"), lambda found: Shop.objects.filter(listings=found["pk"])),
    (re.compile(r"batches/<int:pk>/"), lambda found: _of(Batch.objects.filter(pk=found["pk"]), "listing__shop")),
    (re.compile(r"intakes/<int:pk>/"), lambda found: _of(Intake.objects.filter(pk=found["pk"]), "listing__shop")),
    (re.compile(r"suppliers/<int:pk>/"), lambda found: _of(Supplier.objects.filter(pk=found["pk"]), "shop")),
]


class FirstWhatIsOverdue:
    """Fires in transactions of its own, also if the verb is refused then; a GET changes nothing.

    Many verbs of a shop have its lock as their root, and none of them should have to remember this.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]) -> None:
        """Called once the address is known, before its view."""
        if request.method != "POST" or not request.user.is_authenticated or request.resolver_match is None:
            return
        route = request.resolver_match.route
        find = next((find for pattern, find in BY_ROUTE if pattern.search(route)), None)
        shop = find(kwargs).only("pk").first() if find else None
        if shop is not None:
            fire_overdue(shop.address, at=clock.now())


def _of(rows: Any, path: str) -> Any:
    return Shop.objects.filter(pk__in=rows.values(path))

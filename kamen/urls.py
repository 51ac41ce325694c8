"""Every address of the mall."""

from django.urls import URLPattern, URLResolver, include, path

from accounts.views import set_language
from kamen import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("desks.urls")),
    path("i18n/setlang/", set_language, name="set_language"),
    path("", include("accounts.urls")),
    path("account/", include("allauth.urls")),
    path("", include("rulebook.urls")),
    path("", include("shops.urls")),
    path("", include("ledger.urls")),
    path("", include("orders.urls")),
    path("", include("complaints.urls")),
    path("", include("support.urls")),
    path("", include("disputes.urls")),
    path("", include("reputation.urls")),
    path("", include("refunds.urls")),
    path("", include("notifications.urls")),
    path("", include("privacy.urls")),
    path("", include("timeline.clock_urls")),
    path("demo/", include("timeline.urls")),
    path("api/", include("kamen.api")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
]

handler400 = "kamen.problems.bad_request"
handler403 = "kamen.problems.forbidden"
handler404 = "kamen.problems.not_found"
handler500 = "kamen.problems.server_error"

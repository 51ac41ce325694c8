"""Every address of the mall."""

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("desks.urls")),
    path("i18n/setlang/", login_not_required(set_language), name="set_language"),
    path("account/", include("allauth.urls")),
]

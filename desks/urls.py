"""Addresses of the pages that span rooms."""

from django.urls import path

from desks import views

app_name = "desks"

urlpatterns = [
    path("", views.home, name="home"),
    path("styleguide/", views.styleguide, name="styleguide"),
]

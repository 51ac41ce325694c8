"""Addresses of the demo panel."""

from django.urls import path

from timeline import views

app_name = "timeline"

urlpatterns = [
    path("", views.panel, name="panel"),
    path("clocks/", views.clocks, name="clocks"),
    path("advance/", views.advance, name="advance"),
]

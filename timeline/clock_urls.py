"""Addresses of clocks for a lead: the register of outages, and clocks that were given up."""

from django.urls import path

from timeline import clock_views as views

app_name = "clocks"

urlpatterns = [
    path("outages/", views.register, name="outages"),
    path("outages/add/", views.add, name="add_outage"),
    path("outages/<int:pk>/", views.outage, name="outage"),
    path("outages/<int:pk>/end/", views.end, name="end_outage"),
    path("outages/<int:pk>/widen/", views.widen, name="widen_outage"),
    path("clocks/stuck/", views.stuck, name="stuck"),
    path("clocks/<int:pk>/try-again/", views.try_again, name="try_again"),
]

"""Addresses of privacy."""

from django.urls import path

from privacy import views

app_name = "privacy"

urlpatterns = [
    path("me/privacy/", views.own, name="own"),
    path("me/privacy/copies/", views.ask_copy, name="ask_copy"),
    path("me/privacy/copies/<slug:number>/", views.export, name="export"),
    path("me/privacy/copies/<slug:number>/zip/", views.fetch, name="fetch"),
    path("me/privacy/erase/", views.ask, name="ask"),
    path("me/privacy/erase/<slug:number>/withdraw/", views.withdraw, name="withdraw"),
    path("staff/privacy/", views.desk, name="desk"),
    path("staff/privacy/requests/<slug:number>/<slug:verb>/", views.answer, name="answer"),
    path("staff/privacy/holds/", views.hold, name="hold"),
    path("staff/privacy/holds/<slug:number>/<slug:verb>/", views.release, name="release"),
    path("staff/privacy/look/", views.look, name="look"),
]

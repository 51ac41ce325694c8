"""Addresses of the support room."""

from django.urls import path

from support import views

app_name = "support"

urlpatterns = [
    path("support/", views.room, name="room"),
    path("orders/<slug:number>/person/", views.call, name="call"),
    path("staff/talks/", views.queue, name="queue"),
    path("staff/talks/shifts/", views.plan, name="plan"),
    path("staff/talks/shifts/<int:pk>/off/", views.call_off, name="call_off"),
    path("staff/talks/<slug:number>/", views.talk, name="talk"),
    path("staff/talks/<slug:number>/take/", views.take, name="take"),
    path("staff/talks/<slug:number>/answer/", views.answer, name="answer"),
    path("staff/talks/<slug:number>/hand-over/", views.hand_over, name="hand_over"),
    path("talks/<slug:number>/close/", views.close, name="close"),
]

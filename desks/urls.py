"""Addresses of the pages that span rooms."""

from django.urls import path
from django.views.generic import RedirectView

from desks import views
from desks.board import board
from desks.live import changed
from desks.me import me
from desks.money import money
from desks.today import desk

app_name = "desks"

urlpatterns = [
    path("", views.home, name="home"),
    path("me/", me, name="me"),
    path("desk/", desk, name="today"),
    path("shop/", RedirectView.as_view(pattern_name="desks:today", query_string=True), name="shop"),
    path("desk/<slug:slug>/money/", money, name="money"),
    path("board/", board, name="board"),
    path("house/", views.house_in_order, name="house"),
    path("live/<str:token>/", changed, name="live"),
    path("styleguide/", views.styleguide, name="styleguide"),
]

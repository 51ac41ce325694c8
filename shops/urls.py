"""Addresses of shops."""

from django.urls import path

from shops import views

app_name = "shops"

urlpatterns = [
    path("", views.index, name="index"),
    path("<slug:slug>/", views.detail, name="detail"),
    path("<slug:slug>/deposit/", views.deposit, name="deposit"),
    path("<slug:slug>/deposit/close/", views.close, name="close"),
]

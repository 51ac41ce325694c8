"""Addresses of shops, of what they sell, and of their desks."""

from django.urls import path

from shops.views import desk, listings, shops

app_name = "shops"

urlpatterns = [
    path("shops/", shops.index, name="index"),
    path("shops/<slug:slug>/", shops.detail, name="detail"),
    path("shops/<slug:slug>/deposit/", shops.deposit, name="deposit"),
    path("shops/<slug:slug>/deposit/close/", shops.close, name="close"),
    path("listings/", listings.index, name="listings"),
    path("listings/<int:pk>/", listings.detail, name="listing"),
    path("desk/<slug:slug>/listings/", desk.listings, name="desk_listings"),
    path("desk/<slug:slug>/listings/new/", desk.draft, name="draft"),
    path("desk/<slug:slug>/listings/<int:pk>/", desk.edit, name="edit"),
    path("desk/<slug:slug>/listings/<int:pk>/sell/", desk.put_on_sale, name="put_on_sale"),
    path("desk/<slug:slug>/listings/<int:pk>/pause/", desk.pause, name="pause"),
    path("desk/<slug:slug>/listings/<int:pk>/resume/", desk.resume, name="resume"),
    path("desk/<slug:slug>/listings/<int:pk>/close/", desk.close_listing, name="close_listing"),
    path("desk/<slug:slug>/stock/", desk.stores, name="stock"),
    path("desk/<slug:slug>/stock/<int:pk>/", desk.batches, name="batches"),
]

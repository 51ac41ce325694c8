"""Addresses of orders: buying, the lists of both sides, and everything on an order's page."""

from django.urls import path

from orders import delivery_views, views

app_name = "orders"

urlpatterns = [
    path("listings/<int:pk>/buy/", views.place, name="place"),
    path("desk/<slug:slug>/orders/", views.desk, name="desk"),
    path("orders/", views.index, name="index"),
    path("orders/<slug:number>/", views.detail, name="detail"),
    path("orders/<slug:number>/pay/", views.pay, name="pay"),
    path("orders/<slug:number>/cancel/", views.cancel, name="cancel"),
    path("orders/<slug:number>/confirm/", views.confirm, name="confirm"),
    path("orders/<slug:number>/units/<int:place>/", views.code, name="code"),
    path("orders/<slug:number>/wait/", delivery_views.wait, name="wait"),
    path("orders/<slug:number>/deliver/", delivery_views.deliver, name="deliver"),
    path("desk/<slug:slug>/deliveries/", delivery_views.queue, name="to_deliver"),
    path("suppliers/<slug:supplier>/notify/<slug:number>/", delivery_views.notify, name="supplier_notify"),
    path("orders/<slug:number>/say/", views.say, name="say"),
    path("orders/<slug:number>/files/<int:pk>/", views.file, name="file"),
]

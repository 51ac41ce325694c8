"""Addresses of orders: buying, the lists of both sides, and everything on an order's page."""

from django.urls import path

from orders import coupon_views, delivery_views, outage_views, supplier_views, talk_views, trial_views, views

app_name = "orders"

urlpatterns = [
    path("listings/<int:pk>/buy/", views.place, name="place"),
    path("desk/<slug:slug>/orders/", views.desk, name="desk"),
    path("orders/", views.index, name="index"),
    path("staff/left-over/", outage_views.given_up, name="given_up"),
    path("staff/left-over/<int:pk>/<int:order>/again/", outage_views.try_again, name="try_left_over_again"),
    path("orders/<slug:number>/", views.detail, name="detail"),
    path("orders/<slug:number>/trial/", trial_views.page, name="trial"),
    path("orders/<slug:number>/pay/", views.pay, name="pay"),
    path("orders/<slug:number>/cancel/", views.cancel, name="cancel"),
    path("orders/<slug:number>/confirm/", views.confirm, name="confirm"),
    path("orders/<slug:number>/units/<int:place>/", views.code, name="code"),
    path("orders/<slug:number>/wait/", delivery_views.wait, name="wait"),
    path("orders/<slug:number>/deliver/", delivery_views.deliver, name="deliver"),
    path("orders/<slug:number>/given/", delivery_views.open_given, name="open_given"),
    path("orders/<slug:number>/cannot-deliver/", delivery_views.cannot_deliver, name="cannot_deliver"),
    path("desk/<slug:slug>/deliveries/", delivery_views.queue, name="to_deliver"),
    path("suppliers/<slug:supplier>/notify/<slug:number>/", delivery_views.notify, name="supplier_notify"),
    path("desk/<slug:slug>/coupons/", coupon_views.of_shop, name="coupons"),
    path("staff/coupons/", coupon_views.of_platform, name="platform_coupons"),
    path("coupons/<slug:code>/<slug:verb>/", coupon_views.decide, name="decide_coupon"),
    path("orders/<slug:number>/coupon/", coupon_views.use, name="use_coupon"),
    path("orders/<slug:number>/coupon/drop/", coupon_views.drop, name="drop_coupon"),
    path("orders/<slug:number>/supplier/", supplier_views.exchanges, name="exchanges"),
    path("orders/<slug:number>/supplier/ask/", supplier_views.ask, name="ask_supplier"),
    path("orders/<slug:number>/supplier/answered/", supplier_views.answered, name="supplier_answered"),
    path("orders/<slug:number>/units/<int:place>/again/", supplier_views.try_again, name="try_again"),
    path("orders/<slug:number>/units/<int:place>/redemption/", talk_views.redemption, name="redemption"),
    path("staff/suppliers/", supplier_views.health, name="suppliers"),
    path("staff/signs/", talk_views.signs, name="signs"),
    path("orders/<slug:number>/join/", talk_views.join, name="join"),
    path("orders/<slug:number>/read/", talk_views.read, name="read"),
    path("orders/<slug:number>/say/", views.say, name="say"),
    path("orders/<slug:number>/files/<int:pk>/", views.file, name="file"),
]

"""Addresses of shops, of what they sell, and of their desks."""

from django.urls import path

from shops.views import desk, listings, money, shops, staff, stock

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
    path("desk/<slug:slug>/stock/", stock.stores, name="stock"),
    path("desk/<slug:slug>/stock/<int:pk>/", stock.batches, name="batches"),
    path("desk/<slug:slug>/stock/<int:pk>/send/", stock.send_in, name="send_in"),
    path("desk/<slug:slug>/stock/<int:pk>/rest/", stock.rest, name="rest"),
    path("desk/<slug:slug>/batches/<int:pk>/", stock.batch, name="batch"),
    path("desk/<slug:slug>/batches/<int:pk>/stop/", stock.stop, name="stop_batch"),
    path("desk/<slug:slug>/batches/<int:pk>/resume/", stock.resume, name="resume_batch"),
    path("desk/<slug:slug>/intakes/<int:pk>/", stock.intake, name="intake"),
    path("desk/<slug:slug>/intakes/<int:pk>/report.csv", stock.report, name="intake_report"),
    path("desk/<slug:slug>/suppliers/", stock.supply, name="suppliers"),
    path("desk/<slug:slug>/suppliers/<int:pk>/", stock.supplier, name="supplier"),
    path("shops/<slug:slug>/deposit/pay/", money.pay_in, name="pay_in"),
    path("desk/<slug:slug>/withdrawals/", money.withdrawals, name="withdrawals"),
    path("desk/<slug:slug>/withdrawals/new/", money.withdraw, name="withdraw"),
    path("desk/<slug:slug>/withdrawals/account/", money.name_account, name="name_account"),
    path("desk/<slug:slug>/staff/", staff.people, name="staff"),
    path("desk/<slug:slug>/staff/<int:pk>/duty/", staff.change_duty, name="change_duty"),
    path("desk/<slug:slug>/staff/<int:pk>/remove/", staff.remove, name="remove"),
    path("invitations/", staff.invitations, name="invitations"),
    path("invitations/<int:pk>/<slug:verb>/", staff.answer, name="answer"),
    path("staff/codes/", stock.clashes, name="clashes"),
    path("staff/codes/<int:pk>/settle/", stock.settle, name="settle_clash"),
]

"""Addresses of money: the wallet's pages, finance's queue of payouts, and where channels send their notices."""

from django.urls import path

from ledger import contributing, desk, owing, reconciling, views

app_name = "ledger"

urlpatterns = [
    path("wallet/", views.wallet, name="wallet"),
    path("wallet/top-up/", views.top_up, name="top_up"),
    path("wallet/payments/<slug:number>/", views.payment, name="payment"),
    path("wallet/payments/<slug:number>/pay/", views.pay, name="pay"),
    path("wallet/payments/<slug:number>/check/", views.check, name="check"),
    path("wallet/payouts/<slug:number>/", views.payout, name="payout"),
    path("wallet/debt/", owing.debt, name="debt"),
    path("wallet/debt/pay/", owing.pay, name="pay_debt"),
    path("wallet/debt/charge/", owing.charge, name="charge_debt"),
    path("finance/payouts/", views.queue, name="queue"),
    path("finance/payouts/<slug:number>/<slug:verb>/", views.decide, name="decide"),
    path("finance/differences/", reconciling.index, name="differences"),
    path("finance/differences/compare/", reconciling.compare, name="compare"),
    path("finance/differences/<int:pk>/settle/", reconciling.settle, name="settle_difference"),
    path("finance/debts/", owing.index, name="debts"),
    path("finance/debts/<int:pk>/propose/", owing.propose, name="propose_write_off"),
    path("finance/write-offs/<int:pk>/<slug:verb>/", owing.decide, name="decide_write_off"),
    path("finance/contributions/", contributing.index, name="contributions"),
    path("finance/contributions/propose/", contributing.propose, name="propose_contribution"),
    path("finance/contributions/<int:pk>/<slug:verb>/", contributing.decide, name="decide_contribution"),
    path("finance/brake/", desk.state, name="brake"),
    path("finance/brake/raise/", desk.raise_brake, name="raise_brake"),
    path("finance/brake/release/", desk.sign_release, name="release_brake"),
    path("finance/accounts/", desk.all_accounts, name="accounts"),
    path("finance/accounts/<str:address>/", desk.account, name="account"),
    path("pay/<slug:channel>/notify/<slug:number>/", views.notify, name="notify"),
]

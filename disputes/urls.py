"""Addresses of disputes: the two sides' pages, and the bench of the staff."""

from django.urls import path

from disputes.views import acts, bench, bundles, cases, neutrals, owed, precedents, verify

app_name = "disputes"

urlpatterns = [
    path("disputes/", cases.index, name="index"),
    path("disputes/<slug:number>/", cases.case, name="case"),
    path("disputes/<slug:number>/rest/", cases.rest, name="rest"),
    path("disputes/<slug:number>/withdraw/", cases.withdraw, name="withdraw"),
    path("disputes/<slug:number>/concede/", cases.concede, name="concede"),
    path("disputes/<slug:number>/ruling/", cases.ruling, name="ruling"),
    path("disputes/<slug:number>/bundles/", bundles.index, name="bundles"),
    path("disputes/<slug:number>/bundles/ask/", bundles.ask, name="ask_bundle"),
    path("bundles/<slug:number>/", bundles.bundle, name="bundle"),
    path("bundles/<slug:number>/zip/", bundles.fetch, name="fetch_bundle"),
    path("owed/", owed.index, name="owed"),
    path("precedents/", precedents.digest, name="digest"),
    path("bench/precedents/", precedents.index, name="precedents"),
    path("bench/second-looks/<int:pk>/", precedents.second_look, name="second_look"),
    path("rulings/<slug:number>/paper/", verify.paper, name="ruling_paper"),
    path("rulings/<slug:number>/file/", verify.file, name="ruling_file"),
    path("verify/", verify.check, name="verify"),
    path("verify/keys/", verify.keys, name="keys"),
    path("verify/chain/", verify.chain, name="chain"),
    path("neutrals/", neutrals.index, name="neutrals"),
    path("bench/", bench.queue, name="bench"),
    path("bench/neutrals/", neutrals.keep, name="keep_neutrals"),
    path("bench/neutrals/<int:pk>/delist/", neutrals.delist, name="delist_neutral"),
    path("bench/<slug:number>/", bench.case, name="bench_case"),
    path("bench/<slug:number>/open/", bench.open_file, name="open_file"),
    path("bench/<slug:number>/preview/", bench.preview, name="preview"),
    path("bench/<slug:number>/rule/", bench.rule, name="rule"),
    path("bench/<slug:number>/sign/", bench.sign, name="sign"),
    path("bench/<slug:number>/send-back/", bench.send_back, name="send_back"),
    path("bench/<slug:number>/assign/", bench.assign, name="assign"),
    path("bench/<slug:number>/submit/", bench.submit, name="bench_submit"),
]
urlpatterns += [
    path(f"disputes/<slug:number>/{name.replace('_', '-')}/", acts.page(name, on_bench=False), name=name)
    for name in acts.SIDES
]
urlpatterns += [
    path(f"bench/<slug:number>/{name.replace('_', '-')}/", acts.page(name, on_bench=True), name=f"bench_{name}")
    for name in acts.STAFF
]

"""Addresses of the rulebook: the public rule center."""

from django.urls import path

from rulebook.views import center, staff

app_name = "rulebook"

urlpatterns = [
    path("rules/", center.overview, name="center"),
    path("rules/admin/", staff.versions_of_staff, name="staff"),
    path("rules/admin/new/", staff.draft, name="draft"),
    path("rules/admin/<int:pk>/", staff.version, name="staff_version"),
    path("rules/admin/<int:pk>/revise/", staff.revise, name="revise"),
    path("rules/admin/<int:pk>/propose/", staff.propose, name="propose"),
    path("rules/admin/<int:pk>/send-back/", staff.send_back, name="send_back"),
    path("rules/admin/<int:pk>/sign/", staff.sign, name="sign"),
    path("rules/admin/<int:pk>/withdraw/", staff.withdraw, name="withdraw"),
    path("rules/admin/<int:pk>/replay/", staff.replay, name="replay"),
    path("rules/calculator/", center.calculator, name="calculator"),
    path("rules/matrix/", center.matrix, name="matrix"),
    path("rules/reasons/", center.reasons, name="reasons"),
    path("rules/reasons/<slug:code>/", center.reason, name="reason"),
    path("rules/clocks/", center.clocks, name="clocks"),
    path("rules/examples/", center.examples, name="examples"),
    path("rules/linter/", center.linter, name="linter"),
    path("rules/versions/", center.all_versions, name="versions"),
    path("rules/versions/<str:number>/", center.version, name="version"),
    path("rules/versions/<str:number>/rulebook.json", center.body, name="body"),
]

"""Addresses of the rulebook: the public rule center."""

from django.urls import path

from rulebook.views import center

app_name = "rulebook"

urlpatterns = [
    path("rules/", center.overview, name="center"),
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

"""The pages of rule staff as they see them: on a phone and a desk, in both languages, by day and by night."""

import pytest
from django.urls import reverse

from refunds import lifecycle as refunds
from rulebook import lifecycle, replays
from tests.fixtures.cases import units_of
from tests.orders.test_pages import as_
from tests.rulebook.test_versions import rules
from timeline import clock

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def versions(order, rich_buyer, lead, senior):
    """One version that is announced, one that waits for its signature, one draft; recent cases were decided again."""
    at = clock.now()
    refunds.ask(order=order, units=units_of(order)[:2], reason="CHANGE_OF_MIND", by=rich_buyer, at=at)
    made = []
    for number, fee in (("2026.12.0", 200), ("2026.12.1", 150), ("2026.12.2", 100)):
        data = rules(number, **{f"levels__M{level}__sealed_fee_bp": fee - 10 * level for level in range(5)})
        made.append(lifecycle.draft(data, purpose="反悔更便宜 Cheaper second thoughts", by=lead, at=at))
    for version in made[:2]:
        lifecycle.propose(version, is_major=False, is_retroactive=True, by=lead, at=at)
    lifecycle.sign(made[0], by=senior, at=at)
    for version in made:
        replays.ask(version, by=lead, at=at)
        replays.run(at=at)
    return made


@pytest.mark.parametrize(
    ("width", "language", "theme"),
    [(390, "zh-CN", "light"), (390, "en", "dark"), (1280, "zh-CN", "dark"), (1280, "en", "light")],
)
def test_the_pages_of_rule_staff_fit_and_are_accessible(visitor, versions, senior, width, language, theme):
    window = visitor(width=width, language=language, theme=theme)
    key = as_(senior).cookies["sessionid"].value
    window.context.add_cookies([{"name": "sessionid", "value": key, "url": window.home}])
    window.visit("/me/").get_by_role(
        "link", name="规则版本" if language == "zh-CN" else "Versions of the rulebook"
    ).click()
    for path in (reverse("rulebook:staff"), *(reverse("rulebook:staff_version", args=[each.pk]) for each in versions)):
        window.visit(path)
        window.require_fits()
        window.require_accessible()

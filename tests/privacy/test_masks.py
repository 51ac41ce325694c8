"""What the table of masks says is so: every page and answer of the API is read by every role for planted values."""

from collections import defaultdict
from typing import Any

import pytest
from django.core.cache import cache
from django.template.backends.django import Template

from disputes import lifecycle
from privacy.looks import LOOKING
from privacy.masks import EYES, MASKS
from shops import identities, withdrawals
from shops.models import Shop
from tests.fixtures.disputes import drafted
from tests.permissions import PEOPLE, read
from tests.permissions.test_matrix import ROUTES
from tests.permissions.world import World, world

__all__ = ["world"]

RENDER = Template.render

#: What is planted in each field, as it stands there in the clear.
PLANTED = {
    "mail": "buyer@example.com",
    "network": "203.0.113.0",
    "given": "13800138000",
    "device": "203.0.113.77",
    "identity": "310104199001011234",
    "phone": "021-55550000",
    "payee": "6222020200112233445",
}


@pytest.fixture
def seen(world: World, seller: Any, at: Any, monkeypatch: Any) -> dict[str, dict[str, list[str]]]:
    """Where each role reads which planted value: field, who, routes."""
    shop = Shop.objects.get(owner=seller)
    withdrawals.name_account(shop, account=PLANTED["payee"], holder="上海星河数字有限公司", by=seller, at=at)
    monkeypatch.setattr(Template, "render", RENDER)
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for (method, route), line in sorted(read().items()):
        if method != "GET" or route not in ROUTES or route.startswith("api:docs"):  # it has numbers of its own
            continue
        path = world.path_of(route, ROUTES[route])
        for who, answer in zip(PEOPLE, line.answers, strict=True):
            if who not in EYES or answer != "in":
                continue
            cache.clear()
            got = world.browsers[who].get(path, headers={"Accept": "*/*"})
            body = "" if got.streaming else got.content.decode(errors="ignore")
            for field, value in PLANTED.items():
                if value in body:
                    found[field][who].append(route)
    return found


def test_every_role_reads_in_the_clear_what_the_table_says_and_nothing_else(
    seen: dict[str, dict[str, list[str]]],
) -> None:
    clear = {mask.name: set(mask.clear) for mask in MASKS}
    where = {field: dict(by) for field, by in seen.items()}
    wrong = {field: where.get(field, {}) for field in PLANTED if set(where.get(field, {})) != clear[field]}
    assert not wrong, f"{wrong}"


def test_who_opens_something_with_a_reason_is_who_the_verbs_let() -> None:
    told = {mask.name: set(mask.with_reason) for mask in MASKS}
    answers = dict(zip(PEOPLE, read()["POST", "disputes:open_file"].answers, strict=True))
    # The table of permissions has a case that is being heard; whoever is asked to sign opens it, too (below).
    assert told["network"] == {who for who, answer in answers.items() if answer == "go"} | {"senior"}
    answers = dict(zip(PEOPLE, read()["POST", "orders:open_given"].answers, strict=True))
    assert told["given"] == {who for who, answer in answers.items() if answer == "go"} & set(EYES)
    assert told["mail"] == {str(role) for role in LOOKING}
    assert told["identity"] == {str(role) for role in identities.LOOKING}
    for route in ("shops:open_application", "api:open_application", "shops:open_shop"):
        answers = dict(zip(PEOPLE, read()["POST", route].answers, strict=True))
        assert told["identity"] == {who for who, answer in answers.items() if answer == "ask"}, "a reason is missing"


def test_who_is_asked_to_sign_opens_the_networks_with_a_reason_too(
    reviewed: Any, arbiter: Any, senior: Any, at: Any
) -> None:
    lifecycle.rule(reviewed, drafted(reviewed), by=arbiter, at=at)
    lifecycle.open_file(reviewed, by=senior, at=at)
    lifecycle.unmask(reviewed, reason="核对来源", by=senior, at=at)
    assert reviewed.is_unmasked_for(senior, at)
    [network] = [mask for mask in MASKS if mask.name == "network"]
    assert network.of("senior") == "with a reason"


def test_the_table_names_every_role_once_and_every_field_that_is_planted() -> None:
    assert {mask.name for mask in MASKS} == set(PLANTED)
    assert set(EYES) <= set(PEOPLE)
    assert not [mask.name for mask in MASKS if mask.clear & mask.with_reason]

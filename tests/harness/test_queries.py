"""Queries in tests: no accidental order, no unclear lock, and each one counted."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Count, Max, Prefetch

from tests.queries import expect_queries, recorded
from tests.strictness import UnclearLock

pytestmark = pytest.mark.django_db

KINDS = ContentType.objects


def orders(ask):
    """The different orders that the same question gets in eight tries."""
    return {tuple(str(row) for row in ask()) for _try in range(8)}


@pytest.mark.parametrize(
    "ask",
    [
        lambda: KINDS.all(),
        lambda: KINDS.exclude(app_label="timeline"),
        lambda: KINDS.values_list("pk", flat=True),
        lambda: KINDS.values("app_label").annotate(models=Count("pk")),
        lambda: KINDS.values("app_label").distinct(),
        lambda: KINDS.filter(app_label="auth").union(KINDS.filter(app_label="ledger")),
        lambda: KINDS.all()[:3],
        lambda: KINDS.iterator(chunk_size=2),
        lambda: KINDS.filter(pk__in=KINDS.filter(app_label="ledger").values("pk")),
        lambda: KINDS.select_for_update(of=("self",)),
    ],
)
def test_an_unordered_query_comes_in_any_order(ask):
    assert len(orders(ask)) > 1


@pytest.mark.parametrize(
    "ask",
    [
        lambda: KINDS.order_by("pk"),
        lambda: KINDS.order_by("-app_label", "model")[:3],
        lambda: Permission.objects.all(),  # ordered by its Meta
        lambda: KINDS.values("app_label").distinct().order_by("app_label"),
        lambda: KINDS.filter(app_label="auth").union(KINDS.filter(app_label="ledger")).order_by("pk"),
        lambda: KINDS.order_by("app_label", "pk").distinct("app_label"),
        lambda: [KINDS.first(), KINDS.last(), KINDS.earliest("pk")],
        lambda: [
            KINDS.count(),
            KINDS.aggregate(last=Max("pk")),
            KINDS.exists(),
            KINDS.get(app_label="ledger", model="transfer"),
        ],
        lambda: sorted(KINDS.in_bulk()),
    ],
)
def test_an_ordered_query_or_a_single_answer_stays(ask):
    assert len(orders(ask)) == 1


def test_prefetched_rows_come_in_any_order_too():
    def ask():
        parent = KINDS.prefetch_related(Prefetch("permission_set", Permission.objects.order_by())).get(model="transfer")
        return parent.permission_set.all()

    assert len(orders(ask)) > 1


def test_nothing_is_lost_by_shuffling():
    assert sorted(kind.pk for kind in KINDS.all()) == sorted(KINDS.order_by("pk").values_list("pk", flat=True))
    assert len(list(KINDS.values("app_label").distinct())) == len(set(KINDS.values_list("app_label", flat=True)))


@pytest.mark.parametrize(
    "ask",
    [
        lambda: Permission.objects.select_related("content_type").select_for_update(),
        lambda: Permission.objects.filter(content_type__app_label="auth").select_for_update(no_key=True),
    ],
)
def test_a_lock_over_a_join_must_say_of(ask):
    with pytest.raises(UnclearLock, match="auth_permission, django_content_type"), transaction.atomic():
        list(ask())
    assert list(ask().select_for_update(of=("self",)))
    assert list(KINDS.select_for_update())


def test_an_order_by_another_table_is_a_join_too():
    assert "content_type__app_label" in (Permission._meta.ordering or ())
    with pytest.raises(UnclearLock), transaction.atomic():
        list(Permission.objects.select_for_update())


def test_a_wrong_number_of_queries_is_shown_with_its_sql():
    def ask_twice():
        with expect_queries(1):
            KINDS.count()
            Permission.objects.count()

    with pytest.raises(AssertionError, match=r"(?s)Expected 1 queries, but there were 2:.*1\. SELECT.*2\. SELECT"):
        ask_twice()
    with expect_queries(1):
        KINDS.count()


def test_savepoints_are_counted_only_if_asked_for():
    with recorded() as quiet, recorded(savepoints=True) as all_of_them, transaction.atomic():
        KINDS.count()
    assert len(quiet) == 1
    assert [sql.split()[0] for sql in all_of_them] == ["SAVEPOINT", "SELECT", "RELEASE"]

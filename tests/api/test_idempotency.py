"""A POST counts once for its key, whatever happens on the way."""

from datetime import timedelta

import pytest
from django.db.models import F

from shops.models import Application, Shop
from tests.api import probes
from tests.api.conftest import problem, signed_in
from tests.races import race
from timeline import idempotency
from timeline.models import KeptAnswer

BODY = {"name": "星河", "slug": "xinghe"}


@pytest.mark.django_db
class TestOneAfterTheOther:
    def test_the_same_request_again_gives_the_same_answer_and_no_second_application(self, as_seller):
        first = as_seller.send("/api/v1/applications/", BODY, key="k")
        again = as_seller.send("/api/v1/applications/", BODY, key="k")
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.content == again.content
        assert first.headers["Location"] == again.headers["Location"]
        assert "Idempotency-Replayed" not in first.headers
        assert again.headers["Idempotency-Replayed"] == "true"
        assert Application.objects.count() == 1

    def test_the_same_key_with_another_request_is_refused(self, as_seller):
        as_seller.send("/api/v1/applications/", BODY, key="k")
        problem(
            as_seller.send("/api/v1/applications/", BODY | {"slug": "other"}, key="k"), 409, "idempotency_key_reused"
        )
        problem(as_seller.send("/api/v1/applications/?x=1", BODY, key="k"), 409, "idempotency_key_reused")
        problem(as_seller.send("/api/v1/shops/xinghe/deposit/close/", BODY, key="k"), 409, "idempotency_key_reused")

    def test_a_key_is_its_persons_own(self, as_seller, as_stranger):
        as_seller.send("/api/v1/applications/", BODY, key="k")
        theirs = as_stranger.send("/api/v1/applications/", {"name": "别家", "slug": "other"}, key="k")
        assert theirs.status_code == 201
        assert "Idempotency-Replayed" not in theirs.headers

    @pytest.mark.parametrize(
        ("key", "code"), [(None, "required"), ("", "malformed"), ("x" * 201, "malformed"), ("a b", "malformed")]
    )
    def test_a_post_needs_a_plain_key(self, as_seller, key, code):
        headers = {} if key is None else {"HTTP_IDEMPOTENCY_KEY": key}
        response = as_seller.post("/api/v1/applications/", BODY, content_type="application/json", **headers)
        problem(response, 400, f"idempotency_key_{code}")
        assert not Application.objects.exists()

    def test_a_wrong_form_keeps_nothing_so_that_the_key_serves_for_the_right_one(self, as_seller):
        problem(as_seller.send("/api/v1/applications/", {"name": "星河"}, key="k"), 422, "invalid")
        malformed = as_seller.post(
            "/api/v1/applications/", "{", content_type="application/json", HTTP_IDEMPOTENCY_KEY="k"
        )
        problem(malformed, 400, "malformed")
        assert not KeptAnswer.objects.exists()
        assert as_seller.send("/api/v1/applications/", BODY, key="k").status_code == 201

    def test_a_refusal_keeps_nothing(self, as_seller, shop):
        problem(as_seller.send(f"/api/v1/shops/{shop.slug}/deposit/close/", key="k"), 409, "wrong_moment")
        assert not KeptAnswer.objects.exists()

    @pytest.mark.urls("tests.api.probes")
    def test_a_fault_after_the_verb_undoes_the_verb_and_frees_the_key(self, as_seller):
        problem(as_seller.send("/api/probe/crashing/?crash=1", key="k"), 500, "internal_error")
        assert not Shop.objects.exists()
        assert not KeptAnswer.objects.exists()
        assert as_seller.send("/api/probe/crashing/", key="k").status_code == 201

    @pytest.mark.urls("tests.api.probes")
    def test_an_answer_that_is_no_success_undoes_the_verb(self, as_seller):
        assert as_seller.send("/api/probe/crashing-quietly/").status_code == 422
        assert not Shop.objects.exists()

    def test_answers_are_kept_for_a_day_at_least_and_then_forgotten(self, as_seller):
        as_seller.send("/api/v1/applications/", BODY, key="k")
        KeptAnswer.objects.update(at=F("at") - timedelta(hours=24))
        assert idempotency.forget_old() == 0
        assert as_seller.send("/api/v1/applications/", BODY, key="k").headers["Idempotency-Replayed"] == "true"
        KeptAnswer.objects.update(at=F("at") - timedelta(hours=25))
        assert idempotency.forget_old() == 1
        problem(as_seller.send("/api/v1/applications/", BODY, key="k"), 422, "invalid")


@pytest.mark.django_db(transaction=True)
class TestAtTheSameTime:
    @pytest.mark.urls("tests.api.probes")
    def test_a_twin_of_a_request_at_work_is_told_to_wait_and_then_gets_its_answer(self, seller):
        probes.inside.clear()
        probes.go_on.clear()
        first, second = signed_in(seller), signed_in(seller)

        def twin():
            assert probes.inside.wait(10)
            try:
                return second.send("/api/probe/held/", key="k")
            finally:
                probes.go_on.set()

        done, waiting = race(lambda: first.send("/api/probe/held/", key="k"), twin)
        assert done.status_code == 201
        problem(waiting, 409, "idempotency_in_progress")
        later = second.send("/api/probe/held/", key="k")
        assert (later.status_code, later.content) == (201, done.content)
        assert later.headers["Idempotency-Replayed"] == "true"
        assert Shop.objects.count() == 1

    def test_twins_at_the_same_instant_have_one_effect(self, seller):
        clients = [signed_in(seller) for _ in range(4)]
        answers = race(*(lambda each=each: each.send("/api/v1/applications/", BODY, key="k") for each in clients))
        for answer in answers:
            assert answer.status_code == 201 or answer.json()["code"] == "idempotency_in_progress"
        assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
        assert sum(a.status_code == 201 and "Idempotency-Replayed" not in a.headers for a in answers) == 1
        assert Application.objects.count() == 1
        assert KeptAnswer.objects.count() == 1

    def test_the_same_shop_under_two_keys_is_applied_for_once(self, seller):
        clients = [signed_in(seller) for _ in range(2)]
        answers = race(*(lambda each=each: each.send("/api/v1/applications/", BODY) for each in clients))
        assert sorted(answer.status_code for answer in answers) in ([201, 409], [201, 422])
        assert {a.json()["code"] for a in answers if a.status_code != 201} <= {"already_exists", "invalid"}
        assert Application.objects.count() == 1

"""Pages of disputes, as the two sides, as the staff, as a stranger, in both languages."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from disputes import choices, lifecycle
from disputes.models import Dispute, Evidence, Ruling, RulingDraft
from disputes.states import DisputeState
from refunds import lifecycle as refunds
from refunds.models import Refund
from tests.disputes.test_appeals import filed
from tests.fixtures.disputes import ISSUES, REASONS, declined, drafted
from tests.queries import recorded
from timeline.models import Event

ENGLISH = {"accept-language": "en"}


def bench(dispute, name="bench_case"):
    return reverse(f"disputes:{name}", args=[dispute.number])


def filled(dispute, **change):
    """The ruling form as an arbiter would send it: 60/40 with everything."""
    words = {
        "share_seller": "60",
        "share_buyer": "40",
        "rule_ids": "MX-11, MX-12",
        "issues": ISSUES,
        "reasons": REASONS,
    }
    words |= {"departs_because": "双方各有责任"}
    for pk in dispute.evidence.values_list("pk", flat=True).order_by("pk"):
        words[f"weight_{pk}"] = "accepted"
    return {**words, **change}


@pytest.fixture
def at_the_bench(client, arbiter, reviewed):
    """The arbiter, with the file open."""
    client.force_login(arbiter)
    client.post(bench(reviewed, "open_file"))
    return client


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("stage", ["waiting_dispute", "dispute", "reviewed", "signing", "ruled"])
@pytest.mark.parametrize("who", ["rich_buyer", "seller"])
def test_both_sides_see_their_case_in_every_state(client, request, language, stage, who):
    dispute = request.getfixturevalue(stage)
    client.force_login(request.getfixturevalue(who))
    page = client.get(dispute.get_absolute_url(), headers={"accept-language": language})
    assert page.status_code == 200
    assert dispute.number in page.content.decode()
    assert ("disputes/ruling.html" in str(page.templates)) is False
    listed = client.get(reverse("disputes:index"), headers={"accept-language": language}).content.decode()
    assert dispute.number in listed


def test_every_reason_is_said_in_words_to_both_sides_and_on_the_bench(client, reviewed, rich_buyer, arbiter):
    for reason, title in {"NOT_AS_DESCRIBED": "不符", "REGION_MISMATCH": "区", "FRAUD": "欺诈"}.items():
        Refund.objects.filter(pk=reviewed.refund_id).update(reason=reason)
        client.force_login(rich_buyer)
        shown = client.get(reviewed.get_absolute_url()).context["reason"]
        client.force_login(arbiter)
        client.post(bench(reviewed, "open_file"))
        assert client.get(bench(reviewed)).context["reason"] == shown
        assert reason not in shown, "no code of the rulebook"
        assert title in shown


@pytest.mark.parametrize("who", ["stranger", "arbiter", "lead"])
def test_the_sides_page_is_for_the_sides(client, request, dispute, who):
    client.force_login(request.getfixturevalue(who))
    assert client.get(dispute.get_absolute_url()).status_code == 404
    for verb in ("rest", "withdraw", "concede"):
        assert client.post(reverse(f"disputes:{verb}", args=[dispute.number])).status_code == 404


def test_a_side_adds_words_and_a_file(client, dispute, rich_buyer):
    from django.core.files.uploadedfile import SimpleUploadedFile

    client.force_login(rich_buyer)
    file = SimpleUploadedFile("note.txt", "截图说明".encode(), content_type="text/plain")
    answer = client.post(dispute.get_absolute_url(), {"text": "请看附件", "file": file})
    assert answer.status_code == 302
    assert [item.kind for item in Evidence.objects.filter(side="buyer").order_by("pk")] == [
        "claim",
        "statement",
        "file",
    ]
    page = client.get(dispute.get_absolute_url()).content.decode()
    assert "note.txt" in page
    assert "请看附件" in page


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"<script>alert(1)</script>"])
def test_a_file_that_is_none_is_said_in_the_form_and_nothing_is_added(client, dispute, rich_buyer, content):
    from django.core.files.uploadedfile import SimpleUploadedFile

    client.force_login(rich_buyer)
    answer = client.post(dispute.get_absolute_url(), {"text": "附件", "file": SimpleUploadedFile("a.png", content)})
    assert answer.status_code == 422
    assert not Evidence.objects.filter(kind__in=["statement", "file"]).exists()


def test_saying_nothing_is_422(client, dispute, rich_buyer):
    client.force_login(rich_buyer)
    assert client.post(dispute.get_absolute_url(), {"text": " "}).status_code == 422


def test_the_sides_rest_give_in_and_take_back_by_buttons(client, dispute, rich_buyer, seller):
    client.force_login(rich_buyer)
    client.post(reverse("disputes:rest", args=[dispute.number]))
    client.force_login(seller)
    client.post(reverse("disputes:rest", args=[dispute.number]))
    dispute.refresh_from_db()
    assert dispute.state == DisputeState.REVIEW
    client.post(reverse("disputes:concede", args=[dispute.number]))
    dispute.refresh_from_db()
    assert dispute.outcome == "conceded"


def test_a_file_is_closed_until_somebody_opens_it_on_record(client, dispute, arbiter):
    client.force_login(arbiter)
    page = client.get(bench(dispute)).content.decode()
    assert "显示已被使用" not in page
    assert not Event.objects.filter(name="dispute.file_opened").exists(), "looking at the door is no opening"
    page = client.post(bench(dispute, "open_file"), follow=True).content.decode()
    assert "显示已被使用" in page
    assert Event.objects.get(name="dispute.file_opened").by == arbiter


def test_nothing_is_done_to_a_closed_file(client, reviewed, arbiter):
    client.force_login(arbiter)
    assert client.post(bench(reviewed, "rule"), filled(reviewed)).status_code == 409
    assert not Ruling.objects.exists()


@pytest.mark.parametrize("who", ["rich_buyer", "seller", "stranger", "second_arbiter"])
def test_there_is_no_bench_case_for_who_has_nothing_to_do_with_it(client, request, reviewed, who):
    client.force_login(request.getfixturevalue(who))
    assert client.get(bench(reviewed)).status_code == 404
    for name in ("open_file", "preview", "rule", "sign", "send_back", "assign", "bench_submit"):
        assert client.post(bench(reviewed, name)).status_code == 404


@pytest.mark.parametrize("who", ["rich_buyer", "seller"])
def test_there_is_no_bench_for_customers(client, request, who):
    client.force_login(request.getfixturevalue(who))
    assert client.get(reverse("disputes:bench")).status_code == 404


def test_the_bench_says_when_nothing_waits(client, dispute, second_arbiter):
    client.force_login(second_arbiter)
    page = client.get(reverse("disputes:bench")).content.decode()
    assert "empty" in page
    assert dispute.number not in page


def test_the_arbiter_sees_own_cases_the_lead_all_and_what_is_not_assigned(client, waiting_dispute, arbiter, lead):
    client.force_login(arbiter)
    assert waiting_dispute.number not in client.get(reverse("disputes:bench")).content.decode()
    client.force_login(lead)
    for show in ("", "?show=unassigned"):
        assert waiting_dispute.number in client.get(reverse("disputes:bench") + show).content.decode()


@pytest.mark.parametrize("after", ["x", "_", "_9", "2026-99-01_1", "2026-11-22T00:00:00_5", "99999999", "٣"])
def test_a_strange_page_is_no_error(client, arbiter, dispute, after):
    client.force_login(arbiter)
    assert client.get(reverse("disputes:bench"), {"after": after}).status_code == 200


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_workbench_has_both_stories_the_records_and_the_rulebook(at_the_bench, reviewed, language):
    page = at_the_bench.get(bench(reviewed), headers={"accept-language": language}).content.decode()
    for word in ("显示已被使用", "出库时有效", "share_seller", "¥98.00"):
        assert word in page


def test_what_is_missing_of_a_decision_is_where_the_eye_is_led(at_the_bench, reviewed):
    """The page is long: what came back from “decide” must not look as if nothing had happened."""
    page = at_the_bench.post(bench(reviewed, "rule"), filled(reviewed, reasons=""))
    assert page.status_code == 422
    assert 'class="notice" tabindex="-1" autofocus' in page.content.decode()
    shown = at_the_bench.post(bench(reviewed, "preview"), filled(reviewed, reasons=""), headers={"hx-request": "true"})
    assert "autofocus" not in shown.content.decode(), "nobody is torn away from what they write"


def test_findings_say_whose_statement_is_weighed_and_what_can_be_done_ends_with_the_ways_out(
    client, dispute, rich_buyer, seller, arbiter, senior, at
):
    for side, text in ((rich_buyer, "激活失败。"), (seller, "逐条验证过。")):
        lifecycle.submit(dispute, text=text, by=side, at=at)
    client.force_login(rich_buyer)
    offered = [act["label"] for act in client.get(dispute.get_absolute_url(), headers=ENGLISH).context["acts"]]
    assert (offered[0], offered[-1]) == ("I have nothing to add", "Take the case back")
    for side in (rich_buyer, seller):
        lifecycle.rest(dispute, by=side, at=at)
    lifecycle.rule(dispute, drafted(dispute), by=arbiter, at=at)
    lifecycle.sign(dispute, agrees=True, by=senior, at=at)
    page = client.get(reverse("disputes:ruling", args=[dispute.number]), headers=ENGLISH).content.decode()
    for name in ("Statement · Buyer · ", "Statement · Shop · "):
        assert page.count(name) == 1
    assert f'href="/disputes/{dispute.number}/appeal/"' in page, "an appeal is filed from here"
    found = {each["side"] for each in json.loads(Ruling.objects.get().seal.text)["findings"]}
    assert found == {"platform", "buyer", "shop"}


def test_cases_are_walked_by_keys_and_keys_lead_to_asking_and_proposing(client, arbiter, large_reviewed):
    client.force_login(arbiter)
    assert "<tr data-row>" in client.get(reverse("disputes:bench")).content.decode()
    client.post(bench(large_reviewed, "open_file"))
    page = client.get(bench(large_reviewed)).content.decode()
    for key in ("q", "m"):
        assert f'data-key="{key}"' in page
        assert f"<kbd>{key}</kbd>" in page


def test_a_preview_works_without_scripts_and_decides_nothing(at_the_bench, reviewed):
    page = at_the_bench.post(bench(reviewed, "preview"), filled(reviewed, reasons=""))
    assert page.status_code == 200
    text = page.content.decode()
    assert "¥58.80" in text
    assert page.context["worked_out"]["missing"]
    assert "双方各有责任" in text, "what was written is still there"
    assert not Ruling.objects.exists()


def test_what_was_written_is_there_again_until_it_is_decided(at_the_bench, reviewed):
    written = filled(reviewed, share_buyer="39", reasons="写到一半的理由")
    at_the_bench.post(bench(reviewed, "preview"), written, headers={"hx-request": "true"})
    page = at_the_bench.get(bench(reviewed))
    assert 'hx-trigger="change delay:300ms, input delay:2s"' in page.content.decode(), "also of who goes on writing"
    assert page.context["kept_at"]
    at_the_bench.logout()
    at_the_bench.force_login(reviewed.arbiter)
    page = at_the_bench.get(bench(reviewed))
    assert "写到一半的理由" in page.content.decode()
    assert page.context["form"]["share_buyer"].value() == "39"
    assert len(page.context["worked_out"]["missing"]) == 2, "shares and reasons, worked out anew"
    at_the_bench.post(bench(reviewed, "rule"), filled(reviewed))
    assert Ruling.objects.count() == 1
    assert not RulingDraft.objects.exists()


def test_only_who_has_the_case_keeps_a_draft_and_a_field_only(client, reviewed, lead):
    client.force_login(lead)
    client.post(bench(reviewed, "open_file"))
    client.post(bench(reviewed, "preview"), filled(reviewed, reasons="别人写的"), headers={"hx-request": "true"})
    assert not RulingDraft.objects.exists()
    client.force_login(reviewed.arbiter)
    client.post(bench(reviewed, "open_file"))
    written = filled(reviewed, reasons="前半\x00后半", something="x" * 20_000)
    client.post(bench(reviewed, "preview"), written, headers={"hx-request": "true"})
    kept = RulingDraft.objects.get()
    assert kept.user_id == reviewed.arbiter_id
    assert kept.written["reasons"] == "前半后半"
    assert "something" not in kept.written


def test_what_changed_since_it_was_sent_back_is_shown_to_both(client, signing, arbiter, senior, at):
    lifecycle.sign(signing, agrees=False, note_text="比例没有说明理由", by=senior, at=at)
    client.force_login(arbiter)
    client.post(bench(signing, "open_file"))
    page = client.get(bench(signing))
    assert "比例没有说明理由" in page.content.decode()
    assert page.context["changes"] is None, "nothing was written anew"
    words = filled(signing, share_seller="70", share_buyer="30", reply="已补充比例的理由")
    words |= {"reasons": f"{REASONS}理由补充如下。", "departs_because": "双方各有责任，见理由。"}
    client.post(bench(signing, "rule"), words)
    client.force_login(senior)
    client.post(bench(signing, "open_file"))
    page = client.get(bench(signing))
    rows = {row.name: row for row in page.context["changes"]["rows"]}
    sums = {(row.before, row.after) for row in rows.values() if not row.pieces}
    assert {("60%", "70%"), ("40%", "30%"), ("¥58.80", "¥68.60")} <= sums
    came = [piece.text for row in rows.values() for piece in row.pieces if piece.is_new]
    assert came == ["理由补充如下。"]
    assert "已补充比例的理由" in page.content.decode()


def test_the_bench_shows_urgent_cases_first_and_a_lead_the_own_ones_alone(
    client, dispute, order, rich_buyer, lead, second_arbiter, at
):
    later = at + timedelta(minutes=1)
    refund = declined(order, rich_buyer, at=later, places=(2,))
    refunds.escalate(refund, by=rich_buyer, at=later)
    second = Dispute.objects.get(refund=refund)
    client.force_login(lead)
    address = reverse("disputes:bench")

    def rows(**query):
        return [row["dispute"] for row in client.get(address, query).context["rows"]]

    assert rows() == [dispute, second], "the least time left first"
    Dispute.objects.filter(pk=second.pk).update(is_urgent=True)
    assert rows() == [second, dispute]
    assert rows(show="mine") == []
    lifecycle.assign(dispute, lead, by=lead, at=later)
    assert rows(show="mine") == [dispute]
    assert client.get(address).context["rows"][0]["left"] >= 90


def test_a_preview_for_htmx_is_only_the_part_that_changes(at_the_bench, reviewed):
    page = at_the_bench.post(bench(reviewed, "preview"), filled(reviewed), headers={"hx-request": "true"})
    assert page.content.decode().strip().startswith('<div id="preview"')


def test_an_incomplete_ruling_comes_back_as_it_was_with_what_is_missing(at_the_bench, reviewed):
    page = at_the_bench.post(bench(reviewed, "rule"), filled(reviewed, share_buyer="39"))
    assert page.status_code == 422
    assert len(page.context["worked_out"]["missing"]) == 1
    assert REASONS in page.content.decode()
    assert not Ruling.objects.exists()


@pytest.mark.parametrize("change", [{"share_buyer": "x"}, {"rule_ids": "因为"}, {"compensation": "1.234"}])
def test_what_cannot_be_read_is_422(at_the_bench, reviewed, change):
    for name in ("rule", "preview"):
        assert at_the_bench.post(bench(reviewed, name), filled(reviewed, **change)).status_code == 422


def test_the_whole_way_on_pages_from_ruling_to_signature_to_paper(at_the_bench, reviewed, senior, rich_buyer, arbiter):
    at_the_bench.post(bench(reviewed, "rule"), filled(reviewed))
    client = at_the_bench
    client.force_login(senior)
    client.post(bench(reviewed, "open_file"))
    page = client.get(bench(reviewed)).content.decode()
    assert REASONS in page
    assert client.post(bench(reviewed, "send_back"), {"note": ""}).status_code == 422
    client.post(bench(reviewed, "sign"), {"version": "1"})
    client.force_login(rich_buyer)
    for language, words in {"zh-hans": ["12315", "¥58.80", "60%"], "en": ["¥58.80 goes back", "12315"]}.items():
        address = reverse("disputes:ruling", args=[reviewed.number])
        page = client.get(address, headers={"accept-language": language}).content.decode()
        assert all(word in page for word in words)
        assert "仲裁" not in page


def test_signing_another_version_than_the_one_read_changes_nothing(client, signing, senior):
    client.force_login(senior)
    client.post(bench(signing, "open_file"))
    client.post(bench(signing, "sign"), {"version": "x"})
    signing.refresh_from_db()
    assert signing.state == DisputeState.SIGNING


def test_a_lead_assigns_on_the_page(client, waiting_dispute, lead, arbiter):
    client.force_login(lead)
    client.post(bench(waiting_dispute, "open_file"))
    client.post(bench(waiting_dispute, "assign"), {"arbiter": str(arbiter.pk)})
    waiting_dispute.refresh_from_db()
    assert waiting_dispute.arbiter == arbiter
    assert client.post(bench(waiting_dispute, "assign"), {"arbiter": "7777"}).status_code == 422


def test_a_ruling_is_a_page_only_once_it_is_served(client, signing, rich_buyer, stranger, ruled):
    address = reverse("disputes:ruling", args=[signing.number])
    client.force_login(stranger)
    assert client.get(address).status_code == 404


def test_a_draft_is_not_shown_to_the_sides(client, signing, rich_buyer):
    client.force_login(rich_buyer)
    assert client.get(reverse("disputes:ruling", args=[signing.number])).status_code == 404
    assert REASONS not in client.get(signing.get_absolute_url()).content.decode()


def test_the_queue_costs_the_same_for_one_case_and_for_many(client, dispute, lead, arbiter):
    client.force_login(lead)
    address = reverse("disputes:bench")
    client.get(address)
    with recorded() as one:
        client.get(address)
    assert Dispute.objects.count() == 1
    assert len(one) < 20
    choices.actions_for(dispute, lead, dispute.opened_at)


def test_who_can_do_nothing_now_finds_no_empty_card(client, large_ruled, rich_buyer, seller, at):
    client.force_login(rich_buyer)
    english = {"accept-language": "en"}
    assert "What you can do now" in client.get(large_ruled.get_absolute_url(), headers=english).content.decode()
    filed(large_ruled, seller, at)
    assert "What you can do now" not in client.get(large_ruled.get_absolute_url(), headers=english).content.decode()

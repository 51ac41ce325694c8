"""Everything about a case in one signed ZIP: who may have which copy, what stands in it, and what never does."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from disputes import bundles, lifecycle
from disputes.masking import CODE, Codes
from disputes.models import Bundle
from ledger import signing
from orders import conversation
from orders.attachments import attach
from refunds.models import Refund
from reputation import satisfaction
from shops.models import Particulars
from tests.disputes.test_appeals import before_the_panel, voted
from timeline.models import Event
from timeline.refusals import Refused

SCRIPT = Path(__file__).parents[2] / "static" / "verify" / "kamen_verify.py"
VIEWS = ("buyer", "shop", "regulator", "court")


def made(dispute, view, by, at):
    """The ZIP of a copy, asked for and put together."""
    bundle = bundles.ask(dispute, view=view, by=by, at=at)
    assert bundles.run(at=at) == 1
    bundle.refresh_from_db()
    return zipfile.ZipFile(io.BytesIO(bundles.content(bundle)))


def texts(found):
    """Everything readable in a ZIP."""
    return "\n".join(found.read(name).decode("utf-8", "replace") for name in found.namelist() if name[-3:] != "pdf")


@pytest.fixture
def opened(ruled, lead, at):
    """The ruled case, whose file a lead has opened."""
    lifecycle.open_file(ruled, by=lead, at=at)
    return ruled


# who


@pytest.mark.parametrize(
    ("who", "views"),
    [
        ("rich_buyer", {"buyer", "regulator"}),
        ("seller", {"shop"}),
        ("lead", set(VIEWS)),
        ("agent", set()),
        ("stranger", set()),
    ],
)
def test_each_side_has_its_own_copy_and_staff_with_the_file_open_any(opened, request, at, who, views):
    user = request.getfixturevalue(who)
    assert set(bundles.views_for(opened, user, at=at)) == views
    for view in set(VIEWS) - views:
        with pytest.raises(Refused, match="not_your_turn"):
            bundles.ask(opened, view=view, by=user, at=at)


def test_nobody_asks_for_more_than_six_within_an_hour(ruled, rich_buyer, at):
    for _each in range(6):
        bundles.ask(ruled, view="buyer", by=rich_buyer, at=at)
    with pytest.raises(Refused, match="too_often"):
        bundles.ask(ruled, view="buyer", by=rich_buyer, at=at)


def test_asking_and_the_finished_file_are_on_record(ruled, rich_buyer, at):
    made(ruled, "buyer", rich_buyer, at)
    asked, done = Event.objects.filter(name__startswith="dispute.bundle").order_by("pk")
    bundle = Bundle.objects.get()
    assert (asked.by, asked.data) == (rich_buyer, {"bundle": bundle.number, "view": "buyer"})
    assert done.data == {"bundle": bundle.number, "view": "buyer", "sha256": bundle.sha256, "size": bundle.size}


def test_only_who_asked_sees_and_fetches_it(client, ruled, rich_buyer, seller, at):
    made(ruled, "buyer", rich_buyer, at)
    bundle = Bundle.objects.get()
    for user, status in ((rich_buyer, 200), (seller, 404)):
        client.force_login(user)
        assert client.get(bundle.get_absolute_url()).status_code == status
        assert client.get(reverse("disputes:fetch_bundle", args=[bundle.number])).status_code == status


# what


def test_it_holds_every_part_that_an_authority_asks_for(ruled, rich_buyer, at):
    names = made(ruled, "buyer", rich_buyer, at).namelist()
    folders = {name.partition("/")[0] for name in names}
    assert {
        "00_cover.pdf",
        "01_complaint",
        "01_court",
        "01_tip",
        "02_parties.json",
        "03_contract",
        "05_payment",
        "06_delivery",
        "07_goods",
        "08_conversation",
        "09_evidence",
        "10_timeline",
        "12_ledger",
        "13_statement.pdf",
        "15_index.csv",
        "rulings",
        "verify",
        "manifest.json",
        "manifest.signature.json",
    } == folders
    assert sum(name.startswith("rulings/") for name in names) == 2


def test_the_complaint_has_claims_and_facts_and_the_tip_has_no_demand(ruled, rich_buyer, at):
    found = made(ruled, "buyer", rich_buyer, at)
    complaint = found.read("01_complaint/12315_complaint.txt").decode()
    tip = found.read("01_tip/12315_tip.txt").decode()
    assert "退还货款 ¥98.00。以上已收到 ¥58.80。" in complaint, "what came back already is said"
    assert "：退还买家 ¥58.80，见附件" in complaint
    assert "显示已被使用" in complaint
    assert ruled.refund.order.number in complaint
    assert "¥" not in tip
    assert "退还" not in tip


def test_it_tells_who_answers_for_the_shop_the_rules_in_words_and_where_to_sue(ruled, rich_buyer, lead, at):
    names = {
        "legal_name": "明月网络有限公司",
        "legal_address": "上海市某路 1 号",
        "contact_email": "law@mingyue.example",
    }
    shop = ruled.refund.order.shop
    Particulars.objects.create(
        shop=shop, party="company", contact_phone="02112345678", checked_by=lead, checked_at=at, **names
    )
    found = made(ruled, "buyer", rich_buyer, at)
    assert json.loads(found.read("02_parties.json"))["shop"]["legal"]["name"] == "明月网络有限公司"
    assert "明月网络有限公司" in found.read("01_complaint/12315_complaint.txt").decode()
    assert "MX-11" in found.read("03_contract/rules.txt").decode()
    assert "买受人住所地" in found.read("01_court/elements.txt").decode()


def test_the_ledger_has_what_was_paid_on_top_after_an_appeal(ruled, rich_buyer, seller, lead, panelists, at):
    voted(before_the_panel(ruled, rich_buyer, seller, lead, at), panelists, [0, 0, 0], at)
    ruled.refresh_from_db()
    ledger = made(ruled, "buyer", rich_buyer, at).read("12_ledger/ledger.csv").decode()
    assert "3920" in ledger, "¥98.00 less the ¥58.80 that were paid at once"


def test_a_shop_s_copy_has_no_complaint_and_no_person(ruled, rich_buyer, seller, at):
    rich_buyer.nickname = "陈小满"
    rich_buyer.save(update_fields=["nickname"])
    found = made(ruled, "shop", seller, at)
    told = texts(found)
    assert not [name for name in found.namelist() if name.startswith("01_")]
    assert "陈小满" not in told
    assert rich_buyer.email not in told
    assert "203.0.113" not in told
    assert "dispute.file_opened" not in told
    assert json.loads(found.read("02_parties.json"))["buyer"]["name"] == "陈**"


def test_a_regulator_reads_part_of_the_contacts_and_a_court_all(opened, rich_buyer, lead, at):
    regulator, court = (made(opened, view, lead, at) for view in ("regulator", "court"))
    assert rich_buyer.email not in texts(regulator)
    assert "203.0.113" not in texts(regulator)
    assert rich_buyer.email in texts(court)
    assert "203.0.113" in texts(court)
    assert "dispute.file_opened" in texts(court)


@pytest.mark.parametrize("view", ["regulator", "court"])
def test_nobody_reads_in_a_copy_what_one_side_said_of_how_the_case_was_handled(opened, seller, lead, at, view):
    case = Refund.objects.get(pk=opened.refund_id)
    satisfaction.score(case, score=2, by=seller, at=at)
    told = json.loads(made(opened, view, lead, at).read("10_timeline/events.json"))["events"]
    (scored,) = [event for event in told if event["name"] == "refund.scored"]
    assert scored["data"] == {}


def test_the_ledger_shows_both_sides_of_each_movement_but_nobody_elses_balance(ruled, rich_buyer, at):
    lines = made(ruled, "buyer", rich_buyer, at).read("12_ledger/ledger.csv").decode("utf-8-sig").splitlines()
    refunds = [line.split(",") for line in lines if ",refund," in line]
    assert sum(int(line[2]) for line in refunds) == 0
    assert all(not line[3] for line in refunds if line[1].startswith("user:"))


# codes


@pytest.mark.parametrize("view", VIEWS)
def test_a_code_is_in_no_copy_however_it_came_in(signing, order, codes, rich_buyer, senior, lead, seller, at, view):
    """The canary: the code in the conversation, in a statement's file, in a name, with gaps; none of it comes out."""
    sold = codes[0]
    conversation.say(order, f"这个卡密 {sold} 用不了，{sold[:9]} {sold[9:]}", by=rich_buyer, at=at)
    attach(order, SimpleUploadedFile("log.txt", f"兑换：{sold}\n失败".encode()), by=rich_buyer, at=at)
    lifecycle.sign(signing, agrees=True, by=senior, at=at)
    lifecycle.open_file(signing, by=lead, at=at)
    by = {"buyer": rich_buyer, "shop": seller}.get(view, lead)
    found = made(signing, view, by, at)
    assert sold not in texts(found)
    assert CODE in texts(found)
    assert "用不了" in texts(found)


@pytest.mark.parametrize(
    "written",
    ["{}", "卡密：{}。", "“{}”", "code={}", "{},", "({})", "用了{}两次", "{} 8812", "<{}>"],
)
def test_a_code_is_found_however_people_write_it(order, codes, written):
    assert codes[0] not in Codes(order).hidden(written.format(codes[0]))


def test_what_is_no_code_stays(order):
    text = "订单 K26112204817365 退款 58.80 元，SHA-256 " + "ab" * 32
    assert Codes(order).hidden(text) == text


# the manifest


def test_the_script_finds_a_bundle_valid_and_a_changed_file_in_it(tmp_path, ruled, rich_buyer, at):
    found = made(ruled, "buyer", rich_buyer, at)
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    with zipfile.ZipFile(good, "w") as whole, zipfile.ZipFile(bad, "w") as changed:
        for name in found.namelist():
            whole.writestr(name, found.read(name))
            changed.writestr(name, found.read(name) + (b" " if name == "08_conversation/messages.json" else b""))
    for path, code, last in ((good, 0, "VALID"), (bad, 1, "NOT VALID")):
        command = [sys.executable, "-I", str(SCRIPT), str(path), "--key", signing.public_key()]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.splitlines()[-1]) == (code, last), done.stdout
    assert "FAULT 08_conversation/messages.json" in done.stdout


def test_every_file_is_in_the_manifest_with_its_hash(ruled, rich_buyer, at):
    found = made(ruled, "buyer", rich_buyer, at)
    manifest = found.read("manifest.json").decode()
    sealed = json.loads(found.read("manifest.signature.json"))
    assert signing.holds(manifest, sealed["signature"], sealed["public_key"])
    listed = {each["path"]: each["sha256"] for each in json.loads(manifest)["files"]}
    for name, sha256 in listed.items():
        assert hashlib.sha256(found.read(name)).hexdigest() == sha256


# when something goes wrong


def test_a_bundle_that_cannot_be_made_is_given_up_after_three_tries(ruled, rich_buyer, at, caplog):
    bundle = bundles.ask(ruled, view="buyer", by=rich_buyer, at=at)
    Bundle.objects.filter(pk=bundle.pk).update(view="nobody")
    told = []
    for _each in range(4):
        assert bundles.run(at=at) == 0
        told.append(Event.objects.filter(name="dispute.bundle_failed").count())
    bundle.refresh_from_db()
    assert (bundle.tries, bundle.is_given_up) == (3, True)
    assert told == [0, 0, 1, 1], "the leads hear of it once, when nobody tries any more"
    assert Event.objects.get(name="dispute.bundle_failed").data == {
        "bundle": bundle.number,
        "view": "nobody",
        "error": "ValueError",
    }
    assert [record.message for record in caplog.records] == [f"bundle {bundle.pk} could not be made"] * 3


def test_a_stored_zip_that_is_another_one_is_not_given_out(ruled, rich_buyer, at):
    made(ruled, "buyer", rich_buyer, at)
    bundle = Bundle.objects.get()
    storages["files"].delete(bundle.file)
    with pytest.raises(bundles.BundleBroken):
        bundles.content(bundle)


def test_a_second_worker_changes_nothing(ruled, rich_buyer, at):
    made(ruled, "buyer", rich_buyer, at)
    assert not bundles.build(Bundle.objects.get().pk, at=at)


# pages and API


def test_the_buyer_asks_waits_and_fetches(client, ruled, rich_buyer, at):
    client.force_login(rich_buyer)
    assert "12315" in client.get(reverse("disputes:bundles", args=[ruled.number])).content.decode()
    waiting = client.post(reverse("disputes:ask_bundle", args=[ruled.number]), {"view": "buyer"}, follow=True)
    assert waiting.headers["Refresh"] == "3"
    bundles.run(at=at)
    bundle = Bundle.objects.get()
    ready = client.get(bundle.get_absolute_url())
    assert "Refresh" not in ready.headers
    assert bundle.sha256 in ready.content.decode()
    found = client.get(reverse("disputes:fetch_bundle", args=[bundle.number]))
    assert hashlib.sha256(found.content).hexdigest() == bundle.sha256


def test_the_same_in_the_api(client, ruled, rich_buyer, seller, at):
    client.force_login(rich_buyer)
    address, headers = f"/api/v1/disputes/{ruled.number}/bundles/", {"Idempotency-Key": "1"}
    asked = client.post(address, {"view": "buyer"}, content_type="application/json", headers=headers)
    assert asked.status_code == 201, asked.json()
    bundles.run(at=at)
    ready = client.get(f"/api/v1/bundles/{asked.json()['number']}/").json()
    assert client.get(ready["url"]).status_code == 200
    refused = client.post(address, {"view": "court"}, content_type="application/json", headers={"Idempotency-Key": "2"})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_your_turn")
    client.force_login(seller)
    assert client.get(f"/api/v1/bundles/{asked.json()['number']}/").status_code == 404

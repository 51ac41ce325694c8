"""Opening a shop, its papers, steps against it and its first listings on pages and in the API, on both sides."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Unmasking
from shops import applications, identities, listings
from shops.models import Application, Listing, Sanction, Shop
from tests.api.conftest import problem, signed_in
from tests.fixtures.openings import SAID, in_days, paper, picture
from tests.fixtures.people import person
from timeline import clock


@pytest.fixture
def visit(client):
    """`visit(user, name, *args)` gets a page as somebody; with words it posts them."""

    def go(user: Any, name: str, *args: Any, status: int = 200, **words: Any) -> str:
        client.force_login(user)
        address = reverse(f"shops:{name}", args=args)
        follow = {"follow": True, "headers": {"accept-language": "en"}}
        answer = client.post(address, words.pop("form"), **follow) if "form" in words else client.get(address, **follow)
        assert answer.status_code == status, answer.content.decode()[-400:]
        return answer.content.decode()

    return go


# on pages


def test_somebody_opens_a_shop_on_the_pages(visit, risk, at):
    applicant = person("applicant")
    visit(applicant, "applications", form={"name": "明月数卡", "slug": "mingyue"})
    found = Application.objects.get()
    words = SAID | {"name": "明月数卡", "slug": "mingyue"}
    assert "Still missing" in visit(applicant, "application", found.pk)
    assert "Missing" in visit(applicant, "application_act", found.pk, "hand_in", form={}, status=422)
    visit(applicant, "application", found.pk, form=words)
    for kind in ("identity", "business"):
        said = paper(kind) | {"valid_until": str(in_days(at, 400)), "upload": picture()}
        visit(applicant, "give_paper", found.pk, form=said)
    page = visit(applicant, "application", found.pk)
    assert "310104199001011234" not in page
    assert "Still missing" not in page
    visit(applicant, "application_act", found.pk, "hand_in", form={})
    assert "明月数卡" in visit(risk, "applications_queue")
    visit(risk, "application_decide", found.pk, "take_on", form={})
    assert "310104199001011234" not in visit(risk, "application_review", found.pk), "masked until it is opened"
    page = visit(risk, "open_application", found.pk, form={"reason": "核对证件"})
    assert "310104199001011234" in page, "compared with the paper"
    visit(risk, "application_decide", found.pk, "approve", form={})
    shop = Shop.objects.get()
    assert (shop.owner, shop.slug) == (applicant, "mingyue")
    assert reverse("shops:deposit", args=["mingyue"]) in visit(applicant, "application", found.pk)


def test_what_is_missing_and_why_it_was_refused_is_read_by_whoever_applied(visit, looked_at, reviewer, lead):
    visit(reviewer, "application_decide", looked_at.pk, "send_back", form={"reason": "请补营业执照副本。"})
    assert "请补营业执照副本。" in visit(looked_at.applicant, "application", looked_at.pk)
    visit(looked_at.applicant, "application_act", looked_at.pk, "hand_in", form={})
    visit(reviewer, "application_decide", looked_at.pk, "take_on", form={})
    assert "Say why" in visit(reviewer, "application_decide", looked_at.pk, "refuse", form={"reason": ""})
    visit(reviewer, "application_decide", looked_at.pk, "refuse", form={"reason": "货源无法核实。"})
    assert "货源无法核实。" in visit(looked_at.applicant, "application", looked_at.pk)
    visit(looked_at.applicant, "application_act", looked_at.pk, "appeal", form={"words": "合同已补。"})
    assert "合同已补。" in visit(lead, "application_review", looked_at.pk)
    visit(lead, "application_decide", looked_at.pk, "approve", form={})
    assert Shop.objects.count() == 1


def test_for_others_an_application_is_not_there(visit, applied, stranger, buyer):
    for somebody in (stranger, buyer):
        visit(somebody, "application", applied.pk, status=404)
        visit(somebody, "applications_queue", status=404)
        visit(somebody, "application_review", applied.pk, status=404)
        visit(somebody, "application_decide", applied.pk, "take_on", form={}, status=404)
        visit(somebody, "paper", applied.licences.order_by("pk")[0].pk, status=404)


def test_who_is_behind_an_application_is_opened_with_a_reason_that_they_read(visit, looked_at, reviewer, lead):
    looked_at.__class__.objects.update(party="person", legal_name="张三丰")
    page = visit(reviewer, "application_review", looked_at.pk)
    assert "To decide on this application" in page, "the words are there for whoever decides"
    assert "021•••••0000" in page
    assert "csrfmiddlewaretoken" in page.partition('id="behind"')[2].partition("</form>")[0]
    for word in (SAID["contact_phone"], SAID["contact_email"], "张三丰", "310104199001011234"):
        assert word not in page
    assert "Nothing has been sent" in visit(
        reviewer, "open_application", looked_at.pk, form={"reason": " "}, status=422
    )
    assert not Unmasking.objects.exists()
    page = visit(reviewer, "open_application", looked_at.pk, form={"reason": "核对证件"})
    for word in (SAID["contact_phone"], SAID["contact_email"], "张三丰", "310104199001011234"):
        assert word in page
    assert SAID["contact_phone"] not in visit(lead, "application_review", looked_at.pk), "each opens it for themselves"
    look = Unmasking.objects.get()
    assert (look.whom, look.by, look.what) == (looked_at.applicant, reviewer, "identity")
    assert (look.subject, look.reason) == (looked_at.address, "核对证件")
    clock.advance(timedelta(minutes=61))
    assert SAID["contact_phone"] not in visit(reviewer, "application_review", looked_at.pk), "it closes again"


def test_whoever_applied_reads_who_looked_and_why(client, looked_at, reviewer, at):
    identities.open_application(looked_at, reason="核对证件", by=reviewer, at=at)
    client.force_login(looked_at.applicant)
    page = client.get(reverse("privacy:own"), headers={"accept-language": "en"}).content.decode()
    assert "核对证件" in page
    assert "Who is behind a shop" in page


def test_what_is_behind_a_shop_and_its_papers_is_opened_with_a_reason(visit, client, opened, risk, lead):
    found = opened.licences.get(kind="identity")
    client.force_login(risk)
    answer = client.get(reverse("shops:paper", args=[found.pk]))
    assert answer.url == f"{reverse('shops:watched_shop', args=['mingyue'])}#behind"
    page = visit(risk, "watched_shop", "mingyue")
    assert "310104199001011234" not in page
    assert "csrfmiddlewaretoken" in page.partition('id="behind"')[2].partition("</form>")[0]
    page = visit(risk, "open_shop", "mingyue", form={"reason": "核对新执照"})
    assert "310104199001011234" in page
    assert SAID["contact_phone"] in page
    assert client.get(reverse("shops:paper", args=[found.pk])).content.startswith(b"\x89PNG")
    assert SAID["contact_phone"] not in visit(lead, "watched_shop", "mingyue")
    assert opened.owner.unmaskings.get().reason == "核对新执照"


def test_people_of_the_mall_say_why_they_read_the_contact_of_a_shop(visit, opened, agent):
    assert "What do you need it for?" in visit(agent, "detail", "mingyue")
    page = visit(agent, "contact", "mingyue", form={}, status=422)
    assert SAID["contact_phone"] not in page
    page = visit(agent, "contact", "mingyue", form={"reason": "协助买家起诉"})
    assert SAID["contact_phone"] in page
    assert "because you bought here" not in page
    assert opened.owner.unmaskings.get().by == agent
    visit(opened.owner, "contact", "mingyue", form={})
    assert opened.owner.unmaskings.count() == 1, "the shop itself is asked nothing"


def test_a_paper_is_downloaded_and_never_shown(client, applied, risk, at):
    found = applied.licences.order_by("pk")[0]
    client.force_login(risk)
    answer = client.get(reverse("shops:paper", args=[found.pk]))
    assert answer.url == f"{reverse('shops:application_review', args=[applied.pk])}#behind"
    identities.open_application(applied, reason="核对证件", by=risk, at=at)
    for somebody in (applied.applicant, risk):
        client.force_login(somebody)
        answer = client.get(reverse("shops:paper", args=[found.pk]))
        assert answer.content.startswith(b"\x89PNG")
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["Cache-Control"] == "no-store"


def test_what_is_overdue_happens_before_somebody_acts(visit, looked_at, reviewer):
    clock.advance(timedelta(days=30))
    assert (
        "Take the application on first"
        in visit(reviewer, "application_decide", looked_at.pk, "approve", form={}, status=409)
        or Application.objects.get().state == "applied"
    )
    assert not Shop.objects.exists()


def test_an_owner_renews_a_paper_and_risk_takes_it(visit, opened, risk, stranger, at):
    visit(stranger, "licences", "mingyue", status=404)
    said = paper("business") | {"valid_until": str(in_days(at, 800)), "upload": picture()}
    visit(opened.owner, "licences", "mingyue", form=said)
    (given,) = opened.licences.filter(state="given")
    assert given.tail in visit(risk, "applications_queue")
    visit(risk, "judge_paper", given.pk, "take", form={})
    assert opened.licences.get(kind="business", state="valid").pk == given.pk


def test_a_shop_reads_the_step_against_it_and_appeals(visit, listing, seller, risk, lead, stranger):
    visit(stranger, "watched_shop", "xinghe", status=404)
    visit(stranger, "impose", "xinghe", form={"step": "warning", "reason": "…"}, status=404)
    visit(risk, "impose", "xinghe", form={"step": "warning", "reason": "请核对面值。", "days": ""})
    step = Sanction.objects.get()
    assert "请核对面值。" in visit(seller, "sanctions", "xinghe")
    visit(seller, "appeal", "xinghe", step.pk, form={"words": "已核对。"})
    assert "已核对。" in visit(lead, "watched_shop", "xinghe")
    visit(lead, "judge_sanction", step.pk, "lift", form={"reason": "属实。"})
    step.refresh_from_db()
    assert step.state == "lifted"
    assert "星河点卡" in visit(risk, "watched")


def test_risk_sets_a_level_on_the_page(visit, shop, risk, lead):
    visit(lead, "set_level", "xinghe", form={"level": "S2", "reason": "…"}, status=404)
    assert "Choose a level" in visit(risk, "set_level", "xinghe", form={"level": "S2", "reason": ""})
    visit(risk, "set_level", "xinghe", form={"level": "S2", "reason": "九十天无投诉。"})
    assert Shop.objects.get().level == "S2"
    assert "九十天无投诉。" in visit(risk, "watched_shop", "xinghe")


def test_a_new_shop_s_listing_waits_on_the_moderators_page(visit, draft, seller, risk, stranger):
    Shop.objects.update(reviews_left=1)
    visit(stranger, "moderation", status=404)
    assert "A person of the mall reads it first" in visit(seller, "put_on_sale", "xinghe", draft.pk, form={})
    assert draft.title in visit(risk, "moderation")
    visit(stranger, "listing", draft.pk, status=404)
    visit(risk, "judge_listing", draft.pk, "take_down", form={"reason": "面值与标题不符。"})
    assert "面值与标题不符。" in visit(seller, "edit", "xinghe", draft.pk)
    visit(seller, "put_on_sale", "xinghe", draft.pk, form={})
    visit(risk, "judge_listing", draft.pk, "pass", form={})
    assert Listing.objects.get().state == "on_sale"
    assert "Every listing was read" in visit(risk, "moderation")


def test_a_draft_asks_for_the_promises_of_its_kind(client, deposit, seller):
    client.force_login(seller)
    page = client.get(reverse("shops:draft", args=["xinghe"]) + "?kind=MEMBERSHIP").content.decode()
    assert 'name="promised_term_days"' in page
    words = {
        "kind": "MEMBERSHIP",
        "title": "视频会员 30 天",
        "price": "20.00",
        "promise_minutes": "60",
        "notice": "请核对账号。",
        "promised_term_days": "30",
        "promised_on": "own",
        "warranty_days": "15",
        "area": "cn",
        "section": "video",
    }
    client.post(reverse("shops:draft", args=["xinghe"]), words)
    drafted = Listing.objects.get()
    assert (drafted.promises, drafted.warranty_days, drafted.section) == ({"term_days": 30, "on": "own"}, 15, "video")
    listings.put_on_sale(drafted, by=seller, at=clock.now())
    page = client.get(drafted.get_absolute_url(), headers={"accept-language": "en"}).content.decode()
    assert "30 days" in page
    assert "The shop answers for it for 15 days" in page


# looking for something


def test_the_list_is_narrowed_down_and_goes_on_with_the_same_answers(client, listing):
    def shown(query):
        page = client.get(f"/listings/?{query}")
        return [row["listing"].pk for row in page.context["rows"]]

    Listing.objects.update(section="software", area="cn")
    assert shown("section=software&area=cn&price_from=90&price_to=100&within=10&is_backed=on&q=激活") == [listing.pk]
    for nothing in ("section=games", "area=jp", "price_from=99", "price_to=97.99", "kind=POINT_CARD", "q=月光"):
        assert shown(nothing) == [], nothing
    assert shown("price_from=abc") == [listing.pk], "what is no sum does not count"
    page = client.get(f"/listings/?section=software&before={listing.pk}")
    assert page.context["is_past_the_end"]
    assert page.context["newest"] == "section=software"


def test_a_small_first_order_is_suggested_at_a_new_shop_only(client, listing, order, rich_buyer, stranger):
    client.force_login(stranger)
    assert client.get(listing.get_absolute_url()).context["is_first_here"]
    client.force_login(rich_buyer)
    assert not client.get(listing.get_absolute_url()).context["is_first_here"], "they have bought here"
    Shop.objects.update(level="S3")
    client.force_login(stranger)
    assert not client.get(listing.get_absolute_url()).context["is_first_here"], "the mall knows this shop"


def test_each_purchase_needs_its_own_yes_to_the_exemption(client, listing, rich_buyer):
    client.force_login(rich_buyer)
    address = reverse("orders:place", args=[listing.pk])
    told = {"quantity": 1, "acknowledged": "on", "price": listing.price}
    assert client.post(address, told).status_code == 422
    assert client.post(address, told | {"exempt": "on"}).status_code == 302


# in the API


def test_the_same_in_the_api(opened, reviewer, lead, seller, risk, deposit, at):
    as_risk, as_seller = signed_in(risk), signed_in(seller)
    begun = as_seller.send("/api/v1/applications/", {"name": "月光", "slug": "yueguang"})
    address = begun.headers["Location"]
    written = as_seller.send(f"{address}write/", {**SAID, "kinds": ["POINT_CARD"]}).json()
    assert (written["state"], written["actions"]) == ("draft", ["write", "hand_in", "withdraw"])
    problem(as_seller.send(f"{address}hand_in/"), 422, "invalid")
    for kind in ("identity", "business"):
        said = paper(kind)
        body = {"kind": kind, "number": said["number"], "issuer": said["issuer"], "file": picture()}
        given = as_seller.post(f"{address}papers/", body)
        assert given.status_code == 201, given.content
        assert "•" in given.json()["number"]
    assert as_seller.send(f"{address}hand_in/").json()["turn"] == "risk"
    assert as_risk.send(f"{address}take_on/").json()["state"] == "reviewing"
    problem(as_seller.send(f"{address}approve/"), 404, "not_found")
    assert as_risk.send(f"{address}approve/").json()["shop"] == "yueguang"


def test_who_is_behind_is_masked_in_the_api_until_it_is_opened(looked_at, reviewer):
    as_risk, address = signed_in(reviewer), f"/api/v1/applications/{looked_at.pk}/"
    Application.objects.update(party="person", legal_name="张三丰")
    shown = as_risk.get(address).json()
    assert (shown["legal_name"], shown["contact_phone"], shown["contact_email"]) == (
        "张••",
        "021•••••0000",
        "l•••@mingyue.example",
    )
    listed = as_risk.get("/api/v1/applications/").json()["results"]
    assert str(SAID["contact_phone"]) not in str(listed)
    problem(as_risk.send(f"{address}open/", {}), 422, "invalid")
    problem(signed_in(looked_at.applicant).send(f"{address}open/", {"reason": "…"}), 404, "not_found")
    answer = as_risk.send(f"{address}open/", {"reason": "核对证件"})
    assert answer.headers["Cache-Control"] == "private, no-store"
    whole = answer.json()
    assert (whole["legal_name"], whole["contact_phone"]) == ("张三丰", SAID["contact_phone"])
    assert "310104199001011234" in {paper["number"] for paper in whole["papers"]}
    assert looked_at.applicant.unmaskings.get().reason == "核对证件"
    assert as_risk.get(address).json() == shown, "kept nowhere"
    own = signed_in(looked_at.applicant).get(address).json()
    assert own["contact_phone"] == SAID["contact_phone"]


def test_steps_and_levels_in_the_api(deposit, seller, stranger, risk, lead):
    as_risk, as_seller, as_lead = signed_in(risk), signed_in(seller), signed_in(lead)
    steps = "/api/v1/shops/xinghe/steps/"
    problem(as_seller.send(steps, {"step": "warning", "reason": "…"}), 404, "not_found")
    problem(as_risk.send(steps, {"step": "closing", "reason": "…"}), 409, "step_left_out")
    step = as_risk.send(steps, {"step": "no_sales", "reason": "多批失效。", "is_grave": True}).json()
    assert as_seller.get(steps).json()["results"][0]["actions"] == ["appeal"]
    problem(signed_in(stranger).get(steps), 404, "not_found")
    own = f"/api/v1/steps/{step['id']}/"
    assert as_seller.send(f"{own}appeal/", {"words": "已整改。"}).json()["state"] == "appealed"
    problem(as_risk.send(f"{own}lift/", {"reason": "…"}), 409, "not_your_turn")
    assert as_lead.send(f"{own}uphold/", {"reason": "证据不足。"}).json()["state"] == "upheld"
    assert as_risk.send(f"{own}renew/", {"reason": "仍在继续。", "days": 3}).status_code == 200
    level = as_risk.send("/api/v1/shops/xinghe/level/", {"level": "S1", "reason": "…"}).json()
    assert level == {"level": "S1", "order_cap": 100_000, "day_cap": 5_000_000}


def test_papers_contact_and_listings_in_the_api(opened, risk, stranger, draft, seller):
    owner, as_risk = signed_in(opened.owner), signed_in(risk)
    said = paper("business")
    body = {"kind": "business", "number": said["number"], "issuer": "上海", "file": picture()}
    given = owner.post("/api/v1/shops/mingyue/papers/", body).json()
    assert as_risk.send(f"/api/v1/papers/{given['id']}/take/").json()["state"] == "lasting"
    assert len(owner.get("/api/v1/shops/mingyue/papers/").json()["results"]) == 3
    problem(signed_in(stranger).get("/api/v1/shops/mingyue/papers/"), 404, "not_found")
    problem(signed_in(stranger).post("/api/v1/shops/mingyue/contact/"), 409, "not_a_buyer")
    assert owner.post("/api/v1/shops/mingyue/contact/").json()["legal_name"] == SAID["legal_name"]
    problem(as_risk.send("/api/v1/shops/mingyue/contact/"), 409, "reason_missing")
    told = as_risk.send("/api/v1/shops/mingyue/contact/", {"reason": "协助买家"}).json()
    assert told["contact_phone"] == SAID["contact_phone"]
    Shop.objects.update(reviews_left=1)
    assert signed_in(seller).send(f"/api/v1/listings/{draft.pk}/sell/").json()["state"] == "waiting"
    assert as_risk.send(f"/api/v1/listings/{draft.pk}/look_over/").json()["state"] == "on_sale"
    taken = as_risk.send(f"/api/v1/listings/{draft.pk}/take_down/", {"reason": "夸大。"}).json()
    assert (taken["state"], taken["review_note"]) == ("draft", "夸大。")


def test_the_api_s_list_is_narrowed_down_too(client, listing):
    def found(query):
        return len(client.get(f"/api/v1/listings/?{query}").json()["results"])

    assert found("price_from=9800&price_to=9800&within=10&is_backed=true&q=激活") == 1
    assert found("price_from=9801") == found("within=5") == found("area=jp") == 0


def test_verbs_and_pages_offer_the_same(looked_at, reviewer, lead, at):
    assert applications.actions_for(looked_at, reviewer, at) == ["approve", "send_back", "refuse"]
    assert applications.actions_for(looked_at, lead, at) == []

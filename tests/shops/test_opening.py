"""Who may open a shop: an application with its papers, a person's yes or no, and papers that run out."""

from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidTag
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts import sealing
from orders import lifecycle as orders
from shops import applications, licences, lifecycle, listings, papers, particulars, stock
from shops.models import Application, Licence, Shop
from shops.states import LicenceState
from tests.fixtures.openings import SAID, in_days, paper
from tests.fixtures.people import person, staff
from timeline.door import Refused
from timeline.models import Event, Timer
from timeline.sweep import sweep


def names(thing):
    return [event.name for event in Event.objects.filter(subject=thing.address).order_by("seq")]


def refused(code, verb, *args, **said):
    with pytest.raises(Refused) as refusal:
        verb(*args, **said)
    assert refusal.value.code == code


# writing and handing in


def test_somebody_applies_is_looked_at_and_opens_a_shop(looked_at, reviewer, at):
    shop = applications.approve(looked_at, by=reviewer, at=at)
    assert (shop.owner, shop.level, shop.deposit.state) == (looked_at.applicant, "S0", "unpaid")
    assert (shop.order_cap, shop.day_cap, shop.reviews_left) == (20_000, 500_000, 3)
    assert shop.licensed_until == in_days(at, 400)
    assert shop.particulars.legal_name == SAID["legal_name"]
    assert names(looked_at)[-3:] == ["application.applied", "application.reviewing", "application.approved"]
    assert {each.state for each in shop.licences.order_by("pk")} == {"valid"}


def test_what_is_missing_is_named_before_it_can_be_handed_in(at):
    applicant = person("applicant")
    begun = applications.begin(applicant=applicant, name="明月", slug="mingyue", at=at)
    with pytest.raises(ValidationError) as error:
        applications.hand_in(begun, by=applicant, at=at)
    assert {"legal_name", "legal_address", "contact_email", "contact_phone", "about", "kinds", "papers"} == set(
        error.value.message_dict
    )
    assert Application.objects.get().state == "draft"


def test_a_company_shows_its_licence_and_a_person_only_the_card(application):
    assert applications.papers_needed(application) == {"identity", "business"}
    application.party = "person"
    assert applications.papers_needed(application) == {"identity"}
    application.kinds = ["GAME_ACCOUNT"]
    assert applications.papers_needed(application) == {"identity", "culture"}, "accounts need a culture licence"


def test_nothing_is_changed_once_it_is_handed_in(applied, at):
    refused("wrong_moment", applications.write, applied, about="…", by=applied.applicant, at=at)
    refused("wrong_moment", licences.give, application=applied, **paper("identity"), by=applied.applicant, at=at)
    refused("wrong_moment", applications.hand_in, applied, by=applied.applicant, at=at)


def test_nobody_else_writes_an_application(application, stranger, at):
    refused("not_your_turn", applications.write, application, about="…", by=stranger, at=at)
    refused("not_your_turn", applications.hand_in, application, by=stranger, at=at)
    refused("not_your_turn", licences.give, application=application, **paper("identity"), by=stranger, at=at)
    refused("not_your_turn", applications.withdraw, application, by=stranger, at=at)


def test_three_open_applications_are_enough(application, at):
    for number in range(2):
        applications.begin(applicant=application.applicant, name=f"店{number}", slug=f"s{number}", at=at)
    refused("too_many", applications.begin, applicant=application.applicant, name="店", slug="s", at=at)


def test_a_name_that_a_shop_has_is_not_handed_in(application, shop, at):
    applications.write(application, slug=shop.slug, by=application.applicant, at=at)
    with pytest.raises(ValidationError) as error:
        applications.hand_in(application, by=application.applicant, at=at)
    assert list(error.value.message_dict) == ["slug"]


# deciding


@pytest.mark.parametrize("verb", [applications.take_on, applications.approve])
def test_only_people_of_risk_decide_and_nobody_about_themselves(applied, stranger, finance, verb, at):
    for somebody in (stranger, finance):
        refused("not_your_turn", verb, applied, by=somebody, at=at)
    guard = staff("risk", at=at, name="guard")
    Application.objects.update(applicant=guard)
    refused("own_shop", verb, applied, by=guard, at=at)


def test_nothing_is_decided_in_passing_or_by_somebody_else(applied, reviewer, risk, at):
    refused("wrong_moment", applications.approve, applied, by=reviewer, at=at)
    applications.take_on(applied, by=reviewer, at=at)
    refused("not_your_turn", applications.approve, applied, by=risk, at=at)
    refused("wrong_moment", applications.take_on, applied, by=risk, at=at)
    assert not Shop.objects.exists()


def test_something_missing_goes_back_and_comes_again(looked_at, reviewer, at):
    applications.send_back(looked_at, missing="执照照片看不清，请重拍。", by=reviewer, at=at)
    applicant = looked_at.applicant
    assert looked_at.owner == "applicant"
    licences.give(application=looked_at, **paper("business", valid_until=in_days(at, 90)), by=applicant, at=at)
    applications.hand_in(looked_at, by=applicant, at=at)
    assert (looked_at.state, looked_at.missing, looked_at.reviewer) == ("applied", "", None)
    given = looked_at.licences.filter(kind="business").order_by("pk")
    assert [each.state for each in given] == ["replaced", "given"], "a paper takes the place of the one before"


def test_a_no_has_a_reason_and_another_person_hears_the_appeal(looked_at, reviewer, lead, at):
    refused("no_reason", applications.refuse, looked_at, reason=" ", by=reviewer, at=at)
    applications.refuse(looked_at, reason="货源无法核实。", by=reviewer, at=at)
    applications.appeal(looked_at, words="合同已补。", by=looked_at.applicant, at=at)
    refused("not_your_turn", applications.approve, looked_at, by=reviewer, at=at)
    shop = applications.approve(looked_at, by=lead, at=at)
    assert shop.owner == looked_at.applicant


def test_a_no_on_appeal_is_for_good(looked_at, reviewer, lead, at):
    applications.refuse(looked_at, reason="货源无法核实。", by=reviewer, at=at)
    applications.appeal(looked_at, words="请再看。", by=looked_at.applicant, at=at)
    applications.refuse(looked_at, reason="仍无法核实。", by=lead, at=at)
    assert looked_at.state == "closed"
    assert not looked_at.licences.filter(shop__isnull=False).exists(), "its papers count for nobody"


def test_the_mall_that_is_late_is_told_so_and_the_application_waits_on(applied, at):
    due = applied.deadline_at
    sweep(at=due)
    applied.refresh_from_db()
    assert applied.state == "applied"
    assert applied.deadline_at > due
    assert "application.late" in names(applied)


def test_whoever_takes_an_application_on_and_sleeps_loses_it(looked_at, at):
    sweep(at=looked_at.deadline_at)
    looked_at.refresh_from_db()
    assert (looked_at.state, looked_at.reviewer) == ("applied", None)


def test_silence_of_whoever_applied_ends_it(looked_at, reviewer, at):
    applications.send_back(looked_at, missing="…", by=reviewer, at=at)
    sweep(at=looked_at.deadline_at)
    looked_at.refresh_from_db()
    assert looked_at.state == "withdrawn"


def test_a_no_that_nobody_appeals_stays(looked_at, reviewer, at):
    applications.refuse(looked_at, reason="…", by=reviewer, at=at)
    sweep(at=looked_at.deadline_at)
    looked_at.refresh_from_db()
    assert looked_at.state == "closed"


# papers


def test_a_number_lies_sealed_and_is_shown_masked(application):
    card = application.licences.get(kind="identity")
    assert card.tail == "3101••••••••••••34"
    assert "310104199001011234" not in card.number
    assert licences.whole_number(card) == "310104199001011234"
    with pytest.raises(InvalidTag):
        sealing.unseal(card.number)
    assert licences.number_of(card) == card.tail, "an identity card is never shown in full"
    assert licences.number_of(application.licences.get(kind="business")) == "91310104MA1FR0001X", "as the law wants"


def test_a_paper_is_read_against_its_hash(application):
    card = application.licences.get(kind="identity")
    assert papers.read(card.sha256).startswith(b"\x89PNG")
    with pytest.raises(papers.PaperBroken):
        papers.read("0" * 64)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"upload": SimpleUploadedFile("a.png", b"<html>")}, "file"),
        ({"upload": SimpleUploadedFile("a.png", b"")}, "file"),
        ({"number": "?"}, "number"),
        ({"issuer": " "}, "issuer"),
        ({"kind": "passport"}, "kind"),
    ],
)
def test_what_is_no_paper_is_not_taken(application, wrong, field, at):
    with pytest.raises(ValidationError) as error:
        licences.give(application=application, by=application.applicant, at=at, **(paper("identity") | wrong))
    assert list(error.value.message_dict) == [field]


def test_a_paper_that_is_over_is_not_taken(application, at):
    said = paper("identity", valid_until=in_days(at, -1))
    with pytest.raises(ValidationError) as error:
        licences.give(application=application, by=application.applicant, at=at, **said)
    assert list(error.value.message_dict) == ["valid_until"]


def test_a_shop_is_reminded_sixty_thirty_and_seven_days_before_the_end(opened, at):
    told = [days for days in range(330, 402) if licences.remind(at=at + timedelta(days=days))]
    assert told == [341, 371, 394]
    assert names(opened.licences.get(kind="business")).count("licence.ending") == 3


@pytest.fixture
def selling(opened, at):
    """The opened shop with its deposit and something on sale that a person has looked over."""
    owner = opened.owner
    lifecycle.pay_in(opened.deposit, amount=100_000, channel="sandbox", by=owner, at=at, key="d")
    listing = listings.draft(
        shop=opened,
        kind="ACTIVATION_CODE",
        title="明月激活码",
        price=9_800,
        promise_minutes=10,
        notice="请先确认区服。",
        by=owner,
        at=at,
    )
    stock.add_batch(listing, [f"MY-{number:05}-OPEN" for number in range(60)], by=owner, at=at)
    listings.put_on_sale(listing, by=owner, at=at)
    listings.look_over(listing, by=staff("risk", at=at, name="looker"), at=at)
    return listing


def buy(listing, buyer, at, quantity=1):
    return orders.place(buyer=buyer, listing=listing, quantity=quantity, acknowledged=True, at=at)


def test_after_the_last_day_nothing_new_is_sold_until_a_new_paper_is_taken(selling, buyer, risk, at):
    shop = selling.shop
    last, after = at + timedelta(days=400), at + timedelta(days=401)
    buy(selling, buyer, last)
    refused("shop_cannot_sell", buy, selling, buyer, after)
    sweep(at=after)
    assert {each.state for each in shop.licences.order_by("pk")} == {"ended"}
    for kind in ("identity", "business"):
        said = paper(kind, valid_until=in_days(after, 365))
        renewed = licences.give(shop=shop, by=shop.owner, at=after, **said)
        refused("not_your_turn", licences.take, renewed, by=shop.owner, at=after)
        licences.take(renewed, by=risk, at=after)
    buy(selling, buyer, after)
    assert Shop.objects.get(pk=shop.pk).licensed_until == in_days(after, 365)
    assert not Timer.objects.filter(subject__startswith="licence:", state="stuck").exists()


def test_a_paper_that_is_refused_leaves_the_one_before_in_use(opened, risk, at):
    given = licences.give(shop=opened, by=opened.owner, at=at, **paper("business", valid_until=in_days(at, 900)))
    licences.refuse(given, reason="看不清。", by=risk, at=at)
    assert opened.licences.filter(kind="business", state=LicenceState.VALID).count() == 1
    refused("wrong_moment", licences.take, given, by=risk, at=at)


def test_only_the_owner_gives_papers_of_a_shop(opened, stranger, at):
    refused("not_your_turn", licences.give, shop=opened, by=stranger, at=at, **paper("business"))
    assert Licence.objects.filter(shop=opened).count() == 2


# what everybody reads


def test_a_company_is_shown_in_full_and_its_telephone_in_part(opened):
    shown = particulars.in_public(opened)
    assert shown is not None
    assert (shown["name"], shown["phone"]) == (SAID["legal_name"], "021•••••0000")
    (licence,) = particulars.licences_in_public(opened)
    assert licence["number"] == "91310104MA1FR0001X"


def test_a_person_is_shown_in_part(opened):
    opened.particulars.__class__.objects.update(party="person", legal_name="张三丰", contact_email="zhang@x.example")
    shown = particulars.in_public(opened)
    assert shown is not None
    assert (shown["name"], shown["email"]) == ("张••", "z•••@x.example")


def test_whoever_bought_there_is_told_everything_and_that_is_on_record(selling, buyer, stranger, at):
    shop = selling.shop
    refused("not_a_buyer", particulars.show, shop, by=stranger, at=at)
    refused("not_a_buyer", particulars.show, shop, by=buyer, at=at)
    buy(selling, buyer, at)
    assert particulars.show(shop, by=buyer, at=at).contact_phone == SAID["contact_phone"]
    assert Event.objects.filter(subject=shop.address, name="shop.contact_shown", by=buyer).count() == 1

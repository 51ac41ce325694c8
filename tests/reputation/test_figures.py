"""What happened is counted once, from the stream of events; the same comes out of counting everything again."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.translation import gettext, override

from disputes import lifecycle as disputes
from orders import conversation
from orders import lifecycle as orders
from orders.models import Order
from refunds import lifecycle as refunds
from reputation import counting, figures, published, shop_levels, stream, transparency
from reputation.counting import Counted
from reputation.feedback import SUGGESTED, Row
from reputation.models import Downgrade, Mark, Tally
from reputation.progress import shop_gives
from rulebook import lifecycle as rulebook
from rulebook import versions
from shops.models import Shop
from tests.fixtures.cases import units_of
from timeline.models import Event


def counted_again():
    return counting.tallies(Tally.objects.order_by("pk")), counting.recount()


def lately(shop, at):
    since, until = figures.window(at, 30)
    return figures.of(shop, since=since, until=until)


def test_a_sale_a_claim_and_a_dispute_are_counted(ruled, order, at):
    counting.catch_up(at=at)
    found = lately(order.shop, at)
    assert (found.count("orders"), found.count("units"), found.total("orders")) == (1, 3, 29_400)
    assert (found.count("due", "on_time"), found.count("claims", "CODE_INVALID")) == (3, 1)
    assert (found.count("disputes"), found.count("rulings", "on_time"), found.count("answers")) == (1, 1, 1)
    assert found.counts == lately(None, at).counts, "one shop is the whole mall"


def test_what_was_counted_step_by_step_is_what_counting_again_gives(ruled, order, rich_buyer, seller, at):
    for _each in range(3):
        counting.catch_up(at=at, most=7)
    conversation.say(order, "在吗?", by=rich_buyer, at=at)
    counting.catch_up(at=at, most=2)
    conversation.say(order, "在。", by=seller, at=at + timedelta(minutes=7))
    counting.catch_up(at=at, most=1)
    while counting.catch_up(at=at):
        pass
    stored, again = counted_again()
    assert stored == again
    assert any(key[0] == "responses" and key[3] == "000010" for key in stored)


def test_dying_before_the_end_counts_nothing_twice(order, at, monkeypatch):
    def die(counted):
        counting_store(counted)
        raise RuntimeError("killed")

    counting_store = counting.store
    monkeypatch.setattr(counting, "store", die)
    with pytest.raises(RuntimeError):
        counting.catch_up(at=at)
    assert not Tally.objects.exists()
    monkeypatch.undo()
    counting.catch_up(at=at)
    assert counting.catch_up(at=at) == 0
    stored, again = counted_again()
    assert stored == again


def test_a_mark_waits_for_whoever_is_still_writing(order, at, monkeypatch):
    monkeypatch.setattr(stream, "_in_flight", lambda: {"9/9"})
    assert counting.catch_up(at=at) == 0
    monkeypatch.setattr(stream, "_in_flight", set)
    assert counting.catch_up(at=at) == Event.objects.count()
    assert Mark.objects.get(name=counting.NAME).event_id == Event.objects.order_by("-pk").first().pk


def test_small_cells_are_not_told(order, at):
    counting.catch_up(at=at)
    found = lately(None, at)
    assert found.on_time_bp is None, "three units are too few"
    counted = Counted()
    for _each in range(9):
        counted.add("due", None, at, "on_time")
    counted.add("due", None, at, "late")
    for minutes in (1, 1, 3, 3, 3, 8, 8, 9, 40, 300):
        counted.add("responses", None, at, counting.bucket(minutes))
    counting.store(counted)
    found = lately(None, at)
    assert found.on_time_bp == 9_231, "12 of 13"
    assert (found.response_median, found.response_p95, found.ten_minutes_bp) == (5, 360, 8_000)


def test_what_is_settled_or_conceded_is_nobody_s_loss(dispute, seller, order, at):
    disputes.concede(dispute, by=seller, at=at)
    counting.catch_up(at=at)
    found = lately(order.shop, at)
    assert found.count("dispute_ends", "agreed:buyer") == 1
    assert found.count("dispute_ends", "decided:buyer") == 0


# Levels of shops


def a_good_month(shop, at, *, orders=30, late=0):
    Shop.objects.filter(pk=shop.pk).update(opened_at=at - timedelta(days=40))
    counted = Counted()
    for _each in range(orders):
        counted.add("orders", shop.pk, at, total=10_000)
        counted.add("units", shop.pk, at)
        counted.add("due", shop.pk, at, "on_time")
    counted.add("due", shop.pk, at, "late", count=late)
    counting.store(counted)
    return Shop.objects.get(pk=shop.pk)


def test_thirty_orders_in_time_lift_a_shop_and_its_caps_at_once(shop, at):
    found = a_good_month(shop, at)
    assert shop_levels.level_all(at=at) == 1
    found.refresh_from_db()
    assert (found.level, found.order_cap, found.day_cap) == ("S1", 100_000, 5_000_000)
    assert Event.objects.get(name="shop.level_set").by is None
    assert shop_levels.level_all(at=at) == 0


def test_the_highest_level_takes_two_papers_and_its_page_says_so(client, shop, seller, at):
    best = shop_levels.Standing(at - timedelta(days=400), 6_000, 9_990, 10, 100, papers=frozenset())
    assert shop_levels.reached(best, at) == "S3"
    assert shop_levels.reached(replace(best, papers=frozenset({"business"})), at) == "S3", "no word of the brand"
    assert shop_levels.reached(replace(best, papers=frozenset({"authority", "business"})), at) == "S4"
    client.force_login(seller)
    for address in (reverse("reputation:standing", args=["xinghe"]), reverse("reputation:transparency")):
        page = client.get(address, headers={"accept-language": "en"}).content.decode()
        assert "Business licence, Authorization of the brand" in page


def test_what_a_level_of_shops_gives_is_read_by_shops_and_by_everybody(client, shop, seller, at):
    with override("en"):
        gives = {row["level"]: row for row in shop_gives(at)}
    assert (gives["S0"]["settles"], gives["S0"]["order"], gives["S0"]["factor"]) == ("7 days", "¥200.00", "× 1.5")
    assert [level for level, row in gives.items() if row["is_certified"]] == ["S3", "S4"]
    assert gives["S4"]["settles"] == "the same day"
    client.force_login(seller)
    for address in (reverse("reputation:standing", args=["xinghe"]), reverse("reputation:transparency")):
        page = client.get(address, headers={"accept-language": "en"}).content.decode()
        assert "Money settles after" in page
        assert "× 0.6" in page


def test_a_shop_carries_the_badge_from_the_third_level_on(client, shop, listing):
    for level, is_there in (("S2", False), ("S3", True), ("S4", True)):
        Shop.objects.update(level=level)
        for address in (shop.get_absolute_url(), listing.get_absolute_url()):
            page = client.get(address, headers={"accept-language": "en"}).content.decode()
            assert ("Certified shop" in page) == is_there, (level, address)


def test_too_many_late_ones_do_not(shop, at):
    a_good_month(shop, at, late=5)
    assert shop_levels.level_all(at=at) == 0


def test_a_shop_falls_only_after_its_notice(shop, at):
    found = a_good_month(shop, at)
    shop_levels.level_all(at=at)
    later = at + timedelta(days=60)
    assert shop_levels.level_all(at=later) == 1
    notice = Downgrade.objects.get()
    found.refresh_from_db()
    assert found.level == "S1"
    notice.machine.expired(notice, limit="LEVEL_NOTICE", at=notice.deadline_at)
    found.refresh_from_db()
    assert (found.level, found.order_cap) == ("S0", 20_000)


# Pages


def told_of(found):
    return {each.code: says for _name, rows in published.by_group(found, found) for each, says in rows}


def test_the_transparency_page_is_public_and_tells_nothing_of_few(client, ruled, at):
    rulebook.install(at=at)
    counting.catch_up(at=at)
    answer = client.get(reverse("reputation:transparency"))
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "default-cn" in page
    assert "<svg" in page
    assert "<table" in page
    assert "98.00" not in page, "a single case's sum is told nowhere"
    for name in ("notifications:official", "support:room"):
        assert reverse(name) in page, "how to know that it is us, and how to reach a person"
    assert told_of(figures.NOTHING)["measures_lifted"] == "0"
    assert gettext("Owed to the guarantee fund") in page, "by shops and by buyers"
    told = client.get(reverse("reputation:transparency"), headers={"Accept-Language": "en"}).content.decode()
    for what in ("≥ 99.50 %", "¥10,000.00", "Cannot buy", "365 days", "the shop is closed"):
        assert what in told, "what levels take and what steps there are, for everybody"
    few = figures.Figures({"measures": Counter({"taken:warning": 3, "lifted": 1})}, {})
    assert str(figures.FEWEST) in told_of(few)["measures_lifted"], "a few single people"


def test_how_claims_end_is_told_by_reason_and_in_each_word_once(client, db, at):
    counted = Counted()
    for reason, paid, others in (("CODE_INVALID", 9, 3), ("LATE_DELIVERY", 8, 1)):
        counted.add("claims", None, at, reason, count=12)
        counted.add("reasons", None, at, f"{reason}:paid", count=paid)
        counted.add("reasons", None, at, f"{reason}:withdrawn", count=others)
    for part in ("standing", "external", "withdrawn"):
        counted.add("outcomes", None, at, part, count=10)
    counting.store(counted)
    found = lately(None, at)
    assert [(count, paid) for _name, count, _share, paid in transparency.reasons(found)] == [(12, "75.00 %"), (12, "–")]
    assert dict(transparency.outcomes(found)) == {
        gettext("Paid back"): 20,
        gettext("Taken back by the buyer"): 10,
    }


def test_a_shop_sees_what_its_level_takes_and_what_went_wrong(client, order, rich_buyer, seller, stranger, at):
    case = refunds.ask(order=order, units=[units_of(order)[0]], reason="CHANGE_OF_MIND", by=rich_buyer, at=at)
    refunds.accept(case, by=seller, at=at)
    client.force_login(seller)
    assert "S1" in client.get(reverse("reputation:standing", args=["xinghe"])).content.decode()
    assert "星河激活码" in client.get(reverse("reputation:feedback", args=["xinghe"])).content.decode()
    client.force_login(stranger)
    assert client.get(reverse("reputation:standing", args=["xinghe"])).status_code == 404
    assert client.get(reverse("reputation:feedback", args=["xinghe"])).status_code == 404


def test_a_suggestion_needs_ten_units_and_two_of_a_hundred():
    often = Counter({"CODE_INVALID": 2, "BUYER_MISTAKE": 1})
    assert [reason for reason, _text in Row("x", 100, often).suggestions()] == ["CODE_INVALID"]
    assert Row("x", 9, Counter({"CODE_INVALID": 9})).suggestions() == []
    assert Row("x", 9).claim_bp is None
    assert set(SUGGESTED) <= set(versions.shipped().book.reasons)


def test_a_finished_order_can_be_rated_once_and_the_shop_replies_once(client, order, rich_buyer, seller, stranger, at):
    address = reverse("reputation:rate", args=[order.number])
    client.force_login(rich_buyer)
    client.post(address, {"stars": 4, "text": "很快"})
    assert not order.shop.ratings.exists(), "not finished yet"
    orders.confirm(Order.objects.get(pk=order.pk), by=rich_buyer, at=at)
    client.post(address, {"stars": 4, "text": "很快"})
    client.post(address, {"stars": 1, "text": "改主意"})
    rating = order.shop.ratings.get()
    assert (rating.stars, rating.text) == (4, "很快")
    reply = reverse("reputation:reply", args=[rating.pk])
    client.force_login(stranger)
    assert client.post(reply, {"text": "不是我"}).status_code == 404
    client.force_login(seller)
    client.post(reply, {"text": "谢谢"})
    client.post(reply, {"text": "再谢"})
    rating.refresh_from_db()
    assert rating.reply == "谢谢"
    client.logout()
    assert "谢谢" in client.get(reverse("reputation:ratings", args=["xinghe"])).content.decode()

"""The signs of rules 6.4, one by one: what it takes, what it rests on, and that honest people show none of it."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import User
from notifications import inbox
from orders import lifecycle as orders
from orders.models import Attachment, CouponUse, Exchange, Message, Order, Redemption, Reveal, Ticket
from orders.models import Trace as Picture
from refunds import lifecycle as refunds
from refunds.models import Question, Refund
from reputation import claims_seen, purchases_seen, shops_seen, signals
from reputation.models import Signal, Tally, Trace
from reputation.thresholds import thresholds
from shops.models import Clash, Licence, Listing, Payee
from tests.factories import ShopFactory
from tests.fixtures.cases import claim, units_of
from tests.fixtures.people import person
from timeline.models import Event
from timeline.spans import SHANGHAI

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def sales(listing, rich_buyer, at):
    """Five orders of one unit by one buyer."""
    found = []
    for _each in range(5):
        order = orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
        orders.pay_from_wallet(order, by=rich_buyer, at=at)
        found.append(Order.objects.get(pk=order.pk))
    return found


def taken_back(order, at, **how):
    """A claim that was not borne out."""
    case = claim(units_of(order)[0], how.pop("reason", "CHANGE_OF_MIND"), by=order.buyer, at=at, **how)
    refunds.withdraw(case, by=order.buyer, at=at)
    case.refresh_from_db()
    return case


def evidence(detect, user, at):
    return detect([user.pk], at).get(user.pk)


# What buyers claim


def test_the_same_words_in_three_orders_and_not_in_two(sales, rich_buyer, at):
    text = "打开兑换页面显示该卡密无效，请退款{}！"
    cases = [taken_back(order, at, text=text.format(place)) for place, order in enumerate(sales[:2])]
    assert evidence(claims_seen.same_words, rich_buyer, at) is None
    cases.append(taken_back(sales[2], at, text=text.format("，谢谢")[:19] + "！"))
    cases[2].text = text.format(7)
    cases[2].save(update_fields=["text"])
    assert evidence(claims_seen.same_words, rich_buyer, at) == sorted(case.number for case in cases)
    Refund.objects.update(text="不能用")
    assert evidence(claims_seen.same_words, rich_buyer, at) is None, "everybody says so"


@pytest.mark.breaks_books
def test_claims_only_about_point_cards_by_who_buys_other_things_too(sales, listing, rich_buyer, at):
    cases = [taken_back(order, at) for order in sales[:3]]
    assert evidence(claims_seen.only_resale, rich_buyer, at) is None
    cards = Listing.objects.get(pk=listing.pk)
    cards.pk, cards.kind, cards._state.adding = None, "POINT_CARD", True
    cards.save(force_insert=True)
    for order in sales[:3]:
        type(order.snapshot).objects.filter(order=order).update(listing=cards)
    assert evidence(claims_seen.only_resale, rich_buyer, at) is None, "two other orders say nothing"
    extra = orders.place(buyer=rich_buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    orders.pay_from_wallet(extra, by=rich_buyer, at=at)
    assert evidence(claims_seen.only_resale, rich_buyer, at) == sorted(case.number for case in cases)


@pytest.mark.parametrize(
    ("software", "taken", "is_odd"),
    [("Adobe Photoshop 25", None, True), ("", -DAY, True), ("", 2 * DAY, True), ("", timedelta(0), False)],
)
def test_a_picture_that_was_changed_or_taken_at_another_time(sales, rich_buyer, at, software, taken, is_odd):
    case = taken_back(sales[0], at)
    file = Attachment.objects.create(
        order=sales[0], uploader=rich_buyer, name="a.png", media_type="image/png", size=1, sha256="a" * 64, at=at
    )
    case.attachments.add(file)
    Picture.objects.create(attachment=file, software=software, taken_at=None if taken is None else at + taken)
    assert evidence(claims_seen.edited_file, rich_buyer, at) == ([sales[0].number] if is_odd else None)


def test_an_error_that_these_goods_never_gave(sales, rich_buyer, at):
    def told(case, error, state):
        case.decision["stated"] = {"error_code": error}
        Refund.objects.filter(pk=case.pk).update(decision=case.decision, state=state)

    cases = [taken_back(order, at) for order in sales]
    odd = cases[:2]
    for case in odd:
        told(case, "E-9999 我方不存在的码", "withdrawn")
    assert evidence(claims_seen.unknown_error, rich_buyer, at) is None, "nobody else told theirs"
    try:
        for case in cases[2:]:
            told(case, "e 1001", "refunded")
        assert evidence(claims_seen.unknown_error, rich_buyer, at) is None
        claims_seen.ERRORS_KNOWN, before = 3, claims_seen.ERRORS_KNOWN
        assert evidence(claims_seen.unknown_error, rich_buyer, at) == sorted(case.number for case in odd)
        told(odd[0], "E1001", "withdrawn")
        assert evidence(claims_seen.unknown_error, rich_buyer, at) is None
    finally:
        claims_seen.ERRORS_KNOWN = before
        Refund.objects.update(state="withdrawn")


def test_claims_in_a_row_after_coupons(sales, rich_buyer, seller, at):
    from orders import coupons

    coupon = coupons.draft(
        shop=sales[0].shop,
        code="AUTUMN1",
        value=100,
        minimum=200,
        most=9,
        per_person=9,
        by=seller,
        at=at,
        starts_at=at,
        ends_at=at + DAY,
    )
    cases = [taken_back(order, at) for order in sales[:3]]
    for order in sales[:3]:
        CouponUse.objects.create(coupon=coupon, order=order, user=rich_buyer, bearer="shop", amount=1, at=at)
    found = evidence(claims_seen.campaign_claims, rich_buyer, at)
    back = CouponUse.objects.filter(order=sales[0])
    back.update(back_at=at)
    fewer = evidence(claims_seen.campaign_claims, rich_buyer, at)
    CouponUse.objects.all().delete()
    assert (found, fewer) == (sorted(case.number for case in cases), None)


def test_claims_for_a_child_in_three_orders(sales, rich_buyer, at):
    cases = [taken_back(order, at) for order in sales[:3]]
    Refund.objects.filter(pk__in=[case.pk for case in cases[:2]]).update(reason="MINOR_PURCHASE")
    assert evidence(claims_seen.child_again, rich_buyer, at) is None
    Refund.objects.update(reason="MINOR_PURCHASE")
    assert len(evidence(claims_seen.child_again, rich_buyer, at)) == 3


def test_who_never_answers_what_is_asked(sales, rich_buyer, seller, at):
    cases = [taken_back(order, at) for order in sales[:2]]
    for case in cases:
        Question.objects.create(refund=case, number=1, item="error", text="截图？", by=seller, at=at)
    assert evidence(claims_seen.unanswered, rich_buyer, at) == sorted(case.number for case in cases)
    Question.objects.filter(refund=cases[0]).update(answered_at=at, has_nothing=True)
    assert evidence(claims_seen.unanswered, rich_buyer, at) is None


# How people buy


def test_three_accounts_on_one_device_buy_codes_in_a_day(sales, listing, rich_buyer, at):
    others = [person(f"hand{place}") for place in range(2)]
    for user in [rich_buyer, *others]:
        Trace.objects.create(user=user, kind="device", digest="same", first_at=at)
    assert evidence(purchases_seen.many_hands, rich_buyer, at) is None, "the others bought nothing"
    for user, order in zip(others, sales[:2], strict=True):
        Order.objects.filter(pk=order.pk).update(buyer=user)
    found = evidence(purchases_seen.many_hands, rich_buyer, at)
    Order.objects.update(buyer=rich_buyer)
    assert found == sorted(f"user:{user.pk}" for user in others)


def test_ten_orders_between_midnight_and_six(sales, rich_buyer, monkeypatch, at):
    monkeypatch.setattr(purchases_seen, "NIGHT_ORDERS", 5)
    midnight = at.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    Order.objects.update(placed_at=midnight + 2 * HOUR)
    assert evidence(purchases_seen.night_burst, rich_buyer, midnight + 9 * HOUR)[1] == "5"
    Order.objects.update(placed_at=midnight + 7 * HOUR)
    assert evidence(purchases_seen.night_burst, rich_buyer, midnight + 9 * HOUR) is None


def test_who_looks_at_night_sees_the_whole_night_before(sales, rich_buyer, monkeypatch, at):
    """The daily look is at 02:40 in Shanghai."""
    monkeypatch.setattr(purchases_seen, "NIGHT_ORDERS", 5)
    midnight = at.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    Order.objects.update(placed_at=midnight + 5 * HOUR)
    look = midnight + DAY + 2 * HOUR + HOUR * 2 / 3
    found = evidence(purchases_seen.night_burst, rich_buyer, look)
    assert found == [f"{midnight:%Y-%m-%d}", "5"]
    assert evidence(purchases_seen.night_burst, rich_buyer, look + DAY) is None, "once"


def test_codes_looked_at_from_eight_networks_in_a_week(order, rich_buyer, at):
    unit = units_of(order)[0]
    for place in range(8):
        told = {"session_hash": "s", "agent_hash": "a", "at": at - HOUR}
        Reveal.objects.create(unit=unit, user=rich_buyer, address_prefix=f"203.0.{place % 7}.0/24", **told)
    assert evidence(purchases_seen.many_networks, rich_buyer, at) is None
    Reveal.objects.create(
        unit=unit, user=rich_buyer, address_prefix="203.0.9.0/24", session_hash="s", agent_hash="a", at=at
    )
    assert evidence(purchases_seen.many_networks, rich_buyer, at) == ["8"]
    Reveal.objects.all().delete()


@pytest.mark.parametrize(
    ("text", "is_deceived"),
    [
        ("客服让我买卡密发给他，说是安全账户", True),
        ("公安要求我买的，我是不是被骗了", True),
        ("卡密无效，请退款", False),
        ("这个码不能用，客服也不回", False),
    ],
)
def test_who_writes_like_a_victim_is_asked_by_people_and_weighs_nothing(
    client, order, rich_buyer, risk, text, is_deceived, at
):
    Message.objects.create(order=order, author=rich_buyer, text=text, at=at, seq=0)
    signals.look_all(at=at)
    signals.look_all(at=at + HOUR)
    assert Signal.objects.filter(name="deceived").exists() == is_deceived
    assert User.objects.get(pk=rich_buyer.pk).risk == 0
    assert Event.objects.filter(name="user.may_be_deceived").count() == is_deceived, "once for what was said once"
    inbox.catch_up(at=at)
    assert risk.notifications.filter(code="user.may_be_deceived").count() == is_deceived
    client.force_login(risk)
    page = client.get(reverse("reputation:risk"), headers={"Accept-Language": "en"}).content.decode()
    assert ("Perhaps deceived by somebody else" in page) == is_deceived
    assert (reverse("reputation:person", args=[rich_buyer.pk]) in page) == is_deceived


def test_whoever_dies_before_people_are_told_of_a_victim_leaves_it_to_the_next_look(order, rich_buyer, monkeypatch, at):
    Message.objects.create(order=order, author=rich_buyer, text="我是不是被骗了", at=at, seq=0)

    def die(_signal, *, at):
        raise RuntimeError("something of ours")

    with monkeypatch.context() as broken:
        broken.setattr(signals, "_tell_risk", die)
        with pytest.raises(RuntimeError):
            signals.look_all(at=at)
    assert not Signal.objects.filter(name="deceived").exists()
    signals.look_all(at=at + HOUR)
    assert Event.objects.filter(name="user.may_be_deceived").count() == 1


# How shops sell, answer and take out their money


def test_codes_that_were_used_before_they_were_sold(sales, at):
    order = sales[0]
    told = {"source": "issuer", "by_buyer": None, "at": at + HOUR}
    Redemption.objects.create(unit=units_of(order)[0], redeemed_at=at + HOUR, **told)
    assert shops_seen.used_before_sale(at + HOUR) == {}
    Redemption.objects.create(unit=units_of(order)[0], redeemed_at=at - HOUR, **told)
    assert shops_seen.used_before_sale(at + HOUR) == {order.shop_id: [order.number]}


def test_codes_that_another_shop_has_until_somebody_has_looked(listing, risk, at):
    batch = listing.batches.get()
    clash = Clash.objects.create(batch=batch, other=ShopFactory(), count=2, at=at)
    assert shops_seen.same_codes(at) == {listing.shop_id: [f"batch:{batch.pk}"]}
    Clash.objects.filter(pk=clash.pk).update(settled_at=at, settled_by=risk)
    assert shops_seen.same_codes(at) == {}


@pytest.mark.breaks_books
def test_much_cheaper_than_four_shops(listing, monkeypatch, at):
    monkeypatch.setattr(type(Listing.objects), "for_sale", lambda self: self.on_sale())
    offers = []
    for price in (9_000, 9_100, 9_200):
        each = Listing.objects.get(pk=listing.pk)
        each.pk, each.shop, each.price, each._state.adding = None, ShopFactory(), price, True
        each.save(force_insert=True)
        offers.append(each)
    assert shops_seen.under_market(at) == {}
    Listing.objects.filter(pk=offers[0].pk).update(price=7_700)
    assert shops_seen.under_market(at) == {offers[0].shop_id: [f"listing:{offers[0].pk}"]}


def test_a_new_account_to_which_nearly_everything_went(deposit, seller, at):
    from ledger.models import Payout

    shop = deposit.shop
    payees = [
        Payee.objects.create(
            shop=shop,
            channel="sandbox",
            account=f"62220202001122334{place}",
            holder="王五",
            named_by=seller,
            named_at=at - DAY,
            state="ended" if not place else "usable",
            entered_at=at,
        )
        for place in range(2)
    ]

    def sent(payee, amount):
        return Payout.objects.create(
            number=f"W{payee.pk}",
            key=f"w{payee.pk}",
            under=payee.address,
            cause=payee.address,
            user=seller,
            amount=amount,
            destination="account",
            channel="sandbox",
            payee="王五",
            planned_at=at,
            state="paid",
            entered_at=at,
            paid_at=at,
        )

    first = sent(payees[0], 200_000)
    assert shops_seen.cash_out(at) == {}, "the first account is no other one"
    second = sent(payees[1], 150_000)
    found = shops_seen.cash_out(at)
    Payout.objects.filter(pk=second.pk).update(amount=50_000)
    small = shops_seen.cash_out(at)
    for each in (first, second):
        Payout.objects.filter(pk=each.pk).delete()
    for each in payees:
        Payee.objects.filter(pk=each.pk).delete()
    assert (found, small) == ({shop.pk: [payees[1].address, "150000"]}, {})


def tally(shop, measure, part, count, at, total=0):
    day = at.astimezone(SHANGHAI).date()
    Tally.objects.create(measure=measure, shop=shop, part=part, day=day, count=count, total=total)


def test_answers_three_times_as_slowly_as_before(shop, at):
    tally(shop, "responses", "000020", 40, at - 60 * DAY)
    tally(shop, "responses", "000030", 40, at)
    assert shops_seen.slow_answers(at) == {}
    Tally.objects.filter(part="000030").update(part="000120")
    assert shops_seen.slow_answers(at) == {shop.pk: ["120", "20"]}
    Tally.objects.all().delete()


def test_more_and_more_replacements(shop, at):
    tally(shop, "outcomes", "exchanged", 6, at)
    tally(shop, "outcomes", "seller", 4, at)
    tally(shop, "outcomes", "exchanged", 5, at - 60 * DAY)
    tally(shop, "outcomes", "seller", 5, at - 60 * DAY)
    assert shops_seen.more_reissues(at) == {}, "it was like that before"
    Tally.objects.filter(part="exchanged", count=5).update(count=1)
    assert shops_seen.more_reissues(at) == {shop.pk: ["6/10", "1/6"]}
    Tally.objects.all().delete()


@pytest.mark.parametrize(
    ("detect", "measure", "part"),
    [(shops_seen.minors, "claims", "MINOR_PURCHASE"), (shops_seen.chargebacks, "outcomes", "external")],
)
def test_a_large_share_of_children_or_of_what_channels_take_back(shop, detect, measure, part, at):
    tally(shop, measure, part, 3, at)
    tally(shop, "orders", "", 1_000, at)
    assert detect(at) == {}
    Tally.objects.filter(measure="orders").update(count=100)
    assert detect(at) == {shop.pk: ["3/100"]}
    Tally.objects.all().delete()


def test_different_buyers_are_declined_in_the_same_words(sales, monkeypatch, at):
    monkeypatch.setattr(shops_seen, "SAME_NO", 2)
    cases = [taken_back(order, at) for order in sales[:2]]
    Refund.objects.update(declined_text="我们这边显示卡密已经正常使用，不予退款。", answered_at=at)
    assert shops_seen.same_refusal(at) == {}, "one buyer"
    other = person("other")
    Refund.objects.filter(pk=cases[0].pk).update(buyer=other)
    found = shops_seen.same_refusal(at)
    Refund.objects.update(buyer=sales[0].buyer, declined_text="", answered_at=None)
    assert found == {sales[0].shop_id: sorted(case.number for case in cases)}


def test_papers_that_ran_out(shop, seller, at):
    paper = Licence.objects.create(
        shop=shop,
        kind="business",
        number="x",
        tail="x",
        issuer="x",
        name="x",
        media_type="image/png",
        size=1,
        sha256="a" * 64,
        given_by=seller,
        given_at=at,
        state="ended",
        entered_at=at,
    )
    assert shops_seen.papers_over(at) == {shop.pk: ["business: ended"]}
    paper.delete()


def test_two_buyers_speak_of_a_false_page(order, seller, at):
    Message.objects.create(order=order, author=order.buyer, text="你发的是钓鱼网站吧", at=at, seq=0)
    assert shops_seen.phishing(at) == {}
    shops_seen.PHISHED, before = 1, shops_seen.PHISHED
    try:
        assert shops_seen.phishing(at) == {order.shop_id: [order.number]}
    finally:
        shops_seen.PHISHED = before


def test_a_silent_supplier_and_no_outage_reported(order, lead, at):
    from timeline import outages

    ticket = Ticket.objects.create(
        unit=units_of(order)[0], number="T-1", way="supplier", made_at=at, ended_at=at, standing="given_up"
    )
    for _each in range(5):
        Exchange.objects.create(ticket=ticket, at=at, what="query", asked="{}", answer="SupplierDown")
    assert shops_seen.outage_untold(at) == {order.shop_id: ["5"]}
    outages.register(
        scope="shop", target=order.shop.slug, reason="上游故障", began_at=at - HOUR, ended_at=None, by=lead, at=at
    )
    assert shops_seen.outage_untold(at) == {}


@pytest.mark.parametrize(
    ("title", "is_found"),
    [("Office 破解版激活", True), ("KMS 激活", True), ("正版激活码 30 天", False), ("akmsb 卡", False)],
)
def test_words_of_unlicensed_goods(listing, title, is_found, at):
    Listing.objects.update(title=title)
    assert shops_seen.unlicensed(at) == ({listing.shop_id: [f"listing:{listing.pk}"]} if is_found else {})


# What is kept


def test_old_evidence_that_drops_out_makes_nothing_new(rich_buyer, at):
    def keep(found, moment):
        signals._keep("same_words", "user_id", {rich_buyer.pk: found}, at=moment)
        return Signal.objects.get()

    assert keep(["R1", "R2", "R3"], at).seen_at == at
    assert keep(["R2", "R3"], at + DAY).seen_at == at, "it fades all the same"
    assert keep(["R2", "R3", "R4"], at + 2 * DAY).seen_at == at + 2 * DAY
    many = [f"R{place:02}" for place in range(10, 30)]
    assert keep(many, at + 3 * DAY).evidence == many[-10:], "the newest are kept, and seen"


def test_all_of_them_together_are_asked_without_a_fault_and_honest_people_show_none(sales, at):
    assert signals.look_all(at=at) == 0
    assert not Signal.objects.exists()
    assert thresholds().signals.weights["deceived"] == 0


def test_where_many_listings_come_from(listing, seller, monkeypatch, at):
    from allauth.usersessions.models import UserSession

    monkeypatch.setattr(shops_seen, "MASS_LISTINGS", 1)
    later = at + HOUR
    now = UserSession.objects.create(user=seller, ip="198.51.100.7", session_key="new", user_agent="x")
    UserSession.objects.filter(pk=now.pk).update(created_at=at)
    assert shops_seen.new_place(later) == {}, "nobody knows where they came from before"
    old = UserSession.objects.create(user=seller, ip="198.51.100.9", session_key="old", user_agent="x")
    UserSession.objects.filter(pk=old.pk).update(created_at=at - 9 * DAY)
    assert shops_seen.new_place(later) == {}, "the same network"
    UserSession.objects.filter(pk=old.pk).update(ip="203.0.113.9")
    assert shops_seen.new_place(later) == {listing.shop_id: [f"user:{seller.pk}", "1"]}

"""The main job by the API: the same six ways, by machines that speak for the people, with the same books at the end."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.core.management import call_command

from accounts.models import User
from ledger.accounts import balance
from tests.api.conftest import ApiClient, signed_in
from tests.fixtures.channel import eventually
from tests.stories.conftest import (
    CODES,
    COMMISSION,
    NET,
    PRICE,
    Mall,
    everything,
    issuer_says,
    picture,
    wait,
)
from tests.stories.forms import Somebody

pytestmark = pytest.mark.django_db(transaction=True)

V1 = "/api/v1"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REST = 600
REASONS = "平台记录显示该卡密在展示后三小时内被申报无效，双方均未能证明是谁使用，按记录分担。"


class Machines:
    """The clients of a buyer and a shop, and what was bought."""

    def __init__(self, buyer: User, seller: User) -> None:
        self.buyer, self.seller = signed_in(buyer), signed_in(seller)
        self.number = ""
        self.case = ""

    def order(self) -> Any:
        """The order as the buyer's machine sees it."""
        return got(self.buyer, f"/orders/{self.number}/")

    def refund(self) -> Any:
        """The case as the buyer's machine sees it."""
        return got(self.buyer, f"/refunds/{self.case}/")

    def does(self, client: ApiClient, verb: str, **body: Any) -> Any:
        """A verb of the case."""
        return sent(client, f"/refunds/{self.case}/{verb}/", 200, **body)


def got(client: ApiClient, path: str) -> Any:
    """What GET answers."""
    answer = client.get(V1 + path)
    assert answer.status_code == 200, answer.content.decode()
    return answer.json()


def sent(client: ApiClient, path: str, status: int = 201, **body: Any) -> Any:
    """What POST answers."""
    answer = client.send(V1 + path, body)
    assert answer.status_code == status, answer.content.decode()
    return answer.json()


@pytest.fixture
def machines(channel: Any, small_shop: Any, buyer: User, seller: User) -> Machines:
    """The shop's machine has listed three codes; the buyer's has topped up, ordered, paid and looked at the first."""
    found = Machines(buyer, seller)
    listing = sent(
        found.seller,
        "/shops/xinghe/listings/",
        kind="ACTIVATION_CODE",
        title="星河激活码 30 天",
        price=PRICE,
        promise_minutes=10,
        notice="请先确认区服；查看后因个人原因不能退。",
    )["id"]
    assert sent(found.seller, f"/listings/{listing}/batches/", codes=CODES)["size"] == 3
    assert sent(found.seller, f"/listings/{listing}/sell/", 200)["state"] == "on_sale"
    payment = sent(found.buyer, "/payments/", amount=30_000)["number"]
    httpx.post(f"{got(found.buyer, f'/payments/{payment}/')['pay_url']}/pay")
    eventually(lambda: balance(f"{buyer.address}:wallet") == 30_000)
    order = sent(found.buyer, "/orders/", listing=listing, quantity=3, acknowledged=True, exempt=True, price=PRICE)
    found.number = order["number"]
    assert sent(found.buyer, f"/orders/{found.number}/pay/", 200)["state"] == "delivered"
    shown = sent(found.buyer, f"/orders/{found.number}/units/1/reveal/", 200)
    assert shown["code"] in CODES
    return found


def claim(machines: Machines, reason: str = "CODE_INVALID", places: str = "1") -> Any:
    """An image, the preview, and the claim under the figure that was previewed."""
    path = f"{V1}/orders/{machines.number}/files/"
    given = machines.buyer.post(path, {"file": picture()})
    assert given.status_code == 201, given.content.decode()
    question = f"?order={machines.number}&reason={reason}&places={places}"
    figure = got(machines.buyer, f"/refunds/preview/{question}")["figure"]
    refund = sent(
        machines.buyer,
        "/refunds/",
        order=machines.number,
        reason=reason,
        places=[int(place) for place in places.split(",")],
        expected=figure,
        text="激活页面提示“卡密无效”。",
        attachments=[given.json()["id"]],
    )
    machines.case = refund["number"]
    return refund


def require_end(machines: Machines, accounts: dict[str, int]) -> None:
    """Time does the rest; every account holds what it should, and every invariant of the mall holds."""
    wait(5 * DAY)
    wait(8 * DAY)
    assert machines.order()["state"] == "settled"
    assert everything() == accounts
    call_command("check_books")


def mall_of(machines: Machines, shop: Any) -> Mall:
    """The same order for those who ask by its number."""
    return Mall(shop, Somebody(None), Somebody(None), machines.number)


def test_a_proven_and_paid_at_once(machines, small_shop, expected):
    issuer_says(mall_of(machines, small_shop), 1, is_valid=False)
    refund = claim(machines)
    assert (refund["state"], refund["outcome"], refund["approved"]) == ("refunded", "instant", PRICE)
    assert refund["actions"] == []
    require_end(machines, expected(wallet=REST + PRICE, available=2 * NET, fees=2 * COMMISSION))


def test_b_accepted_by_the_shop(machines, expected):
    assert claim(machines)["state"] == "requested"
    seen = got(machines.seller, f"/refunds/{machines.case}/")
    assert seen["actions"] == ["accept", "offer", "question", "extend", "decline"]
    assert machines.does(machines.seller, "accept")["outcome"] == "seller"
    require_end(machines, expected(wallet=REST + PRICE, available=2 * NET, fees=2 * COMMISSION))


def test_c_paid_by_silence(machines, expected):
    claim(machines)
    wait(48 * HOUR)
    assert (machines.refund()["state"], machines.refund()["outcome"]) == ("refunded", "silence")
    require_end(machines, expected(wallet=REST + PRICE, available=2 * NET, fees=2 * COMMISSION))


def test_d_split_by_an_arbiter(machines, arbiter, senior, expected):
    claim(machines)
    rule = got(machines.seller, f"/refunds/{machines.case}/")["citable_rules"][-1]
    told = {"code": "code_was_good", "rule": rule, "text": "出库时有效。"}
    assert machines.does(machines.seller, "decline", **told)["state"] == "declined"
    assert machines.does(machines.buyer, "escalate")["state"] == "disputed"
    number = rest_both(machines)
    assert decide(number, arbiter, seller=6_000, buyer=4_000)["state"] == "signing"
    checking = signed_in(senior)
    sent(checking, f"/disputes/{number}/open/", 200)
    assert sent(checking, f"/disputes/{number}/sign/", 200, agrees=True, version=1)["state"] == "ruled"
    ruling = got(machines.buyer, f"/disputes/{number}/")["ruling"]
    assert (ruling["award"], ruling["reasons"]) == (5_880, REASONS)
    assert machines.refund()["approved"] == 5_880
    kept, commission = PRICE - 5_880, (PRICE - 5_880) * 500 // 10_000
    require_end(
        machines,
        expected(wallet=REST + 5_880, available=2 * NET + kept - commission, fees=2 * COMMISSION + commission),
    )


def test_e_taken_back_by_the_buyer(machines, expected):
    assert "withdraw" in claim(machines)["actions"]
    assert machines.does(machines.buyer, "withdraw")["state"] == "withdrawn"
    require_end(machines, expected(wallet=REST, available=3 * NET, fees=3 * COMMISSION))


def test_f_just_sorry_first_a_machine_then_a_person(machines, arbiter, expected):
    question = f"?order={machines.number}&reason=CHANGE_OF_MIND&places="
    sealed = got(machines.buyer, f"/refunds/preview/{question}2")
    assert (sealed["figure"], sealed["fee"]) == (9_016, 784), "8 % at level M0"
    refund = claim(machines, "CHANGE_OF_MIND")
    assert (refund["state"], refund["is_predecision"], refund["actions"]) == (
        "declined",
        True,
        ["escalate", "goodwill", "withdraw"],
    )
    assert machines.does(machines.buyer, "escalate")["state"] == "disputed"
    number = rest_both(machines)
    assert decide(number, arbiter, buyer=10_000)["state"] == "ruled", "no money, no second signature"
    wait(4 * DAY)
    assert machines.refund()["state"] == "rejected"
    require_end(machines, expected(wallet=REST, available=3 * NET, fees=3 * COMMISSION))


def rest_both(machines: Machines) -> str:
    """Nobody has more to say; returns the dispute's number."""
    number: str = got(machines.buyer, "/disputes/")["results"][0]["number"]
    sent(machines.buyer, f"/disputes/{number}/rest/", 200)
    assert sent(machines.seller, f"/disputes/{number}/rest/", 200)["state"] == "review"
    return number


def decide(number: str, arbiter: User, **shares: int) -> Any:
    """The arbiter opens the file, weighs what is in it, and rules."""
    person = signed_in(arbiter)
    file = sent(person, f"/disputes/{number}/open/", 200)["evidence"]
    return sent(
        person,
        f"/disputes/{number}/rule/",
        shares=shares,
        rule_ids=["MX-11"],
        findings=[{"evidence": piece["id"], "weight": "accepted"} for piece in file],
        issues=REASONS,
        reasons=REASONS,
        departs_because="双方各有责任，见理由。",
    )

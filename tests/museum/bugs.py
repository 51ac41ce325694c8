"""Bugs that cost other people money, each as a change of our own code that the tests must not let pass.

A bug is a text to be found exactly once in a file, and what stands there instead. `tests` are the narrow set that must
turn red; where a bug survived, a test was written that did not exist before.
"""

import ast
from dataclasses import dataclass
from pathlib import Path


class DoesNotApply(AssertionError):
    """The code has moved on: the bug must be written anew, or it proves nothing."""


@dataclass(frozen=True)
class Bug:
    """One change; `incident` says where in the world it happened."""

    name: str
    incident: str
    file: str
    good: str
    bad: str
    tests: tuple[str, ...]

    def put_into(self, tree: Path) -> None:
        """Change a copy of the tree; `DoesNotApply` if the text is not there exactly once."""
        path = tree / self.file
        text = path.read_text()
        if text.count(self.good) != 1:
            raise DoesNotApply(f"{self.name}: {self.file} has {text.count(self.good)} times\n{self.good}")
        changed = text.replace(self.good, self.bad)
        if path.suffix == ".py":
            ast.parse(changed)
        path.write_text(changed)


MUSEUM = (
    Bug(
        "unlocked_root",
        "ACIDRain, SIGMOD 2017: 12 shops, 22 ways to pay once and be served twice; values read before the lock",
        "timeline/door.py",
        'return rows.select_for_update(no_key=True, of=("self",))',
        "return rows",
        (
            "tests/refunds/test_races.py::test_a_yes_and_a_no_at_one_instant_end_as_a_yes",
            "tests/orders/test_order.py::test_paying_twice_at_the_same_moment_pays_once",
            "tests/interleaving/test_hot_pairs.py",
        ),
    ),
    Bug(
        "lazy_lock",
        "Saleor #19615, one-api #2398: the lock of the codes was written and never taken; one code went out many times",
        "shops/stock.py",
        'free.select_for_update(skip_locked=True, of=("self",), no_key=True)[:count]',
        "free[:count]",
        ("tests/shops/test_stock.py::test_eight_buyers_of_three_share_ten_codes_and_none_is_sold_twice",),
    ),
    Bug(
        "any_notice_is_ours",
        "acg-faka 3.5.9 (3728b6d): a correctly signed notice of one order was played to any other of the same amount",
        "ledger/views.py",
        "if charge.number != number:",
        "if False:",
        ("tests/ledger/test_notices.py",),
    ),
    Bug(
        "a_number_for_two_payments",
        "dujiaoka cc4068eb, acg-faka: the channel's own number was not tied to the payment that it paid",
        "ledger/payments.py",
        "believed.payment_id == payment.pk and believed.amount == amount,",
        "True,",
        ("tests/ledger/test_payments.py::test_a_number_of_the_channel_that_stands_for_another_payment_is_refused",),
    ),
    Bug(
        "empty_secret",
        "New API CVE-2026-41432; 24 of 24 payment plugins of acg-faka: without a secret every signature was right",
        "ledger/sandbox.py",
        "    if not secret.strip():\n"
        '        raise UnknownChannel("A channel without a secret signs and believes nothing.")\n',
        "",
        (
            "tests/ledger/test_notices.py::test_a_mall_without_a_secret_believes_nothing",
            "tests/museum/test_found.py",
        ),
    ),
    Bug(
        "any_signature",
        "dujiaoka YipayController: signatures compared loosely, so that `true` was equal to every one of them",
        "ledger/sandbox.py",
        'return isinstance(given, str) and hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))',
        "return bool(given)",
        ("tests/ledger/test_notices.py::test_a_notice_signed_with_another_secret_is_forged",),
    ),
    Bug(
        "too_much_is_fine",
        "zfaka notify.php: `paid >= price` was paid",
        "ledger/payments.py",
        "payment.is_open(at) and amount == payment.amount",
        "payment.is_open(at) and amount >= payment.amount",
        (
            "tests/ledger/test_payments.py::test_a_charge_over_another_amount_goes_back_and_the_right_one_may_still_come",
        ),
    ),
    Bug(
        "expired_order_revived",
        "dujiaoka completedOrder(): only a completed order was refused, so an expired one was delivered after all",
        "ledger/payments.py",
        "is_right = payment.is_open(at) and amount",
        "is_right = amount",
        ("tests/ledger/test_payments.py",),
    ),
    Bug(
        "every_notice_counts",
        "dujiaoka #97, #95, #328: notices came twice, and one order got four or five codes",
        "ledger/payments.py",
        "    if believed is not None:\n",
        "    if believed is not None and believed.payment_id != payment.pk:\n",
        ("tests/ledger/test_payments.py::test_a_charge_that_is_told_again_counts_once",),
    ),
    Bug(
        "two_refunds_at_once",
        "pretix #4136, WooCommerce Stripe #838: the state was asked before the lock; two answers paid twice",
        "refunds/lifecycle.py",
        "    take_up(refund, version)\n"
        '    require(refund.is_of_shop(by), "not_your_turn", _("Only the shop answers."))\n'
        '    require(refund.state in ACCEPTABLE and not refund.is_overdue(at), "wrong_moment", ANSWERED)\n'
        "    asks = refund.asked",
        '    require(refund.is_of_shop(by), "not_your_turn", _("Only the shop answers."))\n'
        '    require(refund.state in ACCEPTABLE and not refund.is_overdue(at), "wrong_moment", ANSWERED)\n'
        "    take_up(refund, version)\n"
        "    asks = refund.asked",
        (
            "tests/refunds/test_races.py",
            "tests/interleaving/test_hot_pairs.py",
        ),
    ),
    Bug(
        "cancel_outside_the_lock",
        "v2board #374, Xboard #1021: cancel read the state outside the transaction and gave the balance back each time",
        "orders/lifecycle.py",
        "    lock(order)\n"
        '    require(order.buyer_id == by.pk, "not_your_turn", _("Only the buyer cancels an order."))\n',
        '    require(order.buyer_id == by.pk, "not_your_turn", _("Only the buyer cancels an order."))\n',
        ("tests/interleaving/test_hot_pairs.py",),
    ),
    Bug(
        "the_wrong_share",
        "RoboSats 2591905b: the ruling paid by the other party's share",
        "disputes/rulings.py",
        "return min(paid - paid * buyer_bp // WHOLE, left)",
        "return min(paid * buyer_bp // WHOLE, left)",
        (
            "tests/disputes/test_dispute.py::test_rounding_is_for_the_buyer",
            "tests/disputes/test_dispute.py::test_60_to_40_gives_back_what_the_buyer_does_not_carry",
        ),
    ),
    Bug(
        "confirmed_under_a_claim",
        "RoboSats e424bd41: confirm slipped past the guard, and money left while a dispute was open",
        "orders/lifecycle.py",
        "free = [unit for unit in units if unit.held and not unit.held_by]",
        "free = [unit for unit in units if unit.held]",
        (
            "tests/orders/test_order.py::test_a_case_holds_its_unit_and_the_others_go_on",
            "tests/refunds/test_refund.py::test_nothing_is_released_while_a_case_is_open",
        ),
    ),
    Bug(
        "assigned_instead_of_added",
        "RoboSats api/admin.py: `earned_rewards =` instead of `+=`; what was earned before vanished",
        "orders/escrow.py",
        "unit.refunded += charged - unpaid",
        "unit.refunded = charged - unpaid",
        ("tests/museum/test_found.py",),
    ),
    Bug(
        "clamped_refund",
        "sub2api #5191: checked when asked, paid as min(asked, there) later; the shop spent it in between",
        "refunds/lifecycle.py",
        "asked <= found.figure,",
        "True,",
        ("tests/refunds/test_refund.py::test_the_buyer_asks_for_less_but_never_for_more",),
    ),
    Bug(
        "two_senders",
        "BTCPay #6540, #5913: manual and automatic payout both sent; one was sent ten times",
        "ledger/payouts.py",
        "    if payout.next_try_at is None or payout.next_try_at > at:\n        return None\n",
        "",
        (
            "tests/ledger/test_channel.py::test_two_runners_at_once_send_once",
            "tests/ledger/test_channel.py::test_a_channel_that_is_away_is_tried_ever_more_seldom_and_then_a_person_takes_over",
        ),
    ),
    Bug(
        "a_new_number_for_each_try",
        "WeChat Pay and Alipay tell refunds apart by our number: a new one after a timeout is a second refund",
        "ledger/payouts.py",
        "answer = channel.refund(number=payout.number,",
        'answer = channel.refund(number=f"{payout.number}{payout.tries}",',
        (
            "tests/ledger/test_channel.py::test_after_a_timeout_the_channel_is_asked_and_nothing_is_sent_twice",
            "tests/ledger/test_channel.py::test_a_refund_that_fails_is_sent_again_and_arrives",
        ),
    ),
    Bug(
        "one_pair_of_eyes",
        "card-system set_paid, RoboSats admin: one person of the staff moves money alone",
        "ledger/payouts.py",
        'payout.proposed_by_id != by.pk, "second_person"',
        'True, "second_person"',
        ("tests/ledger/test_payouts.py::test_one_person_of_finance_alone_sends_nothing_again",),
    ),
    Bug(
        "signs_the_own_ruling",
        "Bisq and RoboSats: whoever decided was also who confirmed",
        "disputes/assignment.py",
        # Two guards stand one behind the other: what somebody wrote, and the seat from which they wrote it.
        '        | Exists(Ruling.objects.filter(dispute=dispute, by=OuterRef("pk")))\n'
        '        | Exists(Seat.objects.filter(dispute=dispute, user=OuterRef("pk")).filter(_bars(role, part)))\n',
        "",
        ("tests/disputes/test_dispute.py::test_who_wrote_an_earlier_version_does_not_sign_the_next",),
    ),
    Bug(
        "fired_again",
        "Celery #2481, #4766, kombu #337: a late task ran seven times",
        "timeline/sweep.py",
        "if timer.state != Timer.State.RUNNING or timer.due_at > at:",
        "if timer.due_at > at:",
        (
            "tests/timeline/test_timers.py",
            "tests/refunds/test_races.py",
        ),
    ),
    Bug(
        "minus_one_piece",
        "Vvveb CVE-2026-44826: a quantity below zero made a total below zero",
        "orders/lifecycle.py",
        "require(1 <= quantity <= MOST_UNITS,",
        "require(quantity <= MOST_UNITS,",
        ("tests/orders/test_order.py::test_an_order_that_cannot_be_is_refused_and_sets_nothing_aside",),
    ),
    Bug(
        "buyer_is_seller",
        "Bisq support #502, #822: trading with oneself to be paid twice",
        "orders/lifecycle.py",
        'require(not shop.is_worked_in_by(buyer), "own_goods"',
        'require(True, "own_goods"',
        ("tests/orders/test_order.py::test_a_shop_cannot_buy_from_itself",),
    ),
    Bug(
        "anybody_opens_the_code",
        "dujiaoka #158, Vvveb CVE-2026-46408: whoever had the address saw the order and its codes",
        "orders/delivery.py",
        'require(order.buyer_id == by.pk, "not_your_turn", _("Only the buyer looks at the code."))',
        'require(True, "not_your_turn", _("Only the buyer looks at the code."))',
        ("tests/orders/test_order.py::test_nobody_else_looks_at_a_code",),
    ),
    Bug(
        "seen_codes_are_sold_again",
        "dujiaoka #97: codes marked without a look at how many rows that met",
        "shops/stock.py",
        "pk__in=[card.pk for card in cards], taken_at__isnull=False, revealed_at=None, voided_at=None",
        "pk__in=[card.pk for card in cards], taken_at__isnull=False",
        ("tests/shops/test_stock.py::test_what_somebody_saw_never_goes_back_and_neither_do_the_others_with_it",),
    ),
    Bug(
        "one_key_two_requests",
        "Formance #921, #1601: a key that was used for something else was not refused by name",
        "timeline/idempotency.py",
        "kept is None or kept.request_digest == request_digest,",
        "True,",
        ("tests/api/test_idempotency.py",),
    ),
)

"""Ties each hook that a lower room declares to exactly one function of a room above."""

import ledger.hooks
import timeline.hooks
from complaints import lifecycle as complaints
from complaints.states import COMPLAINT
from disputes import agreements, appeals, owed
from disputes import hooks as dispute_hooks
from disputes import lifecycle as disputes
from disputes.states import APPEAL, DISPUTE
from ledger import brake, contributions, debts, payments, payouts, reconciliation
from ledger.states import BRAKE, CONTRIBUTION, DIFFERENCE, PAYMENT, PAYOUT, WRITE_OFF
from notifications import inbox
from orders import coupons, outages, parties
from orders import hooks as order_hooks
from orders import lifecycle as orders
from orders.states import COUPON, ORDER
from privacy import lifecycle as privacy
from privacy.states import ERASURE
from refunds import contests, guardians, outside, quiet, replayed, roads
from refunds import hooks as refund_hooks
from refunds import lifecycle as refunds
from refunds.states import CONTEST, GUARDIAN, REFUND
from reputation import alarms, batch_answers, deposits, fund, measures, near, stops
from reputation import lifecycle as reputation
from reputation.states import ALARM, BATCH_ANSWER, DOWNGRADE, MEASURE, SHORTFALL
from rulebook import clocks
from rulebook import hooks as rulebook_hooks
from rulebook import lifecycle as rulebook
from rulebook.states import RULEBOOK
from shops import applications, down, licences, listings, looks, sanctions, staff, withdrawals
from shops import hooks as shop_hooks
from shops import lifecycle as shops
from shops.states import APPLICATION, DEPOSIT, LICENCE, LISTING, MEMBER, PAYEE, SANCTION
from support import lifecycle as support
from support.states import TALK


def connect() -> None:
    """Called once, when all rooms are loaded."""
    timeline.hooks.clocks_moved.tie(outages.clocks_moved)
    timeline.hooks.time_passed.tie(inbox.reach_people)
    timeline.hooks.what_is_down.tie(down.named)
    timeline.hooks.what_could_be_down.tie(down.offered)
    ledger.hooks.span.tie(clocks.span)
    ledger.hooks.order_paid.tie(orders.paid_by_channel)
    PAYMENT.expired.tie(payments.lapse)
    PAYOUT.expired.tie(payouts.lapse)
    BRAKE.expired.tie(brake.lapse)
    DIFFERENCE.expired.tie(reconciliation.lapse)
    WRITE_OFF.expired.tie(debts.lapse)
    CONTRIBUTION.expired.tie(contributions.lapse)
    DEPOSIT.expired.tie(shops.lapse)
    LISTING.expired.tie(listings.lapse)
    MEMBER.expired.tie(staff.lapse)
    APPLICATION.expired.tie(applications.lapse)
    LICENCE.expired.tie(licences.lapse)
    SANCTION.expired.tie(sanctions.lapse)
    PAYEE.expired.tie(withdrawals.lapse)
    order_hooks.ran_dry.tie(owed.book)
    order_hooks.still_owed.tie(owed.of_units)
    order_hooks.paid_again.tie(owed.follow)
    shop_hooks.owed_to_buyers.tie(owed.of_shop)
    order_hooks.answered.tie(refunds.supplier_answered)
    shop_hooks.exposed.tie(stops.exposed)
    shop_hooks.required.tie(deposits.required_of)
    shop_hooks.reported.tie(roads.is_reported)
    shop_hooks.bought_from.tie(parties.bought_from)
    shop_hooks.case_time.tie(quiet.case_time)
    shop_hooks.recalled.tie(alarms.is_open_over)
    ledger.hooks.deposit_paid.tie(shops.paid_by_channel)
    ledger.hooks.asked_first.tie(looks.where_asked)
    ledger.hooks.payout_paid.tie(refunds.paid)
    ledger.hooks.paid_outside.tie(outside.told_by_file)
    ORDER.expired.tie(orders.lapse)
    COUPON.expired.tie(coupons.lapse)
    RULEBOOK.expired.tie(rulebook.lapse)
    rulebook_hooks.cases_known.tie(replayed.cases_known)
    rulebook_hooks.recent_cases.tie(replayed.recent_cases)
    REFUND.expired.tie(refunds.lapse)
    GUARDIAN.expired.tie(guardians.lapse)
    CONTEST.expired.tie(contests.lapse)
    DISPUTE.expired.tie(disputes.lapse)
    dispute_hooks.near_to.tie(near.near_to)
    TALK.expired.tie(support.lapse)
    ERASURE.expired.tie(privacy.lapse)
    APPEAL.expired.tie(appeals.lapse)
    COMPLAINT.expired.tie(complaints.lapse)
    DOWNGRADE.expired.tie(reputation.lapse)
    MEASURE.expired.tie(measures.lapse)
    ALARM.expired.tie(alarms.lapse)
    BATCH_ANSWER.expired.tie(batch_answers.lapse)
    SHORTFALL.expired.tie(fund.lapse)
    refund_hooks.held_cap.tie(fund.instant_cap)
    refund_hooks.escalated.tie(disputes.open_dispute)
    refund_hooks.withdrawn.tie(disputes.withdrawn)
    refund_hooks.undecided.tie(disputes.undecided)
    refund_hooks.dispute_page.tie(disputes.page_of)
    refund_hooks.paid_back.tie(disputes.paid)
    refund_hooks.settled.tie(agreements.settled)
    refund_hooks.paid_outside.tie(agreements.paid_outside)
    refund_hooks.part_paid_outside.tie(agreements.part_paid_outside)
    refund_hooks.ordered_sum.tie(agreements.ordered_sum)
    refund_hooks.not_owed.tie(owed.not_due)
    refund_hooks.still_owed.tie(owed.of_case)
    refund_hooks.on_shop.tie(owed.on_shop)
    refund_hooks.on_top_of_shop.tie(owed.on_top_of_shop)
    refund_hooks.paid_later.tie(owed.paid_later)
    refund_hooks.taken_on.tie(owed.taken_on)

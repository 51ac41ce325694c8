"""Whom an event concerns: a table of event names. Whoever did something is not told that they did it.

Who they are stands in `notifications.people`, where they go next in `notifications.places`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from notifications.happenings import Happening, happenings
from notifications.models import Notification
from notifications.people import (
    Who,
    applicant,
    arbiter,
    asked_shop,
    asked_side,
    assigning_leads,
    buyer,
    deceived_buyer,
    drafted_for,
    finance,
    invited,
    judging,
    leads,
    member,
    money_people,
    money_watch,
    offered_side,
    offering_side,
    owner,
    panel,
    payer,
    proposer,
    reading,
    repaid,
    risk,
    rule_staff,
    second_person,
    seniors,
    shop,
    topping_up,
    undelivered_buyer,
    undelivering_shop,
    under_the_clock,
    waiting_buyer,
    waiting_for_more,
    withdrawing,
)
from notifications.places import (
    application_page,
    batch_page,
    bench_page,
    brake_page,
    clashes_page,
    clock_page,
    deposit_page,
    dispute_page,
    finance_page,
    intake_page,
    invitations_page,
    moderation_page,
    money_page,
    order_page,
    own_listing_page,
    papers_page,
    papers_queue,
    refund_page,
    review_page,
    shop_page,
    staff_page,
    steps_page,
    version_page,
    watched_page,
    webhooks_page,
    withdrawals_of_payout,
    withdrawals_page,
)
from timeline.machines import CLOCK_EVENTS
from timeline.models import Event

Page = Callable[[Happening], str]


@dataclass(frozen=True)
class Line:
    """One sentence to one group of people about one kind of event."""

    code: str
    who: Who
    page: Page


def notices(events: Sequence[Event]) -> list[Notification]:
    """What is to be told about `events`, in their order."""
    return [notice for happening in happenings(events) for notice in _about(happening)]


def _about(happening: Happening) -> list[Notification]:
    """One notice for each person; who is concerned twice hears the first line of the table."""
    event = happening.event
    told: dict[int, Line] = {}
    for line in TOLD[event.name]:
        for user in line.who(happening):
            if user is not None and user != event.by_id:
                told.setdefault(user, line)
    return [
        Notification(
            user_id=user,
            event=event,
            code=line.code,
            words=happening.words(),
            url=line.page(happening),
            at=event.at,
        )
        for user, line in told.items()
    ]


#: Things of which people are reminded before a clock ends.
REMINDED = ("order", "refund", "dispute", "appeal", "payment", "payout", "deposit", "guardian")

#: Who is told what about which event. A name that stands neither here nor in SILENT is a gap that a test names.
TOLD: dict[str, list[Line]] = {
    **{f"{name}.clock_reminded": [Line(f"{name}.reminder", under_the_clock, clock_page)] for name in REMINDED},
    "order.paid": [Line("order.sold", shop, order_page)],
    "order.delivered": [Line("order.delivered", buyer, order_page)],
    "order.units_delivered": [Line("order.units_delivered", waiting_for_more, order_page)],
    "order.units_called_off": [
        Line("order.units_called_off", buyer, order_page),
        Line("order.units_called_off_for_you", shop, order_page),
    ],
    "order.late": [Line("order.late", buyer, order_page), Line("order.late_by_you", shop, order_page)],
    "order.wait_chosen": [Line("order.wait_chosen", shop, order_page)],
    "order.final_answer_asked": [
        Line("order.final_answer_asked", buyer, order_page),
        Line("order.final_answer_asked", shop, order_page),
    ],
    "order.supplier_failed": [Line("order.supplier_failed", shop, order_page)],
    "order.delivered_after_all": [Line("order.delivered_after_all", shop, order_page)],
    "order.expired": [Line("order.expired", buyer, order_page)],
    "order.cancelled": [
        Line("order.undelivered", undelivered_buyer, order_page),
        Line("order.undelivered_by_you", undelivering_shop, order_page),
    ],
    "order.released": [Line("order.released", shop, order_page)],
    "order.completed": [Line("order.completed", buyer, order_page)],
    "order.units_settled": [Line("order.settled", shop, order_page)],
    "order.message_said": [
        Line("order.message", buyer, order_page),
        Line("order.message", shop, order_page),
    ],
    "order.staff_joined": [
        Line("order.staff_joined", buyer, order_page),
        Line("order.staff_joined", shop, order_page),
    ],
    "order.supplier_asked": [Line("order.supplier_asked", buyer, order_page)],
    "order.validity_recorded": [Line("order.code_was_bad", deceived_buyer, order_page)],
    "order.waterfall_ran_dry": [Line("order.funds_missing", finance, order_page)],
    "refund.requested": [Line("refund.requested", asked_shop, refund_page)],
    "refund.approved": [
        Line("refund.approved", waiting_buyer, refund_page),
        Line("refund.approved_for_buyer", shop, refund_page),
    ],
    "refund.declined": [Line("refund.declined", buyer, refund_page)],
    "refund.disputed": [Line("refund.disputed", buyer, refund_page), Line("refund.disputed", shop, refund_page)],
    "refund.refunded": [Line("refund.refunded", buyer, refund_page)],
    "refund.withdrawn": [Line("refund.withdrawn", shop, refund_page)],
    "refund.lapsed": [Line("refund.lapsed", buyer, refund_page), Line("refund.lapsed_for_shop", shop, refund_page)],
    "refund.rejected": [Line("refund.rejected", buyer, refund_page), Line("refund.rejected", shop, refund_page)],
    "refund.alarm": [Line("refund.alarm", finance, finance_page)],
    "refund.questioned": [Line("refund.questioned", buyer, refund_page)],
    "refund.answered": [Line("refund.answered", shop, refund_page)],
    "refund.extended": [Line("refund.extended", buyer, refund_page)],
    "refund.bargaining": [Line("refund.offered", buyer, refund_page)],
    "refund.countered": [Line("refund.offered", offered_side, refund_page)],
    "refund.offered": [Line("refund.offered", offered_side, refund_page)],
    "refund.offer_taken": [Line("refund.offer_taken", offering_side, refund_page)],
    "refund.talks_ended": [Line("refund.talks_ended", buyer, refund_page)],
    "refund.talks_lapsed": [Line("refund.talks_ended", buyer, refund_page)],
    "refund.goodwill_asked": [Line("refund.goodwill_asked", shop, refund_page)],
    "refund.goodwill_unanswered": [Line("refund.goodwill_unanswered", buyer, refund_page)],
    "refund.replacing": [Line("refund.replacing", buyer, refund_page), Line("refund.replacing", shop, refund_page)],
    "refund.checking": [Line("refund.checking", buyer, refund_page)],
    "refund.exchanged": [Line("refund.exchanged", shop, refund_page)],
    "refund.bad_again": [Line("refund.bad_again", shop, refund_page)],
    "refund.frozen": [Line("refund.frozen", risk, refund_page)],
    "refund.reported": [
        Line("refund.reported", risk, refund_page),
        Line("refund.reported_for_shop", shop, refund_page),
    ],
    "refund.decided_anew": [
        Line("refund.decided_anew", buyer, refund_page),
        Line("refund.decided_anew", shop, refund_page),
    ],
    "guardian.awaited": [Line("guardian.awaited", buyer, refund_page)],
    "guardian.given": [Line("guardian.given", leads, refund_page)],
    "guardian.late": [Line("guardian.late", leads, refund_page)],
    "guardian.asked_again": [Line("guardian.asked_again", buyer, refund_page)],
    "guardian.accepted": [Line("guardian.accepted", buyer, refund_page)],
    "guardian.refused": [Line("guardian.refused", buyer, refund_page)],
    "guardian.closed": [Line("guardian.closed", buyer, refund_page)],
    "listing.withheld": [Line("listing.withheld", shop, refund_page)],
    "listing.given_back": [Line("listing.given_back", shop, refund_page)],
    "listing.forbidden": [Line("listing.forbidden", shop, refund_page)],
    "dispute.opened": [Line("dispute.opened", assigning_leads, bench_page)],
    "dispute.evidence": [
        Line("dispute.evidence", buyer, dispute_page),
        Line("dispute.evidence", shop, dispute_page),
        Line("dispute.assigned", arbiter, bench_page),
    ],
    "dispute.reassigned": [Line("dispute.assigned", arbiter, bench_page)],
    "dispute.evidence_submitted": [
        Line("dispute.evidence_submitted", buyer, dispute_page),
        Line("dispute.evidence_submitted", shop, dispute_page),
        Line("dispute.evidence_submitted", arbiter, bench_page),
    ],
    "dispute.sent_back": [Line("dispute.sent_back", arbiter, bench_page)],
    "dispute.signer_changed": [Line("dispute.signing", seniors, bench_page)],
    "dispute.conceded": [
        Line("dispute.conceded", buyer, dispute_page),
        Line("dispute.conceded", arbiter, bench_page),
    ],
    "dispute.alarm": [Line("dispute.alarm", leads, bench_page)],
    "dispute.payment_late": [Line("dispute.payment_late", finance, finance_page)],
    "dispute.review": [Line("dispute.review", arbiter, bench_page)],
    "dispute.signing": [Line("dispute.signing", seniors, bench_page)],
    "dispute.ruled": [
        Line("dispute.ruled", buyer, dispute_page),
        Line("dispute.ruled", shop, dispute_page),
        Line("dispute.signed", arbiter, bench_page),
    ],
    "dispute.withdrawn": [Line("dispute.withdrawn", arbiter, bench_page)],
    "dispute.extended": [
        Line("dispute.extended", buyer, dispute_page),
        Line("dispute.extended", shop, dispute_page),
        Line("dispute.extended", arbiter, bench_page),
    ],
    "dispute.questioned": [Line("dispute.questioned", asked_side, dispute_page)],
    "dispute.answered": [Line("dispute.answered", arbiter, bench_page)],
    "dispute.proposed": [
        Line("dispute.proposed", buyer, dispute_page),
        Line("dispute.proposed", shop, dispute_page),
    ],
    "dispute.proposal_failed": [
        Line("dispute.proposal_failed", buyer, dispute_page),
        Line("dispute.proposal_failed", shop, dispute_page),
        Line("dispute.proposal_failed", arbiter, bench_page),
    ],
    "dispute.mediated": [
        Line("dispute.mediated", buyer, dispute_page),
        Line("dispute.mediated", shop, dispute_page),
        Line("dispute.mediated", arbiter, bench_page),
    ],
    "dispute.last_offer_given": [
        Line("dispute.last_offer_given", buyer, dispute_page),
        Line("dispute.last_offer_given", shop, dispute_page),
    ],
    "dispute.suspended": [
        Line("dispute.suspended", buyer, dispute_page),
        Line("dispute.suspended", shop, dispute_page),
        Line("dispute.suspended", arbiter, bench_page),
    ],
    "dispute.suspension_renewed": [
        Line("dispute.suspension_renewed", buyer, dispute_page),
        Line("dispute.suspension_renewed", shop, dispute_page),
    ],
    "dispute.resumed": [
        Line("dispute.resumed", buyer, dispute_page),
        Line("dispute.resumed", shop, dispute_page),
        Line("dispute.resumed", arbiter, bench_page),
    ],
    "dispute.neutral_named": [
        Line("dispute.neutral_named", buyer, dispute_page),
        Line("dispute.neutral_named", shop, dispute_page),
        Line("dispute.neutral_named", arbiter, bench_page),
    ],
    "dispute.default_drafted": [Line("dispute.default_drafted", drafted_for, bench_page)],
    "dispute.advanced": [
        Line("dispute.advanced", buyer, dispute_page),
        Line("dispute.advanced", shop, dispute_page),
    ],
    "dispute.supplemented": [Line("dispute.supplemented", buyer, dispute_page)],
    "dispute.shop_made_whole": [Line("dispute.shop_made_whole", shop, dispute_page)],
    "dispute.remanded": [
        Line("dispute.remanded", buyer, dispute_page),
        Line("dispute.remanded", shop, dispute_page),
        Line("dispute.remanded", arbiter, bench_page),
    ],
    "dispute.heard_again": [
        Line("dispute.heard_again", buyer, dispute_page),
        Line("dispute.heard_again", shop, dispute_page),
        Line("dispute.heard_again", arbiter, bench_page),
    ],
    "dispute.settled": [Line("dispute.settled", arbiter, bench_page)],
    "dispute.penalty_proposed": [Line("dispute.penalty_proposed", risk, bench_page)],
    "dispute.penalty_imposed": [Line("dispute.penalty_imposed", shop, dispute_page)],
    "dispute.penalty_turned_down": [Line("dispute.penalty_turned_down", arbiter, bench_page)],
    "appeal.filed": [
        Line("appeal.filed", buyer, dispute_page),
        Line("appeal.filed", shop, dispute_page),
        Line("appeal.to_admit", leads, bench_page),
    ],
    "appeal.admitted": [
        Line("appeal.admitted", buyer, dispute_page),
        Line("appeal.admitted", shop, dispute_page),
    ],
    "appeal.inadmissible": [
        Line("appeal.inadmissible", buyer, dispute_page),
        Line("appeal.inadmissible", shop, dispute_page),
    ],
    "appeal.panel": [
        Line("appeal.panel", buyer, dispute_page),
        Line("appeal.panel", shop, dispute_page),
        Line("appeal.assigned", panel, bench_page),
    ],
    "appeal.panel_replaced": [Line("appeal.assigned", panel, bench_page)],
    "appeal.chief_named": [Line("appeal.assigned", panel, bench_page)],
    "appeal.upheld": [
        Line("appeal.decided", buyer, dispute_page),
        Line("appeal.decided", shop, dispute_page),
    ],
    "appeal.modified": [
        Line("appeal.decided", buyer, dispute_page),
        Line("appeal.decided", shop, dispute_page),
    ],
    "appeal.remanded": [
        Line("appeal.remanded", buyer, dispute_page),
        Line("appeal.remanded", shop, dispute_page),
    ],
    "appeal.withdrawn": [
        Line("appeal.withdrawn", buyer, dispute_page),
        Line("appeal.withdrawn", shop, dispute_page),
    ],
    "payment.confirmed": [Line("payment.arrived", topping_up, money_page)],
    "payment.returned": [Line("payment.returned", payer, money_page)],
    "payout.paid": [Line("payout.paid", repaid, money_page)],
    "payout.paid_to_wallet": [Line("payout.paid_to_wallet", payer, money_page)],
    "payout.manual": [
        Line("payout.manual_for_finance", finance, finance_page),
        Line("payout.manual", payer, money_page),
    ],
    "payout.alarm": [Line("payout.alarm", finance, finance_page)],
    "payout.proposed": [Line("payout.proposed", finance, finance_page)],
    "brake.raised": [Line("brake.raised", money_watch, brake_page)],
    "brake.raised_again": [Line("brake.raised_again", money_watch, brake_page)],
    "brake.signed": [Line("brake.signed", finance, brake_page)],
    "brake.released": [Line("brake.released", money_watch, brake_page)],
    "rulebook.signing": [Line("rulebook.signing", second_person, version_page)],
    "rulebook.sent_back": [Line("rulebook.sent_back", proposer, version_page)],
    "rulebook.not_signed": [Line("rulebook.not_signed", proposer, version_page)],
    "rulebook.announced": [Line("rulebook.announced", rule_staff, version_page)],
    "rulebook.in_force": [Line("rulebook.in_force", rule_staff, version_page)],
    "rulebook.withdrawn": [Line("rulebook.withdrawn", rule_staff, version_page)],
    "order.code_not_shown": [Line("order.code_not_shown", leads, order_page)],
    "listing.codes_read": [Line("listing.codes_read", shop, intake_page)],
    "listing.batch_stopped": [Line("listing.batch_stopped", shop, batch_page)],
    "listing.codes_seen_elsewhere": [Line("listing.codes_seen_elsewhere", risk, clashes_page)],
    "application.applied": [Line("application.applied", risk, review_page)],
    "application.late": [Line("application.late", leads, review_page)],
    "application.reviewing": [Line("application.reviewing", applicant, application_page)],
    "application.sent_back": [Line("application.sent_back", applicant, application_page)],
    "application.approved": [Line("application.approved", applicant, application_page)],
    "application.refused": [Line("application.refused", applicant, application_page)],
    "application.appealed": [Line("application.appealed", judging, review_page)],
    "application.closed": [Line("application.closed", applicant, application_page)],
    "application.withdrawn": [Line("application.withdrawn", applicant, application_page)],
    "licence.given": [Line("licence.given", reading, papers_queue)],
    "licence.valid": [Line("licence.taken", owner, papers_page)],
    "licence.lasting": [Line("licence.taken", owner, papers_page)],
    "licence.refused": [Line("licence.refused", owner, papers_page)],
    "licence.ending": [Line("licence.ending", owner, papers_page)],
    "licence.ended": [Line("licence.ended", owner, papers_page)],
    "sanction.in_force": [Line("sanction.in_force", shop, steps_page)],
    "sanction.renewed": [Line("sanction.renewed", shop, steps_page)],
    "sanction.appealed": [Line("sanction.appealed", judging, watched_page)],
    "sanction.upheld": [Line("sanction.upheld", shop, steps_page)],
    "sanction.lifted": [Line("sanction.lifted", shop, steps_page)],
    "sanction.over": [Line("sanction.over", shop, steps_page)],
    "sanction.late": [Line("sanction.late", leads, watched_page)],
    "listing.waiting": [Line("listing.waiting", risk, moderation_page)],
    "listing.late": [Line("listing.late", leads, moderation_page)],
    "listing.passed": [Line("listing.passed", shop, own_listing_page)],
    "listing.sent_back": [Line("listing.sent_back", shop, own_listing_page)],
    "listing.taken_down": [Line("listing.taken_down", shop, own_listing_page)],
    "shop.level_set": [Line("shop.level_set", owner, shop_page)],
    "member.invited": [Line("member.invited", invited, invitations_page)],
    "member.working": [Line("member.working", owner, staff_page)],
    "member.declined": [Line("member.declined", owner, staff_page)],
    "member.duty_changed": [Line("member.duty_changed", member, shop_page)],
    "member.left": [Line("member.left", member, shop_page), Line("member.left_by_itself", owner, staff_page)],
    "payee.cooling": [Line("payee.cooling", money_people, withdrawals_page)],
    "payee.usable": [Line("payee.usable", money_people, withdrawals_page)],
    "payout.void": [Line("payout.void", withdrawing, withdrawals_of_payout)],
    "deposit.partly_returned": [Line("deposit.partly_returned", shop, deposit_page)],
    "shop.webhook_added": [Line("shop.webhook_added", owner, webhooks_page)],
    "shop.webhook_failing": [Line("shop.webhook_failing", owner, webhooks_page)],
    "deposit.active": [Line("deposit.active", shop, deposit_page)],
    "deposit.short": [Line("deposit.short", shop, deposit_page)],
    "deposit.suspended": [Line("deposit.suspended", shop, deposit_page)],
    "deposit.returned": [Line("deposit.returned", shop, deposit_page)],
    "deposit.penalized": [Line("deposit.penalized", shop, deposit_page)],
    "deposit.required_changed": [Line("deposit.required_changed", shop, deposit_page)],
}

#: Events of which nobody is told, on purpose: the person concerned did it, or another event of the same moment says it.
SILENT: set[str] = {
    "order.placed",
    "order.confirmed",
    "order.cancel_asked",
    "order.supplier_took_on",
    "order.code_revealed",
    "order.codes_withdrawn",
    "order.coupon_used",
    "order.coupon_dropped",
    "order.part_set_aside",
    "order.part_given_back",
    "order.contact_suspected",
    "order.supplier_answered",
    "order.supplier_tried_again",
    "order.redemption_recorded",
    "order.redemption_claimed",
    # Whoever makes coupons finds them on their page.
    "coupon.draft",
    "coupon.running",
    "coupon.paused",
    "coupon.ended",
    "order.units_renewed",
    "order.file_attached",
    "order.settled",
    "order.archived",
    "order.refunded",
    "refund.predecided",
    # Their own hands, or a line in the record of who opened what.
    "guardian.proof_sealed",
    "guardian.proof_opened",
    "dispute.file_opened",
    "dispute.unmasked",
    "dispute.unsealed",
    "dispute.challenged",
    "dispute.recused",
    "dispute.not_answered",
    "dispute.proposal_accepted",
    "dispute.referred",
    "dispute.budget_used_up",
    "dispute.appealed",
    "dispute.appeal_waived",
    "dispute.appeal_ended",
    "appeal.answering",
    "appeal.answered",
    "appeal.voted",
    "appeal.settled",
    "neutral.listed",
    "neutral.delisted",
    "dispute.rested",
    "dispute.sealed",
    "dispute.bundle_asked",
    "dispute.bundle_made",
    "dispute.signed",
    "dispute.enforcing",
    "dispute.closed",
    "payment.awaiting",
    "payment.expired",
    "payment.not_taken",
    "payout.planned",
    "payout.sending",
    "payout.retrying",
    "payout.agreed",
    "payout.sent_again",
    "payout.put_off",
    "payee.ended",
    "deposit.unpaid",
    "deposit.paid_in",
    "deposit.closing",
    # What a clock did: the step that follows is told. Of a reminder, whoever is under the clock.
    *(
        f"{name}.{event}"
        for name in (
            *REMINDED,
            "coupon",
            "listing",
            "member",
            "payee",
            "application",
            "licence",
            "sanction",
            "brake",
            "rulebook",
        )
        for event in CLOCK_EVENTS
        if not (event == "clock_reminded" and name in REMINDED)
    ),
    # A listing has nobody but the shop that works on it.
    "listing.draft",
    "listing.checked",
    "application.draft",
    "application.written",
    "licence.replaced",
    "shop.contact_shown",
    "listing.edited",
    "listing.on_sale",
    "listing.resumed",
    "listing.paused",
    "listing.closed",
    "listing.stocked",
    # A draft binds nobody; what supersedes a version says so itself.
    "rulebook.draft",
    "rulebook.revised",
    "rulebook.superseded",
    "listing.codes_sent_in",
    "member.taken_back",
    "listing.codes_expired",
    "listing.batch_resumed",
    "listing.rest_term_set",
    "listing.clash_settled",
    "shop.supplier_added",
    "shop.webhook_changed",
    "shop.webhook_rotated",
    "shop.webhook_paused",
    "shop.webhook_resumed",
    "shop.webhook_removed",
    "shop.webhook_replayed",
    "shop.supplier_edited",
    "shop.keys_retired",
    "shop.key_destroyed",
    # People: told when the pages of levels and roles are there.
    "level.changed",
    "role.granted",
    "role.revoked",
    "user.suspended",
    "user.suspension_lifted",
}

"""Every invariant is worth something: break the books once for each, and it says so, naming who broke it.

One world is made by the mall's own verbs. Each harm is done by somebody who has every right, with all constraints out
of the way, in a transaction that is taken back; the question must then find it, and must have found nothing before.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from complaints import lifecycle as complaints
from complaints.outside import Stage, Told
from disputes import appeals
from kamen import books
from ledger import anchors, brake, contributions, debts, payments, reconciliation
from ledger.models import BooksCheck, Settlement
from ledger.transfers import Reason, post, transfer
from notifications import inbox
from orders import conversation, coupons, delivery
from orders import lifecycle as orders
from orders.attachments import attach
from privacy import holds
from privacy import lifecycle as privacy
from refunds import bargaining, contests
from refunds.bargaining import Terms
from refunds.papers import Guardian
from reputation import alarms, counting, fund, measures
from reputation.models import Downgrade
from rulebook import lifecycle as rulebook
from shops import lifecycle as shops
from shops import sanctions, staff, withdrawals
from support import lifecycle as talks
from tests.disputes.sayings import GROUND
from tests.fixtures import people
from tests.fixtures.cases import VISIT, claim
from timeline import clock
from timeline.door import begin, verb
from timeline.machines import machines
from timeline.models import KeptAnswer
from timeline.spans import days

pytestmark = pytest.mark.django_db(transaction=True)

ORDER = "(select min(id) from orders_order)"
UNIT = "(select min(id) from orders_unit)"
HELD = "(select min(id) from orders_unit where held_by <> '')"
FREE = "(select min(id) from orders_unit where held_by = '' and held > 0)"
SEEN = "(select min(unit_id) from orders_reveal)"
WALLET = "(select id from ledger_account where kind_id = 'wallet')"
LAST = "(select max(id) from ledger_transfer)"
CLOCK = "(select min(id) from timeline_timer where state = 'running')"
OPEN = "(select min(id) from refunds_refund where state = 'requested')"
AGREED = "(select refund_id from refunds_offer where fate = 'taken')"
JUDGED = "(select refund_id from disputes_dispute)"
PAYOUT = "(select id from ledger_payout where destination = 'channel' and state = 'planned')"
PAID = "(select min(id) from ledger_payout where cause like 'refund:%' and state = 'paid')"
TOP_UP = "(select id from ledger_payment where state = 'confirmed' and subject like 'user:%')"
BUYER = "(select min(buyer_id) from orders_order)"


#: A key of a person that was destroyed behind everybody's back.
PERSON_KEY = (
    "insert into privacy_personkey (id, user_id, ends_on, name, wrapped, nonce, master_version, made_at, destroyed_at)"
    f" values (901, {BUYER}, now(), gen_random_uuid(), '', '', 1, now(), now())"
)


def event(name, subject, body="'{}'", by="null", at="now()", root="'x:1'", before="''", after="''"):
    """An event that was slipped in behind the door's back; the trigger links it."""
    return (
        "insert into timeline_event (root, seq, subject, name, state_before, state_after, by_id, at, body, prev, hash)"
        f" values ({root}, 0, {subject}, '{name}', {before}, {after}, {by}, {at}, {body}, '', '')"
    )


def appealed(state, key=901):
    """An appeal that nobody filed."""
    return [
        "insert into disputes_appeal (id, state, entered_at, dispute_id, side, ground, text, late_because, filed_at,"
        " formal, answer, joined_ground, joined_text, ran_out, by_id)"
        f" select {key}, '{state}', now(), id, 'buyer', 'rule', 'x', '', now(), '', '', '', '', 0, {BUYER}"
        " from disputes_dispute"
    ]


def copy(table, where, **changes):
    """A second row like the one of `where`, with other values."""
    words = ", ".join(f"'{name}', {value}" for name, value in {"id": 999_999, **changes}.items())
    return (
        f"insert into {table} select (jsonb_populate_record(t, jsonb_build_object({words}))).*"
        f" from {table} t where {where} limit 1"
    )


#: Each rule and what breaks it. The machines' four questions are asked of every machine below.
HARMS = {
    "nothing of a batch is sold while its alarm is open": [
        "update shops_batch b set stopped_at = null from reputation_alarm a where a.batch_id = b.id"
    ],
    "what an alarm holds is listed in it": [f"update orders_unit set held_by = 'alarm:999' where id = {FREE}"],
    "nobody is barred without a measure": [f"update accounts_user set barred_until = now() where id = {BUYER}"],
    "whoever rated an order bought it": [
        "insert into reputation_rating (order_id, shop_id, buyer_id, stars, text, at, reply)"
        " select o.id, o.shop_id, s.owner_id, 5, '', now(), ''"
        " from orders_order o join shops_shop s on s.id = o.shop_id limit 1"
    ],
    "whoever says for the buyer how a case was handled is its buyer, and the case is over": [
        "insert into reputation_score (refund_id, side, score, by_id, at)"
        " select r.id, 'buyer', 5, s.owner_id, now() from refunds_refund r"
        " join orders_order o on o.id = r.order_id join shops_shop s on s.id = o.shop_id limit 1"
    ],
    "what stops a shop without a person has its figures": [
        "insert into shops_sanction (shop_id, step, reason, is_grave, imposed_by_id, imposed_at, until, appeal, answer,"
        " state, entered_at, deadline_at)"
        " select id, 'warning', 'x', false, null, now(), now(), '', '', 'over', now(), null from shops_shop limit 1"
    ],
    "a shop's own row knows until when it is licensed": ["update shops_shop set licensed_until = '2001-01-01'"],
    "what is forbidden to a shop is forbidden by a step that was not lifted": [
        "update shops_shop set no_sales_until = now() + interval '3 days' where no_sales_until is null"
    ],
    "an approved application has the shop of whoever applied": [
        "update shops_application set applicant_id = (select min(id) from accounts_user) where shop_id is not null"
    ],
    "nobody decided about themselves": [
        "update timeline_event set by_id = a.applicant_id from shops_application a"
        " where subject = 'application:' || a.id and timeline_event.name = 'application.approved'"
    ],
    "chains of events are unbroken": [
        "update timeline_event set body = '{\"x\":1}' where seq = 1 and root like 'order:%'"
    ],
    "no clock fired early": [
        f"update timeline_timer set state = 'fired', ended_at = due_at - interval '1 s' where id = {CLOCK}"
    ],
    "a fired clock has exactly one event": [
        f"update timeline_timer set state = 'fired', ended_at = due_at where id = {CLOCK}"
    ],
    "no clock is overdue by more than a minute": [
        f"update timeline_timer set due_at = now() - interval '2 minutes' where id = {CLOCK}"
    ],
    "no clock was given up": [f"update timeline_timer set state = 'stuck' where id = {CLOCK}"],
    "an answer that was kept is one": ["update timeline_keptanswer set status = 500"],
    "the sum of all balances is zero": [f"update ledger_account set balance = balance + 1 where id = {WALLET}"],
    "a balance is the sum of the account's postings": [
        f"update ledger_account set balance = balance + 1 where id = {WALLET}",
        "update ledger_account set balance = balance - 1 where address = 'channel:sandbox'",
    ],
    "a balance is that of the account's last posting": [f"update ledger_account set seq = seq + 1 where id = {WALLET}"],
    "every transfer has two postings, opposite and equal": [
        f"delete from ledger_posting where transfer_id = {LAST} and amount > 0"
    ],
    "no account is outside its limits": [f"update ledger_account set lowest = balance + 1 where id = {WALLET}"],
    "an account keeps to its line of the chart": [f"update ledger_account set lowest = -1 where id = {WALLET}"],
    "chains of postings are unbroken": [f"update ledger_transfer set journal = 'x' where id = {LAST}"],
    "debts are what can be recovered": [
        "insert into ledger_account (address, kind_id, balance, seq, head) values ('shop:9:debt', 'debt', -5, 0, '')"
    ],
    "a confirmed payment was credited once, for the same channel, charge and amount": [
        "update ledger_notice set amount = amount + 1 where outcome = 'credited'"
    ],
    "a confirmed top-up is in the books, and only then": [
        f"update ledger_transfer set key = 'x' where key = 'payment:' || {TOP_UP} || ':in'"
    ],
    "a charge that was not credited is sent back, whole": [
        "update ledger_notice set amount = amount - 1 where outcome = 'returned'"
    ],
    "what is contested was paid by the instant lane": [
        "update refunds_refund set outcome = 'seller' where id = (select refund_id from refunds_contest)"
    ],
    "what the fund gave for a contest is in the books, and only where a person overturned the payment": [
        "update refunds_contest set made_whole = 1"
    ],
    "nobody decided a contest in a sale of their own": ["update refunds_contest set decided_by_id = by_id"],
    "the legs of a payout are its amount": [
        f"update ledger_payoutleg set amount = amount + 1 where payout_id = {PAID}"
    ],
    "every leg of a payout is in the books": [f"update ledger_payoutleg set key = 'x' where payout_id = {PAYOUT}"],
    "a payout by a channel that arrived has its confirmation, and the other way round": [
        f"update ledger_payout set state = 'paid' where id = {PAYOUT}"
    ],
    "a void payout went back leg by leg, and no other did": [
        f"update ledger_payout set state = 'void' where id = {PAYOUT}"
    ],
    "what is on its way out of a channel is what open payouts hold": [
        f"update ledger_payout set amount = amount + 1 where id = {PAYOUT}"
    ],
    "no more goes back to a charge than came from it": [
        f"update ledger_payout set amount = amount + 1 where id = {PAYOUT}"
    ],
    "a channel takes no more back of a charge on its own account than it brought": [
        f"update ledger_payout set key = 'x:outside:ref', amount = amount + 100000 where id = {PAYOUT}"
    ],
    "two people of finance let a debt go, and the books say how much of it": [
        "update ledger_writeoff set state = 'agreed', decided_by_id = proposed_by_id"
    ],
    "what a buyer owes is paid, collected or let go, and nothing else": [
        "update ledger_transfer set source_id = target_id, target_id = source_id where key = 'owed'"
    ],
    "two people of finance put money into a pocket of the mall, and the books say how much": [
        "update ledger_contribution set amount = amount + 1",
        "update ledger_contribution set purse = 'fund'",
        "update ledger_contribution set state = 'declined'",
    ],
    "what comes from the mall's own bank was put in by two people": [
        "update ledger_transfer set reason = 'correction' where key like 'contribution:%'"
    ],
    "nobody agreed with himself about a payout": [
        event("payout.agreed", f"'payout:' || {PAYOUT}", f"'{{\"with\": ' || {BUYER} || '}}'", by=BUYER)
    ],
    "two people of finance released the payout brake": ["update ledger_brake set released_by_id = signed_by_id"],
    "nobody takes money out of the platform's own pocket but for its own fault": [
        f"update ledger_transfer set reason = 'refund',"
        f" source_id = (select id from ledger_account where address = 'platform:own') where id = {LAST}"
    ],
    "an anchor names the one before it": [
        "update ledger_anchor set previous_id = null where day = (select max(day) from ledger_anchor)"
    ],
    "what was anchored is still in its chain": [
        "update ledger_anchorleaf set head = 'x' where chain = 'account:platform:own'"
    ],
    "the escrow of an order is what its units hold": [
        f"update orders_unit set held = held - 1, released = released + 1 where id = {FREE}"
    ],
    "what a paid order cost is what its units cost": [f"update orders_order set total = total + 1 where id = {ORDER}"],
    "an order that is over holds nothing": [
        f"update orders_order set state = 'archived' where id = (select order_id from orders_unit where id = {FREE})"
    ],
    "nothing of a unit is released while a case holds it": [
        f"update ledger_transfer set reason = 'release', subject = 'unit:' || {HELD}, at = now() + interval '1 day'"
        f" where id = {LAST}"
    ],
    "a code is delivered to one unit, and a taken code has one": [
        f"update orders_unit set card_id = null where id = {UNIT}"
    ],
    "a unit that was looked at has its record, and the other way round": [
        f"update orders_unit set delivery = 'sealed' where id = {SEEN}"
    ],
    "only the buyer has looked at a code": [
        f"update orders_reveal set user_id = (select max(id) from accounts_user where id <> {BUYER})"
    ],
    "what is reserved of a deposit is the sum of what open cases need": [
        "insert into orders_exposure (order_id, cause, amount) values ((select max(id) from orders_order), 'test:9', 5)"
    ],
    "what is set aside for a case is what moved there for it": [
        f"insert into orders_exposure (order_id, cause, amount) values ({ORDER}, 'test:9', 5)"
    ],
    "what a unit cost is held, released, given back or kept, and none of these is below zero": [
        f"update orders_unit set fee = fee + 1 where id = {UNIT}"
    ],
    "nobody gets back more for a unit than it cost": [f"update orders_unit set covered = paid + 1 where id = {FREE}"],
    "an order has as many units as were bought": [
        f"update orders_unit set order_id = {ORDER} + 1 where order_id = {ORDER}"
    ],
    "whoever was delivered a code has one": [f"update orders_unit set card_id = null where id = {UNIT}"],
    "an order that was paid by a channel is in the books once, for that channel and amount": [
        f"update ledger_payment set subject = 'order:' || {ORDER} where id = {TOP_UP}"
    ],
    "the platform pays for its own fault what its units say": [
        f"update orders_unit set covered = covered + 1 where id = {FREE}"
    ],
    "what an order has off is what its coupons say": ["update orders_couponuse set back_at = now()"],
    "a coupon is used by as many orders as it counts, and by nobody more often than one may": [
        "update orders_coupon set taken = 0"
    ],
    "what is set aside for coupons is what was given for them and not spent": [
        f"update orders_unit set coupon = coupon + 1 where id = {FREE}"
    ],
    "two people of finance have set aside what a platform coupon can cost, and nobody for a shop's": [
        "update orders_coupon set agreed_by_id = made_by_id"
    ],
    "what went back of a platform coupon is what its units say": [
        "update orders_unit set coupon_back = coupon_back + 1 where coupon > 0"
    ],
    "the platform takes of a unit no more than the commission its order was placed under": [
        "update orders_order set commission_bp = 0"
    ],
    "the commission of a unit is what the platform took and did not give back": [
        f"update orders_unit set commission = commission + 1 where id = {FREE}"
    ],
    "conversations are unbroken chains": ["update orders_message set text = 'something else'"],
    "a unit has one open case at most": [
        copy("refunds_refunditem", "t.is_open", refund_id=JUDGED),
    ],
    "a unit is held by a case exactly while its part of it is open": [
        f"update orders_unit set held_by = '' where id = {HELD}"
    ],
    "a case is open exactly while it waits for somebody's decision": [
        f"update refunds_refunditem set is_open = true where refund_id = {JUDGED}"
    ],
    "a case has at least one unit, all of its order": [f"delete from refunds_refunditem where refund_id = {OPEN}"],
    "a case has exactly one outcome once it is decided, and only then": [
        f"update refunds_refund set outcome = 'seller' where id = {OPEN}"
    ],
    "a case has one open offer at most, and only where one can be taken": [
        f"update refunds_offer set fate = 'open' where refund_id = {AGREED}"
    ],
    "while they bargain one side has the turn, and it is not whoever made the open offer": [
        f"update refunds_refund set turn = 'shop' where id = {OPEN}"
    ],
    "each side made three offers at most, and as many while the platform had the case": [
        copy("refunds_offer", "t.side = 'shop'", id=999_997, number=11),
        copy("refunds_offer", "t.side = 'shop'", id=999_998, number=12),
        copy("refunds_offer", "t.side = 'shop'", id=999_999, number=13),
    ],
    "what was agreed is what was paid": [f"update refunds_offer set amount = amount + 1 where refund_id = {AGREED}"],
    "a question is open exactly while the buyer is asked": [
        "insert into refunds_question (refund_id, number, item, text, by_id, at, has_nothing, answer)"
        f" values ({OPEN}, 1, 'error', 'x', {BUYER}, now(), false, '')"
    ],
    "talks have their clock exactly while they go on": [
        copy("timeline_timer", f"t.subject = 'refund:' || {OPEN} and t.state = 'running'", limit="'NEGOTIATE'")
    ],
    "a case whose replacement is checked has one, and its old codes are void": [
        f"update refunds_refund set state = 'exchanged' where id = {OPEN}"
    ],
    "a talk was first answered when its first answer was given, and else not": [
        "update support_talk set first_answer_at = now() + interval '1 day'"
    ],
    "nobody answers a talk about their own sale": [f"update support_talk set taken_by_id = {BUYER}"],
    "nobody is on two shifts at once": [
        "insert into support_shift (user_id, planned_by_id, since, until)"
        f" select {BUYER}, {BUYER}, now(), now() + interval '1 hour' from generate_series(1, 2)"
    ],
    "a message that was put away has its sealed piece": [
        "update orders_message set text = orders_put_away_sign() where id = (select min(id) from orders_message)"
    ],
    "evidence that was put away has its sealed piece": [
        "update disputes_evidence set body = orders_put_away_sign()"
        " where id = (select min(id) from disputes_evidence where attachment_id is null)"
    ],
    "a piece was erased with its key, on record": [PERSON_KEY],
    "nothing is left to read under a key that was destroyed": [
        PERSON_KEY,
        'insert into privacy_piece (key_id, "table", row, field, nonce, sealed, file, at)'
        " values (901, 'x.Y', 1, 'z', '', 'x', '', now())",
    ],
    "whoever was erased has no name and no way in": [f"update accounts_user set erased_at = now() where id = {BUYER}"],
    "a code without a unit was replaced": [
        "update orders_unit set card_id = null where id = (select min(id) from orders_unit where card_id is not null)"
    ],
    "a case was decided once": [event("refund.rejected", f"'refund:' || {JUDGED}")],
    "a case that is over says since when": [f"update refunds_refund set closed_at = now() where id = {OPEN}"],
    "nobody asks for more than the rules give": [f"update refunds_refund set asked = asked - 1 where id = {OPEN}"],
    "what is granted is what is approved, compensation aside": [
        f"update refunds_refunditem set granted = coalesce(granted, 0) + 100000 where refund_id = {JUDGED}"
    ],
    "a machine's no is never the last word": [
        event("refund.x", f"'refund:' || {OPEN}", after="'rejected'", before="'disputed'")
    ],
    "a refunded case has a payout that arrived, unless nobody had any of it, and the other way round": [
        f"update ledger_payout set state = 'sending' where id = {PAID}"
    ],
    "a case that was paid has its credit note, over the sum that went back, and no other has one": [
        "delete from refunds_creditnote where id = (select min(id) from refunds_creditnote)"
    ],
    "a credit note beside a case is over a payout that arrived, to the fen, and of its sale": [
        f"update refunds_creditnote set refund_id = null, payout_id = {PAID}"
    ],
    "a case's payout is its own, and none of its payouts is without it": [
        f"update ledger_payout set cause = 'refund:999' where id = {PAID}"
    ],
    "a payout never exceeds what was approved": [
        f"update ledger_payout set amount = amount + 100000 where id = {PAID}"
    ],
    "nothing is approved by silence that our records contradict or the rules leave to people": [
        f"update refunds_refund set outcome = 'silence', is_contradicted = true where id = {JUDGED}"
    ],
    "nothing is set aside for a case that is over": [
        f"insert into orders_exposure (order_id, cause, amount) values ({ORDER}, 'refund:' || {JUDGED}, 5)"
    ],
    "the guarantee fund pays a case's principal, and compensation up to its cap": [
        f"update ledger_payoutleg set source = 'platform:fund', amount = 500000 where payout_id = {PAID}"
    ],
    "a batch holds as many cards as were added": ["update shops_batch set size = size + 1"],
    "a card belongs where its batch, its listing and its key belong": [
        "update shops_card set shop_id = shop_id + 1 where id = (select min(id) from shops_card)"
    ],
    "only kinds that are delivered from stock have cards": ["update shops_listing set kind = 'MEMBERSHIP'"],
    "every batch is on record": ["update timeline_event set name = 'listing.x' where name = 'listing.stocked'"],
    "no code lies in the open": ["update shops_card set sealed = convert_to('CANARY-1', 'UTF8')"],
    "what was left of a deposit went back once, and only when the shop closed": [
        "update shops_deposit set state = 'returned'"
    ],
    "a shop's own row knows exactly its people": ["update shops_shop set staff = '{}' where staff <> '{}'"],
    "nobody of a shop buys from it": [
        "update orders_order o set buyer_id = m.user_id, placed_at = m.entered_at from shops_member m"
        " where m.shop_id = o.shop_id and o.id = (select max(id) from orders_order)"
    ],
    "a deposit that a channel took is in the books, and only then": [
        "update ledger_payment set state = 'awaiting' where subject like 'deposit:%'"
    ],
    "a shop's money leaves only as its people asked, to an account that had rested": [
        "update shops_payee set account = 'another'"
    ],
    "nothing is withdrawn but by a payout": ["update ledger_payoutleg set key = 'elsewhere' where key like 'payee:%'"],
    "a dispute has exactly one outcome once it is decided, and only then": ["update disputes_dispute set outcome = ''"],
    "a complaint that is answered has one result that nobody took back, and no other has": [
        "update complaints_complaint set answered_at = now()"
    ],
    "a complaint and its case are about the same order": ["update complaints_complaint set order_id = null"],
    "a result that says paid is what went back": [
        "insert into complaints_word (complaint_id, number, kind, outcome, amount, text, sha256, at, tries, error)"
        " select id, 'V1', 'result', 'paid', 0, 'x', 'x', now(), 0, '' from complaints_complaint"
    ],
    "what a channel paid by itself is booked once, as a payout that nobody sent": [
        "insert into complaints_external (complaint_id, reference, amount, booked, at)"
        " select id, 'ref', 5, 1, now() from complaints_complaint",
        f"update ledger_payout set key = 'x:outside:ref' where id = {PAID}",
    ],
    "a dispute that is over says since when": ["update disputes_dispute set state = 'withdrawn', closed_at = null"],
    "a ruled dispute has one ruling that was served, and no other has any": [
        "update disputes_ruling set is_final = false"
    ],
    "a case is with the platform exactly while its dispute is open and unpaid": [
        "update disputes_dispute set state = 'review'"
    ],
    "a disputed case has its dispute": [f"update refunds_refund set state = 'disputed' where id = {OPEN}"],
    "what was ruled is what was approved, to the fen": [
        f"update refunds_refund set approved = approved + 1 where id = {JUDGED}"
    ],
    "what was ruled is what was paid, unless nobody had it": [
        f"update ledger_payout set amount = amount - 1 where id = {PAID}"
    ],
    "the shares of a ruling are a whole": ["update disputes_ruling set shares = '{\"buyer\": 1}'"],
    "nobody judges, signs or writes in their own case": [f"update disputes_dispute set arbiter_id = {BUYER}"],
    "who signs a ruling wrote none of the case": [
        "update disputes_signature set user_id = (select by_id from disputes_ruling limit 1)"
    ],
    "a ruling that needed a second person was served with one": [
        "update disputes_ruling set needs_signature = true",
        "delete from disputes_signature",
    ],
    "what is owed to a buyer is what nobody had": [
        "insert into disputes_owed (cause, order_id, shop_id, buyer_id, amount, since)"
        " select 'refund:0', id, shop_id, buyer_id, 2, now() from orders_order"
    ],
    "an order of which something is or was owed remembers it": [
        "insert into disputes_owed (cause, order_id, shop_id, buyer_id, amount, since)"
        " select 'refund:0', id, shop_id, buyer_id, 2, now() from orders_order where not ran_dry limit 1"
    ],
    "what is owed for the price of a unit is left of it, and part of what is owed": [
        "insert into disputes_owed (cause, order_id, shop_id, buyer_id, amount, since, units)"
        " select 'refund:0', id, shop_id, buyer_id, 2, now(), '{\"1\": 3}' from orders_order"
    ],
    "what was paid of a claim on a shop is in its payouts": [
        "insert into disputes_owed (cause, order_id, shop_id, buyer_id, amount, paid, since)"
        " select 'refund:0', id, shop_id, buyer_id, 2, 1, now() from orders_order"
    ],
    "fraud was found by the arbiter and two more people of one mind": ["update disputes_ruling set needs_panel = true"],
    "nobody ruled before both sides had their time or said that they had nothing to add": [
        "update disputes_dispute set buyer_rested = false"
    ],
    "an appealed case has one open appeal, and no other has any": ["update disputes_dispute set state = 'appealed'"],
    "who votes on an appeal had no part in the case before": [
        *appealed("panel"),
        "insert into disputes_vote (appeal_id, user_id, word, shares, grants, reasons, at)"
        " select 901, arbiter_id, 'uphold', '{}', '{}', 'x', now() from disputes_dispute",
    ],
    "a vote is what the history says was cast": [
        *appealed("panel"),
        "insert into disputes_vote (appeal_id, user_id, word, shares, grants, reasons, at)"
        f" values (901, {BUYER}, 'uphold', '{{}}', '{{}}', 'x', now())",
        event("appeal.voted", "'appeal:901'", by=BUYER, body='\'{"sha256": "of other words"}\''),
    ],
    "an appeal was decided by three votes, or by a chief's": appealed("upheld"),
    "the award does not shrink for a buyer who appeals alone": [
        *appealed("modified"),
        copy(
            "disputes_ruling",
            "true",
            version="9",
            appeal_id="901",
            grants="'{}'::jsonb",
            is_superseded="true",
            compensation="0",
        ),
    ],
    "a case is sent back once at most": [*appealed("remanded"), *appealed("remanded", key=902)],
    "nobody has a part in a case that is over": [
        "update disputes_dispute set state = 'closed', closed_at = now()",
        "update disputes_seat set until = null",
    ],
    "something is asked for exactly while the case waits for it": ["update disputes_dispute set state = 'questioned'"],
    "a proposal is open exactly while the case waits for it": ["update disputes_dispute set state = 'proposed'"],
    "what was mediated both sides accepted": ["update disputes_dispute set outcome = 'mediated'"],
    "what made a shop whole came from the fund, to the fen": ["update disputes_dispute set made_whole = 1"],
    "a penalty was imposed by a second person, and only then taken": [
        "insert into disputes_penalty (dispute_id, ground, amount, text, by_id, at, is_imposed)"
        " select id, 'pressure', 1, 'x', arbiter_id, now(), true from disputes_dispute"
    ],
    "the staff of the platform does not rule against it above 200 yuan": [
        'update disputes_ruling set shares = \'{"platform": 10000, "buyer": 0}\', grants = \'{"1": 30000}\''
    ],
    "a case with a neutral from outside has that neutral as its judge": [
        "insert into disputes_neutral (user_id, name, organization, about, listed_by_id, listed_at)"
        f" values ({BUYER}, 'x', 'x', 'x', {BUYER}, now())",
        "update disputes_dispute set state = 'review', neutral_id = (select max(id) from disputes_neutral)",
    ],
    "a case against the platform is ruled by nobody of the house": [
        "update disputes_dispute set is_against_platform = true",
        event("dispute.referred", "(select 'dispute:' || id from disputes_dispute)", body='\'{"judge": "outside"}\''),
    ],
    "evidence is what was hashed": ["update disputes_evidence set body = body || ' '"],
    "nobody of the staff opens the file of their own case": [
        event("dispute.file_opened", "(select 'dispute:' || id from disputes_dispute)", by=BUYER)
    ],
    "a ruling that was served is sealed": ["delete from disputes_seal"],
    "seals are one unbroken chain": ["update disputes_seal set text = text || ' '"],
    "a seal says what its ruling says": ["update disputes_ruling set sha256 = 'something else'"],
    "nobody is told what they did themselves": [
        "update notifications_notification n set user_id = e.by_id"
        " from timeline_event e where e.id = n.event_id and e.by_id is not null"
    ],
    "the inbox has not run ahead of what happened": ["update notifications_highwatermark set event_id = 999999"],
    "a notice is of the time of its event": ["update notifications_notification set at = at + interval '1 s'"],
    "nobody waits longer than ten minutes to be told": [
        "update notifications_highwatermark set event_id = 0, at = now() - interval '1 hour'",
        event("order.x", "'x:1'", at="now() - interval '1 hour'"),
    ],
}


@dataclass
class Owner:
    """Somebody with every right, who takes everything back."""

    cursor: Any
    rules: dict = field(default_factory=books.checks)

    def free_from_constraints(self):
        self.cursor.execute(
            "select conrelid::regclass::text, conname from pg_constraint"
            " where connamespace = 'public'::regnamespace and contype in ('c', 'f')"
        )
        for table, name in self.cursor.fetchall():
            self.cursor.execute(f'alter table {table} drop constraint "{name}"')
        self.cursor.execute(
            "select conrelid::regclass::text, conname from pg_constraint"
            " where connamespace = 'public'::regnamespace and contype = 'u'"
        )
        for table, name in self.cursor.fetchall():
            self.cursor.execute(f'alter table {table} drop constraint if exists "{name}" cascade')
        self.cursor.execute(
            "select indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indexrelid"
            " where c.relnamespace = 'public'::regnamespace and i.indisunique and not i.indisprimary"
        )
        for (name,) in self.cursor.fetchall():
            self.cursor.execute(f"drop index if exists {name}")
        self.cursor.execute(
            "select tgrelid::regclass::text, tgname from pg_trigger"
            " where not tgisinternal and tgname not like '%\\_link' and tgrelid::regclass::text not like 'pg_%'"
        )
        for table, name in self.cursor.fetchall():
            self.cursor.execute(f"alter table {table} disable trigger {name}")

    def broken(self, rules=None):
        """The rules that do not hold now, each with the first whom it names."""
        found = {}
        for rule, query in (rules or self.rules).items():
            self.cursor.execute(query, {"transfers": 0, "events": 0} if rules else None)
            if row := self.cursor.fetchone():
                found[rule] = row[0]
        return found

    def after(self, *harm, rules=None):
        """What is broken after a harm, which is then taken back."""
        self.cursor.execute("savepoint harm")
        try:
            for statement in harm:
                self.cursor.execute(statement)
                assert self.cursor.rowcount, f"harms nobody: {statement}"
            return self.broken(rules)
        finally:
            self.cursor.execute("rollback to savepoint harm")


@pytest.fixture
def world(ruled, rich_buyer, listing, top_up, buyer, finance, seller, channel_secret, opened, at):
    """A mall in which everything has happened once: a ruling, an open case, a late charge, a brake, two anchors."""
    rulebook.install(at=at)
    appeal = appeals.file(ruled, ground="rule", text=GROUND, by=seller, at=at)
    appeals.withdraw(appeal, by=seller, at=at)
    payments.confirm(top_up, provider_txn="t1", amount=10_000, at=top_up.entered_at)
    payments.confirm(top_up, provider_txn="t2", amount=10_000, at=top_up.entered_at)
    order = orders.place(buyer=rich_buyer, listing=listing, quantity=3, acknowledged=True, at=at)
    _use_a_coupon(order, rich_buyer, finance, at)
    conversation.say(order, "在吗?", by=rich_buyer, at=at)
    orders.pay_from_wallet(order, by=rich_buyer, at=at)
    unit = order.units.get(place=1)
    delivery.reveal(unit, by=rich_buyer, at=at, visit=VISIT)
    claim(unit, "CODE_INVALID", by=rich_buyer, at=at)
    agreed = claim(order.units.get(place=3), "CODE_INVALID", by=rich_buyer, at=at)
    bargaining.offer(agreed, Terms("partial", amount=1_000), by=seller, at=at)
    bargaining.take(agreed, 1, by=rich_buyer, at=at)
    shops.open_shop(owner=people.person("other"), name="别家", slug="other", required=1_000, at=at)
    found = brake.raise_brake(why="A drill.", by=finance, at=at)
    BooksCheck.objects.create(scope="whole", at=at, seconds=0, rules=1)
    brake.sign_release(found, reason="Over.", by=finance, at=at)
    brake.sign_release(found, reason="Over.", by=people.staff("finance", at=at, name="second"), at=at)
    KeptAnswer.objects.create(by=buyer, key="k", request_digest="d", status=200, body="{}", at=at)
    transfer(
        source="channel:sandbox",
        target="platform:own",
        amount=1_000,
        reason=Reason.FUNDING,
        subject="x:1",
        key="own",
        at=at,
    )
    _work_and_withdraw(listing.shop, seller, at)
    _owe(buyer, finance, at)
    _put_in(finance, at)
    _open_and_suspend(opened, at)
    _differ(at)
    _begin_what_nobody_asked_for(order, agreed, at)
    privacy.ask(order.buyer, by=order.buyer, at=at)
    holds.set_hold(order=order, reason="A drill, for a court.", by=people.staff("risk", at=at, name="archivist"), at=at)
    inbox.catch_up(at=at)
    anchors.make(at=clock.now())
    transfer(
        source="channel:sandbox",
        target="platform:fund",
        amount=1_000,
        reason=Reason.FUNDING,
        subject="x:1",
        key="fund",
        at=at,
    )
    anchors.make(at=clock.now() + timedelta(days=1))


def _use_a_coupon(order, buyer, finance, at):
    """The platform pays ¥1.00 of an order."""
    own = {"reason": Reason.FUNDING, "subject": "x:1", "key": "for-coupons", "at": at}
    transfer(source="channel:sandbox", target="platform:own", amount=1_000, **own)
    sums: dict[str, Any] = {"value": 100, "minimum": 200, "most": 5, "per_person": 1}
    term = {"starts_at": at, "ends_at": at + timedelta(days=7)}
    coupon = coupons.draft(shop=None, code="BOOKS", by=finance, at=at, **sums, **term)
    coupons.start(coupon, by=people.staff("finance", at=at, name="third"), at=at)
    coupons.use(order, coupon.code, by=buyer, at=at)


def _put_in(finance, at):
    """The mall fills its own pocket."""
    found = contributions.propose(
        purse="own", amount=700, document="BANK-1", reason="A drill of two.", by=finance, at=at
    )
    contributions.book(found, by=people.staff("finance", at=at, name="fourth"), at=at)


def _differ(at):
    """A channel's file has a charge that nobody here knows."""
    day = {"day": at.date(), "fetched_at": at, "sha256": "x", "lines": 1, "came_in": 500, "went_out": 0}
    settlement = Settlement.objects.create(channel="sandbox", **day)
    found = reconciliation.Found("missing_here", "charge", "P1", "sb1", theirs=500)
    reconciliation._open(settlement, found, at=at)


def _begin_what_nobody_asked_for(order, refund, at):
    """A call for a person, a complaint outside, a measure, a recall, a low fund, a level that will fall, a family's
    papers."""
    _contest_a_payment(order.buyer, order.snapshot.listing, at)
    clerk = people.staff("agent", at=at, name="clerk")
    complained = Told("authority", "12315-1", stage=Stage.WAITING, state="", text="Where is it?", told_at=at)
    complaints.record(complained, order_number=order.number, by=clerk, at=at)
    guard = people.staff("risk", at=at, name="watch")
    talks.call(order, topic="Where is it?", by=order.buyer, at=at)
    measures.impose(order.buyer, step="warning", ground="false_proof", reason="A drill.", by=guard, at=at)
    batch = order.snapshot.listing.batches.earliest("pk")
    alarms.raise_alarm(batch, why="person", by=guard, at=at, reason="A drill.")
    counting.catch_up(at=at)
    fund.watch(at=at)  # something was sold, and the guarantee fund is empty
    _begin_what_clocks_end(order, refund, at)


def _contest_a_payment(buyer, listing, at):
    """A machine paid for a code that the issuer called bad, and the shop says that the issuer was wrong."""
    order = orders.place(buyer=buyer, listing=listing, quantity=1, acknowledged=True, at=at)
    orders.pay_from_wallet(order, by=buyer, at=at)
    unit = order.units.get()
    delivery.reveal(unit, by=buyer, at=at, visit=VISIT)
    delivery.record_validity(unit, is_valid=False, source="issuer", at=at)
    proof = SimpleUploadedFile("proof.txt", b"The issuer was wrong.", content_type="text/plain")
    told = {"ground": "record_wrong", "text": "The issuer has written that it was wrong."}
    seller = order.shop.owner
    paid = claim(unit, "CODE_INVALID", by=buyer, at=at)
    contests.file(paid, attachments=[attach(order, proof, by=seller, at=at)], by=seller, at=at, **told)


@verb
def _begin_what_clocks_end(order, refund, at):
    begin(Downgrade(user=order.buyer, before="M1", target="M0"), by=None, at=at, span=days(30))
    begin(Guardian(refund=refund, made_at=at), by=None, at=at, span=days(3))


def _open_and_suspend(shop, at):
    """A shop that was looked at before it opened may not sell for now."""
    guard = people.staff("risk", at=at, name="guard")
    sanctions.impose(shop, step="no_sales", reason="A drill.", is_grave=True, by=guard, at=at)


def _owe(buyer, finance, at):
    """The fund has advanced something for a buyer, and finance proposes to let it go."""
    post([debts.as_owed(buyer, 500, key="owed", subject="x:1")], journal="owed", at=at)
    debts.propose(buyer, amount=500, reason="买家已失联，无法追偿。", by=finance, at=at)


def _work_and_withdraw(shop, seller, at):
    """Somebody works in the shop; it paid a part of its deposit by the channel and withdrew what it had earned."""
    helper = people.person("helper")
    staff.accept(
        staff.invite(shop, email=helper.email, duty="support", by=seller, at=at),
        by=helper,
        at=at,
    )
    asked = shops.ask_to_pay(shop.deposit, amount=5_000, channel="sandbox", by=seller, at=at)
    payments.confirm(asked, provider_txn="d1", amount=5_000, at=at)
    how = {"account": "6222020200118888", "holder": "甲", "by": seller}
    payee = withdrawals.name_account(shop, **how, at=at - timedelta(days=2))
    withdrawals.lapse(payee, limit="PAYEE_COOLING", at=at)
    transfer(
        source="channel:sandbox",
        target=shop.account("available"),
        amount=1_000,
        reason=Reason.SETTLE,
        subject="x:1",
        key="earned",
        at=at,
    )
    withdrawals.withdraw(shop, amount=500, four_eyes_above=1_000, key="w", by=seller, at=at)


def machine_harms(name, machine, cursor):
    """What breaks the four questions that every machine is asked, for a machine of which there is something."""
    table = machine.model._meta.db_table
    cursor.execute(f"select id, state from {table} order by id limit 1")
    pk, state = cursor.fetchone()
    other = next(each for each in machine.states.values if each != state)
    thing = f"'{name}:{pk}'"
    over = sorted(machine.terminal) or [state]
    return {
        f"the state of a {name} is what its last event says": [f"update {table} set state = '{other}' where id = {pk}"],
        f"every step of a {name} is one its machine knows": [
            event("x.y", thing, before="'nowhere'", after=f"'{state}'")
        ],
        f"the clock of a {name} runs exactly where its machine says": [
            f"update {table} set deadline_at = '2001-01-01' where id = {pk}"
        ],
        f"no clock runs on a {name} that is over": [
            f"update {table} set state = '{over[0]}' where id = {pk}",
            copy("timeline_timer", "true", subject=thing, state="'running'"),
        ],
    }


@pytest.mark.breaks_books
def test_whoever_breaks_the_books_is_found_by_the_rule_that_was_broken(world, as_owner):
    assert {violation.rule: violation.offenders for violation in books.violations()} == {}
    assert books.look(scope="recent", at=clock.now()) == []
    recent = books.recent_checks()
    connection.close()  # nobody else holds a lock while the constraints go
    silent, loud, untried = {}, {}, set(books.checks())
    with as_owner() as cursor:
        owner = Owner(cursor)
        owner.free_from_constraints()
        harms = dict(HARMS)
        for name, machine in machines.items():
            cursor.execute(f"select exists (select from {machine.model._meta.db_table})")
            if cursor.fetchone()[0]:
                harms |= machine_harms(name, machine, cursor)
        for rule, harm in harms.items():
            if rule not in untried:
                continue  # the room has no such rule any more
            found = owner.after(*harm)
            if rule not in found:
                silent[rule] = sorted(found)
            if rule in recent and rule not in owner.after(*harm, rules=recent):
                silent[f"{rule}, asked of what moved lately"] = sorted(found)
            loud[rule] = set(found) - {rule}
            untried.discard(rule)
        assert owner.broken() == {}, "every harm was taken back"
        cursor.connection.rollback()
    assert silent == {}, "these found nothing"
    assert sum(not others for others in loud.values()) > len(loud) / 3, "most harms are somebody's own"
    loudest = max(loud, key=lambda rule: len(loud[rule]))
    assert len(loud[loudest]) <= 12, f"one harm does not make everybody cry: {loudest}: {sorted(loud[loudest])}"
    unasked = {rule for rule in untried if not rule.endswith(tuple(NOT_HERE))}
    assert unasked == set(), "nobody has broken these on purpose: write a harm"


#: Of these the world has none, or their own room breaks them (tests/shops, tests/rulebook).
NOT_HERE = {
    "withheld exactly as its batch is stopped",
    "until its end less the rest term of its listing",
    "is forgotten once it was read",
    "an intake and its batch agree",
    "nothing under it can be read",
}

"""What the rulebook says in cases people know: precedence, levels, doubts, shared fault, minors, legal holds."""

import pytest
from django.utils import translation

from rulebook.book import load
from rulebook.claims import Claim, Proof
from rulebook.decisions import Outcome, Route
from rulebook.engine import decide
from rulebook.explanations import explain, percent, source
from tests.rulebook.claims import BOOK, bent, claim


def ruled(reason, kind, state, **facts):
    return decide(claim(reason, kind, state, **facts), BOOK)


# Precedence and specificity


def test_the_statutory_row_beats_the_level():
    decision = ruled("CHANGE_OF_MIND", "POINT_CARD", "SEALED", statutory_no_reason=True, hours_since_delivery=100)

    assert decision.rules == ("MX-32L",)
    assert (decision.refund, decision.fee) == (10_000, 0)
    assert decision.basis[0] == "CONSUMER:25"


def test_law_beats_even_a_row_with_more_conditions():
    rules = bent()
    house = {"id": "MX-99", "class": ["BUYER"], "kinds": ["POINT_CARD"], "states": ["SEALED"], "refund_bp": 5000}
    rules["matrix"].append({**house, "remedies": ["REFUND"], "when": {"recallable": True, "platform_proof": True}})
    known = claim(
        *("CHANGE_OF_MIND", "POINT_CARD", "SEALED"), recallable=True, platform_proof=True, statutory_no_reason=True
    )
    decision = decide(known, load(rules))

    assert (decision.rules, decision.refund) == (("MX-32L",), 10_000)


def test_a_condition_beats_a_plain_row():
    can, cannot = (ruled("FORCE_MAJEURE", "POINT_CARD", "SEALED", recallable=known) for known in (True, False))

    assert (can.rules, can.refund) == (("MX-22R",), 10_000)
    assert (cannot.rules, cannot.refund) == (("MX-22",), 5_000)


def test_a_condition_beats_a_level():
    facts = {"consumed": 10, "total": 365, "list_price": 36_500}
    cooling = ruled("CHANGE_OF_MIND", "MEMBERSHIP", "PARTIAL", level="M3", paid=23_800, prepaid_cooling=True, **facts)
    level = ruled("CHANGE_OF_MIND", "MEMBERSHIP", "PARTIAL", level="M3", paid=23_800, prepaid_cooling=False, **facts)

    assert (cooling.rules, cooling.refund) == (("MX-36P",), 22_800)
    assert (level.rules, level.refund, level.fee) == (("MX-36V",), 20_834, 2_314)


def test_law_is_a_floor_and_not_a_ceiling():
    # Bought at a tenth of the list price: the statutory cooling-off would give nothing, the gold level gives the rest.
    decision = ruled(
        *("CHANGE_OF_MIND", "MEMBERSHIP", "PARTIAL"),
        level="M3",
        paid=1000,
        consumed=100,
        total=365,
        list_price=36_500,
        prepaid_cooling=True,
    )

    assert decision.rules == ("MX-36V",)
    assert decision.refund == 1000 - 273 - 72


def test_a_level_row_beats_the_row_for_everybody():
    everybody, gold = (
        ruled("CHANGE_OF_MIND", "CUSTOM_SERVICE", "PARTIAL", level=level, consumed=2, total=5) for level in ("M2", "M3")
    )

    assert (everybody.rules, everybody.refund, everybody.fee) == (("MX-37",), 4800, 1200)
    assert (gold.rules, gold.refund, gold.fee) == (("MX-37V",), 5400, 600)


def test_fewer_kinds_beat_all_kinds_whatever_the_order_of_the_file():
    rules = bent()
    special = {"id": "MX-99", "class": ["BUYER"], "kinds": ["POINT_CARD"], "states": ["USED"], "refund_bp": 100}
    for matrix in (
        [*rules["matrix"], {**special, "remedies": ["REFUND"]}],
        [{**special, "remedies": ["REFUND"]}, *rules["matrix"]],
    ):
        book = load({**rules, "matrix": matrix})
        assert decide(claim("CHANGE_OF_MIND", "POINT_CARD", "USED"), book).rules == ("MX-99",)
        assert decide(claim("CHANGE_OF_MIND", "MEMBERSHIP", "USED"), book).rules == ("MX-34",)


def test_the_reasons_formula_comes_before_the_matrix():
    # The row for used codes pays nothing; the formula for revoked ones pays everything.
    assert ruled("CODE_REVOKED", "POINT_CARD", "USED").refund == 10_000
    assert ruled("CODE_EXPIRED", "POINT_CARD", "USED").rules == ("MX-04",)


# Levels


@pytest.mark.parametrize(
    ("level", "outcome", "refund", "fee"),
    [
        ("M0", Outcome.DENY, 0, 0),
        ("M1", Outcome.FEE_DEDUCTED, 8_500, 1_500),
        ("M2", Outcome.FEE_DEDUCTED, 9_000, 1_000),
        ("M3", Outcome.FEE_DEDUCTED, 9_500, 500),
        ("M4", Outcome.FEE_DEDUCTED, 9_700, 300),
    ],
)
def test_an_opened_code_that_can_be_recalled_costs_a_fee_by_level(level, outcome, refund, fee):
    facts = {"recallable": True, "hours_since_reveal": 2}
    decision = ruled("CHANGE_OF_MIND", "ACTIVATION_CODE", "REVEALED_UNUSED", level=level, **facts)

    assert (decision.outcome, decision.refund, decision.fee) == (outcome, refund, fee)
    assert decision.rules == ("MX-33R", "LEVEL_WINDOW" if level == "M0" else "LEVEL_REVEALED")


def test_the_last_hour_of_the_window_is_inside_it():
    hours = [23, 24, 25]
    found = [ruled("BUYER_MISTAKE", "DIRECT_TOPUP", "SEALED", hours_since_delivery=hour).refund for hour in hours]

    assert found == [9_500, 9_500, 0]


def test_a_fee_never_exceeds_fifty_yuan_but_the_share_for_stopping_early_may():
    dear = ruled("CHANGE_OF_MIND", "GAME_ACCOUNT", "SEALED", paid=1_000_000, hours_since_delivery=1)
    stopped = ruled("CHANGE_OF_MIND", "CUSTOM_SERVICE", "PARTIAL", paid=1_000_000, consumed=0, total=5)

    assert (dear.fee, dear.refund) == (5_000, 995_000)
    assert (stopped.fee, stopped.refund) == (200_000, 800_000)


# Doubt


def test_a_window_nobody_can_measure_leads_to_a_person_with_a_hint():
    decision = ruled("BUYER_MISTAKE", "GAME_ACCOUNT", "SEALED")

    assert (decision.outcome, decision.route, decision.suggest) == (Outcome.ESCALATE, Route.HUMAN, 9_500)
    assert decision.rules == ("MX-32", "MX-42")


def test_outside_the_window_a_person_looks_while_the_statutory_right_is_unknown():
    unknown = ruled("CHANGE_OF_MIND", "POINT_CARD", "SEALED", hours_since_delivery=100)
    known = ruled("CHANGE_OF_MIND", "POINT_CARD", "SEALED", hours_since_delivery=100, statutory_no_reason=False)

    assert (unknown.outcome, unknown.route, unknown.suggest) == (Outcome.ESCALATE, Route.HUMAN, 10_000)
    assert (known.outcome, known.route) == (Outcome.DENY, Route.AUTO_PREDECISION)


def test_a_code_is_not_called_unrecallable_before_somebody_asked():
    unknown = ruled("CHANGE_OF_MIND", "POINT_CARD", "REVEALED_UNUSED", hours_since_reveal=1)
    asked = ruled("CHANGE_OF_MIND", "POINT_CARD", "REVEALED_UNUSED", hours_since_reveal=1, recallable=False)
    too_late_anyway = ruled("CHANGE_OF_MIND", "POINT_CARD", "REVEALED_UNUSED", hours_since_reveal=50)

    assert (unknown.route, unknown.suggest) == (Route.HUMAN, 8_500)
    assert asked.route is Route.AUTO_PREDECISION
    assert too_late_anyway.route is Route.AUTO_PREDECISION


@pytest.mark.parametrize("facts", [{}, {"upstream_proof": "ILLEGIBLE"}])
def test_a_redemption_record_nobody_can_read_is_for_a_person(facts):
    decision = ruled("CODE_ALREADY_USED", "POINT_CARD", "REVEALED_UNUSED", **facts)

    assert (decision.outcome, decision.route, decision.rules) == (Outcome.ESCALATE, Route.HUMAN, ("MX-42",))


@pytest.mark.parametrize("facts", [{"seller_evidence_expired": True}, {"batch_bad_bp": 200}])
def test_the_seller_bears_the_burden_after_48_hours_or_with_a_bad_batch(facts):
    decision = ruled("CODE_ALREADY_USED", "POINT_CARD", "REVEALED_UNUSED", upstream_proof="UNKNOWN", **facts)

    assert (decision.outcome, decision.route, decision.rules) == (Outcome.FULL, Route.AUTO, ("SELLER_BURDEN",))


def test_a_batch_just_below_two_percent_waits_for_the_seller():
    facts = {"upstream_proof": "UNKNOWN", "batch_bad_bp": 199}

    assert ruled("CODE_ALREADY_USED", "POINT_CARD", "REVEALED_UNUSED", **facts).outcome is Outcome.HOLD


# Facts, not claims


def graded(state_proof=Proof.VERIFIED, **grades):
    return Claim(
        kind="ACTIVATION_CODE",
        reason="CODE_INVALID",
        state="REVEALED_UNUSED",
        level="M4",
        paid=10_000,
        facts={"platform_proof": True, "reissue_count": 1},
        state_proof=state_proof,
        grades=grades,
    )


def test_verified_facts_open_the_instant_lane():
    decision = decide(graded(), BOOK)

    assert decision.instant
    assert decision.proven
    assert (decision.refund, decision.compensation) == (10_000, 1_000)


def test_what_one_side_merely_says_pays_nothing_at_once():
    decision = decide(graded(reissue_count=Proof.CLAIMED), BOOK)

    assert not decision.instant
    assert not decision.proven
    assert decision.claimed == ("reissue_count",)


def test_a_proof_that_is_only_claimed_is_none():
    assert not decide(graded(platform_proof=Proof.CLAIMED), BOOK).instant
    assert not decide(graded(platform_proof=Proof.UNKNOWN), BOOK).instant


def test_a_fact_of_unknown_grade_is_as_good_as_missing():
    assert decide(graded(reissue_count=Proof.UNKNOWN), BOOK).compensation == 0


def test_a_no_that_rests_on_the_shops_word_is_for_a_person():
    verified = ruled("CHANGE_OF_MIND", "POINT_CARD", "REVEALED_UNUSED", recallable=False)
    word = decide(
        Claim(
            *("POINT_CARD", "CHANGE_OF_MIND", "REVEALED_UNUSED", "M1", 10_000),
            facts={"recallable": False},
            grades={"recallable": Proof.CLAIMED},
        ),
        BOOK,
    )

    assert (verified.outcome, verified.route) == (Outcome.DENY, Route.AUTO_PREDECISION)
    assert (word.outcome, word.route) == (Outcome.DENY, Route.HUMAN)


def test_a_claimed_state_keeps_the_figure_but_needs_a_person():
    decision = decide(graded(Proof.CLAIMED), BOOK)

    assert (decision.outcome, decision.refund, decision.route) == (Outcome.FULL, 10_000, Route.HUMAN)


def test_an_unknown_state_goes_to_the_burden_of_proof_with_a_hint():
    decision = decide(graded(Proof.UNKNOWN), BOOK)

    assert (decision.outcome, decision.route, decision.rules) == (Outcome.ESCALATE, Route.HUMAN, ("MX-42",))
    assert decision.suggest == 10_000


def test_who_owes_delivery_proves_delivery():
    unproven = Claim("POINT_CARD", "NOT_DELIVERED", "UNDELIVERED", "M1", 10_000, state_proof=Proof.UNKNOWN)
    decision = decide(unproven, BOOK)

    assert (decision.outcome, decision.rules, decision.route) == (Outcome.FULL, ("MX-41",), Route.HUMAN)


# The instant lane


def instant(**facts):
    return ruled(
        "CODE_INVALID", "POINT_CARD", "REVEALED_UNUSED", **{"platform_proof": True, "paid": 5_000, **facts}
    ).instant


def test_the_instant_lane_has_a_cap_a_quota_and_a_limit_of_risk():
    assert instant()
    assert not instant(paid=5_001)
    assert instant(instant_used=1)
    assert not instant(instant_used=2)
    assert instant(buyer_risk=59)
    assert not instant(buyer_risk=60)
    assert not instant(platform_proof=False)


def test_what_is_used_is_never_paid_at_once():
    facts = {"platform_proof": True, "level": "M4"}

    assert ruled("CODE_INVALID", "GAME_ACCOUNT", "REVEALED_UNUSED", **facts).instant
    assert not ruled("CODE_INVALID", "GAME_ACCOUNT", "USED", **facts).instant


def test_proven_non_delivery_has_neither_cap_nor_quota():
    facts = {"paid": 9_000_000, "platform_proof": True, "instant_used": 99, "level": "M0"}

    assert ruled("NOT_DELIVERED", "POINT_CARD", "UNDELIVERED", **facts).instant


def test_a_pending_top_up_is_never_paid_at_once_and_waits_until_the_suppliers_time_is_over():
    facts = {"platform_proof": True, "upstream_status": "PENDING"}

    assert not ruled("SELLER_ABSCONDED", "DIRECT_TOPUP", "UNDELIVERED", **facts).instant
    assert ruled("NOT_DELIVERED", "DIRECT_TOPUP", "UNDELIVERED", **facts).rules == ("WAIT_UPSTREAM",)
    assert ruled("NOT_DELIVERED", "DIRECT_TOPUP", "UNDELIVERED", **facts, supplier_timeout=True).rules == ("MX-01",)


# Lateness


@pytest.mark.parametrize(("promise", "grace"), [(5, 10), (20, 10), (60, 30), (61, 30), (240, 120), (1440, 120)])
def test_grace_is_half_the_promise_within_bounds(promise, grace):
    late = [
        ruled("LATE_DELIVERY", "POINT_CARD", "USED", promise_min=promise, actual_min=promise + grace + past)
        for past in (0, 1)
    ]

    assert [decision.outcome for decision in late] == [Outcome.DENY, Outcome.COMP_ONLY]


@pytest.mark.parametrize(
    ("delay", "paid", "compensation"),
    [
        (120, 10_000, 100),
        (121, 10_000, 300),
        (1440, 10_000, 300),
        (1441, 10_000, 500),
        (4320, 10_000, 500),
        (4321, 10_000, 1000),
        (4321, 10_001, 1001),
        (4321, 1_000_000, 5000),
        (20, 100, 50),
        (20, 30, 30),
        (20, 0, 0),
    ],
)
def test_compensation_for_delay_goes_by_bands_and_never_above_what_was_paid(delay, paid, compensation):
    decision = ruled("NOT_DELIVERED", "POINT_CARD", "UNDELIVERED", paid=paid, promise_min=5, elapsed_min=5 + delay)

    assert decision.compensation == compensation


def test_late_goods_still_sealed_may_be_sent_back():
    facts = {"promise_min": 60, "actual_min": 600}
    back = ruled("LATE_DELIVERY", "POINT_CARD", "SEALED", choice="REFUND", **facts)
    kept = ruled("LATE_DELIVERY", "POINT_CARD", "SEALED", **facts)

    assert (back.outcome, back.refund, back.compensation) == (Outcome.FULL, 10_000, 300)
    assert back.rules == ("LATE_REJECT", "LATE_BAND")
    assert back.tier == "T1_FULL_PLUS_COMP"
    assert (kept.outcome, kept.refund, kept.rules) == (Outcome.COMP_ONLY, 0, ("LATE_KEEP", "LATE_BAND"))


def test_the_platform_compensates_its_own_delay_and_force_majeure_nobodys():
    facts = {"promise_min": 5, "elapsed_min": 2000}
    own = ruled("PLATFORM_OUTAGE", "POINT_CARD", "UNDELIVERED", **facts)
    nobody = ruled("FORCE_MAJEURE", "POINT_CARD", "UNDELIVERED", **facts)

    assert (own.compensation_payer, own.compensation, own.payers) == ("PLATFORM", 500, {"PLATFORM": 10_000})
    assert (nobody.compensation_payer, nobody.compensation) == (None, 0)


# Shortfalls


@pytest.mark.parametrize(
    ("deviation", "refund"),
    [
        (0, 0),
        (1, 1_000),
        (2_000, 1_000),
        (2_001, 3_000),
        (5_000, 3_000),
        (5_001, 6_000),
        (9_999, 6_000),
        (10_000, 10_000),
    ],
)
def test_a_service_is_reduced_by_the_band_of_its_deviation(deviation, refund):
    assert ruled("SERVICE_SHORTFALL", "CUSTOM_SERVICE", "USED", deviation_bp=deviation).refund == refund


def test_an_interrupted_membership_gets_the_rest_and_five_percent():
    decision = ruled("MEMBERSHIP_INTERRUPTED", "MEMBERSHIP", "PARTIAL", paid=9_999, consumed=1, total=3)

    assert (decision.refund, decision.compensation) == (6_666, 500)
    assert decision.rules == ("MX-07", "INTERRUPT_5PCT")


def test_a_second_failure_adds_ten_percent_unless_a_new_code_is_chosen():
    money = ruled("CODE_INVALID", "POINT_CARD", "REVEALED_UNUSED", reissue_count=1)
    code = ruled("CODE_INVALID", "POINT_CARD", "REVEALED_UNUSED", reissue_count=1, choice="REISSUE")

    assert (money.compensation, money.rules) == (1_000, ("MX-03", "SECOND_FAILURE"))
    assert (code.outcome, code.refund, code.compensation) == (Outcome.REISSUE, 0, 0)


def test_a_duplicate_never_brings_back_more_than_was_paid():
    assert ruled("DUPLICATE_CHARGE", "POINT_CARD", "USED", duplicate_fen=99_999).refund == 10_000
    assert ruled("DUPLICATE_CHARGE", "POINT_CARD", "USED", duplicate_fen=4_000).outcome is Outcome.PARTIAL


def test_a_top_up_the_buyer_ordered_twice_is_the_buyers_reason():
    decision = ruled("DUPLICATE_TOPUP", "DIRECT_TOPUP", "USED", duplicate_fen=10_000, cause="BUYER")

    assert (decision.outcome, decision.rules, decision.fault_class) == (Outcome.DENY, ("MX-34",), "BUYER")


# Shared fault


def test_shared_fault_deducts_the_buyers_part_and_splits_the_rest():
    shares = {"SELLER": 5_000, "UPSTREAM": 3_000, "BUYER": 2_000}
    facts = {"consumed": 20, "total": 100, "cause": "SHARED", "shares": shares}
    decision = ruled("UPSTREAM_BAN", "POINT_CARD", "PARTIAL", paid=10_001, **facts)

    # Lost 8001, less floor(1600.2): 6401, of which 4000.625 and 2400.375.
    assert decision.refund == 6_401
    assert decision.payers == {"SELLER": 4_001, "UPSTREAM": 2_400}
    assert (decision.outcome, decision.route) == (Outcome.PARTIAL, Route.AUTO)
    assert decision.rules == ("UPSTREAM_VALUE", "SHARED")


def test_a_buyers_share_above_half_and_shares_nobody_found_are_for_people():
    facts = {"consumed": 20, "total": 100, "cause": "SHARED"}
    above = ruled("UPSTREAM_BAN", "POINT_CARD", "PARTIAL", **facts, shares={"SELLER": 4_999, "BUYER": 5_001})
    unfound = ruled("UPSTREAM_BAN", "POINT_CARD", "PARTIAL", **facts)

    assert above.route is Route.HUMAN
    assert (unfound.outcome, unfound.suggest) == (Outcome.ESCALATE, 8_000)


def test_a_used_code_lost_upstream_for_an_unknown_cause_is_never_dismissed_by_a_machine():
    decision = ruled("UPSTREAM_BAN", "POINT_CARD", "USED")

    assert (decision.outcome, decision.rules, decision.route) == (Outcome.ASSIST, ("MX-12",), Route.HUMAN)


# Regions, accounts, fraud


def test_a_stated_region_lock_makes_it_the_buyers_mistake():
    facts = {"listing_stated_region": True, "recallable": True, "hours_since_reveal": 1}
    decision = ruled("REGION_MISMATCH", "ACTIVATION_CODE", "REVEALED_UNUSED", **facts)

    assert decision.rules == ("REGION_STATED", "MX-33R", "LEVEL_REVEALED")
    assert decision.refund == 8_500


@pytest.mark.parametrize(("days", "outcome"), [(30, Outcome.FULL), (31, Outcome.ESCALATE)])
def test_an_account_taken_back_is_warranted_for_thirty_days(days, outcome):
    decision = ruled("ACCOUNT_RECOVERED", "GAME_ACCOUNT", "USED", days_since_delivery=days)

    assert decision.outcome is outcome
    assert decision.suggest == (None if outcome is Outcome.FULL else 10_000)


def test_a_pledge_lengthens_the_warranty_and_never_shortens_it():
    days = {"days_since_delivery": 20}

    assert ruled("ACCOUNT_RECOVERED", "GAME_ACCOUNT", "USED", **days, warranty_days=7).outcome is Outcome.FULL
    assert ruled("ACCOUNT_RECOVERED", "GAME_ACCOUNT", "USED", days_since_delivery=80, warranty_days=90).refund == 10_000


def test_fraud_needs_a_panel_and_the_hint_is_the_whole_sum():
    decision = ruled("FRAUD", "POINT_CARD", "USED", paid=30_000)

    assert (decision.outcome, decision.route, decision.suggest) == (Outcome.ESCALATE, Route.HUMAN, 120_000)
    assert decision.rules == ("FRAUD_NEEDS_PANEL",)


# Minors and legal holds


@pytest.mark.parametrize(
    ("state", "facts", "rules", "refund"),
    [
        ("SEALED", {"age": 13}, ("MINOR_VOID_UNUSED",), 10_000),
        ("USED", {"age": 13, "provider_verified": True}, ("MINOR_SHARED_FAULT",), 5_000),
        ("USED", {"age": 7, "provider_verified": True}, ("MINOR_SHARED_FAULT",), 7_000),
        ("USED", {"age": 13, "provider_verified": True, "guardian_share_bp": 9_000}, ("MINOR_SHARED_FAULT",), 3_000),
        ("USED", {"age": 13}, ("MINOR_PROVIDER_FAULT_100",), 10_000),
        ("PARTIAL", {"age": 13, "provider_verified": True, "consumed": 1, "total": 3}, ("MINOR_PARTIAL",), 8_334),
        ("USED", {"age": 16, "own_income": True}, ("MINOR_VALID_CONTRACT", "MX-34"), 0),
        ("USED", {"age": 15, "own_income": True}, ("MINOR_PROVIDER_FAULT_100",), 10_000),
        ("USED", {"age": 17, "month_total_fen": 40_000}, ("MINOR_VALID_CONTRACT", "MX-34"), 0),
        ("USED", {"age": 17, "month_total_fen": 40_001}, ("MINOR_PROVIDER_FAULT_100",), 10_000),
    ],
)
def test_what_a_child_bought_is_weighed_by_people(state, facts, rules, refund):
    decision = ruled("MINOR_PURCHASE", "DIRECT_TOPUP", state, **facts)

    assert (decision.rules, decision.refund, decision.route) == (rules, refund, Route.HUMAN)


def test_a_purchase_at_an_age_nobody_knows_is_for_a_person():
    assert ruled("MINOR_PURCHASE", "DIRECT_TOPUP", "USED").outcome is Outcome.ESCALATE


@pytest.mark.parametrize("state", ["REVEALED_UNUSED", "USED", "PARTIAL"])
def test_a_stolen_payment_for_opened_goods_is_held(state):
    decision = ruled("UNAUTHORIZED_PAYMENT", "POINT_CARD", state)

    assert (decision.outcome, decision.rules, decision.route) == (Outcome.HOLD, ("UNAUTH_HOLD_REFER",), Route.HUMAN)


@pytest.mark.parametrize(
    ("state", "facts", "rule", "refund"),
    [
        ("USED", {"buyer_aware": True}, "ILLEGAL_AWARE_USED", 0),
        ("USED", {}, "ILLEGAL_VOID_RETURN", 10_000),
        ("SEALED", {"buyer_aware": True}, "ILLEGAL_VOID_RETURN", 10_000),
        ("PARTIAL", {"buyer_aware": True, "consumed": 1, "total": 3}, "ILLEGAL_AWARE_PARTIAL", 6_667),
    ],
)
def test_illegal_goods_go_back_unless_the_buyer_knew_and_used_them(state, facts, rule, refund):
    decision = ruled("ILLEGAL_GOODS", "ACTIVATION_CODE", state, **facts)

    assert (decision.rules, decision.refund, decision.route) == ((rule,), refund, Route.HUMAN)


# In words


def test_a_decision_explains_itself_in_sentences():
    facts = {"hours_since_delivery": 20, "statutory_no_reason": False}
    decision = ruled("BUYER_MISTAKE", "ACTIVATION_CODE", "SEALED", paid=19_900, **facts)

    with translation.override("en"):
        assert explain(decision) == [
            "Everything that was paid goes back: ¥199.00.",
            "Asked after 20 hours; at this membership level the window is 24 hours.",
            "Fee: 5% of ¥199.00, rounded down and at most ¥50.00: ¥9.95.",
        ]


def test_a_legal_source_is_named_with_its_article():
    with translation.override("en"):
        assert source("CONSUMER:25") == "Consumer Rights Protection Law, article 25"
        assert source("PRICES:") == "Rules on Marked Prices and Price Fraud"


@pytest.mark.parametrize(("bp", "shown"), [(0, "0%"), (5, "0.05%"), (250, "2.5%"), (1000, "10%"), (10_000, "100%")])
def test_a_rate_is_shown_as_percent(bp, shown):
    assert percent(bp) == shown

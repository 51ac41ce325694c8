"""What a collector hands to the rulebook: the records of one unit, and the facts that follow from them.

This is the contract for whoever knows the records (`orders.facts`): fill a `Records` with what the own logs and the
supplier say, leave out what nobody knows, and put what a party merely asserts into `claimed`. `collect` turns it into
the facts of `VOCABULARY`, each with its proof grade; only what a record says is verified. Pure: times come in, no clock
is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from rulebook.arithmetic import WHOLE, floored
from rulebook.claims import Claim, FactValue, Proof

#: A stretch of time in which the platform or the supplier was registered as down.
Outage = tuple[datetime, datetime]

#: What a supplier answered about a code, as the rulebook calls it.
REDEEMED_BEFORE, REDEEMED_BY_BUYER, REDEEMED_BY_UNKNOWN = "BEFORE_REVEAL", "AFTER_REVEAL_BUYER_ACCOUNT", "UNKNOWN"


class Batch(NamedTuple):
    """How many codes of the batch are known by records to be bad, of how many that were sold."""

    bad: int
    sold: int

    @property
    def bad_bp(self) -> int:
        """The share of bad codes in basis points, rounded down; nothing of a batch nobody bought from."""
        return min(floored(WHOLE, self.bad, self.sold), WHOLE) if self.sold else 0


@dataclass(frozen=True)
class Answers:
    """What the supplier says; what it did not answer stays `None`.

    `status` is its last word on a top-up (`PENDING` …), `redeemed` who redeemed a code, `can_recall` whether it takes
    an unused one back. `timed_out`: its clock ran out without an answer.
    """

    status: str | None = None
    redeemed: str | None = None
    can_recall: bool | None = None
    is_submitted: bool | None = None
    timed_out: bool = False


@dataclass(frozen=True)
class Records:
    """What is known of one unit at `at`. Times are UTC; a time that has not come is left out.

    `state` and `level` are the rulebook's words, the level the buyer's when the order was placed. `proven`: our records
    or the supplier's answer prove (or disprove) the reason; `None` if they say nothing. `known` are further facts that
    a record proves, `claimed` those that one side merely asserts. `outages` are those that excuse whoever owes
    delivery: for a claim of an outage against the platform itself there are none.
    """

    kind: str
    state: str
    level: str
    paid: int
    at: datetime
    state_proof: Proof = Proof.VERIFIED
    paid_at: datetime | None = None
    promised_at: datetime | None = None
    delivered_at: datetime | None = None
    revealed_at: datetime | None = None
    proven: bool | None = None
    answers: Answers = field(default_factory=Answers)
    batch: Batch | None = None
    outages: tuple[Outage, ...] = ()
    known: Mapping[str, FactValue] = field(default_factory=dict)
    claimed: Mapping[str, FactValue] = field(default_factory=dict)


def claim(records: Records, reason: str) -> Claim:
    """The claim of `reason` that these records support; `InvalidClaim` if they cannot be."""
    return Claim(
        kind=records.kind,
        reason=reason,
        state=records.state,
        level=records.level,
        paid=records.paid,
        facts=facts(records),
        state_proof=records.state_proof,
        grades=grades(records),
    )


def facts(records: Records) -> dict[str, FactValue]:
    """All facts under their fixed names, also those that one side merely asserts."""
    return {**records.claimed, **collect(records)}


def grades(records: Records) -> dict[str, Proof]:
    """The facts that are merely claimed: nothing is on record about them."""
    return dict.fromkeys(sorted(records.claimed.keys() - collect(records).keys()), Proof.CLAIMED)


def collect(records: Records) -> dict[str, FactValue]:
    """The verified facts, under their fixed names. A record always wins over what somebody says."""
    answers = records.answers
    found: dict[str, FactValue | None] = {
        **records.known,
        **_times(records),
        "platform_proof": records.proven,
        "upstream_status": answers.status,
        "upstream_proof": answers.redeemed,
        "recallable": answers.can_recall,
        "submitted_upstream": answers.is_submitted,
        "supplier_timeout": answers.timed_out or None,
        "batch_bad_bp": records.batch.bad_bp if records.batch else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _times(records: Records) -> dict[str, FactValue | None]:
    """Minutes from payment count only while the platform and the supplier worked; what was promised counts whole."""
    found: dict[str, FactValue | None] = {}
    paid_at, promised_at, at = records.paid_at, records.promised_at, records.at
    if paid_at and promised_at:
        found["promise_min"] = minutes(promised_at - paid_at)
        if records.delivered_at:
            found["actual_min"] = minutes(worked(paid_at, records.delivered_at, records.outages))
        else:
            found["elapsed_min"] = minutes(worked(paid_at, at, records.outages))
    if records.delivered_at:
        found["hours_since_delivery"] = hours_begun(at - records.delivered_at)
    if records.revealed_at:
        found["hours_since_reveal"] = hours_begun(at - records.revealed_at)
    return found


def worked(start: datetime, end: datetime, outages: Iterable[Outage]) -> timedelta:
    """From `start` to `end` without the registered outages in between; where two overlap, once."""
    left, done = timedelta(0), start
    for begin, finish in sorted(outages):
        begin, finish = max(begin, done), min(finish, end)
        if finish > begin:
            left += begin - done
            done = finish
    return left + max(end - done, timedelta(0))


def minutes(span: timedelta) -> int:
    """Whole minutes that are over."""
    return max(int(span.total_seconds() // 60), 0)


def hours_begun(span: timedelta) -> int:
    """Hours that have begun: 24 hours and a minute are 25."""
    return max(-int(-span.total_seconds() // 3600), 0)

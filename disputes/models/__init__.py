"""Nouns of a dispute before the platform's staff. Amounts are integer fen, shares are basis points."""

from disputes.models.agreed import FinalOffer, Proposal
from disputes.models.appealed import Appeal, Vote
from disputes.models.cases import (
    ASSISTING,
    FILE_STAYS_OPEN,
    HEARING,
    OPEN,
    PARTIES,
    SEEING_ALL,
    UNDECIDED,
    UNFINISHED,
    Challenge,
    Dispute,
    DisputeQuerySet,
    Neutral,
    Seat,
    Side,
)
from disputes.models.decided import Penalty, Ruling, Signature
from disputes.models.filed import Evidence, Question, Statement

__all__ = [
    "ASSISTING",
    "FILE_STAYS_OPEN",
    "HEARING",
    "OPEN",
    "PARTIES",
    "SEEING_ALL",
    "UNDECIDED",
    "UNFINISHED",
    "Appeal",
    "Challenge",
    "Dispute",
    "DisputeQuerySet",
    "Evidence",
    "FinalOffer",
    "Neutral",
    "Penalty",
    "Proposal",
    "Question",
    "Ruling",
    "Seat",
    "Side",
    "Signature",
    "Statement",
    "Vote",
]

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
from disputes.models.decided import Penalty, Ruling, RulingDraft, Signature
from disputes.models.filed import Evidence, Question, Statement
from disputes.models.kept import Bundle, Precedent, Seal, SecondLook
from disputes.models.owed import Owed

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
    "Bundle",
    "Challenge",
    "Dispute",
    "DisputeQuerySet",
    "Evidence",
    "FinalOffer",
    "Neutral",
    "Owed",
    "Penalty",
    "Precedent",
    "Proposal",
    "Question",
    "Ruling",
    "RulingDraft",
    "Seal",
    "Seat",
    "SecondLook",
    "Side",
    "Signature",
    "Statement",
    "Vote",
]

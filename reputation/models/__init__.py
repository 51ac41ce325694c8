"""Nouns of reputation: levels and measures, figures, alarms over batches, signals of risk, ratings."""

from reputation.models.alarms import Alarm, AlarmUnit, BatchAnswer, Doubt
from reputation.models.figures import Mark, Tally
from reputation.models.inquiries import Inquiry, InquiryWord
from reputation.models.ratings import Rating
from reputation.models.scores import Score
from reputation.models.shortfalls import Shortfall
from reputation.models.signals import KnownContact, Signal, Trace
from reputation.models.standing import Downgrade, Measure
from reputation.models.stops import HardStop

__all__ = [
    "Alarm",
    "AlarmUnit",
    "BatchAnswer",
    "Doubt",
    "Downgrade",
    "HardStop",
    "Inquiry",
    "InquiryWord",
    "KnownContact",
    "Mark",
    "Measure",
    "Rating",
    "Score",
    "Shortfall",
    "Signal",
    "Tally",
    "Trace",
]

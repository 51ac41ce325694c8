"""Nouns of reputation: levels and measures, figures, alarms over batches, signals of risk, ratings."""

from reputation.models.alarms import Alarm, AlarmUnit
from reputation.models.figures import Mark, Tally
from reputation.models.inquiries import Inquiry, InquiryWord
from reputation.models.ratings import Rating
from reputation.models.signals import Signal, Trace
from reputation.models.standing import Downgrade, Measure

__all__ = [
    "Alarm",
    "AlarmUnit",
    "Downgrade",
    "Inquiry",
    "InquiryWord",
    "Mark",
    "Measure",
    "Rating",
    "Signal",
    "Tally",
    "Trace",
]

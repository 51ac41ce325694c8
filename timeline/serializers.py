"""What the API takes and gives about clocks: outages, and clocks that were given up. Times are UTC."""

from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from timeline import outages
from timeline.models import Outage, Timer

#: Years that a given date or moment may lie in: between them all reckoning with days and hours stays possible.
FIRST_YEAR, LAST_YEAR = 1900, 2999


class Moment(serializers.DateTimeField):
    """A moment that is given; one outside of all calendars is `invalid`, as a text that is no moment."""

    def to_internal_value(self, value: Any) -> datetime:
        try:
            found = super().to_internal_value(value)
        except OverflowError:
            self.fail("overflow")
        if not FIRST_YEAR <= found.year <= LAST_YEAR:
            self.fail("overflow")
        return found


class Day(serializers.DateField):
    """A day that is given, of a year that can be."""

    default_error_messages = {"overflow": _("Date value out of range.")}

    def to_internal_value(self, value: Any) -> date:
        found = super().to_internal_value(value)
        if not FIRST_YEAR <= found.year <= LAST_YEAR:
            self.fail("overflow")
        return found


class OutageToRegister(serializers.Serializer[Any]):
    """What was down, since when, until when, and why."""

    scope = serializers.ChoiceField(Outage.Scope.choices)
    target = serializers.CharField(
        max_length=40,
        allow_blank=True,
        default="",
        help_text="Which channel (name), supplier (number), shop (address) or kind; empty for the platform.",
    )
    reason = serializers.CharField(max_length=500)
    began_at = Moment()
    ended_at = Moment(allow_null=True, default=None, help_text="Nothing while it goes on.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What is named is there; whether it has to be named, the verb says."""
        if attrs["target"] and not outages.is_there(attrs["scope"], attrs["target"]):
            raise serializers.ValidationError({"target": str(outages.NOT_THERE)})
        return attrs


class OutageToWiden(serializers.Serializer[Any]):
    """How it was, other than it is registered."""

    began_at = Moment(help_text="Not later than it is registered.")
    ended_at = Moment(allow_null=True, default=None, help_text="Nothing while it goes on.")
    is_whole = serializers.BooleanField(default=False, help_text="It was the whole platform.")
    reason = serializers.CharField(max_length=500)


class OutageToEnd(serializers.Serializer[Any]):
    """When it ended."""

    ended_at = Moment(allow_null=True, default=None, help_text="Nothing means now.")


class OutageShown(serializers.Serializer[Outage]):
    """One entry of the register."""

    id = serializers.IntegerField()
    scope = serializers.ChoiceField(Outage.Scope.choices)
    target = serializers.CharField()
    reason = serializers.CharField()
    began_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    registered_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True, help_text="When its end had reached every clock.")
    clocks = serializers.IntegerField(help_text="How many clocks it stopped so far.")
    widens = serializers.IntegerField(
        source="widens_id", allow_null=True, help_text="The entry that this one took the place of."
    )


class OutagePage(serializers.Serializer[Any]):
    """A part of the register, newest entry first."""

    results = OutageShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class StuckClock(serializers.Serializer[Timer]):
    """A clock that was given up."""

    id = serializers.IntegerField()
    subject = serializers.CharField(help_text="What it is about: `refund:12`.")
    limit = serializers.CharField(help_text="The clock's name in the rulebook: `SELLER_RESPONSE`.")
    owner = serializers.CharField(help_text="Who was under it.")
    due_at = serializers.DateTimeField()
    tries = serializers.IntegerField()
    last_error = serializers.CharField()


class StuckPage(serializers.Serializer[Any]):
    """A part of the list of clocks that were given up."""

    results = StuckClock(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class ClockToTryAgain(serializers.Serializer[Any]):
    """Why a clock may run on."""

    reason = serializers.CharField(max_length=300)

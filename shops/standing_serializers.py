"""What the API takes and gives about opening a shop, its papers, its level, and steps against it. Times are UTC."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from shops import licences
from shops.models import Application, Kind, Licence, Party, Sanction, Shop, visible
from shops.sanctions import LONGEST
from shops.serializers import Text, Whole
from shops.states import ApplicationState, LicenceState, SanctionState
from timeline.serializers import Day


class ApplicationToBegin(serializers.Serializer[Any]):
    """How the shop shall be called and found."""

    name = Text(max_length=40, validators=[visible], help_text="What people call it; no two shops have the same name.")
    slug = serializers.RegexField(
        r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40, help_text="Its place in addresses: small letters, digits, hyphens."
    )


class ApplicationToWrite(serializers.Serializer[Any]):
    """What somebody says who wants to sell here; what is left out stays as it is."""

    name = Text(max_length=40, required=False, validators=[visible])
    slug = serializers.RegexField(r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40, required=False)
    kinds = serializers.ListField(
        child=serializers.ChoiceField(Kind.choices), required=False, help_text="What the shop wants to sell."
    )
    about = Text(max_length=1000, required=False, allow_blank=True, help_text="Where the goods come from.")
    party = serializers.ChoiceField(Party.choices, required=False, help_text="Who answers for the shop.")
    legal_name = Text(max_length=80, required=False, allow_blank=True, validators=[visible])
    legal_address = Text(max_length=160, required=False, allow_blank=True, validators=[visible])
    contact_email = serializers.EmailField(required=False, allow_blank=True)
    contact_phone = Text(max_length=20, required=False, allow_blank=True)
    icp = Text(max_length=40, required=False, allow_blank=True, validators=[visible])


class PaperToGive(serializers.Serializer[Any]):
    """A paper with its number and its end; the file is sent as multipart/form-data."""

    kind = serializers.ChoiceField(Licence.Kind.choices)
    number = serializers.CharField(max_length=40)
    issuer = serializers.CharField(max_length=80)
    valid_until = Day(required=False, allow_null=True, help_text="Its last good day; null: no end.")
    file = serializers.FileField(help_text="A JPEG, PNG or WebP picture or a PDF of at most 10 MB.")


class PaperShown(serializers.Serializer[Any]):
    """A paper as whoever gave it sees it: the number masked, the file by its hash."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(Licence.Kind.choices)
    state = serializers.ChoiceField(LicenceState.choices)
    turn = serializers.CharField(source="owner", help_text="Whose turn it is; empty at the end.")
    number = serializers.CharField(source="tail", help_text="Masked.")
    issuer = serializers.CharField()
    valid_until = serializers.DateField(allow_null=True)
    sha256 = serializers.CharField(help_text="Of the file, to the byte as it was given.")
    size = serializers.IntegerField(help_text="Bytes.")
    given_at = serializers.DateTimeField()
    reason = serializers.CharField(allow_blank=True, help_text="Why it was not taken.")


class ApplicationShown(serializers.Serializer[Application]):
    """An application, whole for whoever wrote it; those who decide read in part who is behind it."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    slug = serializers.CharField()
    state = serializers.ChoiceField(ApplicationState.choices)
    turn = serializers.CharField(source="owner", help_text="Whose turn it is; empty at the end.")
    entered_at = serializers.DateTimeField(help_text="Since when it is in this state.")
    deadline_at = serializers.DateTimeField(allow_null=True, help_text="When the state's clock ends, if one runs.")
    kinds = serializers.ListField(child=serializers.CharField())
    about = serializers.CharField(allow_blank=True)
    party = serializers.ChoiceField(Party.choices)
    legal_name = serializers.CharField(
        source="told.name", allow_blank=True, help_text="Masked in part for others if it is a person."
    )
    legal_address = serializers.CharField(
        source="told.address", allow_blank=True, help_text="Masked in part for others, if a person."
    )
    contact_email = serializers.CharField(
        source="told.email", allow_blank=True, help_text="Masked in part for others, if a person."
    )
    contact_phone = serializers.CharField(source="told.phone", allow_blank=True, help_text="Masked in part for others.")
    icp = serializers.CharField(allow_blank=True)
    missing = serializers.CharField(allow_blank=True, help_text="What a person of the mall wants to see.")
    reason = serializers.CharField(allow_blank=True, help_text="Why it was refused.")
    shop = serializers.CharField(
        source="shop.slug", allow_null=True, default=None, help_text="The shop, once it is open."
    )
    papers = serializers.SerializerMethodField()
    actions = serializers.ListField(child=serializers.CharField(), help_text="What you can do with it now.")

    @extend_schema_field(PaperShown(many=True))
    def get_papers(self, application: Application) -> Any:
        """Its papers, newest first."""
        given = list(application.licences.order_by("-pk"))
        shown: Any = PaperShown(given, many=True).data
        if getattr(application, "is_opened", False):  # of one who decides, after a look was kept on record
            for row, paper in zip(shown, given, strict=True):
                row["number"] = licences.whole_number(paper)
        return shown


class ApplicationPage(serializers.Serializer[Any]):
    """A part of the list of applications, newest first."""

    results = ApplicationShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class PaperPage(serializers.Serializer[Any]):
    """A part of the list of papers, newest first."""

    results = PaperShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class ReasonForShop(serializers.Serializer[Any]):
    """Why; the other side reads it."""

    reason = Text(max_length=500)


class ReasonToOpen(serializers.Serializer[Any]):
    """What it is needed for; whoever it is about reads it."""

    reason = Text(max_length=200)


class ReasonToRead(serializers.Serializer[Any]):
    """What it is needed for: asked of people of the mall who neither work nor bought there."""

    reason = Text(max_length=200, required=False, allow_blank=True)


class AppealToMake(serializers.Serializer[Any]):
    """What was overlooked."""

    words = Text(max_length=1000)


class LevelToSet(ReasonForShop):
    """How far the mall trusts a shop, and why."""

    level = serializers.ChoiceField(Shop.Level.choices)


class LevelOfShop(serializers.Serializer[Shop]):
    """A shop's level with its caps."""

    level = serializers.ChoiceField(Shop.Level.choices)
    order_cap = serializers.IntegerField(allow_null=True, help_text="Fen that one order may come to; null: no cap.")
    day_cap = serializers.IntegerField(allow_null=True, help_text="Fen that may be ordered in a day; null: no cap.")


class StepToTake(ReasonForShop):
    """A step against a shop."""

    step = serializers.ChoiceField(Sanction.Step.choices)
    days = Whole(
        required=False, allow_null=True, min_value=1, max_value=LONGEST, help_text="Null: the usual term of the step."
    )
    is_grave = serializers.BooleanField(required=False, default=False, help_text="Milder steps are left out.")


class StepToRenew(ReasonForShop):
    """How much longer a step lasts, and why."""

    days = Whole(min_value=1, max_value=LONGEST)


class StepShown(serializers.Serializer[Sanction]):
    """A step against a shop, for the shop and for people of risk."""

    id = serializers.IntegerField()
    shop = serializers.CharField(source="shop.slug")
    step = serializers.ChoiceField(Sanction.Step.choices)
    state = serializers.ChoiceField(SanctionState.choices)
    turn = serializers.CharField(source="owner", help_text="Whose turn it is; empty at the end.")
    reason = serializers.CharField()
    is_grave = serializers.BooleanField()
    imposed_at = serializers.DateTimeField()
    until = serializers.DateTimeField()
    deadline_at = serializers.DateTimeField(allow_null=True, help_text="When the state's clock ends, if one runs.")
    appeal = serializers.CharField(allow_blank=True)
    answer = serializers.CharField(allow_blank=True)
    actions = serializers.ListField(child=serializers.CharField(), help_text="What you can do with it now.")


class StepPage(serializers.Serializer[Any]):
    """A part of the list of steps, newest first."""

    results = StepShown(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where the list goes on; null at its end.")


class ContactShown(serializers.Serializer[Any]):
    """Who answers for a shop before the law."""

    party = serializers.ChoiceField(Party.choices)
    legal_name = serializers.CharField()
    legal_address = serializers.CharField()
    contact_email = serializers.CharField()
    contact_phone = serializers.CharField()
    icp = serializers.CharField(allow_blank=True)

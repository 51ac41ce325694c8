"""What both sides tell in a case: what is offered, asked, answered, delivered anew. One form for each verb."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ledger.forms import YuanField
from orders.attachments import too_large_a_file
from refunds import questions
from refunds.bargaining import Terms
from refunds.forms import FILES, NothingVoid
from refunds.models import Offer, Question, Refund
from shops.models import Kind, Listing
from shops.states import ListingState


class CaseForm(forms.Form):
    """Every form of a case names the state that was seen, so that one which is stale says so."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, refund: Refund, side: str, is_too_large: bool = False, **kwargs: Any) -> None:
        kwargs["initial"] = {"version": refund.version, **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        self.refund, self.side, self.is_too_large = refund, side, is_too_large

    def clean(self) -> dict[str, Any]:
        """A file that was too large to be let in is named."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if self.is_too_large:
            self.add_error(None, too_large_a_file())
        return found


def _words(label: Any, *, required: bool = True, rows: int = 3) -> forms.CharField:
    return forms.CharField(
        label=label, required=required, max_length=2_000, widget=forms.Textarea(attrs={"rows": rows})
    )


def _file(label: Any) -> forms.FileField:
    return forms.FileField(
        label=label, required=False, allow_empty_file=True, widget=forms.FileInput(attrs={"accept": FILES})
    )


class OfferForm(NothingVoid, CaseForm):
    """What is offered. Of money only what the kind needs is read."""

    kind = forms.ChoiceField(
        label=_("What do you offer?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what you offer.")},
    )
    amount = YuanField(
        label=_("Amount that goes back"),
        required=False,
        help_text=_("For a part, a price less a fee, a difference."),
    )
    places = forms.TypedMultipleChoiceField(
        label=_("Units that are replaced"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: all of the case."),
    )
    listing = forms.ModelChoiceField(
        queryset=Listing.objects.none(),
        label=_("Exchanged for"),
        required=False,
        empty_label=_("Choose what it is exchanged for"),
    )
    is_standing = forms.BooleanField(label=_("It stays when the talks are over"), required=False)
    is_unconditional = forms.BooleanField(label=_("It is paid even if the buyer stays silent"), required=False)
    text = _words(_("A word with it"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = kinds_for(self.refund)
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]
        places = list(self.refund.items.order_by("unit__place").values_list("unit__place", flat=True))
        self.fields["places"].choices = [(place, _("No. %(place)s") % {"place": place}) for place in places]  # type: ignore[attr-defined]
        if Offer.Kind.EXCHANGE in kinds and self.side == Offer.Side.SHOP:
            others = Listing.objects.filter(shop=self.refund.order.shop_id, state=ListingState.ON_SALE)
            self.fields["listing"].queryset = others.order_by("title", "pk")  # type: ignore[attr-defined]
            self.fields["listing"].label_from_instance = lambda listing: listing.title  # type: ignore[attr-defined]
        else:
            del self.fields["listing"]
        if len(places) == 1:
            del self.fields["places"]
        if self.side == Offer.Side.BUYER or self.refund.state == "disputed":
            del self.fields["is_standing"], self.fields["is_unconditional"]

    def terms(self) -> Terms:
        """What is offered."""
        found = self.cleaned_data
        return Terms(
            kind=found["kind"],
            amount=found.get("amount") or 0,
            places=found.get("places") or (),
            listing=found.get("listing"),
            is_standing=found.get("is_standing", False),
            is_unconditional=found.get("is_unconditional", False),
            text=found.get("text", ""),
        )


class LastWordForm(OfferForm):
    """The shop's last word, and what it offers with it, if anything."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        none = [("", _("Nothing more"))]
        self.fields["kind"].choices = none + list(self.fields["kind"].choices)  # type: ignore[attr-defined]
        self.fields["kind"].required = False
        self.fields["kind"].label = _("Your final offer")
        self.fields["text"].required = True
        self.fields["text"].label = _("Tell the buyer why, in your own words")


class QuestionForm(NothingVoid, CaseForm):
    """One thing by name."""

    item = forms.ChoiceField(
        label=_("What do you need?"),
        widget=forms.RadioSelect,
        help_text=_("What our own records show is not asked for."),
        error_messages={"required": _("Choose what you ask for.")},
    )
    text = _words(_("Exactly what, and why"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        items = questions.askable(self.refund)
        self.fields["item"].choices = [(item, Question.Item(item).label) for item in items]  # type: ignore[attr-defined]


class AnswerForm(CaseForm):
    """What was asked for, or that there is nothing to add."""

    text = _words(_("Your answer"), required=False)
    file = _file(_("A screenshot or another file"))
    has_nothing = forms.BooleanField(label=_("I have nothing to add"), required=False)

    def clean(self) -> dict[str, Any]:
        """Something must be said."""
        found = super().clean()
        if not self.errors and not (found.get("text") or found.get("file") or found.get("has_nothing")):
            self.add_error(None, _("Add a file, write something, or say that you have nothing to add."))
        return found


class TicketForm(CaseForm):
    """Why the shop needs longer."""

    ticket = forms.CharField(label=_("Number of your supplier's ticket"), max_length=80)


class WordsForm(CaseForm):
    """What the buyer asks the shop for."""

    text = _words(_("What you ask for, and why"))


class RenewForm(CaseForm):
    """What the shop did; codes come out of the stock by themselves."""

    text = _words(_("What you did, and how the buyer can see it"))
    file = _file(_("A file that proves it"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.refund.order.snapshot.listing.has_codes():
            del self.fields["text"], self.fields["file"]


class BadAgainForm(CaseForm):
    """What is wrong with the new one."""

    text = _words(_("What happened this time"), required=False)
    file = _file(_("A screenshot or another file"))


class TakeForm(CaseForm):
    """Which offer is taken."""

    offer = forms.IntegerField(widget=forms.HiddenInput)


def kinds_for(refund: Refund) -> list[Offer.Kind]:
    """What can be offered for goods like these, at this stage."""
    kind = refund.order.snapshot.listing.kind
    money = [Offer.Kind.FULL, Offer.Kind.PARTIAL, Offer.Kind.LESS_FEE]
    found = [*money, Offer.Kind.REISSUE, Offer.Kind.EXCHANGE]
    if kind == Kind.DIRECT_TOPUP:
        found.append(Offer.Kind.TOP_UP)
    if kind == Kind.MEMBERSHIP:
        found.append(Offer.Kind.EXTEND)
    return [*found, Offer.Kind.MIXED]

"""What people fill in about themselves."""

from typing import Any

from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django import forms
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import User, validate_nickname

#: A code of an authenticator app is valid in its own half minute and in those beside it.
CODE_LIVES = 120


def nickname_field() -> forms.CharField:
    """The question for a nickname."""
    return forms.CharField(
        label=_("Nickname"),
        min_length=2,
        max_length=20,
        validators=[validate_nickname],
        help_text=_("Shown to shops and to the mall's staff instead of your e-mail address."),
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )


class SignUp(forms.Form):
    """What a sign-up asks beside e-mail and password."""

    nickname = nickname_field()
    field_order = ("email", "nickname", "password1")

    def signup(self, request: HttpRequest, user: User) -> None:
        """Called by the sign-in library once the account is there."""
        user.nickname, user.language = self.cleaned_data["nickname"], get_language() or ""
        user.save(update_fields=["nickname", "language"])


class Profile(forms.Form):
    """How somebody is shown and in which language the mall writes to them."""

    nickname = nickname_field()
    language = forms.ChoiceField(
        label=_("Language of mail"), choices=settings.LANGUAGES, help_text=_("Pages follow the switch at the top.")
    )


class OnceOnly(forms.Form):
    """A code of an authenticator app opens one thing once, for as long as it could be valid."""

    user: User

    def clean_code(self) -> str:
        """Refuses a code that was taken before."""
        code: str = super().clean_code()  # type: ignore[misc]
        if not cache.add(f"second-factor:{self.user.pk}:{code.strip()}", True, timeout=CODE_LIVES):
            raise forms.ValidationError(_("This code has been used. Wait for the next one."), code="used")
        return code


class SecondFactor(OnceOnly, AuthenticateForm):
    """The second factor at sign-in."""


class SecondFactorAgain(OnceOnly, ReauthenticateForm):
    """The second factor before a sensitive step."""


def profile_of(user: User, data: Any = None) -> Profile:
    """The form about `user`, filled in as it is now, or with what was sent."""
    return Profile(data, initial={"nickname": user.nickname, "language": user.language or get_language()})

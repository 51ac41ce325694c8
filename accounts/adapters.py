"""How the sign-in library speaks for this mall: whose mail it is, where a request came from, how secrets are kept."""

import io
import time
from typing import Any

import segno
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.internal.httpkit import get_client_ip
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from accounts import personas, sealing, sessions
from accounts.models import User

#: What proves that a person is there: signing in by passkey, by mail link or by cookie does not count.
PROOFS = {"password", "mfa"}


def client_address(request: HttpRequest) -> str | None:
    """Where a request came from: the socket's address, or what the last TRUSTED_PROXY_COUNT proxies say."""
    return get_client_ip(request)


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up, sign-in and mail."""

    def login(self, request: HttpRequest, user: User) -> None:
        """Open a session; its limits count from here, and its key is a new one (Django rotates it)."""
        super().login(request, user)
        sessions.begin(request)

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """A demo login opens nothing outside the demo, even if its row were there."""
        if not settings.DEMO and personas.is_persona(user):
            return self.respond_user_inactive(request, user)
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Somebody who proved who they are less than five minutes ago, by signing in or since, is not asked again."""
        if just_proved(self.request):
            return False
        required: bool = super().is_reauthentication_required(app=app, **kwargs)
        return required

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Mail speaks the language its reader chose, else that of the page that caused it."""
        reader = context.get("user") or User.objects.filter(email=email.lower()).first()
        with translation.override(getattr(reader, "language", "") or translation.get_language()):
            super().send_mail(template_prefix, email, {"username": "", **context})

    def send_account_already_exists_mail(self, email: str) -> None:
        """Takes as long as a true sign-up, so that time does not tell who has an account."""
        make_password("for the time it takes")
        super().send_account_already_exists_mail(email)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors."""

    def encrypt(self, text: str) -> str:
        """Secrets of second factors and recovery codes are sealed."""
        return sealing.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Counterpart of `encrypt`."""
        return sealing.unseal(encrypted_text)

    def build_totp_svg(self, url: str) -> str:
        """The picture for an authenticator app, on white, so that it can be read in the dark theme too."""
        picture = io.BytesIO()
        segno.make(url, error="m").save(picture, kind="svg", scale=4, border=4, light="#fff")
        return picture.getvalue().decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Staff keep at least one second factor."""
        strong = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
        others = Authenticator.objects.filter(user=authenticator.user, type__in=strong).exclude(pk=authenticator.pk)
        return others.exists() or not authenticator.user.is_mall_staff

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """What a security key shows as the place it opens."""
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return {**entity, "name": "Kamen"}


def just_proved(request: HttpRequest) -> bool:
    """Whether the person of this session gave a password or a second factor within the last five minutes."""
    records = get_authentication_records(request, request.user if request.user.is_authenticated else None)
    last = max((record["at"] for record in records if record["method"] in PROOFS), default=0.0)
    return bool(time.time() - last < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)


def has_second_factor(user: User) -> bool:
    """Whether a second factor is asked of `user` at each sign-in; recovery codes alone are none."""
    strong = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return Authenticator.objects.filter(user=user, type__in=strong).exists()


def display_name(user: User) -> str:
    """How pages and mail name somebody: never by e-mail."""
    return user.display_name

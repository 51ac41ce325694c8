"""The people of the demo: one login for each place in the mall, with a password and a second factor for anybody.

They exist in the demo only. Production does not start while one of them is in the database (kamen/startup.py), and a
persona's sign-in is refused outside the demo in any case.
"""

import time
from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import lifecycle
from accounts.models import Level, Role, User

DOMAIN = "demo.kamen.invalid"
PASSWORD = "kamen-demo"  # noqa: S105
#: Shared by all personas of staff; any authenticator app takes it.
SECRET = "KAMENDEMOKAMENDEMOKAMENDEMOKAMEN"  # noqa: S105


@dataclass(frozen=True)
class Persona:
    """Somebody a newcomer can be: `part` says in a word what there is to see."""

    name: str
    nickname: str
    part: str | Promise
    level: str = Level.M0
    role: str = ""

    @property
    def email(self) -> str:
        """Sign-in of the persona."""
        return f"{self.name}@{DOMAIN}"


PERSONAS = [
    Persona("buyer", "小林", _("Buyer, new"), Level.M0),
    Persona("regular", "阿青", _("Buyer, regular"), Level.M2),
    Persona("patron", "老周", _("Buyer, long-standing"), Level.M4),
    Persona("shop", "星河点卡", _("Shop owner")),
    Persona("shop2", "南山数码", _("Shop owner, second shop")),
    Persona("lead", "梁主管", _("Lead"), role=Role.LEAD),
    Persona("agent", "小何", _("Agent"), role=Role.AGENT),
    Persona("arbiter", "方审理", _("Arbiter"), role=Role.ARBITER),
    Persona("senior", "严复核", _("Senior arbiter"), role=Role.SENIOR),
    Persona("finance", "钱会计", _("Finance"), role=Role.FINANCE),
    Persona("finance2", "秦出纳", _("Finance, second signature"), role=Role.FINANCE),
    Persona("risk", "石风控", _("Risk"), role=Role.RISK),
    Persona("auditor", "沈审计", _("Auditor"), role=Role.AUDITOR),
    Persona("counsel", "文法务", _("Legal reviewer"), role=Role.COUNSEL),
]


@transaction.atomic
def seed_personas(*, at: datetime) -> dict[str, User]:
    """Make sure that all personas are there as described, by name; any number of times."""
    people: dict[str, User] = {}
    for persona in PERSONAS:
        user = User.objects.filter(email=persona.email).first()
        if user is None:
            user = User.objects.create_user(persona.email, PASSWORD, nickname=persona.nickname, joined_at=at)
        EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
        lifecycle.set_level(user, persona.level, reason="demo", at=at)
        if persona.role and not user.has_role(persona.role):
            lifecycle.grant(user, persona.role, by=people.get("lead"), at=at)
        if persona.role:
            give_second_factor(user)
        people[persona.name] = user
    return people


def give_second_factor(user: User) -> None:
    """Set up the second factor that anybody may know, for somebody who has none."""
    if not Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
        totp.TOTP.activate(user, SECRET)


def present() -> list[str]:
    """The sign-ins of demo people that are in the database."""
    return list(User.objects.filter(email__endswith=f"@{DOMAIN}").order_by("email").values_list("email", flat=True))


def is_persona(user: User) -> bool:
    """Whether this is one of the demo's people."""
    return user.email.endswith(f"@{DOMAIN}")


def current_code() -> str:
    """The second factor of every persona of staff, right now."""
    counter = int(time.time()) // mfa_settings.TOTP_PERIOD
    code: str = totp.format_hotp_value(totp.hotp_value(SECRET, counter))
    return code

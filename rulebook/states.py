"""The machine of a rulebook version, on one screen."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from timeline.machines import Machine


class VersionState(models.TextChoices):
    """What a sign on a version of the rulebook would say."""

    DRAFT = "draft", _("Draft")
    SIGNING = "signing", _("Waiting for the second person")
    ANNOUNCED = "announced", _("Announced")
    IN_FORCE = "in_force", _("In force")
    SUPERSEDED = "superseded", _("Superseded")
    WITHDRAWN = "withdrawn", _("Taken back")


RULEBOOK = Machine(
    name="rulebook",
    states=VersionState,
    first=VersionState.DRAFT,
    steps={
        # The version Kamen ships with is in force from the first start on: there is nobody to announce it to.
        VersionState.DRAFT: {VersionState.SIGNING, VersionState.WITHDRAWN, VersionState.IN_FORCE},
        VersionState.SIGNING: {VersionState.ANNOUNCED, VersionState.DRAFT, VersionState.WITHDRAWN},
        # Straight to superseded: a later one came into force first, because the clocks were looked at late.
        VersionState.ANNOUNCED: {VersionState.IN_FORCE, VersionState.SUPERSEDED, VersionState.WITHDRAWN},
        VersionState.IN_FORCE: {VersionState.SUPERSEDED},
    },
    owners={
        VersionState.DRAFT: "rule staff",
        VersionState.SIGNING: "a second person",
        VersionState.ANNOUNCED: "system",
        VersionState.IN_FORCE: "system",
    },
    limits={VersionState.SIGNING: "SIGN", VersionState.ANNOUNCED: "RULE_NOTICE"},
    patient={
        VersionState.DRAFT: "binds nobody until it is announced",
        VersionState.IN_FORCE: "rules until a later version comes into force",
    },
)

#: States of versions that everybody can read and that can no longer change.
PUBLISHED = frozenset({VersionState.ANNOUNCED, VersionState.IN_FORCE, VersionState.SUPERSEDED})

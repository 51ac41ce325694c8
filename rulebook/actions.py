"""What somebody can do with a version right now: the questions that the verbs ask, for pages and the API alike."""

from datetime import datetime
from typing import Any

from rulebook.lifecycle import is_rule_staff
from rulebook.models import RulebookVersion
from rulebook.states import VersionState


def open_to(version: RulebookVersion, user: Any, *, at: datetime) -> list[str]:
    """The names of the verbs that would not refuse, in the order in which they are usually wanted."""
    if not is_rule_staff(user):
        return []
    if version.state == VersionState.DRAFT:
        return ["propose", "replay", "revise", "withdraw"]
    if version.state == VersionState.SIGNING:
        is_second = user.pk not in (version.author_id, version.proposed_by_id)
        signs = is_second and not version.is_overdue(at)
        return [*(["sign"] if signs else []), "send_back", "replay", "withdraw"]
    if version.state == VersionState.ANNOUNCED and not version.rules_at(at):
        return ["replay", "withdraw"]
    return []

"""Who hears what somebody who is suspended says against it, and until when an answer is due."""

from datetime import timedelta

from accounts.models import Role

#: Whoever may suspend somebody answers for another one who did.
HEARING = frozenset({Role.LEAD, Role.RISK})
#: A person answers within this; then those who keep the house hear of it (`desks.house`).
ANSWERED = timedelta(hours=24)

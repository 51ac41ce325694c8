"""The daily run over what has had its time: step by step, in small transactions, on record; it can be repeated.

One thing that fails is named with the kind of its fault and never blocks the rest: the run's row says so on the desk
and to the monitor (`desks.house`) until a run goes through. The vault closed stops what needs it, and nothing else.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.db import transaction
from django.db.models import QuerySet

from disputes.models import RulingDraft
from orders.models import Reveal
from privacy import exports, files
from privacy.models import Run
from refunds.models import ClaimDraft
from reputation.models import Trace
from shops import papers
from shops.models import Application, Licence, Member, Particulars, Payee, Shop, Supplier
from shops.states import ApplicationState, DepositState
from shops.vault import VaultClosed
from timeline.spans import SHANGHAI

log = logging.getLogger(__name__)

#: Where somebody came from is kept for half a year (Cybersecurity Law), then emptied.
NETWORK = timedelta(days=180)
#: What was begun and not filed.
DRAFTS = timedelta(days=30)
#: A run that has not ended after so long does not end any more.
RUNS = timedelta(hours=2)
#: So many rows in one transaction, and so many sales or keys in one run of a step.
AT_ONCE, MOST = 500, 5_000
#: What stands where a shop's people stood.
GONE_MAIL, GONE = "erased@erased.invalid", "［已删除］"
PARTY = {"legal_name": GONE, "legal_address": GONE, "contact_email": GONE_MAIL, "contact_phone": ""}
#: An application that came to nothing is kept for so long, in case somebody asks why.
CAME_TO_NOTHING = timedelta(days=180)


def run(*, at: datetime, most: int = MOST) -> Run:
    """Do everything that is due at `at`; the row that comes back says what was done and what failed."""
    found = Run.objects.create(began_at=at)
    for name, step in STEPS.items():
        try:
            found.counts[name] = step(at, most, found.faults)
        except VaultClosed:
            found.faults.append(f"{name}: the vault is closed")
        except Exception as error:
            log.exception("the step %s of the daily run failed", name)
            found.faults.append(f"{name}: {type(error).__name__}")
    found.ended_at = at
    found.save(update_fields=["counts", "faults", "ended_at"])
    return found


def faults(at: datetime) -> list[str]:
    """What the last run could not do, in words of ours; that it did not end counts, too."""
    last = Run.objects.order_by("-pk").first()
    if last is None:
        return []
    is_broken_off = last.ended_at is None and last.began_at <= at - RUNS
    return [*last.faults, *(["run: broken off"] if is_broken_off else [])]


def _each(ids: Iterable[int], act: Callable[..., Any], at: datetime, faults: list[str], name: str) -> int:
    """Act on each in a transaction of its own; returns how many it acted on."""
    done = 0
    for pk in ids:
        try:
            done += bool(act(pk, at=at))
        except VaultClosed:
            raise
        except Exception as error:
            log.exception("%s of %s failed", name, pk)
            faults.append(f"{name} {pk}: {type(error).__name__}")
    return done


def _put_away(at: datetime, most: int, faults: list[str]) -> int:
    ids = list(files.to_put_away(at).values_list("pk", flat=True)[:most])
    return _each(ids, files.put_away, at, faults, "put_away")


def _destroy(at: datetime, most: int, faults: list[str]) -> int:
    ids = list(files.to_destroy(at).values_list("pk", flat=True)[:most])
    return _each(ids, files.destroy, at, faults, "destroy")


def _finish(at: datetime, most: int, faults: list[str]) -> int:
    ids = list(files.to_finish(at).values_list("pk", flat=True)[:most])
    return _each(ids, files.finish, at, faults, "finish")


def _networks(at: datetime, most: int, faults: list[str]) -> int:
    before, done = at - NETWORK, 0
    old = Reveal.objects.filter(at__lte=before).exclude(address_prefix="", session_hash="", agent_hash="")
    while done < most and (part := list(old.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])):
        done += Reveal.objects.filter(pk__in=part).update(address_prefix="", session_hash="", agent_hash="")
    for table in (AccessAttempt, AccessFailureLog, AccessLog):
        done += table.objects.filter(attempt_time__lte=before).delete()[0]
    # A session lives for two weeks: what nobody was seen with for half a year signs nobody in any more.
    return done + UserSession.objects.filter(last_seen_at__lte=before).delete()[0]


def _links(at: datetime, most: int, faults: list[str]) -> int:
    return int(Trace.objects.filter(first_at__lte=at - NETWORK).delete()[0])


def _drafts(at: datetime, most: int, faults: list[str]) -> int:
    claims = ClaimDraft.objects.filter(at__lte=at - DRAFTS).delete()[0]
    return int(claims + RulingDraft.objects.filter(at__lte=at - DRAFTS).delete()[0])


def _exports(at: datetime, most: int, faults: list[str]) -> int:
    return exports.expire(at=at)


def _shops(at: datetime, most: int, faults: list[str]) -> int:
    """Who stood behind a shop whose deposit went back three years ago."""
    day = at.astimezone(SHANGHAI)
    before = day.replace(year=day.year - files.YEARS, day=min(day.day, 28))
    left = Shop.objects.filter(deposit__state=DepositState.RETURNED, deposit__entered_at__lte=before)
    left = left.exclude(owner__holds__in=files.Hold.objects.live())
    return _each(left.order_by("pk").values_list("pk", flat=True)[:most], _forget_shop, at, faults, "shops")


def _applications(at: datetime, most: int, faults: list[str]) -> int:
    """Who wanted to open a shop and did not: their words, the numbers of their papers, and the papers themselves."""
    over = Application.objects.filter(state__in=sorted(Application.machine.terminal), shop=None)
    over = over.filter(entered_at__lte=at - CAME_TO_NOTHING).exclude(legal_name=GONE)
    over = over.exclude(applicant__holds__in=files.Hold.objects.live())
    return _each(
        over.order_by("pk").values_list("pk", flat=True)[:most], _forget_application, at, faults, "applications"
    )


@transaction.atomic
def _forget_application(pk: int, *, at: datetime) -> int:
    done = Application.objects.filter(pk=pk).update(**PARTY, about=GONE, appeal="")
    return int(done + _forget_papers(Licence.objects.filter(application=pk, shop=None)))


def forget_applications(user: Any, *, at: datetime) -> int:
    """Somebody is erased: what they said and showed to open a shop that never was, but what is being looked at now.

    Part of a verb that has locked the person.
    """
    left = [*sorted(Application.machine.terminal), ApplicationState.DRAFT]
    theirs = Application.objects.filter(applicant=user, shop=None, state__in=left).exclude(legal_name=GONE)
    return sum(_forget_application(pk, at=at) for pk in theirs.order_by("pk").values_list("pk", flat=True))


def _forget_papers(found: QuerySet[Licence]) -> int:
    """Overwrite the numbers of papers, and take their files away once nobody else gave the same."""
    found = found.exclude(name=GONE)
    hashes = set(found.order_by().values_list("sha256", flat=True))
    done = found.update(number=GONE, tail="", name=GONE)
    kept = set(Licence.objects.filter(sha256__in=hashes).exclude(name=GONE).order_by().values_list("sha256", flat=True))
    for sha256 in sorted(hashes - kept):
        transaction.on_commit(partial(papers.destroy, sha256))
    return done


@transaction.atomic
def _forget_shop(shop_id: int, *, at: datetime) -> int:
    done = Particulars.objects.filter(shop=shop_id).exclude(legal_name=GONE).update(**PARTY)
    done += Application.objects.filter(shop=shop_id).exclude(legal_name=GONE).update(**PARTY, about=GONE, appeal="")
    done += _forget_papers(Licence.objects.filter(shop=shop_id))
    done += Payee.objects.filter(shop=shop_id).exclude(holder=GONE).update(account=GONE, holder=GONE)
    done += Supplier.objects.filter(shop=shop_id).exclude(contact="").update(contact="")
    for member in Member.objects.filter(shop=shop_id).exclude(email__endswith="@erased.invalid").order_by("pk"):
        done += Member.objects.filter(pk=member.pk).update(email=f"erased-{member.pk}@erased.invalid")
    return done


#: The steps by name, in their order: what is put away today is not destroyed today.
STEPS: dict[str, Callable[[datetime, int, list[str]], int]] = {
    "networks": _networks,
    "links": _links,
    "drafts": _drafts,
    "exports": _exports,
    "shops": _shops,
    "applications": _applications,
    "destroyed": _destroy,
    "finished": _finish,
    "put_away": _put_away,
}

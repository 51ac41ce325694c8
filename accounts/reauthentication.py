"""Sensitive steps ask for the password or the second factor again, unless it was given within the last five minutes.

On a page: `@fresh` on the view; a person is asked and then led back to what they were doing. In the API, where nobody
can be asked in between: `require_fresh(request)` refuses with `reauthentication_required`.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.adapters import just_proved
from timeline.refusals import require

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def is_fresh(request: HttpRequest) -> bool:
    """Whether the person of this session proved who they are within the last five minutes."""
    return request.user.is_authenticated and (just_proved(request) or did_recently_reauthenticate(request))


def fresh(view: View[P]) -> View[P]:
    """The view opens only to somebody who has just proved who they are; others are asked first."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not is_fresh(request):
            raise ReauthenticationRequired
        return view(request, *args, **kwargs)

    return guarded


def require_fresh(request: HttpRequest) -> None:
    """Go on only for somebody who has just proved who they are; else `Refused`."""
    require(
        is_fresh(request), "reauthentication_required", _("Confirm on the sign-in pages that it is you, then repeat.")
    )

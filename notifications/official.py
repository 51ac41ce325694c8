"""The code of every official message: whoever was written to can check on a public page that it was us.

A code is the number of a notice with a seal of this mall's key, in sixteen letters that are not mistaken for each
other: nobody can make one up, and nothing has to be kept. It opens nothing.
"""

import re

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from notifications.models import Notification

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U
#: Bits of the number and of its seal; eighty together are sixteen letters.
NUMBER, SEAL = 36, 44
SALT = "kamen official message"


def code_of(notice: Notification) -> str:
    """The code under which a notice is known: `KM-9F2K-…`."""
    return _written(notice.pk << SEAL | _seal(notice.pk, settings.SECRET_KEY))


def find(code: str) -> Notification | None:
    """The notice that a code belongs to; nothing if it is none of ours."""
    plain = re.sub(r"[^0-9A-Z]", "", code.upper()).removeprefix("KM")
    plain = plain.replace("O", "0").replace("I", "1").replace("L", "1")
    if len(plain) != 16 or set(plain) - set(LETTERS):
        return None
    value = 0
    for letter in plain:
        value = value << 5 | LETTERS.index(letter)
    pk, seal = value >> SEAL, value & ((1 << SEAL) - 1)
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if not any(constant_time_compare(str(seal), str(_seal(pk, key))) for key in keys):
        return None
    return Notification.objects.select_related("event").filter(pk=pk).first()


def _seal(pk: int, key: str | bytes) -> int:
    digest = salted_hmac(SALT, str(pk), secret=key, algorithm="sha256").digest()
    return int.from_bytes(digest[:8], "big") & ((1 << SEAL) - 1)


def _written(value: int) -> str:
    letters = "".join(LETTERS[value >> (5 * place) & 31] for place in reversed(range(16)))
    return "KM-" + "-".join(letters[place : place + 4] for place in range(0, 16, 4))

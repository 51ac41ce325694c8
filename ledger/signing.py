"""The mall's signature: one Ed25519 key for everything that others must be able to check without us.

Anchors, rulings and evidence bundles are signed with it. Texts are UTF-8; keys and signatures are base64url without
padding.
"""

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

#: The demo's key begins like this, so that production knows it for one.
DEMO_KEY = "demo-"


def sign(text: str) -> str:
    """Our signature under exactly this text."""
    return _text(_signing_key().sign(text.encode()))


def public_key() -> str:
    """The key by which others can check what we sign."""
    return _text(_signing_key().public_key().public_bytes_raw())


def trusted_keys() -> set[str]:
    """Ours, and those we had before."""
    return {public_key(), *settings.ANCHOR_PUBLIC_KEYS}


def holds(text: str, signature: str, key: str) -> bool:
    """Whether whoever has the private half of `key` signed exactly this text. Says nothing of whose key it is."""
    try:
        Ed25519PublicKey.from_public_bytes(_bytes(key)).verify(_bytes(signature), text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _signing_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_key_bytes(settings.ANCHOR_KEY))


def _key_bytes(text: str) -> bytes:
    try:
        raw = _bytes(text.removeprefix(DEMO_KEY))
    except ValueError:
        raw = b""
    if len(raw) != 32:
        raise ImproperlyConfigured("ANCHOR_KEY is not 32 random bytes in base64url.")
    return raw


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("no base64url") from error


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")

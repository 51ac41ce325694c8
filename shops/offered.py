"""What shops can offer here: accounts of games only where the operator has switched them on, for their legal risk."""

from django.conf import settings

from shops.models import Kind

OFFERED = [
    Kind.ACTIVATION_CODE,
    Kind.POINT_CARD,
    Kind.DIRECT_TOPUP,
    Kind.MEMBERSHIP,
    Kind.CUSTOM_SERVICE,
    *([Kind.GAME_ACCOUNT] if settings.GAME_ACCOUNTS_ON_SALE else []),
]

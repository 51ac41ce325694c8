"""Which law stands behind a reason and behind a statutory row: an act and an article, as `ACT:article`."""

from collections.abc import Mapping
from types import MappingProxyType

#: By reason.
REASONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "NOT_DELIVERED": ("ECOMMERCE:20", "CIVIL_CODE:577", "CIVIL_CODE:563"),
        "LATE_DELIVERY": ("ECOMMERCE:20", "CIVIL_CODE:577", "CIVIL_CODE:585"),
        "OUT_OF_STOCK": ("CONSUMER:8", "CIVIL_CODE:563"),
        "PARTIAL_DELIVERY": ("CIVIL_CODE:582",),
        "WRONG_ITEM": ("CONSUMER:24", "CIVIL_CODE:582"),
        "PLATFORM_OUTAGE": ("ECOMMERCE:30", "CIVIL_CODE:577"),
        "DUPLICATE_CHARGE": ("CIVIL_CODE:985", "ECOMMERCE:55"),
        "DUPLICATE_TOPUP": ("CIVIL_CODE:985",),
        "CODE_INVALID": ("CONSUMER:24",),
        "CODE_ALREADY_USED": ("CIVIL_PROCEDURE:91", "CIVIL_EVIDENCE:95"),
        "CODE_EXPIRED": ("CONSUMER:23",),
        "FACE_VALUE_SHORT": ("CONSUMER:23", "CIVIL_CODE:582"),
        "NOT_AS_DESCRIBED": ("CONSUMER:20", "CONSUMER:23", "CONSUMER:24"),
        "REGION_MISMATCH": ("CONSUMER:8", "CONSUMER:20"),
        "MEMBERSHIP_NOT_ACTIVATED": ("CIVIL_CODE:577",),
        "MEMBERSHIP_INTERRUPTED": ("CIVIL_CODE:566", "PREPAID:22"),
        "SERVICE_SHORTFALL": ("CIVIL_CODE:582",),
        "FRAUD": ("CONSUMER:55", "PENALTIES:16"),
        "ACCOUNT_RECOVERED": ("CIVIL_CODE:577", "CIVIL_CODE:584"),
        "ACCOUNT_MISMATCH": ("CONSUMER:23",),
        "ACCOUNT_BANNED_PRE": ("CIVIL_CODE:617",),
        "ACCOUNT_BANNED_POST": ("CIVIL_CODE:592",),
        "UPSTREAM_BAN": ("CIVIL_CODE:593", "CIVIL_CODE:592"),
        "UPSTREAM_OUTAGE": ("CIVIL_CODE:593",),
        "CODE_REVOKED": ("CONSUMER:24", "CIVIL_CODE:612", "CIVIL_CODE:613"),
        "FORCE_MAJEURE": ("CIVIL_CODE:180", "CIVIL_CODE:563", "CIVIL_CODE:590"),
        "BUYER_MISTAKE": ("CIVIL_CODE:147",),
        "CHANGE_OF_MIND": ("CONSUMER:25",),
        "BUYER_DEVICE": ("CONSUMER:20",),
        "MINOR_PURCHASE": ("CIVIL_CODE:19", "CIVIL_CODE:20", "CIVIL_CODE:145", "CIVIL_CODE:157", "MINORS_ONLINE:44"),
        "UNAUTHORIZED_PAYMENT": ("ECOMMERCE:57",),
        "ILLEGAL_GOODS": ("CIVIL_CODE:153", "CIVIL_CODE:157", "ECOMMERCE:13", "ECOMMERCE:29"),
        "SELLER_ABSCONDED": ("CONSUMER:44",),
        "PRICE_DISPUTE": ("PRICES:", "ONLINE_CONSUMPTION:10"),
    }
)

#: By rule, in front of the reason's: what makes a row statutory.
RULES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "MX-32L": ("CONSUMER:25",),
        "MX-36P": ("PREPAID:",),
    }
)

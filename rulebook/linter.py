"""The clause linter: which words of a shop's text are void in law, forbidden here, or too vague to count. Pure.

The list is data (`rulebook/data/clauses.json`): per clause its patterns, the reason with its legal source, and a better
wording in both languages. A text is read as people read it: spaces, punctuation, full-width and traditional forms hide
nothing. Void terms count as if unwritten (rules: precedence 1): no text ever reaches the engine, the linter only keeps
them from being published. What people say in a conversation is never checked.
"""

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data" / "clauses.json"

TRADITIONAL = (
    "換釋終歸賣買貨虛擬開補償責擔負無與關後將須視頻錄證據實際為準發僅購訴訟條權過時內評價違約罰詢聯繫係線轉賬帳匯請認說話個態問題質圖碼"
    "號單訂員會動確額爭議決絕對應該給還錢費續損壞風險網絡機電體復複優遊戲點啟啓鎖顯書簽籤規則變隨調處樣類別兩產異運營維護層級紅獎勵獲"
    "從來們這裡裏邊頁詳細貼歲滿壓實觀賞贈餘種錯誤僞偽禁舉報執選擇測驗檢壞報"
)
SIMPLIFIED = (
    "换释终归卖买货虚拟开补偿责担负无与关后将须视频录证据实际为准发仅购诉讼条权过时内评价违约罚询联系系线转账账汇请认说话个态问题质图码"
    "号单订员会动确额争议决绝对应该给还钱费续损坏风险网络机电体复复优游戏点启启锁显书签签规则变随调处样类别两产异运营维护层级红奖励获"
    "从来们这里里边页详细贴岁满压实观赏赠余种错误伪伪禁举报执选择测验检坏报"
)
FOLDED = dict(zip(TRADITIONAL, SIMPLIFIED, strict=True)) | {"伍": "五", "捌": "八", "蹆": "退", "俬": "私"}


class Category(StrEnum):
    """What is wrong with a clause."""

    VOID = "void"  # the law takes it as if unwritten
    FORBIDDEN = "forbidden"  # the mall or the law does not allow it on a listing or in a decline
    VAGUE = "vague"  # allowed, but it promises nothing and is read against who wrote it


class Use(StrEnum):
    """What a text is for. A decline speaks of one case, so it may say that nothing goes back there."""

    LISTING = "listing"
    DECLINE = "decline"


@dataclass(frozen=True, slots=True)
class Clause:
    """One kind of clause; `only` names the one use it is looked for in, if it is not empty.

    `why` and `instead` are by language (`zh`, `en`); `basis` are legal sources as `ACT:article`.
    """

    id: str
    category: Category
    patterns: tuple[re.Pattern[str], ...]
    only: str
    basis: tuple[str, ...]
    why: dict[str, str]
    instead: dict[str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """A clause found in a text, from `start` up to `end` of the text as it was written."""

    clause: Clause
    start: int
    end: int
    quote: str

    @property
    def is_blocking(self) -> bool:
        """Whether a text with it is refused; vague words only warn."""
        return self.clause.category is not Category.VAGUE


@cache
def clauses() -> tuple[Clause, ...]:
    """The list, read once."""
    found = json.loads(DATA.read_text(encoding="utf-8"))["clauses"]
    return tuple(
        Clause(
            id=each["id"],
            category=Category(each["category"]),
            patterns=tuple(re.compile(pattern) for pattern in each["patterns"]),
            only=each.get("only", ""),
            basis=tuple(each["basis"]),
            why=dict(each["why"]),
            instead=dict(each["instead"]),
        )
        for each in found
    )


def lint(text: str, use: Use = Use.LISTING) -> tuple[Finding, ...]:
    """Everything questionable in `text`, in the order of the text; of findings that overlap, the gravest stays."""
    read, places = folded(text)
    found = [
        Finding(clause, places[match.start()], places[match.end() - 1] + 1, "")
        for clause in clauses()
        if clause.only in ("", use)
        for pattern in clause.patterns
        for match in pattern.finditer(read)
        if match.end() > match.start()
    ]
    kept: list[Finding] = []
    for each in sorted(found, key=_gravest_first):
        if all(each.end <= other.start or other.end <= each.start for other in kept):
            kept.append(each)
    return tuple(
        Finding(each.clause, each.start, each.end, text[each.start : each.end])
        for each in sorted(kept, key=lambda each: each.start)
    )


def blocking(text: str, use: Use = Use.LISTING) -> tuple[Finding, ...]:
    """The findings for which a text is refused."""
    return tuple(each for each in lint(text, use) if each.is_blocking)


def folded(text: str) -> tuple[str, list[int]]:
    """The text as it is matched, only letters and digits in one form, and where each of them stood."""
    read: list[str] = []
    places: list[int] = []
    for place, sign in enumerate(text):
        for part in unicodedata.normalize("NFKC", sign).casefold():
            if unicodedata.category(part)[0] in "LN" or part == "%":
                read.append(FOLDED.get(part, part))
                places.append(place)
    return "".join(read), places


GRAVITY = (Category.FORBIDDEN, Category.VOID, Category.VAGUE)


def _gravest_first(found: Finding) -> tuple[bool, int, int]:
    return (not found.is_blocking, found.start - found.end, GRAVITY.index(found.clause.category))


def sources(found: Iterable[Finding]) -> tuple[str, ...]:
    """The legal sources behind some findings, each once."""
    return tuple(dict.fromkeys(basis for each in found for basis in each.clause.basis))

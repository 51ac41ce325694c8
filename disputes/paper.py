"""Papers: PDF with their fonts inside, written in Chinese. The same facts make the same bytes."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import cast

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import MethodReturnValue
from fpdf.fonts import TTFFont

from timeline.spans import SHANGHAI

#: It tells each glyph that it cuts out.
logging.getLogger("fontTools").setLevel(logging.WARNING)

FONTS = Path(__file__).resolve().parent / "fonts"
TEXT, SMALL, HEAD, TITLE = 10.5, 8.5, 13, 19
LINE = 6.2
INK, MUTED, RULE = (23, 32, 42), (86, 96, 107), (190, 186, 175)


class Paper(FPDF):
    """A sheet that is written from top to bottom: title, headings, paragraphs, pairs, tables."""

    def __init__(self, *, title: str, foot: str, at: datetime) -> None:
        super().__init__(format="A4")
        self.foot = foot
        self.add_font("latin", "", FONTS / "latin.ttf")
        self.add_font("han", "", FONTS / "han.ttf")
        self.set_fallback_fonts(["han"])
        self.set_creation_date(at)
        self.set_title(title)
        self.set_author("卡门 Kamen")
        self.set_lang("zh-CN")
        self.set_margins(20, 18, 20)
        self.set_auto_page_break(True, margin=22)
        self.set_font("latin", size=TEXT)
        self.add_page()

    def footer(self) -> None:
        """Whose paper it is, on each page."""
        self.set_y(-15)
        self.set_font("latin", size=SMALL)
        self.set_text_color(*MUTED)
        self.cell(0, 5, f"{self.foot} · {self.page_no()}", align="C")
        self.set_text_color(*INK)

    def heading(self, text: str, *, room: float = 24) -> None:
        """The head of a section, never alone at the foot of a page: where less than `room` mm are left, on the next."""
        if self.will_page_break(room):
            self.add_page()
        self.ln(3)
        self._say(text, HEAD, 8)

    def top(self, text: str, under: str = "") -> None:
        """The title of the paper."""
        self._say(text, TITLE, 11)
        if under:
            self.small(under)

    def say(self, text: str) -> None:
        """A paragraph; its line breaks are kept."""
        self._say(text, TEXT, LINE)

    def small(self, text: str) -> None:
        """What matters less."""
        self.set_text_color(*MUTED)
        self._say(text, SMALL, 5)
        self.set_text_color(*INK)

    def pairs(self, found: Iterable[tuple[str, str]]) -> None:
        """What is what, a line each."""
        self.grid([], found, widths=(28, 72))

    def grid(self, head: Sequence[str], rows: Iterable[Sequence[str]], *, widths: Sequence[int]) -> None:
        """A table; `widths` are parts of the line."""
        self.set_font("latin", size=TEXT - 1)
        self.set_draw_color(*RULE)
        lines = list(rows)
        if not lines:
            return
        with self.table(
            width=int(self.epw),
            col_widths=tuple(widths),
            line_height=5.6,
            padding=1,
            borders_layout="HORIZONTAL_LINES",
            first_row_as_headings=False,
            text_align="LEFT",
        ) as table:
            for row in [head, *lines] if head else lines:
                table.row([readable(cell) for cell in row])
        self.set_font("latin", size=TEXT)
        self.ln(2)

    def bytes(self) -> bytes:
        """The finished paper."""
        found = bytes(self.output())
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()
        return found

    def _say(self, text: str, size: float, height: float) -> None:
        self.set_font("latin", size=size)
        for paragraph in readable(text).split("\n"):
            # Line by line, each with its size said anew: after a sign of the other font, fpdf takes it for said.
            lines = self.multi_cell(0, height, paragraph, dry_run=True, output=MethodReturnValue.LINES)
            for line in cast("list[str]", lines):
                self.set_font("han", size=size)
                self.set_font("latin", size=size)
                self.cell(0, height, line, new_x="LMARGIN", new_y="NEXT", align="L")
        self.set_font("latin", size=TEXT)


def readable(text: str) -> str:
    """What the fonts have a shape for: anything else is written as its number, never left out."""
    known = _known()
    return "".join(letter if ord(letter) in known or letter == "\n" else f"[U+{ord(letter):04X}]" for letter in text)


def yuan(amount: int) -> str:
    """Fen as a sum in yuan: ¥1,234.50."""
    sign = "-" if amount < 0 else ""
    return f"{sign}¥{abs(amount) // 100:,}.{abs(amount) % 100:02}"


def hour(at: datetime | None) -> str:
    """A time in Beijing, with its offset."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S} (UTC+8)" if at else "—"


@cache
def _known() -> frozenset[int]:
    """Every character that one of the two fonts has."""
    found: set[int] = set()
    for name in ("latin", "han"):
        with TTFont(FONTS / f"{name}.ttf", lazy=True) as font:
            found |= set(font.getBestCmap())
    return frozenset(found)

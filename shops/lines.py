"""What shops send in, read line by line: which encoding it is in, which parts a line has, and what is wrong with it.

Pure: it knows neither the database nor the vault. A complaint is a word, never a piece of the line.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

#: The longest code that is kept, with its PIN.
LONGEST_CODE = 200
#: Between a code and its PIN, or an account and its password, as the trade writes them. The first part is who it is.
BETWEEN = "----"
#: Programs that open a list of codes take a cell that begins like this for a formula.
FORMULA = ("=", "+", "-", "@")
#: What a first line calls its columns, if it does.
HEADERS = {
    *(
        "卡密",
        "卡号",
        "卡号密码",
        "激活码",
        "兑换码",
        "序列号",
        "账号",
        "帐号",
        "code",
        "codes",
        "card",
        "cdkey",
        "key",
    ),
    *("serial", "account", "username", "user"),
}
DAY = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?")
TEXT_IN_A_SHEET = re.compile(r'="([^"]*)"')


class Unreadable(Exception):
    """The bytes are no text in any encoding that shops use."""


@dataclass(frozen=True)
class Line:
    """One line, judged: its place from 1, and either the code with its last good day, or what is wrong (`problem`)."""

    place: int
    code: str = field(default="", repr=False)
    last_day: date | None = None
    problem: str = ""


def decoded(content: bytes) -> tuple[str, str]:
    """The text and the name of its encoding: UTF-8 and UTF-16, with a mark or without, else GB18030 (with it GBK)."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return _strictly(content, encoding), encoding
    half = len(content) // 2
    if half and len(content) % 2 == 0:
        for zeros, encoding in ((content[1::2], "utf-16-le"), (content[0::2], "utf-16-be")):
            if zeros.count(0) * 2 > half:
                return _strictly(content, encoding), encoding
    for encoding in ("utf-8", "gb18030"):
        try:
            text = _strictly(content, encoding)
        except Unreadable:
            continue
        return text, encoding
    raise Unreadable


def judged(text: str, *, form: str, identity: Callable[[str], bytes]) -> list[Line]:
    """Every line that has something on it, in order. `identity` tells the same code again, however it is typed.

    Problems: `too_long`, `not_visible`, `formula`, `malformed`, `bad_date`, `repeated`.
    """
    found: list[Line] = []
    seen: set[bytes] = set()
    for place, line in _filled(text):
        if not found and _cells(line, form)[0].strip().casefold() in HEADERS:
            continue
        one = judge(line, place=place, form=form)
        if one.code:
            who = identity(one.code)
            if who in seen:
                one = Line(place, problem="repeated")
            seen.add(who)
        found.append(one)
    return found


def judge(line: str, *, place: int, form: str) -> Line:
    """One line of a batch of this `form` (`code`, `code_pin`, `account`), with a last good day behind it or without."""
    if len(line) > 2 * LONGEST_CODE:
        return Line(place, problem="too_long")
    cells = [_unwrapped(cell) for cell in _cells(line, form)]
    if any(not cell.isprintable() for cell in cells):
        return Line(place, problem="not_visible")
    if any(cell.startswith(FORMULA) for cell in cells):
        return Line(place, problem="formula")
    parts = 1 if form == "code" else 2
    is_other_form = form == "code" and BETWEEN in line
    if is_other_form or len(cells) not in {parts, parts + 1} or not all(cells[:parts]):
        return Line(place, problem="malformed")
    last_day = None
    if len(cells) > parts:
        last_day = day_in(cells[parts])
        if last_day is None:
            return Line(place, problem="bad_date")
    code = BETWEEN.join(cells[:parts])
    if len(code) > LONGEST_CODE:
        return Line(place, problem="too_long")
    return Line(place, code=code, last_day=last_day)


def day_in(text: str) -> date | None:
    """The day that a cell names: `2027-01-31`, `2027/1/31`, `20270131`, `2027年1月31日`."""
    found = DAY.fullmatch(text.strip())
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def _filled(text: str) -> Iterator[tuple[int, str]]:
    """Lines with something on them, by their place from 1. Only the marks of line ends end a line."""
    for place, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        if line.strip().strip(",;\t"):
            yield place, line.strip(" ")


def _cells(line: str, form: str) -> list[str]:
    """The parts of a line, whatever stands between them; empty ones at its end do not count."""
    line = line.strip().lstrip("\ufeff")
    if BETWEEN in line:
        cells = re.split(f"{BETWEEN}|[,\t]", line)
    elif "\t" in line:
        cells = line.split("\t")
    elif "," in line or line.startswith('"'):
        try:
            cells = next(csv.reader([line], strict=True))
        except csv.Error:
            cells = ["", "", "", ""]  # an open quotation mark: malformed under every form
    elif "|" in line:
        cells = line.split("|")
    elif form != "code" and len(line.split()) in {2, 3}:
        cells = line.split()
    else:
        cells = [line]
    while len(cells) > 1 and not cells[-1].strip():
        cells.pop()
    return cells


def _unwrapped(cell: str) -> str:
    """A cell without blanks around it; a number that a sheet was told to keep as text (`="0012"`) is that text."""
    cell = cell.strip()
    found = TEXT_IN_A_SHEET.fullmatch(cell)
    return found[1].strip() if found else cell


def _strictly(content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable from None
    if "\x00" in text:
        raise Unreadable
    return text

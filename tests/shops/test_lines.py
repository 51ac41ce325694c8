"""What shops send in is read as they wrote it: any usual encoding, any usual way to separate parts."""

from datetime import date

import pytest

from shops import lines

TEXT = "卡号,密码\nA-1,11\nB-2,22\n"


def identity(code):
    return code.partition("----")[0].encode()


def read(text, form="code"):
    return [(one.place, one.code or one.problem) for one in lines.judged(text, form=form, identity=identity)]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (TEXT.encode("gbk"), "gb18030"),
        (TEXT.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
        ("A-1,11\nB-2,22\n".encode("utf-16-le"), "utf-16-le"),
        ("A-1,11\nB-2,22\n".encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_every_usual_encoding_is_recognized(content, encoding):
    text, found = lines.decoded(content)
    assert found == encoding
    assert [code for _place, code in read(text, "code_pin")] == ["A-1----11", "B-2----22"]


@pytest.mark.parametrize(
    "content", [b"\xff\xff\xff", b"A\x00B-1\nCCC", b"\xff\xfeA", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"]
)
def test_what_is_no_text_is_not_guessed_at(content):
    with pytest.raises(lines.Unreadable):
        lines.decoded(content)


@pytest.mark.parametrize(
    ("line", "form", "expected"),
    [
        ("XH7Q-0001", "code", "XH7Q-0001"),
        ("  XH7Q-0001 \t", "code", "XH7Q-0001"),
        ('="00123"', "code", "00123"),
        ('"XH7Q,0001"', "code", "XH7Q,0001"),
        ("A B C", "code", "A B C"),
        ("A----B", "code", "malformed"),
        ("A,B", "code", "bad_date"),
        ("A,2027-02-30", "code", "bad_date"),
        ("A,B,C", "code", "malformed"),
        ('"A', "code", "malformed"),
        ("A----11", "code_pin", "A----11"),
        ("A,11", "code_pin", "A----11"),
        ("A\t11", "code_pin", "A----11"),
        ("A 11", "code_pin", "A----11"),
        ("A|11", "code_pin", "A----11"),
        ("A----11----2027/1/31", "code_pin", "A----11"),
        ("user@mall.example----pass word", "account", "user@mall.example----pass word"),
        ("A", "code_pin", "malformed"),
        ("A,", "account", "malformed"),
        ("A----B----C----D", "account", "malformed"),
        ("=HYPERLINK(1)", "code", "formula"),
        ("@SUM(A1)", "code", "formula"),
        ("+49123", "code", "formula"),
        ("A,=1+1", "code_pin", "formula"),
        ("A\u200bB", "code", "not_visible"),
        ("A\x07B", "code", "not_visible"),
        ("x" * 201, "code", "too_long"),
        ("x" * 5_000, "code", "too_long"),
        (f"{'x' * 150},{'y' * 60}", "code_pin", "too_long"),
    ],
)
def test_a_line_is_a_code_or_has_one_reason(line, form, expected):
    assert read(f"{line}\n", form) == [(1, expected)]


def test_lines_keep_their_numbers_and_the_head_of_a_table_is_skipped():
    assert read("激活码,有效期\r\n\r\nA,2027-01-31\rB\n,,\nA\n") == [(3, "A"), (4, "B"), (6, "repeated")]


@pytest.mark.parametrize("text", ["2027-01-31", "2027/1/31", "20270131", "2027年1月31日", "2027.01.31"])
def test_a_day_is_read_as_people_write_it(text):
    assert lines.day_in(text) == date(2027, 1, 31)


def test_a_judged_line_does_not_show_its_code():
    (one,) = lines.judged("SECRET-0001", form="code", identity=identity)
    assert one.code == "SECRET-0001"
    assert "SECRET" not in repr(one)

"""No word for people stands outside gettext: templates and Python are read, and what is said plainly is found."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

HOUSE = Path(settings.BASE_DIR)
#: The contract is in English, whoever reads it, and its page says so with `lang`.
TEMPLATES = sorted(path for path in (HOUSE / "templates").rglob("*.html") if path.name != "docs_of.html")
#: Names are no words of a language.
NAMES = re.compile(
    r"Kamen|卡门|\bAPI\b|\bEN\b|中文|12315|OpenAPI|\bZIP\b|\bPDF\b|\bCSV\b|\bJSON\b|\bMX\b|\bSHA-?256\b|\bHTTP\b|κ"
)
WORD = re.compile(r"[A-Za-z]{2,}|[\u4e00-\u9fff]")
READ_OUT = re.compile(r"""\s(?:aria-label|aria-description|title|alt|placeholder|data-label)=(?:"([^"]*)"|'([^']*)')""")
UNSAID = [
    r"{#.*?#}",
    r"{% comment %}.*?{% endcomment %}",
    r"{% blocktranslate\b.*?{% endblocktranslate %}",
    r"{% block page_class %}.*?{% endblock",
    r"{%.*?%}",
    r"{{.*?}}",
    r"<(script|style|code|kbd|pre)\b.*?</\1>",
    r"<!--.*?-->",
    r"<!doctype[^>]*>",
]
#: Where a call says something to people: its name, and which of its arguments that is.
SAID: dict[str, tuple[int, ...]] = {
    "require": (2,),
    "Refused": (1,),
    "ValidationError": (0,),
    **{f"messages.{how}": (1,) for how in ("success", "info", "warning", "error")},
}
LABELLED = re.compile(r"^(forms\.\w+Field|serializers?\.\w+Choice)$")
SOURCES = sorted(path for room in [*settings.ROOMS, "kamen"] for path in (HOUSE / room).rglob("*.py"))
#: Written for the demo, for developers, or read as data: what these say is no word of a page.
APART = re.compile(r"migrations|management|_of_the_demo|sandbox|samples\.py|settings|invariants\.py")


def plain(source: str) -> Iterator[str]:
    """What a template says to people without gettext."""
    for pattern in UNSAID:
        source = re.sub(pattern, " ", source, flags=re.DOTALL | re.IGNORECASE)
    source = re.sub(r"<(\w+)(?=[^>]*\slang=)[^>]*>.*?</\1>", " ", source, flags=re.DOTALL)
    said = [*re.split(r"<[^>]*>", source), *("".join(each) for each in READ_OUT.findall(source))]
    for each in said:
        if WORD.search(re.sub(r"&\w+;", " ", NAMES.sub(" ", each))):
            yield " ".join(each.split())


def said_plainly(source: str) -> Iterator[tuple[int, str]]:
    """What Python says to people without gettext: the line, and the words."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        told = [node.args[place] for place in SAID.get(name, ()) if place < len(node.args)]
        if LABELLED.match(name):
            told += [each.value for each in node.keywords if each.arg in {"label", "help_text"}]
        for each in told:
            parts = [each.left if isinstance(each, ast.BinOp) else each]
            for part in parts:
                if isinstance(part, ast.JoinedStr) or (
                    isinstance(part, ast.Constant) and isinstance(part.value, str) and WORD.search(part.value)
                ):
                    yield node.lineno, ast.unparse(part)


def test_no_template_says_a_word_outside_gettext() -> None:
    assert len(TEMPLATES) > 100
    found = [f"{path.relative_to(HOUSE)}: {each}" for path in TEMPLATES for each in plain(path.read_text())]
    assert not found, "\n".join(found)


def test_no_verb_form_or_page_says_a_word_outside_gettext() -> None:
    paths = [path for path in SOURCES if not APART.search(str(path.relative_to(HOUSE)))]
    found = [
        f"{path.relative_to(HOUSE)}:{line}: {words}" for path in paths for line, words in said_plainly(path.read_text())
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "<p>Your money</p>",
        "<p>您的款项</p>",
        '<button aria-label="Close">{% include "x" %}</button>',
        "{% if a %}<p>{{ sum }} left</p>{% endif %}",
    ],
)
def test_a_plain_word_on_a_page_is_found(source: str) -> None:
    assert list(plain(source))


@pytest.mark.parametrize(
    "source",
    [
        '<p>{% translate "Your money" %} · {{ sum }}</p>',
        "<p>{% blocktranslate %}{{ sum }} left{% endblocktranslate %}</p>",
        '<p lang="en">As everywhere</p>',
        '<a class="button plain" href="/x/">{{ word }}</a>',
    ],
)
def test_a_word_that_is_translated_is_not(source: str) -> None:
    assert not list(plain(source))


def test_a_plain_word_of_a_verb_is_found() -> None:
    assert list(said_plainly('require(ok, "wrong_moment", "Too late.")'))
    assert list(said_plainly('messages.success(request, f"{count} are in the vault.")'))
    assert not list(said_plainly('require(ok, "wrong_moment", _("Too late."))'))

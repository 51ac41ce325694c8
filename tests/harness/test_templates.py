"""A template that names what it was not given fails in a test."""

from pathlib import Path

import django
import pytest
from django.template import Context, Engine

from tests.strictness import NOTHING, UndefinedVariable


class Shop:
    """Stands for a thing of the mall."""

    name = "星河点卡"
    is_open = True

    def delete(self) -> None:
        raise AssertionError("called from a template")

    delete.alters_data = True  # type: ignore[attr-defined]


def render(source, **context):
    engine = Engine(
        loaders=[
            (
                "django.template.loaders.locmem.Loader",
                {
                    "page.html": source,
                    "part.html": "{{ given }}",
                    "frame.html": "{% block body %}{{ title }}{% endblock %}",
                },
            )
        ],
        libraries={"i18n": "django.templatetags.i18n"},
        builtins=["django.templatetags.i18n"],
        string_if_invalid=NOTHING,
    )
    return engine.get_template("page.html").render(Context({"shop": Shop(), "rows": [], "facts": {}, **context}))


@pytest.mark.parametrize(
    "source",
    [
        "{{ missing }}",
        "{{ shop.nmae }}",
        "{{ facts.missing }}",
        "{{ shop.delete }}",
        "{{ missing|upper }}",
        "{{ missing|default_if_none:'–' }}",
        "{{ shop.name|default:missing }}",
        "{% if shop.name|default:missing %}{% endif %}",
        "{% if shop.is_opn %}{% endif %}",
        "{% if not shop.is_opn %}{% endif %}",
        "{{ shop.nmae|default:'–' }}",
        "{% for row in missing %}{% endfor %}",
        "{% for row in shop.rows %}{% empty %}{% endfor %}",
        "{% regroup missing by day as days %}",
        "{% with a=missing %}{% endwith %}",
        "{% include 'part.html' %}",
        "{% include 'part.html' with given=missing %}",
        "{% include 'part.html' with given=shop.name only %}{% include 'part.html' only %}",
        "{% extends 'frame.html' %}",
        "{% extends 'frame.html' %}{% block body %}{{ missing }}{% endblock %}",
        "{% blocktranslate %}Pay {{ missing }}{% endblocktranslate %}",
        "{% blocktranslate with a=missing %}Pay {{ a }}{% endblocktranslate %}",
        "{% blocktranslate count n=2 %}{{ missing }}{% plural %}{{ n }}{% endblocktranslate %}",
    ],
)
def test_an_undefined_variable_fails(source):
    with pytest.raises(UndefinedVariable):
        render(source)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ shop.name }}", "星河点卡"),
        ("{% if missing %}yes{% else %}no{% endif %}", "no"),
        ("{% if facts.missing %}yes{% else %}no{% endif %}", "no"),
        ("{% if shop.is_open and not missing %}open{% endif %}", "open"),
        ("{{ missing|default:'–' }}", "–"),
        ("{{ missing|upper|default:'–' }}", "–"),
        ("{% firstof missing shop.name %}", "星河点卡"),
        ("{% for row in rows %}{% empty %}none{% endfor %}", "none"),
        ("{% for row in missing|default:rows %}{% empty %}none{% endfor %}", "none"),
        ("{% include 'part.html' with given=shop.name %}", "星河点卡"),
        ("{% extends 'frame.html' %}{% block body %}{{ shop.name }}{% endblock %}", "星河点卡"),
        ("{% blocktranslate with a=shop.name %}Pay {{ a }}{% endblocktranslate %}", "Pay 星河点卡"),
        ("{% blocktranslate count n=2 %}one{% plural %}{{ n }} cards{% endblocktranslate %}", "2 cards"),
        ("{{ None }}", "None"),
    ],
)
def test_what_is_asked_or_defined_is_shown(source, shown):
    assert render(source) == shown


def test_the_failure_says_what_and_where():
    with pytest.raises(UndefinedVariable, match=r"{{ shop\.nmae }} is undefined in page\.html: Shop has no 'nmae'"):
        render("{{ shop.nmae }}")


def test_templates_of_packages_are_left_alone():
    theirs = Path(django.__file__).parent / "forms/templates"
    engine = Engine(dirs=[str(theirs)], string_if_invalid=NOTHING)
    page = engine.get_template("django/forms/errors/list/ul.html")
    assert "{{ error_class }}" in page.source
    assert page.render(Context({"errors": ["Pay first."]})) == '<ul class=""><li>Pay first.</li></ul>'

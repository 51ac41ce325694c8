"""What the clause linter found, told to people: why a text is refused or doubtful, by which law, and what to write."""

from typing import Any

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rulebook import explanations
from rulebook.linter import Category, Finding

#: How a finding looks: word, icon, tone.
CATEGORIES: dict[Category, tuple[Promise, str, str]] = {
    Category.VOID: (gettext_lazy("void in law"), "ban", "vermilion"),
    Category.FORBIDDEN: (gettext_lazy("forbidden"), "octagon-alert", "vermilion"),
    Category.VAGUE: (gettext_lazy("too vague"), "triangle-alert", "amber"),
}


def language() -> str:
    """The language of data that is kept in both: `zh` or `en`."""
    return "zh" if (translation.get_language() or "").startswith("zh") else "en"


def shown(found: Finding) -> dict[str, Any]:
    """A finding for pages and for machines, in the reader's language."""
    word, icon, tone = CATEGORIES[found.clause.category]
    return {
        "clause": found.clause.id,
        "category": found.clause.category.value,
        "start": found.start,
        "end": found.end,
        "quote": found.quote,
        "word": word,
        "icon": icon,
        "tone": tone,
        "why": found.clause.why[language()],
        "instead": found.clause.instead[language()],
        "law": [explanations.source(source) for source in found.clause.basis],
        "is_blocking": found.is_blocking,
    }


def sentence(found: Finding) -> str:
    """A finding as one sentence: what stands there, what is wrong with it, and a better wording."""
    told = shown(found)
    return _("“%(quote)s” is %(word)s. %(why)s (%(law)s) Write instead: %(instead)s") % {
        **told,
        "law": _("; ").join(told["law"]),
    }

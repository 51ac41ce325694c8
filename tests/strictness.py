"""A Django that forgives less: what production would let pass quietly is an error in a test.

- An undefined variable in a template of ours fails, wherever it stands: printed, in a filter's argument, looped over,
  handed to an include, inside a translated block. Where a template asks (`{% if %}`, `{% firstof %}`, `|default`),
  a name that is missing as a whole may be missing; a misspelled attribute of a thing that is there may not.
- A query that does not say its order gets its rows in any order.
- `select_for_update` over several tables must say `of=`, or it locks what nobody meant.
"""

import copy
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models.expressions import OrderBy
from django.db.models.functions import Random
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.constants import MULTI
from django.forms import BaseForm
from django.template import base, defaultfilters, defaulttags, engines
from django.template.context import BaseContext
from django.templatetags import i18n


class UndefinedVariable(BaseException):
    """A template names what its view did not give it.

    No `Exception`, because `{% if %}` takes any of those inside its operators for a quiet no.
    """


class UnclearLock(Exception):
    """A query locks rows of several tables without saying which it means."""


def be_strict() -> None:
    """Make this process's Django strict, once, before the first template is read."""
    for backend in engines.all():
        backend.engine.string_if_invalid = NOTHING  # type: ignore[attr-defined]
    base.Parser.compile_filter = lambda self, token: StrictExpression(token, self)  # type: ignore[method-assign]
    defaulttags.ForNode.__init__ = _demand("sequence", defaulttags.ForNode.__init__)  # type: ignore[method-assign]
    defaulttags.RegroupNode.__init__ = _demand("target", defaulttags.RegroupNode.__init__)  # type: ignore[method-assign]
    i18n.BlockTranslateNode.render = _strict_block(i18n.BlockTranslateNode.render)  # type: ignore[method-assign]
    SQLCompiler.execute_sql = _shuffled(SQLCompiler.execute_sql)  # type: ignore[method-assign]
    SQLCompiler._order_by_pairs = _any_order(SQLCompiler._order_by_pairs)  # type: ignore[method-assign]
    SQLCompiler.get_select_for_update_of_arguments = _clear_lock(  # type: ignore[method-assign]
        SQLCompiler.get_select_for_update_of_arguments
    )


# Templates


class Nothing(str):
    """What Django puts in the place of something undefined: empty, and recognizable."""

    __slots__ = ()


NOTHING = Nothing()
#: In these, a key that is missing is an answer, not a mistake.
OPEN = (BaseContext, Mapping, Sequence, BaseForm, type(None))


class StrictExpression(base.FilterExpression):
    """A variable of a template with its filters, that knows where it stands."""

    __slots__ = ("origin", "ours")

    def __init__(self, token: str, parser: Any) -> None:
        super().__init__(token, parser)
        self.origin = parser.origin
        self.ours = is_ours(parser.origin)

    def resolve(self, context: Any, ignore_failures: bool = False) -> Any:
        """As Django's own, except that undefined things fail in our templates."""
        if not self.ours:
            return super().resolve(context, ignore_failures)
        try:
            if not self.is_var:
                return super().resolve(context, ignore_failures)
            known = copy.copy(self)
            known.var, known.is_var = self._value(context, ignore_failures), False
            return base.FilterExpression.resolve(known, context)
        except base.VariableDoesNotExist as error:  # of a filter's argument
            raise self._undefined(str(error)) from error

    def _value(self, context: Any, ignore_failures: bool) -> Any:
        may_be_missing = ignore_failures or any(function is defaultfilters.default for function, _args in self.filters)
        try:
            found = self.var.resolve(context)
        except base.VariableDoesNotExist as error:
            asked = error.params[1]
            if not may_be_missing or not isinstance(asked, OPEN):
                raise self._undefined(f"{type(asked).__name__} has no {error.params[0]!r}") from error
            return None if ignore_failures else NOTHING
        if found is NOTHING and not may_be_missing:
            raise self._undefined("it does not exist, or must not be called from a template")
        return found

    def _undefined(self, why: str) -> UndefinedVariable:
        return UndefinedVariable(f"{{{{ {self.token} }}}} is undefined in {self.origin}: {why}.")


class Demanded:
    """An expression that must be there even where Django would take its absence for an empty list."""

    def __init__(self, expression: Any) -> None:
        self.expression = expression

    def __str__(self) -> str:
        return str(self.expression)

    def resolve(self, context: Any, ignore_failures: bool = False) -> Any:
        return self.expression.resolve(context, ignore_failures and not self.expression.ours)


def is_ours(origin: Any) -> bool:
    """Whether a template is the mall's own (a string in a test, too), and not of a package."""
    path = Path(str.__str__(origin.name))  # of a safe string, a plain one
    if not path.is_absolute():
        return True
    return path.is_relative_to(settings.BASE_DIR) and not {"site-packages", ".venv"} & set(path.parts)


def _demand(attribute: str, original: Any) -> Any:
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        original(self, *args, **kwargs)
        setattr(self, attribute, Demanded(getattr(self, attribute)))

    return __init__


def _strict_block(original: Any) -> Any:
    def render(self: Any, context: Any, nested: bool = False) -> Any:
        if is_ours(self.origin):
            for token in [*self.singular, *(self.plural or [])]:
                name = token.contents
                known = name in context or name in self.extra_context or name == self.countervar
                if token.token_type == base.TokenType.VAR and not known:
                    raise UndefinedVariable(f"{{{{ {name} }}}} is undefined in a translated block of {self.origin}.")
        return original(self, context, nested)

    return render


# Queries


def _shuffled(original: Any) -> Any:
    def execute_sql(self: Any, result_type: Any = MULTI, chunked_fetch: bool = False, **kwargs: Any) -> Any:
        query = self.query
        whole = result_type == MULTI and not query.subquery
        # The database can shuffle all but these itself; they must order by a column that they select.
        only_columns = query.distinct or query.combinator
        self.in_any_order = whole and not only_columns
        rows = original(self, result_type, chunked_fetch=chunked_fetch, **kwargs)
        if whole and only_columns and not chunked_fetch and rows and not _says_its_order(query):
            rows = [[row for chunk in rows for row in chunk]]
            random.shuffle(rows[0])
        return rows

    return execute_sql


def _any_order(original: Any) -> Any:
    def _order_by_pairs(self: Any) -> Iterator[Any]:
        pairs = list(original(self))
        if not pairs and getattr(self, "in_any_order", False):
            pairs = [(OrderBy(Random()), False)]
        return iter(pairs)

    return _order_by_pairs


def _says_its_order(query: Any) -> bool:
    return bool(query.order_by or query.extra_order_by or (query.default_ordering and query.get_meta().ordering))


def _clear_lock(original: Any) -> Any:
    def get_select_for_update_of_arguments(self: Any) -> Any:
        joined = [alias for alias, uses in self.query.alias_refcount.items() if uses]
        if len(joined) > 1 and not self.query.select_for_update_of:
            raise UnclearLock(
                f"This locks rows of {', '.join(joined)}; say which you mean: select_for_update(of=('self',))."
            )
        return original(self)

    return get_select_for_update_of_arguments

"""How money is written on every page: fen in, `¥123.45` out."""

from django import template

register = template.Library()


@register.filter
def yuan(amount: int) -> str:
    """`amount` fen as the mall writes it, `¥1,234.50`; with a true minus sign. Only whole fen, never floats."""
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise TypeError(f"Money is whole fen, not {amount!r}.")
    whole, fen = divmod(abs(amount), 100)
    return f"{'−' if amount < 0 else ''}¥{whole:,}.{fen:02}"


@register.filter
def signed_yuan(amount: int) -> str:
    """As `yuan`, with a plus sign before money that arrives."""
    return f"+{yuan(amount)}" if amount > 0 else yuan(amount)

"""Refusals: the one way in which the mall says no."""

from django.utils.functional import Promise


class Refused(Exception):
    """The mall says no, and why.

    `code` is stable and for machines (`not_your_turn`); `sentence` is for the person and says what can be done.
    Pages show the sentence, the API answers 409 `problem+json` with the code. Nothing has been changed.
    """

    def __init__(self, code: str, sentence: str | Promise) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence

    def __str__(self) -> str:
        return f"{self.code}: {self.sentence}"


class TooOften(Refused):
    """The mall says no because it was asked too often; `wait` is after how many seconds it will say yes again."""

    def __init__(self, sentence: str | Promise, *, wait: int, code: str = "too_often") -> None:
        super().__init__(code, sentence)
        self.wait = max(1, wait)


def require(allowed: bool, code: str, sentence: str | Promise) -> None:
    """Go on only if `allowed`; else `Refused` with a stable code and a sentence for the person."""
    if not allowed:
        raise Refused(code, sentence)

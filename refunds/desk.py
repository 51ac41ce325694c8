"""What a shop keeps for its cases: answers written once, and its word in advance on what it pays at once."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from refunds.papers import Answer, Word
from rulebook import linter, terms
from shops.models import MONEY, SERVE, Shop
from timeline import events
from timeline.door import locked, require, verb

MOST_ANSWERS, LONGEST_TITLE, LONGEST_ANSWER = 30, 40, 2_000
#: The most that a shop can promise to pay at once, in fen a case.
MOST_WORD = 100_000
#: What the form proposes to a shop with the mall's badge that never said anything (rules 6.2); it takes its own yes.
PROPOSED_WORD = 5_000


@verb
def keep_answer(shop: Shop, *, title: str, text: str, by: Any, at: datetime) -> Answer:
    """Keep an answer under its title; the same title again replaces the text. `ValidationError` names void terms.

    Refused: `not_your_turn`, `too_many_answers`.
    """
    shop = locked(Shop, shop.pk)
    require(shop.may(by, SERVE), "not_your_turn", _("Only who serves buyers in this shop does this."))
    title, text = title.strip()[:LONGEST_TITLE], text.strip()
    if not title or not text:
        raise ValidationError({"text": ValidationError(_("An answer has a title and a text."), code="required")})
    if len(text) > LONGEST_ANSWER:
        raise ValidationError({"text": ValidationError(_("At most 2,000 characters."), code="too_long")})
    if void := linter.blocking(text, linter.Use.DECLINE):
        raise ValidationError({"text": [ValidationError(terms.sentence(each), code="void_term") for each in void]})
    known = shop.answers.filter(title=title).first()
    require(
        known is not None or shop.answers.count() < MOST_ANSWERS,
        "too_many_answers",
        _("Thirty answers are enough. Let one go first."),
    )
    answer, _new = Answer.objects.update_or_create(shop=shop, title=title, defaults={"text": text, "by": by, "at": at})
    events.record(root=shop.address, subject=shop.address, name="shop.answer_kept", by=by, at=at, data={"title": title})
    return answer


@verb
def drop_answer(answer: Answer, *, by: Any, at: datetime) -> None:
    """An answer is not needed any more; what was said with it stays said. Refused: `not_your_turn`."""
    shop = locked(Shop, answer.shop_id)
    require(shop.may(by, SERVE), "not_your_turn", _("Only who serves buyers in this shop does this."))
    data = {"title": answer.title}
    answer.delete()
    events.record(root=shop.address, subject=shop.address, name="shop.answer_dropped", by=by, at=at, data=data)


@verb
def give_word(shop: Shop, *, most: int, by: Any, at: datetime) -> Word:
    """From now on claims up to `most` fen that our records do not contradict are paid at once; 0 takes the word back.

    What is waiting already is not touched. Refused: `not_your_turn`, `too_much`.
    """
    shop = locked(Shop, shop.pk)
    require(shop.may(by, MONEY), "not_your_turn", _("Only who handles the shop's money says this."))
    require(0 <= most <= MOST_WORD, "too_much", _("At most ¥1,000 a case can be promised in advance."))
    word, _new = Word.objects.update_or_create(shop=shop, defaults={"most": most, "by": by, "at": at})
    events.record(root=shop.address, subject=shop.address, name="shop.word_given", by=by, at=at, data={"most": most})
    return word

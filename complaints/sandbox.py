"""The complaint desks of the sandbox channel: each speaks as its model does, WeChat Pay's and Alipay's.

Paths, fields and states are theirs; what differs is the proof: the sandbox signs with HMAC-SHA256 as in all its talk
(`ledger.sandbox`), where WeChat Pay and Alipay sign with certificates. A real desk is another class of this shape.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from complaints.models import Source, Word
from complaints.outside import Desk, Nudge, PaidThere, Stage, Told
from ledger import sandbox
from ledger.gateways import BadNotice, ChannelDown, ChannelRefused, UnknownChannel
from timeline.spans import SHANGHAI

is_set_up = sandbox.is_set_up
NUMBER = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: Outcomes in which money went back.
PAID = {Word.Outcome.PAID, Word.Outcome.PAID_IN_PART}


class WeChat:
    """Consumer complaints 2.0: PENDING until we answer, PROCESSING until we say that we are done, then PROCESSED."""

    source = Source.WECHAT.value
    home = "/v3/merchant-service/complaints-v2"
    STAGES: ClassVar = {"PENDING": Stage.WAITING, "PROCESSING": Stage.WAITING, "PROCESSED": Stage.DONE}

    def __init__(self, client: sandbox.Sandbox) -> None:
        self.client = client

    def find(self, number: str, *, at: datetime) -> Told | None:
        """The complaint, and what was said in it."""
        found = self.client.ask("GET", f"{self.home}/{number}")
        if not found:
            return None
        history = self.client.ask("GET", f"{self.home}/{number}/negotiation-historys").get("data", [])
        order = _first(found.get("complaint_order_info"))
        state = _text(found, "complaint_state", 40)
        taken_back = any(_text(each, "operate_type", 40) == "USER_CANCEL_COMPLAINT" for each in _list(history))
        if state not in self.STAGES:
            raise ChannelDown(f"no such state: {state}")
        return Told(
            source=self.source,
            number=_same(found.get("complaint_id"), number),
            stage=Stage.TAKEN_BACK if taken_back else self.STAGES[state],
            state=state,
            text=_text(found, "complaint_detail", 4000),
            told_at=_in_our_time(_rfc(found.get("complaint_time")), at),
            trade_no=_text(order, "out_trade_no", 40),
            txn=_text(order, "transaction_id", 80),
            who=phone(_text(found, "payer_phone", 40)),
            demand=_text(found, "problem_description", 200),
            asked=_fen(found.get("apply_refund_amount")),
            asks=_count(found.get("user_complaint_times")),
            said=tuple(_text(each, "out_log_id", 40) for each in _list(history) if each.get("out_log_id")),
            paid=_paid(_list(history)),
        )

    def lately(self) -> list[str]:
        """By the list of complaints."""
        found = self.client.ask("GET", self.home)
        return [_number(each.get("complaint_id")) for each in _list(found.get("data"))]

    def say(self, number: str, text: str, *, key: str) -> None:
        """An answer to the user."""
        self._tell(number, "response", {"response_content": text, "out_log_id": key})

    def finish(self, number: str, *, outcome: str, amount: int, text: str, key: str) -> None:
        """What became of the refund that was asked for, the answer, and that we are done."""
        action = {"action": "APPROVE" if outcome in PAID else "REJECT", "reject_reason": "", "remark": text[:200]}
        if outcome not in PAID:
            action["reject_reason"] = text[:200]
        self._tell(number, "update-refund-progress", action)
        self.say(number, text, key=key)
        self._tell(number, "complete", {})

    def _tell(self, number: str, deed: str, told: dict[str, str]) -> None:
        _require_known(self.client.ask("POST", f"{self.home}/{number}/{deed}", told))

    def read_notice(self, *, path: str, headers: Mapping[str, str], body: bytes) -> Nudge:
        """`COMPLAINT.CREATE` and `COMPLAINT.STATE_CHANGE`."""
        told = self.client.verified(path=path, headers=headers, body=body)
        resource = told.get("resource")
        if not isinstance(resource, dict) or not str(told.get("event_type", "")).startswith("COMPLAINT."):
            raise BadNotice("not about a complaint")
        return _nudge(told.get("id"), resource.get("complaint_id"), resource.get("action_type"))


class Alipay:
    """Trade complaints: MERCHANT_PROCESSING until our feedback, MERCHANT_FEEDBACKED, at last FINISHED or CLOSED."""

    source = Source.ALIPAY.value
    home = "/v3/alipay/merchant/tradecomplain"
    STAGES: ClassVar = {
        "MERCHANT_PROCESSING": Stage.WAITING,
        "MERCHANT_FEEDBACK_OVERTIME": Stage.WAITING,
        "PLATFORM_PROCESSING": Stage.WAITING,
        "MERCHANT_FEEDBACKED": Stage.DONE,
        "FINISHED": Stage.OVER,
        "PLATFORM_FINISH": Stage.OVER,
        "CLOSED": Stage.OVER,
        "CANCELLED": Stage.TAKEN_BACK,
    }

    def __init__(self, client: sandbox.Sandbox) -> None:
        self.client = client

    def find(self, number: str, *, at: datetime) -> Told | None:
        """The complaint with the record of the talk."""
        found = self.client.ask("GET", f"{self.home}/{number}")
        if not found:
            return None
        history = _list(found.get("reply_detail_infos"))
        state = _text(found, "status", 40)
        if state not in self.STAGES:
            raise ChannelDown(f"no such state: {state}")
        return Told(
            source=self.source,
            number=_same(found.get("complain_event_id"), number),
            stage=self.STAGES[state],
            state=state,
            text=_text(found, "content", 4000) or _text(found, "complain_reason", 4000),
            told_at=_in_our_time(_local(found.get("gmt_create")), at),
            trade_no=_text(found, "merchant_order_no", 40),
            txn=_text(found, "trade_no", 80),
            who=phone(_text(found, "phone_no", 40)),
            demand=_text(found, "leaf_category_name", 200),
            asked=_yuan(found.get("complain_amount")),
            asks=1 + sum(_text(each, "replier_role", 20) == "USER" for each in history),
            said=tuple(_text(each, "out_reply_id", 40) for each in history if each.get("out_reply_id")),
            paid=_paid(history),
        )

    def lately(self) -> list[str]:
        """By the list of complaints."""
        found = self.client.ask("POST", f"{self.home}/batchquery", {"page_num": 1, "page_size": 50})
        return [_number(each.get("complain_event_id")) for each in _list(found.get("trade_complain_infos"))]

    def say(self, number: str, text: str, *, key: str) -> None:
        """A word beside the feedback."""
        asked = {"complain_event_id": number, "reply_content": text, "out_reply_id": key}
        _require_known(self.client.ask("POST", f"{self.home}/reply", asked))

    def finish(self, number: str, *, outcome: str, amount: int, text: str, key: str) -> None:
        """Our feedback: `02` says that money went back, `00` anything else."""
        code = "02" if outcome in PAID else "00"
        asked = {"complain_event_id": number, "feedback_code": code, "feedback_content": text, "out_reply_id": key}
        _require_known(self.client.ask("POST", f"{self.home}/feedback", asked))

    def read_notice(self, *, path: str, headers: Mapping[str, str], body: bytes) -> Nudge:
        """A message that a complaint has changed."""
        told = self.client.verified(path=path, headers=headers, body=body)
        content = told.get("biz_content")
        if not isinstance(content, dict) or told.get("msg_method") != "alipay.merchant.tradecomplain.changed":
            raise BadNotice("not about a complaint")
        return _nudge(told.get("notify_id"), content.get("complain_event_id"), content.get("status"))


DESKS: dict[str, type[WeChat] | type[Alipay]] = {WeChat.source: WeChat, Alipay.source: Alipay}


def from_settings(source: str) -> Desk:
    """The desk of a road as the settings name it; `UnknownChannel` where the address or the secret is missing."""
    if source not in DESKS:
        raise UnknownChannel(source)
    return DESKS[source](sandbox.from_settings())


def phone(text: str) -> str:
    """A number of which the first three and the last two digits are left."""
    return f"{text[:3]}****{text[-2:]}" if len(text) > 5 else "****" if text else ""


# What is believed of an answer


def _require_known(answer: dict[str, Any]) -> None:
    if not answer:
        raise ChannelRefused("there is no such complaint there")


def _nudge(event: object, number: object, action: object) -> Nudge:
    for each in (event, number):
        if not isinstance(each, str) or not NUMBER.fullmatch(each):
            raise BadNotice("about nothing")
    return Nudge(str(event), str(number), str(action or "")[:40])


def _number(told: object) -> str:
    if not isinstance(told, str) or not NUMBER.fullmatch(told):
        raise ChannelDown("no number of a complaint")
    return told


def _same(told: object, number: str) -> str:
    if told != number:
        raise ChannelDown("the answer is about another complaint")
    return number


def _text(told: Mapping[str, Any], name: str, longest: int) -> str:
    found = told.get(name)
    return found.strip()[:longest] if isinstance(found, str) else ""


def _list(told: object) -> list[dict[str, Any]]:
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []


def _first(told: object) -> dict[str, Any]:
    return next(iter(_list(told)), {})


def _count(told: object) -> int:
    return told if type(told) is int and told > 0 else 1


def _fen(told: object) -> int | None:
    return told if type(told) is int and 0 < told < 10**12 else None


def _yuan(told: object) -> int | None:
    found = re.fullmatch(r"([0-9]{1,9})(?:\.([0-9]{2}))?", told) if isinstance(told, str) else None
    return int(found[1]) * 100 + int(found[2] or 0) if found else None


def _paid(history: list[dict[str, Any]]) -> tuple[PaidThere, ...]:
    """What the record says that the channel's own staff paid back."""
    found = []
    for each in history:
        reference, amount = each.get("refund_id"), _fen(each.get("refund_amount"))
        if isinstance(reference, str) and NUMBER.fullmatch(reference) and amount:
            found.append(PaidThere(reference, amount))
    return tuple(found)


def _rfc(told: object) -> datetime:
    try:
        found = datetime.fromisoformat(str(told))
    except ValueError as error:
        raise ChannelDown("no time") from error
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


def _local(told: object) -> datetime:
    """A time as Alipay writes it: 2026-11-22 10:00:00, in China."""
    return _rfc(str(told).replace(" ", "T", 1))


def _in_our_time(told: datetime, at: datetime) -> datetime:
    """When it was by the mall's clock, which the demo can move: so long ago as it is by the real one."""
    now = datetime.fromtimestamp(sandbox.real_time(), UTC)
    return at - max(now - told, timedelta(0))

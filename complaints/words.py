"""What we say outside: the result of the mall's own case in a few Chinese sentences, with nothing that must not go out.

Whoever reads it there is a buyer, a channel or an authority in China, so it is Chinese whatever language the mall's
page is read in. Codes are hidden by their fingerprints, telephone numbers and addresses of mail in part.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from complaints.models import Complaint, Source, Word
from disputes import owed, rulings
from disputes.masking import Codes, mail
from disputes.models import Dispute
from disputes.paper import yuan
from ledger.models import Payout, Transfer
from orders.models import Order
from refunds.models import Refund
from refunds.states import RefundState
from timeline.spans import SHANGHAI

#: How many characters the outside takes (WeChat Pay: `response_content`, Alipay: `feedback_content`; paper has room).
LONGEST = {Source.WECHAT: 200, Source.ALIPAY: 200, Source.AUTHORITY: 2000}
#: A no without a case is reasoned in so many characters at least.
SHORTEST_REASON = 20
PHONE = re.compile(r"(?<![0-9])(1[3-9][0-9])([0-9]{6})([0-9]{2})(?![0-9])")
MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
Outcome = Word.Outcome

#: What a case that is not over waits for.
WAITS = {
    RefundState.REQUESTED: "等待店铺答复",
    RefundState.QUESTIONED: "等待您补充材料",
    RefundState.BARGAINING: "双方协商中",
    RefundState.DECLINED: "店铺已答复，等待您决定是否申请平台处理",
    RefundState.REPLACING: "等待店铺补发",
    RefundState.CHECKING: "补发已送达，等待您确认",
    RefundState.DISPUTED: "平台审理中",
    RefundState.APPROVED: "已同意退款，款项退回中",
}


@dataclass(frozen=True)
class Result:
    """What the answer is. `waits_for` says why there is none yet; `needs_reasons`: a person must say why not."""

    outcome: str = ""
    amount: int = 0
    text: str = ""
    waits_for: str = ""
    needs_reasons: bool = False

    @property
    def is_final(self) -> bool:
        """Whether it can be answered with."""
        return bool(self.outcome)


def result_of(complaint: Complaint) -> Result:
    """The internal result: of the case, else of what the channel paid, else that there is no such payment here."""
    refund = complaint.refund
    if refund is not None:
        return _of_case(complaint, refund)
    if paid := sum(complaint.externals.values_list("booked", flat=True)):
        text = f"订单{_order(complaint)}已由支付渠道退款{yuan(paid)}，不再重复退款。"
        return Result(Outcome.PAID, paid, _whole(text))
    if complaint.payment is None and complaint.order is None:
        text = f"经核对，商户单号{complaint.trade_no or '（未提供）'}不是本平台的订单，请核对收款方后再联系我们。"
        return Result(Outcome.NOT_OURS, 0, _whole(text))
    return Result(outcome=Outcome.NOTHING, needs_reasons=True)


def refusal(complaint: Complaint, reasons: str) -> str:
    """A no without a case, with the reasons of whoever says it."""
    return _whole(f"关于订单{_order(complaint)}：{reasons.strip()}")


def first_word(complaint: Complaint) -> str:
    """That it has arrived, which case it belongs to, what that waits for and until when."""
    refund = complaint.refund
    if refund is None:
        return (
            "您好，投诉已收到，我们正在核对订单与交付记录，结果将在此回复。您也可以在卡门的订单页申请退款，进度更快。"
        )
    until = f"，最晚{_hour(refund.deadline_at)}" if refund.deadline_at else ""
    waits = WAITS.get(RefundState(refund.state), "已有结果")
    return (
        f"您好，投诉已收到，并已与售后单{refund.number}合并处理（{waits}{until}）。退款只会支付一次，结果将在此回复。"
    )


def sendable(complaint: Complaint, text: str) -> str:
    """The text as it goes out: no code, no telephone number, no address of mail."""
    hidden = Codes(complaint.order).hidden(text) if complaint.order is not None else text
    hidden = PHONE.sub(r"\1******\3", hidden)
    return MAIL.sub(lambda found: mail(found.group()), hidden).strip()


def digest(text: str) -> str:
    """What makes a text the one that was shown."""
    return hashlib.sha256(text.encode()).hexdigest()


def _of_case(complaint: Complaint, refund: Refund) -> Result:
    dispute = Dispute.objects.filter(refund=refund).first()
    more = dispute.supplemented if dispute else 0
    match RefundState(refund.state):
        case RefundState.REFUNDED:
            left = owed.of_case(refund)
            amount = (refund.approved or 0) + more - left
            if left:
                return _left_owed(refund, dispute, amount, left)
            outcome = Outcome.PAID if amount >= refund.asked else Outcome.PAID_IN_PART
            by = _way_back(refund)
            paper = f"，退款单号{refund.payout.number}" if refund.payout else ""
            text = f"售后单{refund.number}已处理：已退款{yuan(amount)}，{by}{paper}。{_ruled(dispute)}"
            return Result(outcome, amount, _whole(text))
        case RefundState.EXCHANGED:
            return Result(Outcome.REPLACED, 0, _whole(f"售后单{refund.number}已处理：商品已补发，您已确认可用。"))
        case RefundState.REJECTED:
            text = f"售后单{refund.number}经平台审理，不支持退款。{_ruled(dispute)}"
            return Result(Outcome.NOTHING, 0, _whole(text))
        case RefundState.WITHDRAWN:
            return Result(Outcome.TAKEN_BACK, 0, _whole(f"售后单{refund.number}已由您本人撤回，如仍有问题可再次申请。"))
        case RefundState.LAPSED:
            text = f"售后单{refund.number}因未在期限内补充或决定而结束，仍在申请期内的可以再次申请。"
            return Result(Outcome.NOTHING, 0, _whole(text))
    return Result(waits_for=WAITS[RefundState(refund.state)])


def _left_owed(refund: Refund, dispute: Dispute | None, amount: int, left: int) -> Result:
    """Nobody had `left` fen of what was decided: only `amount` went back, and nothing is called paid that was not."""
    still = rulings.chinese(
        lambda: (
            gettext(
                "Nobody had %(amount)s of what order %(order)s gives you back. It stays owed to you and is"
                " collected for you."
            )
            % {"amount": yuan(left), "order": refund.order.number}
        )
    )
    gone = f"已退款{yuan(amount)}，{_way_back(refund)}。" if amount else ""
    text = _whole(f"售后单{refund.number}已处理：{gone}{still}{_ruled(dispute)}")
    return Result(Outcome.PAID_IN_PART if amount else Outcome.NOTHING, amount, text)


def _way_back(refund: Refund) -> str:
    """Which way the money went: by the channel's own doing, as it came, or to the balance.

    There it goes because its way was closed, because the buyer chose it, or because no channel had brought it.
    """
    if refund.outcome == Refund.Outcome.EXTERNAL:
        return "由支付渠道退回"
    payout = refund.payout
    if payout is None:
        return "已退至您的卡门余额"  # nobody had any of it at first; what is collected comes there
    if Transfer.objects.filter(key=f"{payout.address}:to_wallet").exists():
        return "因原支付方式无法退回，已退至您的卡门余额"
    is_there = payout.destination == Payout.Destination.WALLET
    if is_there and refund.order.paid_by != Order.PaidBy.WALLET:
        return "按您的选择退至您的卡门余额" if refund.prefers == Refund.Preference.BALANCE else "已退至您的卡门余额"
    return "按原支付方式退回"


def _ruled(dispute: Dispute | None) -> str:
    """Which ruling it rests on, and where it can be checked."""
    ruling = dispute.rulings.filter(is_final=True, is_superseded=False).first() if dispute else None
    seal = getattr(ruling, "seal", None)
    return f"裁定书编号{seal.number}，已送达双方，可在卡门核验。" if seal else ""


def _whole(text: str) -> str:
    return f"您好，{text}对结果有异议的，可向12315或人民法院寻求救济。"


def _order(complaint: Complaint) -> str:
    order: Order | None = complaint.order
    return order.number if order else complaint.trade_no


def _hour(at: datetime | None) -> str:
    return f"{at.astimezone(SHANGHAI):%m-%d %H:%M}" if at else ""

"""The answer to an authority as a paper: what was complained of, what the mall's case came to, what it rests on."""

from complaints.models import Complaint, Word
from complaints.words import sendable
from disputes.paper import Paper, hour, yuan


def answer_paper(word: Word) -> bytes:
    """The paper of a result; the same facts make the same bytes."""
    complaint: Complaint = word.complaint
    title = f"投诉处理答复 {complaint.outside_number}"
    paper = Paper(title=title, foot=f"卡门 Kamen · {complaint.number} · {word.sha256[:16]}", at=word.at)
    paper.top("投诉处理答复", f"{complaint.get_source_display()} 投诉编号 {complaint.outside_number}")
    paper.heading("投诉")
    order = complaint.order
    paper.pairs(
        [
            ("投诉时间", hour(complaint.told_at)),
            ("投诉人", complaint.who or "—"),
            ("诉求", complaint.demand or "—"),
            ("涉及金额", yuan(complaint.asked) if complaint.asked else "—"),
            ("订单", order.number if order else "未找到对应订单"),
            ("平台案件", complaint.refund.number if complaint.refund else "—"),
        ]
    )
    paper.say(sendable(complaint, complaint.text))
    paper.heading("处理结果")
    paper.pairs([("结果", RESULTS[word.outcome]), ("退款金额", yuan(word.amount)), ("答复时间", hour(word.at))])
    paper.say(word.text)
    paper.heading("说明")
    paper.small(
        "本答复依据平台案件的处理结果作出；同一笔款项只退一次。订单、交付、展示与沟通记录可按案件导出证据包，"
        "包内附 SHA-256 清单与平台签名。卡密不出现在本答复中。"
    )
    paper.small(f"答复文本 SHA-256：{word.sha256}")
    return paper.bytes()


RESULTS: dict[str, str] = {
    Word.Outcome.PAID: "已退款",
    Word.Outcome.PAID_IN_PART: "已部分退款",
    Word.Outcome.REPLACED: "已补发",
    Word.Outcome.NOTHING: "不支持退款，理由如下",
    Word.Outcome.TAKEN_BACK: "买家已撤回",
    Word.Outcome.NOT_OURS: "非本平台交易",
}

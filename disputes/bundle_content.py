"""What stands in an evidence bundle, part by part, as one reader may see it (reference: rules, part 7).

Everything is read from the mall's own records. Who gets which copy decides what is masked: of the other side's person
only the first letter is left for a shop; a regulator and a court read who people are. Codes of the order are never in
it, in no copy. Each file is in the manifest with its hash, and the manifest is signed.
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import translation

from disputes import bundle_papers, evidence, masking, rulings, seal
from disputes.bundle_papers import Told
from disputes.masking import Codes
from disputes.models import Bundle, Dispute, Evidence, Owed, Seal, Side
from disputes.ruling_paper import ruling_paper
from ledger import signing
from ledger.models import Anchor, Payment, Payout, Posting
from orders import attachments
from orders.attachments import FileBroken
from orders.models import Message, Redemption, Reveal, Ticket, Unit, ValidityRecord
from orders.parties import side_of_author
from refunds.models import Refund
from shops import particulars
from shops.models import Particulars, Shop
from timeline import events

#: A frozen format: the offline script reads it.
FORMAT = "kamen-bundle-1"
MANIFEST, SEALED = "manifest.json", "manifest.signature.json"
View = Bundle.View
#: Fields that tell where somebody was; only a court reads them of another person.
TRACES = ("network", "session", "device")
#: What a regulator and a court read, and the two sides do not: who of the staff looked, and what alarmed them.
INSIDE = ("dispute.file_opened", "dispute.alarm", "dispute.second_look", "dispute.bundle_failed")
#: What a side said of how its case was handled: nobody reads it alone, and nothing in a case rests on it.
ALONE = "refund.scored"
#: Times inside a ZIP have no zone; one that never changes keeps the same content the same bytes.
NO_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Part:
    """One file of a bundle: where it lies, what it is, what it proves, and its bytes."""

    path: str
    title: str
    proves: str
    content: bytes
    source: str = "平台系统记录"


def packed(bundle: Bundle, *, at: datetime) -> bytes:
    """The finished ZIP: parts, index, manifest, signature."""
    with translation.override("zh-hans"):
        parts = list(parts_of(bundle, at=at))
        parts.insert(0, _index(bundle, parts))
        return _zipped(bundle, parts, at=at)


def parts_of(bundle: Bundle, *, at: datetime) -> Iterator[Part]:
    """Every part of the case's bundle, in the order of the index."""
    told = gathered(bundle, at=at)
    yield Part("00_cover.pdf", "封面与案情摘要", "当事人、请求、金额、阶段", bundle_papers.cover(told))
    yield from _complaint(told)
    yield Part("02_parties.json", "当事人", "投诉与诉讼主体", _json(told.parties))
    yield from _contract(told)
    yield Part("05_payment/payment.json", "付款与退款记录", "已付金额、渠道、退款情况", _json(told.payment))
    yield Part("06_delivery/delivery.json", "交付与展示记录", "何时交付、何时展示、由谁展示", _json(told.delivery))
    yield Part("07_goods/validity.json", "发行方或上游的答复", "卡密是否有效", _json(told.validity))
    yield Part("08_conversation/messages.json", "订单对话", "双方沟通内容", _json(told.messages))
    yield from _evidence(told)
    yield Part("10_timeline/events.json", "全程时间线（哈希链）", "每一步由谁、何时作出", _json(told.events))
    yield from _rulings(bundle.dispute)
    yield Part("12_ledger/ledger.csv", "资金流水", "款项的实际流向", _csv(told.ledger))
    yield Part("13_statement.pdf", "记录形成说明", "电子数据的真实性与完整性", bundle_papers.how_records_are_made(told))
    script = Path(settings.BASE_DIR) / "static" / "verify" / "kamen_verify.py"
    yield Part("verify/kamen_verify.py", "离线核验脚本", "不依赖平台的核验", script.read_bytes())


def gathered(bundle: Bundle, *, at: datetime) -> Told:
    """Everything the parts are written from, masked for the view of the bundle."""
    dispute = bundle.dispute
    refund, order = dispute.refund, dispute.refund.order
    codes, view = Codes(order), bundle.view
    units = list(order.units.order_by("place"))
    is_open = view == View.COURT
    side = {View.BUYER: Side.BUYER, View.SHOP: Side.SHOP}.get(View(view))

    def shown(value: Any) -> Any:
        """Without codes; and without traces of people, except for a court."""
        return codes.hidden_in(value if is_open or view == View.BUYER else masking.without(value, TRACES))

    return Told(
        bundle=bundle,
        dispute=dispute,
        refund=refund,
        order=order,
        at=at,
        parties=_parties(dispute, view),
        claim=codes.hidden(refund.text),
        snapshot=json.loads(order.snapshot.body),
        payment=_payment(refund),
        delivery=shown(_delivery(units, is_inside=view in {View.REGULATOR, View.COURT})),
        validity=shown(_validity(units)),
        messages=shown(_messages(dispute)),
        file=list(evidence.visible_to(dispute, side, at=at)),
        bodies=shown,
        codes=codes,
        events=_events(dispute, view, shown),
        ledger=list(_ledger(refund)),
        anchor=Anchor.objects.order_by("-day").first(),
        outages=[
            {"scope": row.scope, "began_at": row.began_at.isoformat(), "ended_at": _time(row.ended_at)}
            for row in evidence.outages_of(order).order_by("pk")
        ],
        seals=list(Seal.objects.filter(ruling__dispute=dispute).order_by("pk")),
    )


# The parts


def _complaint(told: Told) -> Iterator[Part]:
    """The text for 12315: claims and facts. What is only a tip about a violation stands apart, as the law has it."""
    if told.bundle.view == View.SHOP:
        return
    if told.bundle.view in {View.BUYER, View.COURT}:
        yield Part("01_court/elements.txt", "起诉状要素", "请求、事实与管辖", _text(bundle_papers.elements(told)))
    complaint = bundle_papers.complaint(told)
    yield Part("01_complaint/12315_complaint.txt", "12315 投诉文本", "请求与事实", _text(complaint))
    yield Part(
        "01_tip/12315_tip.txt", "12315 举报文本（单独提交）", "仅陈述涉嫌违法的事实", _text(bundle_papers.tip(told))
    )


def _contract(told: Told) -> Iterator[Part]:
    order, snapshot = told.order, told.order.snapshot
    terms = {
        "order": order.number,
        "placed_at": _time(order.placed_at),
        "promised_at": _time(order.promised_at),
        "rulebook": order.rulebook_version,
        "snapshot_sha256": snapshot.sha256,
        "acknowledged_at": _time(snapshot.acknowledged_at),
    }
    yield Part("03_contract/order.json", "订单与适用规则", "合同成立与条款", _json(terms))
    yield Part("03_contract/snapshot.json", "下单时的商品快照（原文）", "承诺的内容", _text(snapshot.body))
    yield Part("03_contract/notice.txt", "下单时确认的告知", "买家看到并确认的告知", _text(snapshot.notice_text))
    yield Part("03_contract/rules.txt", "本案适用的规则条文", "处理依据", _text(bundle_papers.rules(told)))


def _evidence(told: Told) -> Iterator[Part]:
    """The file item by item: our records and statements as text, what people gave to the byte and as a viewing copy."""
    for place, piece in enumerate(told.file, start=1):
        title = f"{Evidence.Kind(piece.kind).label} {piece.title}".strip()
        source = str(Side(piece.side).label)
        head = {
            "place": place,
            "kind": piece.kind,
            "side": piece.side,
            "grade": piece.grade,
            "is_late": piece.is_late,
            "at": piece.at.isoformat(),
            "sha256": piece.sha256,
        }
        if piece.attachment is None:
            said = told.bodies(piece.data)
            whole = {**head, "is_masked": said != piece.data, "data": said}
            yield Part(f"09_evidence/{place:02}-{piece.kind}.json", title, "见内容", _json(whole), source)
            continue
        yield Part(f"09_evidence/{place:02}-file.json", title, "见文件", _json({**head, **piece.data}), source)
        yield from _files_of(told, place, piece, title, source)


def _files_of(told: Told, place: int, piece: Evidence, title: str, source: str) -> Iterator[Part]:
    """The original, unless it is text in which a code stands; and of an image the copy that people see."""
    given = piece.attachment
    assert given is not None  # noqa: S101 - asked by the caller
    try:
        original = attachments.original(given)
    except FileBroken:
        gone = f"编号 {place} 的原件缺失或与登记的 SHA-256 不符：{piece.sha256}\n"
        yield Part(f"09_evidence/{place:02}-missing.txt", f"{title}（原件缺失）", "如实说明", _text(gone), source)
        return
    name = f"{place:02}-{given.pk}{_ending(given.media_type)}"
    if given.media_type == "text/plain":
        text = original.decode("utf-8-sig", "replace")
        if (masked := told.codes.hidden(text)) != text:
            yield Part(f"09_evidence/masked/{name}", f"{title}（已隐去卡密）", "见内容", _text(masked), source)
            return
    yield Part(f"09_evidence/originals/{name}", f"{title}（原件）", "见内容", original, source)
    if attachments.is_image(given):
        copy, media_type = attachments.shown(given)
        path = f"09_evidence/viewing/{place:02}-{given.pk}{_ending(media_type)}"
        yield Part(path, f"{title}（查看副本）", "便于阅读，不含元数据", copy, source)


def _rulings(dispute: Dispute) -> Iterator[Part]:
    for found in Seal.objects.filter(ruling__dispute=dispute).order_by("pk"):
        path = f"rulings/{found.number}"
        yield Part(f"{path}.json", f"裁定 {found.number}（可核验）", "处理结果与理由", _json(seal.file_of(found)))
        yield Part(f"{path}.pdf", f"裁定 {found.number}", "处理结果与理由", ruling_paper(found))


def _index(bundle: Bundle, parts: list[Part]) -> Part:
    """The table of evidence, as courts want it."""
    head = ["序号", "文件", "名称", "来源", "证明目的", "原件或副本", "SHA-256"]
    rows = [
        [str(place), each.path, each.title, each.source, each.proves, _copy_or_not(each), _sha256(each.content)]
        for place, each in enumerate(parts, start=1)
    ]
    return Part("15_index.csv", "证据目录", "目录", _csv([head, *rows]))


def _zipped(bundle: Bundle, parts: list[Part], *, at: datetime) -> bytes:
    last = Anchor.objects.order_by("-day").first()
    manifest = {
        "format": FORMAT,
        "mall": settings.PUBLIC_ADDRESS,
        "bundle": bundle.number,
        "dispute": bundle.dispute.number,
        "view": bundle.view,
        "asked_at": bundle.asked_at.isoformat(),
        "made_at": at.isoformat(),
        "chain_head": _head_of(bundle.dispute),
        "last_anchor": {"day": last.day.isoformat(), "root": last.root} if last else None,
        "files": [
            {"path": each.path, "title": each.title, "size": len(each.content), "sha256": _sha256(each.content)}
            for each in parts
        ],
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
    sealed = {"signature": signing.sign(text), "public_key": signing.public_key()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for path, content in [
            *((each.path, each.content) for each in parts),
            (MANIFEST, text.encode()),
            (SEALED, _json(sealed)),
        ]:
            made.writestr(zipfile.ZipInfo(path, NO_TIME), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


# What the parts say


def _parties(dispute: Dispute, view: str) -> dict[str, Any]:
    order = dispute.refund.order
    buyer, owner = dispute.refund.buyer, order.shop.owner
    is_inside = view in {View.REGULATOR, View.COURT}
    shown = masking.mail if view == View.REGULATOR else str
    return {
        "buyer": {
            "name": masking.name(buyer.display_name) if view == View.SHOP else buyer.display_name,
            "contact": shown(buyer.email) if is_inside else buyer.email if view == View.BUYER else "",
        },
        "shop": {
            "name": order.shop.name,
            "page": f"{settings.PUBLIC_ADDRESS}/shops/{order.shop.slug}/",
            "keeper": owner.display_name,
            "contact": shown(owner.email) if is_inside else owner.email if view == View.SHOP else "",
            "legal": _legal(order.shop),
        },
        "platform": {"name": "卡门 Kamen", "page": settings.PUBLIC_ADDRESS, "public_key": signing.public_key()},
    }


def _legal(shop: Shop) -> dict[str, Any]:
    """Who answers for the shop before the law, as the mall has checked it; nothing for a shop of the first days.

    Whoever bought there is told (消保法 44), and so are an authority and a court; that they asked is on record.
    """
    found = Particulars.objects.filter(shop=shop).first()
    if found is None:
        return {}
    return {
        "name": found.legal_name,
        "address": found.legal_address,
        "email": found.contact_email,
        "phone": found.contact_phone,
        "icp": found.icp,
        "licences": [
            {"kind": str(each["kind"]), "number": each["number"], "issuer": each["issuer"]}
            for each in particulars.licences_in_public(shop)
        ],
    }


def _payment(refund: Refund) -> dict[str, Any]:
    order = refund.order
    return {
        "total": order.total,
        "paid_by": order.paid_by,
        "paid_at": _time(order.paid_at),
        "payments": [
            {
                "number": row.number,
                "channel": row.channel,
                "channel_number": row.provider_txn,
                "amount": row.amount,
                "state": row.state,
                "paid_at": _time(row.paid_at),
            }
            for row in Payment.objects.filter(subject=order.address).order_by("pk")
        ],
        "payouts": [
            {
                "number": row.number,
                "amount": row.amount,
                "destination": row.destination,
                "state": row.state,
                "planned_at": _time(row.planned_at),
                "paid_at": _time(row.paid_at),
            }
            for row in Payout.objects.filter(under=order.address).order_by("pk")
        ],
    }


def _delivery(units: list[Unit], *, is_inside: bool) -> dict[str, Any]:
    places = {unit.pk: unit.place for unit in units}
    tickets = Ticket.objects.filter(unit__in=units).prefetch_related("exchanges").order_by("unit__place")
    reveals = Reveal.objects.filter(unit__in=units).order_by("at", "pk")
    return {
        "units": [
            {
                "unit": unit.place,
                "delivery": unit.delivery,
                "grade": unit.grade,
                "delivered_at": _time(unit.delivered_at),
                "paid": unit.paid,
                "refunded": unit.refunded,
            }
            for unit in units
        ],
        "reveals": [
            {
                "unit": places[row.unit_id],
                "at": row.at.isoformat(),
                "network": row.address_prefix,
                "session": row.session_hash,
                "device": row.agent_hash,
            }
            for row in reveals
        ],
        "redemptions": [
            {
                "unit": places[row.unit_id],
                "source": row.source or "claimed",
                "reference": row.reference,
                "redeemed_at": _time(row.redeemed_at),
                "by_buyer": row.by_buyer,
                "at": row.at.isoformat(),
            }
            for row in Redemption.objects.filter(unit__in=units).order_by("at", "pk")
        ],
        "suppliers": [_ticket(row, places, is_inside=is_inside) for row in tickets],
    }


def _ticket(row: Ticket, places: Mapping[int, int], *, is_inside: bool) -> dict[str, Any]:
    """What was asked of a supplier and what it answered; word for word for a regulator and a court only."""
    words = [
        {
            "at": each.at.isoformat(),
            "what": each.what,
            "asked": each.asked,
            "status": each.status,
            "answer": each.answer,
        }
        for each in sorted(row.exchanges.all(), key=lambda each: each.pk)
    ]
    return {
        "unit": places[row.unit_id],
        "way": row.way,
        "number": row.number,
        "reference": row.reference,
        "standing": row.standing,
        "reason": row.reason,
        "sent_at": _time(row.sent_at),
        "heard_at": _time(row.heard_at),
        "ended_at": _time(row.ended_at),
        **({"words": words} if is_inside else {}),
    }


def _validity(units: list[Unit]) -> dict[str, Any]:
    places = {unit.pk: unit.place for unit in units}
    return {
        "records": [
            {
                "unit": places[row.unit_id],
                "is_valid": row.is_valid,
                "source": row.source,
                "reference": row.reference,
                "at": row.at.isoformat(),
            }
            for row in ValidityRecord.objects.filter(unit__in=units).order_by("at", "pk")
        ]
    }


def _messages(dispute: Dispute) -> dict[str, Any]:
    order = dispute.refund.order
    return {
        "messages": [
            {
                "id": row.pk,
                "side": str(side_of_author(order, row.author_id)),
                "at": row.at.isoformat(),
                "text": row.text,
            }
            for row in Message.objects.filter(order=order).order_by("pk")
        ]
    }


def _events(dispute: Dispute, view: str, shown: Any) -> dict[str, Any]:
    """Every event of the sale with its place and hash in the chain; what it carries, for a regulator and a court."""
    order = dispute.refund.order
    is_inside = view in {View.REGULATOR, View.COURT}
    rows = []
    for event in events.stream(order.address):
        if not is_inside and event.name.startswith(INSIDE):
            continue
        row = {
            "seq": event.seq,
            "at": event.at.isoformat(),
            "subject": event.subject,
            "name": event.name,
            "before": event.state_before,
            "after": event.state_after,
            "by": str(side_of_author(order, event.by_id)) if event.by_id else "clock",
            "hash": bytes(event.hash).hex(),
            "prev": bytes(event.prev).hex(),
        }
        data = {} if event.name == ALONE else event.data
        rows.append({**row, "data": shown(data)} if is_inside else row)
    return {"root": order.address, "events": rows}


def _ledger(refund: Refund) -> Iterator[list[str]]:
    """The postings of this sale, double entry: each movement of money twice, with what was there afterwards."""
    order = refund.order
    yield ["时间", "账户", "金额（分）", "余额（分）", "事由", "对象", "编号"]
    own = f"order:{order.pk}:"
    owed = Owed.objects.filter(order=order).order_by("pk").values_list("pk", flat=True)
    about = [
        order.address,
        *rulings.causes_of(refund),
        *(f"owed:{pk}" for pk in owed),
        *(f"unit:{pk}" for pk in order.units.order_by("pk").values_list("pk", flat=True)),
    ]
    found = Posting.objects.filter(transfer__subject__in=about).select_related("transfer", "account")
    for row in found.order_by("transfer_id", "pk"):
        # Of what others have, nobody learns how much there is.
        balance = str(row.balance) if row.account.address.startswith(own) else ""
        moved = row.transfer
        yield [
            moved.at.isoformat(),
            row.account.address,
            str(row.amount),
            balance,
            moved.reason,
            moved.subject,
            str(moved.pk),
        ]


def _head_of(dispute: Dispute) -> dict[str, Any]:
    last = events.stream(dispute.root_address).order_by("-seq").first()
    return {"stream": dispute.root_address, "seq": last.seq, "hash": bytes(last.hash).hex()} if last else {}


def _copy_or_not(part: Part) -> str:
    return "原件" if "/originals/" in part.path else "打印件" if part.path.endswith(".pdf") else "电子数据"


def _ending(media_type: str) -> str:
    return {
        "image/jpeg": ".jpg",
        "image/png": ".png",
        "image/webp": ".webp",
        "application/pdf": ".pdf",
        "video/mp4": ".mp4",
        "video/quicktime": ".mov",
        "text/plain": ".txt",
    }.get(media_type, ".bin")


def _json(told: Any) -> bytes:
    return (json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    """A table that opens as one where people click on it; nothing in it is taken for a formula."""
    out = io.StringIO()
    csv.writer(out).writerows([[_plain(cell) for cell in row] for row in rows])
    return ("\ufeff" + out.getvalue()).encode()


def _plain(cell: str) -> str:
    is_number = cell.removeprefix("-").isdecimal()
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) and not is_number else cell


def _text(text: str) -> bytes:
    return text.encode()


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

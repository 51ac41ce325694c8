"""The register of personal data: every column that holds some, whose it is, how long, why, and what destroys it.

It is data that code reads: the daily run puts away and destroys by it, a copy for a person is made by it, and
docs/privacy.md is written from it. A column of text that stands neither here nor among what is not personal is a gap
that a test names.
Legal sources: E-Commerce Law 31 (three years from the end of the transaction), Cybersecurity Law (logs six months),
PIPL 19 (the shortest time), 45 (copy), 47 (erasure; what the law keeps is only stored and secured), 51, 55.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from django.apps import apps
from django.db import models

from privacy import masks


class Term(StrEnum):
    """How long something is kept, and what then happens to it."""

    FILE = "file"
    SEALED = "sealed"
    ACCOUNT = "account"
    NETWORK = "network"
    DRAFT = "draft"
    SHOP = "shop"
    SHORT = "short"
    PUBLISHED = "published"
    BOOKS = "books"


@dataclass(frozen=True)
class About:
    """A term in words: how long, the legal reason, what destroys it."""

    how_long: str
    why: str
    destroyed_by: str


TERMS = {
    Term.FILE: About(
        "in the clear for a year after the sale ended, then put away under the buyer's key until three years have "
        "passed since",
        "E-Commerce Law 31 (three years from the end of the transaction); PIPL 19 (shortest time), 47 (only stored)",
        "destroying the person's key of that month: `privacy.retention` (daily); legal holds move on to the next key",
    ),
    Term.SEALED: About(
        "sealed in the vault from the first moment, until three years after the sale ended",
        "E-Commerce Law 31; PIPL 28–31 (sensitive data, minors)",
        "emptying its seal (the file's own key lies in it): `privacy.retention`; backups with the shop's data key",
    ),
    Term.ACCOUNT: About(
        "as long as there is the account; the mail address of a contract's party then sealed for the last sale's term",
        "PIPL 13(2) (contract), 47; E-Commerce Law 24 (closing an account), 31",
        "`accounts.lifecycle.forget` at the person's request, then the person's key",
    ),
    Term.NETWORK: About(
        "180 days; of a device, since it was seen last",
        "Cybersecurity Law (network logs, six months at least); PIPL 19",
        "emptied in place or deleted by the daily run",
    ),
    Term.DRAFT: About("30 days after the last change", "PIPL 19", "deleted by the daily run"),
    Term.SHOP: About(
        "while the shop is open and three years after its deposit went back; of an application that came to nothing 180"
        " days after its end",
        "E-Commerce Law 27 (verified identity of sellers), 31; Consumer Law 44 (told to a buyer for legal action)",
        "overwritten in place by the daily run; files of papers are deleted",
    ),
    Term.SHORT: About("hours to days", "needed to answer the same request the same way", "its own room's task"),
    Term.PUBLISHED: About(
        "for ever, under a name that goes with the account",
        "E-Commerce Law 39 (ratings are not deleted)",
        "the name goes with `accounts.lifecycle.forget`",
    ),
    Term.BOOKS: About(
        "for ever: numbers, sums and hashes, with a person's number and never a name",
        "Accounting Law 23 and its archives; proof for both sides",
        "nothing: what makes the number a person goes with the account",
    ),
}


@dataclass(frozen=True)
class Entry:
    """Columns of one table that hold personal data.

    `whose` is the way from a row to the person it came from (for the copy they may ask for), `order` the way to the
    sale it belongs to (for putting it away). `is_secret` columns are in no copy: they would open something.
    """

    table: str
    fields: tuple[str, ...]
    what: str
    term: Term
    whose: str = ""
    order: str = ""
    is_secret: bool = False

    @cached_property
    def model(self) -> type[models.Model]:
        """The table as Django knows it."""
        found: type[models.Model] = apps.get_model(self.table)
        return found


def _file(table: str, fields: str, what: str, *, order: str, whose: str = "") -> Entry:
    return Entry(table, tuple(fields.split()), what, Term.FILE, whose, order)


#: Every column with personal data.
REGISTER: list[Entry] = [
    # of a sale and its case
    _file("orders.Message", "text", "what was said in the conversation", order="order", whose="author"),
    _file(
        "orders.Attachment", "name original viewing_copy", "files given as evidence", order="order", whose="uploader"
    ),
    _file("orders.Trace", "taken software camera", "what a picture's file said of itself", order="attachment__order"),
    _file(
        "orders.Redemption", "account", "the account a code was redeemed to, masked", order="unit__order", whose="by"
    ),
    _file("orders.Handover", "text", "what was done for the buyer", order="order", whose="by"),
    _file("orders.Exchange", "asked answer", "questions to a supplier, word for word", order="ticket__unit__order"),
    _file("orders.Joining", "reason", "why staff joined a conversation", order="order", whose="user"),
    _file("refunds.Refund", "text", "the claim in the buyer's words", order="order", whose="buyer"),
    _file("refunds.Refund", "declined_text", "why the shop declined", order="order"),
    _file("refunds.Offer", "text", "what was said with an offer", order="refund__order", whose="by"),
    _file("refunds.Question", "text answer", "questions of the shop and their answers", order="refund__order"),
    _file("refunds.Guardian", "finding", "what the staff found in a family's papers", order="refund__order"),
    _file(
        "refunds.Contest",
        "text finding recourse_text",
        "what a shop says against an instant payment, and what was found",
        order="refund__order",
        whose="by",
    ),
    _file("refunds.Report", "text", "what was reported about a listing", order="refund__order", whose="reporter"),
    _file("disputes.Statement", "text", "what a side says", order="dispute__refund__order", whose="author"),
    _file("disputes.Evidence", "title body", "the items of a case's file", order="dispute__refund__order"),
    _file(
        "disputes.Appeal",
        "text late_because answer joined_text",
        "what was said in an appeal",
        order="dispute__refund__order",
        whose="by",
    ),
    _file("disputes.Challenge", "text", "why an arbiter was challenged", order="dispute__refund__order", whose="by"),
    _file("disputes.Question", "reason", "why an arbiter asks for something", order="dispute__refund__order"),
    _file("support.Talk", "topic", "why a person was called", order="order", whose="asked_by"),
    _file("support.Handover", "note", "what the next of the staff must know", order="talk__order"),
    # of a complaint outside
    _file("complaints.Complaint", "who demand text end", "what was complained of outside", order="order"),
    _file("complaints.Word", "text", "what we answered outside", order="complaint__order", whose="by"),
    Entry(
        "shops.SealedWords", ("sealed", "hint"), "accounts and names given for delivery", Term.SEALED, is_secret=True
    ),
    Entry("refunds.Proof", ("sealed",), "identity papers of a family", Term.SEALED, is_secret=True),
    # of an account
    Entry("accounts.User", ("email",), "how a person signs in", Term.ACCOUNT, whose="pk"),
    Entry("accounts.User", ("nickname", "language"), "what others see; the language", Term.ACCOUNT, whose="pk"),
    Entry("accounts.User", ("password",), "the password's hash", Term.ACCOUNT, is_secret=True),
    Entry("account.EmailAddress", ("email",), "mail addresses", Term.ACCOUNT, whose="user"),
    Entry("account.EmailConfirmation", ("key",), "a mail's confirmation", Term.ACCOUNT, is_secret=True),
    Entry("mfa.Authenticator", ("data",), "second factors, sealed", Term.ACCOUNT, is_secret=True),
    Entry("usersessions.UserSession", ("ip", "user_agent"), "devices signed in", Term.NETWORK, whose="user"),
    Entry("usersessions.UserSession", ("session_key", "data"), "their keys", Term.NETWORK, is_secret=True),
    Entry("sessions.Session", ("session_key", "session_data"), "sessions", Term.SHORT, is_secret=True),
    Entry("accounts.Suspension", ("reason", "appeal", "answer"), "suspensions and appeals", Term.BOOKS, whose="user"),
    Entry("accounts.LevelChange", ("reason",), "the figures behind a level", Term.BOOKS, whose="user"),
    Entry("accounts.Unmasking", ("reason",), "who looked at what is masked, and why", Term.BOOKS, whose="whom"),
    Entry("reputation.Measure", ("reason", "appeal", "answer"), "measures and appeals", Term.BOOKS, whose="user"),
    Entry("reputation.Signal", ("evidence", "dismissed_because"), "signals of risk and why", Term.BOOKS, whose="user"),
    Entry("reputation.Trace", ("digest",), "keyed digests that link accounts", Term.NETWORK, is_secret=True),
    Entry("reputation.Rating", ("text",), "ratings", Term.PUBLISHED, whose="buyer"),
    Entry("reputation.Rating", ("reply",), "replies to ratings", Term.PUBLISHED, whose="replied_by"),
    Entry("notifications.Notification", ("words",), "notices: numbers, shops, sums", Term.BOOKS, whose="user"),
    # from where somebody came
    Entry("orders.Reveal", ("address_prefix",), "the network a code was looked at from", Term.NETWORK, whose="user"),
    Entry(
        "orders.Reveal", ("session_hash", "agent_hash"), "digests of session and device", Term.NETWORK, is_secret=True
    ),
    *(
        Entry(f"axes.{table}", fields, "attempts to sign in", Term.NETWORK)
        for table, fields in {
            "AccessAttempt": ("ip_address", "user_agent", "username", "get_data", "post_data"),
            "AccessFailureLog": ("ip_address", "user_agent", "username"),
            "AccessLog": ("ip_address", "user_agent", "username", "session_hash"),
        }.items()
    ),
    # what is short
    Entry("disputes.RulingDraft", ("written",), "rulings that are being written", Term.DRAFT, whose="user"),
    Entry("refunds.ClaimDraft", ("text", "stated", "places"), "claims not filed", Term.DRAFT, whose="buyer"),
    Entry("timeline.KeptAnswer", ("body", "location", "key"), "answers kept for a repeated request", Term.SHORT),
    Entry("privacy.Piece", ("nonce", "sealed", "file"), "what was put away", Term.FILE, is_secret=True),
    Entry("privacy.PersonKey", ("wrapped", "nonce"), "keys of persons, sealed", Term.FILE, is_secret=True),
    Entry("privacy.Export", ("file", "secret", "nonce", "sha256"), "copies asked for", Term.SHORT, is_secret=True),
    Entry("privacy.Erasure", ("items", "reason"), "answers to requests", Term.BOOKS, whose="user"),
    Entry("privacy.Hold", ("reason", "release_reason"), "why something is held", Term.BOOKS),
    # of a shop
    Entry(
        "shops.Application",
        ("legal_name", "legal_address", "contact_email", "contact_phone", "about", "appeal"),
        "who wants to open a shop",
        Term.SHOP,
        whose="applicant",
    ),
    Entry(
        "shops.Particulars",
        ("legal_name", "legal_address", "contact_email", "contact_phone"),
        "who answers for a shop, as checked",
        Term.SHOP,
        whose="shop__owner",
    ),
    Entry("shops.Licence", ("number", "tail", "name"), "papers of a shop", Term.SHOP, whose="given_by"),
    Entry("shops.Payee", ("account", "holder"), "where a shop's money goes", Term.SHOP, whose="named_by"),
    Entry("shops.Member", ("email",), "who works in a shop", Term.SHOP, whose="user"),
    Entry("shops.Supplier", ("contact",), "a supplier's contact", Term.SHOP, whose="shop__owner"),
    Entry("shops.Look", ("reason",), "who looked at a shop's money, and why", Term.BOOKS, whose="shop__owner"),
    Entry("shops.Sanction", ("reason", "appeal", "answer"), "steps against a shop", Term.BOOKS, whose="shop__owner"),
    # of money
    Entry("ledger.Payment", ("provider_txn",), "payments: the channel's number", Term.BOOKS, whose="user"),
    Entry("ledger.Payment", ("pay_url",), "where a payment is made", Term.BOOKS, is_secret=True),
    Entry("ledger.Payout", ("payee", "charge"), "payouts: to whom", Term.BOOKS, whose="user"),
    Entry("orders.Order", ("number",), "orders", Term.BOOKS, whose="buyer"),
    Entry("refunds.CreditNote", ("body",), "credit notes: numbers and sums", Term.BOOKS, whose="refund__buyer"),
    Entry("refunds.CreditNote", ("body",), "credit notes beside a case, the same", Term.BOOKS, whose="payout__user"),
    Entry("disputes.Vote", ("reasons",), "how a member of a panel voted", Term.BOOKS, whose="user"),
    Entry(
        "disputes.Ruling",
        ("issues", "reasons", "next_steps", "departs_because", "findings", "reply"),
        "rulings: sides, never names",
        Term.BOOKS,
        whose="dispute__refund__buyer",
    ),
    Entry("disputes.Seal", ("text", "statement"), "rulings as they were served", Term.BOOKS),
    Entry("disputes.Proposal", ("text",), "proposals of the platform", Term.BOOKS, whose="dispute__refund__buyer"),
    Entry("disputes.Bundle", ("file",), "case files put together, made anew when asked", Term.FILE, is_secret=True),
    Entry("timeline.Event", ("body",), "what happened: ids, sums, staff's reasons; never contents", Term.BOOKS),
    Entry("disputes.Neutral", ("name", "organization", "about"), "neutrals from outside, published", Term.PUBLISHED),
]

#: Columns of text that hold nothing personal, with the reason; "*" is every other column of the table.
NOT_PERSONAL: dict[str, tuple[str, str]] = {
    "timeline.Event": ("root subject name state_before state_after prev hash", "addresses, words of machines, hashes"),
    "timeline.Timer": ("*", "clocks"),
    "timeline.Outage": ("*", "what was down, by staff"),
    "timeline.Pause": ("*", "clocks"),
    "timeline.Heartbeat": ("*", "machines"),
    "timeline.KeptAnswer": ("request_digest", "a digest"),
    "accounts.Unmasking": ("subject", "an address"),
    "ledger.AccountKind": ("*", "the chart of accounts"),
    "ledger.Account": ("*", "addresses and hashes"),
    "ledger.Transfer": ("*", "keys and addresses"),
    "ledger.Posting": ("*", "hashes"),
    "ledger.Payment": ("state number channel subject", "addresses and words of machines"),
    "ledger.Notice": ("*", "a channel's numbers"),
    "ledger.Payout": ("state number key under cause channel last_error", "addresses and words of machines"),
    "ledger.PayoutLeg": ("*", "addresses"),
    "ledger.BooksCheck": ("*", "rules and offenders by address"),
    "ledger.Brake": ("*", "why the money stands still, by staff"),
    "ledger.Anchor": ("*", "hashes and signatures"),
    "ledger.AnchorLeaf": ("*", "hashes"),
    "ledger.Settlement": ("*", "files of channels"),
    "ledger.SettlementLine": ("*", "numbers of channels"),
    "ledger.Difference": ("*", "numbers of channels, by staff"),
    "ledger.Contribution": ("*", "why the mall put money in, by staff"),
    "ledger.WriteOff": ("*", "why finance let a debt go, by staff"),
    "rulebook.RulebookVersion": ("*", "the rules"),
    "rulebook.Replay": ("*", "sums of a draft"),
    "shops.Shop": ("*", "a shop's public name; its people by number"),
    "shops.Member": ("state", "words of machines"),
    "shops.Application": ("state icp name slug kinds missing reason", "what is public of a shop, and staff's words"),
    "shops.Licence": ("state issuer media_type sha256 reason", "an authority's name, staff's words, hashes"),
    "shops.Particulars": ("icp", "a public number"),
    "shops.Deposit": ("*", "words of machines"),
    "shops.Payee": ("state channel", "words of machines"),
    "shops.Listing": ("*", "what is offered to everybody"),
    "shops.Sanction": ("state", "words of machines"),
    "shops.DataKey": ("*", "keys, sealed"),
    "shops.Commission": ("*", "what the mall takes, and why, for everybody"),
    "shops.Connection": ("*", "a connection's name"),
    "shops.Supplier": ("name gateway", "a business's name"),
    "shops.Batch": ("*", "goods"),
    "shops.Card": ("*", "goods, sealed"),
    "shops.Intake": ("*", "goods, sealed"),
    "shops.SealedWords": ("nonce", "of the seal"),
    "shops.Clash": ("*", "goods, by staff"),
    "orders.Order": ("state rulebook_version buyer_level", "words of machines"),
    "orders.Snapshot": ("*", "the offer as it was shown to everybody"),
    "orders.Unit": ("*", "words of machines"),
    "orders.Exposure": ("*", "words of machines"),
    "orders.ValidityRecord": ("*", "an issuer's answer about a code"),
    "orders.Redemption": ("source reference", "an issuer's numbers"),
    "orders.Message": ("signs prev hash", "kinds of hints, hashes"),
    "orders.Attachment": ("media_type sha256", "hashes"),
    "orders.Trace": ("likeness", "64 bits of how a picture looks, emptied with it"),
    "orders.Handover": ("reference", "an upstream's number"),
    "orders.Ticket": ("*", "an upstream's numbers"),
    "orders.Exchange": ("what", "words of machines"),
    "orders.Coupon": ("*", "offers"),
    "refunds.Refund": (
        "state number reason decision declined_code declined_rule turn extended_by",
        "words of machines, sums and rules",
    ),
    "refunds.Offer": ("places", "places of units"),
    "refunds.ClaimDraft": ("reason", "a code"),
    "refunds.Answer": ("*", "a shop's own ready answers"),
    "refunds.CreditNote": ("number sha256", "numbers and hashes"),
    "refunds.Guardian": ("state", "words of machines"),
    "refunds.Contest": ("state ground recourse", "words of machines"),
    "refunds.Proof": ("media_type sha256", "hashes"),
    "refunds.Report": ("number finding", "what staff found of a listing"),
    "disputes.Dispute": ("*", "words of machines, an authority's number"),
    "disputes.Proposal": ("grants sha256", "sums and hashes"),
    "disputes.Appeal": ("state", "words of machines"),
    "disputes.Vote": ("shares grants", "shares and sums"),
    "disputes.Ruling": ("shares grants rule_ids rulebook_version arithmetic funding sha256", "sums, rules, hashes"),
    "disputes.Signature": ("*", "staff about their own work"),
    "disputes.Penalty": ("*", "staff about a shop's conduct"),
    "disputes.Evidence": ("sha256 grade", "hashes"),
    "disputes.Question": ("item", "a code"),
    "disputes.Seal": ("number sha256 signature public_key", "hashes and signatures"),
    "disputes.Bundle": ("number sha256", "hashes"),
    "disputes.Precedent": ("*", "features of a ruling, nobody's"),
    "disputes.Owed": ("cause payer units", "what decided it, by its number; who owes it; fen by unit"),
    "orders.Weighing": ("tries", "orders that an outage could not be held against yet, and the kind of fault"),
    "disputes.SecondLook": ("*", "staff about their own work"),
    "complaints.Complaint": (
        "state number outside_number outside_state trade_no",
        "numbers of channels and authorities",
    ),
    "complaints.Word": ("number sha256 error", "numbers and hashes"),
    "complaints.Heard": ("*", "numbers of channels"),
    "complaints.External": ("*", "numbers of channels"),
    "support.Talk": ("state number", "words of machines"),
    "support.Answer": ("*", "a digest of words"),
    "reputation.Alarm": ("*", "a batch, by staff"),
    "reputation.BatchAnswer": ("*", "what a shop says about a batch of its own"),
    "reputation.Doubt": ("*", "a batch to look at"),
    "reputation.Inquiry": ("*", "a supplier's answer about a code"),
    "reputation.InquiryWord": ("*", "a supplier's words about a code, the code masked"),
    "reputation.KnownContact": ("*", "contacts of those who sell guides to refunds, by staff"),
    "reputation.Mark": ("*", "how far was counted"),
    "reputation.Tally": ("*", "counts"),
    "reputation.Score": ("*", "one side's score of how its case was handled"),
    "reputation.Shortfall": ("*", "times in which the guarantee fund was low"),
    "reputation.HardStop": ("*", "figures that stopped a shop's sales"),
    "reputation.Downgrade": ("*", "levels"),
    "reputation.Measure": ("state", "words of machines"),
    "notifications.Notification": ("code url", "words of machines, an address in the mall"),
    "notifications.HighWaterMark": ("*", "how far was told"),
    "notifications.DeliveryAttempt": ("*", "how a mail failed"),
    "notifications.Endpoint": ("*", "machines of shops"),
    "notifications.Call": ("*", "numbers for machines of shops"),
    "notifications.CallAttempt": ("*", "how a call failed"),
    "admin.LogEntry": ("*", "Django's admin is read-only here"),
    "auth.Permission": ("*", "Django's own"),
    "auth.Group": ("*", "Django's own"),
    "contenttypes.ContentType": ("*", "Django's own"),
    "axes.AccessAttempt": ("http_accept path_info", "what a browser takes"),
    "axes.AccessFailureLog": ("http_accept path_info", "what a browser takes"),
    "axes.AccessLog": ("http_accept path_info", "what a browser takes"),
    "privacy.Hold": ("state number", "words of machines"),
    "privacy.Erasure": ("state number", "words of machines"),
    "privacy.Export": ("number", "a number"),
    "privacy.Piece": ("table field", "names of columns"),
    "privacy.Run": ("*", "counts"),
}

#: Types of columns that can hold what somebody wrote or what describes them.
WORDY = (
    models.CharField,
    models.TextField,
    models.JSONField,
    models.BinaryField,
    models.FileField,
    models.GenericIPAddressField,
)


def wordy_columns() -> set[tuple[str, str]]:
    """Every column of the mall that could hold something personal: text, JSON, bytes; no fixed choices."""
    return {
        (model._meta.label, field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, WORDY) and not getattr(field, "choices", None)
    }


def gaps() -> set[tuple[str, str]]:
    """Columns that stand neither in the register nor among what is not personal."""
    known = {(entry.model._meta.label, field) for entry in REGISTER for field in entry.fields}
    return {
        (table, field)
        for table, field in wordy_columns() - known
        if table not in NOT_PERSONAL or not ({"*", field} & set(NOT_PERSONAL[table][0].split()))
    }


def stale() -> set[tuple[str, str]]:
    """What the registers name and no table has."""
    named = {(entry.table, field) for entry in REGISTER for field in entry.fields}
    named |= {
        (table, field) for table, (fields, _why) in NOT_PERSONAL.items() for field in fields.split() if field != "*"
    }
    there = {(model._meta.label, field.name) for model in apps.get_models() for field in model._meta.concrete_fields}
    return named - there


def written() -> str:
    """docs/privacy.md: the register in words."""
    lines = [
        "# Personal data: what, how long, why, and what destroys it",
        "",
        "Written by `manage.py docs` from `privacy/register.py`; a test refuses a column of text that stands in "
        "neither of its lists.",
        "How it works is told in docs/decisions/0042-put-away-then-destroyed.md.",
        "",
        "## Terms",
        "",
        "| Term | How long | Why | What destroys it |",
        "|---|---|---|---|",
        *(f"| {term} | {about.how_long} | {about.why} | {about.destroyed_by} |" for term, about in TERMS.items()),
        "",
        "## Columns",
        "",
        "| Table | Columns | What | Whose | Term | In the person's copy |",
        "|---|---|---|---|---|---|",
        *(
            f"| {entry.table} | {', '.join(entry.fields)} | {entry.what} | {entry.whose.replace('__', '.') or '–'} "
            f"| {entry.term} | {'yes' if entry.whose and not entry.is_secret else 'no'} |"
            for entry in REGISTER
        ),
        "",
        *masks.written(),
    ]
    return "\n".join(lines)


def put_away() -> list[Entry]:
    """The entries of a sale's file, in the order in which they are put away. Messages and files go their own ways."""
    return [entry for entry in REGISTER if entry.term == Term.FILE and entry.order]


def copied() -> list[Entry]:
    """The entries that a person's own copy has."""
    return [entry for entry in REGISTER if entry.whose and not entry.is_secret]


def rows_of(entry: Entry, user: Any) -> Any:
    """The rows of an entry that came from, or are about, one person."""
    return entry.model._base_manager.filter(**{entry.whose: user.pk}).order_by("pk")

"""The rulebook in plain words, in the reader's language: kinds, states, faults, rules, reasons and their proof.

Nothing here decides anything. What the engine knows by a code has a word or a sentence here, and a test counts them.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ledger.templatetags.money import yuan
from rulebook.book import Book, Reason
from rulebook.claims import KINDS as KIND_CODES
from rulebook.claims import LEVELS as LEVEL_CODES
from rulebook.explanations import percent
from rulebook.matrix import Row
from timeline.spans import Kind, Span

#: How the rulebook writes a time to file: `7d after reveal`.
WINDOW = re.compile(r"(\d+)(h|d) after (\w+)")

KINDS: Mapping[str, Promise] = {
    "POINT_CARD": gettext_lazy("Point card"),
    "ACTIVATION_CODE": gettext_lazy("Activation code"),
    "DIRECT_TOPUP": gettext_lazy("Direct top-up"),
    "MEMBERSHIP": gettext_lazy("Membership"),
    "GAME_ACCOUNT": gettext_lazy("Game account"),
    "CUSTOM_SERVICE": gettext_lazy("Custom service"),
}
STATES: Mapping[str, Promise] = {
    "UNDELIVERED": gettext_lazy("not delivered"),
    "SEALED": gettext_lazy("delivered, never looked at"),
    "REVEALED_UNUSED": gettext_lazy("looked at, not known to be used"),
    "USED": gettext_lazy("used"),
    "PARTIAL": gettext_lazy("partly used"),
}
#: The same for the head of a column.
STATES_SHORT: Mapping[str, Promise] = {
    "UNDELIVERED": gettext_lazy("Not delivered"),
    "SEALED": gettext_lazy("Sealed"),
    "REVEALED_UNUSED": gettext_lazy("Looked at"),
    "USED": gettext_lazy("Used"),
    "PARTIAL": gettext_lazy("Partly used"),
}
PARTIES: Mapping[str, Promise] = {
    "PLATFORM": gettext_lazy("The platform"),
    "SELLER": gettext_lazy("The shop"),
    "UPSTREAM": gettext_lazy("The supplier, through the shop"),
    "BUYER": gettext_lazy("The buyer"),
}
CLASSES: Mapping[str, Promise] = {
    **PARTIES,
    "FORCE_MAJEURE": gettext_lazy("Nobody"),
    "SHARED": gettext_lazy("Several"),
    "MINOR": gettext_lazy("A minor's purchase"),
    "ILLEGAL": gettext_lazy("Illegal goods"),
    "UNAUTHORIZED": gettext_lazy("Somebody else paid"),
    "UNDETERMINED": gettext_lazy("Not settled"),
}
#: What each fault class means.
ABOUT_CLASSES: Mapping[str, Promise] = {
    "PLATFORM": gettext_lazy("Our system failed or charged twice. The platform pays."),
    "SELLER": gettext_lazy(
        "What was promised did not come, came late, or was not as described. The shop pays, out of escrow first."
    ),
    "UPSTREAM": gettext_lazy(
        "The supplier behind the shop failed. The shop answers to the buyer first and then turns to the supplier."
    ),
    "FORCE_MAJEURE": gettext_lazy(
        "Nobody could foresee or avoid it. What was not performed goes back, without "
        "compensation. A failing server is none."
    ),
    "BUYER": gettext_lazy(
        "The buyer's own reason: a mistake or a change of mind. Here, and only here, the "
        "membership level changes fee and time."
    ),
    "SHARED": gettext_lazy(
        "Several caused it. The buyer's share is deducted, rounded down; the others carry the rest."
    ),
    "MINOR": gettext_lazy("A child bought. Not used: everything back. Used: shared by fault. People decide, always."),
    "ILLEGAL": gettext_lazy(
        "The sale is void. The price goes back, unless the buyer knew and used it up. People decide, always."
    ),
    "UNAUTHORIZED": gettext_lazy(
        "Somebody else paid with the buyer's money. It is intercepted or held. People decide, always."
    ),
    "UNDETERMINED": gettext_lazy(
        "Nobody can prove what happened. Undelivered goods are paid back; for the rest the burden of proof decides."
    ),
}
LEVELS: Mapping[str, Promise] = {
    "M0": gettext_lazy("New customer"),
    "M1": gettext_lazy("Regular"),
    "M2": gettext_lazy("Silver"),
    "M3": gettext_lazy("Gold"),
    "M4": gettext_lazy("Diamond"),
}
OUTCOMES: Mapping[str, Promise] = {
    "FULL": gettext_lazy("Everything goes back"),
    "PARTIAL": gettext_lazy("A part goes back"),
    "FEE_DEDUCTED": gettext_lazy("It goes back, less a fee"),
    "COMP_ONLY": gettext_lazy("Compensation, but no refund"),
    "REISSUE": gettext_lazy("A new code instead of money"),
    "DENY": gettext_lazy("Nothing goes back by the rules"),
    "HOLD": gettext_lazy("Held until the supplier answers or a check is done"),
    "ESCALATE": gettext_lazy("People decide the sum"),
    "ASSIST": gettext_lazy("Support helps first"),
}
#: Who may act on a decision.
ROUTES: Mapping[str, Promise] = {
    "AUTO": gettext_lazy(
        "The figure needs no judgment. What our records prove is paid at once; otherwise the "
        "shop is asked, and if it stays silent, this figure is paid."
    ),
    "AUTO_PREDECISION": gettext_lazy(
        "This is a machine's pre-decision, never the last word: with one click a person looks at it, free of charge."
    ),
    "HUMAN": gettext_lazy("A person decides. A machine only suggests, and silence pays nothing here."),
}
#: What has to hold for a row with a condition, by the fact and its value.
CONDITIONS: Mapping[tuple[str, int | str], Promise] = {
    ("recallable", True): gettext_lazy("if the supplier takes the code back, verified unused"),
    ("statutory_no_reason", True): gettext_lazy(
        "within 7 days, if the buyer did not waive the return without a reason"
    ),
    ("submitted_upstream", True): gettext_lazy("once it has been handed to the supplier"),
    ("prepaid_cooling", True): gettext_lazy("first purchase of a prepaid service, within 7 days of paying"),
}
#: Rules that are no rows of the matrix.
RULES: Mapping[str, Promise] = {
    "LEVEL_SEALED": gettext_lazy("Fee and time of the membership level, for what nobody looked at"),
    "LEVEL_REVEALED": gettext_lazy("Fee and time of the membership level, for what was looked at"),
    "LEVEL_WINDOW": gettext_lazy("The time of the membership level to hand something back"),
    "LATE_BAND": gettext_lazy("Compensation for a broken promise of delivery"),
    "LATE_WITHIN_GRACE": gettext_lazy("Inside the grace after a promise nothing was broken"),
    "LATE_KEEP": gettext_lazy("Late goods that are kept are compensated, not refunded"),
    "LATE_REJECT": gettext_lazy("Late goods that stayed sealed can go back for everything"),
    "REISSUE_2H": gettext_lazy("A new code comes within two hours, if the buyer prefers it"),
    "SECOND_FAILURE": gettext_lazy("Compensation for a second bad code"),
    "PRORATA_UNITS": gettext_lazy("Units that never came are paid back by their share of the price"),
    "DUPLICATE": gettext_lazy("What was charged or credited twice goes back"),
    "PRICE_DIFF": gettext_lazy("The difference to the promised price goes back"),
    "SHORTFALL_FACE": gettext_lazy("Face value that was not credited is paid back by its share"),
    "SHORTFALL_SERVICE": gettext_lazy("A service below its promise costs less, by bands of how far it fell short"),
    "CODE_USED_BEFORE_REVEAL": gettext_lazy("A code used before its buyer saw it is the shop's loss"),
    "CODE_USED_BY_BUYER": gettext_lazy("A code redeemed to the buyer's own account after it was seen is not paid back"),
    "WAIT_SELLER_EVIDENCE_48H": gettext_lazy("The shop has 48 hours to prove who used the code"),
    "SELLER_BURDEN": gettext_lazy(
        "If the shop cannot prove who used the code, or its batch is bad, everything goes back"
    ),
    "REGION_NOT_STATED": gettext_lazy("A region lock that the listing did not state is the shop's fault"),
    "REGION_STATED": gettext_lazy("A region lock that the listing stated counts as the buyer's mistake"),
    "RANGE_1000_10000_DEFAULT_3000": gettext_lazy(
        "Used goods that are not as described: people give 10 to 100 % back, 30 % where nothing speaks for more"
    ),
    "INTERRUPT_5PCT": gettext_lazy("A membership that stopped midway: 5 % on top, at most ¥50"),
    "FRAUD_55": gettext_lazy("Fraud found by a panel: the price back, and three times the price on top, at least ¥500"),
    "FRAUD_NEEDS_PANEL": gettext_lazy("Only a panel of people can find fraud"),
    "ACCOUNT_RECOVERED_WARRANTY": gettext_lazy(
        "An account taken back within the warranty: the price, and a part of proven top-ups"
    ),
    "ACCOUNT_RECOVERED_LATE_SELLER_FUNDED": gettext_lazy(
        "An account taken back after the warranty: people decide, and only the shop pays"
    ),
    "UPSTREAM_VALUE": gettext_lazy("Value lost on the supplier's side goes back: what was paid, less the used part"),
    "SHARED": gettext_lazy("Where several are at fault, the buyer's share is deducted"),
    "UPSTREAM_BUYER_CONDUCT": gettext_lazy("The supplier acted because of the buyer's own conduct"),
    "CODE_REVOKED": gettext_lazy("A code revoked after it was activated is paid back although it was used"),
    "BUYER_CONDUCT": gettext_lazy("A ban for what the buyer did after delivery is the buyer's"),
    "TROUBLESHOOT_FIRST": gettext_lazy("A matter of the device: support helps before anything else"),
    "MINOR_VALID_CONTRACT": gettext_lazy(
        "A sum that fits the age: the purchase counts, and the rules for a change of mind apply"
    ),
    "MINOR_VOID_UNUSED": gettext_lazy("Bought by a minor and not used: everything goes back"),
    "MINOR_PARTIAL": gettext_lazy("Bought by a minor and partly used: the family carries its share of the used part"),
    "MINOR_PROVIDER_FAULT_100": gettext_lazy(
        "No real-name check or limit was in place: everything goes back to the family"
    ),
    "MINOR_SHARED_FAULT": gettext_lazy("Checks were in place: the family carries its share of what was used"),
    "UNAUTH_INTERCEPTED": gettext_lazy("Somebody else paid, nothing was opened: the money goes back after a check"),
    "UNAUTH_HOLD_REFER": gettext_lazy(
        "Somebody else paid, and it was opened: held while the channel or the police look into it"
    ),
    "ILLEGAL_VOID_RETURN": gettext_lazy("The sale of illegal goods is void: the price goes back"),
    "ILLEGAL_AWARE_PARTIAL": gettext_lazy("The buyer knew: only what is not used goes back"),
    "ILLEGAL_AWARE_USED": gettext_lazy("The buyer knew and used it: nothing goes back"),
    "WAIT_UPSTREAM": gettext_lazy(
        "While the supplier still works on a top-up the money is held, so that the value does not go out twice"
    ),
}
#: Since when the time to file runs.
SINCE: Mapping[str, Promise] = {
    "promise": gettext_lazy("after the promised time"),
    "delivery": gettext_lazy("after delivery"),
    "reveal": gettext_lazy("after the code was looked at"),
    "payment": gettext_lazy("after payment"),
    "incident": gettext_lazy("after the incident"),
    "use": gettext_lazy("after it was used"),
    "event": gettext_lazy("after it happened"),
}
#: Times to file that are no plain count.
WINDOWS: Mapping[str, Promise] = {
    "term + 7d": gettext_lazy("the whole term, and 7 days more"),
    "1y from knowledge, 3y limitation": gettext_lazy("1 year from knowing of it, at most 3 years"),
    "30d warranty (longer if 包赔); later = human, seller-funded only": gettext_lazy(
        "30 days of warranty, longer if the shop pledged it; after that people decide, and only the shop pays"
    ),
    "24h (sealed: level window)": gettext_lazy("24 hours; while sealed, the time of the level"),
    "statutory 7d or level window": gettext_lazy("7 days by law, or the time of the level if it is longer"),
    "3y limitation": gettext_lazy("3 years, the limitation by law"),
}


class About(NamedTuple):
    """A reason in plain words: what it is, what comes of it, what each side shows, what our records prove, its icon."""

    title: Promise
    meaning: Promise
    result: Promise
    buyer: Promise
    shop: Promise
    records: Promise
    icon: str


NOTHING = gettext_lazy("Nothing.")
REASONS: Mapping[str, About] = {
    "NOT_DELIVERED": About(
        gettext_lazy("It did not come"),
        gettext_lazy("Paid for, but nothing has arrived."),
        gettext_lazy("Everything goes back. Past the promise and its grace, compensation is added."),
        gettext_lazy("The order; for a top-up the account it was for."),
        gettext_lazy("The delivery log, or the supplier's receipt."),
        gettext_lazy("When it was paid, what was promised, that nothing was delivered, the supplier's last answer."),
        "truck",
    ),
    "LATE_DELIVERY": About(
        gettext_lazy("It came too late"),
        gettext_lazy("It came after the promised time and the grace."),
        gettext_lazy(
            "Kept: compensation by how late it was. Still sealed and handed back: everything, and the compensation."
        ),
        NOTHING,
        gettext_lazy("Why it was late."),
        gettext_lazy("Both times, to the minute."),
        "clock-alert",
    ),
    "OUT_OF_STOCK": About(
        gettext_lazy("Out of stock, and nobody said so"),
        gettext_lazy("It was sold although there was none."),
        gettext_lazy("Everything goes back, or something else with the buyer's consent."),
        NOTHING,
        gettext_lazy("The stock record."),
        gettext_lazy("Whether a unit was ever set aside for the order."),
        "package",
    ),
    "PARTIAL_DELIVERY": About(
        gettext_lazy("Something is missing"),
        gettext_lazy("Fewer units came than were bought."),
        gettext_lazy("The missing units are paid back by their share, or sent."),
        gettext_lazy("Which units are missing."),
        gettext_lazy("The delivery log of each unit."),
        gettext_lazy("How many units were issued, and how many were bought."),
        "minus",
    ),
    "WRONG_ITEM": About(
        gettext_lazy("Something else came"),
        gettext_lazy("Other goods, another region or another account than ordered."),
        gettext_lazy("Everything goes back while it is not used, or the right thing is sent."),
        gettext_lazy("What came, with the code covered."),
        gettext_lazy("The record of what was picked."),
        gettext_lazy("What was ordered and what was issued."),
        "repeat",
    ),
    "PLATFORM_OUTAGE": About(
        gettext_lazy("Our system failed"),
        gettext_lazy("A fault of the platform kept it from being delivered."),
        gettext_lazy("Everything goes back at the platform's cost, with compensation for lateness."),
        NOTHING,
        NOTHING,
        gettext_lazy("The public register of outages."),
        "plug",
    ),
    "DUPLICATE_CHARGE": About(
        gettext_lazy("Charged twice"),
        gettext_lazy("The same purchase was paid for twice."),
        gettext_lazy("The second charge goes back."),
        gettext_lazy("The second payment's record."),
        NOTHING,
        gettext_lazy("The channel's statement, compared line by line."),
        "copy",
    ),
    "DUPLICATE_TOPUP": About(
        gettext_lazy("Topped up twice"),
        gettext_lazy("The value was credited a second time without being wanted."),
        gettext_lazy(
            "Caused by the shop or a system: the second one goes back. Ordered twice by the buyer: as a change of mind."
        ),
        gettext_lazy("Both credits."),
        gettext_lazy("The supplier's records."),
        gettext_lazy("The numbers of the requests that were sent."),
        "copy",
    ),
    "CODE_INVALID": About(
        gettext_lazy("The code does not work"),
        gettext_lazy("The issuer says that it is invalid."),
        gettext_lazy(
            "Everything goes back, or a new code within two hours. If the new one fails too: 10 % on top, at most ¥50."
        ),
        gettext_lazy("The message with its time, if there is one."),
        gettext_lazy("The supplier's record that it was good when sold."),
        gettext_lazy("That the code was untouched until it was shown, and the issuer's answer."),
        "circle-x",
    ),
    "CODE_ALREADY_USED": About(
        gettext_lazy("The code was used already"),
        gettext_lazy("The issuer says that somebody redeemed it."),
        gettext_lazy(
            "Used before it was shown: everything back. Used afterwards by the buyer's own "
            "account: nothing. Unknown: the shop has 48 hours to prove it, else everything back."
        ),
        gettext_lazy("The message that it is used."),
        gettext_lazy("When and to which account it was redeemed."),
        gettext_lazy("Who saw the code and when, and that nobody else could."),
        "lock-open",
    ),
    "CODE_EXPIRED": About(
        gettext_lazy("The code has expired"),
        gettext_lazy("It ran out, or lasts shorter than promised."),
        gettext_lazy("Everything goes back, or a new code."),
        gettext_lazy("The message that it expired."),
        gettext_lazy("The expiry dates of the stock."),
        gettext_lazy("The date of expiry when it was sold."),
        "calendar-clock",
    ),
    "FACE_VALUE_SHORT": About(
        gettext_lazy("Less value than promised"),
        gettext_lazy("Less was credited than the face value says."),
        gettext_lazy("The missing share of the price goes back, or the rest is added."),
        gettext_lazy("The balance before and after."),
        gettext_lazy("The record of the denomination."),
        gettext_lazy("The face value in the listing's snapshot."),
        "coins",
    ),
    "NOT_AS_DESCRIBED": About(
        gettext_lazy("Not as described"),
        gettext_lazy("It differs from what the listing promised."),
        gettext_lazy(
            "Not used: everything back. Used: people give 10 to 100 % back, 30 % where nothing speaks for more."
        ),
        gettext_lazy("What differs."),
        gettext_lazy("Proof that it conforms."),
        gettext_lazy("The listing as it was when the order was placed."),
        "file-text",
    ),
    "REGION_MISMATCH": About(
        gettext_lazy("For another region"),
        gettext_lazy("It cannot be used in the buyer's region or on their server."),
        gettext_lazy("The listing did not say so: the shop answers for it. It did: a mistake of the buyer."),
        gettext_lazy("The message about the region."),
        gettext_lazy("Where the listing says it."),
        gettext_lazy("The listing's snapshot."),
        "search",
    ),
    "MEMBERSHIP_NOT_ACTIVATED": About(
        gettext_lazy("The membership was not switched on"),
        gettext_lazy("The membership or a part of its benefits is missing."),
        gettext_lazy("Everything goes back, or it is switched on."),
        gettext_lazy("The page that shows the benefits."),
        gettext_lazy("The receipt of activation."),
        gettext_lazy("The activation and the supplier's answer."),
        "badge-check",
    ),
    "MEMBERSHIP_INTERRUPTED": About(
        gettext_lazy("The membership stopped midway"),
        gettext_lazy("It worked and ended before its time."),
        gettext_lazy("The unused time goes back and 5 % on top (at most ¥50), or the term is made longer."),
        gettext_lazy("The page that shows the loss, with its time."),
        gettext_lazy("Where the membership came from."),
        gettext_lazy("The start, and every check since."),
        "hourglass",
    ),
    "SERVICE_SHORTFALL": About(
        gettext_lazy("The service fell short"),
        gettext_lazy("Measured worse than what was promised."),
        gettext_lazy("The price falls by 10, 30, 60 or 100 %, by how far it fell short."),
        gettext_lazy("The measurement."),
        gettext_lazy("The work log."),
        gettext_lazy("The promised figures and the milestones."),
        "percent",
    ),
    "FRAUD": About(
        gettext_lazy("Fraud"),
        gettext_lazy("The shop knew that it would not work, and sold it."),
        gettext_lazy("If a panel of people finds it: the price back, and three times the price on top, at least ¥500."),
        gettext_lazy("Whatever shows it."),
        gettext_lazy("Whatever speaks against it."),
        gettext_lazy("Patterns across orders, and earlier checks that failed."),
        "shield-alert",
    ),
    "ACCOUNT_RECOVERED": About(
        gettext_lazy("The account was taken back"),
        gettext_lazy("Its former owner took it back."),
        gettext_lazy(
            "Within the warranty: the price, and 10 to 50 % of it for proven top-ups. Later: "
            "people decide, and only the shop pays."
        ),
        gettext_lazy("The failed sign-in, notices of changes, receipts of top-ups."),
        gettext_lazy("Proof of the handover, and that nobody took it back."),
        gettext_lazy("The record of the rebinding, and later sign-ins."),
        "users",
    ),
    "ACCOUNT_MISMATCH": About(
        gettext_lazy("The account is not as described"),
        gettext_lazy("It differs from the listing, or cannot be rebound."),
        gettext_lazy("Everything goes back."),
        gettext_lazy("Screens beside the listing."),
        gettext_lazy("The record of the handover."),
        gettext_lazy("The listing's snapshot, and the inspection."),
        "user",
    ),
    "ACCOUNT_BANNED_PRE": About(
        gettext_lazy("Banned for something before the sale"),
        gettext_lazy("The account was banned for what happened before it was handed over."),
        gettext_lazy("Everything goes back."),
        gettext_lazy("The notice with date and cause."),
        gettext_lazy("The account's history."),
        gettext_lazy("Which came first: the handover, or the cause."),
        "ban",
    ),
    "ACCOUNT_BANNED_POST": About(
        gettext_lazy("Banned for something after the sale"),
        gettext_lazy("The account was banned for what the buyer did with it."),
        gettext_lazy("Nothing goes back by the rules; a person looks at it."),
        gettext_lazy("The notice of the ban."),
        NOTHING,
        gettext_lazy("When the cause was."),
        "ban",
    ),
    "UPSTREAM_BAN": About(
        gettext_lazy("The supplier banned or froze it"),
        gettext_lazy("The issuer or operator took the value away."),
        gettext_lazy(
            "The value that was lost goes back; nothing if the buyer's own conduct caused it; shared if both did."
        ),
        gettext_lazy("The notice, and what was left."),
        gettext_lazy("Where the stock came from."),
        gettext_lazy("Others of the same batch."),
        "ban",
    ),
    "UPSTREAM_OUTAGE": About(
        gettext_lazy("The supplier's service is down"),
        gettext_lazy("It cannot be used because the issuer's service stands still."),
        gettext_lazy("Not used: everything back. Partly used: the rest, or a longer term."),
        gettext_lazy("The error and its time."),
        gettext_lazy("The supplier's notice."),
        gettext_lazy("What the supplier reports."),
        "plug",
    ),
    "CODE_REVOKED": About(
        gettext_lazy("Revoked after it was activated"),
        gettext_lazy("The code worked, and the issuer took it back because of its origin."),
        gettext_lazy("Everything goes back although it was used."),
        gettext_lazy("The notice of revocation."),
        gettext_lazy("Where the code was bought."),
        gettext_lazy("How many of the batch were revoked."),
        "undo-2",
    ),
    "FORCE_MAJEURE": About(
        gettext_lazy("Force majeure"),
        gettext_lazy("Something nobody could foresee, avoid or overcome."),
        gettext_lazy(
            "What was not performed goes back, without compensation. A sealed code that cannot be recalled: half."
        ),
        gettext_lazy("What it did to the order."),
        gettext_lazy("Proof of the event, and that it was told at once."),
        gettext_lazy("The register of declared events."),
        "life-buoy",
    ),
    "BUYER_MISTAKE": About(
        gettext_lazy("Bought or typed the wrong thing"),
        gettext_lazy("The buyer chose the wrong goods or account."),
        gettext_lazy(
            "Before delivery: everything. Sealed: by the level's time, less its fee. Looked at: "
            "only if the supplier takes it back. Used: nothing."
        ),
        gettext_lazy("What was meant."),
        gettext_lazy("The state of the goods."),
        gettext_lazy("What the buyer confirmed, and what was typed."),
        "undo-2",
    ),
    "CHANGE_OF_MIND": About(
        gettext_lazy("I do not want it any more"),
        gettext_lazy("Nothing is wrong with it. A fee may stay with the shop."),
        gettext_lazy(
            "Sealed and within 7 days without a waiver: everything, by law. Else by the level's "
            "time, less its fee. Looked at: only if the supplier takes it back."
        ),
        NOTHING,
        gettext_lazy("The state of the goods."),
        gettext_lazy("Whether the code was shown, and what the buyer confirmed at checkout."),
        "undo-2",
    ),
    "BUYER_DEVICE": About(
        gettext_lazy("It does not run on my device"),
        gettext_lazy("The goods are fine, but the device or a step is not."),
        gettext_lazy("Support helps first; an exchange if the shop agrees."),
        gettext_lazy("The device and the steps."),
        gettext_lazy("The manual."),
        gettext_lazy("That the usage notice was shown."),
        "smartphone",
    ),
    "MINOR_PURCHASE": About(
        gettext_lazy("A child bought it"),
        gettext_lazy("Somebody under 18 bought without the family's consent."),
        gettext_lazy(
            "Not used: everything. Used: everything if nobody checked the age; else the family "
            "carries a part, 30 to 70 %. Sums that fit the age count as valid."
        ),
        gettext_lazy("Who the guardian is, and who operated."),
        gettext_lazy("Its real-name checks and limits."),
        gettext_lazy("The real name, the device, the hours and the pattern."),
        "users",
    ),
    "UNAUTHORIZED_PAYMENT": About(
        gettext_lazy("Somebody else paid with my money"),
        gettext_lazy("The payment was not made by the account's owner."),
        gettext_lazy(
            "Not opened: everything back after a check. Opened: held while the channel or the police look into it."
        ),
        gettext_lazy("The report to the police or the channel."),
        gettext_lazy("The delivery log."),
        gettext_lazy("Sign-in, device, address and how the payment was authorized."),
        "shield-alert",
    ),
    "ILLEGAL_GOODS": About(
        gettext_lazy("Illegal or pirated goods"),
        gettext_lazy("They may not be sold at all."),
        gettext_lazy("The sale is void: the price goes back. Who knew and used it up gets nothing."),
        gettext_lazy("The listing, and what shows it."),
        gettext_lazy("A license."),
        gettext_lazy("The listing's history, and what was taken down."),
        "shield-alert",
    ),
    "SELLER_ABSCONDED": About(
        gettext_lazy("The shop is gone"),
        gettext_lazy("The shop neither answers nor delivers any more."),
        gettext_lazy(
            "Everything goes back with compensation for lateness; the deposit and then the guarantee fund answer."
        ),
        NOTHING,
        NOTHING,
        gettext_lazy("No sign-in, no delivery, and who keeps the shop."),
        "store",
    ),
    "PRICE_DISPUTE": About(
        gettext_lazy("Price or promise not kept"),
        gettext_lazy("More was paid than the promised price."),
        gettext_lazy("The difference goes back."),
        gettext_lazy("The page with the promise."),
        gettext_lazy("The record of the price."),
        gettext_lazy("The campaign as it was then."),
        "receipt-text",
    ),
}
#: What happens on silence, by the formula of a reason; every other formula gives a figure that silence pays.
SILENCE_PAYS = gettext_lazy(
    "If the shop stays silent, the figure of the rules is paid, unless our records speak against it."
)
SILENCE: Mapping[str, Promise] = {
    "BUYER_REASON": gettext_lazy(
        "If the shop stays silent, the figure of the rules is paid. Where the rules give "
        "nothing, a machine says so first and a person reviews it with one click; without "
        "that click the case ends."
    ),
    "CODE_USED_PROOF": gettext_lazy("If the shop does not prove within 48 hours who used it, everything goes back."),
    "ADJUDICATED_RANGE": gettext_lazy(
        "Not used: silence of the shop pays. Used: a person weighs it; silence pays nothing, "
        "the case goes to the platform."
    ),
    "ACCOUNT_RECOVERED": gettext_lazy(
        "Urgent: it goes to the platform at once. A person decides; silence pays nothing and ends nothing."
    ),
    "DENY": gettext_lazy("A person reviews it; silence pays nothing and ends nothing."),
    "ASSIST": gettext_lazy("Support answers first; if that does not help, the platform decides."),
    "FRAUD": gettext_lazy("Silence pays nothing: a panel of people decides."),
    "MINOR": gettext_lazy(
        "Urgent: it goes to the platform at once. A person decides; silence pays nothing and ends nothing."
    ),
    "UNAUTHORIZED": gettext_lazy(
        "Urgent: it goes to the platform at once. A person decides; silence pays nothing and ends nothing."
    ),
    "ILLEGAL": gettext_lazy(
        "Urgent: it goes to the platform at once. A person decides; silence pays nothing and ends nothing."
    ),
}


class AboutClock(NamedTuple):
    """A clock in plain words: what it is for, whose it is, and what happens when it ends."""

    title: Promise
    whose: Promise
    then: Promise


BUYER, SHOP, BOTH = gettext_lazy("the buyer"), gettext_lazy("the shop"), gettext_lazy("both sides")
STAFF, MALL, OTHER = (
    gettext_lazy("the platform's staff"),
    gettext_lazy("the mall"),
    gettext_lazy("the supplier or channel"),
)
#: By the clock's name in the rulebook. A clock that is not here is for the staff alone.
CLOCKS: Mapping[str, AboutClock] = {
    "ORDER_PAY": AboutClock(
        gettext_lazy("Paying an order"),
        BUYER,
        gettext_lazy("The order ends and the stock is free again; a payment that comes later goes back by itself."),
    ),
    "PROMISE": AboutClock(
        gettext_lazy("Delivering"),
        SHOP,
        gettext_lazy("The buyer can cancel at once, free of charge. Past the grace there is compensation."),
    ),
    "GRACE": AboutClock(
        gettext_lazy("Grace after the promise"), SHOP, gettext_lazy("From here on lateness is compensated.")
    ),
    "HARD": AboutClock(
        gettext_lazy("Last time to deliver, after the promise"),
        SHOP,
        gettext_lazy(
            "The order is cancelled and paid back, unless the supplier says that it is delivered or under way."
        ),
    ),
    "INSPECT": AboutClock(
        gettext_lazy("Trying what was delivered"),
        BUYER,
        gettext_lazy("It counts as accepted; a claim is still open inside its own time."),
    ),
    "SETTLE": AboutClock(
        gettext_lazy("Until the shop has the money"), MALL, gettext_lazy("The shop's pending money becomes available.")
    ),
    "SELLER_RESPONSE": AboutClock(
        gettext_lazy("Answering a claim"),
        SHOP,
        gettext_lazy("The buyer is paid the rules' figure; where our records say otherwise, the platform decides."),
    ),
    "SUPPLIER_QUERY": AboutClock(
        gettext_lazy("The supplier's answer"),
        OTHER,
        gettext_lazy("It counts against the supply side, and the case is decided anew."),
    ),
    "BUYER_ANSWER": AboutClock(
        gettext_lazy("Adding what the shop asked for"),
        BUYER,
        gettext_lazy("The case ends; it can be filed again inside its time. Two reminders come first."),
    ),
    "OFFER": AboutClock(
        gettext_lazy("Answering an offer"),
        BOTH,
        gettext_lazy("The shop's turn: as answering a claim. The buyer's turn: the offer is off."),
    ),
    "NEGOTIATE": AboutClock(
        gettext_lazy("Bargaining in all"),
        BOTH,
        gettext_lazy("The offers are off, and the buyer can call the platform."),
    ),
    "ESCALATE": AboutClock(
        gettext_lazy("Calling the platform after a no"),
        BUYER,
        gettext_lazy("A standing offer is paid; without one the case ends. Two reminders come first."),
    ),
    "REPLACE": AboutClock(
        gettext_lazy("Sending a new code or an exchange"), SHOP, gettext_lazy("Everything is paid back.")
    ),
    "PAYOUT": AboutClock(
        gettext_lazy("Sending the money"), MALL, gettext_lazy("Finance is alarmed and sends it by hand.")
    ),
    "REFUND_ARRIVE": AboutClock(
        gettext_lazy("The money arrives the way it came"), OTHER, gettext_lazy("We trace it with the channel.")
    ),
    "ASSIGN": AboutClock(gettext_lazy("Somebody takes the dispute"), STAFF, gettext_lazy("The lead on duty gets it.")),
    "EVIDENCE": AboutClock(gettext_lazy("Giving evidence"), BOTH, gettext_lazy("The case is judged by what is there.")),
    "RULING": AboutClock(
        gettext_lazy("Ruling"),
        STAFF,
        gettext_lazy("Somebody else takes over, then the lead; after that the rules' figure is ruled provisionally."),
    ),
    "PROPOSAL": AboutClock(
        gettext_lazy("Answering a proposal of the arbiter"), BOTH, gettext_lazy("The case goes on.")
    ),
    "SIGN": AboutClock(gettext_lazy("Second signature"), STAFF, gettext_lazy("The next senior signs.")),
    "APPEAL": AboutClock(gettext_lazy("Appealing"), BOTH, gettext_lazy("The ruling stands and is carried out.")),
    "ADMIT": AboutClock(gettext_lazy("Taking up an appeal"), STAFF, gettext_lazy("It counts as admitted.")),
    "ANSWER": AboutClock(gettext_lazy("Answering an appeal"), BOTH, gettext_lazy("The panel decides without it.")),
    "PANEL": AboutClock(
        gettext_lazy("Three new people decide"),
        STAFF,
        gettext_lazy("Who is missing is replaced, then the chief decides."),
    ),
    "ENFORCE": AboutClock(
        gettext_lazy("Carrying out a ruling"), STAFF, gettext_lazy("An alarm, and it is counted in public as late.")
    ),
    "BUYER_WAIT": AboutClock(
        gettext_lazy("Longest time a buyer waits in all"),
        STAFF,
        gettext_lazy("The lead has 24 hours more, then the rules' figure is advanced, up to ¥2,000."),
    ),
    "HUMAN_REVIEW": AboutClock(
        gettext_lazy("A person reviews a machine's no"), STAFF, gettext_lazy("It goes to the lead.")
    ),
    "FIRST_ANSWER": AboutClock(
        gettext_lazy("First answer of support"), STAFF, gettext_lazy("The next person answers.")
    ),
    "MINOR_MATERIALS": AboutClock(
        gettext_lazy("A guardian hands in papers"), BUYER, gettext_lazy("The case rests and can be opened again.")
    ),
    "MINOR_REVIEW": AboutClock(gettext_lazy("Looking at a minor's case"), STAFF, gettext_lazy("It goes one step up.")),
    "RULE_NOTICE": AboutClock(
        gettext_lazy("Notice before a new rulebook"),
        MALL,
        gettext_lazy("The new version is in force for orders placed from then on."),
    ),
    "DEPOSIT_TOP_UP": AboutClock(gettext_lazy("Filling up a deposit"), SHOP, gettext_lazy("The shop's sales stop.")),
    "DEPOSIT_QUIET": AboutClock(
        gettext_lazy("A closing shop's deposit still answers"),
        MALL,
        gettext_lazy("What is left goes back to the shop."),
    ),
}
#: Variants of clocks.
VARIANTS: Mapping[str, Promise] = {
    "code": gettext_lazy("codes"),
    "top_up": gettext_lazy("top-ups"),
    "membership": gettext_lazy("memberships"),
    "account": gettext_lazy("accounts"),
    "service": gettext_lazy("services"),
    "other": gettext_lazy("everything else"),
    "small_or_undelivered": gettext_lazy("up to ¥50, or not delivered"),
    "instant": gettext_lazy("instant lane"),
    "normal": gettext_lazy("as a rule"),
    "urgent": gettext_lazy("urgent"),
    "fast": gettext_lazy("fast track"),
    "complex": gettext_lazy("complex"),
    "party": gettext_lazy("a side"),
    "supplier": gettext_lazy("the supplier"),
    "major": gettext_lazy("if many are touched"),
}


def reason(code: str) -> str:
    """A reason as people say it."""
    return str(REASONS[code].title) if code in REASONS else code


def rule(rule_id: str, book: Book) -> str:
    """What a published rule of `book` says, in a sentence."""
    if rule_id in RULES:
        return str(RULES[rule_id])
    found = next((row for row in book.matrix.rows if row.id == rule_id), None)
    return row(found) if found else rule_id


def row(found: Row) -> str:
    """A row of the matrix as one sentence."""
    told = {
        "states": _(" / ").join(str(STATES[state]) for state in found.states),
        "classes": _(" / ").join(str(CLASSES[each]) for each in found.classes),
        "gives": gives(found),
    }
    if found.refund_bp is None:
        return _("%(states)s, and who is at fault is not settled: people decide by the burden of proof") % told
    sentence = _("%(states)s; at fault: %(classes)s. %(gives)s") % told
    details = [*(str(CONDITIONS.get(each, each[0])) for each in found.when)]
    if len(found.kinds) < len(KIND_CODES):
        details.append(_(", ").join(str(KINDS[kind]) for kind in found.kinds))
    if len(found.levels) < len(LEVEL_CODES):
        details.append(_(", ").join(found.levels))
    return (
        _("%(sentence)s (%(details)s)") % {"sentence": sentence, "details": _("; ").join(details)}
        if details
        else sentence
    )


def gives(found: Row) -> str:
    """What a row gives, in a few words."""
    if found.refund_bp is None:
        return _("People decide")
    if found.refund_bp == 0:
        if "HOLD" in found.remedies:
            return _("Wait for the supplier's answer")
        if "ASSIST_ONLY" in found.remedies:
            return _("No money back; support helps with the supplier")
        if "COMPENSATE" in found.remedies:
            return _("No money back, unless the reason's own formula gives some")
        if "EXCHANGE" in found.remedies:
            return _("No money back; an exchange if the shop agrees")
        return _("No money goes back")
    if found.refund_bp == "REMAINDER":
        if found.fee_on_remainder_bp:
            return _("The unused part goes back, less %(fee)s") % {"fee": percent(found.fee_on_remainder_bp)}
        return _("The unused part goes back")
    if found.refund_bp == "PREPAID_COOLING":
        return _("The unused part goes back; what was used counts at the price before discount")
    part = percent(int(found.refund_bp))
    if found.fee:
        return _("%(part)s goes back, less the fee of the level") % {"part": part}
    if found.fee_bp:
        return _("%(part)s goes back, less %(fee)s") % {"part": part, "fee": percent(found.fee_bp)}
    if found.refund_bp == 10_000:
        return _("Everything goes back")
    return _("%(part)s goes back") % {"part": part}


def silence(found: Reason) -> str:
    """What happens with a claim of this reason if the shop does nothing."""
    return str(SILENCE.get(found.formula, SILENCE_PAYS))


def window(text: str) -> str:
    """The time to file of a reason, as the rulebook writes it (`7d after reveal`), in words."""
    if text in WINDOWS:
        return str(WINDOWS[text])
    found = WINDOW.fullmatch(text)
    if found is None or found[3] not in SINCE:
        return text
    count = int(found[1])
    span = (
        ngettext("%(count)d hour", "%(count)d hours", count)
        if found[2] == "h"
        else ngettext("%(count)d day", "%(count)d days", count)
    )
    return _("%(span)s %(since)s") % {"span": span % {"count": count}, "since": SINCE[found[3]]}


def in_words(span: Span) -> str:
    """A span as people say it: “10 minutes”, “72 hours”, “7 days”, “3 working days”."""
    if span.kind == Kind.WORKING_DAYS:
        return ngettext("%(count)d working day", "%(count)d working days", span.amount) % {"count": span.amount}
    if span.kind != Kind.MINUTES:
        return ngettext("%(count)d day", "%(count)d days", span.amount) % {"count": span.amount}
    if span.amount % 60:
        return ngettext("%(count)d minute", "%(count)d minutes", span.amount) % {"count": span.amount}
    whole = span.amount // 60
    if whole >= 96 and whole % 24 == 0:
        return ngettext("%(count)d day", "%(count)d days", whole // 24) % {"count": whole // 24}
    return ngettext("%(count)d hour", "%(count)d hours", whole) % {"count": whole}


def money(amount: int) -> str:
    """A sum without the fen where they are none: ¥50, ¥0.50."""
    return yuan(amount).removesuffix(".00")

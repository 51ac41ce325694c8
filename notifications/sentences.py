"""What a notice says, in the language of whoever reads it. Sentences name numbers, shops and sums; never a code."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from ledger.templatetags.money import yuan

SENTENCES: dict[str, Promise] = {
    "order.reminder": _("Order %(order)s waits for you until %(until)s. Open it to see what happens then."),
    "refund.reminder": _("Case %(number)s waits for you until %(until)s. Open it to see what happens then."),
    "dispute.reminder": _("Dispute %(number)s waits for you until %(until)s. Open it to see what happens then."),
    "payment.reminder": _("Your payment %(number)s can be paid until %(until)s."),
    "payout.reminder": _("Payout %(number)s over %(amount)s must be sent until %(until)s."),
    "deposit.reminder": _("The deposit of %(shop)s waits for you until %(until)s. Open it to see what happens then."),
    "order.sold": _("You sold something: order %(order)s is paid, %(amount)s is in escrow."),
    "order.delivered": _("Order %(order)s from %(shop)s has arrived. Check it while your money is still in escrow."),
    "order.units_delivered": _(
        "A part of order %(order)s from %(shop)s has arrived. Its inspection runs; the rest follows."
    ),
    "order.units_called_off": _("What did not come of order %(order)s is paid back to you."),
    "order.units_called_off_for_you": _("What you did not deliver of order %(order)s is paid back to the buyer."),
    "clock.stuck": _("A clock was given up: what it does failed again and again. See what failed, and let it run on."),
    "outage.order_given_up": _(
        "An order could not be held against an outage, again and again. See what failed, and let it be tried once more."
    ),
    "order.outage_weighed": _(
        "An outage was registered for the time of order %(order)s. What it took does not count as the shop's delay; "
        "cases about the delay were decided anew."
    ),
    "order.recourse_found": _(
        "Your supplier was registered as down in the time of order %(order)s. %(amount)s that you gave on top for that "
        "delay, or still owe, you can ask back of your supplier."
    ),
    "order.shop_made_whole": _("The platform gave you back %(amount)s: the delay of order %(order)s was its own."),
    "refund.outage_found": _(
        "An outage of the platform was registered for the time case %(number)s is about. Whoever decides it knows."
    ),
    "order.delivery_given_up": _(
        "%(shop)s cannot deliver order %(order)s, or a part of it. Your money for it goes back at once; "
        "the order says why."
    ),
    "order.compensated": _("For the delay of order %(order)s you get %(amount)s on top of your money."),
    "order.compensated_by_you": _(
        "For the delay of order %(order)s the buyer gets %(amount)s on top. The order shows who pays it."
    ),
    "order.late": _("Order %(order)s is late. You may cancel at once and get everything back, or wait a day longer."),
    "order.late_by_you": _("You promised order %(order)s earlier: it is late, and the buyer may cancel at once."),
    "order.wait_chosen": _("The buyer of order %(order)s waits a day longer for it."),
    "order.final_answer_asked": _("Order %(order)s is over its limit. The supplier is asked for its final answer."),
    "order.supplier_failed": _("The supplier could not deliver a unit of order %(order)s. It is paid back."),
    "order.delivered_after_all": _(
        "The supplier delivered a unit of order %(order)s that was paid back already. Settle it with the supplier."
    ),
    "order.expired": _("Order %(order)s was not paid in time. Nothing was charged."),
    "order.undelivered": _(
        "%(shop)s did not deliver order %(order)s in time. It is canceled and your money goes back."
    ),
    "order.undelivered_by_you": _(
        "Order %(order)s was not delivered in time. It is canceled and the buyer is paid back."
    ),
    "order.released": _("Money of order %(order)s was released to you. It can be withdrawn once it is settled."),
    "order.completed": _("The inspection of order %(order)s is over. Claims stay possible while the warranty runs."),
    "order.settled": _("Money of order %(order)s is settled: it is yours to withdraw."),
    "order.message": _("There is a new message about order %(order)s."),
    "order.staff_joined": _(
        "Somebody of the platform joined the conversation about order %(order)s. The reason stands there."
    ),
    "order.supplier_asked": _(
        "The shop asks its supplier about order %(order)s. Your time to check it stands still until there is an answer."
    ),
    "order.code_was_bad": _(
        "The issuer confirms that a code of order %(order)s was bad. You can claim your money back."
    ),
    "order.left_owed": _(
        "Nobody had %(amount)s of what order %(order)s gives you back. It stays owed to you and is collected for you."
    ),
    "order.funds_missing": _(
        "For order %(order)s there was not enough money to pay back everything. Please look at it."
    ),
    "order.units_recalled": _("Codes of order %(order)s from %(shop)s are recalled. Choose your money or new codes."),
    "order.recall_confirmed": _(
        "The recall of codes of order %(order)s is confirmed. Choose your money or new codes until %(until)s; nobody "
        "has to agree."
    ),
    "order.recall_reminded": _(
        "Your answer to the recall of codes of order %(order)s is missing. The offer ends at %(until)s."
    ),
    "user.may_be_deceived": _(
        "A buyer writes like somebody who is being deceived. Ask them, hold what can be held, and tell the police."
    ),
    "order.units_freed": _("The recall of codes of order %(order)s is over. Your order goes on."),
    "order.rated": _("The buyer of order %(order)s rated you."),
    "order.rating_replied": _("%(shop)s replied to your rating of order %(order)s."),
    "erasure.waiting": _("Somebody asks to be erased (%(number)s). Answer within fifteen working days."),
    "erasure.late": _("The request to be erased %(number)s is late. Answer it today."),
    "erasure.agreed": _("Your request %(number)s is answered: read what is erased in a week, and what stays and why."),
    "erasure.refused": _("Your request %(number)s is answered: something is in the way. Read what, and ask again."),
    "erasure.put_off": _("Your request %(number)s was not carried out: something was opened meanwhile. See what."),
    "hold.releasing": _("Somebody wants to release the legal hold %(number)s. A second person signs or keeps it."),
    "user.copy_made": _("The copy of everything about you is ready. Fetch it within a week; it can be fetched once."),
    "user.suspended": _(
        "You are suspended: you cannot sell, withdraw or work for the mall. Read why, and how to appeal."
    ),
    "user.suspension_lifted": _("You are not suspended any more."),
    "user.suspension_appealed": _("Somebody who is suspended appeals. Another person than who did it hears them."),
    "user.suspension_upheld": _("Your appeal was heard: the suspension stands. Read why."),
    "role.granted": _("You have a new part in the work of the mall. Set up a second factor; then its pages open."),
    "role.revoked": _("A part that you had in the work of the mall has ended. Ask a lead if you did not expect it."),
    "level.changed": _("Your level has changed. See what it takes and what it gives."),
    "downgrade.announced": _("A level will fall in 30 days, unless it is reached again."),
    "downgrade.spared": _("The level was reached again: it stays."),
    "measure.in_force": _("A measure was taken against your account. Read why, and how to appeal."),
    "measure.appealed": _("A buyer appeals against a measure. Another person than who imposed it hears it."),
    "measure.upheld": _("Your appeal was heard: the measure stands. Read why."),
    "measure.lifted": _("A measure against your account was lifted."),
    "measure.over": _("A measure against your account is over."),
    "alarm.raised": _("Too many codes of a batch of %(shop)s are bad. Its sale is stopped, its money is held."),
    "alarm.raised_for_risk": _("A batch of %(shop)s was stopped. Confirm the recall or lift it."),
    "alarm.confirmed": _("A batch of %(shop)s is recalled. Its buyers are paid back without your consent."),
    "alarm.lifted": _("The alarm over a batch of %(shop)s was lifted. It is sold again."),
    "batchanswer.awaited": _("Recall %(number)s waits for the shop's answer until %(until)s, or its sales may stop."),
    "batchanswer.reminder": _("Recall %(number)s waits for the shop's answer until %(until)s, or its sales may stop."),
    "batchanswer.given": _("%(shop)s has answered for its batch. Read it, then confirm the recall or lift it."),
    "batchanswer.missed": _("%(shop)s did not answer for its bad batch in time. See what follows from it."),
    "batchanswer.missed_for_risk": _("%(shop)s said nothing about its bad batch in time. Look at what is behind it."),
    "alarm.closed": _("The recall of a batch of %(shop)s is over. See what to ask of your supplier."),
    "refund.questioned": _("The shop asks you for something in case %(number)s. Answer in time, or the case lapses."),
    "refund.answered": _("The buyer answered your question in case %(number)s. Your answer is due."),
    "refund.extended": _("The shop of case %(number)s waits for its supplier and has more time to answer."),
    "refund.offered": _("There is an offer in case %(number)s. Take it, or offer something else."),
    "refund.offer_taken": _("Your offer in case %(number)s was taken."),
    "refund.talks_ended": _("The talks in case %(number)s are over. You decide how it goes on."),
    "refund.goodwill_asked": _("The buyer of case %(number)s asks you for goodwill: by the rules nothing is owed."),
    "refund.goodwill_unanswered": _("The shop did not answer in case %(number)s. You can still call the platform."),
    "refund.replacing": _("In case %(number)s the goods are delivered anew."),
    "refund.checking": _("The replacement of case %(number)s is there. Check it in time."),
    "refund.exchanged": _("Case %(number)s is over: the replacement is good."),
    "refund.bad_again": _("The buyer says that the replacement in case %(number)s is no good either."),
    "refund.requested": _("The buyer of order %(order)s asks for %(amount)s back. Your answer is due."),
    "refund.approved": _("Case %(number)s is approved: %(amount)s is on its way to you."),
    "refund.approved_for_buyer": _("Case %(number)s is approved: the buyer gets %(amount)s back."),
    "refund.declined": _("Your claim %(number)s was declined. You can call the platform; a person will decide."),
    "refund.disputed": _("Case %(number)s is now with the platform."),
    "refund.refunded": _("%(amount)s of case %(number)s has been paid back to you."),
    "refund.withdrawn": _("The buyer took case %(number)s back."),
    "refund.lapsed": _("The time to call the platform in case %(number)s is over. The case is closed."),
    "refund.lapsed_for_shop": _("The buyer let case %(number)s rest. It is closed."),
    "refund.rejected": _("Case %(number)s is decided: nothing is paid back."),
    "guardian.reminder": _("The papers for case %(number)s are due until %(until)s. Open it to see what is missing."),
    "refund.paid_in_part_outside": _(
        "The payment channel itself paid %(amount)s back for order %(order)s. The case goes on for the rest."
    ),
    "refund.frozen": _("Case %(number)s says that somebody else paid. Its units are frozen; look at the payment."),
    "refund.reported": _("Case %(number)s reports that something may not be sold. The listing is off sale."),
    "refund.reported_for_shop": _("A buyer reports in case %(number)s that your goods may not be sold. We look at it."),
    "refund.decided_anew": _("Case %(number)s was decided anew: the supplier answered, or did not in time."),
    "guardian.awaited": _("Case %(number)s needs the guardian's papers. Give them on its page; they are sealed."),
    "guardian.given": _("The papers of the family in case %(number)s are there. Look at them."),
    "guardian.late": _("The papers of the family in case %(number)s still wait for somebody to look at them."),
    "guardian.asked_again": _("Something is missing in the papers for case %(number)s. See what."),
    "guardian.accepted": _("Your papers for case %(number)s were accepted."),
    "guardian.refused": _("Your papers for case %(number)s do not show it. The case is decided all the same."),
    "guardian.closed": _("The papers for case %(number)s are closed. Without them it can be filed again."),
    "contest.reminder": _("The contested payment of case %(number)s is to be decided until %(until)s."),
    "contest.filed": _("%(shop)s contests the instant payment of case %(number)s. Somebody has to decide."),
    "contest.filed_for_buyer": _("The shop contests the payment of case %(number)s. Your money stays with you."),
    "contest.late": _("Nobody has decided about the contested payment of case %(number)s in time. It is yours now."),
    "contest.upheld": _("The payment of case %(number)s was right and stays. Read why."),
    "contest.upheld_for_buyer": _("The payment of case %(number)s was right. Nothing changes for you."),
    "contest.overturned": _(
        "The payment of case %(number)s was not owed. The guarantee fund gives you %(amount)s back. Read why."
    ),
    "contest.overturned_for_nothing": _(
        "The payment of case %(number)s was not owed, and you owe nothing of it any more. Read why."
    ),
    "contest.overturned_for_buyer": _(
        "The payment of case %(number)s was found not to have been owed. You keep what you were paid. Read why."
    ),
    "contest.still_late": _("The contested payment of case %(number)s is still not decided. The shop waits."),
    "contest.withdrawn": _("The shop took its contest in case %(number)s back. The payment stays."),
    "contest.claimed": _("The mall books a claim of %(amount)s on you for case %(number)s. Read why and answer us."),
    "contest.recourse_booked": _("A claim of %(amount)s was booked for case %(number)s. Pursue it."),
    "contest.fund_short": _("The guarantee fund lacks %(amount)s to make the shop of case %(number)s whole."),
    "listing.withheld": _("The mall took an offer of %(shop)s off sale because of a report. People look at it now."),
    "listing.given_back": _("The report was unfounded: an offer of %(shop)s is on sale again."),
    "listing.forbidden": _("The report was right: an offer of %(shop)s may not be sold any more."),
    "refund.alarm": _("The money of case %(number)s, %(amount)s, has not arrived in time."),
    "dispute.opened": _("Dispute %(number)s waits to be assigned."),
    "dispute.evidence": _("Dispute %(number)s is open: say what happened and hand in what proves it."),
    "dispute.assigned": _("Dispute %(number)s was assigned to you."),
    "dispute.review": _("Both sides of dispute %(number)s were heard. It waits for your decision."),
    "dispute.signing": _("The decision in dispute %(number)s waits for a second signature."),
    "dispute.ruled": _("Dispute %(number)s is decided. Read the reasons and what you can still do."),
    "dispute.signed": _("Your decision in dispute %(number)s is in force."),
    "dispute.withdrawn": _("Dispute %(number)s is over: the buyer took the case back."),
    "dispute.evidence_submitted": _("Something was added to the file of dispute %(number)s."),
    "dispute.sent_back": _("Your decision in dispute %(number)s came back from the second person. Look at it again."),
    "dispute.conceded": _("The shop gave in: dispute %(number)s is over and %(amount)s is paid back."),
    "dispute.alarm": _("Something is the matter with dispute %(number)s. Its history says what; a lead must look."),
    "dispute.bundle_failed": _(
        "A copy of the file of dispute %(number)s could not be put together. Please look at it."
    ),
    "dispute.payment_late": _("The money of dispute %(number)s has not arrived in time."),
    "dispute.extended": _("One side of dispute %(number)s needs longer: there are 24 hours more to hand in evidence."),
    "dispute.questioned": _("In dispute %(number)s one thing is asked of you. Open it to see what, and until when."),
    "dispute.answered": _("What you asked for in dispute %(number)s was answered."),
    "dispute.proposed": _(
        "The platform proposes a way out of dispute %(number)s. It binds only if both sides accept it."
    ),
    "dispute.proposal_failed": _(
        "The proposal in dispute %(number)s was not accepted by both sides. The review goes on."
    ),
    "dispute.mediated": _("Both sides accepted the proposal in dispute %(number)s. It is being carried out."),
    "dispute.last_offer_given": _(
        "The other side of dispute %(number)s has given a last offer. It is sealed until you give yours."
    ),
    "dispute.suspended": _("Dispute %(number)s stands still. Open it to see why."),
    "dispute.suspension_renewed": _("Dispute %(number)s stands still for seven days more. Open it to see why."),
    "dispute.resumed": _("Dispute %(number)s goes on."),
    "dispute.neutral_named": _("Somebody from outside the mall decides dispute %(number)s. Open it to see who."),
    "dispute.neutral_awaited": _(
        "Nobody from outside could be named yet for dispute %(number)s. We look again every day, and you can take it"
        " outside at once."
    ),
    "dispute.neutral_awaited_by_shop": _(
        "Nobody from outside could be named yet for dispute %(number)s. We look again every day; nobody of the"
        " platform decides it."
    ),
    "dispute.neutral_late": _(
        "Dispute %(number)s was not decided in time. Whoever has it from outside has a day more: nobody else is free."
    ),
    "dispute.advance_kept": _(
        "Dispute %(number)s is over: the buyer keeps what the platform paid ahead and asks for no more."
    ),
    "dispute.default_drafted": _(
        "A decision in dispute %(number)s follows from the silence of a side. Read it and sign, or send it back."
    ),
    "dispute.advanced": _(
        "Dispute %(number)s takes too long: %(amount)s goes to the buyer now, whatever is decided later."
    ),
    "dispute.supplemented": _("In dispute %(number)s you get %(amount)s more."),
    "dispute.shop_made_whole": _("In dispute %(number)s the guarantee fund gives you back %(amount)s."),
    "order.owed_paid": _("%(amount)s that were still owed to you for order %(order)s came to your balance."),
    "order.owed_less": _(
        "%(amount)s less is owed to you for order %(order)s: it came in another way, or was found not to be due."
    ),
    "order.owed_by_platform": _(
        "%(amount)s that are still owed to you for order %(order)s, the platform owes you now: the fault was its own."
    ),
    "order.platform_owes": _(
        "%(amount)s that you still owed the buyer of order %(order)s, the platform owes now: the fault was its own."
    ),
    "order.owed_by_shop": _(
        "%(amount)s that are still owed to you for order %(order)s, the shop owes you now: so it was decided."
    ),
    "order.shop_owes": _(
        "You owe the buyer of order %(order)s %(amount)s that the platform still owed: so it was decided. Your next"
        " income pays it."
    ),
    "dispute.fault_taken_on": _("In dispute %(number)s the platform gives you back %(amount)s: the fault was its own."),
    "dispute.remanded": _("The panel sent dispute %(number)s back: somebody else decides it anew."),
    "dispute.heard_again": _(
        "The replacement in dispute %(number)s is no good by the buyer's word. The case is heard again."
    ),
    "dispute.settled": _("Both sides of dispute %(number)s have settled it."),
    "dispute.penalty_proposed": _(
        "A penalty of %(amount)s is proposed in dispute %(number)s. Impose it or turn it down."
    ),
    "dispute.penalty_imposed": _("A penalty of %(amount)s was imposed on your shop in dispute %(number)s."),
    "dispute.penalty_turned_down": _("The penalty that you proposed in dispute %(number)s was turned down."),
    "appeal.reminder": _("The appeal in dispute %(number)s waits for you until %(until)s."),
    "appeal.filed": _("The other side appeals against the decision in dispute %(number)s."),
    "appeal.to_admit": _("An appeal in dispute %(number)s waits to be admitted."),
    "appeal.admitted": _("The appeal in dispute %(number)s is admitted. The other side can answer now."),
    "appeal.inadmissible": _("The appeal in dispute %(number)s was not admitted. Open it to see why."),
    "appeal.panel": _("Three new people hear the appeal in dispute %(number)s."),
    "appeal.assigned": _("You are on the panel in dispute %(number)s. Read the file and vote."),
    "appeal.decided": _("The appeal in dispute %(number)s is decided. Read the votes and what you can still do."),
    "appeal.remanded": _("The panel sent dispute %(number)s back: facts are missing."),
    "appeal.neutral_awaited": _(
        "Nobody from outside is free yet for the panel in dispute %(number)s. We look again every day; the platform's"
        " own people do not decide it alone."
    ),
    "appeal.withdrawn": _("The appeal in dispute %(number)s was taken back."),
    "payment.arrived": _("Your top-up has arrived: %(amount)s is on your balance."),
    "payment.charged_back": _(
        "A bank took %(amount)s of your top-up back. It is off your balance; what was spent already you owe the mall."
    ),
    "payment.paid_twice": _(
        "The channel paid you %(amount)s that had been paid back to you already. It is off your balance; what is not"
        " there any more you owe the mall."
    ),
    "debt.collected": _("%(amount)s from your balance went to what you owed. Your wallet says how it came about."),
    "contribution.proposed": _("It is proposed to put %(amount)s in from the mall's bank. A second person must agree."),
    "contribution.booked": _("%(amount)s was put in from the mall's bank, by two people of finance."),
    "writeoff.proposed": _("It is proposed to let a debt of %(amount)s go. A second person of finance must agree."),
    "writeoff.agreed": _("You do not owe %(amount)s any more: the mall has let it go."),
    "payment.returned": _(
        "The channel took %(amount)s that does not belong to an open payment. It is being sent back."
    ),
    "payout.paid": _("%(amount)s has been paid back to you."),
    "payout.paid_to_wallet": _("The channel could not pay you %(amount)s, so it is on your balance now."),
    "payout.manual": _(
        "Paying you %(amount)s takes longer than planned. People of finance see to it; the money is safe."
    ),
    "payout.manual_for_finance": _("Payout %(number)s over %(amount)s needs two people of finance."),
    "payout.alarm": _("Payout %(number)s over %(amount)s was not sent in time."),
    "payout.proposed": _("A colleague proposed what to do about payout %(number)s. It needs a second person."),
    "brake.raised": _("The payout brake is on: nothing leaves the mall until two people of finance release it."),
    "brake.raised_again": _("More was found while the payout brake is on. Please look at it."),
    "brake.signed": _("A colleague signed to release the payout brake. It needs a second person."),
    "brake.released": _("The payout brake was released: payouts run again."),
    "rulebook.signing": _("Version %(number)s of the rules waits for a second person to sign. See what it changes."),
    "rulebook.sent_back": _("Version %(number)s of the rules was sent back to you. It is a draft again."),
    "rulebook.not_signed": _("Nobody signed version %(number)s of the rules in time. It is a draft again."),
    "rulebook.announced": _("Version %(number)s of the rules was announced. See from when on it is in force."),
    "rulebook.in_force": _("Version %(number)s of the rules is in force: what is ordered from now on is under it."),
    "rulebook.withdrawn": _("Version %(number)s of the rules was taken back. It will not come into force."),
    "order.code_not_shown": _("The vault could not open a code of order %(order)s: a fault of ours. Look at the log."),
    "listing.codes_read": _("Your file of codes was read. See what was taken."),
    "listing.batch_stopped": _("The mall stopped selling a batch of %(shop)s. See which, and why."),
    "listing.codes_seen_elsewhere": _("Codes came in at %(shop)s that another shop has."),
    "application.applied": _("%(shop)s wants to open here. Look at the application."),
    "application.late": _("The application of %(shop)s waits for longer than the mall promised."),
    "application.reviewing": _("A person of the mall is reading your application for %(shop)s."),
    "application.sent_back": _("Something is missing in your application for %(shop)s. See what, and send it again."),
    "application.approved": _("%(shop)s is open. Pay its deposit, then list what you sell."),
    "application.refused": _("The mall said no to %(shop)s. Read why; another person looks again if you ask."),
    "application.appealed": _("Somebody asks another person to look at the application of %(shop)s again."),
    "application.closed": _("It stays at the no to %(shop)s. You may apply anew at any time."),
    "application.withdrawn": _("Your application for %(shop)s counts as withdrawn."),
    "licence.given": _("%(shop)s gave a new paper. Look at it."),
    "licence.taken": _("A paper of %(shop)s counts from now on."),
    "licence.refused": _("A paper was not taken. See why and give another one."),
    "licence.ending": _("A paper of %(shop)s ends soon. Give a new one in time, or sales stop."),
    "licence.ended": _("A paper of %(shop)s has run out: nothing new is sold until a new one is taken."),
    "sanction.in_force": _("The mall took a step against %(shop)s. Read why, until when, and how to appeal."),
    "sanction.stopped": _("The figures of %(shop)s stopped its sales. Read which, until when, and how to appeal."),
    "sanction.stopped_for_risk": _("Figures stopped the sales of %(shop)s. Look at them; an appeal is yours to hear."),
    "shortfall.low": _("The guarantee fund holds less than 60 percent of its aim: %(amount)s are missing."),
    "shortfall.stopped": _("The guarantee fund holds less than 40 percent of its aim: instant caps rise no more."),
    "shortfall.still_low": _("The guarantee fund is still low: %(amount)s are missing to its aim."),
    "shortfall.over": _("The guarantee fund holds 60 percent of its aim again."),
    "sanction.renewed": _("A step of the mall against %(shop)s lasts longer. Read why."),
    "sanction.appealed": _("%(shop)s asks another person to look at a step against it. Answer within a day."),
    "sanction.upheld": _("A step against %(shop)s stands after your appeal. Read why."),
    "sanction.lifted": _("A step against %(shop)s was lifted."),
    "sanction.over": _("A step against %(shop)s is over."),
    "sanction.late": _("The appeal of %(shop)s waits for longer than the mall promised."),
    "listing.waiting": _("A listing of %(shop)s waits for a person of the mall."),
    "listing.late": _("A listing of %(shop)s waits for longer than the mall promised."),
    "listing.passed": _("A listing of %(shop)s was looked over and is on sale."),
    "listing.sent_back": _("A listing of %(shop)s was sent back to you. Read why."),
    "listing.taken_down": _("The mall took a listing of %(shop)s off sale. Read why."),
    "shop.report_upheld": _("A report about an offer of %(shop)s was right. See why."),
    "shop.report_dismissed": _("A report about an offer of %(shop)s was unfounded."),
    "shop.word_given": _("What %(shop)s pays at once without being asked was changed. See its answers."),
    "shop.level_set": _("%(shop)s has another level now, and other caps with it."),
    "member.invited": _("%(shop)s invites you to work there. Accept or decline."),
    "member.working": _("Somebody accepted your invitation and works in %(shop)s now."),
    "member.declined": _("An invitation to work in %(shop)s was not accepted."),
    "member.duty_changed": _("You have another duty in %(shop)s now."),
    "member.left": _("You do not work in %(shop)s any more."),
    "member.left_by_itself": _("Somebody does not work in %(shop)s any more."),
    "payee.cooling": _("%(shop)s has a new account for its money. If that was not you, act now."),
    "payee.usable": _("Money of %(shop)s can now be sent to its new account."),
    "payout.void": _("A withdrawal of %(amount)s could not be sent. The money is the shop's again."),
    "deposit.partly_returned": _("The undisputed part of the deposit of %(shop)s goes back to you: %(amount)s."),
    "shop.webhook_added": _("News of %(shop)s are now sent to a machine. If that was not you, remove it at once."),
    "shop.webhook_failing": _("A machine of %(shop)s does not answer. What it missed waits for you to send it again."),
    "talk.waiting": _("Somebody calls for a person about order %(order)s. Ten minutes count."),
    "talk.handed_over": _("A talk about order %(order)s was handed over. Its story and a note are there."),
    "talk.answered": _("A person of the mall has answered you about order %(order)s."),
    "talk.late": _("Nobody answered in time about order %(order)s. Please see to it."),
    "complaint.arrived": _("A complaint came in from outside: %(number)s. Its clock runs."),
    "complaint.yours": _("Your complaint outside about order %(order)s has arrived and belongs to one case here."),
    "complaint.about_you": _("A buyer complained outside about order %(order)s. The case here answers for it."),
    "complaint.asked_again": _("Whoever complained outside (%(number)s) has said something after our answer."),
    "complaint.taken_back": _("The complaint %(number)s was taken back outside."),
    "complaint.case_decided": _("The case of the complaint %(number)s is decided. Answer outside with it."),
    "complaint.answered_yours": _("Your complaint outside about order %(order)s was answered: your case came to this."),
    "complaint.answered": _("The complaint outside about order %(order)s was answered with what the case came to."),
    "complaint.late": _("The complaint %(number)s from outside is not answered. Please see to it."),
    "complaint.not_taken": _("Our answer to the complaint %(number)s was not taken outside. Please see to it."),
    "complaint.paid_outside": _("A channel's staff paid %(amount)s back for the complaint %(number)s by themselves."),
    "complaint.paid_outside_for_you": _("The payment channel itself paid %(amount)s back for order %(order)s."),
    "complaint.reminder": _("The complaint %(number)s from outside waits for our word until %(until)s."),
    "commission.proposed": _("A new rate of commission is proposed for %(until)s. A second person of finance decides."),
    "commission.agreed": _("From %(until)s on the platform takes another share of goods that you sell. Read it here."),
    "deposit.active": _("The deposit of %(shop)s is in place: it carries listing and selling."),
    "deposit.short": _("The deposit of %(shop)s is short. Fill it up in time, or sales stop."),
    "deposit.suspended": _("%(shop)s may not sell for now, because its deposit is short."),
    "deposit.closing": _("%(shop)s is closing. It sells nothing any more; see when its deposit goes back."),
    "deposit.reopened": _("The closing of %(shop)s was taken back. It sells again."),
    "deposit.reopened_short": _(
        "The closing of %(shop)s was taken back. Nothing is sold until its deposit is filled up."
    ),
    "deposit.reopened_stopped": _(
        "The closing of %(shop)s was taken back, but it does not sell yet. Read why, and what to do."
    ),
    "deposit.returned": _("What was left of the deposit of %(shop)s goes back to you: %(amount)s."),
    "deposit.penalized": _("A penalty of %(amount)s was taken from the deposit of %(shop)s."),
    "deposit.required_changed": _("The deposit that %(shop)s needs is now %(amount)s."),
}


def sentence(code: str, words: dict[str, Any]) -> str:
    """The sentence of a notice, in the language of the moment."""
    if code not in SENTENCES:
        return _now("Something happened. Open it to see what.")
    return str(SENTENCES[code]) % {"until": "", **words, "amount": yuan(int(words["amount"]))}

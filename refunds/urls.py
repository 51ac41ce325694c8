"""Addresses of refunds: the three steps of a claim, the cases of both sides, and a shop's queue."""

from django.urls import path

from refunds.views import cases, claims, contests, papers, queue, talks

app_name = "refunds"

urlpatterns = [
    path("orders/<slug:number>/claim/", claims.what_happened, name="claim"),
    path("orders/<slug:number>/claim/facts/", claims.what_we_know, name="claim_facts"),
    path("orders/<slug:number>/claim/result/", claims.result, name="claim_result"),
    path("orders/<slug:number>/claim/files/<int:pk>/leave-out/", claims.leave_out, name="claim_leave_out"),
    path("orders/<slug:number>/claim/discard/", claims.discard, name="claim_discard"),
    path("refunds/", cases.index, name="index"),
    path("refunds/<slug:number>/", cases.case, name="case"),
    path("refunds/<slug:number>/accept/", cases.accept, name="accept"),
    path("refunds/<slug:number>/decline/", cases.decline, name="decline"),
    path("refunds/<slug:number>/withdraw/", cases.withdraw, name="withdraw"),
    path("refunds/<slug:number>/escalate/", cases.escalate, name="escalate"),
    path("refunds/<slug:number>/note/", papers.credit_note, name="credit_note"),
    path("credit-notes/", papers.notes, name="notes"),
    path("credit-notes/<slug:number>/", papers.note, name="note"),
    path("refunds/<slug:number>/signals/", papers.signal_list, name="signals"),
    path("refunds/<slug:number>/guardian/", papers.guardian, name="guardian"),
    path("refunds/<slug:number>/guardian/decide/", papers.decide_guardian, name="decide_guardian"),
    path("refunds/<slug:number>/guardian/proofs/<int:pk>/open/", papers.open_proof, name="open_proof"),
    path("refunds/<slug:number>/contest/", contests.contest, name="contest"),
    path("refunds/<slug:number>/contest/withdraw/", contests.withdraw, name="withdraw_contest"),
    path("refunds/<slug:number>/contest/decide/", contests.decide, name="decide_contest"),
    path("contests/", contests.contest_list, name="contests"),
    path("reports/", papers.report_list, name="reports"),
    path("reports/<slug:number>/decide/", papers.decide_report, name="decide_report"),
    path("refunds/<slug:number>/offer/", talks.offer, name="offer"),
    path("refunds/<slug:number>/counter/", talks.counter, name="counter"),
    path("refunds/<slug:number>/take/", talks.take, name="take"),
    path("refunds/<slug:number>/end-talks/", talks.end_talks, name="end_talks"),
    path("refunds/<slug:number>/question/", talks.question, name="question"),
    path("refunds/<slug:number>/answer/", talks.answer, name="answer"),
    path("refunds/<slug:number>/extend/", talks.extend, name="extend"),
    path("refunds/<slug:number>/goodwill/", talks.goodwill, name="goodwill"),
    path("refunds/<slug:number>/replace/", talks.replace, name="replace"),
    path("refunds/<slug:number>/promise/", talks.promise, name="promise"),
    path("refunds/<slug:number>/cannot-supply/", talks.cannot_supply, name="cannot_supply"),
    path("refunds/<slug:number>/confirm-replacement/", talks.confirm_replacement, name="confirm_replacement"),
    path("refunds/<slug:number>/bad-again/", talks.bad_again, name="bad_again"),
    path("desk/<slug:slug>/queue/", queue.queue, name="queue"),
    path("desk/<slug:slug>/queue/accept/", queue.accept, name="accept_many"),
    path("desk/<slug:slug>/answers/", queue.answers, name="answers"),
    path("desk/<slug:slug>/answers/<int:pk>/drop/", queue.drop_answer, name="drop_answer"),
    path("desk/<slug:slug>/answers/word/", queue.give_word, name="give_word"),
]

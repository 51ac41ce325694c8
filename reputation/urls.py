"""Addresses of reputation: levels, recalls, ratings, risk, transparency."""

from django.urls import path

from reputation.views import levels, ratings, recalls, risk, scores, suspensions, transparency

app_name = "reputation"

urlpatterns = [
    path("me/level/", levels.level, name="level"),
    path("me/measures/<int:pk>/appeal/", levels.appeal, name="appeal"),
    path("desk/<slug:slug>/level/", levels.standing, name="standing"),
    path("desk/<slug:slug>/feedback/", levels.feedback, name="feedback"),
    path("recalls/<slug:number>/", recalls.alarm, name="alarm"),
    path("recalls/<slug:number>/answer/", recalls.answer, name="answer_recall"),
    path("recalls/<slug:number>/check/", recalls.check, name="check"),
    path("recalls/<slug:number>/orders/<slug:order>/join/", recalls.join, name="join"),
    path("recalls/<slug:number>/orders/<slug:order>/keep/", recalls.keep, name="keep"),
    path("recalls/<slug:number>/<slug:verb>/", recalls.decide, name="decide"),
    path("risk/", risk.desk, name="risk"),
    path("risk/people/<int:pk>/", risk.person, name="person"),
    path("risk/people/<int:pk>/impose/", risk.impose, name="impose"),
    path("risk/people/<int:pk>/suspend/", risk.suspend, name="suspend"),
    path("me/suspensions/<int:pk>/appeal/", suspensions.appeal, name="appeal_suspension"),
    path("risk/suspensions/", suspensions.index, name="suspensions"),
    path("risk/suspensions/<int:pk>/appeal/<slug:verb>/", suspensions.hear, name="hear_suspension"),
    path("risk/suspensions/<int:pk>/lift/", risk.end_suspension, name="end_suspension"),
    path("risk/measures/<int:pk>/<slug:verb>/", risk.hear, name="hear"),
    path("risk/signals/<int:pk>/dismiss/", risk.dismiss, name="dismiss"),
    path("risk/contacts/list/", risk.list_contact, name="list_contact"),
    path("risk/contacts/<int:pk>/drop/", risk.drop_contact, name="drop_contact"),
    path("risk/batches/<int:pk>/raise/", recalls.raise_alarm, name="raise"),
    path("shops/<slug:slug>/ratings/", ratings.index, name="ratings"),
    path("shops/<slug:slug>/figures/", transparency.shop_figures, name="figures"),
    path("refunds/<slug:number>/score/", scores.score, name="score"),
    path("orders/<slug:number>/rate/", ratings.rate, name="rate"),
    path("ratings/<int:pk>/reply/", ratings.reply, name="reply"),
    path("transparency/", transparency.transparency, name="transparency"),
]

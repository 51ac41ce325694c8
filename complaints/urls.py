"""Addresses of complaints from outside: the staff's pages, and where channels send their notices."""

from django.urls import path

from complaints import views

app_name = "complaints"

urlpatterns = [
    path("staff/complaints/", views.queue, name="queue"),
    path("staff/complaints/record/", views.record, name="record"),
    path("staff/complaints/load/", views.load, name="load"),
    path("staff/complaints/<slug:number>/", views.complaint, name="complaint"),
    path("staff/complaints/<slug:number>/take/", views.take, name="take"),
    path("staff/complaints/<slug:number>/link/", views.link, name="link"),
    path("staff/complaints/<slug:number>/case/", views.open_case, name="open_case"),
    path("staff/complaints/<slug:number>/say/", views.say, name="say"),
    path("staff/complaints/<slug:number>/answer/", views.answer, name="answer"),
    path("staff/complaints/<slug:number>/paper/", views.paper, name="paper"),
    path("staff/complaints/<slug:number>/hand-in/", views.hand_in, name="hand_in"),
    path("staff/complaints/<slug:number>/close/", views.close, name="close"),
    path("pay/<slug:source>/complaints/", views.notify, name="notify"),
]

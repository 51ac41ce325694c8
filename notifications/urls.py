"""Addresses of the inbox, of what is mailed, of shops' machines, and of the check of a message."""

from django.urls import path

from notifications import mail_views, official_views, views, webhook_views

app_name = "notifications"

urlpatterns = [
    path("notices/", views.index, name="index"),
    path("notices/read/", views.read_all, name="read_all"),
    path("notices/<int:pk>/open/", views.open_notice, name="open"),
    path("notices/settings/", views.settings, name="settings"),
    path("staff/mail/", mail_views.index, name="mail_log"),
    path("staff/mail/<int:pk>/again/", mail_views.try_again, name="retry_mail"),
    path("verify-message/", official_views.check, name="official"),
    path("desk/<slug:slug>/webhooks/", webhook_views.endpoints, name="endpoints"),
    path("desk/<slug:slug>/webhooks/<int:pk>/", webhook_views.endpoint, name="endpoint"),
    path("desk/<slug:slug>/webhooks/<int:pk>/choose/", webhook_views.choose, name="choose_endpoint"),
    path("desk/<slug:slug>/webhooks/<int:pk>/rotate/", webhook_views.rotate, name="rotate_endpoint"),
    path("desk/<slug:slug>/webhooks/<int:pk>/calls/<int:call>/", webhook_views.replay, name="replay_call"),
    path("desk/<slug:slug>/webhooks/<int:pk>/<slug:verb>/", webhook_views.act, name="act_on_endpoint"),
]

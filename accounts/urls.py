from django.urls import path

from accounts import staffing, views

app_name = "accounts"

urlpatterns = [
    path("me/security/", views.security, name="security"),
    path("me/profile/", views.profile, name="profile"),
    path("me/sessions/<int:pk>/end/", views.end_session, name="end_session"),
    path("staff/people/", staffing.index, name="staff"),
    path("staff/people/grant/", staffing.grant, name="grant_role"),
    path("staff/people/<int:pk>/revoke/", staffing.revoke, name="revoke_role"),
]

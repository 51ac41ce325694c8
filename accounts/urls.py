from django.urls import path

from accounts import views

app_name = "accounts"

urlpatterns = [
    path("me/security/", views.security, name="security"),
    path("me/profile/", views.profile, name="profile"),
    path("me/sessions/<int:pk>/end/", views.end_session, name="end_session"),
]

from allauth.account import views as account
from allauth.socialaccount import views as social
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path, re_path

from onboarding.views import caught_mail, health, metrics, signin, webhook

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("webhooks/codat/", webhook.webhook, name="webhook"),
    path("webhooks/codat", webhook.webhook),  # no redirect: Codat takes one for a failure
    # Staff's door. It comes before the admin's own, so that allauth's limits and second factor hold.
    path("admin/login/", signin.staff_login, name="account_login"),
    path("admin/cancel/", login_not_required(account.logout), name="account_logout"),
    path("admin/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("admin/password-reset/", signin.staff_reset, name="account_reset_password"),
    path("admin/password-reset/sent/", account.password_reset_done, name="account_reset_password_done"),
    path(
        "admin/password-reset/done/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"
    ),
    re_path(
        r"^admin/password-reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        signin.staff_new_password,
        name="account_reset_password_from_key",
    ),
    path("admin/second-factor/", include("allauth.mfa.urls")),
    path("admin/sso/", include("allauth.socialaccount.providers.openid_connect.urls")),
    path("admin/sso/refused/", login_not_required(social.login_error), name="socialaccount_login_error"),
    path("admin/sso/cancelled/", login_not_required(social.login_cancelled), name="socialaccount_login_cancelled"),
    path("admin/", admin.site.urls),
    path("", include("onboarding.urls")),
]
if settings.DEMO:
    urlpatterns += [
        path("demo/mail/", caught_mail.index, name="demo_mail"),
        path("demo/mail/<slug:name>/", caught_mail.letter, name="demo_mail_letter"),
    ]

handler400 = "onboarding.views.errors.bad_request"
handler403 = "onboarding.views.errors.forbidden"
handler404 = "onboarding.views.errors.not_found"
handler500 = "onboarding.views.errors.went_wrong"

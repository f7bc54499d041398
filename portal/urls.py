from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path

from onboarding.views import caught_mail, health, webhook

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    re_path(r"^webhooks/codat/?$", webhook.webhook, name="webhook"),  # no redirect: Codat takes one for a failure
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

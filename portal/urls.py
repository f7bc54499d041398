from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from onboarding.views import caught_mail, health

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("admin/", admin.site.urls),
    path("", include("onboarding.urls")),
]
if settings.DEMO:
    urlpatterns += [
        path("demo/mail/", caught_mail.index, name="demo_mail"),
        path("demo/mail/<slug:name>/", caught_mail.letter, name="demo_mail_letter"),
    ]

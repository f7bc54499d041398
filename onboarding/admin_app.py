"""Django's admin with our own site in place of the stock one. Named in INSTALLED_APPS."""

from django.contrib.admin.apps import AdminConfig


class SupportAdmin(AdminConfig):
    default_site = "onboarding.support_site.SupportSite"

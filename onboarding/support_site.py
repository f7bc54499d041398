"""The admin site of support staff: stock admin, in English, whose front page is the dashboard.

It stands outside of the package `admin`, which registers its pages with it.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, include, path
from django.utils import translation

from . import brand

OURS = frozenset({"onboarding", "auth", "admin"})


class SupportSite(AdminSite):
    site_url = None
    index_title = "How onboarding is going"

    @property
    def site_header(self) -> str:  # type: ignore[override]
        return f"{brand.name()} support"

    @property
    def site_title(self) -> str:  # type: ignore[override]
        return self.site_header

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Our own pages alone: what other apps bring would show their tokens and secrets to whoever may look."""
        models = model_or_iterable if isinstance(model_or_iterable, Iterable) else [model_or_iterable]
        ours = [model for model in models if model._meta.app_label in OURS]
        super().register(ours, admin_class, **options)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """As the stock one; in English whatever the browser asks for, for half a page in French helps nobody."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def in_english(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            translation.activate("en")
            return inner(request, *args, **kwargs)

        return in_english

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The dashboard first: its address is the stock front page's."""
        return [path("", include("onboarding.admin.front")), *super().get_urls()]

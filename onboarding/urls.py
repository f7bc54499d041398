"""Addresses of the customer's pages: the page map, in its order."""

from django.urls import URLPattern, URLResolver, path

from .views import header, pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-out/", header.sign_out, name="sign_out"),
    path("language/", header.language, name="language"),
    path("data/", pages.data, name="data"),
    path("privacy/", pages.privacy, name="privacy"),
    path("terms/", pages.terms, name="terms"),
    path("accessibility/", pages.accessibility, name="accessibility"),
    path("brand.css", pages.brand_css, name="brand_css"),
    path("brand/logo/<slug:digest>/", pages.brand_logo, name="brand_logo"),
    path("logo/<slug:platform_key>/<slug:digest>/", pages.platform_logo, name="platform_logo"),
]

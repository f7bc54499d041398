"""Addresses of the customer's pages: the page map, in its order."""

from django.urls import URLPattern, URLResolver, path

from .views import header, invitations, pages, reminders, sharing, signin

urlpatterns: list[URLPattern | URLResolver] = [
    path("invite/<str:token>/", invitations.invitation, name="invitation"),
    path("sign-in/", signin.address, name="account_request_login_code"),
    path("sign-in/code/", signin.code, name="account_confirm_login_code"),
    path("sign-in/link/<str:token>/", signin.link, name="sign_in_link"),
    path("reminders/<str:token>/", reminders.stop, name="reminders"),
    path("c/<str:ref>/share/", sharing.share, name="share"),
    path("c/<str:ref>/share/<int:pk>/again/", sharing.share_again, name="share_again"),
    path("c/<str:ref>/share/<int:pk>/withdraw/", sharing.share_withdraw, name="share_withdraw"),
    path("c/<str:ref>/other/", sharing.other, name="other"),
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

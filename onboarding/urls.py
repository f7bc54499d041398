"""Addresses of the customer's pages: the page map, in its order."""

from django.urls import URLPattern, URLResolver, path

from .views import choosing, companies, connections, header, invitations, pages, reminders, sharing, signin

urlpatterns: list[URLPattern | URLResolver] = [
    path("", companies.front, name="front"),
    path("invite/<str:token>/", invitations.invitation, name="invitation"),
    path("sign-in/", signin.address, name="account_request_login_code"),
    path("sign-in/code/", signin.code, name="account_confirm_login_code"),
    path("sign-in/link/<str:token>/", signin.link, name="sign_in_link"),
    path("reminders/<str:token>/", reminders.stop, name="reminders"),
    path("companies/", companies.companies, name="companies"),
    path("c/<str:ref>/", companies.home, name="company"),
    path("c/<str:ref>/activity/", companies.activity, name="activity"),
    path("c/<str:ref>/connect/", choosing.choose, name="choose"),
    path("c/<str:ref>/connect/<slug:slug>/", choosing.before, name="before"),
    path("c/<str:ref>/connect/<slug:slug>/email/", choosing.email_link, name="email_link"),
    path("c/<str:ref>/connect/<slug:slug>/go/", choosing.go, name="go"),
    path("return/", connections.came_back, name="return"),
    path("c/<str:ref>/connection/", connections.connection, name="connection"),
    path("c/<str:ref>/connection/status/", connections.status, name="status"),
    path("c/<str:ref>/connection/shared/", connections.shared, name="shared"),
    path("c/<str:ref>/connection/check/", connections.check, name="check"),
    path("c/<str:ref>/connection/stopped/", connections.stopped, name="stopped"),
    path("c/<str:ref>/connection/problem/", connections.problem, name="problem"),
    path("c/<str:ref>/connection/reconnect/", connections.reconnect, name="reconnect"),
    path("c/<str:ref>/connection/keep/", connections.keep, name="keep"),
    path("c/<str:ref>/connection/disconnect/", connections.disconnect, name="disconnect"),
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

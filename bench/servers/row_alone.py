"""The portal's own intake with all its middleware, without the nudge that wakes the worker."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from portal.wsgi import application

__all__ = ["application", "urlpatterns"]


@csrf_exempt
@login_not_required
def keep(request: HttpRequest) -> HttpResponse:
    from onboarding.usecases import webhooks

    webhooks.accept(request.read(), request.headers)
    return HttpResponse()


@login_not_required
def alive(_request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [path("webhooks/codat/", keep), path("healthz", alive)]
settings.ROOT_URLCONF = __name__

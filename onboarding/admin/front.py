"""The addresses of the front page."""

from django.contrib import admin
from django.urls import path

from . import dashboard_views

urlpatterns = [
    path("", admin.site.admin_view(dashboard_views.index), name="index"),
    path("numbers.csv", admin.site.admin_view(dashboard_views.numbers), name="numbers"),
]

"""Accounting platforms as Codat has them, and the incident switch: pause one, and say why to customers."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST

from ..models import PlatformPause, PlatformState
from ..platforms import PLATFORMS, name_of
from ..usecases import platforms
from . import frame, words
from .act_forms import REASON
from .lists import Listed


@admin.register(PlatformState)
class PlatformStateAdmin(Listed):
    key = ("platform_key",)
    list_display = ("full_name", "enabled", "checked")
    exclude = ("logo",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return PlatformState.objects.defer("logo")

    @admin.display(description="Platform")
    def full_name(self, row: PlatformState) -> str:
        return name_of(row.platform_key, row.name)

    @admin.display(description="Enabled at Codat", boolean=True)
    def enabled(self, row: PlatformState) -> bool:
        return row.is_enabled

    @admin.display(description="Codat asked")
    def checked(self, row: PlatformState) -> str:
        return words.when(row.checked_at)


@admin.register(PlatformPause)
class PlatformPauseAdmin(Listed):
    list_display = ("platform", "reason_en", "reason_fr", "lasts", "who", "ended")
    list_select_related = ("by", "ended_by")
    change_list_template = "admin/onboarding/platformpause/list.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        can = {"can_pause": request.user.has_perm("onboarding.pause_platform"), "running": platforms.pauses_now()}
        return super().changelist_view(request, (extra_context or {}) | can)

    @admin.display(description="Platform")
    def platform(self, row: PlatformPause) -> str:
        return name_of(row.platform_key)

    @admin.display(description="Until")
    def lasts(self, row: PlatformPause) -> SafeString | str:
        is_on = row.ended_at is None and row.until > timezone.now()
        return format_html(
            "{} {}", words.when(row.until), words.Word("Paused", "warn", "pause").badge() if is_on else ""
        )

    @admin.display(description="By")
    def who(self, row: PlatformPause) -> str:
        return str(row.by or "–")

    @admin.display(description="Ended")
    def ended(self, row: PlatformPause) -> str:
        return f"{words.when(row.ended_at)} by {row.ended_by or 'the clock'}" if row.ended_at else "–"

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("pause/", pause, name="platform_pause"),
            path("<int:pk>/resume/", resume, name="platform_resume"),
        ]
        for pattern in own:
            pattern.callback = self.admin_site.admin_view(pattern.callback)
        return [*own, *super().get_urls()]


class Pause(forms.Form):
    platform = forms.ChoiceField(
        choices=[(key, platform.name) for key, platform in sorted(PLATFORMS.items(), key=lambda pair: pair[1].name)]
    )
    reason_en = forms.CharField(
        label="What customers read, in English", max_length=300, help_text="One sentence, such as: Xero has an outage."
    )
    reason_fr = forms.CharField(label="What customers read, in French", max_length=300)
    hours = forms.IntegerField(label="For how many hours", min_value=1, max_value=24 * 14, initial=4)
    reason = forms.CharField(label=f"{REASON} (for us, optional)", max_length=300, required=False)


@require_http_methods(["GET", "HEAD", "POST"])
@frame.needs("pause_platform")
def pause(request: HttpRequest) -> HttpResponse:
    form = Pause(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        made = platforms.pause(
            told["platform"],
            reason_en=told["reason_en"],
            reason_fr=told["reason_fr"],
            until=timezone.now() + timedelta(hours=told["hours"]),
            by=frame.actor(request, told["reason"]),
        )
        messages.success(request, f"New connections to {name_of(made.platform_key)} are paused.")
        return frame.see_other("onboarding_platformpause_changelist")
    status = 422 if form.is_bound else 200
    return frame.show(request, "admin/onboarding/platformpause/pause.html", "Pause a platform", status, form=form)


@require_POST
@frame.needs("pause_platform")
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    made = PlatformPause.objects.filter(pk=pk).first()
    if made is None:
        raise Http404
    platforms.resume(made, by=frame.actor(request))
    messages.success(request, f"{name_of(made.platform_key)} can be connected again.")
    return frame.see_other("onboarding_platformpause_changelist")

"""Requests to delete companies at Codat: who asked, who confirmed; those of a batch are confirmed together."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods

from .. import tasks
from ..errors import OnboardingError
from ..models import Batch, DeletionRequest
from ..nudge import nudge
from ..usecases import deletion
from . import frame, words
from .lists import Listed
from .machinery import company_link


@admin.register(DeletionRequest)
class DeletionRequestAdmin(Listed):
    list_display = ("asked", "of_company", "why", "asker", "confirmed", "became", "of_batch")
    list_select_related = ("company", "asked_by", "confirmed_by", "batch")

    @admin.display(description="Asked")
    def asked(self, row: DeletionRequest) -> str:
        return words.when(row.asked_at)

    @admin.display(description="Company")
    def of_company(self, row: DeletionRequest) -> SafeString | str:
        return company_link(row.company_id, row.company.ref)

    @admin.display(description="Reason")
    def why(self, row: DeletionRequest) -> str:
        return row.reason or "–"

    @admin.display(description="Asked by")
    def asker(self, row: DeletionRequest) -> str:
        return str(row.asked_by or "Command")

    @admin.display(description="Confirmed")
    def confirmed(self, row: DeletionRequest) -> str:
        return (
            f"{words.when(row.confirmed_at)} by {row.confirmed_by}" if row.confirmed_at else "Waits for a second person"
        )

    @admin.display(description="Became")
    def became(self, row: DeletionRequest) -> str:
        if row.done_at:
            return f"Deleted {words.when(row.done_at)}"
        if row.withdrawn_at:
            return f"Withdrawn {words.when(row.withdrawn_at)}"
        return f"Not yet: {row.error}" if row.error else "–"

    @admin.display(description="Batch")
    def of_batch(self, row: DeletionRequest) -> SafeString | str:
        if row.batch is None:
            return "–"
        url = reverse("admin:deletion_confirm_batch", args=[row.batch_id])
        return format_html('<a href="{}">{}</a>', url, row.batch)

    def get_urls(self) -> list[URLPattern]:
        return [
            path("batch/<int:pk>/", self.admin_site.admin_view(confirm_batch), name="deletion_confirm_batch"),
            *super().get_urls(),
        ]


class ConfirmBatch(forms.Form):
    number = forms.IntegerField(label="Type the number of companies to go on")
    reason = forms.CharField(label="Reason or ticket (optional)", max_length=300, required=False)

    def __init__(self, *args: Any, count: int, **kwargs: Any) -> None:
        self.count = count
        super().__init__(*args, **kwargs)

    def clean_number(self) -> int:
        told: int = self.cleaned_data["number"]
        if told != self.count:
            raise forms.ValidationError(f"{self.count} companies wait for confirmation.")
        return told


@require_http_methods(["GET", "HEAD", "POST"])
@frame.needs("view_deletionrequest", "confirm_deletion")
def confirm_batch(request: HttpRequest, pk: int) -> HttpResponse:
    """The second person's yes to a whole off-boarding; the batch then goes on by itself."""
    batch = Batch.objects.filter(pk=pk).first()
    if batch is None:
        raise Http404
    waiting = deletion.open_ones().filter(batch=batch, confirmed_at=None)
    count = waiting.count()
    form = ConfirmBatch(request.POST if request.method == "POST" else None, count=count)
    if request.method == "POST" and form.is_valid():
        try:
            confirmed = deletion.confirm_batch(batch, by=frame.actor(request, form.cleaned_data["reason"]))
        except OnboardingError as error:
            frame.tell(request, error)
            return frame.see_other("deletion_confirm_batch", pk)
        nudge(tasks.drain_batches)
        messages.success(request, f"Confirmed: {confirmed:,} companies are deleted at Codat, one after the other.")
        return frame.see_other("onboarding_batch_change", pk)
    first = waiting.select_related("company", "asked_by")[:25]
    return frame.show(
        request, "admin/onboarding/deletionrequest/batch.html", f"Confirm deletions: {batch}",
        422 if form.is_bound else 200, batch=batch, count=count, first=list(first), form=form,
    )  # fmt: skip

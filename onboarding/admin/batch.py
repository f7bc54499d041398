"""Batches: the list, the page that shows how far one is, and the import of a file (Operations)."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from .. import tasks
from ..errors import OnboardingError
from ..forms import clean_row
from ..models import Batch, BatchKind, RowStatus, Upload
from ..nudge import nudge
from ..usecases import bulk, offboarding
from . import frame, words
from .act_forms import REASON
from .lists import Listed

LARGEST_FILE = 50 * 1024 * 1024  # bytes; larger files by command
SHOWN_ROWS = 50
LATE = timedelta(minutes=1)  # the clock asks for uploads every 20 seconds
GONE = "This upload is no longer here: it was started, or it is older than a day. Choose the file again."


@admin.register(Batch)
class BatchAdmin(Listed):
    list_display = ("what", "file", "began", "who", "how_far")
    list_select_related = ("by",)
    change_list_template = "admin/onboarding/batch/list.html"

    @admin.display(description="Batch")
    def what(self, row: Batch) -> str:
        return str(row)

    @admin.display(description="From")
    def file(self, row: Batch) -> str:
        return row.name or "–"

    @admin.display(description="Began")
    def began(self, row: Batch) -> str:
        return words.when(row.created_at)

    @admin.display(description="By")
    def who(self, row: Batch) -> str:
        return str(row.by or "Command")

    @admin.display(description="State")
    def how_far(self, row: Batch) -> str:
        if row.finished_at:
            return f"Finished {words.when(row.finished_at)}"
        if row.stopped_at:
            return f"Stopped {words.when(row.stopped_at)}"
        return "Running" if row.stored_at else "Storing"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        can = {"can_import": request.user.has_perm("onboarding.import_companies")}
        return super().changelist_view(request, (extra_context or {}) | can)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return page(request, object_id)

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("import/", import_file, name="batch_import"),
            path("import/<uuid:uid>/", check_file, name="batch_check"),
            path("<int:pk>/stop/", stop, name="batch_stop"),
            path("<int:pk>/resume/", resume, name="batch_resume"),
            path("<int:pk>/result.csv", result, name="batch_result"),
            path("<int:pk>/certificate.txt", certificate, name="batch_certificate"),
        ]
        for pattern in own:
            pattern.callback = self.admin_site.admin_view(pattern.callback)
        return [*own, *super().get_urls()]


def _batch(pk: int | str) -> Batch:
    batch = Batch.objects.select_related("by").filter(pk=pk).first() if str(pk).isdecimal() else None
    if batch is None:
        raise Http404
    return batch


@require_safe
@frame.needs("view_batch")
def page(request: HttpRequest, object_id: str) -> HttpResponse:
    """How far it is; htmx asks for the inner part alone, every few seconds, until the batch has ended."""
    batch = _batch(object_id)
    told = bulk.progress(batch)
    failed = batch.rows.filter(status=RowStatus.FAILED).select_related("company").order_by("line")[:SHOWN_ROWS]
    context: dict[str, Any] = {
        "batch": batch,
        "told": told,
        "percent": _percent(told),
        "is_over": told.state in ("finished", "stopped"),
        "failed": list(failed),
        "can_stop": request.user.has_perm("onboarding.stop_batch"),
        "can_confirm": request.user.has_perm("onboarding.confirm_deletion"),
        "can_export": request.user.has_perm("onboarding.export_companies"),
        "can_see_deletions": request.user.has_perm("onboarding.view_deletionrequest"),
        "is_offboarding": batch.kind == BatchKind.OFFBOARD,
    }
    if getattr(request, "htmx", False):
        return render(request, "admin/onboarding/batch/_progress.html", context)
    return frame.show(request, "admin/onboarding/batch/page.html", str(batch), **context)


def _percent(told: bulk.Progress) -> int:
    """Of the rows that have ended; while they are stored, of those that are in."""
    part, whole = (told.total, told.expected) if told.expected else (told.ended, told.total)
    return round(100 * part / whole) if whole else 0


@require_POST
@frame.needs("view_batch", "stop_batch")
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    bulk.stop(_batch(pk), by=frame.actor(request))
    messages.success(request, "Stopped. Nothing is lost: continue whenever you like.")
    return frame.see_other("onboarding_batch_change", pk)


@require_POST
@frame.needs("view_batch", "stop_batch")
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        again = bulk.resume(_batch(pk), by=frame.actor(request), failed=request.POST.get("failed") == "1")
    except OnboardingError as error:
        frame.tell(request, error)
    else:
        _nudge_all()
        messages.success(request, f"Going on{f', {again:,} failed rows again' if again else ''}.")
    return frame.see_other("onboarding_batch_change", pk)


class _Line:
    def write(self, text: str) -> str:
        return text


@require_safe
@frame.needs("view_batch", "export_companies")
def result(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """The file that went in, with what became of each row."""
    batch = _batch(pk)
    writer = csv.writer(_Line())
    rows: Iterator[str] = (
        "\ufeff" * (number == 0) + writer.writerow(row) for number, row in enumerate(bulk.result(batch))
    )
    response = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="batch-{str(batch.uid)[:8]}.csv"'
    return response


@require_safe
@frame.needs("view_batch", "view_deletionrequest")
def certificate(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """What an off-boarding has done until now: the worker finishes it when no command is there to write this down."""
    batch = _batch(pk)
    if batch.kind != BatchKind.OFFBOARD:
        raise Http404
    lines = (f"{line}\n" for line in offboarding.certificate(batch))
    response = StreamingHttpResponse(lines, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="offboarded-{str(batch.uid)[:8]}.txt"'
    return response


# The import: upload, look at the dry run, start


class FileForm(forms.Form):
    file = forms.FileField(
        label="File",
        help_text="CSV with columns customer_id, name, email, product. At most 50 MB; larger files by command.",
    )

    def clean_file(self) -> Any:
        told = self.cleaned_data["file"]
        if told.size > LARGEST_FILE:
            raise forms.ValidationError("The file is larger than 50 MB: use the command onboard_companies.")
        return told


class Start(forms.Form):
    link = forms.BooleanField(
        label="Also create the connection of rows with a platform", required=False, help_text="Twice the requests."
    )
    invite = forms.BooleanField(label="Send invitations", required=False)
    per_day = forms.IntegerField(label="Invitations a day, at most (optional)", required=False, min_value=1)
    weekdays = forms.BooleanField(label="On weekdays only", required=False)
    reason = forms.CharField(label=f"{REASON} (optional)", max_length=300, required=False)


@require_http_methods(["GET", "HEAD", "POST"])
@frame.needs("import_companies")
def import_file(request: HttpRequest) -> HttpResponse:
    """The upload is kept until its rows are stored, for a day at most; the worker looks through it."""
    form = FileForm(request.POST or None, request.FILES or None) if request.method == "POST" else FileForm()
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data["file"]
        upload = bulk.keep(told.chunks(), name=told.name, by=frame.actor(request))
        bulk.read_at_once(upload, clean=clean_row)
        nudge(tasks.read_uploads)
        return frame.see_other("batch_check", upload.uid)
    status = 422 if form.is_bound else 200
    return frame.show(request, "admin/onboarding/batch/import.html", "Import companies", status, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@frame.needs("import_companies")
def check_file(request: HttpRequest, uid: UUID) -> HttpResponse:
    """GET shows the dry run, or how far it is; POST starts. Somebody else's upload is forbidden."""
    upload = bulk.find_upload(uid)
    if upload is not None and upload.by_id != frame.staff(request).pk:
        raise PermissionDenied
    if getattr(request, "htmx", False) and not (upload and upload.is_being_read):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})  # the whole page is another one now
    if upload is None:
        messages.error(request, GONE)
        return frame.see_other("batch_import")
    if upload.batch_id:
        return frame.see_other("onboarding_batch_change", upload.batch_id)
    if upload.problems:
        context = {"form": FileForm(), "problems": upload.problems}
        return frame.show(request, "admin/onboarding/batch/import.html", "This file cannot be used", 422, **context)
    if upload.is_being_read:
        return _reading(request, upload) if request.method != "POST" else frame.see_other("batch_check", uid)
    return _dry_run(request, upload)


def _reading(request: HttpRequest, upload: Upload) -> HttpResponse:
    """How far the look is; htmx asks for the inner part alone, every few seconds, until it has ended."""
    percent = min(99, round(100 * upload.line / upload.lines)) if upload.lines else 0
    is_late = upload.not_before is not None and timezone.now() - upload.not_before > LATE
    context: dict[str, Any] = {"upload": upload, "percent": percent, "is_late": is_late}
    if getattr(request, "htmx", False):
        return render(request, "admin/onboarding/batch/_reading.html", context)
    return frame.show(request, "admin/onboarding/batch/reading.html", f"Reading: {upload.name}", **context)


def _dry_run(request: HttpRequest, upload: Upload) -> HttpResponse:
    form = Start(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _start(request, upload, form)
    report = bulk.report(upload)
    told: dict[str, Any] = {"findings": report.findings, "separator": bulk.DELIMITERS[report.delimiter]}
    told |= {"report": report, "form": form, "upload": upload}
    return frame.show(request, "admin/onboarding/batch/check.html", f"Dry run: {upload.name}", **told)


def _start(request: HttpRequest, upload: Upload, form: Start) -> HttpResponse:
    told = form.cleaned_data
    options = {key: told[key] for key in ("link", "invite", "per_day", "weekdays")}
    try:
        batch = bulk.start(upload, by=frame.actor(request, told["reason"]), options=options)
    except OnboardingError as error:
        frame.tell(request, error)
        return frame.see_other("batch_import")
    bulk.read_at_once(upload, clean=clean_row)
    _nudge_all()
    return frame.see_other("onboarding_batch_change", batch.pk)


def _nudge_all() -> None:
    """Its file may still have to be stored; else its rows are due."""
    nudge(tasks.read_uploads)
    nudge(tasks.drain_batches)

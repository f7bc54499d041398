"""Batches: the list, the page that shows how far one is, and the import of a file (Operations)."""

import csv
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from .. import tasks
from ..errors import OnboardingError
from ..forms import clean_row
from ..models import Batch, BatchKind, RowStatus
from ..nudge import nudge
from ..usecases import bulk
from . import frame, words
from .act_forms import REASON
from .lists import Listed

LARGEST_FILE = 50 * 1024 * 1024  # bytes; larger files by command
SHOWN_ROWS = 50
SALT = "onboarding.admin.import"
GONE = "This upload is no longer here: it was started, or it is older than a day. Choose the file again."
KEPT_SECONDS = 24 * 3600  # an upload that nobody started is swept away by the next one


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
            path("import/<str:token>/", check_file, name="batch_check"),
            path("<int:pk>/stop/", stop, name="batch_stop"),
            path("<int:pk>/resume/", resume, name="batch_resume"),
            path("<int:pk>/result.csv", result, name="batch_result"),
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
        "percent": round(100 * told.ended / told.total) if told.total else 0,
        "is_over": told.state in ("finished", "stopped"),
        "failed": list(failed),
        "can_stop": request.user.has_perm("onboarding.stop_batch"),
        "can_confirm": request.user.has_perm("onboarding.confirm_deletion"),
        "can_export": request.user.has_perm("onboarding.export_companies"),
        "is_offboarding": batch.kind == BatchKind.OFFBOARD,
    }
    if getattr(request, "htmx", False):
        return render(request, "admin/onboarding/batch/_progress.html", context)
    return frame.show(request, "admin/onboarding/batch/page.html", str(batch), **context)


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
        nudge(tasks.drain_batches)
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


# The import: upload, look at the dry run, start


class Upload(forms.Form):
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
    """The upload is kept in our own folder until it is started; its name is a signature, good for this person."""
    form = Upload(request.POST or None, request.FILES or None) if request.method == "POST" else Upload()
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data["file"]
        kept = _keep(told)
        token = signing.dumps([kept, frame.staff(request).pk, told.name[:200]], salt=SALT, compress=True)
        return frame.see_other("batch_check", token)
    status = 422 if form.is_bound else 200
    return frame.show(request, "admin/onboarding/batch/import.html", "Import companies", status, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@frame.needs("import_companies")
def check_file(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the dry run; POST stores the rows and starts."""
    kept, name = _kept(request, token)
    if not kept.is_file():
        messages.error(request, GONE)
        return frame.see_other("batch_import")
    form = Start(request.POST if request.method == "POST" else None)
    try:
        if request.method == "POST" and form.is_valid():
            return _start(request, kept, name, form)
        with kept.open("rb") as stream:
            report = bulk.check_file(stream, clean=clean_row)
    except bulk.FileRefused as refused:
        context = {"form": Upload(), "problems": refused.problems}
        return frame.show(request, "admin/onboarding/batch/import.html", "This file cannot be used", 422, **context)
    title = f"Dry run: {name}"
    told: dict[str, Any] = {"findings": report.findings, "separator": bulk.DELIMITERS[report.delimiter]}
    return frame.show(request, "admin/onboarding/batch/check.html", title, report=report, form=form, **told)


def _start(request: HttpRequest, kept: Path, name: str, form: Start) -> HttpResponse:
    told = form.cleaned_data
    options = {key: told[key] for key in ("link", "invite", "per_day", "weekdays")}
    with kept.open("rb") as stream:
        batch = bulk.accept_file(
            stream, clean=clean_row, by=frame.actor(request, told["reason"]), name=name, options=options
        )
    kept.unlink(missing_ok=True)
    nudge(tasks.drain_batches)
    return frame.see_other("onboarding_batch_change", batch.pk)


def _folder() -> Path:
    folder = Path(settings.VAR_DIR) / "imports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _keep(told: Any) -> str:
    """Store an upload for this machine's web processes; returns its name. Old ones go."""
    _sweep(_folder())
    name = f"{uuid.uuid4().hex}.csv"
    descriptor = os.open(_folder() / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    stream: IO[bytes]
    with os.fdopen(descriptor, "wb") as stream:
        for chunk in told.chunks():
            stream.write(chunk)
    return name


def _sweep(folder: Path) -> None:
    for old in folder.glob("*.csv"):
        if time.time() - old.stat().st_mtime > KEPT_SECONDS:
            old.unlink(missing_ok=True)


def _kept(request: HttpRequest, token: str) -> tuple[Path, str]:
    """The upload that a token names; it may be gone. Somebody else's is forbidden, and a forged token 404."""
    try:
        kept, user, name = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        raise Http404 from None
    if user != frame.staff(request).pk:
        raise PermissionDenied
    return _folder() / kept, name

"""The front page of the admin (picture 15): numbers in words, tables and one plot; the same as a file."""

import csv
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from ..models import Language
from ..platforms import name_of
from . import numbers as counted
from . import plot, words
from .company_filters import BAND_WORDS, BANDS, PERIODS, STEP_WORDS, STEPS
from .numbers import Chosen, Numbers
from .steps import NAMES

HEAT_STEPS = 5
BAND_HEADS = {"0": "< 1", "1": "1–3", "4": "4–7", "8": "8–30", "31": "> 30"}


def index(request: HttpRequest) -> HttpResponse:
    """Staff without the right to see companies find the stock list of what they may see."""
    site = admin.site
    if not request.user.has_perm("onboarding.view_company"):
        request.current_app = site.name
        context = {
            **site.each_context(request),
            "title": "Welcome",
            "subtitle": None,
            "app_list": site.get_app_list(request),
        }
        return TemplateResponse(request, "admin/app_index.html", context | {"app_label": ""})
    told = counted.read(Chosen.of(request.GET))
    context = {**site.each_context(request), "title": site.index_title, "subtitle": None, **_context(told)}
    return TemplateResponse(request, "admin/dashboard.html", context)


def _context(told: Numbers) -> dict[str, Any]:
    return {
        "told": told,
        "chosen": told.chosen,
        "products": words.PRODUCTS.items(),
        "software": words.SOFTWARE,
        "languages": Language.choices,
        "periods": PERIODS.items(),
        "csv": f"{reverse('admin:numbers')}?{urlencode(told.chosen.query)}",
        "heads": _heads(told),
        "funnel": _funnel(told),
        "heat": _heat(told),
        "bands": [BAND_HEADS[band] for band in BANDS],
        "plot": plot.draw(told.weeks),
        "platforms": [_platform(row) for row in told.platforms],
        "morning": _morning(told),
        "machinery": _machinery(told),
    }


def _list(**told: str) -> str:
    return f"{reverse('admin:onboarding_company_changelist')}?{urlencode(told)}"


def _heads(told: Numbers) -> list[dict[str, str]]:
    heads, allowance = told.heads, told.machinery["allowance"]
    left = counted.quota_left(allowance)
    reset = (
        f"resets at {timezone.localtime(allowance.reset_at):%H:%M}" if allowance.reset_at else "Codat has not told yet"
    )
    oldest = f"oldest: {words.age(heads['expired_since'], told.at)}" if heads["expired_since"] else "none"
    base = {name: value for name, value in told.chosen.query.items() if name != "period"}
    return [
        _head(
            "Need someone today",
            heads["needs"],
            f"{heads['needs_new']} new since yesterday",
            _list(**base, needs="yes"),
        ),
        _head("Linked this week", heads["linked_this_week"], f"{heads['linked_week_before']} the week before"),
        _head("Invite to linked, median", words.brief(told.funnel["to_linked"]), "of those invited in the period"),
        _head("Access expired now", heads["expired"], oldest, _list(**base, status="expired")),
        _head(
            "Reads failing", heads["failing"], f"of {heads['connected']:,} connected", _list(**base, status="partial")
        ),
        _head("Codat calls left today", "–" if left is None else f"{left}%", reset),
    ]


def _head(name: str, value: Any, note: str, url: str = "") -> dict[str, str]:
    return {"name": name, "value": f"{value:,}" if isinstance(value, int) else str(value), "note": note, "url": url}


def _funnel(told: Numbers) -> list[dict[str, Any]]:
    """The steps with their share; the lowest share of the step before is the weakest."""
    reached = [told.funnel[f"reached_{step}"] for step in STEPS]
    everybody = reached[0]
    shares = [None, *[_percent(after, before) for before, after in pairwise(reached)]]
    weakest = min((share for share in shares if share is not None), default=100)
    rows = []
    for place, (step, name) in enumerate(zip(STEPS, NAMES, strict=True)):
        is_last = place == len(STEPS) - 1
        rows.append(
            {
                "name": name,
                "count": reached[place],
                "percent": _percent(reached[place], everybody) or 0,
                "of_before": shares[place],
                "is_weakest": shares[place] is not None and shares[place] == weakest and weakest < 100,
                "median": "–" if is_last else words.brief(told.funnel[f"median_{step}"]),
                "waiting": None if is_last else reached[place] - reached[place + 1],
                "url": _list(**told.chosen.query, step=step),
            }
        )
    return rows


def _percent(part: int, whole: int) -> int | None:
    return round(100 * part / whole) if whole else None


def _heat(told: Numbers) -> list[dict[str, Any]]:
    """Five rows of five cells; the shade follows from the highest number."""
    highest = max(told.heat.values(), default=0)
    rows = []
    for step in STEPS[:-1]:
        cells = [(band, told.heat.get((step, band), 0)) for band in BANDS]
        shown = [
            {
                "count": count,
                "shade": _shade(count, highest),
                "band": BAND_WORDS[band],
                "url": _list(**told.chosen.query, step=step, waiting=band),
            }
            for band, count in cells
        ]
        rows.append({"name": STEP_WORDS[step], "cells": shown})
    return rows


def _shade(count: int, highest: int) -> int:
    return min(HEAT_STEPS - 1, HEAT_STEPS * count // (highest + 1)) if highest else 0


def _platform(row: dict[str, Any]) -> dict[str, Any]:
    whole = row["at_link"]
    shares = {name: f"{_percent(row[name], whole)}%" for name in ("linked", "cancelled", "error")}
    times = {name: words.brief(row[name]) for name in ("first_read", "slowest")}
    minutes = "–" if row["minutes"] is None else f"{row['minutes'] / 60:.0f}"
    return {"name": row["name"], "at_link": whole, "minutes": minutes, **shares, **times}


def _morning(told: Numbers) -> dict[str, Any]:
    """Grouped by what is to be done, so that one kind is worked off after the other."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in told.morning:
        need = words.need_of(row["needs"])
        platform = name_of(row["platform_key"]) if row["platform_key"] else ""
        shown = {
            **row,
            "badge": need.word.badge(),
            "age": words.age(row["state_since"], told.at),
            "todo": f"{platform}: {need.todo[0].lower()}{need.todo[1:]}" if platform else need.todo,
            "url": reverse("admin:onboarding_company_change", args=[row["pk"]]),
        }
        groups.setdefault(row["needs"], []).append(shown)
    rows = [row for group in sorted(groups.values(), key=len, reverse=True) for row in group]
    machinery = _for_operations(told)
    base = {name: value for name, value in told.chosen.query.items() if name != "period"}
    more = told.heads["needs"] - len(rows)
    return {"rows": [*machinery, *rows], "more": max(0, more), "url": _list(**base, needs="yes")}


def _for_operations(told: Numbers) -> list[dict[str, Any]]:
    """What needs somebody and is no company's: messages that were parked, and changes that no message told of."""
    machinery, rows = told.machinery, []
    if machinery["parked"]:
        badge = words.Word("Parked delivery", "bad", "octagon").badge()
        url = f"{reverse('admin:onboarding_delivery_changelist')}?stand=parked"
        name = f"{machinery['parked']:,} {'webhook' if machinery['parked'] == 1 else 'webhooks'} not handled"
        rows.append(_work(name, badge, machinery["parked_since"], told.at, "Read why on each, then replay them", url))
    if machinery["missed"]:
        badge = words.Word("Webhook late", "warn", "clock").badge()
        name = f"{machinery['missed']:,} {'change' if machinery['missed'] == 1 else 'changes'} found by the sweep first"
        todo = "No webhook within 15 minutes: run manage.py doctor"
        url = reverse("admin:onboarding_sweep_changelist")
        rows.append(_work(name, badge, machinery["swept_at"], told.at, todo, url))
    return rows


def _work(name: str, badge: str, since: datetime | None, now: datetime, todo: str, url: str) -> dict[str, Any]:
    return {"name": name, "badge": badge, "age": words.age(since, now), "todo": todo, "url": url}


def _machinery(told: Numbers) -> dict[str, Any]:
    machinery = told.machinery
    allowance = machinery["allowance"]
    calls = "Codat has not told yet"
    if allowance.remaining is not None and allowance.limit:
        calls = f"{allowance.remaining:,} of {allowance.limit:,}; {allowance.reserve:,} kept for customers"
    if allowance.is_paused and allowance.next_check_at:
        calls += f"; background work goes on at {timezone.localtime(allowance.next_check_at):%H:%M}"
    oldest = machinery["oldest_delivery"]
    rows = [
        ("Codat calls left", calls, allowance.is_paused),
        ("Last whole sweep", _ago(machinery["swept_at"], told.at), machinery["swept_at"] is None),
        ("Oldest webhook not handled", f"{words.age(oldest, told.at)}" if oldest else "none waits", False),
        ("Last webhook", _ago(machinery["last_delivery"], told.at), False),
        ("Parked webhooks", str(machinery["parked"]), machinery["parked"] > 0),
        ("Changes the last sweep found first", str(machinery["missed"]), machinery["missed"] > 0),
    ]
    if machinery["old_secret"]:  # while secrets are rotated
        rows.append(("Two webhook secrets are accepted", machinery["old_secret"], False))
    alarms = [
        {"says": says, "fix": fix, "age": words.age(raised_at, told.at)} for says, fix, raised_at in machinery["alarms"]
    ]
    return {"rows": rows, "alarms": alarms, "is_down": allowance.is_down}


def _ago(at: datetime | None, now: datetime) -> str:
    return f"{words.age(at, now)} ago" if at else "never"


def numbers(request: HttpRequest) -> HttpResponse:
    """The dashboard's numbers as one file of rows: table, row, column, value."""
    if not request.user.has_perm("onboarding.view_company"):
        raise PermissionDenied
    told = counted.read(Chosen.of(request.GET))
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="onboarding-{timezone.localtime():%Y-%m-%d}.csv"'
    response.write("\ufeff")
    writer = csv.writer(response)
    writer.writerow(["table", "row", "column", "value"])
    writer.writerows(_cells(told))
    return response


def _cells(told: Numbers) -> list[tuple[str, str, str, Any]]:
    cells: list[tuple[str, str, str, Any]] = [("numbers", head["name"], "", head["value"]) for head in _heads(told)]
    for row in _funnel(told):
        for column in ("count", "percent", "of_before", "median", "waiting"):
            cells.append(("funnel", row["name"], column, "" if row[column] is None else row[column]))
    for row in _heat(told):
        cells += [("waiting", row["name"], cell["band"], cell["count"]) for cell in row["cells"]]
    for monday, expired, reconnected in told.weeks:
        week = f"{monday:%Y-%m-%d}"
        cells += [("weeks", week, "expired", expired), ("weeks", week, "reconnected", reconnected)]
    for row in map(_platform, told.platforms):
        cells += [("platforms", row["name"], column, value) for column, value in row.items() if column != "name"]
    return cells

"""Procfile, compose file, systemd units, container file and paper say the same."""

import re
from pathlib import Path

import pytest

from portal import settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines() if line)
STAYS = [name for name in PROCFILE if name != "release"]
COMPOSE = (DEPLOY / "compose.yaml").read_text()
CONTAINER = (DEPLOY / "Containerfile").read_text()
PAPER = (ROOT / "docs" / "deploy.md").read_text()
QUEUES = re.compile(r"--queues ([\w,]+)")


def bare(command: str) -> str:
    """Without what differs from place to place: where to listen, and the worker's own name."""
    command = re.sub(r" --bind \S+| --hostname \S+", "", command.strip())
    return command.removeprefix("/srv/portal/.venv/bin/")


def unit(name: str) -> str:
    return (DEPLOY / "systemd" / f"portal-{name}.service").read_text()


def test_every_queue_is_taken_by_one_kind_of_worker():
    taken = [queue for line in PROCFILE.values() for found in QUEUES.findall(line) for queue in found.split(",")]
    assert sorted(taken) == sorted(settings.CELERY_TASK_QUEUES)


@pytest.mark.parametrize("name", STAYS)
def test_unit_starts_what_the_procfile_says(name: str):
    [started] = re.findall(r"^ExecStart=(.*)$", unit(name), re.MULTILINE)
    assert bare(started) == bare(PROCFILE[name])
    assert "EnvironmentFile=/etc/portal.env" in unit(name)
    assert "Restart=always" in unit(name)


@pytest.mark.parametrize("name", [name for name in STAYS if name != "web"])
def test_compose_starts_what_the_procfile_says(name: str):
    [started] = re.findall(rf"^  {name}: .*command: ([^}}]*)}}$", COMPOSE, re.MULTILINE)
    assert bare(started) == bare(PROCFILE[name])


def test_image_serves_as_the_procfile_says():
    words = re.search(r"^CMD \[(.*)\]$", CONTAINER, re.MULTILINE)
    assert words
    assert bare(" ".join(re.findall(r'"([^"]*)"', words[1]))) == bare(PROCFILE["web"])


def test_release_steps_are_taken_everywhere():
    for step in ("migrate", "createcachetable", "collectstatic"):
        assert step in PROCFILE["release"]
        assert step in COMPOSE + CONTAINER
        assert step in PAPER


def test_image_holds_no_files_of_this_machine():
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".env", ".git", ".venv", "var"} <= set(ignored)


@pytest.mark.parametrize("name", STAYS)
def test_paper_explains_every_process(name: str):
    assert bare(PROCFILE[name]).split(" --concurrency")[0] in PAPER


def test_variables_of_deployment_are_explained():
    known = (ROOT / ".env.example").read_text()
    told = set(re.findall(r"^    ([A-Z_]+): ", COMPOSE, re.MULTILINE)) | set(re.findall(r"\b([A-Z]+_URL)=", PAPER))
    assert {name for name in told if f"{name}=" not in known} == set()

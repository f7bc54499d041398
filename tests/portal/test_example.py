"""`.env.example` and the settings name the same variables."""

import re
from itertools import pairwise
from pathlib import Path

from portal.environment import read_file

ROOT = Path(__file__).resolve().parents[2]
NOT_FOR_PEOPLE = {"DEMO", "STATIC_STORAGE", "PORTAL_PROCESS"}  # set by `make run`, by the tests and by portal.wsgi
READ_ELSEWHERE = {"VAR_DIR", "ENV_FILE", "SANDBOX_PORT"}


def shown() -> list[str]:
    return re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)


def test_every_setting_is_explained_once():
    text = (ROOT / "portal" / "settings.py").read_text()
    asked = set(re.findall(r'(?:env\.\w+|environ\.get)\(\s*"([A-Z_]+)"', text)) - NOT_FOR_PEOPLE
    assert sorted(shown()) == sorted(asked | READ_ELSEWHERE)


def test_every_variable_has_words_before_it():
    lines = (ROOT / ".env.example").read_text().splitlines()
    for before, line in pairwise(lines):
        if re.match(r"#[A-Z_]+=", line):
            assert before.startswith("#"), line


def test_example_can_be_used_as_it_is(tmp_path):
    path = tmp_path / ".env"
    path.write_text((ROOT / ".env.example").read_text())
    assert read_file(path) is None

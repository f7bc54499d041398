"""What static analysis is told not to see, counted; and where the things lie that it warns of."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("onboarding", "portal", "sandbox")
RULE = re.compile(r"# (?:ruff: )?noqa: *(S\d+(?:, *S\d+)*)(?P<why>.*)")
# The rules of ruff's S (bandit's) that are off everywhere, and why: see SECURITY.md, "Static analysis".
OFF = {"S101", "S603", "S607"}
# Files that may turn text into markup without escaping, start processes, and unpack what is not JSON.
MARKUP = {"onboarding/templatetags/icons.py", "onboarding/admin/lists.py", "onboarding/admin/cells.py"}
PROCESSES = {"portal/supervisor.py"}


def sources() -> Iterator[tuple[str, str]]:
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            yield str(file.relative_to(ROOT)), file.read_text()


def imported(text: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


def test_rules_of_security_are_on_but_for_the_listed():
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]

    assert "S" in lint["select"]
    assert {rule for rule in lint["ignore"] if rule.startswith("S") and rule[1:].isdigit()} == OFF
    assert {place for place, rules in lint["per-file-ignores"].items() if "S" in rules} <= {"tests/**", "bench/**"}


def test_product_has_no_finding_that_is_not_explained():
    """Each exception names its rule, and says why: after it, or in the comment above."""
    bare = []
    for name, text in sources():
        lines = text.splitlines()
        for number, line in enumerate(lines):
            told = RULE.search(line)
            above = lines[number - 1].strip() if number else ""
            if told and not told["why"].strip() and not above.startswith("#") and not _of_a_block(lines, number):
                bare.append(f"{name}:{number + 1}")

    assert bare == []
    assert [name for name, text in sources() if re.search(r"# noqa(?!:)|ruff: noqa(?!:)", text)] == []


def _of_a_block(lines: list[str], number: int) -> bool:
    """Within a few lines that one comment explains."""
    block = lines[max(0, number - 12) : number]
    return any(line.startswith("# ") for line in block) and not any(
        line.startswith(("def ", "class ")) for line in block
    )


def test_every_rule_that_is_off_is_explained():
    told = (ROOT / "SECURITY.md").read_text()

    assert {rule for rule in OFF if rule not in told} == set()


def test_ruff_finds_nothing_else():
    rules = ["--select", "S", "--ignore", ",".join(sorted(OFF))]
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", *rules, *FOLDERS, "start.py"]

    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert (found.returncode, found.stdout.strip()) == (0, "All checks passed!")


def test_dangerous_things_stand_in_their_listed_files_alone():
    found: dict[str, set[str]] = {"markup": set(), "processes": set(), "others": set()}
    for name, text in sources():
        names = imported(text)
        if "django.utils.safestring.mark_safe" in names:
            found["markup"].add(name)
        if names & {"subprocess", "os.system"}:
            found["processes"].add(name)
        if names & {"pickle", "marshal", "yaml", "xml.etree.ElementTree", "xml.sax", "telnetlib", "ftplib"}:
            found["others"].add(name)
        calls = {
            node.func.id
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        if calls & {"eval", "exec", "compile", "__import__"}:
            found["others"].add(name)

    assert found == {"markup": MARKUP, "processes": PROCESSES, "others": set()}


def test_templates_escape_everything():
    """`safe` stands nowhere; escaping is off in the text of mails alone, which nobody reads as HTML."""
    found = []
    for file in sorted((ROOT / "templates").rglob("*")):
        if file.is_file():
            text = file.read_text()
            found += [f"{file.name}: safe" for _ in re.findall(r"\|\s*safe\b", text)]
            found += [f"{file.name}: autoescape" for _ in re.findall(r"autoescape off", text) if file.suffix == ".html"]
            found += [
                f"{file.name}: inline"
                for _ in re.findall(r"<script(?![^>]*\bsrc=)|\son\w+=\"", text)
                if "mail" not in file.parts
            ]

    assert found == []


def test_forms_name_their_fields():
    """No form takes whatever a model has."""
    assert [name for name, text in sources() if re.search(r"fields\s*=\s*[\"']__all__[\"']", text)] == []


def test_asserts_guard_nothing():
    """`python -O` drops them, so none may be all that keeps somebody out."""
    words = re.compile(r"assert .*(has_perm|is_staff|is_superuser|is_authenticated|permission)")

    assert [name for name, text in sources() if words.search(text)] == []

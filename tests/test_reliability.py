"""docs/reliability.md names the tests that hold each row: every one exists, and no row is without."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
PAPER = (TESTS.parent / "docs" / "reliability.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| ([A-Z]\d+) \|(.*)$", re.MULTILINE)
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)")
ROWS = {
    **{f"R{number}": "promise" for number in range(1, 11)},
    **{f"W{number}": "webhooks" for number in range(1, 25)},
    **{f"C{number}": "requests to Codat" for number in range(1, 20)},
    **{f"U{number}": "portal and admin" for number in range(1, 11)},
}


@cache
def named_in(file: str) -> set[str]:
    if not (TESTS / file).is_file():
        return set()
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name[:5] == "test_"}


def test_paper_has_every_row_once_and_no_other():
    assert sorted(name for name, _ in ROW.findall(PAPER)) == sorted(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_row_is_held_by_tests_that_exist(row: str):
    text = dict(ROW.findall(PAPER))[row]
    named = NAMED.findall(text)
    assert named, f"{row} names no test"
    assert [f"{file}::{test}" for file, test in named if test not in named_in(file)] == []

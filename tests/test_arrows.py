"""The house plan, held: who may import whom. Change the plan in ARCHITECTURE.md first, then the table here."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PURE = {"lifecycle", "platforms", "states", "allowance", "countries"}
WORDS = {"words", "brand", "dates"}
MEMORY = PURE | {"models", "actors", "queries", "prepared"}
USECASES = MEMORY | WORDS | {"wiring", "quota", "errors", "codat", "usecases"}
WAYS_IN = USECASES | {"forms", "tasks", "nudge", "mailbox", "security", "sessions", "roles", "views", "adapter"}

# room → what of ours it may import; a room is the first name below onboarding/
MAY_IMPORT: dict[str, set[str]] = {
    "lifecycle": set(),
    "allowance": set(),
    "countries": set(),
    "platforms": set(),
    "states": {"lifecycle", "platforms"},
    "actors": {"lifecycle", "models"},  # models for its types alone
    "codat": {"codat"},
    "models": PURE | {"models"},
    "prepared": set(),
    "timestamps": set(),
    "queries": MEMORY,
    "words": PURE,
    "brand": set(),
    "dates": set(),
    "quota": PURE | {"models", "codat", "quota"},
    "wiring": {"codat", "quota", "allowance"},
    "errors": {"codat"},
    "usecases": USECASES,
    "forms": USECASES,
    "nudge": set(),
    "mailbox": set(),
    "tasks": {"usecases", "codat", "nudge", "forms"},  # may ask for its own next turn; cleans rows
    "views": WAYS_IN | {"views"},
    "admin": WAYS_IN | {"admin", "templatetags"},
    "management": WAYS_IN | {"management", "checks"},
}
USECASES_NEVER = {"celery", "django.http", "django.shortcuts", "django.contrib.messages"}
CODAT_NEVER = {"django"}


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts)


def imports(path: Path) -> set[str]:
    """Absolute names of everything a file imports, wherever in the file."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return names


def room(path: Path) -> str:
    parts = path.relative_to(ROOT / "onboarding").with_suffix("").parts
    return parts[0]


@pytest.mark.parametrize("path", list(modules("onboarding")), ids=lambda path: str(path.relative_to(ROOT)))
def test_rooms_import_only_what_the_plan_allows(path: Path) -> None:
    if room(path) not in MAY_IMPORT:
        pytest.fail(f"{room(path)} is not in the plan") if room(path) not in DJANGO_PARTS else None
        return
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("onboarding.")}

    assert ours - MAY_IMPORT[room(path)] == set()


# What Django itself asks for, and small ways in that only wire: they may import any room.
DJANGO_PARTS = {
    "__init__", "apps", "urls", "checks", "adapter", "asking", "context", "middleware", "second_factor", "security",
    "sessions", "roles", "templatetags", "admin_app", "support_site",
}  # fmt: skip


@pytest.mark.parametrize("path", list(modules("onboarding", "portal")), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_product_never_imports_the_sandbox_or_the_tests(path: Path) -> None:
    assert {name.split(".")[0] for name in imports(path)}.isdisjoint({"sandbox", "tests"})


def test_the_sandbox_imports_nothing_of_ours() -> None:
    for path in modules("sandbox"):
        assert {name.split(".")[0] for name in imports(path)}.isdisjoint({"onboarding", "portal", "tests", "django"})


def test_the_client_knows_no_django() -> None:
    for path in modules("onboarding/codat"):
        assert {name.split(".")[0] for name in imports(path)}.isdisjoint(CODAT_NEVER), path


def test_use_cases_know_no_request_and_no_queue() -> None:
    for path in modules("onboarding/usecases"):
        taken = {name for name in imports(path) if any(name.startswith(never) for never in USECASES_NEVER)}
        assert taken == set(), path


def test_one_file_writes_a_connections_status() -> None:
    """`.status =` of rows with another life (a batch row) is spelled by their own use case, in `update`."""
    writers = {
        path.name
        for path in modules("onboarding")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Attribute) and target.attr == "status"
    }

    assert writers == {"door.py"}


def test_nothing_waits_for_a_commit() -> None:
    """What a row says is due is found by whoever looks: nothing is lost with a callback that fails or never runs."""
    for path in modules("onboarding", "portal"):
        names = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        assert "on_commit" not in names | imports(path), path
        assert "delay_on_commit" not in names, path


def test_only_the_wiring_makes_a_client() -> None:
    makers = {path.name for path in modules("onboarding", "portal") if "onboarding.codat.Codat" in imports(path)}

    assert makers <= {"wiring.py"}


def test_one_command_alone_imports_the_supervisor() -> None:
    importers = {
        path.name
        for path in modules("onboarding")
        if any(name.startswith("portal.supervisor") for name in imports(path))
    }

    assert importers == {"up.py"}

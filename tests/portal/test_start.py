"""start.py: what it says, and when it sets up again. A fake pip and venv stand in a folder of their own."""

import ast
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "start.py"


@pytest.fixture
def start(tmp_path, monkeypatch) -> ModuleType:
    """start.py in a checkout of its own, that records the programs it would call."""
    (tmp_path / "start.py").write_text(SOURCE.read_text())
    (tmp_path / "requirements").mkdir()
    for name in ("run", "dev"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"{name}==1\n")
    spec = importlib.util.spec_from_file_location("start_in_test", tmp_path / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.called, module.codes, module.whole = [], {}, []

    def call(command, **how):
        module.called.append(command[2])
        module.whole.append((command[3:], how.get("env", {}).get("TEST_ON")))
        if command[2] == "venv":
            Path(command[-1]).mkdir(exist_ok=True)
        return module.codes.get(command[2], 0)

    monkeypatch.setattr(module.subprocess, "call", call)
    monkeypatch.setattr(module.os, "execv", lambda program, words: module.called.append(words[1:]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TEST_ON", raising=False)
    return module


def test_file_can_be_read_by_very_old_pythons():
    tree = ast.parse(SOURCE.read_text(), feature_version=(3, 4))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr | ast.AnnAssign | ast.Starred)]


def test_old_python_is_refused_in_one_sentence(start, monkeypatch, capsys):
    monkeypatch.setattr(start.sys, "version_info", (3, 9, 18))
    assert start.main(["run"]) == 1
    assert capsys.readouterr().err == "This needs Python 3.11 or newer; you have 3.9.\n"


def test_unknown_target_lists_what_there_is(start, capsys):
    assert start.main(["fly"]) == 1
    assert "run | test | setup | fmt | check | bench | test-services | chaos" in capsys.readouterr().err


def test_first_run_sets_up_and_the_second_does_not(start):
    start.main(["run", "--x"])
    start.main(["run"])
    assert start.called == ["venv", "pip", ["manage.py", "up", "--x"], ["manage.py", "up"]]


def test_linked_environment_of_somebody_else_is_left_alone(start, tmp_path, capsys):
    other = tmp_path / "other"
    other.mkdir()
    (other / "stamp").write_text("elsewhere 1\n")
    (tmp_path / ".venv").symlink_to(other)
    assert start.main(["run"]) == 1
    assert start.called == []
    assert (other / "stamp").is_file()
    assert ".venv is a link" in capsys.readouterr().err


def test_tests_need_more_than_run_and_then_serve_both(start):
    for target in ("run", "test", "run"):
        start.main([target])
    assert start.called.count("pip") == 2
    assert start.called.count("venv") == 1


def test_changed_lock_file_installs_again(start, tmp_path):
    start.main(["run"])
    (tmp_path / "requirements" / "run.txt").write_text("run==2\n")
    start.main(["run"])
    assert start.called.count("pip") == 2


def test_other_python_makes_the_environment_anew(start, monkeypatch):
    start.main(["run"])
    monkeypatch.setattr(start.sys, "version", "3.13.0 (elsewhere)")
    start.main(["run"])
    assert start.called.count("venv") == 2


def test_failed_install_is_one_sentence_and_tried_again(start, capsys):
    start.codes["pip"] = 1
    assert start.main(["run"]) == 1
    assert capsys.readouterr().err.startswith("Could not install the packages of requirements/run.txt")
    start.codes["pip"] = 0
    start.main(["run"])
    assert start.called[-1] == ["manage.py", "up"]


def test_python_without_venv_is_told_what_to_install(start, capsys):
    start.codes["venv"] = 1
    assert start.main(["test"]) == 1
    assert "python3-venv" in capsys.readouterr().err


def test_services_run_their_own_tests_and_then_all_others(start):
    assert start.main(["test-services"]) == 0
    assert start.whole[-2:] == [
        (["-m", "services", "-q", "tests/services"], None),
        (["-n", "2", "-q"], "services"),
    ]


def test_failed_services_end_the_run(start):
    start.codes["pytest"] = 1
    assert start.main(["test-services"]) == 1
    assert [command for command, on in start.whole if on] == []


def test_chaos_takes_the_many_tries_of_other_folders_along(start):
    start.main(["chaos"])
    assert start.called[-1][-3:] == start.CHAOS
    marked = {path for path in (ROOT / "tests").rglob("test_*.py") if "mark.chaos" in path.read_text()}
    folders = [ROOT / place for place in start.CHAOS]
    assert [path for path in marked if not any(path == place or place in path.parents for place in folders)] == [
        Path(__file__)
    ]


def test_install_demands_hashes(start):
    assert "--require-hashes" in start.PIP
    assert "--no-deps" in start.PIP


def test_every_make_target_is_one_of_ours(start):
    line = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("TARGETS"))
    assert set(line.partition("=")[2].split()) == set(start.TARGETS)


def test_lock_files_hold_hashes_and_name_no_host():
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        text = path.read_text()
        packages = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert packages
        assert all("==" in line and line.rstrip().endswith("\\") for line in packages), path
        assert "://" not in text

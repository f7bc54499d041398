"""Every sentence that is marked for translation, found as makemessages finds it, without gettext's programs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.utils.translation.template import templatize

ROOM = Path(settings.BASE_DIR)
FUNCTIONS = {"_", "gettext", "gettext_lazy", "gettext_noop"}
WITH_CONTEXT = {"pgettext", "pgettext_lazy"}
PLURAL = {"ngettext", "ngettext_lazy"}
CALL = re.compile(r"(?<![\w.])(_|n?p?gettext(?:_lazy|_noop)?)\((?=\s*u?['\"])")


class Sentence(NamedTuple):
    context: str | None
    text: str
    where: str


def all_sentences() -> list[Sentence]:
    found = [sentence for path in sorted((ROOM / "onboarding").rglob("*.py")) for sentence in _of_module(path)]
    for path in sorted((ROOM / "templates").rglob("*.*")):
        found += _of_template(path)
    return found


def _of_module(path: Path) -> Iterator[Sentence]:
    return _of_source(path.read_text(), str(path.relative_to(ROOM)))


def _of_source(source: str, where: str) -> Iterator[Sentence]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield from _of_call(node, node.func.id, where)


def _of_call(node: ast.Call, name: str, where: str) -> Iterator[Sentence]:
    texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    if name in FUNCTIONS and texts:
        yield Sentence(None, texts[0], where)
    elif name in WITH_CONTEXT and len(texts) == 2:
        yield Sentence(texts[0], texts[1], where)
    elif name in PLURAL and texts:
        yield Sentence(None, texts[0], where)


def _of_template(path: Path) -> Iterator[Sentence]:
    """`templatize` turns a template into calls with blanks between: parse each call by itself."""
    where = str(path.relative_to(ROOM))
    text = templatize(path.read_text(), where)
    for start in CALL.finditer(text):
        yield from _of_source(_whole_call(text, start.start()), where)


def _whole_call(text: str, start: int) -> str:
    """The shortest piece from `start` to a closing bracket that is a call."""
    end = text.index("(", start)
    while True:
        end = text.index(")", end + 1)
        piece = text[start : end + 1].replace("\n", "\\n") if "'''" not in text[start:end] else text[start : end + 1]
        try:
            ast.parse(piece)
        except SyntaxError:
            continue
        return piece

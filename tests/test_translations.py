"""French is complete: every sentence is translated, compiled, and set as French is set."""

import re
from pathlib import Path

import polib
import pytest
from django.conf import settings

from tests.translations import all_sentences

FOLDER = Path(settings.BASE_DIR) / "locale/fr/LC_MESSAGES"
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
NARROW = re.compile(r"(?<=[^\s\u00a0])[ ](?=[:;?!»])|«[ ]")
ELISION = re.compile(r"\b(?:de\s|d[’'])%\((?!time|date)", re.IGNORECASE)  # times and dates never begin with a vowel


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(FOLDER / "django.po"))


def french_of(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def test_every_sentence_has_its_french(catalogue):
    known = {(entry.msgctxt, entry.msgid) for entry in catalogue if all(french_of(entry)) and not entry.fuzzy}

    gaps = [sentence for sentence in all_sentences() if (sentence.context, sentence.text) not in known]

    assert gaps == []


def test_nothing_is_fuzzy_or_obsolete(catalogue):
    assert (catalogue.fuzzy_entries(), catalogue.obsolete_entries()) == ([], [])


def test_the_compiled_catalogue_says_the_same(catalogue):
    compiled = {(e.msgctxt, e.msgid): french_of(e) for e in polib.mofile(str(FOLDER / "django.mo"))}

    assert compiled == {(e.msgctxt, e.msgid): french_of(e) for e in catalogue}


def test_placeholders_are_the_same_in_both_languages(catalogue):
    def names(text: str) -> set[str]:
        return set(PLACEHOLDER.findall(text))

    assert [e.msgid for e in catalogue if any(names(e.msgid) != names(text) for text in french_of(e))] == []


def test_french_has_no_break_spaces_before_its_signs(catalogue):
    assert [text for entry in catalogue for text in french_of(entry) if NARROW.search(text)] == []


def test_no_de_stands_before_a_placeholder(catalogue):
    assert [text for entry in catalogue for text in french_of(entry) if ELISION.search(text)] == []


def test_french_uses_the_curly_apostrophe(catalogue):
    assert [text for entry in catalogue for text in french_of(entry) if "'" in text] == []

"""What a person reads on a page."""

import html
import re

from django.http import HttpResponse


def text_of(response: HttpResponse) -> str:
    """What a person reads, with plain spaces."""
    body = re.sub(r"<(script|style|head).*?</\1>", "", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def heading_of(response: HttpResponse) -> str:
    found = re.search(r"<h1>(.*?)</h1>", response.content.decode(), re.DOTALL)
    return " ".join(html.unescape(found.group(1)).split()) if found else ""


def primary_of(response: HttpResponse) -> list[str]:
    """The words of the primary buttons: one, or none."""
    found = re.findall(r'class="button primary"[^>]*>(.*?)</(?:a|button)>', response.content.decode(), re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", words)).split()) for words in found]


def plain(words: str) -> str:
    return words.replace("\u00a0", " ")

"""Cells that are safe in a spreadsheet, and still the same data. Pure.

A spreadsheet runs a cell as a formula that begins with = + - @ (or their full-width forms), a tab or a line break,
perhaps after spaces. Such a cell is written with one apostrophe before it. Reading takes one apostrophe off again
wherever one was, or could have been, put: so a file that we wrote loads as the data it was made of.
"""

import re

_STARTS_A_FORMULA = re.compile(r"'*\s*[=+\-@＝＋－＠]|'*[\t\r\n]")


def escaped(cell: str) -> str:
    """The cell as it is written to a file for people."""
    return f"'{cell}" if _STARTS_A_FORMULA.match(cell) else cell


def unescaped(cell: str) -> str:
    """The cell as it was before `escaped`; others are left as they are."""
    return cell[1:] if cell.startswith("'") and _STARTS_A_FORMULA.match(cell) else cell

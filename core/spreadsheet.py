"""Cells of the tables that leave the house: no spreadsheet may run what somebody wrote into a field (CWE-1236)."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"^[\s\u00a0\ufeff\u200b-\u200f\u2060\"']*[=+\-@\t\r\n＝＋－＠]|^[\t\r\n]")


def safe_cell(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def bare_cell(cell: str) -> str:
    """What ``safe_cell`` was told: the text of a cell of a table that we may have written."""
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell[1:]) else cell

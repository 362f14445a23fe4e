"""Encoded words, names of files and dates as careless and hostile programs write them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailhub.letters.letter import parse_letter

WRITTEN = json.loads(Path(__file__).with_name("nasty_headers.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("written", "allowed"), WRITTEN["subjects"])
def test_subjects(written: str, allowed: list[str]) -> None:
    letter = parse_letter(f"Subject: {written}\nFrom: ann@client.example\n\nx\n".encode())
    assert letter.subject in allowed


@pytest.mark.parametrize(("written", "allowed"), WRITTEN["names"])
def test_names_of_files(written: str, allowed: list[str]) -> None:
    """``written`` stands for bytes, one for each sign."""
    letter = parse_letter(
        b"From: ann@client.example\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nhi\n--x\n"
        b"Content-Type: application/pdf\nContent-Disposition: " + written.encode("latin-1") + b"\n\ndata\n--x--\n"
    )
    (attached,) = letter.attachments
    assert attached.filename in allowed
    assert attached.size == 4


@pytest.mark.parametrize(("written", "seconds"), WRITTEN["dates"])
def test_dates(written: str, seconds: int | None) -> None:
    letter = parse_letter(f"Date: {written}\nFrom: ann@client.example\n\nx\n".encode())
    assert letter.date == (None if seconds is None else seconds * 1_000_000)

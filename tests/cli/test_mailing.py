"""Mailings from a terminal."""

from __future__ import annotations

from pathlib import Path

from tests.cli.support import Place


def test_somebody_without_a_mailing_is_told_so(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.run("upgrade")
    nobody = place.run("mailing", "status", "--user", "nobody@firm.example", code=1)
    assert "There is nobody with the address nobody@firm.example" in nobody.stderr
    olena = "olena@firm.example"
    place.run("user", "add", olena, "--name", "Olena", "--password-stdin", given="long enough words\n")
    assert place.run("mailing", "status", "--user", olena, "--json").stdout.strip() == "[]"
    place.run("mailing", "pause", 7, "--user", olena, code=1)

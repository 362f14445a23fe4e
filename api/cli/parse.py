"""``mailhub parse``: what the parser understands, without any house."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import rich_click as click

from api.cli.facts import as_line
from api.cli.options import config_option, json_option
from api.cli.settings import read_settings
from mailhub.letters.as_json import to_json
from mailhub.letters.letter import parse_letter
from mailhub.letters.proof import find_evidence
from mailhub.letters.results import believe
from mailhub.letters.values import ParsedLetter
from mailhub.letters.verdicts import Verdicts


@click.command()
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@config_option
@json_option
def parse(files: tuple[Path, ...], as_json: bool) -> None:
    """Show what is understood of letters: one JSON object a line with --json, else the same laid out for reading."""
    trusted = {name.lower() for name in read_settings().verdicts.trusted_servers}
    whole = True
    for path in files:
        try:
            raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        except OSError as problem:
            click.echo(f"{path} cannot be read: {problem.strerror}.", err=True)
            whole = False
            continue
        parsed = parse_letter(raw)
        understood = to_json(parsed, str(path), _verdicts(raw, parsed, trusted))
        click.echo(as_line(understood) if as_json else _laid_out(understood))
    sys.exit(0 if whole else 1)


def _verdicts(raw: bytes, parsed: ParsedLetter, trusted: Collection[str]) -> Verdicts | None:
    """What a server of our own wrote on the letter; nobody is asked here."""
    if not trusted:
        return None
    return believe(find_evidence(raw).traces, trusted, (parsed.from_trusted or "").rpartition("@")[2])


def _laid_out(understood: dict[str, Any]) -> str:
    return json.dumps(understood, ensure_ascii=False, indent=2)

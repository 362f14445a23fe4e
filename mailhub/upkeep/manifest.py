"""The page that makes a folder a backup: what is in it, written last, replaced whole."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import Invalid, NotFound

NAME = "manifest.json"
FORMAT = 1
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """``counts`` are rows by table as of ``made_at`` (ISO 8601). ``files`` lists the hashes of the blob files that
    belong to it, one a line; ``blobs`` and ``blob_bytes`` are their number and size, ``copied`` how many of them were
    new, ``missing`` the hashes of those that the database names and that were not there to copy. ``settings_file`` and
    ``key_file`` say where they were; ``has_key`` whether the key file lies beside the backup."""

    made_at: str
    version: str
    revision: str
    engine: str
    database: str
    database_size: int
    database_sha256: str
    counts: dict[str, int]
    files: str
    files_sha256: str
    blobs: int
    blob_bytes: int
    copied: int
    missing: list[str]
    settings_file: str | None
    key_file: str
    has_key: bool
    format: int = FORMAT

    def save(self, folder: Path) -> None:
        """Durable, and in one step: until then the folder is the backup it was before, or none."""
        aside = folder / f".{NAME}.new"
        with aside.open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file, ensure_ascii=False, indent=2)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, folder / NAME)  # noqa: PTH105 - the atomic one
        os.sync()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup. Raises NotFound when the folder holds none, Invalid for one of another kind."""
    try:
        found: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except FileNotFoundError as problem:
        raise NotFound("There is no backup in %(folder)s.", folder=str(folder)) from problem
    except (ValueError, OSError) as problem:
        raise Invalid(
            "The manifest in %(folder)s cannot be read: %(why)s.", folder=str(folder), why=problem
        ) from problem
    if found.get("format") != FORMAT:
        raise Invalid("The backup in %(folder)s was made by another version of mailhub.", folder=str(folder))
    try:
        return Manifest(**found)
    except TypeError as problem:
        raise Invalid("The manifest in %(folder)s is not whole.", folder=str(folder)) from problem


def hash_file(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()

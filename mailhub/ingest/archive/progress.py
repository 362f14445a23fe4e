"""How far an import came, in a file beside the data: written after the letters are durable, gone when all are.

A crash between the two repeats a few letters, and the door knows them by their bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

FOLDER = "imports"


@dataclass(slots=True)
class Progress:
    """The state of one import: of one path into one mailbox."""

    file: Path
    place: str = ""
    letters: int = 0

    @classmethod
    def load(cls, data: Path, path: Path, mailbox: str) -> Progress:
        """What an earlier, unfinished run left, or the beginning."""
        name = hashlib.sha256(f"{path.resolve()}\0{mailbox}".encode("utf-8", "surrogateescape")).hexdigest()[:32]
        progress = cls(data / FOLDER / f"{name}.json")
        try:
            kept = json.loads(progress.file.read_text(encoding="utf-8"))
            progress.place, progress.letters = str(kept["place"]), int(kept["letters"])
        except (OSError, ValueError, KeyError, TypeError):
            return progress  # none, or cut short by a crash: from the beginning, which costs time and no letter
        return progress

    def save(self) -> None:
        """Replace the file whole."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        aside = self.file.with_suffix(".new")
        aside.write_text(json.dumps({"place": self.place, "letters": self.letters}), encoding="utf-8")
        os.replace(aside, self.file)  # noqa: PTH105 - the atomic one

    def forget(self) -> None:
        """The import is finished."""
        self.file.unlink(missing_ok=True)

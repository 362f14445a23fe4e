"""Any bytes as a letter, guided by coverage: nothing raises, and what ``tests.letters.test_fuzz.check`` says holds.

    python -m tests.fuzz.letters [FOLDER OF LETTERS] [-max_total_time=600]

The first folder grows with what was found; letters of one's own stand in ``tests/corpus``.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["mailhub.letters", "core.fulltext"]):
    from core.fulltext.folding import words
    from mailhub.letters.html import make_harmless
    from mailhub.letters.letter import parse_letter
    from tests.letters.test_fuzz import check

LARGEST = 64_000


def read(raw: bytes) -> None:
    """Parse, fold its words, make its HTML harmless."""
    letter = check(raw)
    words(letter.text or "")
    if letter.html is not None:
        make_harmless(letter.html, cid_links={}, proxy_link=None)
    assert parse_letter(raw) == letter, "the same bytes are the same letter"


def main() -> None:
    atheris.Setup([*sys.argv, f"-max_len={LARGEST}", "-rss_limit_mb=1024", "-timeout=5"], read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

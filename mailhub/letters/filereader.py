"""The process that reads files of letters for search: ``python -m mailhub.letters.filereader``.

It speaks as ``mailhub.letters.worker`` does, in a process of its own, so that no hostile file stands in the way of a
letter, and nobody who gets no files pays for the libraries that read them.
"""

from __future__ import annotations

import os
import resource
import sys

from mailhub.letters.attachments import read_attachment
from mailhub.letters.filekinds import has_text
from mailhub.letters.filetext import MOST_TEXT, text_of
from mailhub.letters.indexing import words_of
from mailhub.letters.letter import parse_letter
from mailhub.letters.worker import LARGEST_MEMORY, Answer, Index, Indexed, Request, serve

NICE = 15
MOST_FILES = 20
MOST_TEXT_OF_ALL = 3 * MOST_TEXT


def index(raw: bytes) -> Indexed:
    """The words of a letter with those of its files, as far as they can be read."""
    parsed = parse_letter(raw)
    room = MOST_TEXT_OF_ALL
    texts: list[str] = []
    readable = [part for part in parsed.attachments if has_text(part.filename, part.content_type)]
    for part in readable[:MOST_FILES]:
        text = text_of(part.filename, part.content_type, read_attachment(raw, part), min(room, MOST_TEXT))
        if text.strip():
            texts.append(text)
        room -= len(text)
        if room <= 0:
            break
    cut = words_of(parsed, texts)
    return Indexed(cut.subject, cut.people, cut.body)


def _answer(request: Request) -> Answer:
    assert isinstance(request, Index), "nothing else is asked here"
    return index(request.raw)


def main() -> None:
    """Bound the memory of this process, let everybody else go first, then serve."""
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (LARGEST_MEMORY, LARGEST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(sys.stdin.buffer, sys.stdout.buffer, _answer)


if __name__ == "__main__":
    main()

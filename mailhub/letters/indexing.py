"""The words of a letter, folded for the index: its subject, its people, its text, and the names of its files."""

from __future__ import annotations

from collections.abc import Iterable

from core.fulltext.folding import words
from core.fulltext.row import END, FILE, FROM, KIND, TO, Words, mark
from mailhub.letters.filekinds import FILE_KINDS, kind_of
from mailhub.letters.values import Address, Attachment, ParsedLetter


def words_of(parsed: ParsedLetter, files: Iterable[str] = ()) -> Words:
    """What is indexed of a letter; ``files`` are the texts of its attachments, where somebody read them."""
    senders = _people(parsed.from_)
    others = _people((*parsed.to, *parsed.cc))
    named = [part for part in parsed.attachments if not part.inline]
    names = words(" ".join(part.filename for part in parsed.attachments if part.filename))
    body = [*words(parsed.text or ""), *names]
    if named:
        body += [
            mark(FILE, words(" ".join(part.filename for part in named if part.filename))),
            mark(KIND, kinds(named)),
        ]
    for text in files:
        body += [END, *words(text)]
    return Words(
        " ".join(words(parsed.subject)),
        " ".join(filter(None, (*senders, *others, mark(FROM, senders), mark(TO, others)))),
        " ".join(filter(None, body)),
    )


def kinds(files: Iterable[Attachment]) -> list[str]:
    """The kinds of these files, each once, and the one that all are of."""
    found = {kind_of(part.filename, part.content_type) for part in files}
    return [FILE_KINDS[0], *sorted(found - {FILE_KINDS[0]})]


def _people(people: Iterable[Address]) -> list[str]:
    return words(" ".join(f"{person.name} {person.address}" for person in people))

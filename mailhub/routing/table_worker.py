"""The process that reads tables of clients and documents: ``python -m mailhub.routing.table_worker``.

It takes one request over its standard input and answers in frames over its standard output: four bytes of length, then
MessagePack. The pipe holds it back while the parent stores. A hostile file can kill this process and nothing else.
"""

from __future__ import annotations

import codecs
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from core.errors import HouseError
from crm.transfer.document_drafts import DocumentDraft, read_documents
from crm.transfer.drafts import Draft, Known, read_row
from crm.transfer.meanings import MEANINGS
from crm.transfer.sheets import Table, open_table
from mailhub.letters.charsets import decode

LARGEST_MEMORY = 3 << 30
NICE = 5
AT_ONCE = 200
SAMPLE, LONGEST_SHOWN = 20, 200


class Reading(msgspec.Struct, frozen=True):
    """What to read: the file, its sheet, delimiter and encoding where a person chose them. Without ``known`` only what
    it is; with it the rows behind number ``after``."""

    path: str
    sheet: str = ""
    delimiter: str = ""
    encoding: str = ""
    known: Known | None = None
    after: int = 0
    plain: bool = False
    """Its rows as they stand, whatever they are about."""
    about: str = "clients"


class Sight(msgspec.Struct, frozen=True, tag="sight"):
    """What the file turned out to be."""

    about: dict[str, Any]
    headers: list[str]
    sample: list[list[str]]
    total: int


class Rows(msgspec.Struct, frozen=True, tag="rows"):
    """Some rows; none at the end."""

    drafts: list[Draft]


class Documents(msgspec.Struct, frozen=True, tag="documents"):
    """Some documents with their rows; none at the end."""

    drafts: list[DocumentDraft]


class Cells(msgspec.Struct, frozen=True, tag="cells"):
    """Some rows as they stand, with their numbers; none at the end."""

    headers: list[str]
    rows: list[tuple[int, list[str]]]


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The file cannot be read, and why."""

    sentence: str
    fields: dict[str, str]


Frame = Sight | Rows | Documents | Cells | Refused


def answer(asked: Reading) -> Iterator[Frame]:
    """What is to be said."""
    try:
        how = {"sheet": asked.sheet, "delimiter": asked.delimiter}
        table = open_table(Path(asked.path), _decoding(asked.encoding), known=MEANINGS[asked.about].known, **how)
        if asked.plain:
            yield from _cells(table)
        elif asked.known is None:
            yield _look(table)
        elif asked.about == "documents":
            yield from _read_documents(table, asked.known, asked.after)
        else:
            yield from _read(table, asked.known, asked.after)
    except HouseError as problem:
        yield Refused(problem.sentence, {name: str(value) for name, value in problem.fields.items()})


def _decoding(encoding: str) -> Any:
    def decoded(data: bytes) -> tuple[str, str]:
        label = encoding or ("utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else None)
        found = decode(data, label)
        return found.text, "utf-8" if found.codec == "ascii" else found.codec

    return decoded


def _look(table: Table) -> Sight:
    sample: list[list[str]] = []
    total = 0
    for _, cells in table.rows():
        total += 1
        if len(sample) < SAMPLE:
            sample.append([cell[:LONGEST_SHOWN] for cell in cells])
    about = {
        "format": table.format, "encoding": table.encoding, "delimiter": table.delimiter, "sheet": table.sheet,
        "sheets": table.sheets,
    }  # fmt: skip
    return Sight(about, [header[:LONGEST_SHOWN] for header in table.headers], sample, total)


def _cells(table: Table) -> Iterator[Cells]:
    rows: list[tuple[int, list[str]]] = []
    for n, cells in table.rows():
        rows.append((n, cells))
        if len(rows) == AT_ONCE:
            yield Cells(table.headers, rows)
            rows = []
    if rows:
        yield Cells(table.headers, rows)
    yield Cells(table.headers, [])


def _read(table: Table, known: Known, after: int) -> Iterator[Rows]:
    drafts: list[Draft] = []
    for n, cells in table.rows():
        if n <= after:
            continue
        drafts.append(read_row(n, cells, known))
        if len(drafts) == AT_ONCE:
            yield Rows(drafts)
            drafts = []
    if drafts:
        yield Rows(drafts)
    yield Rows([])


def _read_documents(table: Table, known: Known, after: int) -> Iterator[Documents]:
    drafts: list[DocumentDraft] = []
    for one in read_documents(table.rows(), known):
        if one.n <= after:
            continue
        drafts.append(one)
        if len(drafts) == AT_ONCE:
            yield Documents(drafts)
            drafts = []
    if drafts:
        yield Documents(drafts)
    yield Documents([])


def main() -> None:
    """Answer one request and end."""
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (LARGEST_MEMORY, LARGEST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    out = sys.stdout.buffer
    asked = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Reading)
    for frame in answer(asked):
        body = msgspec.msgpack.encode(frame)
        out.write(len(body).to_bytes(4, "big") + body)
        out.flush()


if __name__ == "__main__":
    main()

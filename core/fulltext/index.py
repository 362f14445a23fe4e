"""The index of words: what a letter says, findable by who may see it, newest first, alike on both engines.

Words are cut and folded by us (``folding``), never by the engine. A row is a message; its *scope* is a term of the
index, so a search never walks letters of other mailboxes and rights can change without touching the index.

SQLite: contentless FTS5, whose own cutter (``ascii``) parts words at our spaces and leaves all other characters alone.
A row can be taken out only by feeding exactly the indexed words to the 'delete' command (wrong words corrupt silently,
and ``contentless_delete`` does not open on SQLite 3.40), so the caller keeps them.
PostgreSQL: a tsvector with our own positions, in parts by range of id (ids grow with the date). It is asked from the
newest back in spans that grow, part by part, each behind an ``offset 0`` fence, until enough is found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from sqlalchemy import TextClause, text

from core.database import ReadTx, WriteTx
from core.fulltext.question import Alternative, Likeness, Question, Term, alternatives, unwanted
from core.fulltext.row import Words as Words

# First seconds of the years at which parts begin; ids are seconds << 20 (``mailhub.mailboxes``).
_YEARS = (2005, 2010, *range(2014, 2036))
_SECONDS_OF_DAY = 86400
_ENDLESS = 1 << 62
_FIRST_SPAN = 2 * _SECONDS_OF_DAY << 20  # of ids
_LAST_POSITION = 16383  # PostgreSQL's limit: later positions all become this one
_MOST_WORDS = 20000  # of each part
_Terms = list[tuple[Term, list[Alternative]]]
_MOST_BYTES = 1_000_000  # PostgreSQL's vector of words ends at a megabyte, positions included
_SURELY_HELD = 2 * _MOST_WORDS  # characters: no more words than that, of at most four bytes a character


def create_statements(dialect: str) -> list[str]:
    """The SQL that makes the index in a new database."""
    if dialect == "sqlite":
        return [
            ("CREATE VIRTUAL TABLE word_index USING fts5(scope, subject, people, body, content='', tokenize='ascii')")
        ]
    statements = [
        "CREATE TABLE word_index (message_id bigint NOT NULL, words tsvector NOT NULL) PARTITION BY RANGE (message_id)"
    ]
    for name, low, high in _parts():
        statements += [
            f"CREATE TABLE {name} PARTITION OF word_index FOR VALUES FROM ({low}) TO ({high})",
            f"CREATE INDEX ix_{name}_id ON {name} (message_id)",
            f"CREATE INDEX ix_{name}_words ON {name} USING gin (words) WITH (fastupdate=off)",
        ]
    return statements


_ADD_SQLITE = text(
    "INSERT INTO word_index(rowid, scope, subject, people, body) VALUES (:id, :scope, :subject, :people, :body)"
)
_ADD_POSTGRES = text("INSERT INTO word_index(message_id, words) VALUES (:id, CAST(:words AS tsvector))")


def add_words(tx: WriteTx, row_id: int, scope_id: int, words: Words) -> None:
    """Index a row."""
    if tx.is_sqlite:
        tx.later(_ADD_SQLITE, id=row_id, **_columns(scope_id, words))
    else:
        tx.later(_ADD_POSTGRES, id=row_id, words=_tsvector(scope_id, words))


def remove_words(tx: WriteTx, row_id: int, scope_id: int, words: Words) -> None:
    """Take a row out; ``words`` and the scope must be exactly those that were added."""
    if tx.is_sqlite:
        tx.sql(
            "INSERT INTO word_index(word_index, rowid, scope, subject, people, body)"
            " VALUES ('delete', :id, :scope, :subject, :people, :body)",
            id=row_id,
            **_columns(scope_id, words),
        )
    else:
        tx.sql("DELETE FROM word_index WHERE message_id = :id", id=row_id)


def find_rows(
    tx: ReadTx,
    scopes: Sequence[int],
    question: Question,
    limit: int,
    *,
    likeness: Likeness = "exact",
    before: int | None = None,
    since: int | None = None,
) -> list[int]:
    """Ids of rows in these scopes that are like the question in this way and in no closer one, newest first, below
    ``before`` and not below ``since``. A question without anything wanted finds nothing.

    PostgreSQL looks through spans of ids from the newest to the oldest: both bounds close to what there is spare it
    those that hold nothing."""
    if not question.wanted or not scopes or likeness not in question.likenesses():
        return []
    low = since if since is not None else -1
    high = before if before is not None else _ENDLESS
    find = _find_sqlite if tx.is_sqlite else _find_postgres
    return find(tx, scopes, question, likeness, limit, low, high)


def _left_out(question: Question, likeness: Likeness) -> list[_Terms]:
    """Sets of terms; rows that hold all of one are not found: what is unwanted, and what is more like the question."""
    out = [[one] for one in unwanted(question)]
    at = question.likenesses().index(likeness)
    return [*out, alternatives(question, question.likenesses()[at - 1])] if at else out


_MATCHING = text(
    "SELECT rowid FROM word_index WHERE word_index MATCH :match AND rowid < :high AND rowid >= :low"
    " ORDER BY rowid DESC LIMIT :most"
)


def _find_sqlite(
    tx: ReadTx, scopes: Sequence[int], question: Question, likeness: Likeness, limit: int, low: int, high: int
) -> list[int]:
    where = f"scope : ({' OR '.join(_scope_term(scope) for scope in scopes)})"
    match = f"{where} AND {_match(alternatives(question, likeness))}"
    if out := [f"({_match(terms)})" for terms in _left_out(question, likeness)]:
        match = f"({match}) NOT ({' OR '.join(out)})"
    return tx.values(_MATCHING, {"match": match, "high": high, "low": low, "most": limit})


def _match(terms: _Terms) -> str:
    """Terms as FTS5 asks for them."""
    parts = []
    for term, ways in terms:
        columns = "{subject}" if term.place == "subject" else "{subject people body}"
        said = " OR ".join(f'"{" ".join(way.words)}"{"*" if way.open else ""}' for way in ways)
        parts.append(f"{columns} : ({said})")
    return " AND ".join(parts)


def _find_postgres(
    tx: ReadTx, scopes: Sequence[int], question: Question, likeness: Likeness, limit: int, low: int, high: int
) -> list[int]:
    where = " | ".join(_quote(_scope_lexeme(scope)) for scope in scopes)
    query = f"({where}) & {_tsquery(alternatives(question, likeness))}"
    for terms in _left_out(question, likeness):
        query += f" & !({_tsquery(terms)})"
    found: list[int] = []
    newest = high - 1 if high < _ENDLESS else tx.value(_NEWEST)
    for begin, end in _windows(low, newest):
        for name in _parts_between(begin, end):
            asked = {"query": query, "high": end, "low": begin, "most": limit - len(found)}
            found += tx.values(_in_part(name), asked)
            if len(found) >= limit:
                return found
    return found


_NEWEST = text("SELECT max(message_id) FROM word_index")


@cache
def _in_part(name: str) -> TextClause:
    fenced = (
        f"SELECT message_id FROM {name} WHERE words @@ CAST(:query AS tsquery)"  # noqa: S608 - the name is ours
        " AND message_id < :high AND message_id >= :low OFFSET 0"
    )
    return text(f"SELECT message_id FROM ({fenced}) part ORDER BY 1 DESC LIMIT :most")  # noqa: S608 - the name is ours


def _windows(low: int, newest: int | None) -> Iterator[tuple[int, int]]:
    """From the newest row back to ``low``, each span four times the one before: frequent words are found in the first,
    and for rare ones the index is asked a few times more."""
    if newest is None:
        return
    span, end = _FIRST_SPAN, newest + 1
    while end > low:
        begin = max(low, end - span)
        yield begin, end
        span, end = span * 4, begin


def _tsquery(terms: _Terms) -> str:
    """Terms as PostgreSQL asks for them."""
    return " & ".join(f"({' | '.join(_lexemes(term, way) for way in ways)})" for term, ways in terms)


def _lexemes(term: Term, way: Alternative) -> str:
    weight = "A" if term.place == "subject" else ""
    parts = [f"{_quote(word)}{f':{weight}' if weight else ''}" for word in way.words]
    if way.open:
        parts[-1] = f"{_quote(way.words[-1])}:*{weight}"
    return f"({' <-> '.join(parts)})" if len(parts) > 1 else parts[0]


def _columns(scope_id: int, words: Words) -> dict[str, str]:
    subject, people, body = _held(words)
    return {"scope": _scope_term(scope_id), "subject": subject, "people": people, "body": body}


def _held(words: Words) -> tuple[str, str, str]:
    """Subject, people and body as far as they have room on either engine."""
    whole = (words.subject, words.people, words.body)
    if sum(map(len, whole)) < _SURELY_HELD:
        return whole  # nearly every letter
    room = _MOST_BYTES
    parts: list[str] = []
    for part in whole:
        held: list[str] = []
        for word in part.split(" ")[:_MOST_WORDS]:
            room -= len(word.encode()) + 6
            if room < 0:
                break
            held.append(word)
        parts.append(" ".join(held))
    return parts[0], parts[1], parts[2]


def _scope_term(scope_id: int) -> str:
    """SQLite: a word, in a column of its own."""
    return f"s{scope_id}s"


def _scope_lexeme(scope_id: int) -> str:
    """PostgreSQL: all stand in one vector, so this is no word that anybody could write."""
    return f"@{scope_id}"


def _tsvector(scope_id: int, words: Words) -> str:
    places: dict[str, list[str]] = {_scope_lexeme(scope_id): ["1"]}
    at = 1
    for weight, part in zip("ABD", _held(words), strict=True):
        for word in part.split():
            at = min(at + 1, _LAST_POSITION)
            kept = places.setdefault(word, [])
            if len(kept) < 250:  # PostgreSQL keeps at most 256 positions a word
                kept.append(f"{at}{weight}")
        at = min(at + 1, _LAST_POSITION)  # a phrase does not run from one part into the next
    return " ".join(f"{_quote(word)}:{','.join(at_places)}" for word, at_places in places.items())


def _quote(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _parts() -> list[tuple[str, str, str]]:
    """Name, first id and end of each part, oldest first."""
    borders = [str(_seconds_of(year) << 20) for year in _YEARS]
    names = ["word_index_old", *(f"word_index_{year}" for year in _YEARS)]
    return list(zip(names, ["MINVALUE", *borders], [*borders, "MAXVALUE"], strict=True))


def _parts_between(begin: int, end: int) -> Iterator[str]:
    """The names of the parts that hold ids from ``begin`` to below ``end``, newest first."""
    for name, first, beyond in reversed(_parts()):
        if (first == "MINVALUE" or int(first) < end) and (beyond == "MAXVALUE" or int(beyond) > begin):
            yield name


def _seconds_of(year: int) -> int:
    days = (year - 1970) * 365 + (year - 1969) // 4 - (year - 1901) // 100 + (year - 1601) // 400
    return days * _SECONDS_OF_DAY

"""Something done with many threads at once, and taken back: each gets what it had, unless somebody changed it since."""

from mailhub.mailboxes.bulk.acts import ACTS, Wish, parse_wish
from mailhub.mailboxes.bulk.verbs import CHUNK, MOST_THREADS, Back, Done, Refused, begin_bulk, do_chunk, undo_chunk

__all__ = [
    "ACTS",
    "CHUNK",
    "MOST_THREADS",
    "Back",
    "Done",
    "Refused",
    "Wish",
    "begin_bulk",
    "do_chunk",
    "parse_wish",
    "undo_chunk",
]

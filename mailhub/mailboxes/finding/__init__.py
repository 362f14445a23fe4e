"""Finding letters: what people type, what is found, and where it stands in the letter."""

from mailhub.mailboxes.finding.asking import Search as Search
from mailhub.mailboxes.finding.asking import parse_search as parse_search
from mailhub.mailboxes.finding.excerpts import Piece as Piece
from mailhub.mailboxes.finding.people import Known as Known
from mailhub.mailboxes.finding.people import find_known as find_known
from mailhub.mailboxes.finding.showing import Hit as Hit
from mailhub.mailboxes.finding.threads import Found as Found
from mailhub.mailboxes.finding.threads import find_threads as find_threads
from mailhub.mailboxes.finding.threads import search_threads as search_threads

__all__ = ["Found", "Hit", "Known", "Piece", "Search", "find_known", "find_threads", "parse_search", "search_threads"]

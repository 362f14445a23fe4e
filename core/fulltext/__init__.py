"""Full text: how letters become words, and how words are found. Beginning with the words."""

from core.fulltext.folding import FOLDING_VERSION as FOLDING_VERSION
from core.fulltext.folding import fold as fold
from core.fulltext.folding import query_phrases as query_phrases
from core.fulltext.folding import query_words as query_words
from core.fulltext.folding import words as words

__all__ = ["FOLDING_VERSION", "fold", "query_phrases", "query_words", "words"]

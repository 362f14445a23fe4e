"""One rule language: a tree of conditions as data, asked of sets in SQL and of one thing in Python, with one answer.

``parse_rule`` reads it against a *vocabulary*, ``as_condition`` makes it SQL, ``evaluate`` asks one thing, ``say_rule``
says it as a sentence. Rooms above bring the words: fields with their types, columns and choices.
"""

from core.rules.measures import Param, join_key, split_key
from core.rules.operands import At, days_of
from core.rules.sentences import Wording, say_rule
from core.rules.sets import as_condition
from core.rules.single import UNKNOWN, Finding, Unknown, evaluate, explain
from core.rules.tree import All, Any, Condition, Not, Rule, list_conditions, parse_rule, to_data
from core.rules.vocabulary import MANY, Field, Vocabulary, Window

__all__ = [
    "MANY",
    "UNKNOWN",
    "All",
    "Any",
    "At",
    "Condition",
    "Field",
    "Finding",
    "Not",
    "Param",
    "Rule",
    "Unknown",
    "Vocabulary",
    "Window",
    "Wording",
    "as_condition",
    "days_of",
    "evaluate",
    "explain",
    "join_key",
    "list_conditions",
    "parse_rule",
    "say_rule",
    "split_key",
    "to_data",
]

"""Errors on their way out: one small document for programs (RFC 9457), a page or a toast for people.

Every refusal of the house comes by here, so it says the same in the same words wherever it arose.
"""

from api.problems.answers import answer_problem
from api.problems.pages import Pages, language_of, make_environment
from api.problems.problem import describe

__all__ = ["Pages", "answer_problem", "describe", "language_of", "make_environment"]

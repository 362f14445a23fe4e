"""Rows that were rendered before come out as they would be rendered now."""

from __future__ import annotations

from markupsafe import Markup

from api.problems import kept
from api.problems.kept import Kept


def test_what_was_rendered_is_not_rendered_again_and_what_differs_is() -> None:
    asked: list[object] = []

    def macro(key: object, words: str) -> Markup:
        asked.append(key)
        return Markup("<b>{} {}</b>").format(key, words)

    pieces = Kept()
    first = [pieces(macro, key, "w") for key in (("a", 1), ("b", 1), ("a", 2))]
    again = [pieces(macro, key, "w") for key in (("a", 1), ("b", 1), ("a", 2))]
    assert first == again == [Markup("<b>(&#39;a&#39;, 1) w</b>"), Markup("<b>(&#39;b&#39;, 1) w</b>"), again[2]]
    assert asked == [("a", 1), ("b", 1), ("a", 2)]


def test_it_keeps_no_more_than_two_halves() -> None:
    pieces = Kept()
    for number in range(3 * kept.MOST_KEPT):
        pieces(lambda key: Markup(str(key)), number)
    assert len(pieces._new) + len(pieces._old) <= 2 * kept.MOST_KEPT
    newest = 3 * kept.MOST_KEPT - 1
    assert pieces(lambda _: Markup("anew"), newest) == Markup(str(newest))
    assert pieces(lambda _: Markup("anew"), 0) == Markup("anew")

"""Words that can hardly be read are told, and no others."""

from __future__ import annotations

import pytest

from mailhub.campaigns.contrast import list_faint, ratio
from mailhub.campaigns.making import make_letter
from tests.campaigns.house import FOOT


def test_black_and_white_are_as_far_apart_as_can_be() -> None:
    assert ratio((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert ratio((118, 118, 118), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<p>Plain</p>", []),
        ('<p style="color:#777777">Grey</p>', [("#777777", "#ffffff", "Grey")]),
        ('<p style="color:#767676">Grey</p>', []),
        ('<td bgcolor="#000"><p>Dark</p></td>', [("#000000", "#000000", "Dark")]),
        ('<td bgcolor="#000"><font color="white">Light</font></td>', []),
        ('<div style="background:#eee url(x.png)"><p style="color:#ddd">Over a picture</p></div>', []),
        ('<div style="display:none;color:#ffffff">Unseen</div>', []),
        ('<div style="color:#ffffff"><img alt="x"><br></div>', []),
        ('<b style="COLOR: rgb(200, 200, 200)">{{ client.name }}</b><i>after</i>',
         [("#c8c8c8", "#ffffff", "{{ client.name }}")]),
        ('<p style="color:#ccc">One</p><p style="color:#ccc">Two</p>', [("#cccccc", "#ffffff", "One")]),
    ],
)  # fmt: skip
def test_faint_words_are_found(html: str, found: list[tuple[str, str, str]]) -> None:
    assert list_faint(html) == found


def test_what_the_house_adds_can_be_read() -> None:
    for form, source in (("markdown", "# Hello\n\n| a | b |\n|---|---|\n| c | d |"), ("html", "<p>Hello</p>")):
        assert list_faint(make_letter(form, "News", source, FOOT).html) == []  # type: ignore[arg-type]

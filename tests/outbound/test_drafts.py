"""Drafts below the interface: undo gives them back, sweeping forgets what was sent long ago."""

from __future__ import annotations

import pytest

from core import clock
from core.errors import NotFound
from mailhub.letters.html.outgoing import text_as_html
from mailhub.outbound import drafts
from mailhub.outbound.drafts import Text, add_draft, change_draft, get_draft, revive_draft, sweep_drafts
from mailhub.outbound.posting import Post, post
from mailhub.outbound.writing import Answer
from tests.outbound.conftest import ANNA, Office


def test_a_draft_that_was_sent_comes_back_with_its_letter_and_is_forgotten_later(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, ivan = office.world.database, office.world.viewer("ivan")
    begun = database.write_now(add_draft, ivan, "reply", thread_id=office.thread_id)
    saved = database.write_now(change_draft, ivan, begun.id, 1, Text(html=text_as_html("Three weeks.")))
    wanted = Post(Answer("Three weeks.", (ANNA,)), office.thread_id, draft_id=begun.id, version=saved.version)
    message_id = database.write_now(post, ivan, office.stamp, wanted)
    with pytest.raises(NotFound):
        database.read_now(get_draft, ivan, begun.id)
    assert database.write_now(revive_draft, message_id) == begun.id
    again = database.read_now(get_draft, ivan, begun.id)
    assert again.html == "<div>Three weeks.</div>"
    database.write_now(post, ivan, office.stamp, Post(wanted.answer, office.thread_id, None, again.id, again.version))
    assert database.write_now(sweep_drafts) == 0
    later = clock.now() + drafts.KEPT + clock.HOUR
    monkeypatch.setattr(clock, "now", lambda: later)
    assert database.write_now(sweep_drafts) == 1

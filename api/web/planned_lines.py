"""Letters that leave later, each as a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.web.place import Place
from api.web.shapes import Speaker, make_when
from mailhub.outbound.drafts import Draft


@dataclass(frozen=True, slots=True)
class Planned:
    """See templates/web/_planned.html."""

    id: int
    url: str
    sentence: str
    title: str


def make_planned(speaker: Speaker, place: Place, drafts: Sequence[Draft]) -> list[Planned]:
    """The planned ones among these, the next first."""
    found = sorted((one for one in drafts if one.send_at is not None), key=lambda one: one.send_at or 0)
    return [_planned(speaker, place, one) for one in found]


def _planned(speaker: Speaker, place: Place, one: Draft) -> Planned:
    when = make_when(speaker, one.send_at, long=True)
    assert when is not None
    mine = one.changed_by_id == speaker.viewer.user_id
    sentences = {
        (True, True): "Your letter to %(whom)s leaves %(when)s, unless they reply before",
        (True, False): "Your letter to %(whom)s leaves %(when)s",
        (False, True): "The letter by %(name)s to %(whom)s leaves %(when)s, unless they reply before",
        (False, False): "The letter by %(name)s to %(whom)s leaves %(when)s",
    }
    fields = {"name": one.changed_by, "whom": one.to or one.cc or one.bcc, "when": when.text}
    sentence = speaker.say(sentences[mine, one.unless_reply], **fields)
    return Planned(one.id, f"/planned/{one.id}?place={place.key}", sentence, one.subject)

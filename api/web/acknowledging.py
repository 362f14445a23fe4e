"""What each mailbox answers a new conversation with by itself: a section of the settings, for administrators."""

from __future__ import annotations

from dataclasses import dataclass

from litestar import post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.web.desk import Asked, Id
from api.web.shapes import Speaker
from api.web.shell import LANGUAGE_NAMES
from core.database import ReadTx
from core.language import LANGUAGES
from mailhub.mailboxes.boxes import Mailbox
from mailhub.outbound.acknowledging import LONGEST, get_acknowledgements, rule_acknowledgements


@dataclass(frozen=True, slots=True)
class Text:
    """The text for letters of one language."""

    language: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Acknowledging:
    """A mailbox with its texts; ``sentence`` says whether it acknowledges."""

    url: str
    name: str
    address: str
    on: bool
    sentence: str
    texts: list[Text]


def see_texts(tx: ReadTx, boxes: list[Mailbox]) -> list[tuple[Mailbox, dict[str, str]]]:
    """The public mailboxes among these, with their texts."""
    return [(box, get_acknowledgements(tx, box.id)) for box in boxes if box.kind == "public"]


def shape_texts(speaker: Speaker, found: list[tuple[Mailbox, dict[str, str]]]) -> list[Acknowledging]:
    """What the template shows."""
    return [
        Acknowledging(
            url=f"/settings/mailboxes/{box.id}/acknowledgements",
            name=box.name,
            address=box.address,
            on=bool(texts),
            sentence=", ".join(LANGUAGE_NAMES[one] for one in texts) if texts else speaker.say("Sends nothing"),
            texts=[Text(one, LANGUAGE_NAMES[one], texts.get(one, "")) for one in LANGUAGES],
        )
        for box, texts in found
    ]


@post("/settings/mailboxes/{box_id:int}/acknowledgements", include_in_schema=False, status_code=303)
async def set_texts(door: NamedDependency[Door], request: Asked, box_id: Id) -> Redirect:
    """The texts by language; empty ones go, and with the last one the mailbox says nothing."""
    form = await request.form()
    texts = {one: str(form.get(one, ""))[: LONGEST + 1].replace("\r\n", "\n") for one in LANGUAGES}
    await door.write(rule_acknowledgements, box_id, texts)
    return Redirect(f"/settings#acknowledgements-{box_id}", status_code=303)


ROUTES = [set_texts]

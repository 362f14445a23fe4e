"""``/transactional``: one letter to one reader, by a program."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.rest.deliveries import DeliveryView, show_delivery
from api.rest.once import Key, once
from api.rest.shapes import Body, Id, Number, StrictRequest
from core.database import WriteTx
from core.errors import Invalid
from crm.staff.readable import Viewer
from mailhub.campaigns.making import Format, Made, make_letter
from mailhub.campaigns.transactional import Single, make_of_template, send_single
from mailhub.letters.values import Address
from mailhub.outbound.ledger import get_delivery

Text = Annotated[str, msgspec.Meta(max_length=200_000)]


class NewSingle(Body):
    """A letter to ``to``: a saved text (``template_id``), or a ``subject`` and its text in one format, from
    ``mailbox_id``. Fields as ``{{ order.number }}`` are filled with ``values``, those of ``client``, ``contact`` and
    ``mailbox`` with what is known of the reader where ``values`` does not say otherwise."""

    to: Annotated[str, msgspec.Meta(min_length=1, max_length=320)]
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    mailbox_id: Number | None = None
    template_id: Number | None = None
    subject: Annotated[str, msgspec.Meta(max_length=300)] = ""
    mjml: Text | None = None
    html: Text | None = None
    markdown: Text | None = None
    text: Text | None = None
    values: dict[str, Any] = msgspec.field(default_factory=dict)


def _make(data: NewSingle) -> Made | None:
    forms: dict[Format, str | None] = {
        "mjml": data.mjml, "html": data.html, "markdown": data.markdown, "plain": data.text,
    }  # fmt: skip
    given = [(form, text) for form, text in forms.items() if text is not None]
    if len(given) + (data.template_id is not None) != 1:
        raise Invalid("A letter is a saved text, or comes in one format: mjml, html, markdown or text.", field="text")
    return make_letter(given[0][0], data.subject, given[0][1], None) if given else None


@post("/transactional", tags=["transactional"])
async def send(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewSingle], idempotency_key: Key = None
) -> DeliveryView:
    """Send one letter: it leaves before every mailing, at once, also to readers who want no mailings. 409 for an
    address that comes back, complained or was forbidden. Under an Idempotency-Key it is sent once."""
    mailbox_id, written = data.mailbox_id, _make(data)
    if written is not None:
        made = written
    else:
        of, made = await door.read(make_of_template, data.template_id or 0)
        if mailbox_id not in (None, of):
            raise Invalid("This text is of another mailbox.", field="mailbox_id")
        mailbox_id = of
    if mailbox_id is None:
        raise Invalid("Say from which mailbox it is to leave.", field="mailbox_id")
    single = Single(made, Address(" ".join(data.name.split()), data.to.strip()), data.values)
    stamp = door.house.stamp

    def verb(tx: WriteTx, viewer: Viewer) -> DeliveryView:
        return show_delivery(send_single(tx, stamp, viewer, mailbox_id, single))

    return await once(door, request, idempotency_key, DeliveryView, verb)


@get("/transactional/{delivery_id:int}", tags=["transactional"])
async def read_one(door: NamedDependency[Door], delivery_id: Id) -> DeliveryView:
    """What became of it."""
    return show_delivery(await door.read(get_delivery, delivery_id))


ROUTES = [send, read_one]

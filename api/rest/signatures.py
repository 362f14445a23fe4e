"""``/mailboxes/{id}/signature``: what letters of a mailbox end with."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.rest.mailboxes import get_seen_mailbox
from api.rest.shapes import Body, Id
from core.database import ReadTx, WriteTx
from crm.staff.readable import Viewer
from mailhub.letters.html.outgoing import clean_outgoing
from mailhub.outbound.signatures import LONGEST, list_signatures, set_signature

Html = Annotated[str, msgspec.Meta(max_length=LONGEST)]


class SignatureView(msgspec.Struct):
    """The mailbox's signature in HTML, and your own there, which stands instead of it; empty for none."""

    everybody: str
    own: str


class SignatureChange(Body):
    """What is left out stays; an empty text takes it away. ``everybody`` needs the right to manage the mailbox."""

    everybody: Html | None = None
    own: Html | None = None


def read_signatures(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> SignatureView:
    """Both. Raises NotFound."""
    everybody, own = list_signatures(tx, get_seen_mailbox(tx, viewer, mailbox_id).id, viewer.user_id)
    return SignatureView(everybody, own)


def change_signatures(tx: WriteTx, viewer: Viewer, mailbox_id: int, data: SignatureChange) -> SignatureView:
    """Set them. Raises NotFound, Forbidden, Invalid."""
    if data.everybody is not None:
        set_signature(tx, viewer, mailbox_id, clean_outgoing(data.everybody), own=False)
    if data.own is not None:
        set_signature(tx, viewer, mailbox_id, clean_outgoing(data.own), own=True)
    return read_signatures(tx, viewer, mailbox_id)


@get("/mailboxes/{mailbox_id:int}/signature", tags=["mailboxes"])
async def get_signature(door: NamedDependency[Door], mailbox_id: Id) -> SignatureView:
    """What your letters from this mailbox end with."""
    return await door.read(read_signatures, mailbox_id)


@put("/mailboxes/{mailbox_id:int}/signature", tags=["mailboxes"])
async def put_signature(door: NamedDependency[Door], mailbox_id: Id, data: JSONBody[SignatureChange]) -> SignatureView:
    """Set your own signature, or that of the mailbox for whoever manages it."""
    return await door.write(change_signatures, mailbox_id, data)


ROUTES = [get_signature, put_signature]

"""What letters end with: a section of the settings for everybody who answers somewhere."""

from __future__ import annotations

from dataclasses import dataclass

from litestar import post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.web.desk import Asked, Id
from core.database import ReadTx, WriteTx
from crm.staff.readable import Viewer
from mailhub.letters.html.outgoing import text_as_html
from mailhub.letters.html.spoken import spoken
from mailhub.outbound.beginning import list_senders
from mailhub.outbound.signatures import LONGEST, list_signatures, set_signature


@dataclass(frozen=True, slots=True)
class Signature:
    """A mailbox with its signatures as text; ``everybody`` is None for who may not change that one."""

    url: str
    name: str
    address: str
    everybody: str
    own: str
    may_rule: bool
    first_line: str


def see_signatures(tx: ReadTx, viewer: Viewer) -> list[Signature]:
    """Those of the mailboxes that the viewer may write from."""
    found = []
    for box in list_senders(tx, viewer):
        everybody, own = map(spoken, list_signatures(tx, box.id, viewer.user_id))
        url, first_line = f"/settings/mailboxes/{box.id}/signature", (own or everybody).partition("\n")[0]
        may_rule = viewer.may("manage", box.scope_id)
        found.append(Signature(url, box.name, box.address, everybody, own, may_rule, first_line))
    return found


@post("/settings/mailboxes/{box_id:int}/signature", include_in_schema=False, status_code=303)
async def save(door: NamedDependency[Door], request: Asked, box_id: Id) -> Redirect:
    """Both texts as the form holds them; empty ones go."""
    form = await request.form()
    texts = {
        name: str(form[name])[: LONGEST + 1].replace("\r\n", "\n") for name in ("own", "everybody") if name in form
    }
    await door.write(_set, box_id, texts)
    return Redirect(f"/settings#signatures-{box_id}", status_code=303)


def _set(tx: WriteTx, viewer: Viewer, box_id: int, texts: dict[str, str]) -> None:
    set_signature(tx, viewer, box_id, text_as_html(texts.get("own", "")), own=True)
    if "everybody" in texts:
        set_signature(tx, viewer, box_id, text_as_html(texts["everybody"]), own=False)


ROUTES = [save]

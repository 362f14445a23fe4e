"""How soon a client is answered, where that is agreed with it: the form on its page."""

from __future__ import annotations

from dataclasses import dataclass

from litestar import post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.web.desk import Asked, Id
from api.web.forms import read_form
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.parties import find_hours, get_counterparty
from crm.staff.readable import Viewer
from mailhub.mailboxes.terms import set_client_hours


@dataclass(frozen=True, slots=True)
class HoursForm:
    """See templates/web/_client_hours.html. Empty for what is not agreed."""

    answer: str
    following: str
    may_change: bool
    url: str


def see_hours(tx: ReadTx, viewer: Viewer, client_id: int) -> HoursForm:
    """What is agreed with a client."""
    answer, following = find_hours(tx, client_id)
    may_change = viewer.may_somewhere("manage")
    return HoursForm(str(answer or ""), str(following or ""), may_change, f"/clients/{client_id}/hours")


@post("/clients/{client_id:int}/hours", include_in_schema=False, status_code=303)
async def keep(door: NamedDependency[Door], request: Asked, client_id: Id) -> Redirect:
    """Agree on other hours; whoever waits is due anew."""
    form = await read_form(request)
    answer, following = (_read(form, name) for name in ("answer_hours", "next_hours"))

    def verb(tx: WriteTx, viewer: Viewer) -> None:
        get_counterparty(tx, client_id)
        set_client_hours(tx, viewer, client_id, answer, following)

    await door.write(verb)
    return Redirect(f"/clients/{client_id}", status_code=303)


def _read(form: dict[str, str], name: str) -> int:
    text = form.get(name, "").strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise Invalid("Here stands a number.", field=name)
    return int(text)


ROUTES = [keep]

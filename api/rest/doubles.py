"""``/doubles``: clients of the whole base who may be one. ``/doubles/search``: look for them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from api.auth import Door
from api.problems import Pages, language_of
from api.rest.once import Key, once
from api.rest.shapes import After, Body, Items, Limit, Number, StrictRequest, moment, page_of
from core.database import ReadTx
from core.language import Language
from crm.doubles.deciding import Pair, ask_again, list_pairs, tell_apart
from crm.doubles.searching import Search, begin_search, cancel_search, find_search
from crm.parties.shapes import Counterparty
from crm.staff.readable import Viewer, demand_somewhere

PairState = Annotated[
    Literal["open", "apart"], QueryParameter(name="state", description="`apart`: somebody said that they are two.")
]


class AlikeView(msgspec.Struct):
    """One of two clients; the whole of it is at `/counterparties/{id}`."""

    id: int
    name: str
    city: str
    emails: list[str]
    phones: list[str]
    domains: list[str]


class PairView(msgspec.Struct):
    """Two clients who may be one. `reasons` are `tax_number`, `address`, `phone`, `name`, `domain`; `strength` is how
    sure that is, in per cent."""

    one: AlikeView
    other: AlikeView
    reasons: list[str]
    strength: int
    state: str


class SearchView(msgspec.Struct):
    """The last search. `state` is `never`, `running`, `done`, `failed` or `cancelled`; `stage` by what clients are
    compared now; `done` how far it is, from 0 to 1; `found` how many pairs."""

    state: str
    stage: str = ""
    done: float = 0.0
    found: int = 0
    error: str = ""
    started_at: str | None = None
    finished_at: str | None = None


class TwoClients(Body):
    """The two of a pair, in any order."""

    one_id: Number
    other_id: Number


def show_search(found: Search | None, language: Language) -> SearchView:
    """A search in the shape of the interface."""
    if found is None:
        return SearchView("never")
    return SearchView(
        found.state, found.stage, found.place / 1000, found.found, language.gettext(found.error) if found.error else "",
        moment(found.started_at), moment(found.finished_at),
    )  # fmt: skip


def show_pair(pair: Pair) -> PairView:
    """A pair in the shape of the interface."""
    return PairView(_show(pair.one), _show(pair.other), list(pair.reasons), pair.strength, pair.state)


def _show(one: Counterparty) -> AlikeView:
    phones = [phone.number for phone in one.phones]
    return AlikeView(one.id, one.name, one.city, list(one.emails), phones, list(one.domains))


def see_search(tx: ReadTx, viewer: Viewer) -> Search | None:
    """Raises Forbidden."""
    demand_somewhere(viewer, "assign")
    return find_search(tx)


def _language(request: StrictRequest) -> Language:
    pages: Pages = request.app.state.pages
    return language_of(request, pages)


@get("/doubles", tags=["clients"])
async def list_doubles(
    door: NamedDependency[Door], which: PairState = "open", after: After = None, limit: Limit = 50
) -> Items[PairView]:
    """Pairs of clients who may be one, the surest first; they are merged with `/counterparties/{id}/merge`."""
    return page_of(await door.read(list_pairs, state=which, after=after, limit=limit), show_pair)


@get("/doubles/search", tags=["clients"])
async def get_search(door: NamedDependency[Door], request: StrictRequest) -> SearchView:
    """How far the last search of the whole base is."""
    return show_search(await door.read(see_search), _language(request))


@post("/doubles/search", tags=["clients"])
async def start_search(door: NamedDependency[Door], request: StrictRequest, idempotency_key: Key = None) -> SearchView:
    """Look for clients who may be one in the whole base; 409 while somebody's search runs."""
    language = _language(request)
    return await once(
        door, request, idempotency_key, SearchView, lambda tx, viewer: show_search(begin_search(tx, viewer), language)
    )


@post("/doubles/search/cancel", tags=["clients"], status_code=200)
async def stop_search(door: NamedDependency[Door], request: StrictRequest) -> SearchView:
    """End the search that runs; what it found stays."""
    return show_search(await door.write(cancel_search), _language(request))


@post("/doubles/apart", tags=["clients"], status_code=204)
async def part_two(door: NamedDependency[Door], data: JSONBody[TwoClients]) -> None:
    """They are two: no search asks again."""
    await door.write(tell_apart, data.one_id, data.other_id)


@post("/doubles/open", tags=["clients"], status_code=204)
async def open_again(door: NamedDependency[Door], data: JSONBody[TwoClients]) -> None:
    """They may be one after all."""
    await door.write(ask_again, data.one_id, data.other_id)


ROUTES: list[Any] = [list_doubles, get_search, start_search, stop_search, part_two, open_again]

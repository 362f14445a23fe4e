"""``/addresses``: whom somebody may mean who types, and whether letters can go there."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from api.auth import Door
from api.problems import Pages, language_of
from api.rest.shapes import Body, Items, StrictRequest
from mailhub.mailboxes.correspondents import list_correspondents
from mailhub.outbound.reasons import read_person

LONGEST = 1000
MOST = 500
Words = Annotated[str, QueryParameter(name="q", max_length=200)]


class CorrespondentView(msgspec.Struct):
    """Somebody to write to; ``client`` is whose contact they are, empty for nobody's."""

    name: str
    address: str
    client: str


class TypedPeople(Body):
    """People as somebody typed them, one by one: ``Anna <anna@client.example>``, ``boris@client.example``."""

    people: Annotated[list[Annotated[str, msgspec.Meta(max_length=LONGEST)]], msgspec.Meta(max_length=MOST)]


class TypedView(msgspec.Struct):
    """One of them, in the same order; ``wrong`` says in your language why letters cannot go there, else it is empty."""

    name: str
    address: str
    wrong: str


@get("/addresses", tags=["drafts"])
async def get_addresses(door: NamedDependency[Door], q: Words) -> Items[CorrespondentView]:
    """Whom the beginning of a name, an address or a company may mean: contacts, and those with whom mailboxes that you
    see have corresponded. Two letters at least."""
    found = await door.search(list_correspondents, q)
    return Items([CorrespondentView(one.name, one.address, one.client) for one in found])


@post("/addresses/check", tags=["drafts"], status_code=200)
async def check(request: StrictRequest, data: JSONBody[TypedPeople]) -> Items[TypedView]:
    """Which of these are addresses, and what is wrong with the others."""
    pages: Pages = request.app.state.pages
    say = language_of(request, pages).gettext
    found = [read_person(one) for one in data.people]
    return Items([TypedView(one.name, one.address, say(one.wrong) if one.wrong else "") for one in found])


ROUTES = [get_addresses, check]

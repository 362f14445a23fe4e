"""``/topics``, ``/sign-up-forms`` and ``/sign-ups``: what mailings are about, and people who ask for them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.joining import sign_up
from api.rest.once import Key, once, once_done
from api.rest.shapes import Body, Id, Items, Number, StrictRequest
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from core.language import LANGUAGES
from crm.staff.readable import Viewer, demand_admin
from mailhub.campaigns.joining import Asked, Form, add_form, change_form, list_forms
from mailhub.campaigns.topics import Topic, add_topic, change_topic, find_topic, list_topics

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
About = Annotated[str, msgspec.Meta(max_length=300)]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class TopicView(msgspec.Struct):
    """A subject of mailings, as its readers see it."""

    id: int
    name: str
    about: str
    ended: bool


class NewTopic(Body):
    """A subject that readers can choose."""

    name: Name
    about: About = ""


class TopicChange(Body):
    """What is named becomes otherwise. `ended`: it is offered no more."""

    name: Name | None = None
    about: About | None = None
    ended: bool | None = None


class FormView(msgspec.Struct):
    """A form for signing up; `text` is what people agree to as of `version`."""

    id: int
    title: str
    text: str
    version: int
    ended: bool


class NewForm(Body):
    """A form."""

    title: Title
    text: Words


class FormChange(Body):
    """What is named becomes otherwise; other words are another version."""

    title: Title | None = None
    text: Words | None = None
    ended: bool | None = None


class NewSignUp(Body):
    """Somebody who asks for mailings on a form of your own. They get a letter, and nothing else before they followed
    the link in it. `topics`: what they want to hear of; left out, of all."""

    form_id: Number
    email: Annotated[str, msgspec.Meta(min_length=3, max_length=320)]
    name: Annotated[str, msgspec.Meta(max_length=120)] = ""
    language: Annotated[str, msgspec.Meta(max_length=10)] = ""
    topics: Annotated[list[Number], msgspec.Meta(max_length=50)] | None = None


def see_topic(tx: ReadTx, topic_id: int) -> Topic:
    """Raises NotFound."""
    found = find_topic(tx, topic_id)
    if found is None:
        raise NotFound("There is no such topic.")
    return found


def see_form(tx: ReadTx, form_id: int) -> Form:
    """One that is open or has ended. Raises NotFound."""
    found = next((one for one in list_forms(tx) if one.id == form_id), None)
    if found is None:
        raise NotFound("There is no such form.")
    return found


@get("/topics", tags=["mailings"])
async def topics(door: NamedDependency[Door]) -> Items[TopicView]:
    """What mailings can be about, by name."""
    return Items([_topic(one) for one in await door.read(lambda tx, _viewer: list_topics(tx))])


@post("/topics", tags=["mailings"])
async def new_topic(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewTopic], idempotency_key: Key = None
) -> TopicView:
    """A topic more (administrators)."""

    def verb(tx: WriteTx, viewer: Viewer) -> TopicView:
        return _topic(see_topic(tx, add_topic(tx, viewer, data.name, data.about)))

    return await once(door, request, idempotency_key, TopicView, verb)


@patch("/topics/{topic_id:int}", tags=["mailings"])
async def other_topic(door: NamedDependency[Door], topic_id: Id, data: JSONBody[TopicChange]) -> TopicView:
    """Another name, or offered no more (administrators)."""

    def verb(tx: WriteTx, viewer: Viewer) -> TopicView:
        change_topic(tx, viewer, topic_id, data.name, data.about, ended=data.ended)
        return _topic(see_topic(tx, topic_id))

    return await door.write(verb)


@get("/sign-up-forms", tags=["mailings"])
async def forms(door: NamedDependency[Door]) -> Items[FormView]:
    """Forms on which people sign up (administrators)."""

    def look(tx: ReadTx, viewer: Viewer) -> list[Form]:
        demand_admin(viewer)
        return list_forms(tx)

    return Items([_form(one) for one in await door.read(look)])


@post("/sign-up-forms", tags=["mailings"])
async def new_form(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewForm], idempotency_key: Key = None
) -> FormView:
    """A form more (administrators); it stands at `/join/{id}`."""

    def verb(tx: WriteTx, viewer: Viewer) -> FormView:
        return _form(see_form(tx, add_form(tx, viewer, data.title, data.text)))

    return await once(door, request, idempotency_key, FormView, verb)


@patch("/sign-up-forms/{form_id:int}", tags=["mailings"])
async def other_form(door: NamedDependency[Door], form_id: Id, data: JSONBody[FormChange]) -> FormView:
    """Other words, or closed (administrators)."""

    def verb(tx: WriteTx, viewer: Viewer) -> FormView:
        change_form(tx, viewer, form_id, data.title, data.text, ended=data.ended)
        return _form(see_form(tx, form_id))

    return await door.write(verb)


@post("/sign-ups", tags=["mailings"], status_code=204)
async def new_sign_up(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewSignUp], idempotency_key: Key = None
) -> None:
    """Write to somebody who signed up on a form of your own (administrators). The answer is the same whether the
    address is known here or not."""
    house = door.house
    language = data.language if data.language in LANGUAGES else ""
    chosen = None if data.topics is None else tuple(data.topics)

    def verb(tx: WriteTx, viewer: Viewer) -> None:
        demand_admin(viewer)
        sign_up(tx, house, data.form_id, Asked(data.email.strip(), data.name, language, chosen), "")

    await once_done(door, request, idempotency_key, verb)


def _topic(one: Topic) -> TopicView:
    return TopicView(one.id, one.name, one.about, one.ended)


def _form(one: Form) -> FormView:
    return FormView(one.id, one.title, one.text, one.version, one.ended)


ROUTES = [topics, new_topic, other_topic, forms, new_form, other_form, new_sign_up]

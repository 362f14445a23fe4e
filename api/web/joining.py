"""``/join/{form_id}``: the form on which somebody signs up for mailings, and the page behind the link in their letter.
Opening either changes nothing."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.params import PathParameter, QueryParameter

from api.auth import peer_of
from api.auth.forgery import FROM_ANYWHERE
from api.joining import PATH, TRAP, sign_up
from api.web.alone import house_of, language_here, say_refusal, show_alone
from api.web.desk import Asked as Request
from api.web.desk import Id
from api.web.forms import read_form
from core.database import ReadTx
from core.errors import HouseError, Invalid, NotFound, TooMuch
from core.language import LANGUAGES
from mailhub.campaigns.joining import Asked, Form, confirm, get_form, see_begun
from mailhub.campaigns.topics import Topic, list_topics

Token = Annotated[str, PathParameter(max_length=200)]
Lang = Annotated[str, QueryParameter(name="lang", max_length=10)]
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def see_form(tx: ReadTx, form_id: int) -> tuple[Form, list[Topic]]:
    """A form with the topics to choose from. Raises NotFound."""
    return get_form(tx, form_id), [one for one in list_topics(tx) if not one.ended]


@get(PATH + "/{form_id:int}", include_in_schema=False)
async def look(request: Request, form_id: Id, lang: Lang = "") -> Response[str]:
    """The form."""
    del lang  # read by language_here
    return await _form(request, form_id)


@post(PATH + "/{form_id:int}", include_in_schema=False, status_code=200)
async def send(request: Request, form_id: Id) -> Response[str]:
    """The same words for everybody."""
    return await _take(request, form_id, await read_form(request))


@post(PATH + "/{form_id:int}/outside", include_in_schema=False, status_code=200, opt={FROM_ANYWHERE: True})
async def send_from_outside(request: Request, form_id: Id) -> Response[str]:
    """The form as it stands in a page of somebody's own site. It begins what their letter ends, and asks nobody who
    they are; a machine that fills in what no person sees is answered like all, and nothing follows. Words that were
    changed since are shown first."""
    form = await read_form(request)
    if form.get(TRAP):
        return _show(request, "join_sent.html", f"{PATH}/{form_id}", address=form.get("email", "").strip()[:320])
    try:
        known, _ = await house_of(request).database.read(see_form, form_id)
    except NotFound as problem:
        return _over(request, f"{PATH}/{form_id}", problem)
    if form.get("version") != str(known.version):
        said = language_here(request).gettext("These words were changed. Read them, then sign up.")
        return await _form(request, form_id, {**form, "chooses": ""}, said)
    return await _take(request, form_id, form)


async def _take(request: Request, form_id: int, form: dict[str, str]) -> Response[str]:
    house = house_of(request)
    language = language_here(request).code
    topics = tuple(int(key[6:]) for key in form if key.startswith("topic_") and key[6:].isdecimal() and len(key) < 25)
    asked = Asked(
        form.get("email", "").strip()[:320], form.get("name", ""), language if language in LANGUAGES else "",
        topics if form.get("chooses") else None,
    )  # fmt: skip
    try:
        await house.database.write(sign_up, house, form_id, asked, peer_of(request))
    except (Invalid, TooMuch) as refused:
        status = 400 if isinstance(refused, Invalid) else 429
        return await _form(request, form_id, form, say_refusal(request, refused), status)
    except NotFound as problem:
        return _over(request, f"{PATH}/{form_id}", problem)
    return _show(request, "join_sent.html", f"{PATH}/{form_id}", address=asked.address)


@get(PATH + "/confirm/{token:str}", include_in_schema=False)
async def question(request: Request, token: Token, lang: Lang = "") -> Response[str]:
    """Whether it was them; machines that open every address of a letter end here."""
    del lang
    house = house_of(request)
    try:
        begun = await house.database.read(see_begun, house.keys, token)
    except NotFound as problem:
        return _over(request, f"{PATH}/confirm/{token}", problem)
    return _show(request, "join_confirm.html", f"{PATH}/confirm/{token}", begun=begun, token=token, done=False)


@post(PATH + "/confirm/{token:str}", include_in_schema=False, status_code=200)
async def answer(request: Request, token: Token) -> Response[str]:
    """They said yes."""
    house = house_of(request)
    try:
        begun = await house.database.read(see_begun, house.keys, token)
        await house.database.write(confirm, house.keys, token)
    except NotFound as problem:
        return _over(request, f"{PATH}/confirm/{token}", problem)
    return _show(request, "join_confirm.html", f"{PATH}/confirm/{token}", begun=begun, token=token, done=True)


async def _form(
    request: Request, form_id: int, typed: dict[str, str] | None = None, problem: str = "", status: int = 200
) -> Response[str]:
    try:
        form, topics = await house_of(request).database.read(see_form, form_id)
    except NotFound as refused:
        return _over(request, f"{PATH}/{form_id}", refused)
    shown = {
        "form": form, "topics": topics, "typed": defaultdict(str, typed or {}), "first": not typed,
        "problem": problem or None,
    }  # fmt: skip
    return _show(request, "join.html", f"{PATH}/{form_id}", status=status, **shown)


def _over(request: Request, here: str, problem: HouseError) -> Response[str]:
    return _show(request, "nowhere.html", here, status=404, problem=say_refusal(request, problem))


def _show(request: Request, template: str, here: str, *, status: int = 200, **data: Any) -> Response[str]:
    shown = show_alone(request, template, here=here, status=status, **data)
    shown.headers.update(HEADERS)
    return shown


ROUTES = [look, send, send_from_outside, question, answer]

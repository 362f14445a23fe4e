"""``/tokens``, ``/sessions`` and ``/audit``: your own keys and places, and who did what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter

from api.auth import Door
from api.rest.once import Key, once
from api.rest.shapes import After, Body, Id, Items, Limit, StrictRequest, Whichever, moment, page_of
from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from core.paging import Page, cut_page, decode_cursor
from crm.staff.audit import Asked, Checked, Entry, follow_chain, list_audit
from crm.staff.readable import Viewer, demand_admin
from crm.staff.sessions import (
    ApiToken,
    Session,
    add_token,
    end_named_session,
    end_other_sessions,
    end_session,
    list_sessions,
    list_tokens,
    revoke_token,
)

Scope = Literal["all", "read", "transactional"]


class TokenView(msgspec.Struct):
    """A program's key, without the key."""

    id: int
    name: str
    scopes: list[str]
    created_at: str | None
    used_at: str | None
    revoked: bool


class NewToken(Body):
    """``all`` may do what you may, ``read`` may only look, ``transactional`` may send single letters and see what
    became of them, and nothing else."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    scopes: Annotated[tuple[Scope, ...], msgspec.Meta(min_length=1)] = ("all",)


class MadeToken(msgspec.Struct):
    """The key is shown this once."""

    id: int
    token: str


class SessionView(msgspec.Struct):
    """Where you are signed in."""

    created_at: str | None
    seen_at: str | None
    peer: str
    agent: str
    current: bool
    name: str


class EntryView(msgspec.Struct):
    """One line of the audit log."""

    id: int
    at: str | None
    user_id: int | None
    action: str
    subject: str
    details: dict[str, Any]


class ChainView(msgspec.Struct):
    """How many lines hold; ``broken`` is the first that is not as it was written, null when all are."""

    lines: int
    broken: int | None


def show_token(token: ApiToken) -> TokenView:
    """A token in the shape of the interface."""
    return TokenView(
        token.id, token.name, list(token.scopes), moment(token.created_at), moment(token.used_at), token.revoked
    )


def show_session(session: Session) -> SessionView:
    """A session in the shape of the interface."""
    return SessionView(
        moment(session.created_at), moment(session.seen_at), session.peer, session.agent, session.current, session.name
    )


def show_entry(entry: Entry) -> EntryView:
    """A line in the shape of the interface."""
    return EntryView(entry.id, moment(entry.at), entry.user_id, entry.action, entry.subject, entry.details)


def mint_token(tx: WriteTx, viewer: Viewer, new: NewToken, door: Door) -> MadeToken:
    """A key for a program of the viewer's. Raises ProofNeeded, and Forbidden for a program: a copied token must not
    outlive its end in another one."""
    door.demand_proof(tx)
    return MadeToken(*add_token(tx, viewer.user_id, new.name, list(new.scopes)))


def drop_token(tx: WriteTx, viewer: Viewer, token_id: int) -> None:
    """End one of the viewer's own tokens. Raises Forbidden."""
    revoke_token(tx, viewer.user_id, token_id)


def read_audit(tx: ReadTx, viewer: Viewer, asked: Asked, after: str | None, limit: int) -> Page[Entry]:
    """A page of the audit log, the newest first. Raises Forbidden."""
    demand_admin(viewer)
    before = None if after is None else int(decode_cursor(after, (int,))[0])
    return cut_page(list_audit(tx, before, limit + 1, asked), limit, lambda entry: (entry.id,))


def follow(tx: ReadTx, viewer: Viewer, so_far: Checked) -> Checked:
    """A piece of the chain. Raises Forbidden."""
    demand_admin(viewer)
    return follow_chain(tx, so_far)


@get("/tokens", tags=["access"])
async def list_own_tokens(door: NamedDependency[Door]) -> Items[TokenView]:
    """Your tokens, the newest first."""
    return Items([show_token(one) for one in await door.read(lambda tx, viewer: list_tokens(tx, viewer.user_id))])


@post("/tokens", tags=["access"])
async def make_token(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewToken], idempotency_key: Key = None
) -> MadeToken:
    """A new token; keep it, it is not shown again. Programs make none."""
    return await once(
        door, request, idempotency_key, MadeToken, lambda tx, viewer: mint_token(tx, viewer, data, door), secret=True
    )


@delete("/tokens/{token_id:int}", tags=["access"])
async def revoke_own_token(door: NamedDependency[Door], token_id: Id) -> None:
    """End one of your tokens."""
    await door.write(drop_token, token_id)


@get("/sessions", tags=["access"])
async def list_own_sessions(door: NamedDependency[Door]) -> Items[SessionView]:
    """Where you are signed in, the latest used first."""
    mine = door.credentials.session
    found = await door.read(lambda tx, viewer: list_sessions(tx, viewer.user_id, mine))
    return Items([show_session(one) for one in found])


@delete("/sessions/others", tags=["access"])
async def end_others(door: NamedDependency[Door]) -> None:
    """Sign out everywhere else (with a token: everywhere)."""
    mine = door.credentials.session or ""
    await door.write(lambda tx, viewer: end_other_sessions(tx, viewer.user_id, mine))


@delete("/sessions/{name:str}", tags=["access"])
async def end_one(door: NamedDependency[Door], name: Annotated[str, PathParameter(max_length=64)]) -> None:
    """Sign out in one place, by its `name` in the list."""
    await door.write(lambda tx, viewer: end_named_session(tx, viewer.user_id, name))


@delete("/sessions/current", tags=["access"])
async def end_this(door: NamedDependency[Door]) -> None:
    """Sign out here."""
    mine = door.credentials.session
    if mine is None:
        raise Invalid("A token has no session; revoke the token.")
    await door.write(lambda tx, _: end_session(tx, mine))


@get("/audit", tags=["access"])
async def list_log(
    door: NamedDependency[Door],
    limit: Limit = 50,
    after: After = None,
    user_id: Whichever = None,
    action: Annotated[str | None, QueryParameter(max_length=100, description="`signed-in`, say.")] = None,
    since: Annotated[datetime | None, QueryParameter(description="From this moment on.")] = None,
    until: Annotated[datetime | None, QueryParameter(description="Before this moment.")] = None,
) -> Items[EntryView]:
    """Who did what, the newest first (administrators)."""
    asked = Asked(user_id, action, read_moment(since), read_moment(until))
    return page_of(await door.read(read_audit, asked, after, limit), show_entry)


@get("/audit/check", tags=["access"])
async def check_log(door: NamedDependency[Door]) -> ChainView:
    """Whether every line is as it was written (administrators)."""
    checked = Checked()
    while checked.more:
        checked = await door.search(follow, checked)
    return ChainView(checked.lines, checked.broken)


def read_moment(said: datetime | None) -> int | None:
    """A moment of a query in microseconds; without a zone it is UTC. Raises Invalid."""
    if said is None:
        return None
    try:
        return int((said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()) * clock.SECOND
    except (ValueError, OverflowError) as problem:
        raise Invalid("This moment is out of all measure.") from problem


ROUTES = [
    list_own_tokens, make_token, revoke_own_token, list_own_sessions, end_others, end_this, end_one, list_log,
    check_log,
]  # fmt: skip

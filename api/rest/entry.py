"""``/users/me/factors`` and what administrators do with the accounts of others: how people sign in."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter

from api.auth import Door
from api.auth.letters import invite
from api.rest.access import SessionView, show_session
from api.rest.once import Key, once_done
from api.rest.people import UserView, show_user
from api.rest.shapes import Body, Id, Items, StrictRequest, moment
from core.database import ReadTx, WriteTx
from crm.staff import factors, passkeys
from crm.staff.administration import (
    change_role,
    end_session_of,
    end_sessions_of,
    list_sessions_of,
    reset_factors,
)
from crm.staff.factors import Factors, get_factors
from crm.staff.passkeys import Passkey, list_passkeys
from crm.staff.readable import Viewer
from crm.staff.totp import spell_secret, totp_uri


class PasskeyView(msgspec.Struct):
    """A passkey; ``doubted_at`` is when something showed that there may be a copy of it."""

    id: int
    name: str
    created_at: str | None
    used_at: str | None
    synced: bool
    doubted_at: str | None


class FactorsView(msgspec.Struct):
    """What you show beside a password, or instead of it."""

    codes_since: str | None
    recovery_codes_left: int
    passkeys: list[PasskeyView]


class SetupView(msgspec.Struct):
    """A new secret for an authenticator program; send ``setup`` back with the first code."""

    secret: str
    uri: str
    setup: str


class FirstCode(Body):
    """``setup`` as it was given, and the code that the program shows."""

    setup: Annotated[str, msgspec.Meta(max_length=500)]
    code: Annotated[str, msgspec.Meta(max_length=20)]


class CodesView(msgspec.Struct):
    """Recovery codes, shown this once; each lets you in once."""

    recovery_codes: list[str]


class PasskeyName(Body):
    """What you call it."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class UserChange(Body):
    """The role of a person; they sign in anew after a change."""

    is_admin: bool


def show_factors(found: Factors, keys: list[Passkey]) -> FactorsView:
    """In the shape of the interface."""
    return FactorsView(
        moment(found.codes_since),
        found.recovery_left,
        [
            PasskeyView(
                one.id, one.name, moment(one.created_at), moment(one.used_at), one.synced, moment(one.doubted_at)
            )
            for one in keys
        ],
    )


def see_factors(tx: ReadTx, viewer: Viewer) -> tuple[Factors, list[Passkey]]:
    """The viewer's own."""
    return get_factors(tx, viewer.user_id), list_passkeys(tx, viewer.user_id)


@get("/users/me/factors", tags=["access"])
async def get_my_factors(door: NamedDependency[Door]) -> FactorsView:
    """What you have set up beside a password."""
    return show_factors(*await door.read(see_factors))


@post("/users/me/codes/begin", tags=["access"], status_code=200)
async def begin_my_codes(door: NamedDependency[Door]) -> SetupView:
    """A new secret for codes; nothing is kept until you send the first one."""

    def begin(tx: ReadTx, viewer: Viewer) -> tuple[int, str]:
        door.demand_proof(tx)
        return viewer.user_id, viewer.email

    user_id, email = await door.read(begin)
    secret, sealed = factors.begin_codes(door.house.keys, user_id)
    uri = totp_uri(secret, door.house.settings.company.name or "mailhub", email)
    return SetupView(spell_secret(secret).replace(" ", ""), uri, sealed)


@post("/users/me/codes", tags=["access"])
async def set_up_my_codes(door: NamedDependency[Door], data: JSONBody[FirstCode]) -> CodesView:
    """Be asked for codes from now on; recent proof of who you are is needed (403 `proof-needed`)."""

    def keep(tx: WriteTx, viewer: Viewer) -> list[str]:
        door.demand_proof(tx)
        secret = factors.read_setup(door.house.keys, viewer.user_id, data.setup)
        return factors.set_up_codes(tx, door.house.keys, viewer.user_id, secret, data.code)

    return CodesView(await door.write(keep))


@post("/users/me/codes/remove", tags=["access"], status_code=204)
async def remove_my_codes(door: NamedDependency[Door]) -> None:
    """Be asked for codes no more, where the server does not want them."""

    def remove(tx: WriteTx, viewer: Viewer) -> None:
        door.demand_proof(tx)
        factors.drop_codes(tx, viewer.user_id, door.house.settings.sign_in.second_factor)

    await door.write(remove)


@post("/users/me/codes/renew", tags=["access"], status_code=200)
async def renew_my_codes(door: NamedDependency[Door]) -> CodesView:
    """New recovery codes; the old ones are worth nothing."""

    def renew(tx: WriteTx, viewer: Viewer) -> list[str]:
        door.demand_proof(tx)
        return factors.renew_recovery_codes(tx, viewer.user_id)

    return CodesView(await door.write(renew))


@patch("/users/me/passkeys/{passkey_id:int}", tags=["access"])
async def rename_my_passkey(
    door: NamedDependency[Door], passkey_id: Id, data: JSONBody[PasskeyName]
) -> FactorsView:  # fmt: skip
    """Call a passkey by another name. They are made in a browser, on the page of your settings."""

    def rename(tx: WriteTx, viewer: Viewer) -> tuple[Factors, list[Passkey]]:
        door.demand_proof(tx)
        passkeys.rename_passkey(tx, viewer.user_id, passkey_id, data.name)
        return see_factors(tx, viewer)

    return show_factors(*await door.write(rename))


@delete("/users/me/passkeys/{passkey_id:int}", tags=["access"])
async def drop_my_passkey(door: NamedDependency[Door], passkey_id: Id) -> None:
    """Take a passkey of yours no more."""

    def drop(tx: WriteTx, viewer: Viewer) -> None:
        door.demand_proof(tx)
        passkeys.drop_passkey(tx, viewer.user_id, passkey_id, door.house.settings.sign_in.second_factor)

    await door.write(drop)


@patch("/users/{user_id:int}", tags=["staff"])
async def change_person(door: NamedDependency[Door], user_id: Id, data: JSONBody[UserChange]) -> UserView:
    """Change a person's role (administrators, no programs)."""
    return show_user(await door.write(door.proved(change_role), user_id, data.is_admin))


@post("/users/{user_id:int}/invitation", tags=["staff"], status_code=204)
async def invite_person(
    door: NamedDependency[Door], request: StrictRequest, user_id: Id, idempotency_key: Key = None
) -> None:
    """Write to a person how they come in the first time (administrators)."""
    send = door.proved(invite, programs=True)
    await once_done(door, request, idempotency_key, lambda tx, viewer: send(tx, viewer, door.house, user_id))


@delete("/users/{user_id:int}/factors", tags=["staff"])
async def reset_person(door: NamedDependency[Door], user_id: Id) -> None:
    """Forget the codes and passkeys of who lost them; they are signed out (administrators, no programs)."""
    await door.write(door.proved(reset_factors), user_id)


@get("/users/{user_id:int}/sessions", tags=["staff"])
async def list_person_sessions(door: NamedDependency[Door], user_id: Id) -> Items[SessionView]:
    """Where a person is signed in (administrators)."""
    return Items([show_session(one) for one in await door.read(list_sessions_of, user_id)])


@delete("/users/{user_id:int}/sessions", tags=["staff"])
async def end_person_sessions(door: NamedDependency[Door], user_id: Id) -> None:
    """Sign a person out everywhere (administrators)."""
    await door.write(door.proved(end_sessions_of, programs=True), user_id)


@delete("/users/{user_id:int}/sessions/{name:str}", tags=["staff"])
async def end_person_session(
    door: NamedDependency[Door], user_id: Id, name: Annotated[str, PathParameter(max_length=64)]
) -> None:
    """Sign a person out in one place (administrators)."""
    await door.write(door.proved(end_session_of, programs=True), user_id, name)


ROUTES = [
    get_my_factors, begin_my_codes, set_up_my_codes, remove_my_codes, renew_my_codes, rename_my_passkey,
    drop_my_passkey, change_person, invite_person, reset_person, list_person_sessions, end_person_sessions,
    end_person_session,
]  # fmt: skip

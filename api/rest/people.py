"""``/users`` and ``/groups``: the staff. Everybody sees who there is; administrators change it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from litestar import Request, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import UNSET, UnsetType

from api.auth import Door, change_password, hashing, peer_of
from api.rest.once import Key, once
from api.rest.shapes import Body, Id, Items, Made, StrictRequest
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from crm.staff.administration import let_go
from crm.staff.audit import record_audit
from crm.staff.people import (
    Team,
    User,
    add_team,
    add_user,
    get_user,
    hash_password,
    join_team,
    leave_team,
    list_teams,
    list_users,
    set_preferences,
)
from crm.staff.readable import Viewer, demand_admin

Code = Literal["en", "uk", "ru", "bg", "vi"]


class UserView(msgspec.Struct):
    """A person of the staff."""

    id: int
    email: str
    name: str
    is_admin: bool
    language: str
    disabled: bool


class GroupView(msgspec.Struct):
    """A team: rights are given to it, its members have them."""

    id: int
    name: str
    member_ids: list[int]


class NewUser(Body):
    """A person to add; without a password they cannot sign in yet."""

    email: str
    name: str
    password: str | None = None
    is_admin: bool = False
    language: Code | Literal[""] = ""


class Preferences(Body):
    """How pages speak and look to you."""

    language: Code | UnsetType = UNSET
    theme: Literal["light", "dark", "system"] | UnsetType = UNSET


class NewPassword(Body):
    """The old one shows that it is you."""

    old: str
    new: str


class NewGroup(Body):
    """A team to add."""

    name: str


def show_user(person: User) -> UserView:
    """A person in the shape of the interface."""
    return UserView(person.id, person.email, person.name, person.is_admin, person.language, person.disabled)


def show_group(team: Team) -> GroupView:
    """A team in the shape of the interface."""
    return GroupView(team.id, team.name, list(team.member_ids))


def add_person(tx: WriteTx, viewer: Viewer, new: NewUser, password_hash: str | None) -> int:
    """Add a person. Raises Forbidden, Invalid, Conflict."""
    demand_admin(viewer)
    user_id = add_user(
        tx, new.email, new.name, password_hash=password_hash, is_admin=new.is_admin, language=new.language
    )
    record_audit(tx, viewer.user_id, "user-added", str(user_id), is_admin=new.is_admin)
    return user_id


def prefer(tx: WriteTx, viewer: Viewer, chosen: Preferences) -> User:
    """Remember the viewer's preferences."""
    set_preferences(
        tx,
        viewer.user_id,
        language=None if isinstance(chosen.language, UnsetType) else chosen.language,
        theme=None if isinstance(chosen.theme, UnsetType) else chosen.theme,
    )
    return get_user(tx, viewer.user_id)


def make_team(tx: WriteTx, viewer: Viewer, new: NewGroup) -> int:
    """Add a team. Raises Forbidden, Invalid, Conflict."""
    demand_admin(viewer)
    team_id = add_team(tx, new.name)
    record_audit(tx, viewer.user_id, "team-added", str(team_id))
    return team_id


def get_team(tx: ReadTx, _: Viewer, team_id: int) -> Team:
    """The team. Raises NotFound."""
    for team in list_teams(tx):
        if team.id == team_id:
            return team
    raise NotFound("There is no team with the number %(id)s.", id=team_id)


def let_join(tx: WriteTx, viewer: Viewer, team_id: int, user_id: int) -> None:
    """Make a person a member. Raises Forbidden, NotFound."""
    demand_admin(viewer)
    get_team(tx, viewer, team_id)
    get_user(tx, user_id)
    join_team(tx, team_id, user_id)
    record_audit(tx, viewer.user_id, "team-joined", str(team_id), member=user_id)


def let_leave(tx: WriteTx, viewer: Viewer, team_id: int, user_id: int) -> None:
    """End a membership. Raises Forbidden, NotFound."""
    demand_admin(viewer)
    get_team(tx, viewer, team_id)
    leave_team(tx, team_id, user_id)
    record_audit(tx, viewer.user_id, "team-left", str(team_id), member=user_id)


@get("/users", tags=["staff"])
async def list_staff(door: NamedDependency[Door]) -> Items[UserView]:
    """Everybody on the staff, by name, also those who have left."""
    return Items([show_user(person) for person in await door.read(lambda tx, _: list_users(tx))])


@post("/users", tags=["staff"])
async def make_user(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewUser], idempotency_key: Key = None
) -> Made:
    """Add a person (administrators). A program adds no administrators."""

    def may(tx: ReadTx, viewer: Viewer) -> None:
        demand_admin(viewer)
        door.demand_proof(tx, programs=not data.is_admin)

    await door.read(may)
    hashed = None if data.password is None else await hashing(hash_password, data.password)
    return await once(
        door, request, idempotency_key, Made, lambda tx, viewer: Made(add_person(tx, viewer, data, hashed))
    )


@get("/users/{user_id:int}", tags=["staff"])
async def get_person(door: NamedDependency[Door], user_id: Id) -> UserView:
    """One person."""
    return show_user(await door.read(lambda tx, _: get_user(tx, user_id)))


@delete("/users/{user_id:int}", tags=["staff"])
async def disable_person(door: NamedDependency[Door], user_id: Id) -> None:
    """Let a person in no more (administrators): their sessions and tokens end at once, what they did keeps their name.
    A program lets no administrator go."""

    def end(tx: WriteTx, viewer: Viewer) -> None:
        demand_admin(viewer)
        door.demand_proof(tx, programs=not get_user(tx, user_id).is_admin)
        let_go(tx, viewer, user_id)

    await door.write(end)


@get("/users/me", tags=["staff"])
async def get_me(door: NamedDependency[Door]) -> UserView:
    """You."""
    return show_user(await door.read(lambda tx, viewer: get_user(tx, viewer.user_id)))


@patch("/users/me", tags=["staff"])
async def change_me(door: NamedDependency[Door], data: JSONBody[Preferences]) -> UserView:
    """Choose your language and theme."""
    return show_user(await door.write(prefer, data))


@post("/users/me/password", tags=["staff"], status_code=204)
async def change_my_password(
    door: NamedDependency[Door], data: JSONBody[NewPassword], request: Request[Any, Any, Any]
) -> None:
    """Change your password; all your sessions end, this one too."""
    viewer = await door.read(lambda _, viewer: viewer)
    await change_password(door.house, viewer, data.old, data.new, peer=peer_of(request))


@get("/groups", tags=["staff"])
async def list_groups(door: NamedDependency[Door]) -> Items[GroupView]:
    """The teams, by name."""
    return Items([show_group(team) for team in await door.read(lambda tx, _: list_teams(tx))])


@post("/groups", tags=["staff"])
async def make_group(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewGroup], idempotency_key: Key = None
) -> Made:
    """Add a team (administrators)."""
    make = door.proved(make_team, programs=True)
    return await once(door, request, idempotency_key, Made, lambda tx, viewer: Made(make(tx, viewer, data)))


@get("/groups/{group_id:int}", tags=["staff"])
async def get_group(door: NamedDependency[Door], group_id: Id) -> GroupView:
    """One team."""
    return show_group(await door.read(get_team, group_id))


@put("/groups/{group_id:int}/members/{user_id:int}", tags=["staff"], status_code=204)
async def join_group(door: NamedDependency[Door], group_id: Id, user_id: Id) -> None:
    """Make a person a member (administrators)."""
    await door.write(door.proved(let_join, programs=True), group_id, user_id)


@delete("/groups/{group_id:int}/members/{user_id:int}", tags=["staff"])
async def leave_group(door: NamedDependency[Door], group_id: Id, user_id: Id) -> None:
    """End a membership (administrators)."""
    await door.write(door.proved(let_leave, programs=True), group_id, user_id)


ROUTES = [
    list_staff, make_user, get_person, disable_person, get_me, change_me, change_my_password,
    list_groups, make_group, get_group, join_group, leave_group,
]  # fmt: skip

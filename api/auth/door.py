"""The way from a request into a transaction: the viewer is loaded in the very unit that decides or shows.

So a right taken away, an ended session and a revoked token are gone in the next request, and a write decides on the
rights of the moment in which it writes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from litestar import Request

from api.auth.credentials import Credentials, SignInNeeded, read_credentials
from api.auth.passes import read_pass
from core.database import ReadTx, WriteTx
from core.errors import Forbidden, HouseError, NotFound
from core.log import get_log
from crm.staff.readable import Viewer, get_viewer
from crm.staff.reads import record_reads
from crm.staff.sessions import ProofNeeded, find_session, find_token, is_proved, touch_session, touch_token
from mailhub.runtime import House

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")
SINGLE = "/api/v1/transactional"
"""Where a token of the scope ``transactional`` may go, and nowhere else."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
log = get_log(__name__)


class Door:
    """One request's way in. ``viewer`` is who came through last, known after the first call.

    Every call raises ``SignInNeeded`` when nobody is there, ``Forbidden`` when a token may only read, and what the
    verb raises.
    """

    def __init__(
        self, house: House, credentials: Credentials, method: str, remember: dict[str, Any], path: str = ""
    ) -> None:
        self.house = house
        self.credentials = credentials
        self.touch_due = False
        self._changes = method not in SAFE_METHODS
        self._single = path.rstrip("/") == SINGLE or path.startswith(f"{SINGLE}/")
        self._remember = remember

    @property
    def viewer(self) -> Viewer:
        """Who came through, with the rights of that transaction: for rendering, never for another decision."""
        viewer: Viewer = self._remember["viewer"]
        return viewer

    async def read(self, verb: Callable[Concatenate[ReadTx, Viewer, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``verb(tx, viewer, …)`` on one snapshot."""
        return await self._noted(await self.house.database.read(self._bind(verb, args, kwargs)))

    async def search(self, verb: Callable[Concatenate[ReadTx, Viewer, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``read`` in the lane of what may take long."""
        return await self._noted(await self.house.database.search(self._bind(verb, args, kwargs)))

    async def page(
        self,
        render: Callable[[Viewer, T], R],
        verb: Callable[Concatenate[ReadTx, Viewer, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """``read``, then ``render(viewer, result)`` in the same thread after the snapshot was let go."""
        bound = self._bind(verb, args, kwargs)
        return await self._noted(await self.house.database.page(lambda result: render(self.viewer, result), bound))

    async def write(self, verb: Callable[Concatenate[WriteTx, Viewer, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``verb(tx, viewer, …)`` in a unit that is committed when this returns.

        A request that only asks (GET) writes nothing but its reader's own marks, that a thread was seen say.
        """
        bound = self._bind(verb, args, kwargs)

        def unit(tx: WriteTx) -> T:
            result = bound(tx)
            record_reads(tx, self.viewer.user_id, self.house.reads.find_due(self.viewer))
            return result

        return self._remembered(await self.house.database.write(unit))

    async def _noted(self, result: R) -> R:
        """What was found, when it is written down whose personal mail was opened for it."""
        viewer: Viewer | None = self._remember.get("viewer")
        if viewer is not None and viewer.read:
            due = self.house.reads.find_due(viewer)
            if due:
                await self.house.database.write(record_reads, viewer.user_id, due)
        return self._remembered(result)

    def _remembered(self, result: R) -> R:
        viewer: Viewer | None = self._remember.get("viewer")
        if viewer is not None and viewer.read:
            self.house.reads.remember(viewer.user_id, self.house.reads.find_due(viewer))
            viewer.read.clear()
        return result

    def _bind(self, verb: Callable[..., T], args: Any, kwargs: Any) -> Callable[[Any], T]:
        if self.credentials == Credentials():
            raise SignInNeeded("Sign in to go on.")
        return lambda tx: verb(tx, self.admit(tx), *args, **kwargs)

    def admit(self, tx: ReadTx) -> Viewer:
        """Who asks, as of this transaction. Raises SignInNeeded, Forbidden."""
        try:
            viewer = get_viewer(tx, self._find_user(tx))
        except NotFound as gone:
            raise SignInNeeded("Sign in to go on.") from gone
        self._remember["viewer"] = viewer
        return viewer

    def demand_proof(self, tx: ReadTx, *, programs: bool = False) -> None:
        """For what a stranger at an open browser must not do: raise ProofNeeded unless the person showed a moment ago
        that it is them. A token can show nothing: it may where ``programs`` do, else Forbidden."""
        if self.credentials.session is None:
            if not programs:
                raise Forbidden("A program may not do this. Sign in with a browser.")
        elif not is_proved(tx, self.credentials.session):
            raise ProofNeeded("Show that it is you before you change this.")

    def proved(
        self, verb: Callable[Concatenate[WriteTx, Viewer, P], T], *, programs: bool = False
    ) -> Callable[Concatenate[WriteTx, Viewer, P], T]:
        """The verb for who showed a moment ago that it is them, and for ``programs`` where those may (``demand_proof``
        in its transaction)."""

        def shown(tx: WriteTx, viewer: Viewer, /, *args: P.args, **kwargs: P.kwargs) -> T:
            self.demand_proof(tx, programs=programs)
            return verb(tx, viewer, *args, **kwargs)

        return shown

    def with_pass(self, text: str, message_id: int) -> Door:
        """The door that a pass opens for the files of this letter; this same door when it is no good."""
        user_id = read_pass(self.house, text, message_id)
        if user_id is None or self._changes:
            return self
        return Door(self.house, Credentials(user_id=user_id), "GET", self._remember)

    def _find_user(self, tx: ReadTx) -> int:
        if self.credentials.user_id is not None:
            return self.credentials.user_id
        if self.credentials.token is not None:
            found = find_token(tx, self.credentials.token)
            if found is None:
                raise SignInNeeded("This token is not known or was revoked.")
            self._demand_scope(found[1])
            self.touch_due = found[2]
            return found[0]
        return self._find_signed_in(tx)

    def _demand_scope(self, scopes: tuple[str, ...]) -> None:
        if "all" in scopes or (self._single and "transactional" in scopes):
            return
        if "read" not in scopes:
            raise Forbidden("This token may only send single letters.")
        if self._changes:
            raise Forbidden("This token may only read.")

    def _find_signed_in(self, tx: ReadTx) -> int:
        session = find_session(tx, self.credentials.session or "")
        if session is None:
            raise SignInNeeded("Sign in to go on.")
        self.touch_due = session[1]
        return session[0]


async def make_door(request: Request[Any, Any, Any]) -> Door:
    """The dependency ``door``."""
    house: House = request.app.state.house
    credentials = read_credentials(request, house.settings)
    door = Door(house, credentials, request.method, request.scope["state"], request.scope["path"])
    request.scope["state"]["door"] = door
    return door


async def touch_after(request: Request[Any, Any, Any]) -> None:
    """After the answer has left: note at most every five minutes that the session is in use, or every minute the
    token."""
    door: Door | None = request.scope["state"].get("door")
    if door is None or not door.touch_due:
        return
    session, token = door.credentials.session, door.credentials.token
    try:
        if token is not None:
            await door.house.database.work(touch_token, token)
        elif session is not None:
            await door.house.database.work(touch_session, session)
    except HouseError as problem:
        log.warning("a session or token could not be noted as in use", reason=str(problem))

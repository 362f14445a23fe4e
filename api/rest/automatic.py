"""``/automatic-rules`` and ``/automatic-letters``: letters that go by themselves, what will go, what went and why."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from api.auth import Door
from api.automatic import make_data
from api.rest.automatic_shapes import (
    ChangedRule,
    ComingView,
    LetterView,
    NewRule,
    RuleView,
    TriedView,
    read_when,
    show_automatic,
    show_coming,
    show_rule,
    show_tried,
)
from api.rest.once import Key, once, once_done
from api.rest.shapes import After, Id, Items, Limit, StrictRequest, Whichever
from core.database import ReadTx, WriteTx
from crm.staff.readable import Viewer
from mailhub.automatic import letters, rules
from mailhub.automatic.trying import Tried, list_coming, try_rule

View = Annotated[str | None, QueryParameter(name="state", max_length=20)]


def see_one(tx: ReadTx, viewer: Viewer, rule_id: int) -> RuleView:
    """Raises NotFound."""
    one = rules.get_rule(tx, viewer, rule_id)
    return show_rule(one, letters.count_letters(tx, [rule_id]).get(rule_id, {}))


def see_all(tx: ReadTx, viewer: Viewer) -> list[RuleView]:
    """Raises Forbidden."""
    found = rules.list_rules(tx, viewer)
    counts = letters.count_letters(tx, [one.id for one in found])
    return [show_rule(one, counts.get(one.id, {})) for one in found]


@get("/automatic-rules", tags=["automatic letters"])
async def list_all(door: NamedDependency[Door]) -> list[RuleView]:
    """The rules of the mailboxes that you may answer from."""
    return await door.read(see_all)


@post("/automatic-rules", tags=["automatic letters"])
async def add(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewRule], idempotency_key: Key = None
) -> RuleView:
    """Write a rule. It is off until it was tried and switched on."""
    told, letter = read_when(data.when), make_data(door.house, "markdown", data.subject, data.markdown, "")

    def verb(tx: WriteTx, viewer: Viewer) -> RuleView:
        return see_one(tx, viewer, rules.add_rule(tx, viewer, data.mailbox_id, data.name, told, letter))

    return await once(door, request, idempotency_key, RuleView, verb)


@get("/automatic-rules/{automatic_id:int}", tags=["automatic letters"])
async def read_one(door: NamedDependency[Door], automatic_id: Id) -> RuleView:
    """One rule."""
    return await door.read(see_one, automatic_id)


@patch("/automatic-rules/{automatic_id:int}", tags=["automatic letters"])
async def change_one(door: NamedDependency[Door], automatic_id: Id, data: JSONBody[ChangedRule]) -> RuleView:
    """Write it anew, what is named; it is off then until it was tried again. 409 when another version stands."""
    told = None if data.when is None else read_when(data.when)
    letter = None
    if data.markdown is not None:
        letter = {data.language: make_data(door.house, "markdown", data.subject, data.markdown, data.language)}

    def verb(tx: WriteTx, viewer: Viewer) -> RuleView:
        rules.change_rule(tx, viewer, automatic_id, seen=data.version, name=data.name, told=told, letters=letter)
        return see_one(tx, viewer, automatic_id)

    return await door.write(verb)


@delete("/automatic-rules/{automatic_id:int}", tags=["automatic letters"], status_code=204)
async def end(door: NamedDependency[Door], automatic_id: Id) -> None:
    """End it; what it sent keeps its reason."""
    await door.write(rules.end_rule, automatic_id)


async def try_one(door: Door, rule_id: int) -> Tried:
    """Ask a rule of what has been, and note that somebody saw it. Raises NotFound, Forbidden, Conflict."""
    zone = ZoneInfo(door.house.settings.company.timezone)

    def look(tx: ReadTx, viewer: Viewer) -> tuple[int, Tried]:
        version = rules.get_rule(tx, viewer, rule_id).version
        return version, try_rule(tx, viewer, door.house.automatic, zone, rule_id)

    version, tried = await door.read(look)
    await door.write(rules.note_tried, rule_id, version)
    return tried


@post("/automatic-rules/{automatic_id:int}/try", tags=["automatic letters"], status_code=200)
async def try_it(door: NamedDependency[Door], automatic_id: Id) -> TriedView:
    """What it would have sent in the last 90 days (30 for what has no planned moment: ``since`` says it), and to whom.
    After that it may be switched on."""
    return show_tried(await try_one(door, automatic_id))


@post("/automatic-rules/{automatic_id:int}/start", tags=["automatic letters"], status_code=204)
async def start(
    door: NamedDependency[Door], request: StrictRequest, automatic_id: Id, idempotency_key: Key = None
) -> None:
    """Switch it on: from now on it writes. 409 when it was not tried as it stands."""
    await once_done(door, request, idempotency_key, lambda tx, viewer: rules.switch_on(tx, viewer, automatic_id))


@post("/automatic-rules/{automatic_id:int}/pause", tags=["automatic letters"], status_code=204)
async def pause(
    door: NamedDependency[Door], request: StrictRequest, automatic_id: Id, idempotency_key: Key = None
) -> None:
    """Nothing of it leaves until it is switched on again."""
    await once_done(door, request, idempotency_key, lambda tx, viewer: rules.pause_rule(tx, viewer, automatic_id))


@post("/automatic-rules/{automatic_id:int}/release", tags=["automatic letters"], status_code=200)
async def release_all(
    door: NamedDependency[Door], request: StrictRequest, automatic_id: Id, idempotency_key: Key = None
) -> int:
    """Let go what it holds back, 500 at a time; says how many."""
    verb = letters.release_held
    return await once(door, request, idempotency_key, int, lambda tx, viewer: verb(tx, viewer, automatic_id))


@post("/automatic-rules/{automatic_id:int}/withdraw", tags=["automatic letters"], status_code=200)
async def withdraw_all(
    door: NamedDependency[Door], request: StrictRequest, automatic_id: Id, idempotency_key: Key = None
) -> int:
    """Call back all that it still has to send, 500 at a time; says how many."""
    verb = letters.withdraw_waiting
    return await once(door, request, idempotency_key, int, lambda tx, viewer: verb(tx, viewer, automatic_id))


@get("/automatic-letters", tags=["automatic letters"])
async def list_log(
    door: NamedDependency[Door],
    rule_id: Whichever = None,
    letter_state: View = None,
    limit: Limit = 50,
    after: After = None,
) -> Items[LetterView]:
    """What went by itself, what waits and what was held back, each with why; the newest first."""
    asked: dict[str, Any] = {"rule_id": rule_id, "state": letter_state, "limit": limit, "after": after}
    page = await door.read(lambda tx, viewer: letters.list_letters(tx, viewer, **asked))
    return Items([show_automatic(one) for one in page.items], page.next)


@get("/automatic-letters/coming", tags=["automatic letters"])
async def coming(door: NamedDependency[Door]) -> list[ComingView]:
    """What will go in the next 14 days, if nothing changes."""
    zone = ZoneInfo(door.house.settings.company.timezone)
    return [show_coming(one) for one in await door.read(list_coming, zone)]


@get("/automatic-letters/{automatic_letter_id:int}", tags=["automatic letters"])
async def read_letter(door: NamedDependency[Door], automatic_letter_id: Id) -> LetterView:
    """One letter, and why."""
    return show_automatic(await door.read(letters.get_letter, automatic_letter_id))


@post("/automatic-letters/{automatic_letter_id:int}/release", tags=["automatic letters"], status_code=204)
async def release(
    door: NamedDependency[Door], request: StrictRequest, automatic_letter_id: Id, idempotency_key: Key = None
) -> None:
    """Let a letter go that is held back."""
    verb = letters.release_letter
    await once_done(door, request, idempotency_key, lambda tx, viewer: verb(tx, viewer, automatic_letter_id))


@post("/automatic-letters/{automatic_letter_id:int}/withdraw", tags=["automatic letters"], status_code=204)
async def withdraw(
    door: NamedDependency[Door], request: StrictRequest, automatic_letter_id: Id, idempotency_key: Key = None
) -> None:
    """Call it back before it goes."""
    verb = letters.withdraw_letter
    await once_done(door, request, idempotency_key, lambda tx, viewer: verb(tx, viewer, automatic_letter_id))


@post("/automatic-letters/stop", tags=["automatic letters"], status_code=204)
async def stop(door: NamedDependency[Door], request: StrictRequest, idempotency_key: Key = None) -> None:
    """Stop all of them, of every rule."""
    await once_done(door, request, idempotency_key, rules.stop_all)


@post("/automatic-letters/let", tags=["automatic letters"], status_code=204)
async def let(door: NamedDependency[Door], request: StrictRequest, idempotency_key: Key = None) -> None:
    """Let them go again; those of long ago are held."""
    await once_done(door, request, idempotency_key, rules.let_all)


ROUTES = [
    list_all, add, read_one, change_one, end, try_it, start, pause, release_all, withdraw_all, list_log, coming,
    read_letter, release, withdraw, stop, let,
]  # fmt: skip

"""Clients of the whole base who may be one: looked for, laid side by side, merged or told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.web.client_words import reason_words
from api.web.desk import After, Asked, Desk, html, lead
from api.web.forms import read_form, read_id
from api.web.shapes import Speaker, When, make_when
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from core.paging import Page
from crm.doubles.deciding import Pair, ask_again, list_pairs, tell_apart
from crm.doubles.searching import Search, begin_search, cancel_search, count_open, find_search
from crm.parties import Counterparty, Firm, firms_of
from crm.staff.people import list_users
from crm.staff.readable import Viewer, demand_somewhere
from mailhub.mailboxes.uniting import merge

HERE = "/clients/doubles"
SHOWN = 20
COUNTED = 10_000
PairState = Annotated[Literal["open", "apart"], QueryParameter(name="state")]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page needs."""

    search: Search | None
    count: int
    page: Page[Pair]
    firms: dict[int, list[Firm]]
    managers: dict[int, str]
    around: Around


@dataclass(frozen=True, slots=True)
class Side:
    """One of two clients: ``facts`` are (what, values), each value with whether the other one has it too."""

    id: int
    name: str
    url: str
    since: When | None
    facts: list[tuple[str, list[tuple[str, bool]]]]


def see_doubles(tx: ReadTx, viewer: Viewer, state: Literal["open", "apart"], after: str | None) -> Seen:
    """Raises Forbidden, Invalid."""
    page = list_pairs(tx, viewer, state=state, after=after, limit=SHOWN)
    ids = sorted({one.id for pair in page.items for one in (pair.one, pair.other)})
    managers = {user.id: user.name for user in list_users(tx)}
    return Seen(find_search(tx), count_open(tx, COUNTED), page, firms_of(tx, ids), managers, see_around(tx, viewer))


def see_state(tx: ReadTx, viewer: Viewer) -> Search | None:
    """Raises Forbidden."""
    demand_somewhere(viewer, "assign")
    return find_search(tx)


@get(HERE, include_in_schema=False)
async def doubles(
    door: NamedDependency[Door], request: Asked, which: PairState = "open", after: After = None
) -> Response[str]:
    """The pairs, the surest first, and the search."""
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: Seen) -> str:
        speaker = desk.speaker(viewer)
        language = speaker.language
        counted = language.format_number(seen.count) + ("+" if seen.count >= COUNTED else "")
        return desk.render(
            "client_doubles.html", speaker, seen.around, "clients",
            search=shape_search(speaker, seen.search), state=which, count=counted if seen.count else "",
            pairs=[shape_pair(speaker, pair, seen) for pair in seen.page.items],
            next_url=f"?state={which}&after={seen.page.next}" if seen.page.next else None,
        )  # fmt: skip

    return html(await door.page(render, see_doubles, which, after))


@get("/clients/doubles/state", include_in_schema=False)
async def search_state(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """How far the search is: what the page asks for while it runs."""
    desk, ended = Desk(door, request), []

    def render(viewer: Viewer, found: Search | None) -> str:
        speaker = desk.speaker(viewer)
        if found is None or found.state != "running":
            ended.append(True)
        return desk.render("_doubles_search.html", speaker, None, "clients", search=shape_search(speaker, found))

    answer = html(await door.page(render, see_state))
    if ended:  # what it found stands in the whole page
        answer.headers["HX-Refresh"] = "true"
    return answer


@post(HERE, include_in_schema=False)
async def act(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """What the person decides."""
    await door.write(do_act, await read_form(request))
    return lead(request, HERE)


def do_act(tx: WriteTx, viewer: Viewer, fields: dict[str, str]) -> None:
    """Raises NotFound, Forbidden, Invalid, Conflict."""
    wanted = fields.get("act", "")
    if wanted == "search":
        begin_search(tx, viewer)
    elif wanted == "cancel":
        cancel_search(tx, viewer)
    elif wanted in ("apart", "open"):
        one_id, other_id = read_id(fields, "one_id") or 0, read_id(fields, "other_id") or 0
        (tell_apart if wanted == "apart" else ask_again)(tx, viewer, one_id, other_id)
    elif wanted == "merge":
        merge(tx, viewer, "counterparty", read_id(fields, "kept_id") or 0, read_id(fields, "gone_id") or 0)
    else:
        raise Invalid("Choose what to do.", field="act")


def shape_search(speaker: Speaker, found: Search | None) -> dict[str, object]:
    """The search for a page."""
    say = speaker.say
    if found is None:
        return {
            "state": "never",
            "word": say("Never looked for yet"),
            "place": None,
            "about": "",
            "when": None,
            "error": "",
        }
    words = {
        "running": say("Being looked for"), "done": say("Looked for"), "failed": say("The search stopped"),
        "cancelled": say("The search was ended"),
    }  # fmt: skip
    by = {
        "tax_number": say("comparing tax numbers"), "address": say("comparing addresses"),
        "phone": say("comparing telephones"), "domain": say("comparing domains"), "name": say("comparing names"),
    }  # fmt: skip
    found_words = speaker.language.ngettext("%(n)s pair found", "%(n)s pairs found", found.found)
    running = found.state == "running"
    return {
        "state": found.state,
        "word": words[found.state],
        "place": found.place if running else None,
        "about": f"{by[found.stage]} · {found_words}" if running else found_words,
        "when": make_when(speaker, found.finished_at or found.started_at, long=True),
        "error": say(found.error) if found.error else "",
    }


def shape_pair(speaker: Speaker, pair: Pair, seen: Seen) -> dict[str, object]:
    """Two clients side by side, for a page."""
    reasons = reason_words(speaker)
    facts = [_facts(speaker, one, seen) for one in (pair.one, pair.other)]
    sides = []
    for one, mine, theirs in ((pair.one, facts[0], facts[1]), (pair.other, facts[1], facts[0])):
        told = [
            (what, [(value, value in theirs.get(what, ())) for value in values])
            for what, values in mine.items()
            if values
        ]
        sides.append(Side(one.id, one.name, f"/clients/{one.id}", make_when(speaker, one.created_at, long=True), told))
    return {
        "one": sides[0],
        "other": sides[1],
        "reasons": [reasons[one] for one in pair.reasons],
        "strength": pair.strength,
    }


def _facts(speaker: Speaker, one: Counterparty, seen: Seen) -> dict[str, list[str]]:
    say, firms = speaker.say, seen.firms.get(one.id, [])
    manager = seen.managers.get(one.manager_id or 0, "")
    return {
        say("Tax number"): [firm.tax_number for firm in firms if firm.tax_number],
        say("Addresses"): list(one.emails),
        say("Telephones"): [phone.number for phone in one.phones],
        say("Domains"): list(one.domains),
        say("Town"): [one.city] if one.city else [],
        say("Responsible"): [manager] if manager else [],
    }


ROUTES = [doubles, search_state, act]

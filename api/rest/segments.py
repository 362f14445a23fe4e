"""``/segments``: groups of clients or contacts, by hand or by a rule. Everybody on the staff sees them; making them
needs the right to answer in some mailbox."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from api.auth import Door
from api.problems import language_of
from api.rest.once import Key, once
from api.rest.shapes import After, Body, Id, Items, Limit, Made, Number, StrictRequest, moment, page_of
from core.database import ReadTx, WriteTx
from core.paging import Page
from core.rules.sentences import say_condition
from crm.segments import (
    Member,
    Of,
    Segment,
    add_members,
    add_segment,
    change_rule,
    drop_members,
    end_segment,
    explain_why,
    get_segment,
    list_members,
    list_segments,
    rename_segment,
    try_rule,
)
from crm.segments.naming import list_clients_named, read_names, wording_of
from crm.segments.verbs import MOST_AT_ONCE
from crm.staff.readable import Viewer

Condition = Annotated[
    dict[str, Any],
    msgspec.Meta(
        description="`{all: […]}`, `{any: […]}`, `{not: …}` and leaves `{field, op, value}`, some told more: "
        '`{"field": "documents.amount", "with": {"kind": "order", "days": 90, "currency": "UAH"}, "op": "gt", '
        '"value": 10000}`; see `/rules/vocabulary`.',
        examples=[{"field": "city", "op": "eq", "value": "Odesa"}],
    ),
]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Which = Annotated[Of | None, QueryParameter(name="of", description="Those of clients, or of contacts.")]


class SegmentView(msgspec.Struct):
    """A segment. ``size`` is how many are in it now; ``busy`` while a new rule is being asked of everybody."""

    id: int
    name: str
    of: str
    size: int
    by_hand: bool
    rule: dict[str, Any] | None
    timezone: str
    version: int
    busy: bool
    created_at: str | None


class NamedView(msgspec.Struct):
    """A client or contact."""

    id: int
    name: str


class MemberView(msgspec.Struct):
    """Who is in a segment: the client's or contact's ``id``, since when, and who put it there (null: the rule)."""

    id: int
    name: str
    entered_at: str | None
    by_id: int | None


class NewSegment(Body):
    """A segment; without a ``rule`` members are put into it by hand."""

    name: Name
    of: Of
    rule: Condition | None = None


class ChangedSegment(Body):
    """What is to be otherwise; what is not named stays."""

    name: Name | None = None
    rule: Condition | None = None
    version: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None


class TriedRule(Body):
    """A rule that need not be kept."""

    of: Of
    rule: Condition


class TriedView(msgspec.Struct):
    """How many a rule is true of, and some of them."""

    count: int
    sample: list[NamedView]


class ReasonView(msgspec.Struct):
    """A condition as a sentence, whether it was true (null: not known any more), and what was so."""

    sentence: str
    true: bool | None
    value: Any


class WhyView(msgspec.Struct):
    """Why somebody is in a segment. Without ``entered_at`` they are not, and the reasons are those of now; ``by_id``
    put them in by hand."""

    id: int
    name: str
    entered_at: str | None
    by_id: int | None
    at: str | None
    reasons: list[ReasonView]


class Members(Body):
    """Clients or contacts, as the segment's ``of`` says."""

    ids: Annotated[list[Number], msgspec.Meta(min_length=1, max_length=MOST_AT_ONCE)]


class Moved(msgspec.Struct):
    """How many came in or went out; the others were there, or were not, before."""

    moved: int


def show_segment(one: Segment) -> SegmentView:
    """A segment in the shape of the interface."""
    return SegmentView(
        id=one.id,
        name=one.name,
        of=one.of,
        size=one.size,
        by_hand=one.by_hand,
        rule=one.rule,
        timezone=one.zone,
        version=one.version,
        busy=one.busy,
        created_at=moment(one.created_at),
    )


def show_member(one: Member) -> MemberView:
    """A member in the shape of the interface."""
    return MemberView(one.party_id, one.name, moment(one.entered_at), one.by_id)


@get("/segments", tags=["segments"])
async def list_all(door: NamedDependency[Door], of: Which = None) -> Items[SegmentView]:
    """All segments, by name."""

    def look(tx: ReadTx, _viewer: Viewer) -> list[SegmentView]:
        return [show_segment(one) for one in list_segments(tx, of)]

    return Items(await door.read(look))


@post("/segments", tags=["segments"])
async def make(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewSegment], idempotency_key: Key = None
) -> Made:
    """Make a segment, by hand or by a rule."""
    zone = door.house.settings.company.timezone

    def verb(tx: WriteTx, viewer: Viewer) -> Made:
        return Made(add_segment(tx, viewer, data.name, data.of, rule=data.rule, zone=zone))

    return await once(door, request, idempotency_key, Made, verb)


@get("/segments/{segment_id:int}", tags=["segments"])
async def get_one(door: NamedDependency[Door], segment_id: Id) -> SegmentView:
    """One segment."""
    return await door.read(lambda tx, _viewer: show_segment(get_segment(tx, segment_id)))


@patch("/segments/{segment_id:int}", tags=["segments"])
async def change(door: NamedDependency[Door], segment_id: Id, data: JSONBody[ChangedSegment]) -> SegmentView:
    """Give it another name or rule: 409 when ``version`` is not the newest. Who is in it follows the new rule when
    everybody was asked."""
    zone = door.house.settings.company.timezone

    def verb(tx: WriteTx, viewer: Viewer) -> SegmentView:
        if data.name is not None:
            rename_segment(tx, viewer, segment_id, data.name)
        if data.rule is not None:
            change_rule(tx, viewer, segment_id, data.rule, zone, version=data.version)
        return show_segment(get_segment(tx, segment_id))

    return await door.write(verb)


@delete("/segments/{segment_id:int}", tags=["segments"])
async def end(door: NamedDependency[Door], segment_id: Id) -> None:
    """End it: nobody is in it any more. Its name stays readable where it was used."""
    await door.write(end_segment, segment_id)


@get("/segments/{segment_id:int}/members", tags=["segments"])
async def list_inside(
    door: NamedDependency[Door], segment_id: Id, after: After = None, limit: Limit = 50
) -> Items[MemberView]:
    """Who is in it now, the newest first."""

    def look(tx: ReadTx, _viewer: Viewer) -> Page[Member]:
        return list_members(tx, segment_id, after=after, limit=limit)

    return page_of(await door.read(look), show_member)


@post("/segments/{segment_id:int}/members", tags=["segments"])
async def put_in(
    door: NamedDependency[Door],
    request: StrictRequest,
    segment_id: Id,
    data: JSONBody[Members],
    idempotency_key: Key = None,
) -> Moved:
    """Put clients or contacts into it by hand."""

    def verb(tx: WriteTx, viewer: Viewer) -> Moved:
        return Moved(add_members(tx, viewer, segment_id, data.ids))

    return await once(door, request, idempotency_key, Moved, verb)


@post("/segments/{segment_id:int}/members/remove", tags=["segments"])
async def take_out(door: NamedDependency[Door], segment_id: Id, data: JSONBody[Members]) -> Moved:
    """Take clients or contacts out that were put in by hand."""

    def verb(tx: WriteTx, viewer: Viewer) -> Moved:
        return Moved(drop_members(tx, viewer, segment_id, data.ids))

    return await door.write(verb)


@post("/segments/try", tags=["segments"], status_code=200)
async def try_it(door: NamedDependency[Door], data: JSONBody[TriedRule]) -> TriedView:
    """Of how many a rule would be true now, and some of them."""
    zone = door.house.settings.company.timezone

    def look(tx: ReadTx, _viewer: Viewer) -> TriedView:
        found = try_rule(tx, data.of, data.rule, zone)
        return TriedView(found.count, [NamedView(*one) for one in found.sample])

    return await door.search(look)


@get("/segments/{segment_id:int}/why/{party_id:int}", tags=["segments"])
async def show_why(door: NamedDependency[Door], request: StrictRequest, segment_id: Id, party_id: Id) -> WhyView:
    """Why a client or contact is in it, in your language, with what was so when they entered; or why not."""

    language = language_of(request, request.app.state.pages)

    def look(tx: ReadTx, _viewer: Viewer) -> WhyView:
        found = explain_why(tx, segment_id, party_id)
        told = [(found.words.get(one.condition.field), one) for one in found.reasons]
        named = [(field, value) for field, one in told for value in (one.value, one.condition.value)]
        wording = wording_of(language, read_names(tx, list_clients_named(named)))
        reasons = [
            ReasonView(say_condition(field, one.condition, wording), one.answer, one.value) for field, one in told
        ]
        return WhyView(found.party_id, found.name, moment(found.entered_at), found.by_id, moment(found.at), reasons)

    return await door.read(look)


ROUTES = [list_all, make, try_it, get_one, change, end, list_inside, put_in, take_out, show_why]

"""``/documents``, ``/items``: contracts and sales documents with their lines and files, by hand or from another system.
Sums are whole minor units of their currency. Everybody on the staff reads them."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import UnsetType

from api.auth import Door
from api.documenting import (
    bring_document,
    bring_item,
    call_group,
    make_item,
    rewrite_document,
    rewrite_item,
    take_document_away,
    write_document,
)
from api.rest.document_shapes import (
    DocumentChange,
    DocumentView,
    FactView,
    GroupName,
    ItemChange,
    ItemView,
    NamedView,
    NewDocument,
    NewItem,
    OfDocument,
    PutDocument,
    PutItem,
    WholeDocument,
    read_line,
    show_document,
    show_item,
    show_named,
    show_whole,
)
from api.rest.once import Key, once
from api.rest.shapes import After, Id, Items, Limit, Made, StrictRequest, Whichever, page_of
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from crm.documents import (
    NewLine,
    Which,
    find_item_by_external,
    get_document,
    get_item,
    list_documents,
    list_facts,
    list_files,
    list_groups,
    list_items,
    list_lines,
    list_reasons,
)
from crm.parties import find_by_external, get_counterparty
from crm.staff.readable import Viewer

External = Annotated[str, PathParameter(min_length=1, max_length=100)]
Day = Annotated[str, QueryParameter(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]
OfKind = Annotated[str, QueryParameter(max_length=20)]
_PLAIN = ("number", "date", "currency", "amount", "profit", "reason", "about", "attributes")
_IDS = ("contact_id", "legal_entity_id", "executor_id")


def told_of(tx: ReadTx, body: OfDocument) -> dict[str, Any]:
    """What is named of a document. Raises Invalid."""
    told = {name: one for name in _PLAIN if not isinstance(one := getattr(body, name), UnsetType)}
    told |= {name: one or 0 for name in _IDS if not isinstance(one := getattr(body, name), UnsetType)}
    if not isinstance(body.lines, UnsetType):
        told["lines"] = _lines(tx, body)
    return told


def _lines(tx: ReadTx, body: OfDocument) -> list[NewLine]:
    lines = () if isinstance(body.lines, UnsetType) else body.lines
    named = {one.item_external_id for one in lines if one.item_external_id}
    items = {name: found for name in named if (found := find_item_by_external(tx, name)) is not None}
    return [read_line(one, items) for one in lines]


def client_of(tx: ReadTx, body: PutDocument) -> int:
    """The client that a document is told to be of. Raises Invalid, NotFound."""
    if body.counterparty_id is not None:
        return get_counterparty(tx, body.counterparty_id).id
    if body.counterparty_external_id is None:
        raise Invalid("Say of which client it is: counterparty_id.", field="counterparty_id")
    found = find_by_external(tx, body.counterparty_external_id)
    if found is None:
        raise NotFound("There is no client with the external id %(id)s.", id=body.counterparty_external_id)
    return found


def keep_new(tx: WriteTx, viewer: Viewer, new: NewDocument) -> int:
    """Write a document; one of another system under its number there."""
    told, client_id = told_of(tx, new) | {"kind": new.kind}, client_of(tx, new)
    if new.external_id is not None:
        return bring_document(tx, viewer, new.external_id, client_id, **told)[0]
    based = {"based_on_id": new.based_on_id, "based_line_id": new.based_line_id}
    return write_document(tx, viewer, client_id, **based, **told)


def see_document(tx: ReadTx, document_id: int) -> WholeDocument:
    """A document with its lines and files. Raises NotFound."""
    return show_whole(get_document(tx, document_id), list_lines(tx, document_id), list_files(tx, document_id))


@get("/documents", tags=["documents"])
async def list_all(
    door: NamedDependency[Door],
    limit: Limit = 50,
    after: After = None,
    kind: OfKind = "",
    counterparty_id: Whichever = None,
    executor_id: Whichever = None,
    date_from: Day = "",
    date_to: Day = "",
) -> Items[DocumentView]:
    """Documents, the newest first."""
    which = Which(counterparty_id, kind, executor_id, date_from, date_to)
    return page_of(await door.read(lambda tx, _: list_documents(tx, which, after=after, limit=limit)), show_document)


@post("/documents", tags=["documents"])
async def add(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewDocument], idempotency_key: Key = None
) -> Made:
    """Write a document. With an `external_id` that is known already that document is changed to be as told."""
    return await once(door, request, idempotency_key, Made, lambda tx, viewer: Made(keep_new(tx, viewer, data)))


@put("/documents/by-external-id/{external_id:str}", tags=["documents"])
async def put_one(door: NamedDependency[Door], external_id: External, data: JSONBody[PutDocument]) -> WholeDocument:
    """The document of another system under its number there: written, or changed to be as told."""

    def verb(tx: WriteTx, viewer: Viewer) -> WholeDocument:
        told = told_of(tx, data) | {"kind": data.kind}
        made, _new = bring_document(tx, viewer, external_id, client_of(tx, data), **told)
        return see_document(tx, made)

    return await door.write(verb)


@get("/documents/{document_id:int}", tags=["documents"])
async def one(door: NamedDependency[Door], document_id: Id) -> WholeDocument:
    """One document with its lines and files."""
    return await door.read(lambda tx, _: see_document(tx, document_id))


@patch("/documents/{document_id:int}", tags=["documents"])
async def change(door: NamedDependency[Door], document_id: Id, data: JSONBody[DocumentChange]) -> WholeDocument:
    """Change a document."""

    def verb(tx: WriteTx, viewer: Viewer) -> WholeDocument:
        told = told_of(tx, data)
        told |= {name: one for name in ("kind", "version") if not isinstance(one := getattr(data, name), UnsetType)}
        rewrite_document(tx, viewer, document_id, **told)
        return see_document(tx, document_id)

    return await door.write(verb)


@delete("/documents/{document_id:int}", tags=["documents"])
async def remove(door: NamedDependency[Door], document_id: Id) -> None:
    """Take a document away, with its line in the history."""
    await door.write(take_document_away, document_id)


@get("/counterparties/{counterparty_id:int}/document-facts", tags=["documents"])
async def facts(door: NamedDependency[Door], counterparty_id: Id) -> Items[FactView]:
    """What the documents of a client come to, by month, kind and currency."""

    def verb(tx: ReadTx, _viewer: Viewer) -> list[FactView]:
        get_counterparty(tx, counterparty_id)
        return [
            FactView(one.month, one.kind, one.currency, one.documents, one.amount, one.profit)
            for one in list_facts(tx, counterparty_id)
        ]

    return Items(await door.read(verb))


@get("/items", tags=["documents"])
async def items(
    door: NamedDependency[Door],
    limit: Limit = 50,
    after: After = None,
    q: Annotated[str, QueryParameter(max_length=300, description="How names begin.")] = "",
    group_id: Whichever = None,
    ended: Annotated[bool, QueryParameter(description="With those that are retired.")] = True,
) -> Items[ItemView]:
    """Items by name."""

    def verb(tx: ReadTx, _viewer: Viewer) -> Items[ItemView]:
        groups = {one.id: one.name for one in list_groups(tx)}
        return page_of(
            list_items(tx, words=q, group_id=group_id, ended=ended, after=after, limit=limit),
            lambda one: show_item(one, groups),
        )

    return await door.read(verb)


@post("/items", tags=["documents"])
async def add_one_item(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewItem], idempotency_key: Key = None
) -> Made:
    """Add an item."""
    told: dict[str, Any] = {name: getattr(data, name) for name in ("name", "code", "unit", "group", "external_id")}
    return await once(door, request, idempotency_key, Made, lambda tx, viewer: Made(make_item(tx, viewer, **told)))


@put("/items/by-external-id/{external_id:str}", tags=["documents"])
async def put_item(door: NamedDependency[Door], external_id: External, data: JSONBody[PutItem]) -> ItemView:
    """The item of another system under its number there: added, or changed to be as told."""
    told: dict[str, Any] = {name: getattr(data, name) for name in ("name", "code", "unit", "group")}
    return await door.write(lambda tx, viewer: see_item(tx, bring_item(tx, viewer, external_id, **told)))


@get("/items/{item_id:int}", tags=["documents"])
async def one_item(door: NamedDependency[Door], item_id: Id) -> ItemView:
    """One item."""
    return await door.read(lambda tx, _: see_item(tx, item_id))


@patch("/items/{item_id:int}", tags=["documents"])
async def change_one_item(door: NamedDependency[Door], item_id: Id, data: JSONBody[ItemChange]) -> ItemView:
    """Change an item."""
    names = ("name", "code", "unit", "group", "ended")
    told = {name: one for name in names if not isinstance(one := getattr(data, name), UnsetType)}

    def verb(tx: WriteTx, viewer: Viewer) -> ItemView:
        rewrite_item(tx, viewer, item_id, **told)
        return see_item(tx, item_id)

    return await door.write(verb)


def see_item(tx: ReadTx, item_id: int) -> ItemView:
    """An item with the name of its group. Raises NotFound."""
    return show_item(get_item(tx, item_id), {one.id: one.name for one in list_groups(tx)})


@get("/item-groups", tags=["documents"])
async def groups(door: NamedDependency[Door]) -> Items[NamedView]:
    """Groups of items, by name."""
    return Items([show_named(one) for one in await door.read(lambda tx, _: list_groups(tx))])


@patch("/item-groups/{group_id:int}", tags=["documents"])
async def change_group(door: NamedDependency[Door], group_id: Id, data: JSONBody[GroupName]) -> Items[NamedView]:
    """Call a group of items otherwise."""

    def verb(tx: WriteTx, viewer: Viewer) -> list[NamedView]:
        call_group(tx, viewer, group_id, data.name)
        return [show_named(one) for one in list_groups(tx)]

    return Items(await door.write(verb))


@get("/refusal-reasons", tags=["documents"])
async def reasons(door: NamedDependency[Door]) -> Items[NamedView]:
    """Why clients said no, by name."""
    return Items([show_named(one) for one in await door.read(lambda tx, _: list_reasons(tx))])


ROUTES = [
    list_all, add, put_one, one, change, remove, facts, items, add_one_item, put_item, one_item, change_one_item,
    groups, change_group, reasons,
]  # fmt: skip

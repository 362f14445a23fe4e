"""What the pages and the interface do alike with documents and items, and write down of it."""

from __future__ import annotations

from typing import Any, Unpack

from core.database import WriteTx
from crm.documents import (
    add_document,
    add_item,
    change_document,
    change_item,
    drop_document,
    put_document,
    put_item,
    rename_group,
)
from crm.documents.verbs import Told
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand_somewhere


def write_document(tx: WriteTx, viewer: Viewer, counterparty_id: int, **told: Any) -> int:
    """Write a document. Raises what ``add_document`` raises."""
    made = add_document(tx, viewer, counterparty_id, **told)
    record_audit(tx, viewer.user_id, "document-added", str(made), client=counterparty_id)
    return made


def rewrite_document(tx: WriteTx, viewer: Viewer, document_id: int, **told: Any) -> None:
    """Change a document. Raises what ``change_document`` raises."""
    change_document(tx, viewer, document_id, **told)
    record_audit(tx, viewer.user_id, "document-changed", str(document_id))


def bring_document(
    tx: WriteTx, viewer: Viewer, external_id: str, counterparty_id: int, **told: Unpack[Told]
) -> tuple[int, bool]:
    """Another system brings a document. Raises what ``put_document`` raises."""
    made, new = put_document(tx, viewer, external_id, counterparty_id, **told)
    record_audit(tx, viewer.user_id, "document-added" if new else "document-changed", str(made))
    return made, new


def take_document_away(tx: WriteTx, viewer: Viewer, document_id: int) -> int:
    """Take a document away. Returns the client. Raises NotFound, Forbidden."""
    client_id = drop_document(tx, viewer, document_id)
    record_audit(tx, viewer.user_id, "document-removed", str(document_id), client=client_id)
    return client_id


def make_item(tx: WriteTx, viewer: Viewer, **told: Any) -> int:
    """Add an item. Raises Forbidden, Invalid, Conflict."""
    demand_somewhere(viewer, "answer")
    return add_item(tx, **told)


def bring_item(tx: WriteTx, viewer: Viewer, external_id: str, **told: Any) -> int:
    """Another system brings an item. Raises Forbidden, Invalid."""
    demand_somewhere(viewer, "answer")
    return put_item(tx, external_id, **told)


def rewrite_item(tx: WriteTx, viewer: Viewer, item_id: int, **told: Any) -> None:
    """Change an item. Raises Forbidden, NotFound, Invalid."""
    demand_somewhere(viewer, "answer")
    change_item(tx, item_id, **told)


def call_group(tx: WriteTx, viewer: Viewer, group_id: int, name: str) -> None:
    """Call a group of items otherwise. Raises Forbidden, NotFound, Invalid, Conflict."""
    demand_somewhere(viewer, "answer")
    rename_group(tx, group_id, name)

"""Rows of the import of clients."""

from __future__ import annotations

from core import jobs
from core.database import WriteTx
from crm.staff.readable import get_viewer
from crm.transfer.document_drafts import read_documents
from crm.transfer.drafts import Known, read_row
from crm.transfer.imports import Looked, run_import, start_import, try_import
from crm.transfer.runs import begin_run, run_rows
from crm.transfer.tables import party_import

HEADERS = ["Name", "Tax number", "E-mail"]
OF_DOCUMENTS = ["Number", "Date", "Client", "Item", "Quantity", "Price"]


def fill_transfer(tx: WriteTx, boot: str, user_id: int) -> None:
    """A table of one row that was tried and taken in, of clients and of documents."""
    viewer = get_viewer(tx, user_id)
    row = ["Imported", "38104452", "imported@firm.example"]
    made = start_import(tx, viewer, "clients.csv", 60, Looked({"format": "csv"}, HEADERS, [row], 1))
    try_import(tx, viewer, made.id, made.mapping, {})
    tx.change(party_import, made.id, state="tried")
    run_import(tx, viewer, made.id)
    job = jobs.claim(tx, "clients.import", boot, 1)[0]
    begin_run(tx, job)
    run_rows(tx, job, [read_row(2, row, Known(made.mapping, {}, None))], 0)
    row = ["15", "2026-11-18", "Imported", "Bolt", "2", "1.50"]
    made = start_import(tx, viewer, "sales.csv", 60, Looked({"format": "csv"}, OF_DOCUMENTS, [row], 1), "documents")
    try_import(tx, viewer, made.id, made.mapping, {"currency": "EUR"})
    tx.change(party_import, made.id, state="tried")
    run_import(tx, viewer, made.id)
    second = jobs.claim(tx, "clients.import", boot, 1)[0]
    begin_run(tx, second)
    known = Known(made.mapping, {}, None, kind="shipment", currency="EUR")
    run_rows(tx, second, list(read_documents([(2, row)], known)), 0)
    jobs.put_off(tx, second, 0)
    jobs.put_off(tx, job, 0)

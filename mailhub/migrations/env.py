"""How Alembic runs our line: on the connection it is given, with the tables of every room."""

from __future__ import annotations

from alembic import context

import core.blobs
import core.changes
import core.jobs
import core.limits
import core.marks
import core.once
import crm.attributes.tables
import crm.documents.tables
import crm.execution
import crm.execution.tables
import crm.interactions
import crm.parties.merge_tables
import crm.parties.tables
import crm.planner.tables
import crm.segments.tables
import crm.staff.tables
import crm.transfer.tables
import crm.working.kept
import mailhub.automatic.tables
import mailhub.campaigns.tables
import mailhub.keeping.tables
import mailhub.mailboxes.account_tables
import mailhub.mailboxes.bulk.tables
import mailhub.mailboxes.imports
import mailhub.mailboxes.note_tables
import mailhub.mailboxes.notice_tables
import mailhub.mailboxes.recent_searches
import mailhub.mailboxes.tables
import mailhub.mailboxes.tokens
import mailhub.mailboxes.trash_tables
import mailhub.mailboxes.views.tables
import mailhub.mailboxes.wait_tables
import mailhub.outbound.acknowledging
import mailhub.outbound.dkim_keys
import mailhub.outbound.tables
import mailhub.outbound.templates
import mailhub.routing.rules.tables
from core.columns import metadata

ROOMS = (
    core.blobs,
    core.changes,
    core.jobs,
    core.limits,
    core.marks,
    core.once,
    crm.staff.tables,
    crm.transfer.tables,
    crm.attributes.tables,
    crm.documents.tables,
    crm.parties.merge_tables,
    crm.parties.tables,
    crm.interactions,
    crm.execution,
    crm.execution.tables,
    crm.planner.tables,
    crm.segments.tables,
    crm.working.kept,
    mailhub.automatic.tables,
    mailhub.campaigns.tables,
    mailhub.keeping.tables,
    mailhub.mailboxes.account_tables,
    mailhub.mailboxes.bulk.tables,
    mailhub.mailboxes.imports,
    mailhub.mailboxes.note_tables,
    mailhub.mailboxes.notice_tables,
    mailhub.mailboxes.recent_searches,
    mailhub.mailboxes.tables,
    mailhub.mailboxes.tokens,
    mailhub.mailboxes.trash_tables,
    mailhub.mailboxes.views.tables,
    mailhub.mailboxes.wait_tables,
    mailhub.outbound.acknowledging,
    mailhub.outbound.dkim_keys,
    mailhub.outbound.templates,
    mailhub.outbound.tables,
    mailhub.routing.rules.tables,
)

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    include_object=lambda _object, name, _kind, _reflected, _compared: not (name or "").startswith("word_index"),
)
context.run_migrations()

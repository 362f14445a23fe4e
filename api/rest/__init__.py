"""The REST interface under ``/api/v1``: one file a resource."""

from api.rest import (
    access,
    accounts,
    bulk,
    clients,
    deliveries,
    drafts,
    entry,
    files,
    imports,
    leaving,
    mailboxes,
    messages,
    notes,
    notices,
    people,
    presence,
    quarantine,
    replies,
    rights,
    rules,
    search,
    signatures,
    suppressions,
    system,
    tags,
    threads,
    trash,
    untold,
    views,
)
from api.rest.shapes import REFUSALS, StrictRequest, first_sentence

PATH = "/api/v1"
ROUTES = [
    *mailboxes.ROUTES,
    *accounts.ROUTES,
    *untold.ROUTES,
    *imports.ROUTES,
    *threads.ROUTES,
    *tags.ROUTES,
    *search.ROUTES,
    *views.ROUTES,
    *bulk.ROUTES,
    *messages.ROUTES,
    *notes.ROUTES,
    *notices.ROUTES,
    *presence.ROUTES,
    *replies.ROUTES,
    *drafts.ROUTES,
    *leaving.ROUTES,
    *signatures.ROUTES,
    *deliveries.ROUTES,
    *suppressions.ROUTES,
    *files.ROUTES,
    *quarantine.ROUTES,
    *rules.ROUTES,
    *rights.ROUTES,
    *trash.ROUTES,
    *clients.ROUTES,
    *people.ROUTES,
    *entry.ROUTES,
    *access.ROUTES,
    *system.ROUTES,
]
for route in ROUTES:
    route.responses = REFUSALS
    route.summary = first_sentence(route.fn.__doc__ or "")

__all__ = ["PATH", "ROUTES", "StrictRequest"]

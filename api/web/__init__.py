"""The pages: one file a page, each with an address of its own, and the parts of them that change in place."""

from api.web import (
    accounts,
    acknowledging,
    actions,
    answering,
    clients,
    connecting,
    fragments,
    health,
    inbox,
    outbox,
    quarantine,
    regrouping,
    rules,
    settings,
    signing,
)

ROUTES = [
    *signing.ROUTES,
    *inbox.ROUTES,
    *actions.ROUTES,
    *answering.ROUTES,
    *regrouping.ROUTES,
    *fragments.ROUTES,
    *clients.ROUTES,
    *quarantine.ROUTES,
    *settings.ROUTES,
    *rules.ROUTES,
    *acknowledging.ROUTES,
    *accounts.ROUTES,
    *connecting.ROUTES,
    *health.ROUTES,
    *outbox.ROUTES,
]

"""The pages: one file a page, each with an address of its own, and the parts of them that change in place."""

from api.web import actions, clients, fragments, health, inbox, quarantine, settings, signing

ROUTES = [
    *signing.ROUTES,
    *inbox.ROUTES,
    *actions.ROUTES,
    *fragments.ROUTES,
    *clients.ROUTES,
    *quarantine.ROUTES,
    *settings.ROUTES,
    *health.ROUTES,
]

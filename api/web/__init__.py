"""The pages: one file a page, each with an address of its own, and the parts of them that change in place."""

from api.web import inbox, signing

ROUTES = [*signing.ROUTES, *inbox.ROUTES]

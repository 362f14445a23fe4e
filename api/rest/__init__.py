"""The REST interface under ``/api/v1``: one file a resource."""

from api.rest.mailboxes import ROUTES as MAILBOXES
from api.rest.shapes import StrictRequest as StrictRequest

PATH = "/api/v1"
ROUTES = [*MAILBOXES]

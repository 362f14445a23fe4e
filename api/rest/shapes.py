"""What all resources share: bodies read strictly, lists, instants."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from litestar import Request
from litestar.exceptions import HTTPException
from litestar.openapi import ResponseSpec
from litestar.params import PathParameter, QueryParameter

from core.clock import iso
from core.errors import Invalid
from core.paging import Page

PROBLEM = "application/problem+json"
Item = TypeVar("Item")
Row = TypeVar("Row")
MOST = 200

Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=MOST, description="How many at most.")]
After = Annotated[str | None, QueryParameter(name="after", description="The `next` of the page before.")]
Id = Annotated[int, PathParameter(ge=1, le=2**63 - 1)]
Number = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Whichever = Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1)]
"""What a list is narrowed to, by its number."""


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A body of a request: what it does not know is refused, never ignored."""


class Items(msgspec.Struct, Generic[Item]):
    """A page of a list; ``next`` is the cursor of what follows, null at the end."""

    items: list[Item]
    next: str | None = None


class Made(msgspec.Struct):
    """What a POST has made."""

    id: int


class ProblemView(msgspec.Struct, omit_defaults=True):
    """A refusal (RFC 9457). ``code`` is for programs, ``detail`` for people, in their language."""

    type: Annotated[str, msgspec.Meta(examples=["urn:mailhub:problem:not-found"])]
    title: Annotated[str, msgspec.Meta(examples=["Not found"])]
    status: Annotated[int, msgspec.Meta(examples=[404])]
    detail: Annotated[str, msgspec.Meta(examples=["There is no such thing here, or you may not see it."])]
    code: Annotated[str, msgspec.Meta(examples=["not-found"])]
    field: str = ""
    reference: str = ""


_REFUSALS = {
    400: "The request has a mistake; `field` names where.",
    401: "Sign in, or show a token.",
    403: "You may see this but not do that.",
    404: "There is no such thing, or you may not see it: the two are told apart nowhere.",
    409: "It has changed since you looked; look again and decide.",
    429: "Too many tries; `Retry-After` says when to go on.",
    503: "Not possible now; nothing was lost.",
}
REFUSALS = {
    status: ResponseSpec(ProblemView, generate_examples=False, description=said, media_type=PROBLEM)
    for status, said in _REFUSALS.items()
}
"""What every route may answer instead, for the OpenAPI document."""


def page_of(page: Page[Row], shape: Callable[[Row], Item]) -> Items[Item]:
    """A page of rows in the shape of the interface."""
    return Items([shape(row) for row in page.items], page.next)


def moment(instant: int | None) -> str | None:
    """ISO 8601 in UTC."""
    return None if instant is None else iso(instant)


class StrictRequest(Request[Any, Any, Any]):
    """Reads JSON bodies as exactly what the handler declares: no guessed types, no unknown fields, no other kinds."""

    async def json(self) -> Any:
        """The body as the handler's ``data``. Raises Invalid with the place of the first mistake, 415 for no JSON."""
        if self.content_type[0] != "application/json":
            raise HTTPException(status_code=415)
        field = self.route_handler.parsed_data_field
        try:
            return msgspec.json.decode(await self.body(), type=field.annotation if field else Any, strict=True)
        except msgspec.ValidationError as mistake:
            said, _, where = str(mistake).partition(" - at `$")
            place = where.rstrip("`").lstrip(".")
            raise Invalid("The body has a mistake: %(reason)s", reason=said, field=place or None) from mistake
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as mistake:
            raise Invalid("The body is not JSON.") from mistake


def first_sentence(docstring: str) -> str:
    """What stands in the list of operations: the docstring up to its first full stop or semicolon."""
    return re.split(r"[.;] |[.;]$", " ".join(docstring.split()), maxsplit=1)[0]

"""What all resources share: bodies read strictly, lists, instants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from litestar import Request
from litestar.exceptions import HTTPException
from litestar.params import PathParameter, QueryParameter

from core.clock import iso
from core.errors import Invalid
from core.paging import Page

Item = TypeVar("Item")
Row = TypeVar("Row")
MOST = 200

Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=MOST, description="How many at most.")]
After = Annotated[str | None, QueryParameter(name="after", description="The `next` of the page before.")]
Id = Annotated[int, PathParameter(ge=1, le=2**63 - 1)]
Number = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A body of a request: what it does not know is refused, never ignored."""


class Items(msgspec.Struct, Generic[Item]):
    """A page of a list; ``next`` is the cursor of what follows, null at the end."""

    items: list[Item]
    next: str | None = None


class Made(msgspec.Struct):
    """What a POST has made."""

    id: int


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

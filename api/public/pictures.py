"""``/p/{name}``: pictures that letters of mailings show, for everybody who opens one."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import PathParameter

from core.blobs import read_blob
from mailhub.campaigns.pictures import PATH, find_picture
from mailhub.runtime import House

# Names never change what they mean, and mail programs ask from pages of their own.
HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Content-Disposition": "inline",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


@get(PATH + "/{picture:str}", include_in_schema=False, opt={"plain": True})
async def fetch(
    request: Request[Any, Any, Any], picture: Annotated[str, PathParameter(max_length=60)]
) -> Response[bytes]:
    """One picture. Raises NotFound."""
    house: House = request.app.state.house
    found = await house.database.read(find_picture, picture)
    content = await asyncio.to_thread(read_blob, house.database, house.files, found.blob_id)
    return Response(content, headers=HEADERS, media_type=found.content_type)


ROUTES = [fetch]

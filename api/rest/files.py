"""What a letter shows and carries: its HTML in a frame, its files, its remote pictures through us."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, PathParameter, QueryParameter

from api.auth import Door, sign_pass
from api.rest.shapes import Id
from core.errors import NotFound
from mailhub.letters.attachments import read_attachment
from mailhub.letters.html import FRAME_HEADERS, frame_document
from mailhub.letters.serving import PICTURE_HEADERS, download_headers, preview
from mailhub.letters.values import Attachment
from mailhub.mailboxes.reading import Message, get_message
from mailhub.routing.displays import Part

LARGEST_PICTURE = 10 << 20
PICTURE_SECONDS = 10.0
# One thread of its own: a picture of sixteen million pixels takes 160 MB and a second, and pages must not wait for it.
_COPYING = ThreadPoolExecutor(1, thread_name_prefix="picture")
_PASSED_HEADERS = {"Cache-Control": "private, max-age=600"}

Pass = Annotated[str, QueryParameter(name="pass", max_length=512, description="From a letter's own HTML.")]
Asked = Request[Any, Any, Any]
Index = Annotated[int, PathParameter(ge=0, le=10_000)]


@get("/messages/{message_id:int}/html", tags=["messages"], media_type="text/html", opt={"plain": True})
async def get_html(
    door: NamedDependency[Door], message_id: Id, pictures: FromQuery[bool] = False, part: FromQuery[Part] = "all"
) -> Response[str]:
    """The letter's harmless HTML as a document for a sandboxed frame; remote pictures come through this server and
    only when `pictures=true`. `part` leaves out the older letters that it ends with, or shows nothing else."""
    message = await door.read(get_message, message_id)
    display = await door.house.displays.show(message.letter_id, message.blob_id, "pictures" if pictures else "plain")
    if display is None:
        raise NotFound("This letter has no HTML.")
    shown = sign_pass(door.house, door.viewer.user_id, message.id)
    here = f"/api/v1/messages/{message.id}"
    letter = (await asyncio.to_thread(display.part, part)).addressed(
        lambda number: f"{here}/attachments/{number}?inline=1&pass={shown}",
        lambda number: f"{here}/pictures/{number}?pass={shown}",
    )
    theme = door.viewer.theme
    scheme = "light" if theme == "light" else "dark" if theme == "dark" else "system"
    document = await asyncio.to_thread(frame_document, letter, scheme=scheme)  # type: ignore[arg-type]
    return Response(document, headers=FRAME_HEADERS, media_type="text/html")


@get("/messages/{message_id:int}/attachments/{n:int}", tags=["messages"], media_type="application/octet-stream")
async def get_attachment(
    door: NamedDependency[Door],
    message_id: Id,
    n: Index,
    pass_: Pass = "",
    inline: FromQuery[bool] = False,
) -> Response[bytes]:
    """The bytes of a file as a download; with `inline=1` a copy of a picture to look at, made by us."""
    # The frame shows pictures: a pass that leaked into a log must not open the files themselves.
    message = await (door.with_pass(pass_, message_id) if inline else door).read(get_message, message_id)
    part = find_part(message, n)
    raw = await door.house.displays.read_raw(message.blob_id)
    content = await asyncio.to_thread(read_attachment, raw, part)
    if inline:
        return await picture_answer(content)
    return Response(content, headers=download_headers(part.filename, part.content_type, content[:1024]))


@get("/messages/{message_id:int}/pictures/{n:int}", tags=["messages"], media_type="image/webp")
async def get_picture(door: NamedDependency[Door], message_id: Id, n: Index, pass_: Pass = "") -> Response[bytes]:
    """A remote picture of the letter, fetched and copied by us: its server learns nothing of the reader. Only pictures
    that stand in this letter have a number."""
    message = await door.with_pass(pass_, message_id).read(get_message, message_id)
    display = await door.house.displays.show(message.letter_id, message.blob_id, "pictures")
    addresses = display.pictures if display else []
    if n >= len(addresses):
        raise NotFound("This letter has no such picture.")
    fetched = await door.house.fetcher.fetch(
        addresses[n], accept=("image/",), max_size=LARGEST_PICTURE, deadline=PICTURE_SECONDS
    )
    return await picture_answer(fetched.body)


def find_part(message: Message, n: int) -> Attachment:
    """The file with this number. Raises NotFound."""
    parts = message.parsed["attachments"]
    if n >= len(parts):
        raise NotFound("This letter has no such file.")
    return Attachment(**parts[n])


async def picture_answer(content: bytes) -> Response[bytes]:
    """A copy of a raster picture. Raises NotFound for everything else."""
    copy = await asyncio.get_running_loop().run_in_executor(_COPYING, preview, content)
    if copy is None:
        raise NotFound("This file is not a picture that can be shown.")
    return Response(copy, headers={**PICTURE_HEADERS, **_PASSED_HEADERS})


ROUTES = [get_html, get_attachment, get_picture]

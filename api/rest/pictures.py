"""``/mailings/{id}/pictures``: pictures of the letters of a mailing, under an address for everybody."""

from __future__ import annotations

import asyncio
import hashlib

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency

from api.auth import Door
from api.rest.drafts import FileName
from api.rest.shapes import Id, Items, StrictRequest
from core.errors import TooMuch
from mailhub.campaigns.mailings import get_mailing
from mailhub.campaigns.pictures import LARGEST, Picture, add_picture, find_kind, list_pictures, remove_picture


class PictureView(msgspec.Struct):
    """A picture; `url` is what a letter names: `![words](url)`, `<img src="url" alt="words">`."""

    id: int
    filename: str
    content_type: str
    size: int
    url: str


def show_picture(base_url: str, one: Picture) -> PictureView:
    """A picture in the shape of the interface."""
    return PictureView(one.id, one.title, one.content_type, one.size, base_url.rstrip("/") + one.path)


@get("/mailings/{mailing_id:int}/pictures", tags=["mailings"])
async def list_all(door: NamedDependency[Door], mailing_id: Id) -> Items[PictureView]:
    """Pictures that were brought to it, the oldest first."""
    base = door.house.settings.web.base_url
    return Items([show_picture(base, one) for one in await door.read(list_pictures, mailing_id)])


@post("/mailings/{mailing_id:int}/pictures", tags=["mailings"], request_max_body_size=LARGEST + (1 << 16))
async def bring(
    door: NamedDependency[Door], request: StrictRequest, mailing_id: Id, filename: FileName = "picture"
) -> PictureView:
    """Bring a PNG, JPEG, GIF or WebP of at most 5 MB; the body is its bytes. It stays as long as a letter
    names it; what none has named for a week goes."""
    await door.read(get_mailing, mailing_id)
    content = await request.body()
    ending = find_kind(content)
    if len(content) > LARGEST:
        raise TooMuch("A picture has at most %(most)s MB.", most=LARGEST >> 20)
    sha256 = hashlib.sha256(content).digest()
    await asyncio.to_thread(door.house.files.write, sha256, content)
    made = await door.write(add_picture, mailing_id, filename, ending, (sha256, len(content)))
    return show_picture(door.house.settings.web.base_url, made)


@delete("/mailings/{mailing_id:int}/pictures/{picture_id:int}", tags=["mailings"])
async def remove(door: NamedDependency[Door], mailing_id: Id, picture_id: Id) -> None:
    """Take one away that no letter names."""
    await door.write(remove_picture, mailing_id, picture_id)


ROUTES = [list_all, bring, remove]

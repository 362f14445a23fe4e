"""``/assets``: the built scripts, styles and fonts. Their names carry their content's hash, so they never change."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from mimetypes import guess_type
from typing import Any

import brotli  # type: ignore[import-untyped]
from litestar import Request, Response, get
from litestar.params import FromPath

from core.errors import NotFound
from core.resources import assets_dir

_IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
_PACKED_ALREADY = ("font/", "image/png", "image/webp")


@dataclass(frozen=True, slots=True)
class Asset:
    """A built file, as it is and packed where that helps."""

    content_type: str
    content: bytes
    packed: bytes | None


@get("/assets/{name:str}", include_in_schema=False, opt={"plain": True})
async def get_asset(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """A built file. Raises NotFound."""
    asset = await asyncio.to_thread(read_asset, name)
    if asset.packed is not None and "br" in request.headers.get("accept-encoding", ""):
        headers = {**_IMMUTABLE, "Content-Encoding": "br"}
        return Response(asset.packed, headers=headers, media_type=asset.content_type)
    return Response(asset.content, headers=_IMMUTABLE, media_type=asset.content_type)


def read_asset(name: str) -> Asset:
    """The file with this name, kept in memory. Raises NotFound, for every name that the build did not make too."""
    if name not in _names():
        raise NotFound("There is no such file.")
    return _read(name)


@cache
def _names() -> frozenset[str]:
    folder = assets_dir()
    return frozenset(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else frozenset()


@cache
def _read(name: str) -> Asset:
    content = (assets_dir() / name).read_bytes()
    kind = guess_type(name)[0] or "application/octet-stream"
    if kind.startswith("text/") and "charset" not in kind:
        kind += "; charset=utf-8"
    packed = None if kind.startswith(_PACKED_ALREADY) or name.endswith(".woff2") else brotli.compress(content)
    return Asset(kind, content, packed)


@get("/robots.txt", include_in_schema=False, media_type="text/plain")
async def robots() -> str:
    """Nothing here is for search engines."""
    return "User-agent: *\nDisallow: /\n"


ROUTES = [get_asset, robots]

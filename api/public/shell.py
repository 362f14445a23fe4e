"""What a browser needs to keep the house like a program of its own: manifest, service worker, a page without a network.

The service worker keeps built files alone, which hold nobody's letters; see frontend/worker.js.
"""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response, get

from api.problems import Pages, language_of
from api.public.files import read_asset
from core.resources import asset

_ICONS = (("favicon.svg", "any", "image/svg+xml", "any"), ("icon.png", "192x192", "image/png", "any"),
          ("icon-masked.svg", "any", "image/svg+xml", "maskable"))  # fmt: skip


@get("/manifest.webmanifest", include_in_schema=False, media_type="application/manifest+json")
async def manifest() -> Response[dict[str, Any]]:
    """How the house is called and looks among the programs of a device."""
    said = {
        "name": "mailhub",
        "short_name": "mailhub",
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f5f6f8",
        "theme_color": "#2b5cd9",
        "icons": [
            {"src": asset(name), "sizes": sizes, "type": kind, "purpose": purpose}
            for name, sizes, kind, purpose in _ICONS
        ],
    }
    return Response(said, media_type="application/manifest+json", headers={"Cache-Control": "public, max-age=3600"})


@get("/worker.js", include_in_schema=False)
async def worker() -> Response[bytes]:
    """The service worker. It stands at the root, because a worker sees what lies below it."""
    built = await asyncio.to_thread(read_asset, asset("worker.js").rpartition("/")[2])
    return Response(built.content, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


@get("/offline", include_in_schema=False)
async def offline(request: Request[Any, Any, Any]) -> Response[str]:
    """What is shown without a network: nobody's name, no letter."""
    pages: Pages = request.app.state.pages
    page = pages.render("offline.html", language_of(request, pages), languages=[], problem=None)
    return Response(page, media_type="text/html")


ROUTES = [manifest, worker, offline]

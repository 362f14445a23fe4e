"""The application: which routes there are and what stands around all of them. No logic lives here."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Litestar, Router
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from api import auth, problems, public, rest, web
from api.auth.sso import SingleSignOn
from api.heads import Application
from api.live import Live
from api.returning import Returning
from mailhub import __version__
from mailhub.runtime import House

LARGEST_BODY = 1 << 20
COMPILE_REST = 0.02


def create_app(house: House) -> Litestar:
    """The ASGI application over an open house. Its lifespan starts and stops the live streams."""
    app = build_app()
    move_in(app, house)
    return app


def build_app() -> Litestar:
    """The rooms without anybody in them: nothing here knows of a house before one has moved in."""
    return Application(
        route_handlers=[
            Router(rest.PATH, route_handlers=rest.ROUTES),
            *public.ROUTES,
            *web.ROUTES,
        ],
        on_startup=[_start],
        on_shutdown=[_stop],
        dependencies={"door": Provide(auth.make_door)},
        guards=[auth.refuse_plain_http, auth.refuse_forgery, auth.refuse_turned_off],
        exception_handlers={Exception: problems.answer_problem},
        before_request=public.begin,
        before_send=[public.count, auth.add_headers],
        after_response=auth.touch_after,
        request_class=rest.StrictRequest,
        request_max_body_size=LARGEST_BODY,
        compression_config=CompressionConfig(
            backend="brotli", brotli_quality=1, gzip_compress_level=1, exclude_opt_key="plain"
        ),
        openapi_config=_openapi(),
        logging_config=None,
    )


def move_in(app: Litestar, house: House) -> None:
    """From now on the application answers for this house, and for no other that may have been here."""
    live = Live(house.database)
    app.state = State(
        {
            "house": house,
            "live": live,
            "pages": problems.Pages(house.catalogs, house.settings),
            "metrics": public.Metrics(house, live),
            "sso": SingleSignOn(house.settings.oidc, house.settings.web.base_url),
            "returning": Returning(),
            "readiness": public.Readiness(house),
        }
    )


async def _start(app: Litestar) -> None:
    live: Live = app.state.live
    await live.start()
    app.state.compiling = asyncio.create_task(_compile(app.state.pages), name="compile templates")


async def _compile(pages: problems.Pages) -> None:
    """All templates, with as much rest as work: nobody is the first to wait for a page, and nobody waits for this."""
    names = pages.compile_all()
    while True:
        if await asyncio.to_thread(next, names, None) is None:
            return
        await asyncio.sleep(COMPILE_REST)


async def _stop(app: Litestar) -> None:
    live: Live = app.state.live
    sso: SingleSignOn = app.state.sso
    returning: Returning = app.state.returning
    compiling: asyncio.Task[None] = app.state.compiling
    compiling.cancel()
    await asyncio.wait([compiling])
    await live.stop()
    await sso.close()
    await returning.close()


def _openapi() -> OpenAPIConfig:
    """OpenAPI 3.1 as JSON alone: the pages that draw it load scripts from other people's servers."""
    schemes: dict[str, Any] = {
        "token": SecurityScheme(type="http", scheme="bearer"),
        "session": SecurityScheme(type="apiKey", security_scheme_in="cookie", name="__Host-mailhub"),
    }
    return OpenAPIConfig(
        title="mailhub",
        version=__version__,
        path="/schema",
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        components=Components(security_schemes=schemes),
        security=[{"token": []}, {"session": []}],
        use_handler_docstrings=True,
    )

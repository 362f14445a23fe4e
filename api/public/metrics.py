"""``/metrics``: figures for Prometheus. No address, subject or client stands in them, and no number of a letter."""

from __future__ import annotations

import time
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.types import Message, Scope
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from api.auth import Door, is_local
from api.live import Live
from mailhub.runtime import House

BUCKETS = (0.005, 0.025, 0.1, 0.5, 2.5)
_PROXIED = ("forwarded", "x-forwarded-for", "x-real-ip")


class Metrics:
    """The figures of this process."""

    def __init__(self, house: House, live: Live) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "mailhub_http_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "mailhub_http_seconds",
            "Seconds to the first byte of an answer.",
            ["route"],
            registry=self.registry,
            buckets=BUCKETS,
        )
        self._gauge("mailhub_live_streams", "Browsers that listen.", lambda: live.count)
        self._gauge(
            "mailhub_letters_processed",
            "Letters processed by this process since its start.",
            lambda: house.processing.letters if house.processing else 0,
        )
        self._gauge(
            "mailhub_database_longest_write_seconds",
            "The longest write transaction since the start.",
            house.database.longest_hold,
        )

    def _gauge(self, name: str, means: str, value: Any) -> None:
        Gauge(name, means, registry=self.registry).set_function(value)


async def begin(request: Request[Any, Any, Any]) -> None:
    """A hook before each request that has a route."""
    request.scope["state"]["began"] = time.perf_counter()


async def count(message: Message, scope: Scope) -> None:
    """A hook before anything is sent."""
    if message["type"] != "http.response.start":
        return
    figures: Metrics = scope["litestar_app"].state.metrics
    route = str(scope.get("path_template") or "(none)")
    figures.requests.labels(str(scope.get("method")), route, str(message["status"])).inc()
    began = scope["state"].get("began")
    if began is not None:
        figures.seconds.labels(route).observe(time.perf_counter() - began)


@get("/metrics", include_in_schema=False)
async def metrics(request: Request[Any, Any, Any], door: NamedDependency[Door]) -> Response[bytes]:
    """The figures: for this machine without further ado, for others with a token."""
    if not is_local(request) or any(name in request.headers for name in _PROXIED):
        await door.read(lambda _, viewer: viewer)
    figures: Metrics = request.app.state.metrics
    return Response(generate_latest(figures.registry), media_type=CONTENT_TYPE_LATEST)


ROUTES = [metrics]

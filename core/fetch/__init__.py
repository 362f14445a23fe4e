"""The one guarded way out: nothing that a person or a letter names can make the server talk to itself, its neighbours
or the cloud's metadata (CWE-918). ``guard`` says where one may connect, ``client`` gets things over HTTP."""

from core.fetch.client import Answered as Answered
from core.fetch.client import Fetched as Fetched
from core.fetch.client import Fetcher as Fetcher
from core.fetch.client import parse_url as parse_url
from core.fetch.connecting import open_socket as open_socket
from core.fetch.guard import PORTS as PORTS
from core.fetch.guard import Guard as Guard
from core.fetch.guard import Purpose as Purpose
from core.fetch.guard import Resolver as Resolver
from core.fetch.guard import resolve_by_system as resolve_by_system
from core.fetch.trusting import system_trust as system_trust

__all__ = [
    "PORTS", "Answered", "Fetched", "Fetcher", "Guard", "Purpose", "Resolver", "open_socket", "parse_url",
    "resolve_by_system", "system_trust",
]  # fmt: skip

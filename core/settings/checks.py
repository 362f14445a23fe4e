"""What the values of settings are asked, beside their type: each is True for what may stand there."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Check = Callable[[Any], bool]


def is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def is_port(port: int) -> bool:
    return 0 <= port <= 65535


def is_host(text: str) -> bool:
    if ":" not in text:
        return re.fullmatch(r"[A-Za-z0-9._-]+", text) is not None
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


def is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def parse_place(text: str) -> tuple[str, int, Path | None]:
    """Where to listen: host and port of ``host:port``, or else the path of a socket."""
    found = re.fullmatch(r"(\[[^\]/]+\]|[^:/]+):(\d{1,5})", text)
    return ("", 0, Path(text)) if found is None else (found[1].strip("[]"), int(found[2]), None)


def is_lmtp_place(text: str) -> bool:
    _, port, path = parse_place(text)
    return port != 25 and is_port(port) if path is None else 0 < len(text.encode()) <= 100


def is_relay(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return not text or (parts.scheme in {"smtp", "smtps"} and bool(parts.hostname) and parts.port != 0)
    except ValueError:
        return False


def is_domain(text: str) -> bool:
    return not text or re.fullmatch(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*", text) is not None


def begins(*beginnings: str) -> Check:
    return lambda text: text.startswith(beginnings)


def are_addresses(texts: tuple[str, ...]) -> bool:
    try:
        return all(ipaddress.ip_address(text) for text in texts)
    except ValueError:
        return False

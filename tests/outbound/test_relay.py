"""How a relay is written down: its server, what privacy it is asked for, and what is none."""

from __future__ import annotations

import pytest

from core.errors import Invalid
from mailhub.outbound.relay import parse_relay


@pytest.mark.parametrize(
    ("url", "privacy", "port"),
    [
        ("smtp://user:s3cret@mail.provider.example", "starttls", 587),
        ("smtp://user@mail.provider.example:25", "starttls", 25),
        ("smtps://user:s3cret@mail.provider.example", "tls", 465),
        ("smtp://relay.firm.example", "offered", 25),
        ("smtp://user:s3cret@127.0.0.1:2525", "offered", 2525),
    ],
)
def test_how_a_relay_is_reached(url: str, privacy: str, port: int) -> None:
    relay = parse_relay(url)
    assert relay is not None
    assert (relay.privacy, relay.port, relay.verifies) == (privacy, port, privacy != "offered")
    assert "s3cret" not in repr(relay)


@pytest.mark.parametrize("url", ["http://a.example", "smtp://", "smtp://a.example/path", "smtp://a:b@c:port"])
def test_what_is_no_relay_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        parse_relay(url)

"""What the demo adds to a house: its people, and letters that went nowhere."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody of the demo company, for the sign-in page. The password is no secret: the demo never leaves loopback."""

    name: str
    email: str
    password: str
    role: str


@dataclass(frozen=True, slots=True)
class Gone:
    """A letter that left the house of the demo and went nowhere: what its page of outgoing letters shows."""

    at: int
    sender: str
    recipients: tuple[str, ...]
    raw: bytes

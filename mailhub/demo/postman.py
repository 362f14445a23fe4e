"""Carries letters to the listener as any sending server does: SMTP on loopback, with STARTTLS."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event, Lock

from mailhub.demo.talk import Letter

CONNECTIONS = 3
SECONDS = 300.0  # the listener is our own: a machine that is slow is no fault


class Postman:
    """Delivers to one listener. ``stop`` makes deliveries under way end after the letter in hand."""

    def __init__(self, port: int, certificate: Path) -> None:
        """``certificate`` is the one that the listener must show, and no other will do."""
        self._port = port
        self._tls = ssl.create_default_context(cafile=certificate)
        self._tls.check_hostname = False  # the certificate itself is pinned; its name is the company's, not loopback's
        self._stopped = Event()

    async def deliver(self, letters: Sequence[Letter]) -> None:
        """Hand over all letters, nearly in their order; returns when the listener has taken the last one.

        Raises OSError or smtplib.SMTPException when it does not take them, unless ``stop`` was called.
        """
        bag = _Bag(letters)
        carriers = min(CONNECTIONS, len(letters))
        await asyncio.gather(*(asyncio.to_thread(self._carry, bag) for _ in range(carriers)))

    def stop(self) -> None:
        """Deliver nothing more."""
        self._stopped.set()

    def _carry(self, bag: _Bag) -> None:
        try:
            with smtplib.SMTP("127.0.0.1", self._port, local_hostname="mx.demo.example", timeout=SECONDS) as client:
                client.starttls(context=self._tls)
                for letter in bag:
                    if self._stopped.is_set():
                        return
                    client.sendmail(letter.sender, letter.recipients, letter.raw, mail_options=["BODY=8BITMIME"])
        except (OSError, smtplib.SMTPException):
            if not self._stopped.is_set():
                raise


class _Bag:
    """Letters that several carriers take out one by one."""

    def __init__(self, letters: Sequence[Letter]) -> None:
        self._letters = iter(letters)
        self._lock = Lock()

    def __iter__(self) -> Iterator[Letter]:
        return self

    def __next__(self) -> Letter:
        with self._lock:
            return next(self._letters)

"""A mail server that says what a test wants it to say, under TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mailhub.ingest.smtp import self_signed, server_context

HOST = "imap.firm.example"
WELL = {
    "CAPABILITY": ["* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR"],
    "LIST": ['* LIST (\\HasNoChildren) "/" INBOX', '* LIST (\\HasNoChildren \\Sent) "/" "&BBIERQRWBDQEPQRW-"'],
}


@dataclass
class Scripted:
    """``answers``: command → the lines before its OK, or a line that begins with NO or BAD in its place."""

    port: int
    trust: ssl.SSLContext
    answers: Mapping[str, list[str]] = field(default_factory=dict)
    greeting: bytes = b"* OK ready\r\n"
    heard: list[str] = field(default_factory=list)


@asynccontextmanager
async def scripted_imap(folder: Path, host: str = HOST) -> AsyncIterator[Scripted]:
    """Listens on a free port of loopback with a certificate for ``host``."""
    certificate, key = self_signed(host, folder)
    served: list[Scripted] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = served[0]
        writer.write(script.greeting)
        while line := (await reader.readline()).decode("latin-1").rstrip("\r\n"):
            tag, _, command = line.partition(" ")
            script.heard.append(command)
            word = command.partition(" ")[0].upper()
            lines = {**WELL, **script.answers}.get(word, [])
            refusal = next((one for one in lines if one.startswith(("NO", "BAD"))), None)
            said = [one for one in lines if one is not refusal]
            writer.write("".join(f"{one}\r\n" for one in [*said, f"{tag} {refusal or 'OK done'}"]).encode("latin-1"))
            await writer.drain()
            if word == "LOGOUT":
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_context(certificate, key))
    trust = ssl.create_default_context(cafile=str(certificate))
    served.append(Scripted(server.sockets[0].getsockname()[1], trust))
    try:
        yield served[0]
    finally:
        server.close()

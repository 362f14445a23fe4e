"""Connections straight to the servers of a domain: found in the DNS, on the public internet alone, private where they
offer it, and proved where the domain promised so (MTA-STS)."""

from __future__ import annotations

import ssl
from dataclasses import replace

from core.errors import Forbidden, HouseError
from core.fetch import Guard, open_socket
from core.log import get_log
from mailhub.outbound.connection import Connection, RelayError
from mailhub.outbound.mx import Ask, NoAnswerError, NowhereError, find_addresses, find_servers
from mailhub.outbound.relay import Relay
from mailhub.outbound.replies import Reply
from mailhub.outbound.sts import NO_POLICY, Policies, Policy

PORT = 25
CONNECT_SECONDS = 20.0
log = get_log(__name__)


class UnreachedError(Exception):
    """No server of the domain can be had. ``reply`` is what a relay would have said: a refusal for ever, or for now."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply

    @property
    def is_final(self) -> bool:
        """True when trying again is of no use."""
        return self.reply.code >= 500


class Direct:
    """Opens connections for whoever sends. One per event loop."""

    def __init__(
        self,
        ask: Ask,
        policies: Policies,
        hostname: str,
        *,
        inside: tuple[str, ...] = (),
        port: int = PORT,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """``inside`` are networks that letters may go to although they are not public; ``context`` says whose
        certificates are believed where one has to be proved."""

        async def resolve(host: str) -> list[str]:
            return await find_addresses(ask, host)

        self._ask = ask
        self._policies = policies
        self._hostname = hostname
        self._guard = Guard(resolve, own=inside)
        self._port = port
        self._context = context or ssl.create_default_context()

    async def connect(self, domain: str) -> Connection:
        """A connection on which letters to the domain can be offered. Raises UnreachedError."""
        try:
            servers = await find_servers(self._ask, domain, self._hostname)
        except NowhereError as nowhere:
            raise UnreachedError(Reply("connect", 556, nowhere.status, str(nowhere))) from nowhere
        except NoAnswerError as silent:
            raise UnreachedError(Reply("connect", 0, "4.4.3", str(silent))) from silent
        policy = await self._policies.find(domain)
        closed, why = 0, ""
        for host in servers:
            if policy.mode != "none" and not policy.allows(host):
                log.warning("a server is not named by its domain's policy", domain=domain, server=host)
                if policy.mode == "enforce":
                    why = why or f"{host} is not among the servers that {domain} promised (MTA-STS)"
                    continue
            try:
                return await self._open(host, policy)
            except Forbidden:
                closed += 1
            except (RelayError, HouseError, OSError, NoAnswerError) as problem:
                why = f"{host}: {' '.join(str(problem).split())[:200] or type(problem).__name__}"
        if closed == len(servers):
            said = f"The servers of {domain} are not on the public internet. Letters do not go inside."
            raise UnreachedError(Reply("connect", 556, "5.4.4", said))
        raise UnreachedError(Reply("connect", 0, "4.4.1", f"No server of {domain} can be reached now. {why}"))

    async def _open(self, host: str, policy: Policy = NO_POLICY) -> Connection:
        """Under TLS where it is offered, as far as it works; proved and always under an enforced policy."""
        server = Relay(host, self._port, "", "", "starttls" if policy.mode == "enforce" else "offered")
        try:
            return await self._try(server)
        except RelayError:
            if server.privacy == "starttls":
                raise
        # What cannot be made private goes open, as it would where nothing is offered (RFC 7435).
        return await self._try(replace(server, privacy="open"))

    async def _try(self, server: Relay) -> Connection:
        connected = await open_socket(self._guard, server.host, self._port, "smtp", CONNECT_SECONDS)
        context = self._context if server.verifies else None
        connection = Connection(server, self._hostname, connected=connected, context=context)
        await connection.open()
        return connection

"""Connections straight to the servers of a domain: found in the DNS, on the public internet alone, private where they
offer it, and proved where the domain promised so: in its DNS (DANE), else over HTTPS (MTA-STS)."""

from __future__ import annotations

import ssl
from dataclasses import replace

from core.errors import Forbidden, HouseError
from core.fetch import Guard, open_socket, system_trust
from core.log import get_log
from mailhub.outbound.connection import Connection, RelayError
from mailhub.outbound.dane import Tlsa, any_certificate, find_anchors, find_promise, fits_itself, issued_by
from mailhub.outbound.mx import Ask, AskProved, NoAnswerError, NowhereError, find_addresses, find_servers
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
        ask_proved: AskProved | None = None,
    ) -> None:
        """``inside`` are networks that letters may go to although they are not public; ``context`` says whose
        certificates are believed where one has to be proved. Without ``ask_proved`` nobody says what the DNS proves,
        and DANE is not used."""

        async def resolve(host: str) -> list[str]:
            return await find_addresses(ask, host)

        self._ask = ask
        self._ask_proved = ask_proved
        self._policies = policies
        self._hostname = hostname
        self._guard = Guard(resolve, own=inside)
        self._port = port
        self._context = context or system_trust()

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
            try:
                promise = await self._find_promise(domain, host)
                if promise is not None:  # RFC 8461 2: the word of the DNS is above that of a policy
                    return await self._open_promised(host, promise)
            except Forbidden:
                closed += 1
                continue
            except (RelayError, HouseError, OSError, NoAnswerError) as problem:
                why = _say(host, problem)
                continue
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
                why = _say(host, problem)
        if closed == len(servers):
            said = f"The servers of {domain} are not on the public internet. Letters do not go inside."
            raise UnreachedError(Reply("connect", 556, "5.4.4", said))
        raise UnreachedError(Reply("connect", 0, "4.4.1", f"No server of {domain} can be reached now. {why}"))

    async def _find_promise(self, domain: str, host: str) -> tuple[Tlsa, ...] | None:
        """What the domain promised of this server, where all that leads to it is proved (RFC 7672 2.2)."""
        if self._ask_proved is None or not (await self._ask_proved(domain, "MX"))[1]:
            return None
        return await find_promise(self._ask_proved, host, self._port)

    async def _open_promised(self, host: str, promise: tuple[Tlsa, ...]) -> Connection:
        """Under TLS, with a certificate that was promised. Raises RelayError."""
        server = Relay(host, self._port, "", "", "starttls")
        connection = await self._try(server, any_certificate())
        chain = connection.certificates()
        if not promise or fits_itself(promise, chain):
            return connection
        await connection.close()
        anchors = find_anchors(promise, chain)
        if not anchors:
            raise RelayError("its certificate is not the one that its DNS promised (DANE)")
        return await self._try(server, issued_by(anchors))

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

    async def _try(self, server: Relay, context: ssl.SSLContext | None = None) -> Connection:
        connected = await open_socket(self._guard, server.host, self._port, "smtp", CONNECT_SECONDS)
        context = context or (self._context if server.verifies else None)
        connection = Connection(server, self._hostname, connected=connected, context=context)
        await connection.open()
        return connection


def _say(host: str, problem: Exception) -> str:
    return f"{host}: {' '.join(str(problem).split())[:200] or type(problem).__name__}"

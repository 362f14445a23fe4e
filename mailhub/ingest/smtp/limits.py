"""What one listener gives away at most, and to whom the caps on peers do not apply."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes are bytes, times are seconds; the defaults follow RFC 5321 4.5.3 and Postfix."""

    max_size: int = 50 * MEBIBYTE
    """Bytes of one letter, announced by SIZE (RFC 1870)."""
    memory: int = 256 * MEBIBYTE
    """Bytes of the letters that all sessions together hold before they are durable; over it, 452."""
    connections: int = 1000
    """Open connections in all."""
    connections_per_peer: int = 50
    """Open connections of one peer: an IPv4 address or an IPv6 /64."""
    connections_per_minute: int = 300
    """New connections of one peer; a whole minute's worth may come at once."""
    letters_per_minute: int = 1000
    """MAIL commands of one peer; a whole minute's worth may come at once."""
    recipients: int = 100
    """Recipients of one letter (RFC 5321 4.5.3.1.8: at least 100); one more is told to come in another letter."""
    received_headers: int = 50
    """More Received fields than this are a loop (RFC 5321 6.3)."""
    command_line: int = 1024
    """Bytes of a command line with its CR LF (RFC 5321 4.5.3.1.4 asks for 512 and what extensions add)."""
    soft_errors: int = 10
    """From this many refused commands on, each further refusal is answered ``error_delay`` late."""
    hard_errors: int = 20
    """At this many refused commands the connection is closed."""
    error_delay: float = 1.0
    """Seconds that a refusal waits after ``soft_errors``."""
    junk_commands: int = 100
    """NOOP, RSET, VRFY, HELO and their like since the last accepted letter."""
    command_seconds: float = 300.0
    """From one whole command to the next (RFC 5321 4.5.3.2.7)."""
    block_seconds: float = 180.0
    """From one block of DATA to the next (RFC 5321 4.5.3.2.5)."""
    session_seconds: float = 3600.0
    """A connection in all, whatever it does."""
    data_rate: int = 500
    """Bytes a second that DATA must keep on average, once ``data_grace`` is over."""
    data_grace: float = 30.0
    """Seconds of DATA before its rate is looked at."""
    handshake_seconds: float = 30.0
    """For the TLS handshake."""
    drain_seconds: float = 10.0
    """For letters under way when the listener stops."""
    trusted: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    """Networks whose peers are free of the caps on connections and rates (not of the total of connections)."""

    def shortest(self) -> float:
        """The shortest time that has to be watched, in seconds."""
        return min(self.command_seconds, self.block_seconds, self.session_seconds, self.data_grace)

"""Who really wrote a letter, as far as anybody can say: the verdicts of SPF, DKIM, DMARC and ARC."""

from __future__ import annotations

from dataclasses import dataclass

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What was found out about the sender of one letter.

    The four results are words of RFC 8601 (``pass``, ``fail``, ``softfail``, ``neutral``, ``none``, ``policy``,
    ``temperror``, ``permerror``) or ``unknown`` where nobody could say in time. ``domain`` is the domain that was
    proved to stand behind the letter and fits its From (RFC 7489 §3.1), '' when none was. ``source`` is the
    authserv-id that was believed, or ``here``. ``offered`` is one that the server of an account seems to sign with and
    that nobody told us to believe.
    """

    spf: str = UNKNOWN
    dkim: str = UNKNOWN
    dmarc: str = UNKNOWN
    arc: str = UNKNOWN
    domain: str = ""
    source: str = "here"
    offered: str = ""

    @property
    def denied(self) -> bool:
        """The domain in From says that this letter is not its own: it joins nothing and is nobody's silently."""
        return self.dmarc == "fail"

    @property
    def proved(self) -> bool:
        """The domain in From stands behind this letter."""
        return bool(self.domain) and not self.denied

    @property
    def doubtful(self) -> bool:
        """The letter is denied, or what should prove its sender failed and nothing else proves it."""
        return self.denied or (not self.domain and self.dmarc != "pass" and "fail" in (self.spf, self.dkim))

"""DANE (RFC 7672): a domain whose DNS is signed says there which certificates its servers have.

It is used where a resolver that is believed says that its answers were proved (``mx.Names.ask_proved``): for the
servers of the domain, their addresses and these records alike. Then letters leave under TLS with a certificate of that
kind, or wait; nobody on the way can take the promise back.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailhub.outbound.mx import AskProved

TRUST_ANCHOR, DOMAIN_ISSUED = 2, 3
_DIGESTS = {1: ("sha256", 32), 2: ("sha512", 64)}


@dataclass(frozen=True, slots=True)
class Tlsa:
    """A record (RFC 6698 2.1): the certificate of the server itself (``DOMAIN_ISSUED``) or of whoever issued it
    (``TRUST_ANCHOR``); ``of_key``: of its key alone; ``digest`` names the hash, '' for the thing as it is."""

    usage: int
    of_key: bool
    digest: str
    data: bytes

    def fits(self, certificate: bytes) -> bool:
        """Is it of this certificate (DER)?"""
        said = _key_of(certificate) if self.of_key else certificate
        return self.data == (hashlib.new(self.digest, said).digest() if self.digest else said)


def parse_tlsa(text: str) -> Tlsa | None:
    """A record from its text, ``3 1 1 d2ab…``; None for what is of no use to mail: other usages (RFC 7672 3.1.3), and
    what nobody knows how to compare."""
    words = text.split()
    try:
        usage, selector, matching = (int(one) for one in words[:3])
        data = bytes.fromhex("".join(words[3:]))
    except ValueError:
        return None
    digest, size = _DIGESTS.get(matching, ("", len(data)))
    known = usage in {TRUST_ANCHOR, DOMAIN_ISSUED} and selector in {0, 1} and matching in {0, 1, 2}
    return Tlsa(usage, selector == 1, digest, data) if known and data and len(data) == size else None


async def find_promise(ask: AskProved, host: str, port: int) -> tuple[Tlsa, ...] | None:
    """What the server's certificate has to be, where that is proved: one of these; any where there are none of use
    (RFC 7672 2.2). None where nothing is promised. Raises NoAnswerError: then no letter goes there."""
    if not await _is_proved(ask, host):
        return None
    found, proved = await ask(f"_{port}._tcp.{host}", "TLSA")
    if not found or not proved:
        return None
    return tuple(one for one in map(parse_tlsa, found) if one is not None)


async def _is_proved(ask: AskProved, host: str) -> bool:
    """Are the addresses of the host? Where they are not, it is not asked for more: servers of names that are not signed
    often fail at that (RFC 7672 2.2.2)."""
    answers = [await ask(host, "A"), await ask(host, "AAAA")]
    return any(found for found, _ in answers) and all(proved for _, proved in answers)


def fits_itself(promise: Iterable[Tlsa], chain: Sequence[bytes]) -> bool:
    """Is the server's own certificate one that was promised? Its names and its dates say nothing then
    (RFC 7672 3.1.1)."""
    return bool(chain) and any(one.usage == DOMAIN_ISSUED and one.fits(chain[0]) for one in promise)


def find_anchors(promise: Iterable[Tlsa], chain: Sequence[bytes]) -> list[bytes]:
    """The issuers that were promised, out of what the server showed or as the record has them whole
    (RFC 7672 3.1.2)."""
    issuers = [one for one in promise if one.usage == TRUST_ANCHOR]
    shown = [certificate for certificate in chain if any(one.fits(certificate) for one in issuers)]
    return shown or [one.data for one in issuers if not one.digest and not one.of_key]


def any_certificate() -> ssl.SSLContext:
    """TLS without a question: what the server showed is looked at afterwards."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def issued_by(anchors: Sequence[bytes]) -> ssl.SSLContext:
    """TLS with a server that has its name from one of these issuers, whoever issued those. Raises ssl.SSLError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for one in anchors:
        context.load_verify_locations(cadata=one)
    return context


def _key_of(certificate: bytes) -> bytes:
    key = x509.load_der_x509_certificate(certificate).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

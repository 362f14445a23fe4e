"""The keys of signers: read from their DNS records and tried. RFC 6376 §3.6.1, §6.1.2, RFC 8301, RFC 8463."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mailhub.letters.proof import Signature
from mailhub.letters.proof.tags import find_bytes, parse_tags

WEAKEST_BITS, STRONGEST_BITS = 1024, 4096
LARGEST_EXPONENT = 1 << 32
LONGEST_RECORD = 4096
LATE_SECONDS = 3600


def judge(signature: Signature, records: tuple[bytes, ...], now: int) -> str:
    """Whether a signature holds with what stands at its ``key_name``: a word of RFC 8601. ``now`` is in seconds.

    A weak key proves nothing (``policy``); one of a size that only costs time is not tried.
    """
    if signature.verdict:
        return signature.verdict
    if signature.expires is not None and signature.expires < now:
        return "neutral"
    if signature.begins is not None and signature.begins > now + LATE_SECONDS:
        return "neutral"
    tags = _find_key(records)
    if tags is None:
        return "permerror"
    algorithm, _, digest = signature.algorithm.partition("-")
    if tags.get("k", "rsa") != algorithm or digest not in tags.get("h", digest).replace(" ", "").split(":"):
        return "permerror"
    if not {"*", "email"} & {service.strip() for service in tags.get("s", "*").split(":")}:
        return "permerror"
    key = find_bytes(tags, "p")
    if key is None:
        return "permerror"  # revoked, or no key at all
    try:
        return _fits_ed25519(key, signature) if algorithm == "ed25519" else _fits_rsa(key, signature)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "permerror"
    except InvalidSignature:
        return "fail"


def _find_key(records: tuple[bytes, ...]) -> dict[str, str] | None:
    """The first record that is a key."""
    for record in records:
        if len(record) <= LONGEST_RECORD:
            tags = parse_tags(record.decode("latin-1"))
            if tags is not None and "p" in tags and tags.get("v", "DKIM1") == "DKIM1":
                return tags
    return None


def _fits_rsa(der: bytes, signature: Signature) -> str:
    key = load_der_public_key(der)
    if not isinstance(key, RSAPublicKey):
        return "permerror"
    if not WEAKEST_BITS <= key.key_size <= STRONGEST_BITS or key.public_numbers().e > LARGEST_EXPONENT:
        return "policy"
    key.verify(signature.signature, signature.digest, PKCS1v15(), Prehashed(SHA256()))
    return "pass"


def _fits_ed25519(raw: bytes, signature: Signature) -> str:
    Ed25519PublicKey.from_public_bytes(raw).verify(signature.signature, signature.digest)
    return "pass"

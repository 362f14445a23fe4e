"""A certificate made by ourselves, for STARTTLS where nobody gave a better one (opportunistic TLS, RFC 7435)."""

from __future__ import annotations

import datetime as dt
import os
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.clock import now, to_datetime

_LIFE = dt.timedelta(days=398)
_RENEW = dt.timedelta(days=30)


def self_signed(hostname: str, directory: Path) -> tuple[Path, Path]:
    """Paths of a certificate for ``hostname`` and its key in ``directory``, both PEM, readable by the owner only.

    A pair that is there is used again while it is for this host and has 30 days left; otherwise a new one takes its
    place. Each file is replaced whole, so that no reader ever sees half of one.
    """
    certificate_path, key_path = directory / "smtp-cert.pem", directory / "smtp-key.pem"
    if not _usable(certificate_path, key_path, hostname):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        # The key first: a crash in between leaves a pair that does not match, which is made anew.
        _replace(
            key_path,
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )
        _replace(certificate_path, _certificate(hostname, key).public_bytes(serialization.Encoding.PEM))
    return certificate_path, key_path


def server_context(certificate_path: Path, key_path: Path) -> ssl.SSLContext:
    """What ``Listener`` wants as ``tls``: TLS 1.2 and later. Raises ``OSError`` when the pair does not fit."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate_path, key_path)
    return context


def _certificate(hostname: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname[:64])])
    begin = to_datetime(now())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin - dt.timedelta(days=1))
        .not_valid_after(begin + _LIFE)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(hostname)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


def _usable(certificate_path: Path, key_path: Path, hostname: str) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (FileNotFoundError, ValueError, x509.ExtensionNotFound):
        return False
    return (
        certificate.public_key() == key.public_key()
        and hostname in names.get_values_for_type(x509.DNSName)
        and certificate.not_valid_after_utc > to_datetime(now()) + _RENEW
    )


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)

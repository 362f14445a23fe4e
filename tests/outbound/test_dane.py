"""DANE: what a signed DNS says of the certificate of a server holds, and where it does not hold the letter waits."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from mailhub.outbound.dane import Tlsa, find_promise, parse_tlsa
from mailhub.outbound.mx import Names, NoAnswerError
from tests.outbound.conftest import Office
from tests.outbound.direct_house import Zone, choose, rows, sending, states, write
from tests.outbound.test_direct import POLICY
from tests.support.engines import only
from tests.support.house import eventually
from tests.support.sink import Script, Sink
from tests.verdicts.test_resolver import Server

WRONG = "00" * 32
BORN = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


class Issuer:
    """Whoever gives certificates to servers."""

    def __init__(self) -> None:
        self.key = generate_private_key(SECP256R1())
        self.paper = self._sign("The issuer", self.key, self.key, issues=True)

    def give(self, host: str, folder: Path) -> Script:
        """A server that shows its certificate and ours."""
        key = generate_private_key(SECP256R1())
        chain = [self._sign(host, key, self.key), self.paper]
        path = folder / f"{host}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(private + b"".join(one.public_bytes(Encoding.PEM) for one in chain))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(path)
        return Script(tls=context)

    def _sign(
        self, name: str, key: EllipticCurvePrivateKey, by: EllipticCurvePrivateKey, *, issues: bool = False
    ) -> x509.Certificate:
        names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, "The issuer")]
        made = x509.CertificateBuilder().subject_name(names[0]).issuer_name(names[1]).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number()).not_valid_before(BORN)
        made = made.not_valid_after(BORN + dt.timedelta(days=20_000))
        made = made.add_extension(x509.BasicConstraints(ca=issues, path_length=None), critical=True)
        if not issues:
            made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        return made.sign(by, SHA256())


def _of_key(paper: x509.Certificate) -> str:
    spki = paper.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()


@only("sqlite")
def test_what_the_dns_promises_of_a_certificate_holds(office: Office, tmp_path: Path) -> None:
    choose(office, "direct")
    issuer = Issuer()
    script = issuer.give("mx.issued.example", tmp_path)
    own = x509.load_pem_x509_certificate((tmp_path / "mx.issued.example.pem").read_bytes())
    key, whole = _of_key(own), own.public_bytes(Encoding.DER)
    anchor = _of_key(issuer.paper)
    cases: dict[str, tuple[list[str], str]] = {
        "key.example": ([f"3 1 1 {key}"], "sent"),
        "whole.example": ([f"3 0 2 {hashlib.sha512(whole).hexdigest()}"], "sent"),
        "plain.example": ([f"3 0 0 {whole.hex()}"], "sent"),
        "turn.example": ([f"3 1 1 {WRONG}", f"3 1 1 {key}"], "sent"),
        "wrong.example": ([f"3 1 1 {WRONG}"], "deferred"),
        "issued.example": ([f"2 1 1 {anchor}"], "sent"),
        "given.example": ([f"2 0 0 {issuer.paper.public_bytes(Encoding.DER).hex()}"], "deferred"),  # of another name
        "other.example": ([f"2 1 1 {WRONG}"], "deferred"),
        "useless.example": ([f"1 1 1 {WRONG}"], "sent"),
        "open.example": ([f"3 1 1 {WRONG}"], "sent"),
        "away.example": ([f"3 1 1 {key}"], "deferred"),
        "above.example": ([f"3 1 1 {key}"], "sent"),
    }
    with Sink(script) as sink:
        zone = Zone()
        for domain, (records, _) in cases.items():
            host, tlsa = f"mx.{domain}", f"_{sink.port}._tcp.mx.{domain}"
            zone.add(domain, "MX", f"10 {host}").add(host, "A", "127.0.0.1").add(tlsa, "TLSA", *records)
            zone.proved |= {domain, host, tlsa}
        zone.proved.discard(f"_{sink.port}._tcp.mx.open.example")  # nobody proved it: whoever is on the way may say it
        zone.silent.add(f"_{sink.port}._tcp.mx.away.example")
        zone.add("_mta-sts.above.example", "TXT", "v=STSv1; id=1")
        zone.pages["above.example"] = POLICY % (b"enforce", b"mx.elsewhere.example")
        write(office, *(f"anna@{domain}" for domain in cases))
        with sending(office, zone, tmp_path, port=sink.port):
            eventually(lambda: not {"queued", "sending"} & set(states(office).values()))
    assert states(office) == {f"anna@{domain}": state for domain, (_, state) in cases.items()}
    assert "DANE" in rows(office)["anna@wrong.example"].reply_text


@only("sqlite")
def test_under_a_promise_of_the_dns_nothing_goes_open(office: Office, tmp_path: Path) -> None:
    choose(office, "direct")
    write(office, "anna@client.example", "anna@useless.example")
    with Sink() as sink:
        zone = Zone()
        for domain, said in (("client.example", f"3 1 1 {WRONG}"), ("useless.example", f"0 0 1 {WRONG}")):
            zone.add(domain, "MX", f"10 mx.{domain}").add(f"mx.{domain}", "A", "127.0.0.1")
            zone.add(f"_{sink.port}._tcp.mx.{domain}", "TLSA", said)
            zone.proved |= {domain, f"mx.{domain}", f"_{sink.port}._tcp.mx.{domain}"}
        with sending(office, zone, tmp_path, port=sink.port):
            eventually(lambda: set(states(office).values()) == {"deferred"})
    assert not any(line.startswith("MAIL") for line in sink.said)


def test_it_is_asked_for_only_where_all_that_leads_there_is_proved() -> None:
    zone = Zone().add("mx.a.example", "A", "192.0.2.1").add("_25._tcp.mx.a.example", "TLSA", f"3 1 1 {WRONG}")
    zone.proved = {"mx.a.example", "_25._tcp.mx.a.example"}

    def ask() -> Sequence[Tlsa] | None:
        return asyncio.run(find_promise(zone.ask_proved, "mx.a.example", 25))

    assert ask() == (Tlsa(3, True, "sha256", bytes(32)),)
    zone.proved.discard("mx.a.example")
    zone.asked.clear()
    assert ask() is None
    assert all(kind != "TLSA" for _, kind in zone.asked)
    zone.proved = {"mx.a.example"}
    assert ask() is None
    zone.silent.add("_25._tcp.mx.a.example")
    with pytest.raises(NoAnswerError):
        ask()


@pytest.mark.parametrize(
    "text",
    [
        f"0 0 1 {WRONG}",
        f"1 1 1 {WRONG}",
        f"3 2 1 {WRONG}",
        f"3 1 3 {WRONG}",
        f"3 1 2 {WRONG}",
        "3 1 1",
        "3 1",
        "x y z",
        "3 1 1 zz",
    ],
)
def test_records_of_no_use_to_mail(text: str) -> None:
    assert parse_tlsa(text) is None


def test_only_a_resolver_that_is_trusted_proves() -> None:
    async def live() -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
        try:
            here = Names(["127.0.0.1"], port=port, seconds=1.0)
            assert here.trust == "unknown"
            assert await here.ask_proved("client.example", "A") == (["192.0.2.1"], True)
            assert await here.ask_proved("nobody.example", "TLSA") == ([], True)
            assert await here.ask_proved("long.example", "A") == (["192.0.2.3"], False)
            assert here.trust == "validating"
            plain = Names(["127.0.0.1"], port=port, seconds=1.0)
            assert await plain.ask_proved("long.example", "A") == (["192.0.2.3"], False)
            assert plain.trust == "not validating"
            far = Names(["192.0.2.53"], port=port, seconds=0.01)
            with pytest.raises(NoAnswerError):
                await far.ask_proved("client.example", "A")
            assert far.trust == "none"
            named = Names(["192.0.2.53"], validating=["127.0.0.1"], port=port, seconds=1.0)
            assert await named.ask_proved("client.example", "A") == (["192.0.2.1"], True)
        finally:
            transport.close()

    asyncio.run(live())

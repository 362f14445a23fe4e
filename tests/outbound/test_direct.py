"""Letters that go straight to the servers of a domain: where the DNS says, under TLS where it is offered or promised,
never inside, and never for a domain that says that it takes none."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from mailhub.ingest.smtp import self_signed
from mailhub.outbound import lane_troubles
from tests.outbound.conftest import Office
from tests.outbound.direct_house import Zone, choose, rows, sending, states, write
from tests.support.engines import only
from tests.support.house import eventually
from tests.support.sink import Script, Sink

POLICY = b"version: STSv1\r\nmode: %s\r\nmx: %s\r\nmax_age: 86400\r\n"


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed("mx.client.example", tmp_path_factory.mktemp("paper"))


def secured(paper: tuple[Path, Path]) -> Script:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*paper)
    return Script(tls=context)


def one_server() -> Zone:
    return Zone().add("client.example", "MX", "10 mx.client.example").add("mx.client.example", "A", "127.0.0.1")


def test_the_best_server_that_answers_takes_it(office: Office, tmp_path: Path) -> None:
    choose(office, "direct")
    write(office, "anna@client.example", "boris@client.example")
    with Sink() as sink, Sink(host="127.0.0.3") as worst:
        zone = Zone().add("client.example", "MX", "30 worst.client.example", "10 dead.client.example", "20 mx.example")
        zone.add("dead.client.example", "A", "127.0.0.9").add("mx.example", "A", "127.0.0.1")
        zone.add("worst.client.example", "A", "127.0.0.3")
        with sending(office, zone, tmp_path, port=sink.port):
            eventually(lambda: set(states(office).values()) == {"sent"})
    assert sorted(one.recipient for one in sink.taken) == ["anna@client.example", "boris@client.example"]
    assert worst.said == []
    assert {row.server for row in rows(office).values()} == {"client.example"}
    assert "EHLO mail.firm.example" in sink.said


@only("sqlite")
def test_without_an_mx_the_domain_itself_takes_it(office: Office, tmp_path: Path) -> None:
    choose(office, "direct")
    write(office, "anna@client.example")
    with (
        Sink() as sink,
        sending(office, Zone().add("client.example", "A", "127.0.0.1"), tmp_path, port=sink.port),
    ):
        eventually(lambda: states(office) == {"anna@client.example": "sent"})
    assert len(sink.taken) == 1


NOWHERE = {
    "null.example": ({("MX", "null.example"): ["0 ."]}, "5.1.10", "null.example takes no letters"),
    "none.example": ({}, "5.1.2", "no server that takes letters for none.example"),
    "number.example": ({("MX", "number.example"): ["10 127.0.0.1"]}, "5.4.4", "no server that takes letters"),
    "ours.example": ({("MX", "ours.example"): ["10 mail.firm.example", "20 x.example"]}, "5.4.6", "this server itself"),
    "inside.example": (
        {("MX", "inside.example"): ["10 in.example"], ("A", "in.example"): ["10.0.0.5"]},
        "5.4.4",
        "not on the public internet",
    ),
    "here.example": ({("A", "here.example"): ["127.0.0.1"]}, "5.4.4", "not on the public internet"),
    "six.example": ({("MX", "six.example"): ["10 m.example"], ("AAAA", "m.example"): ["::1"]}, "5.4.4", "public"),
    "[127.0.0.1]": ({}, "5.1.2", "is no domain"),
}


@only("sqlite")
def test_who_takes_no_letters_is_not_tried(office: Office, tmp_path: Path) -> None:
    choose(office, "direct")
    write(office, *(f"anna@{domain}" for domain in NOWHERE))
    zone = Zone({key: said for records, _, _ in NOWHERE.values() for key, said in records.items()})
    with Sink() as sink, sending(office, zone, tmp_path, port=sink.port, inside=()):
        eventually(lambda: set(states(office).values()) == {"failed"})
    for recipient, row in rows(office).items():
        _, status, words = NOWHERE[recipient.partition("@")[2]]
        assert (row.reply_code, row.reply_status) == (556, status), recipient
        assert words in row.reply_text
    assert sink.said == []


@only("sqlite")
def test_a_silent_dns_and_a_dead_server_put_it_off(office: Office, tmp_path: Path) -> None:
    choose(office, "direct")
    write(office, "anna@client.example", "ben@other.example")
    zone = one_server()
    zone.add("other.example", "A", "127.0.0.9").silent.add("client.example")
    with sending(office, zone, tmp_path, port=1):
        eventually(lambda: set(states(office).values()) == {"deferred"})
    assert "does not answer" in rows(office)["anna@client.example"].reply_text
    assert "No server of other.example can be reached" in rows(office)["ben@other.example"].reply_text
    troubles = office.world.database.read_now(lane_troubles.list_lane_troubles)
    assert {one.lane for one in troubles} == {"domain client.example", "domain other.example"}


@only("sqlite")
def test_a_domain_that_rests_costs_no_connection(office: Office, tmp_path: Path) -> None:
    choose(office, "direct")
    database = office.world.database
    with Sink() as sink:
        said = {"why": "No server of client.example can be reached now."}
        database.write_now(lane_troubles.record_lane_trouble, "domain client.example", "%(why)s", said)
        write(office, "anna@client.example")
        with sending(office, one_server(), tmp_path, port=sink.port):
            eventually(lambda: states(office) == {"anna@client.example": "deferred"})
            assert sink.said == []
            database.write_now(lambda tx: tx.sql("UPDATE lane_trouble SET next_at = 0"))
            database.write_now(lambda tx: tx.sql("UPDATE delivery SET next_at = 0"))
            write(office, "boris@client.example")
            eventually(lambda: set(states(office).values()) == {"sent"})
    assert database.read_now(lane_troubles.list_lane_troubles) == []


@only("sqlite")
def test_tls_is_taken_where_it_is_offered(office: Office, tmp_path: Path, paper: tuple[Path, Path]) -> None:
    choose(office, "direct")
    write(office, "anna@client.example")
    with Sink(secured(paper)) as sink, sending(office, one_server(), tmp_path, port=sink.port):
        eventually(lambda: states(office) == {"anna@client.example": "sent"})
    assert "STARTTLS" in sink.said


@only("sqlite")
def test_tls_that_does_not_work_goes_open(office: Office, tmp_path: Path, paper: tuple[Path, Path]) -> None:
    choose(office, "direct")
    write(office, "anna@client.example")
    broken = secured(paper)
    assert broken.tls is not None
    broken.tls.minimum_version = ssl.TLSVersion.TLSv1_3
    broken.tls.set_ciphers("ALL")
    broken.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # without any certificate no handshake ends well
    with Sink(broken) as sink, sending(office, one_server(), tmp_path, port=sink.port):
        eventually(lambda: states(office) == {"anna@client.example": "sent"})
    assert len(sink.taken) == 1


@only("sqlite")
def test_what_a_domain_promised_holds(office: Office, tmp_path: Path, paper: tuple[Path, Path]) -> None:
    choose(office, "direct")
    cases = {
        "a.example": (b"enforce", b"mx.client.example", "sent"),
        "b.example": (b"enforce", b"*.client.example", "sent"),
        "c.example": (b"enforce", b"mx.c.example", "deferred"),
        "d.example": (b"enforce", b"mx.d.example", "deferred"),  # its certificate is of another name
        "e.example": (b"testing", b"mx.e.example", "sent"),
        "f.example": (b"none", b"mx.f.example", "sent"),
    }
    zone = Zone().add("mx.client.example", "A", "127.0.0.1").add("mx.d.example", "A", "127.0.0.1")
    for domain, (mode, named, _) in cases.items():
        zone.add(domain, "MX", "10 mx.d.example" if domain == "d.example" else "10 mx.client.example")
        zone.add(f"_mta-sts.{domain}", "TXT", "v=STSv1; id=20261122;")
        zone.pages[domain] = POLICY % (mode, named)
    write(office, *(f"anna@{domain}" for domain in cases))
    context = ssl.create_default_context(cafile=str(paper[0]))
    with Sink(secured(paper)) as sink, sending(office, zone, tmp_path, port=sink.port, context=context):
        eventually(lambda: not {"queued", "sending"} & set(states(office).values()))
    assert states(office) == {f"anna@{domain}": state for domain, (_, _, state) in cases.items()}
    assert sorted(zone.fetched) == [f"https://mta-sts.{domain}/.well-known/mta-sts.txt" for domain in cases]


@only("sqlite")
def test_under_a_promise_nothing_goes_open(office: Office, tmp_path: Path) -> None:
    choose(office, "direct")
    write(office, "anna@client.example")
    zone = one_server().add("_mta-sts.client.example", "TXT", "v=STSv1; id=1")
    zone.pages["client.example"] = POLICY % (b"enforce", b"mx.client.example")
    with Sink() as sink, sending(office, zone, tmp_path, port=sink.port):
        eventually(lambda: states(office) == {"anna@client.example": "deferred"})
    assert sink.taken == []
    assert not any(line.startswith("MAIL") for line in sink.said)

"""The guarded way out: 65 hostile and honest places, canaries that nobody reaches, and answers that are cut off."""

import asyncio
import gzip
import json
import ssl
import time
import tracemalloc
from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Forbidden, HouseError, Invalid, TooMuch, Unavailable
from core.fetch import PORTS, Fetched, Fetcher, Guard, resolve_by_system
from core.fetch.client import parse_url
from core.fetch.guard import is_public, parse_host

CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "attacks" / "ssrf.json"
HONEST = ("192.0.2.0/24", "2001:db8::/32")  # stand for the open internet
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi"


class Resolver:
    """Answers from a table, the n-th question with the n-th answer."""

    def __init__(self, answers):
        self.answers, self.asked = answers, Counter()

    async def __call__(self, host):
        rows = self.answers.get(host) or self.answers.get(host + ".") or [[]]
        self.asked[host] += 1
        return rows[min(self.asked[host], len(rows)) - 1]


class Recorder(httpcore.AsyncNetworkBackend):
    """Writes down where somebody wants to connect to and answers in the place of whoever lives there."""

    def __init__(self, answers):
        self.answers, self.reached = list(answers), []

    async def connect_tcp(self, host, port, *_rest):
        self.reached.append((host, port))
        return httpcore.AsyncMockStream([self.answers.pop(0) if self.answers else PAGE])


def get(fetcher, url, accept=("",), max_size=1000, deadline=5.0):
    async def run():
        try:
            return await fetcher.fetch(url, accept=accept, max_size=max_size, deadline=deadline)
        finally:
            await fetcher.close()

    return asyncio.run(run())


def moved(location, status=302):
    return f"HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def attempt(case):
    """What happened to one case of the table: the error or None, and the addresses connected to."""
    guard = Guard(Resolver(case.get("dns", {})), HONEST)
    if case["for"] in {"imap", "smtp"}:
        host, _, port = case["url"].rpartition(":")
        try:
            addresses = asyncio.run(guard.check_host(host, int(port), case["for"]))
        except HouseError as error:
            return error, []
        return None, [(addresses[0], int(port))]
    target = next(iter(case.get("redirects", {}).values()), None)
    network = Recorder([] if target is None else [moved(target)] * 20)
    try:
        get(Fetcher(guard, network), case["url"])
    except HouseError as error:
        return error, network.reached
    return None, network.reached


def test_the_table_of_places():
    if not CORPUS.exists():
        pytest.skip("not run: the shared corpora are not here")
    classes, wrong = Counter(), []
    for case in json.loads(CORPUS.read_text(encoding="utf-8"))["cases"]:
        classes[case["class"]] += 1
        error, reached = attempt(case)
        spelt = [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in reached]
        verdict, place = case["expect"]["verdict"], case["expect"].get("connect_to")
        if verdict == "allowed":
            fine = error is None and spelt == [place]
        elif verdict == "either":
            fine = all(one == place for one in spelt) and not any(case["expect"]["never"] in one for one in spelt)
        else:
            fine = error is not None and (len(reached) <= 5 if "redirects" in case else not reached)
            fine = fine and all(host.startswith("192.0.2.") for host, _ in reached)
        if not fine:
            wrong.append((case["id"], case["url"], repr(error), spelt))
    print(dict(classes))
    assert not wrong


CLOSED = """0.1.2.3 10.255.0.1 100.127.255.255 127.0.0.1 168.63.129.16 169.254.169.254 172.31.0.1 192.0.0.192 192.0.2.1
192.88.99.1 192.168.255.255 198.19.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 :: ::1
::ffff:8.8.8.8 ::127.0.0.1 64:ff9b::808:808 64:ff9b:1::1 100::1 2001::1 2001:0:53aa:64c:: 2001:db8::1 2002:7f00:1::
3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1 4000::1"""
OPEN = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.1.1.1 128.0.0.1 172.15.0.1 172.32.0.1 \
192.169.0.1 198.17.255.255 198.20.0.1 223.255.255.255 2606:4700::1111 2a00:1450::1 2001:4860::8888 2003::1"


def test_which_addresses_are_public():
    assert [one for one in CLOSED.split() if is_public(ip_address(one))] == []
    assert [one for one in OPEN.split() if not is_public(ip_address(one))] == []


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_nothing_is_public_here_that_python_knows_to_be_private(address):
    if is_public(address):
        assert address.is_global
        assert not address.is_multicast


@pytest.mark.parametrize(
    "spelling",
    ["127.1", "0", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "1.2.3.4.5", "a.0x", "256.1.1.1", "1.2.3.0x4",
     "", ".", "a..b", "-", "fe80::1%eth0", "[::1", "::g", "a b", "x" * 300, "a/b", "a@b", "a#b", "\ud800"],
)  # fmt: skip
def test_other_spellings_of_hosts_are_refused(spelling):
    with pytest.raises(Invalid):
        parse_host(spelling)


def test_hosts_have_one_spelling():
    assert parse_host("Mail.Firm.Example.") == "mail.firm.example"
    assert parse_host("фірма.example") == "xn--80axlp4g.example"
    assert parse_host("①②⑦.⓪.⓪.①") == ip_address("127.0.0.1")
    assert parse_host("[2001:DB8::8]") == parse_host("2001:db8::8") == ip_address("2001:db8::8")


@given(st.text(max_size=60), st.sampled_from(["", "http://", "https://", "https://a.example", "http://[", "//"]))
def test_any_text_is_an_address_or_refused(text, beginning):
    try:
        target = parse_url(beginning + text)
    except Invalid:
        return
    assert target.scheme in {"http", "https"}
    assert f"{target.host}{target.path}".isascii()
    assert not any(sign in target.host + target.path for sign in " \r\n\t\\\0")


def test_all_addresses_of_a_name_are_tried_in_turn():
    class HalfDead(Recorder):
        async def connect_tcp(self, host, port, *_rest):
            stream = await super().connect_tcp(host, port)
            if host == "192.0.2.1":
                raise httpcore.ConnectError("dead")
            return stream

    network = HalfDead([b"", PAGE])
    resolver = Resolver({"two.example": [["192.0.2.1", "192.0.2.2"]]})
    assert get(Fetcher(Guard(resolver, HONEST), network), "https://two.example/").body == b"hi"
    assert network.reached == [("192.0.2.1", 443), ("192.0.2.2", 443)]
    assert resolver.asked["two.example"] == 1


def test_a_redirect_to_an_honest_place_is_followed_and_the_name_checked_again():
    resolver = Resolver({"a.example": [["192.0.2.1"]], "b.example": [["192.0.2.2"]]})
    network = Recorder([moved("/next?q=ї"), moved("https://b.example/x", 308), PAGE])
    fetched = get(Fetcher(Guard(resolver, HONEST), network), "http://a.example/")
    assert fetched.final_url == "https://b.example/x"
    assert network.reached == [("192.0.2.1", 80), ("192.0.2.1", 80), ("192.0.2.2", 443)]
    assert resolver.asked == {"a.example": 2, "b.example": 1}


@pytest.mark.parametrize(
    "location", ["http://a.example/", "ftp://a.example/", "https://u:p@a.example/", "http://[", "https://a.example:22/"]
)
def test_a_redirect_is_not_followed_to(location):
    network = Recorder([moved(location)] * 9)
    with pytest.raises((Forbidden, Invalid)):
        get(Fetcher(Guard(Resolver({"a.example": [["192.0.2.1"]]}), HONEST), network), "https://a.example/")
    assert len(network.reached) == 1


# Below, a real server on loopback that the guard lets through.


def certificate(folder):
    """A key and a certificate for localhost that nobody vouches for, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    path = folder / "both.pem"
    pem = serialization.Encoding.PEM
    bare = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(bare + built.sign(key, hashes.SHA256()).public_bytes(pem))
    return path


@asynccontextmanager
async def server(answer, tls=None):
    """Answers every connection with ``answer`` (bytes, or an async function of the writer); counts connections."""
    seen = []

    async def talk(reader, writer):
        seen.append(b"")
        try:
            seen[-1] = await reader.readuntil(b"\r\n\r\n")
            if isinstance(answer, bytes):
                writer.write(answer)
            else:
                await answer(writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    async with listening:
        yield listening.sockets[0].getsockname()[1], seen


def ask(answer, *, allowed=("127.0.0.0/8",), accept=("text/",), max_size=10_000, deadline=5.0, path="/"):
    """What comes of asking a real server, and the requests that it saw."""

    async def run():
        async with server(answer) as (port, seen):
            fetcher = Fetcher(Guard(resolve_by_system, allowed, {"web": frozenset({port})}))
            url = f"http://127.0.0.1:{port}{path}"
            try:
                return await fetcher.fetch(url, accept=accept, max_size=max_size, deadline=deadline), seen
            except HouseError as error:
                return error, seen
            finally:
                await fetcher.close()

    return asyncio.run(run())


def page(body, *headers):
    return "\r\n".join(["HTTP/1.1 200 OK", *headers, f"Content-Length: {len(body)}", "", ""]).encode() + body


LOOPBACK = ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "127.1", "0", "2130706433", "①②⑦.0.0.1", "LOCALHOST."]


def test_a_canary_on_loopback_is_never_reached():
    async def run():
        reached, errors = [], []
        async with server(PAGE) as (port, seen):
            for host in LOOPBACK:
                fetcher = Fetcher(Guard(ports={"web": PORTS["web"] | {port}}))
                with pytest.raises(HouseError) as caught:
                    await fetcher.fetch(f"http://{host}:{port}/", accept=("",), max_size=10, deadline=3)
                errors.append(caught.type)
                await fetcher.close()
            await asyncio.sleep(0.05)
            reached += seen
        return reached, errors

    reached, errors = asyncio.run(run())
    assert reached == []
    assert set(errors) <= {Forbidden, Invalid}


@pytest.mark.parametrize(("host", "trusted", "is_answered"), [
    ("localhost", True, True), ("127.0.0.1", True, False), ("localhost", False, False),
])  # fmt: skip
def test_tls_vouches_for_the_name_that_was_asked_for(tmp_path, monkeypatch, host, trusted, is_answered):
    pem = certificate(tmp_path)
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(pem)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))

    async def run():
        async with server(PAGE, ours) as (port, seen):
            fetcher = Fetcher(Guard(allowed=("127.0.0.0/8", "::1/128"), ports={"web": frozenset({port})}))
            try:
                return await fetcher.fetch(f"https://{host}:{port}/", accept=("",), max_size=10, deadline=5), seen
            except Unavailable as error:
                return error, seen
            finally:
                await fetcher.close()

    answer, seen = asyncio.run(run())
    assert isinstance(answer, Fetched) == is_answered
    assert any(seen) == is_answered


def test_the_request_tells_nothing_of_us():
    fetched, seen = ask(page(b"hello", "Content-Type: Text/Plain; charset=utf-8", "Set-Cookie: a=b"), path="/ї?x=1")
    assert (fetched.content_type, fetched.body) == ("text/plain", b"hello")
    assert seen[0].startswith(b"GET /%D1%97?x=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    names = {line.split(b":")[0].lower() for line in seen[0].splitlines()[1:] if line}
    assert names == {b"host", b"accept", b"accept-encoding", b"user-agent"}


def test_no_proxy_is_taken_from_the_environment(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert ask(page(b"hello", "Content-Type: text/plain"))[0].body == b"hello"


def test_sizes_hold():
    exact = ask(page(b"x" * 10_000, "Content-Type: text/plain"))[0]
    assert len(exact.body) == 10_000
    assert isinstance(ask(page(b"x" * 10_001, "Content-Type: text/plain"))[0], TooMuch)


def test_a_packed_answer_is_unpacked_and_a_bomb_is_not():
    packed = ("Content-Type: text/plain", "Content-Encoding: gzip")
    assert ask(page(gzip.compress(b"y" * 10_000), *packed))[0].body == b"y" * 10_000
    bomb = page(gzip.compress(b"\0" * 50_000_000), *packed)
    tracemalloc.start()
    assert isinstance(ask(bomb, max_size=100_000)[0], TooMuch)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000
    assert isinstance(ask(page(gzip.compress(b"y" * 100)[:-4], *packed))[0], Invalid)
    assert isinstance(ask(page(b"not packed at all", *packed))[0], Invalid)
    assert isinstance(ask(page(b"x", "Content-Type: text/plain", "Content-Encoding: br"))[0], Invalid)


def test_an_endless_answer_ends():
    async def endless(writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            writer.write(b"x" * 1000)
            await writer.drain()

    assert isinstance(ask(endless)[0], TooMuch)


def test_a_slow_answer_ends_at_the_deadline_however_lively_it_is():
    async def drip(writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    began = time.monotonic()
    error, _ = ask(drip, deadline=0.3)
    assert time.monotonic() - began < 3
    assert isinstance(error, Unavailable)
    assert "too long" in str(error)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (page(b"<svg/>", "Content-Type: image/svg+xml"), Invalid),
        (page(b"hello"), Invalid),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Unavailable),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", Unavailable),
        (b"220 mail.example ESMTP\r\n", Unavailable),
        (b"", Unavailable),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000, Unavailable),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nhalf", Unavailable),
    ],
)
def test_what_is_no_use_is_an_error_of_the_house(answer, kind):
    assert type(ask(answer)[0]) is kind


def test_names_that_do_not_exist_are_told_plainly():
    with pytest.raises(Unavailable, match=r"no address for nowhere\.invalid"):
        get(Fetcher(Guard(Resolver({}))), "https://nowhere.invalid/")
    assert asyncio.run(resolve_by_system("localhost"))
    assert asyncio.run(resolve_by_system("nowhere.invalid")) == []


def test_in_the_networks_of_the_house_any_port_will_do():
    guard = Guard(
        Resolver({"imap.firm.example": [["10.1.2.3"]], "imap.a.example": [["192.0.2.5"]]}), HONEST, own=["10.0.0.0/8"]
    )
    assert asyncio.run(guard.check_host("imap.firm.example", 10993, "imap")) == ["10.1.2.3"]
    assert asyncio.run(guard.check_host("imap.a.example", 993, "imap")) == ["192.0.2.5"]
    for host, port in (("imap.a.example", 10993), ("192.168.1.1", 993), ("192.168.1.1", 10993)):
        with pytest.raises(Forbidden):
            asyncio.run(guard.check_host(host, port, "imap"))

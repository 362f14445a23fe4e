"""An rspamd of our own on loopback: its word is asked for and bounded; the word of strangers is not believed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mailhub.letters.letter import parse_letter
from mailhub.routing.verdicts.examiner import Examiner
from mailhub.routing.verdicts.rspamd import Rspamd, Weighed
from tests.verdicts.signing import LETTER

TRACE: dict[str, object] = {
    "peer": "8.8.4.4",
    "helo": "mx.client.example",
    "mail_from": "anna@client.example",
    "rcpt_to": ["sales@firm.example"],
}
Asked = tuple[str, dict[str, str], bytes]
JUNK = LETTER.replace(b"Subject:", b"X-Spam-Flag: YES\r\nSubject:")


@contextmanager
def serving(
    answer: bytes, status: int = 200, seconds: float = 0
) -> Iterator[tuple[str, list[tuple[str, object, bytes]]]]:
    asked: list[tuple[str, object, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.path, dict(self.headers), body))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(url: str, trace: dict[str, object] | None = None) -> bool | None:
    async def run() -> bool | None:
        rspamd = Rspamd(url)
        try:
            return await rspamd.is_junk(LETTER, TRACE if trace is None else trace)
        finally:
            await rspamd.close()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("action", "expected"),
    [("reject", True), ("add header", True), ("rewrite subject", True), ("no action", False), ("greylist", False)],
)
def test_its_word(action: str, expected: bool) -> None:
    with serving(b'{"action": "%b", "score": 5.1, "symbols": {}}' % action.encode()) as (url, asked):
        assert ask(url) is expected
        ((path, headers, body),) = asked
    assert (path, body) == ("/checkv2", LETTER)
    assert (headers["IP"], headers["From"], headers["Rcpt"]) == ("8.8.4.4", "anna@client.example", "sales@firm.example")


@pytest.mark.parametrize(
    ("answer", "status"),
    [(b"", 200), (b"[]", 200), (b'{"action": 5}', 200), (b'{"action": "reject"}', 500), (b"", 302)],
)
def test_nonsense_is_no_word(answer: bytes, status: int) -> None:
    with serving(answer, status) as (url, _):
        assert ask(url) is None


def test_nobody_there_is_no_word() -> None:
    assert ask("http://127.0.0.1:1") is None


def test_an_envelope_cannot_write_headers() -> None:
    with serving(b'{"action": "no action"}') as (url, asked):
        assert ask(url, {**TRACE, "mail_from": "a@b.example\r\nX-Evil: yes", "helo": "пошта"}) is False
        headers = asked[0][1]
    assert not {"X-Evil", "From", "Helo"} & set(headers)


async def _no_evidence(_: bytes) -> None:
    return None


def judge(raw: bytes, peer: str, source: str = "smtp", word: bool | None = None) -> bool:
    async def junk_filter(_: bytes, __: object) -> bool | None:
        return word

    examiner = Examiner(_no_evidence, ask=None, trusted_peers=["10.0.0.0/8"], junk_filter=junk_filter)
    return asyncio.run(examiner.examine(raw, parse_letter(raw), source, {**TRACE, "peer": peer})).junk


def test_whose_word_counts() -> None:
    assert judge(JUNK, "10.0.0.7"), "our own relay wrote it"
    assert judge(JUNK, "", "imap"), "our own provider wrote it"
    assert not judge(JUNK, "8.8.4.4"), "anybody may write that"
    assert judge(LETTER, "8.8.4.4", word=True)
    assert not judge(LETTER, "8.8.4.4", word=None)
    assert judge(JUNK, "10.0.0.7", word=False)


def test_a_letter_of_ours_is_weighed() -> None:
    def weigh(url: str) -> Weighed | None:
        async def run() -> Weighed | None:
            rspamd = Rspamd(url)
            try:
                return await rspamd.weigh(LETTER)
            finally:
                await rspamd.close()

        return asyncio.run(run())

    symbols = b'{"A": {"score": 5}, "B": {"score": -1}, "C": {"score": 6}}'
    said = b'{"action": "add header", "score": 7.25, "symbols": %b}' % symbols
    with serving(said) as (url, asked):
        assert weigh(url) == Weighed(junk=True, score=7.25, reasons=("C", "A"))
        assert asked[0][0] == "/checkv2"
        assert asked[0][2] == LETTER
    with serving(b'{"action": "no action", "score": 0.5, "symbols": {"A": 7}}') as (url, _):
        assert weigh(url) == Weighed(junk=False, score=0.5, reasons=())
    for answer, status in ((b"nonsense", 200), (b"{}", 500), (b'{"symbols": []}', 200)):
        with serving(answer, status) as (url, _):
            assert weigh(url) is None

"""DATA: where a letter ends, what is mended, what is refused; cut at every byte, by the decoder and by sockets."""

from __future__ import annotations

import asyncio
import base64
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailhub.ingest.smtp import data as data_module
from mailhub.ingest.smtp.data import DataDecoder, SmuggledError
from tests.ingest.smtp_support import LETTER, Client, MemoryOffice, attacks, calling, listening


def decode(*blocks: bytes) -> tuple[bytes, bytes | None, tuple[str, ...]] | None:
    """The letter, what followed its end (``None``: no end) and its defects; ``None`` for a smuggler's."""
    decoder = DataDecoder()
    rest = None
    try:
        for number, block in enumerate(blocks):
            rest = decoder.feed(block)
            if rest is not None:
                rest += b"".join(blocks[number + 1 :])
                break
        return decoder.raw(), rest, decoder.defects()
    except SmuggledError:
        return None
    finally:
        decoder.discard()


def test_every_smuggling_case_cut_at_every_byte():
    tried = 0
    for case in attacks("smtp_smuggling.json")["cases"]:
        sent, expect = base64.b64decode(case["bytes_b64"]), case["expect"]
        stored = expect.get("stored_b64") or expect.get("stored_if_kept_b64")
        cuts = [[sent], [sent[i : i + 1] for i in range(len(sent))]]
        cuts += [[sent[:i], sent[i:]] for i in range(1, len(sent))]
        for blocks in cuts:
            seen = decode(*blocks)
            tried += 1
            if expect["verdict"] == "refused":
                assert seen is None, (case["id"], case["note"])
            else:
                assert seen is not None, (case["id"], case["note"])
                assert seen[0] == base64.b64decode(stored), case["id"]
                assert seen[1] is not None, case["id"]
                assert (seen[1] != b"") == (expect.get("then") == "commands"), case["id"]
    assert tried > 4900


@pytest.mark.parametrize("sent", [b".\r..\r\n.\r\n", b"a.\r.\r.b\r\n.\r\n", b"a\r.\r.\r.b\r\n.\r\n", b".\r.\r\n.\r\n"])
def test_dots_and_bare_returns_in_a_row_are_refused_however_they_are_cut(sent: bytes):
    """Found by the test below: what was held back for the next block forgot what had stood before it."""
    assert decode(sent) is None
    for one in range(len(sent) + 1):
        for two in range(one, len(sent) + 1):
            assert decode(sent[:one], sent[one:two], sent[two:]) is None, (one, two)
    assert decode(*(bytes([byte]) for byte in sent)) is None


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"a", b"\0", b".."]), max_size=14), st.data())
def test_cuts_never_change_what_is_understood(pieces: list[bytes], draw: st.DataObject):
    sent = b"".join(pieces) + b"\r\n.\r\n"
    at = sorted(draw.draw(st.lists(st.integers(0, len(sent)), max_size=6)))
    blocks = [sent[a:b] for a, b in zip([0, *at], [*at, len(sent)], strict=True)]
    whole = decode(sent)
    assert decode(*blocks) == whole
    if whole is not None:
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n", whole[0])


@given(st.lists(st.binary(max_size=20).filter(lambda line: not re.search(rb"[\r\n]", line)), max_size=8))
def test_what_an_honest_client_stuffs_comes_out_unchanged(lines: list[bytes]):
    letter = b"".join(line + b"\r\n" for line in lines)
    stuffed = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines)
    seen = decode(stuffed + b".\r\nQUIT\r\n")
    assert seen == (letter, b"QUIT\r\n", ("nul",) if b"\0" in letter else ())


@pytest.mark.parametrize(
    ("sent", "stored", "defects"),
    [
        (b".\r\n", b"", ()),
        (b"a\nb\r\n.\r\n", b"a\r\nb\r\n", ("bare-newline",)),
        (b"a\0\rb\r\n.\r\n", b"a\0\r\nb\r\n", ("bare-newline", "nul")),
        (b"\n.a\r\n.\r\n", b"\r\n.a\r\n", ("bare-newline",)),
    ],
)
def test_ends_and_defects(sent: bytes, stored: bytes, defects: tuple[str, ...]):
    assert decode(sent) == (stored, b"", defects)


def test_a_large_letter_waits_in_a_file_and_comes_back_whole(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(data_module, "_IN_MEMORY", 1000)
    letter = b"".join(b"%d line\r\n" % number for number in range(5000))
    blocks = [letter[i : i + 777] for i in range(0, len(letter), 777)]
    assert decode(*blocks, b".\r\n") == (letter, b"", ())


def test_ten_megabytes_of_empty_lines_take_no_seconds():
    decoder = DataDecoder()

    async def feed() -> float:
        begin = asyncio.get_running_loop().time()
        for _ in range(80):
            decoder.feed(b"\r\n" * 65536)
        decoder.feed(b".\r\n")
        return asyncio.get_running_loop().time() - begin

    spent = asyncio.run(feed())
    assert len(decoder.raw()) == 80 * 131072
    decoder.discard()
    assert spent < 3.0  # aiosmtpd's own reader: 12 to 23 s


async def converse(client: Client, blocks: list[bytes]) -> bytes:
    """Sends blocks as packets of their own; all that the server says to the end."""
    for number, block in enumerate(blocks):
        client.send(block)
        if number + 1 < len(blocks):
            await asyncio.sleep(0.02 if len(blocks) == 2 else 0)
    client.writer.write_eof()
    return await client.rest()


def test_every_smuggling_case_by_sockets():
    cases = attacks("smtp_smuggling.json")["cases"]

    async def one(listener, blocks: list[bytes], verdict: str, gate: asyncio.Semaphore) -> None:
        async with gate, calling(listener) as client:
            await client.begin()
            said = await converse(client, blocks)
            assert said[:4] == (b"550 " if verdict == "refused" else b"250 "), (blocks, said)
            if verdict == "refused":
                assert said.count(b"\r\n") == 1, said  # nothing behind it was read as a command

    async def main() -> None:
        gate = asyncio.Semaphore(60)
        for case in cases:
            sent, expect = base64.b64decode(case["bytes_b64"]), case["expect"]
            office = MemoryOffice()
            async with listening(office) as listener:
                ways = [[sent], [sent[i : i + 1] for i in range(len(sent))]]
                ways += [[sent[:i], sent[i:]] for i in range(1, len(sent))]
                await asyncio.gather(*(one(listener, blocks, expect["verdict"], gate) for blocks in ways))
            letters = 1 if expect["verdict"] == "either" else expect["letters"]
            assert len(office.letters) == letters * len(ways), case["id"]
            first = [letter.raw for letter in office.letters if letter.sender == "a@client.example"]
            stored = expect.get("stored_b64") or expect.get("stored_if_kept_b64") or ""
            assert set(first) == ({base64.b64decode(stored)} if letters else set()), case["id"]

    asyncio.run(main())


def test_what_follows_a_refused_letter_is_never_obeyed():
    async def main() -> None:
        office = MemoryOffice()
        async with listening(office) as listener, calling(listener) as client:
            await client.begin()
            client.send(b"a\n.\r\n" + b"NOOP\r\n" * 3 + LETTER + b".\r\n")
            assert (await client.reply()).startswith(b"550 5.6.11 ")
            assert await client.rest() == b""
        assert office.letters == []
        assert listener.counters["smuggled"] == 1

    asyncio.run(main())

"""What servers say and what we say, without a server: names, answers, refusals, and what must never reach the wire."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from mailhub.ingest.imap.answers import parse_date, parse_fetch, parse_status, parse_values
from mailhub.ingest.imap.conversation import spell
from mailhub.ingest.imap.names import decode_name, encode_name, find_role, is_usable
from mailhub.ingest.imap.trouble import Lie, PasswordRefused, Refused, Throttled, Trouble, refusal


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_names_come_back_from_the_wire(name: str) -> None:
    wire = encode_name(name)
    assert decode_name(wire) == name
    assert all(0x20 <= sign < 0x7F for sign in wire)


@given(st.binary())
def test_any_name_can_be_shown(wire: bytes) -> None:
    assert isinstance(decode_name(wire), str)


@pytest.mark.parametrize(
    ("flags", "name", "role"),
    [
        ((), "InBox", "inbox"),
        (("\\HasNoChildren", "\\Sent"), "Elküldött", "sent"),
        ((), "Надіслані", "sent"),
        ((), "INBOX.Sent Items", "sent"),
        ((), "[Gmail]/Спам", "junk"),
        ((), "Projects.Sent", "other"),
        ((), "Чернетки", "drafts"),
        ((), "Thùng rác", "trash"),
        ((), "Customers", "other"),
    ],
)
def test_what_a_folder_is_for(flags: tuple[str, ...], name: str, role: str) -> None:
    assert find_role(flags, name, "/" if "/" in name else ".") == role


@pytest.mark.parametrize("wire", [b"", b"a\r\nX LOGOUT\r\n", b"a\0b", b"a\x7f", b"x" * 1001])
def test_names_that_are_never_said_back(wire: bytes) -> None:
    assert not is_usable(wire)


@given(st.binary(max_size=50))
def test_a_word_of_somebody_else_never_becomes_a_command(word: bytes) -> None:
    if any(sign in word for sign in b"\r\n\0"):
        with pytest.raises(Refused):
            spell(word)
        return
    spelt = bytes(spell(word))
    if spelt != word:
        assert spelt[:1] == spelt[-1:] == b'"'
        assert parse_values([spelt]) == [word]


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5))
def test_any_answer_is_read_or_called_a_lie(pieces: list[bytes]) -> None:
    with contextlib.suppress(Lie):
        parse_fetch(pieces)


def test_a_fetch_with_everything() -> None:
    found = parse_fetch(
        [
            b"(UID 7 FLAGS (\\Seen \\Recent $F) X-GM-MSGID 5 RFC822.SIZE 4 BODY[]<0> ",
            b"ab)(",
            b' INTERNALDATE " 1-Jan-2026 10:00:00 +0200")',
        ]
    )
    assert (found.uid, found.size, found.body, found.origin) == (7, 4, b"ab)(", 0)
    assert found.flags == ("$F", "\\Seen")
    assert found.date == clock.parse_iso("2026-01-01T08:00:00Z")


@pytest.mark.parametrize(
    "text", [b"32-Jan-2026 10:00:00 +0000", b"x", b"01-Foo-2026 10:00:00 +0000", b"01-Jan-0001 00:00:00 +9999"]
)
def test_dates_that_are_none(text: bytes) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize("text", ["OK", "OK ", "NO [ALERT] x", "BAD [UIDVALIDITY 5] v", "BYE"])
def test_status_in_every_form(text: str) -> None:
    assert parse_status(text.encode()) is not None


@pytest.mark.parametrize(
    ("answered", "code", "said", "kind"),
    [
        ("NO", "AUTHENTICATIONFAILED", "Invalid credentials (Failure)", PasswordRefused),
        ("NO", "", "LOGIN failed.", PasswordRefused),
        ("NO", "UNAVAILABLE", "Temporary authentication failure.", Throttled),
        ("NO", "OVERQUOTA", "Account exceeded command or bandwidth limits.", Throttled),
        ("NO", "THROTTLED", "", Throttled),
        ("BAD", "", "Request is throttled. Suggested Backoff Time: 299961 milliseconds", Throttled),
        ("NO", "LIMIT", "Too many simultaneous connections. (Failure)", Throttled),
        ("NO", "AUTHENTICATIONFAILED", "temporarily locked, too many tries", PasswordRefused),
        ("BAD", "", "Unknown command", Refused),
    ],
)
def test_what_a_refused_log_in_means(answered: str, code: str, said: str, kind: type[Trouble]) -> None:
    trouble = refusal(code, said, at_log_in=True, answered=answered)
    assert type(trouble) is kind
    if "Suggested" in said:
        assert isinstance(trouble, Throttled)
        assert trouble.seconds == 299.961

"""Letters that were damaged or written into on their way: the most that a person could read is read."""

from __future__ import annotations

import base64

import pytest

from mailhub.letters.letter import parse_letter

_HEAD = b"From: ann@client.example\nSubject: x\nContent-Type: text/plain; charset=utf-8\n"
_WORDS = base64.encodebytes("Привіт усім, хто це читає.".encode())


@pytest.mark.parametrize("lead", [b"", b"\n"])
def test_words_that_a_list_wrote_below_base64(lead: bytes) -> None:
    footer = b"-- \nThis mail was scanned for viruses.\n"
    letter = parse_letter(_HEAD + b"Content-Transfer-Encoding: base64\n\n" + _WORDS + lead + footer)
    assert letter.text is not None
    assert letter.text.split("\n", 1)[0] == "Привіт усім, хто це читає."
    assert letter.text.endswith("This mail was scanned for viruses.\n")
    assert letter.reply_text == "Привіт усім, хто це читає."


def test_words_that_only_claim_to_be_base64() -> None:
    letter = parse_letter(_HEAD + b"Content-Transfer-Encoding: base64\n\nPlain words, nothing else.\n")
    assert letter.text == "Plain words, nothing else.\n"


def test_a_mark_of_utf_8_before_the_first_header() -> None:
    letter = parse_letter(b"\xef\xbb\xbf" + _HEAD + b"\nwords\n")
    assert [one.address for one in letter.from_] == ["ann@client.example"]
    assert (letter.subject, letter.text) == ("x", "words\n")


def test_blanks_before_colons_and_lines_between_headers() -> None:
    letter = parse_letter(
        b"From   : Ann <ann@client.example>\nTo: Bob\n__\n   <bob@client.example>\nSubject  : x\n"
        b"Date: Fri, 21 Nov 1997 09(comment):   55  :  06 -0600\n\nwords\n"
    )
    assert [one.address for one in letter.from_] == ["ann@client.example"]
    assert (letter.subject, letter.text, letter.date) == ("x", "words\n", 880_127_706_000_000)


def test_a_boundary_that_ends_with_blanks() -> None:
    letter = parse_letter(
        b'From: ann@client.example\nContent-Type: multipart/mixed; boundary="b  "\n\n'
        b"--b  \n\nwords\n--b \nstill words\n--b  --\n"
    )
    assert letter.text == "words\n--b \nstill words"

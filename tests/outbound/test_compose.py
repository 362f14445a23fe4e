"""Letters of ours, read back by our own reader and by the standard library's: nothing lost, nothing added."""

from __future__ import annotations

import email
import email.header
import email.policy
import email.utils
import re
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from mailhub.letters.clean import body_text, one_line
from mailhub.letters.letter import parse_letter
from mailhub.letters.values import Address
from mailhub.outbound.compose import Fields, answer_references, answer_subject, compose
from mailhub.outbound.headers import ids_field
from mailhub.outbound.parts import File

ANNA = Address("Anna", "anna@client.example")
TEXT = st.text(max_size=300)
SCRIPTS = st.text(
    st.sampled_from('Рахунок № ґїє đặt hàng 請求書 لفاتورة ✓🌻👩‍👩‍👧 =?utf-8?B?abc?= "\\<>,;:@()[] \t  é\u0301 a b c'),
    max_size=200,
)


def fields(**other: object) -> Fields:
    base = {
        "message_id": "m.abc@firm.example",
        "date": 1_795_000_000_000_000,
        "from_": Address("Іван Петренко", "sales@firm.example"),
        "to": (ANNA,),
        "subject": "Pumps",
        "text": "Hello.\n",
    }
    return Fields(**{**base, **other})  # type: ignore[arg-type]


def read_by_library(raw: bytes) -> Message:
    return email.message_from_bytes(raw, policy=email.policy.compat32)


def decoded(value: str) -> str:
    """RFC 2047 by the standard library; folds undone first, as RFC 5322 §2.2.3 says."""
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", value)
    return str(email.header.make_header(email.header.decode_header(unfolded)))


def check_wire(raw: bytes) -> None:
    """What every letter has to be on the wire."""
    assert raw.isascii()
    assert b"\0" not in raw
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    head, _, _ = raw.partition(b"\r\n\r\n")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    long = [line for line in head.split(b"\r\n") if len(line) > 78]
    assert all(b" " not in line.strip().partition(b": ")[2] for line in long), long


@given(st.one_of(TEXT, SCRIPTS))
def test_a_subject_comes_back_as_it_was(subject: str) -> None:
    raw = compose(fields(subject=subject))
    check_wire(raw)
    assert parse_letter(raw).subject == one_line(subject).strip()
    assert decoded(read_by_library(raw)["Subject"]).strip() == one_line(subject).strip()


@given(st.one_of(TEXT, SCRIPTS), st.one_of(TEXT, SCRIPTS))
def test_names_come_back_and_never_become_addresses(first: str, second: str) -> None:
    raw = compose(fields(to=(Address(first, "anna@client.example"), Address(second, "boris@client.example"))))
    check_wire(raw)
    read = parse_letter(raw)
    assert [one.address for one in read.to] == ["anna@client.example", "boris@client.example"]
    wanted = [" ".join(one_line(name).split()) for name in (first, second)]
    # Our reader takes off the apostrophes that Outlook puts around a name.
    unquoted = [name[1:-1] if len(name) > 2 and name[0] == name[-1] == "'" else name for name in wanted]
    assert [one.name for one in read.to] == unquoted
    value = re.sub(r"\r?\n(?=[ \t])", "", read_by_library(raw)["To"])
    by_library = email.utils.getaddresses([value])
    assert [address for _, address in by_library] == ["anna@client.example", "boris@client.example"]
    assert [decoded(name) for name, _ in by_library] == wanted


@given(st.one_of(TEXT, SCRIPTS, st.text("ab .\n\r\t=From \x0cя", max_size=400)))
def test_a_text_comes_back_as_it_was(text: str) -> None:
    raw = compose(fields(text=text))
    check_wire(raw)
    wanted = body_text(text)
    wanted += "\n" if wanted and not wanted.endswith("\n") else ""
    assert (parse_letter(raw).text or "") == (wanted if wanted.strip() else "")
    part = read_by_library(raw)
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode("utf-8").replace("\r\n", "\n") == wanted


@given(st.lists(st.tuples(st.one_of(TEXT, SCRIPTS), st.text(max_size=60), st.binary(max_size=300)), max_size=4))
def test_files_come_back_byte_by_byte(files: list[tuple[str, str, bytes]]) -> None:
    raw = compose(fields(files=tuple(File(*one) for one in files)))
    check_wire(raw)
    read = parse_letter(raw)
    assert read.text == "Hello.\n"
    parts = [part for part in read_by_library(raw).walk() if part.get_content_disposition() == "attachment"]
    assert [part.get_payload(decode=True) for part in parts] == [content for _, _, content in files]
    assert len(read.attachments) == len(files)
    for part, ours in zip(parts, read.attachments, strict=True):
        assert part.get_filename() == ours.filename
        assert ours.filename is not None


def test_a_long_name_of_a_file_stays_whole() -> None:
    name = "Рахунок-фактура № 118 за борошно вищого ґатунку, доставка у четвер.pdf"
    raw = compose(fields(files=(File(name, "application/pdf", b"%PDF"),)))
    assert [one.filename for one in parse_letter(raw).attachments] == [name]
    part = list(read_by_library(raw).walk())[-1]
    assert part.get_filename() == name


def test_there_is_no_bcc_and_one_of_each() -> None:
    more = {"cc": (ANNA,), "in_reply_to": "1@c.example", "references": ("0@c.example",), "automatic": "auto-replied"}
    head = compose(fields(**more))
    names = [line.partition(b":")[0] for line in head.partition(b"\r\n\r\n")[0].split(b"\r\n") if line[:1] != b" "]
    assert names == [b"From", b"To", b"Cc", b"Subject", b"Date", b"Message-ID", b"In-Reply-To", b"References",
                     b"Auto-Submitted", b"X-Auto-Response-Suppress", b"MIME-Version", b"Content-Type",
                     b"Content-Transfer-Encoding"]  # fmt: skip


@given(st.lists(st.text(max_size=40) | st.just("x" * 2000), max_size=6))
def test_ids_that_cannot_stand_are_left_out(ids: list[str]) -> None:
    field = ids_field("References", ids)
    assert field.count(b"References:") == bool(field)
    assert all(len(line) <= 998 for line in field.split(b"\r\n"))


def test_references_keep_the_first_and_the_latest() -> None:
    ids = tuple(f"{number}@client.example" for number in range(5000))
    kept = answer_references(ids, "last@client.example")
    assert (kept[0], kept[-2:], len(kept)) == ("0@client.example", ("4999@client.example", "last@client.example"), 20)


@pytest.mark.parametrize(
    ("subject", "answered"),
    [("Pumps", "Re: Pumps"), ("RE: Pumps", "RE: Pumps"), ("", "Re: "), ("Відп: Насоси", "Re: Відп: Насоси")],
)
def test_the_subject_of_an_answer(subject: str, answered: str) -> None:
    assert answer_subject(subject) == answered


@pytest.mark.parametrize(
    "address",
    [
        *("", "a", "a@", "@b.example", "a b@c.example", "a@b..example"),
        *("a@b.example\r\nX: y", "a@b.example,c@d.example"),
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Invalid):
        compose(fields(to=(Address("", address),)))

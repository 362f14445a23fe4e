"""A whole letter compiled: its head, its parts and their frame, and the digests that its signatures are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import Invalid
from mailhub.campaigns.compiled.language import clean_values, make_sandbox
from mailhub.campaigns.compiled.phases import Base64Text
from mailhub.campaigns.compiled.pieces import Holes, Pieces
from mailhub.campaigns.compiled.texts import Source, cut_source
from mailhub.campaigns.compiled.words import subject_field, to_field
from mailhub.letters.clean import body_text
from mailhub.letters.values import Address
from mailhub.outbound.headers import address_field, ids_field, word_field
from mailhub.outbound.parts import File, frame_of

_PLAIN_PART, _HTML_PART = b"\0plain\0", b"\0html\0"


@dataclass(frozen=True, slots=True)
class Frame:
    """What is the same for everybody. ``boundary`` is a word in ASCII of this mailing; ``list_id`` as in RFC 2919
    without its brackets, ``feedback_id`` by what a large provider counts complaints; '' for none."""

    sender: Address
    boundary: str
    reply_to: Address | None = None
    list_id: str = ""
    feedback_id: str = ""
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Personal:
    """Whose letter it is. ``message_id`` stands without brackets, ``date`` as it stands in a header; ``unsubscribe``
    are the addresses of List-Unsubscribe, the first an ``https`` that takes a POST (RFC 8058), none for a letter that
    nobody can unsubscribe from."""

    to: Address
    message_id: str
    date: str
    unsubscribe: tuple[str, ...] = ()


@dataclass(slots=True)
class FilledLetter:
    """The letter of one recipient: ``fields`` are those of its head that are its own, by their names in lower case;
    ``body`` with CRLF, 7-bit, no line over 76, none that begins with a dot."""

    head: bytes
    fields: dict[str, bytes]
    body: bytes
    signatures: list[bytes] = field(default_factory=list)

    def raw(self) -> bytes:
        """The bytes of the letter, ready for the wire but for its last dot."""
        return b"".join([*self.signatures, self.head, *self.fields.values(), b"\r\n", self.body])


class CompiledLetter:
    """Made by ``compile_letter``; safe to fill as often as one likes. ``head`` are the fields that are the same for
    everybody, ``holes`` says how many different values a letter has."""

    def __init__(self, head: bytes, frame: Sequence[bytes | Base64Text], subject: Pieces, holes: Holes) -> None:
        self.head = head
        self._frame = frame
        self._subject = subject
        self._fills = holes.fills
        self.holes = len(holes.fills)
        self._whole_subject = subject_field("".join(map(str, subject))) if not _has_holes(subject) else None

    def fill(self, values: Mapping[str, Any], personal: Personal) -> FilledLetter:
        """The letter of one recipient; ``values`` are what the template may say. Raises UnfilledError for a value that
        is not known and has no default, Invalid for an address that is none."""
        known = clean_values(values)
        texts = [fill(known) for fill in self._fills]
        raws = [_wire(text) for text in texts]
        out: list[bytes] = []
        for part in self._frame:
            if type(part) is bytes:
                out.append(part)
            else:
                assert isinstance(part, Base64Text)
                part.fill(raws, out)
        subject = self._whole_subject
        if subject is None:
            subject = subject_field("".join([one if type(one) is str else texts[one] for one in self._subject]))  # type: ignore[index]
        fields = {
            "to": to_field(personal.to),
            "subject": subject,
            "date": b"Date: " + personal.date.encode("ascii") + b"\r\n",
            "message-id": b"Message-ID: <" + personal.message_id.encode("ascii") + b">\r\n",
        }
        if personal.unsubscribe:
            places = ",\r\n ".join(f"<{one}>" for one in personal.unsubscribe)
            fields["list-unsubscribe"] = b"List-Unsubscribe: " + places.encode("ascii") + b"\r\n"
            if personal.unsubscribe[0].startswith("https:"):
                fields["list-unsubscribe-post"] = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        return FilledLetter(self.head, fields, b"".join(out))


def compile_letter(source: Source, frame: Frame) -> CompiledLetter:
    """Raises Invalid for what is no template, for fields in places where no value may stand, and without a subject."""
    if not source.subject.strip():
        raise Invalid("A letter needs a subject.", field="subject")
    holes = Holes(make_sandbox())
    cut = cut_source(source, holes)
    parts = {_PLAIN_PART: _part(b"plain", cut.text)}
    if source.html:
        parts[_HTML_PART] = _part(b"html", cut.html)
    whole = frame_of(_PLAIN_PART, _HTML_PART if source.html else b"", source.html, frame.files, frame.boundary)
    head, body = _split(whole, parts)
    made = [
        address_field("From", [frame.sender]),
        address_field("Reply-To", [frame.reply_to]) if frame.reply_to else b"",
        ids_field("List-Id", [frame.list_id]) if frame.list_id else b"",
        word_field("Feedback-ID", frame.feedback_id) if frame.feedback_id else b"",
        word_field("MIME-Version", "1.0"),
        head,
    ]
    return CompiledLetter(b"".join(made), body, cut.subject, holes)


def _split(whole: bytes, parts: dict[bytes, tuple[bytes, Base64Text]]) -> tuple[bytes, list[bytes | Base64Text]]:
    """The fields of the head, and the body as pieces, the marks replaced by their parts."""
    pieces: list[bytes | Base64Text] = [whole]
    for mark, (head, text) in parts.items():
        last = pieces.pop()
        assert isinstance(last, bytes)
        before, _, after = last.partition(mark)
        pieces += [before + head, text, after]
    first = pieces[0]
    assert isinstance(first, bytes)
    fields, _, rest = first.partition(b"\r\n\r\n")
    return fields + b"\r\n", [piece for piece in [rest, *pieces[1:]] if piece != b""]


def _part(subtype: bytes, pieces: Pieces) -> tuple[bytes, Base64Text]:
    head = b"Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" % subtype
    return head, Base64Text([_wire(body_text(one)) if isinstance(one, str) else one for one in pieces])


def _wire(text: str) -> bytes:
    raw = text.encode("utf-8")
    return raw.replace(b"\n", b"\r\n") if b"\n" in raw else raw


def _has_holes(pieces: Pieces) -> bool:
    return any(isinstance(one, int) for one in pieces)

"""A hundred real letters, many of them broken, beside what the standard library reads in them. It is no authority:
where it reads less, the difference is explained in differences.json and stays among the cases."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from typing import Any, cast

from mailhub.letters.letter import parse_letter
from mailhub.letters.values import ParsedLetter

from .corpora import folder
from .test_corpora import Score, folded


def read_by_standard_library(raw: bytes) -> dict[str, Any]:
    message = cast(EmailMessage, email.message_from_bytes(raw, policy=email.policy.default))
    text = message.get_body(("plain",))
    return {
        "subject": folded(str(message.get("subject") or "")),
        "from": [one.addr_spec for one in message["from"].addresses] if message["from"] else [],
        "text": None if text is None else folded(text.get_content()),
        "files": [name for part in message.walk() if (name := part.get_filename())],
    }


def read_by_us(letter: ParsedLetter, has_text: bool) -> dict[str, Any]:
    return {
        "subject": folded(letter.subject),
        "from": [one.address for one in letter.from_],
        "text": folded(letter.text) if has_text else None,
        "files": [one.filename for one in letter.attachments if one.filename],
    }


def test_beside_the_standard_library() -> None:
    scores = {name: Score(f"mikel {name}") for name in ("subject", "from", "text", "files")}
    for path in sorted(folder("mime-mikel").glob("*.eml")):
        raw = path.read_bytes()
        try:
            theirs = read_by_standard_library(raw)
        except LookupError:
            theirs = {}  # a charset that it does not know
        ours = read_by_us(parse_letter(raw), theirs.get("text") is not None)
        for name, score in scores.items():
            score.add(bool(theirs) and ours[name] == theirs[name], path.stem, ours[name])
    for score in scores.values():
        score.settle()

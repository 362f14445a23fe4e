"""The subject without what mail programs put before it, so that a letter and its answers compare equal. RFC 5256
§2.1."""

from __future__ import annotations

import re

# Answers and forwards as programs write them in our languages and their neighbours'.
_PREFIXES = (
    "re|aw|antw|antwort|sv|vs|ref|res|rv|r|odp|ynt|回复|答复|回覆|答覆|返信|"
    "відп|відповідь|вп|отв|ответ|отг|отговор|на|trả lời|tl|"
    "fw|fwd|wg|tr|doorst|enc|i|pd|vb|vl|轉寄|转发|"
    "пересл|переслано|переслать|перенапр|пер|пр|препр|препратено|chuyển tiếp|ct"
)
_LEAD = re.compile(rf"\s*(?:(?:{_PREFIXES})\s*(?:\[\d{{1,3}}\]|\(\d{{1,3}}\)|\^\d{{1,3}})?\s*[:：])", re.IGNORECASE)
_TRAIL = re.compile(r"\s*\((?:fwd|fw)\)\s*$", re.IGNORECASE)
_LIST_TAG = re.compile(r"\s*\[[^\[\]\r\n]{1,60}\]\s*(?=\S)")


def parse_base_subject(subject: str) -> str:
    """The subject in one form for comparing: prefixes of answers and forwards gone, blanks folded, case folded.

    The tag of a list goes only where a prefix stands before or behind it, so that ``[offer] tea`` keeps its tag.
    """
    text = " ".join(subject[:1000].split())
    while True:
        lead = _LEAD.match(text)
        if lead is not None:
            text = text[lead.end() :].lstrip()
            continue
        tag = _LIST_TAG.match(text)
        if tag is not None and _LEAD.match(text, tag.end()):
            text = text[tag.end() :]
            continue
        shorter = _TRAIL.sub("", text)
        if shorter == text:
            return text.casefold()
        text = shorter


def has_answer_prefix(subject: str) -> bool:
    """Whether a mail program marked the subject as an answer or a forward."""
    return _LEAD.match(subject[:200]) is not None

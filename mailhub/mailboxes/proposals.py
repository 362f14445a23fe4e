"""Who may an unknown sender be? What the letter itself says, and clients that look alike. Proposed, never believed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.database import ReadTx
from crm.parties import Counterparty, list_similar
from crm.parties.matching import FREE_MAIL
from mailhub.mailboxes.reading import OpenThread

TAIL_LINES = 15  # a signature stands at the end of what was written
_LONGEST_LINE = 80
# The legal form stands before the name in Ukrainian, Russian and Vietnamese, behind it elsewhere.
_BEFORE = re.compile(r"^\W*(?:ТОВ|ПП|ФОП|ПрАТ|АТ|ООО|ОАО|ЗАО|ИП|АО|ЕТ|(?i:công ty)(?: TNHH| cổ phần| CP)?)[ .]+(?=\S)")
_BEHIND = re.compile(
    r"\S[, ]+(?:ООД|ЕООД|АД|ЕАД|GmbH|AG|KG|Ltd|Limited|LLC|LLP|Inc|Corp|PLC|S\.?A|SARL|SAS|S\.?L|Sp\. z o\.o|"
    r"B\.?V|Oy|AB|ApS|s\.r\.o|d\.o\.o)\W*$"
)


@dataclass(frozen=True, slots=True)
class Proposals:
    """``company`` is a name that stands in the signature, '' for none; ``similar`` are clients who may be meant."""

    company: str
    similar: tuple[Counterparty, ...]


def see_proposals(tx: ReadTx, opened: OpenThread) -> Proposals:
    """What is proposed for the sender of a thread that has no client."""
    domain = opened.row.who_address.rpartition("@")[2].lower()
    newest = next((one for one in reversed(opened.messages) if one.direction == "in"), None)
    own_words = newest.parsed.get("reply_text") or newest.parsed.get("text") or "" if newest is not None else ""
    company = guess_company(own_words)
    return Proposals(company, tuple(list_similar(tx, "" if domain in FREE_MAIL else domain, company)))


def guess_company(text: str) -> str:
    """A company named in the last lines of a letter, by its legal form; '' where none is."""
    for line in reversed(text.splitlines()[-TAIL_LINES:]):
        words = " ".join(line.split())
        if 3 < len(words) <= _LONGEST_LINE and (_BEFORE.match(words) or _BEHIND.search(words)):
            return words.strip(" ,;|·–-")
    return ""

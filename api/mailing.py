"""What the pages of mailings and their interface share: a letter made beside the transaction, and who was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.database import ReadTx, WriteTx
from crm.staff.readable import Viewer
from mailhub.campaigns.checking import check_mailing
from mailhub.campaigns.freshness import find_rewritten
from mailhub.campaigns.letters import save_letter
from mailhub.campaigns.mailings import Choice, ChoiceKind, get_mailing, list_choices
from mailhub.campaigns.making import Foot, Format, Made, make_letter
from mailhub.campaigns.recipients import freeze_list
from mailhub.runtime import House

_KINDS: dict[str, ChoiceKind] = {
    "segment_ids": "segment", "group_ids": "group", "counterparty_ids": "client", "contact_ids": "contact",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """A letter as it was written, and as it was made of that."""

    format: Format
    source: str
    made: Made
    language: str

    @classmethod
    def make(cls, form: Format, subject: str, source: str, foot: Foot, language: str = "") -> Written:
        """Make it. Raises Invalid for what cannot be a letter."""
        return cls(form, source, make_letter(form, subject, source, foot, language), language)


def foot_of(house: House, language: str, sender: str) -> Foot:
    """How letters in this language end, that of the company for ''."""
    speech = house.speak(language)
    name = sender or house.settings.company.name
    words = speech.gettext("You get this letter because you are a client of %(name)s.", name=name)
    return Foot(words if name else speech.gettext("You get this letter as our client."), speech.gettext("Unsubscribe"))


def save_written(tx: WriteTx, viewer: Viewer, mailing_id: int, written: Written, *, seen: int) -> int:
    """Keep it as the next version of its mailing. Raises NotFound, Forbidden, Conflict."""
    return save_letter(
        tx, viewer, mailing_id, written.format, written.source, written.made, seen=seen, language=written.language
    )


def begin_check(tx: WriteTx, viewer: Viewer, mailing_id: int) -> None:
    """Check a mailing; its list is frozen first where that was not done, or another rule would lay it now. Raises what
    ``freeze_list`` and ``check_mailing`` raise."""
    one = get_mailing(tx, viewer, mailing_id)
    if one.list_state == "done" and find_rewritten(tx, one) is None:
        check_mailing(tx, viewer, mailing_id)
    else:
        freeze_list(tx, viewer, mailing_id, then_check=True)


def list_chosen(tx: ReadTx, mailing_id: int) -> list[Choice]:
    """Who shall get a mailing that the reader was allowed to open."""
    return list_choices(tx, mailing_id)


def read_choices(asked: Mapping[str, Any], before: Sequence[Choice]) -> list[Choice]:
    """Who shall get it from now on: of each kind that is named those, of the others who was chosen before."""
    named = {(kind, takes) for key, kind in _KINDS.items() for takes in (True, False) if _key(key, takes) in asked}
    if "everybody" in asked:
        named.add(("everybody", True))
    kept = [one for one in before if (one.kind, one.takes) not in named]
    everybody = [Choice(True, "everybody")] if asked.get("everybody") else []
    chosen = [
        Choice(takes, kind, number)
        for key, kind in _KINDS.items()
        for takes in (True, False)
        for number in asked.get(_key(key, takes), ())
    ]
    return [*kept, *everybody, *chosen]


def _key(key: str, takes: bool) -> str:
    return key if takes else f"exclude_{key}"

"""The mailboxes in the settings: a line for each that says how it stands, and its parts behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from api.web.account_rows import Row
from api.web.acknowledging import Acknowledging
from api.web.shapes import Speaker
from api.web.signatures import Signature
from api.web.ways import WayRow
from crm.execution import WAYS
from crm.staff.people import User
from mailhub.mailboxes.boxes import Mailbox


@dataclass(frozen=True, slots=True)
class Rule:
    """How new threads of a mailbox get their executor; ``now`` in words."""

    url: str
    address: str
    now: str
    ways: list[tuple[str, str, bool]]
    people: list[tuple[int, str, bool]]


@dataclass(frozen=True, slots=True)
class BoxLine:
    """A mailbox with those of its parts that the viewer may set. ``state`` is "", or what is the matter with it."""

    id: int
    url: str
    name: str
    address: str
    now: str
    state: str
    account: Row | None
    rule: Rule | None
    managed: Mailbox | None
    signature: Signature | None
    way: WayRow | None
    texts: Acknowledging | None


class _Addressed(Protocol):
    @property
    def address(self) -> str: ...


T = TypeVar("T", bound=_Addressed)


def shape_rule(speaker: Speaker, box: Mailbox, people: Sequence[User]) -> Rule:
    """The ways to choose from and the people who may be named."""
    names = {
        "manager": speaker.say("The client's responsible manager, else nobody"),
        "default": speaker.say("The responsible manager, else always this person"),
        "round_robin": speaker.say("The responsible manager, else whose turn it is"),
        "least_busy": speaker.say("The responsible manager, else who has least to do"),
        "nobody": speaker.say("Nobody: people take threads themselves"),
    }
    return Rule(
        url=f"/settings/mailboxes/{box.id}",
        address=box.address,
        now=names[box.way],
        ways=[(way, names[way], way == box.way) for way in WAYS],
        people=[(one.id, one.name, one.id == box.default_executor_id) for one in people if not one.disabled],
    )


def shape_boxes(
    speaker: Speaker,
    boxes: Iterable[Mailbox],
    *,
    accounts: Sequence[Row],
    rules: Sequence[Rule],
    managed: Sequence[Mailbox],
    signatures: Sequence[Signature],
    ways: Sequence[WayRow],
    texts: Sequence[Acknowledging],
) -> list[BoxLine]:
    """A line for each mailbox of which the viewer may set something, in the order of the rail."""
    lines = []
    for box in boxes:
        account, rule = _find(accounts, box), _find(rules, box)
        mine, signature, way, text = (_find(managed, box), _find(signatures, box), _find(ways, box), _find(texts, box))
        if not (account or rule or mine or signature or way or text):
            continue
        now, state = _sum_up(speaker, account, mine, way)
        url = f"/settings/mailboxes/{box.id}"
        lines.append(BoxLine(box.id, url, box.name, box.address, now, state, account, rule, mine, signature, way, text))
    return lines


def _find(rows: Sequence[T], box: Mailbox) -> T | None:
    return next((row for row in rows if row.address == box.address), None)


def _sum_up(speaker: Speaker, account: Row | None, managed: Mailbox | None, way: WayRow | None) -> tuple[str, str]:
    """What is the matter, or else how soon it answers and how many rules act in it."""
    if account is not None and account.words is not None and account.words.state != "ok":
        return account.words.text, account.words.state
    if way is not None and way.trouble:
        return way.trouble, "look"
    if managed is None:
        return "", ""
    hours = speaker.language.ngettext("answers in %(n)s hour", "answers in %(n)s hours", managed.answer_hours)
    if not managed.rules:
        return hours, ""
    return f"{hours} · " + speaker.language.ngettext(
        "%(num)d rule is on", "%(num)d rules are on", managed.rules, num=managed.rules
    ), ""

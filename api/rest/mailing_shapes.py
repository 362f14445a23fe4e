"""Mailings in the shapes of the interface."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from api.rest.shapes import Body, Number, moment
from mailhub.campaigns.differing import list_alerts
from mailhub.campaigns.letters import Letter
from mailhub.campaigns.mailings import Choice, Mailing

Ids = Annotated[list[Number], msgspec.Meta(max_length=5000)]
Text = Annotated[str, msgspec.Meta(max_length=200_000)]


class Chosen(Body):
    """Who shall get it, and who shall not."""

    everybody: bool | msgspec.UnsetType = msgspec.UNSET
    segment_ids: Ids | msgspec.UnsetType = msgspec.UNSET
    exclude_segment_ids: Ids | msgspec.UnsetType = msgspec.UNSET
    group_ids: Ids | msgspec.UnsetType = msgspec.UNSET
    exclude_group_ids: Ids | msgspec.UnsetType = msgspec.UNSET
    counterparty_ids: Ids | msgspec.UnsetType = msgspec.UNSET
    exclude_counterparty_ids: Ids | msgspec.UnsetType = msgspec.UNSET
    contact_ids: Ids | msgspec.UnsetType = msgspec.UNSET
    exclude_contact_ids: Ids | msgspec.UnsetType = msgspec.UNSET


class Said(Chosen):
    """What a mailing says and how, beside its letter."""

    sender: str | None = None
    sender_name: str | None = None
    recipients: Literal["main", "all"] | None = None
    cap_days: int | None = None
    canary: int | None = None
    tracking: Literal["off", "totals", "persons"] | None = None
    pictures: Literal["hosted", "inside"] | None = None
    topic_id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None


class ChangedMailing(Said):
    """What is to be otherwise; what is not named stays."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=120)] | None = None


class NewMailing(Said, kw_only=True):
    """A mailing; its letter may come along, in one of the formats."""

    mailbox_id: Number
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    subject: str = ""
    mjml: Text | None = None
    markdown: Text | None = None
    html: Text | None = None
    text: Text | None = None


class NewLetter(Body):
    """What it says, as the next version. ``version`` is the one that its writer had before them."""

    version: int
    subject: Annotated[str, msgspec.Meta(max_length=300)]
    mjml: Text | None = None
    markdown: Text | None = None
    html: Text | None = None
    text: Text | None = None
    language: Annotated[str, msgspec.Meta(max_length=10)] = ""


class Start(Body):
    """``recipients_count`` is the number that was looked at: nothing starts when it is no longer that. ``confirmed``
    says that the ``alerts`` of the mailing were looked at too."""

    recipients_count: int
    start_at: str | None = None
    confirmed: bool = False


class Approval(Body):
    """``recipients_count`` is the number that was looked at: nothing is approved when it is no longer that."""

    recipients_count: int


class NewTest(Body):
    """Colleagues by their numbers (nobody: yourself), and as whose letter: without a recipient as your own, where a
    field that nobody knows stands in brackets, in this ``language``."""

    user_ids: Annotated[list[Number], msgspec.Meta(max_length=20)] = msgspec.field(default_factory=list)
    recipient_id: Number | None = None
    language: Annotated[str, msgspec.Meta(max_length=10)] = ""


class MetView(msgspec.Struct):
    """Another mailing of these days that ``count`` of the people get too; ``same``: it says the same."""

    mailing_id: int
    count: int
    same: bool


class DifferenceView(msgspec.Struct):
    """The list beside that of the last mailing alike: how many are new, how many were there and are not any more, some
    of each by the number of their row (``left_ids`` are rows of that mailing), and who gets two mailings."""

    mailing_id: int | None
    recipients_count: int
    new: int
    left: int
    new_ids: list[int]
    left_ids: list[int]
    twice: list[MetView]


class MailingView(msgspec.Struct):
    """A mailing. ``alerts`` are why a start has to be confirmed: ``many``, ``few`` (more or fewer people than last
    time, by 30 %), ``same`` (somebody got the same). ``excluded`` counts those who were left out, by reason;
    ``faults`` is what the check found, ``counts`` counts the recipients by state once it has started."""

    id: int
    name: str
    state: str
    mailbox_id: int
    sender: str
    sender_name: str
    segment_ids: list[int]
    exclude_segment_ids: list[int]
    group_ids: list[int]
    everybody: bool
    recipients: str
    cap_days: int
    canary: int
    approved_by: int | None
    approved_at: str | None
    difference: DifferenceView | None
    alerts: list[str]
    tracking: str
    pictures: str
    topic_id: int | None
    recipients_count: int
    excluded: dict[str, int]
    list_state: str
    list_done: int
    list_hash: str | None
    letter_version: int
    check_state: str
    check_done: int
    checked_version: int
    faults: list[dict[str, Any]]
    counts: dict[str, int]
    domains: dict[str, dict[str, int]]
    start_at: str | None
    started_at: str | None
    ended_at: str | None
    created_at: str | None


class LetterView(msgspec.Struct):
    """A letter as it was written (``source``) and as it was made, with its fields still in it."""

    version: int
    language: str
    format: str
    subject: str
    source: str
    html: str
    text: str


class Count(msgspec.Struct):
    """How many it was."""

    count: int


def show_mailing(one: Mailing, choices: list[Choice]) -> MailingView:
    """A mailing in the shape of the interface."""

    def numbers(kind: str, *, takes: bool = True) -> list[int]:
        return [choice.number for choice in choices if choice.kind == kind and choice.takes is takes]

    return MailingView(
        id=one.id, name=one.name, state=one.state, mailbox_id=one.mailbox_id, sender=one.sender,
        sender_name=one.sender_name, segment_ids=numbers("segment"),
        exclude_segment_ids=numbers("segment", takes=False), group_ids=numbers("group"),
        everybody=bool(numbers("everybody")), recipients=one.people, cap_days=one.cap_days, canary=one.canary,
        approved_by=one.approved_by, approved_at=moment(one.approved_at),
        difference=msgspec.convert(one.difference, DifferenceView) if one.difference else None,
        alerts=list_alerts(one.difference, one.recipients_count),
        tracking=one.tracking, pictures=one.pictures, topic_id=one.topic_id, recipients_count=one.recipients_count,
        excluded=one.reasons, list_state=one.list_state,
        list_done=one.list_done, list_hash=one.list_hash.hex() if one.list_hash is not None else None,
        letter_version=one.letter_version, check_state=one.check_state, check_done=one.check_done,
        checked_version=one.checked_version, faults=one.faults, counts=one.counts, domains=one.domains,
        start_at=moment(one.start_at), started_at=moment(one.started_at), ended_at=moment(one.ended_at),
        created_at=moment(one.created_at),
    )  # fmt: skip


def show_letter_of(one: Letter) -> LetterView:
    """A letter as it was written, in the shape of the interface."""
    return LetterView(one.version, one.language, one.format, one.subject, one.source, one.html, one.plain)

"""What became of a mailing, in the shapes of the interface."""

from __future__ import annotations

import msgspec

from api.rest.shapes import moment
from core.clock import iso
from mailhub.campaigns.conducting import SLICE
from mailhub.campaigns.mailings import Mailing
from mailhub.campaigns.results import Recipient, Shown, count_way, share_of_sent
from mailhub.campaigns.visits import Kept, LinkSum


class RecipientView(msgspec.Struct):
    """Somebody on the list. ``reason`` says why they are ``excluded`` or ``cancelled``."""

    id: int
    mailing_id: int
    address: str
    name: str
    contact_id: int | None
    counterparty_id: int | None
    excluded: bool
    reason: str
    state: str
    attempts: int
    reply: str
    next_at: str | None
    sent_at: str | None
    opened_at: str | None
    clicked_at: str | None
    answered_at: str | None
    message_id: int | None
    left_at: str | None


class DeliveryOfMailing(msgspec.Struct):
    """What became of the letter of one recipient."""

    id: int
    mailing_id: int
    message_id: int | None
    recipient: str
    state: str
    attempts: int
    reply: str
    next_at: str | None


class ShownView(msgspec.Struct):
    """The letter of a recipient, rendered from the frozen text. ``proved``: as the check rendered it before it left."""

    sender: str
    recipient: str
    subject: str
    html: str
    text: str
    missing: list[str]
    proved: bool | None


class LinkView(msgspec.Struct):
    """How often a letter was opened (`kind` `open`) or a link of it followed, by people and by machines. `link` is its
    place in the letter; 0 is a link that no person sees."""

    kind: str
    link: int
    url: str
    people: int
    machines: int


class VisitView(msgspec.Struct):
    """One opening or click. `evidence` says why it is a machine's: `head`, `agent`, `network`, `fast`, `honey`,
    `all_links`; `network` is the network that it came from."""

    id: int
    recipient_id: int | None
    kind: str
    link: int
    at: str | None
    machine: bool
    evidence: list[str]
    agent: str
    network: str


class Report(msgspec.Struct):
    """What became of a mailing: recipients by state and what they did, by domain, by link; `sent_over_time`
    how many letters left in the five minutes that begin at each moment."""

    id: int
    name: str
    state: str
    recipients_count: int
    counts: dict[str, int]
    domains: dict[str, dict[str, int]]
    excluded: dict[str, int]
    links: list[LinkView]
    sent_over_time: dict[str, int]


class ComparedView(msgspec.Struct):
    """A mailing beside others: how many letters it sent, and of these in hundredths `delivered`, `opened`, `clicked`
    (where those of people are kept), `answered`, `bounced`, `complained`, `left`."""

    id: int
    name: str
    started_at: str | None
    sent: int
    shares: dict[str, float]


def show_compared(one: Mailing) -> ComparedView:
    """A mailing beside others in the shape of the interface."""
    shares = {key: share for key, share in share_of_sent(one).items() if key != "sent"}
    return ComparedView(one.id, one.name, moment(one.started_at), count_way(one)[0][1], shares)


def show_link(one: LinkSum) -> LinkView:
    """A link in the shape of the interface."""
    return LinkView(one.kind, one.link, one.url, one.people, one.machines)


def show_visit(one: Kept) -> VisitView:
    """An opening or click in the shape of the interface."""
    return VisitView(
        one.id, one.recipient_id, one.kind, one.link, moment(one.at), one.machine, one.evidence, one.agent, one.network
    )


def _over_time(one: Mailing) -> dict[str, int]:
    return {iso(int(number) * SLICE): count for number, count in sorted((one.slices or {}).items())}


def show_report(one: Mailing, links: list[LinkSum]) -> Report:
    """What became of a mailing in the shape of the interface."""
    return Report(
        one.id, one.name, one.state, one.recipients_count, one.counts, one.domains, one.reasons,
        [show_link(each) for each in links], _over_time(one),
    )  # fmt: skip


def show_recipient(one: Recipient) -> RecipientView:
    """A row of the list in the shape of the interface."""
    excluded = one.state == "excluded"
    return RecipientView(
        id=one.id, mailing_id=one.mailing_id, address=one.address, name=one.name, contact_id=one.contact_id,
        counterparty_id=one.counterparty_id, excluded=excluded, reason=one.reason, state=one.state,
        attempts=one.attempts, reply=_reply(one), next_at=moment(one.next_at or None), sent_at=moment(one.sent_at),
        opened_at=moment(one.opened_at), clicked_at=moment(one.clicked_at), answered_at=moment(one.answered_at),
        message_id=one.answer_id, left_at=moment(one.left_at),
    )  # fmt: skip


def show_delivery_of(one: Recipient) -> DeliveryOfMailing:
    """A row of the ledger in the shape of the interface."""
    coming = moment(one.next_at or None)
    return DeliveryOfMailing(
        one.id, one.mailing_id, one.answer_id, one.address, one.state, one.attempts, _reply(one), coming
    )


def _reply(one: Recipient) -> str:
    return " ".join(filter(None, (str(one.reply_code or ""), one.reply_status, one.reply_text)))


def show_shown(one: Shown) -> ShownView:
    """A letter in the shape of the interface."""
    letter = one.letter
    missing = list(letter.missing)
    return ShownView(one.sender, one.address, letter.subject, letter.html, letter.plain, missing, one.proved)

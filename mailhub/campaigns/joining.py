"""Sign-up: somebody asks for our mailings on a form, gets a letter with a link, and is on record once they followed it
and said yes there (double opt-in). Until then nothing of them is kept but what the letter needs, for a week.

Whoever fills in the form hears the same, whether the address is known here or not.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, delete, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound, TooMuch
from core.limits import Rate, take
from core.secrets import Keys
from crm.parties import add_contact, match_address, record_consent
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand_admin
from mailhub.campaigns.tables import sign_up, sign_up_form, sign_up_text
from mailhub.campaigns.topics import choose_topics, end_at
from mailhub.outbound.suppression import canonical_address, digests_of, find_obstacle, lift

LASTS = 7 * clock.DAY
PER_ADDRESS = Rate(3, clock.DAY)
PER_PEER = Rate(20, clock.HOUR)
LONGEST_TITLE, LONGEST_TEXT, LONGEST_NAME = 120, 2_000, 120
_PURPOSE = "sign-up"
OVER = "This link is over: it was used, or it is older than a week. Fill in the form again."


@dataclass(frozen=True, slots=True)
class Form:
    """A form for signing up: ``title`` and ``text`` are what people agree to, as of ``version``."""

    id: int
    title: str
    text: str
    version: int
    ended: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody filled in. ``topics`` are those that they want to hear of; None where there was no choice."""

    address: str
    name: str = ""
    language: str = ""
    topics: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-up whose link was followed: still to be confirmed."""

    id: int
    address: str
    form: Form


_FORM = select(sign_up_form).where(sign_up_form.c.id == bindparam("id"))
_BEGUN = select(sign_up).where(sign_up.c.id == bindparam("id"), sign_up.c.asked_at == bindparam("at"))
_FORMS = select(sign_up_form).order_by(sign_up_form.c.id)


def list_forms(tx: ReadTx) -> list[Form]:
    """All of them, those that ended too."""
    return [_shape(row) for row in tx.rows(_FORMS)]


def get_form(tx: ReadTx, form_id: int) -> Form:
    """One that is open. Raises NotFound."""
    row = tx.row(_FORM, {"id": form_id})
    if row is None or row.ended_at is not None:
        raise NotFound("There is no such form.")
    return _shape(row)


def add_form(tx: WriteTx, viewer: Viewer, title: str, text: str) -> int:
    """A new one. Raises Forbidden for who is no administrator, Invalid."""
    demand_admin(viewer)
    said = _said(title, text)
    made = tx.insert(sign_up_form, **said, created_at=clock.now())
    tx.insert(sign_up_text, form_id=made, version=1, **said, by_id=viewer.user_id, at=clock.now())
    record_audit(tx, viewer.user_id, "sign-up-form-added", str(made))
    return made


def change_form(
    tx: WriteTx, viewer: Viewer, form_id: int, title: str | None, text: str | None, *, ended: bool | None
) -> None:
    """Other words are another version, and the old ones are kept: consents name the version that was agreed to.
    ``ended``: nobody can fill it in any more. What is None stays. Raises Forbidden, NotFound, Invalid."""
    demand_admin(viewer)
    tx.lock(sign_up_form, form_id)
    row = tx.get(sign_up_form, form_id)
    said = _said(row.title if title is None else title, row.text if text is None else text)
    version = row.version
    if (row.title, row.text) != (said["title"], said["text"]):
        version += 1
        tx.insert(sign_up_text, form_id=form_id, version=version, **said, by_id=viewer.user_id, at=clock.now())
    tx.change(sign_up_form, form_id, **said, version=version, ended_at=end_at(row.ended_at, ended))
    record_audit(tx, viewer.user_id, "sign-up-form-changed", str(form_id), version=version)


def ask(tx: WriteTx, keys: Keys, form_id: int, asked: Asked, peer: str, epoch: int) -> tuple[Form, str] | None:
    """Somebody filled in a form from ``peer`` ('' for a program of ours): the form and the token for the link in their
    letter; None when no letter goes there, which nobody is told. Raises NotFound, Invalid for no address, TooMuch when
    too many come from one network."""
    form = get_form(tx, form_id)
    address = canonical_address(asked.address)
    if peer:
        take(tx, f"sign-up from {peer}", PER_PEER)
    digest = digests_of(keys, address)[0]
    try:
        take(tx, f"sign-up of {digest.hex()}", PER_ADDRESS)
    except TooMuch:
        return None  # somebody else may be filling in this address
    if find_obstacle(tx, keys, address, "personal") is not None:
        return None
    name = " ".join(asked.name.split())[:LONGEST_NAME]
    tx.execute(delete(sign_up).where(sign_up.c.address == address, sign_up.c.form_id == form_id))
    now = clock.now()
    made = tx.insert(
        sign_up, form_id=form_id, version=form.version, address=address, name=name,
        language=asked.language, topics=None if asked.topics is None else list(asked.topics), asked_at=now,
    )  # fmt: skip
    return form, keys.sign_token(_PURPOSE, [made, now], epoch)


def see_begun(tx: ReadTx, keys: Keys, token: str) -> Begun:
    """What a link in a letter would confirm. Raises NotFound for one that is over."""
    row = _find(tx, keys, token)
    form = tx.row(_FORM, {"id": row.form_id})
    assert form is not None
    return Begun(row.id, row.address, _shape(form))


def confirm(tx: WriteTx, keys: Keys, token: str) -> int:
    """They said yes: the person is on record with the consent, the form and the version of its words, and hears of
    what they chose. Returns the contact. Raises NotFound for a link that is over."""
    row = _find(tx, keys, token)
    tx.lock(sign_up, row.id)
    row = _find(tx, keys, token)
    contact_id = _person(tx, row)
    source = f"sign-up form {row.form_id}, version {row.version} of its words, confirmed by a link in a letter"
    record_consent(tx, contact_id, given=True, source=source)
    lift(tx, keys, row.address, "unsubscribed")
    if row.topics is not None:
        choose_topics(tx, keys, row.address, [int(one) for one in row.topics], f"sign-up form {row.form_id}")
    tx.execute(delete(sign_up).where(sign_up.c.id == row.id))
    record_change(tx, "contact.signed_up", contact_id, fields={"form_id": row.form_id}, cause="reader")
    return contact_id


def _person(tx: WriteTx, row: Row[Any]) -> int:
    """Whoever has this address, or somebody new."""
    for contact_id, _ in match_address(tx, row.address).pairs:
        if contact_id is not None:
            return int(contact_id)
    more: dict[str, Any] = {"language": row.language} if row.language else {}
    return add_contact(tx, row.name or row.address, emails=[row.address], **more)


def forget_sign_ups(tx: WriteTx, addresses: Collection[str]) -> None:
    """Take away what was not confirmed at these addresses, given in their canonical form."""
    tx.execute(delete(sign_up).where(sign_up.c.address.in_(list(addresses))))


def sweep_sign_ups(tx: WriteTx) -> int:
    """Take away what nobody confirmed in time. Returns how many."""
    return tx.execute(delete(sign_up).where(sign_up.c.asked_at < clock.now() - LASTS))


def _find(tx: ReadTx, keys: Keys, token: str) -> Row[Any]:
    found = keys.read_token(_PURPOSE, token)
    # The moment too: in a copy that was restored somebody else may have the number.
    asked = dict(zip(("id", "at"), found.fields, strict=True)) if found is not None and len(found.fields) == 2 else None
    row = None if asked is None else tx.row(_BEGUN, asked)
    if row is None or row.asked_at < clock.now() - LASTS:
        raise NotFound(OVER)
    return row


def _said(title: str, text: str) -> dict[str, str]:
    title, text = " ".join(title.split()), text.strip().replace("\r\n", "\n")
    if not 0 < len(title) <= LONGEST_TITLE:
        raise Invalid("A title has 1 to %(most)s characters.", most=LONGEST_TITLE, field="title")
    if not 0 < len(text) <= LONGEST_TEXT:
        raise Invalid("Say what people agree to, in at most %(most)s characters.", most=LONGEST_TEXT, field="text")
    return {"title": title, "text": text}


def _shape(row: Row[Any]) -> Form:
    return Form(row.id, row.title, row.text, row.version, row.ended_at is not None)

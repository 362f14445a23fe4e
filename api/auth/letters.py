"""Links for a new password, by mail: for who forgot it, and for who is invited. Whether there is such a person is seen
neither in the answer nor in the time it takes: the work is done when the answer has left."""

from __future__ import annotations

import hashlib
from ipaddress import ip_network
from urllib.parse import urlsplit

from api.auth.signin import LONGEST_PASSWORD, hashing
from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Forbidden, HouseError, Invalid, TooMuch
from core.limits import Rate, take
from core.log import get_log
from crm.staff.audit import record_audit
from crm.staff.links import USED, Link, find_link, make_link, use_link
from crm.staff.people import User, find_user_by_email, get_user, hash_password
from crm.staff.readable import Viewer, demand_admin
from crm.staff.rights import list_viewers_of
from mailhub.mailboxes.boxes import get_mailbox
from mailhub.mailboxes.directory import read_directory
from mailhub.outbound.house_letters import post_house_letter
from mailhub.runtime import House

PER_ADDRESS = Rate(3, clock.HOUR)
PER_PEER = Rate(20, clock.HOUR)
PATH = "/login/password"
log = get_log(__name__)


async def send_reset(house: House, email: str, *, peer: str) -> None:
    """Write to the person with this address, if there is one and not too many letters were asked for. Says nothing."""
    try:
        await house.database.work(_ask_reset, house, email.strip().lower()[:320], peer)
    except TooMuch:
        log.info("a new password was asked for too often")
    except HouseError as problem:
        log.warning("a link for a new password could not be sent", reason=str(problem))


def invite(tx: WriteTx, viewer: Viewer, house: House, user_id: int) -> None:
    """Write to somebody of the staff how they come in the first time (administrators). Raises Forbidden, NotFound,
    TooMuch, and Conflict for who is let in no more."""
    demand_admin(viewer)
    person = get_user(tx, user_id)
    if person.disabled:
        raise Conflict("This person is let in no more, so they are not invited.")
    if _is_read_by_others(tx, person):
        raise Conflict(
            "Letters to %(address)s are read by others here too, so no link goes there. Set a password instead.",
            address=person.email,
        )
    take(tx, f"invite:{user_id}", PER_ADDRESS)
    secret = make_link(tx, user_id, "invitation")
    speak = house.speak(person.language)
    company = house.settings.company.name or urlsplit(house.settings.web.base_url).netloc
    text = speak.gettext(
        "%(name)s invites you to the letters of %(company)s.\n\nChoose your password here, within a week:\n%(url)s\n",
        name=viewer.name, company=company, url=_url(house, secret),
    )  # fmt: skip
    subject = speak.gettext("Your way into %(company)s", company=company)
    post_house_letter(tx, house.keys, person.email, subject, text, name=person.name)
    record_audit(tx, viewer.user_id, "user-invited", str(user_id))


async def find_person_of_link(house: House, secret: str) -> Link | None:
    """Whom a link is for, None when it is worth nothing."""
    return await house.database.read(find_link, secret)


async def set_password_by_link(house: House, secret: str, new: str) -> User:
    """Set it; the link is used and every session of the person ends. Raises Invalid, Forbidden."""
    if len(new) > LONGEST_PASSWORD:
        raise Invalid("This password is too long.", field="password")
    if await find_person_of_link(house, secret) is None:
        raise Forbidden(USED)  # without the work of hashing
    return await house.database.write(use_link, secret, await hashing(hash_password, new))


def _ask_reset(tx: WriteTx, house: House, email: str, peer: str) -> None:
    if peer and not ip_network(peer).is_loopback:
        take(tx, f"reset-from:{peer}", PER_PEER)
    take(tx, f"reset:{hashlib.sha256(email.encode()).hexdigest()[:32]}", PER_ADDRESS)
    person = find_user_by_email(tx, email)
    if person is None or person.disabled:
        return
    if _is_read_by_others(tx, person):
        log.warning("no link for a new password goes to a mailbox that others read", user_id=person.id)
        record_audit(tx, person.id, "password-asked", peer=peer, sent=False)
        return
    secret = make_link(tx, person.id, "reset")
    speak = house.speak(person.language)
    text = speak.gettext(
        "Somebody, you we hope, asked for a new password here.\n\nChoose it within half an hour:\n%(url)s\n\n"
        "If it was not you, do nothing: the old password stays.\n",
        url=_url(house, secret),
    )
    post_house_letter(tx, house.keys, person.email, speak.gettext("A new password"), text, name=person.name)
    record_audit(tx, person.id, "password-asked", peer=peer)


def _is_read_by_others(tx: ReadTx, person: User) -> bool:
    """Whether letters to the person's address come into a mailbox here that somebody else may read: a deputy could
    become them by such a letter."""
    mailbox_id = read_directory(tx).find(person.email)
    if mailbox_id is None:
        return False
    box = get_mailbox(tx, mailbox_id)
    return box.kind != "personal" or any(one != person.id for one in list_viewers_of(tx, box.scope_id))


def _url(house: House, secret: str) -> str:
    """Never from a request: who asks may lie about whom they asked (Host, X-Forwarded-Host)."""
    return f"{house.settings.web.base_url}{PATH}/{secret}"

"""Devices: browsers that hear of notices although no page of ours is open, each of one sign-in of one person.

``queue`` writes down what a device has to be told, in the transaction of the notice. Whoever tells claims devices,
takes for each what its person may see at that moment (``take_told``), and says what came of it: ``record_told``,
``record_silent`` (later), ``record_gone``. What was read meanwhile, or replaced by something newer, is told to nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, exists, select, update

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from core.fetch import parse_url
from core.secrets import hash_secret
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, get_viewer
from crm.staff.sessions import alive
from crm.staff.tables import session
from mailhub.mailboxes.notice_tables import device, device_notice
from mailhub.mailboxes.notices import Notice, list_notices_of

TOPIC = "devices"
LEASE = clock.MINUTE
FRESH = clock.DAY
"""What is older is no news any more: a device that was away finds it in the application."""
MOST_CLAIMED = 20
MOST_TOLD = 100
FIRST_REST, LONGEST_REST = clock.MINUTE, 6 * clock.HOUR
LONGEST_ADDRESS = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """What a device is to be told now, the newest first, in the language of its person. ``ids`` are the notices that
    this answers, with those that nobody has to be told of any more."""

    device_id: int
    address: str
    public: bytes
    secret: bytes
    language: str
    notices: Sequence[Notice]
    ids: Sequence[int]


_OF = select(device.c.id, device.c.user_id).where(device.c.user_id.in_(bindparam("ids", expanding=True)))


def find_devices(tx: ReadTx, user_ids: Sequence[int]) -> dict[int, list[int]]:
    """The devices of those people who have some."""
    found: dict[int, list[int]] = {}
    for row in tx.rows(_OF, {"ids": user_ids}):
        found.setdefault(int(row.user_id), []).append(int(row.id))
    return found


def queue(tx: WriteTx, notice_ids: Mapping[int, Sequence[int]]) -> None:
    """Each notice is to be told to these devices."""
    pairs = [{"device_id": one, "notice_id": told} for told, devices in notice_ids.items() for one in devices]
    tx.insert_many(device_notice, pairs)
    if pairs:
        tx.announce(TOPIC)


def has_device(tx: ReadTx, secret: str) -> bool:
    """Is the browser behind this cookie told of notices while it is closed?"""
    return tx.value(select(device.c.id).where(device.c.session_key == hash_secret(secret))) is not None


def set_device(tx: WriteTx, viewer: Viewer, secret: str, address: str, public: bytes, given: bytes) -> None:
    """Tell the browser behind this cookie, at the address that it gave; whoever was told there before is no more.
    Raises Invalid for an address that is none of a service on the internet, NotFound for a session that is over."""
    if len(address) > LONGEST_ADDRESS or parse_url(address).scheme != "https":
        raise Invalid("This is not the address of a browser's service.", field="address")
    key = hash_secret(secret)
    if tx.value(select(session.c.key).where(session.c.key == key, session.c.user_id == viewer.user_id)) is None:
        raise NotFound("This session is over already.")
    tx.lock_key("device", address)
    fresh = not tx.execute(delete(device).where(device.c.session_key == key))
    tx.execute(delete(device).where(device.c.address == address))
    tx.insert(
        device,
        session_key=key,
        user_id=viewer.user_id,
        address=address,
        public=public,
        secret=given,
        created_at=clock.now(),
    )
    if fresh:
        record_audit(tx, viewer.user_id, "device-added")


def end_device(tx: WriteTx, viewer: Viewer, secret: str) -> None:
    """The browser behind this cookie is told nothing any more."""
    mine = device.c.session_key == hash_secret(secret)
    if tx.execute(delete(device).where(mine, device.c.user_id == viewer.user_id)):
        record_audit(tx, viewer.user_id, "device-removed")


_DUE = (
    select(device.c.id)
    .where(device.c.rests_until <= bindparam("now"), exists().where(device_notice.c.device_id == device.c.id))
    .order_by(device.c.id)
    .limit(MOST_CLAIMED)
)
_CLAIM = update(device).where(device.c.id == bindparam("device_id"), device.c.rests_until <= bindparam("now"))
_CLAIMED = _CLAIM.values(rests_until=bindparam("until"))
_NEXT = (
    select(device.c.rests_until)
    .where(exists().where(device_notice.c.device_id == device.c.id))
    .order_by(device.c.rests_until)
    .limit(1)
)


def claim_devices(tx: WriteTx) -> list[int]:
    """Devices that have something to be told, for a minute nobody else's."""
    now = clock.now()
    due = [int(one) for one in tx.values(_DUE, {"now": now})]
    return [one for one in due if tx.execute(_CLAIMED, {"device_id": one, "now": now, "until": now + LEASE})]


def find_next(tx: ReadTx) -> int | None:
    """The moment at which a device is to be told something; None when nothing waits."""
    due: int | None = tx.value(_NEXT)
    return due


_DEVICE = select(device).join(session, session.c.key == device.c.session_key).where(device.c.id == bindparam("id"))
_QUEUED = select(device_notice.c.notice_id).where(device_notice.c.device_id == bindparam("id"))


def take_told(tx: ReadTx, device_id: int) -> Told | None:
    """What the device is to be told, by the rights of this moment; None where its sign-in or its person is no more."""
    now = clock.now()
    row = tx.row(_DEVICE.where(*alive(now)), {"id": device_id})
    try:
        viewer = None if row is None else get_viewer(tx, int(row.user_id))
    except NotFound:  # disabled meanwhile
        viewer = None
    if row is None or viewer is None:
        return None
    ids = sorted(int(one) for one in tx.values(_QUEUED, {"id": device_id}))
    shown = [one for one in list_notices_of(tx, viewer, ids[-MOST_TOLD:]) if not one.read and one.at > now - FRESH]
    return Told(device_id, row.address, row.public, row.secret, viewer.language, shown, ids)


_TELL = delete(device_notice).where(
    device_notice.c.device_id == bindparam("id"), device_notice.c.notice_id.in_(bindparam("ids", expanding=True))
)


def record_told(tx: WriteTx, device_id: int, ids: Sequence[int]) -> None:
    """The device was told of these, or need not be."""
    tx.execute(_TELL, {"id": device_id, "ids": list(ids)})
    tx.change(device, device_id, rests_until=0, failures=0)


def record_silent(tx: WriteTx, device_id: int, seconds: int | None) -> None:
    """Its service takes nothing now; it is asked again after ``seconds``, or after longer and longer."""
    failures = tx.value(select(device.c.failures).where(device.c.id == device_id)) or 0
    rest = min(FIRST_REST << min(failures, 10), LONGEST_REST)
    if seconds is not None:
        rest = min(max(seconds, 1) * clock.SECOND, LONGEST_REST)
    tx.change(device, device_id, rests_until=clock.now() + rest, failures=failures + 1)


def record_gone(tx: WriteTx, device_id: int) -> None:
    """Nobody is there any more."""
    tx.execute(delete(device).where(device.c.id == device_id))

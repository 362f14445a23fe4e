"""Which services tell us what came back: what they are called, their secret under seal, the address that they call.

The address carries a token of ours, so that nobody finds it by trying, and a service that is taken away is unknown from
then on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from sqlalchemy import Row, bindparam, delete, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from core.secrets import Keys
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand_admin
from mailhub.outbound.services.amazon import TOPIC
from mailhub.outbound.services.sendgrid import read_key
from mailhub.outbound.tables import sending_service

Kind = Literal["ses", "mailgun", "postmark", "sendgrid"]
KINDS: tuple[Kind, ...] = get_args(Kind)
PATH = "/returns"
MOST, LONGEST_NAME, LONGEST_SECRET = 50, 80, 1_000
_PURPOSE = "sending service"
_ALL = select(sending_service).order_by(sending_service.c.id)
_ONE = select(sending_service).where(sending_service.c.id == bindparam("id"))


@dataclass(frozen=True, slots=True)
class Service:
    """One of them, without its secret. ``path`` is what the service calls, below the address of the house; ``taken``
    counts what it told of letters of ours; ``fault`` says why a call was refused at ``refused_at``."""

    id: int
    kind: Kind
    name: str
    path: str
    taken: int
    heard_at: int | None
    refused_at: int | None
    fault: str
    created_at: int


def list_services(tx: ReadTx, keys: Keys, viewer: Viewer) -> list[Service]:
    """All of them, the oldest first. Raises Forbidden for who is no administrator."""
    demand_admin(viewer)
    return [_shape(keys, row) for row in tx.rows(_ALL)]


def get_service(tx: ReadTx, keys: Keys, viewer: Viewer, service_id: int) -> Service:
    """Raises Forbidden, NotFound."""
    demand_admin(viewer)
    return _shape(keys, _get(tx, service_id))


def add_service(tx: WriteTx, keys: Keys, viewer: Viewer, kind: str, name: str, secret: str) -> int:
    """A service more. Raises Forbidden, Invalid."""
    demand_admin(viewer)
    if kind not in KINDS:
        raise Invalid("There is no such service here.", field="kind")
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid("A name has 1 to %(most)s characters.", most=LONGEST_NAME, field="name")
    if len(tx.rows(_ALL)) >= MOST:
        raise Invalid("There are %(most)s services already.", most=MOST, field="name")
    secret = check_secret(kind, secret)
    made = tx.insert(sending_service, kind=kind, name=name, secret=b"", created_at=clock.now())
    tx.change(sending_service, made, secret=keys.seal(_sealed(made), secret.encode()))
    record_audit(tx, viewer.user_id, "sending-service-added", str(made), kind=kind, name=name)
    return made


def change_secret(tx: WriteTx, keys: Keys, viewer: Viewer, service_id: int, secret: str) -> None:
    """It has another secret now; its address stays. Raises Forbidden, NotFound, Invalid."""
    demand_admin(viewer)
    tx.lock(sending_service, service_id)
    row = _get(tx, service_id)
    sealed = keys.seal(_sealed(service_id), check_secret(row.kind, secret).encode())
    tx.change(sending_service, service_id, secret=sealed, refused_at=None, fault="")
    record_audit(tx, viewer.user_id, "sending-service-changed", str(service_id), name=row.name)


def remove_service(tx: WriteTx, viewer: Viewer, service_id: int) -> None:
    """Believe it no more. Raises Forbidden, NotFound."""
    demand_admin(viewer)
    row = _get(tx, service_id)
    tx.execute(delete(sending_service).where(sending_service.c.id == service_id))
    record_audit(tx, viewer.user_id, "sending-service-removed", str(service_id), name=row.name)


def check_secret(kind: str, secret: str) -> str:
    """What proves a service of this kind, as it is kept. Raises Invalid with what it has to look like."""
    secret = secret.strip()
    if len(secret) > LONGEST_SECRET or not secret.isprintable():
        raise Invalid("This secret holds characters that do not belong there, or too many.", field="secret")
    _CHECKS[cast("Kind", kind)](secret)
    return secret


def open_service(tx: ReadTx, keys: Keys, token: str) -> tuple[int, Kind, str]:
    """Number, kind and secret of the service that calls this address. Raises NotFound, Unavailable."""
    named = keys.read_token(_PURPOSE, token)
    number = named.fields[0] if named is not None and len(named.fields) == 1 else None
    row = tx.row(_ONE, {"id": number}) if isinstance(number, int) else None
    if row is None:
        raise NotFound("There is no such address.")
    return row.id, cast("Kind", row.kind), keys.open(_sealed(row.id), bytes(row.secret)).decode()


def record_refused(tx: WriteTx, service_id: int, why: str) -> None:
    """A call of it was not believed, for administrators to see."""
    tx.change(sending_service, service_id, refused_at=clock.now(), fault=why[:300])


def _check_topic(secret: str) -> None:
    if not TOPIC.fullmatch(secret):
        raise Invalid("A topic looks like arn:aws:sns:eu-west-1:123456789012:bounces.", field="secret")


def _check_key(secret: str) -> None:
    if not secret:
        raise Invalid("Without the signing key of the account no call of it is believed.", field="secret")


def _check_password(secret: str) -> None:
    user, colon, password = secret.partition(":")
    if secret and not (user and colon and password):
        raise Invalid("Write user and password with a colon between them, or nothing.", field="secret")


_CHECKS: dict[Kind, Callable[[str], object]] = {
    "ses": _check_topic, "mailgun": _check_key, "postmark": _check_password, "sendgrid": read_key,
}  # fmt: skip


def _sealed(service_id: int) -> str:
    return f"{_PURPOSE}:{service_id}"


def _get(tx: ReadTx, service_id: int) -> Row[Any]:
    row = tx.row(_ONE, {"id": service_id})
    if row is None:
        raise NotFound("There is no such service.")
    return row


def _shape(keys: Keys, row: Row[Any]) -> Service:
    path = f"{PATH}/{keys.sign_token(_PURPOSE, [row.id], 0)}"
    return Service(
        row.id, cast("Kind", row.kind), row.name, path, row.taken, row.heard_at, row.refused_at, row.fault,
        row.created_at,
    )  # fmt: skip

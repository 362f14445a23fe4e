"""Passkeys (WebAuthn level 2): a key that never leaves its device or the person's own store, bound to this site by the
browser. Registered by names, several a person; one of them signs in without a password, since the device asked for a
finger, a face or a PIN first (user verification)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import delete, select, update
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.parse_authentication_credential_json import parse_authentication_credential_json
from webauthn.helpers.parse_registration_credential_json import parse_registration_credential_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.secrets import new_secret
from crm.staff.audit import record_audit
from crm.staff.ceremonies import begin_ceremony, end_ceremony
from crm.staff.factors import get_factors, refuse_last
from crm.staff.people import User, get_user
from crm.staff.tables import passkey, user

MOST_PASSKEYS = 20
LONGEST_NAME = 100
LARGEST_ANSWER = 20_000
_REGISTER, _SIGN_IN = "passkey-register", "passkey-sign-in"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Site:
    """Whom passkeys are bound to, from the address in the settings and from nothing that a request says. Browsers
    take no passkeys for a bare IP address: ``rp_id`` is empty then."""

    rp_id: str
    origin: str
    name: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as its owner knows it. ``synced``: it lives in a store that copies it to their other devices.
    ``doubted_at``: an older count was shown than before, so somebody may have a copy of what has none."""

    id: int
    name: str
    created_at: int
    used_at: int | None
    synced: bool
    doubted_at: int | None


def make_site(base_url: str, name: str) -> Site:
    """The site behind ``web.base_url``."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    is_name = not (":" in host or host.replace(".", "").isdigit())
    return Site(host if is_name else "", f"{parts.scheme}://{parts.netloc}", name or "mailhub")


def list_passkeys(tx: ReadTx, user_id: int) -> list[Passkey]:
    """The person's passkeys, the oldest first."""
    rows = tx.rows(select(passkey).where(passkey.c.user_id == user_id).order_by(passkey.c.id))
    return [
        Passkey(row.id, row.name, row.created_at, row.used_at, bool(row.synced), row.doubted_at) for row in rows
    ]  # fmt: skip


def begin_passkey(tx: WriteTx, site: Site, user_id: int) -> str:
    """What the browser needs to make a passkey for this person, as JSON. Raises Invalid where there can be none."""
    _demand_name(site)
    person: User = get_user(tx, user_id)
    known = tx.values(select(passkey.c.credential_id).where(passkey.c.user_id == user_id))
    if len(known) >= MOST_PASSKEYS:
        raise Invalid("You have %(most)s passkeys. Remove one that you need no more.", most=MOST_PASSKEYS)
    challenge = new_secret()
    begin_ceremony(tx, _REGISTER, challenge, user_id=user_id)
    options = generate_registration_options(
        rp_id=site.rp_id,
        rp_name=site.name,
        user_id=b"mailhub:%d" % user_id,
        user_name=person.email,
        user_display_name=person.name,
        challenge=challenge.encode(),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=bytes(one)) for one in known],
    )
    return options_to_json(options)


def add_passkey(tx: WriteTx, site: Site, user_id: int, name: str, answer: dict[str, Any]) -> int:
    """Keep the passkey that the browser made. Raises Invalid for an answer that does not hold, Forbidden for one to
    another challenge, Conflict for a passkey that is known."""
    _demand_name(site)
    parsed = _understood(lambda: parse_registration_credential_json(answer))
    challenge = _challenge_of(parsed.response.client_data_json)
    if end_ceremony(tx, _REGISTER, challenge).user_id != user_id:
        raise Forbidden("This was not begun here a moment ago. Begin again.")
    made = _understood(
        lambda: verify_registration_response(
            credential=parsed,
            expected_challenge=challenge.encode(),
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    )
    if tx.value(select(passkey.c.id).where(passkey.c.credential_id == made.credential_id)) is not None:
        raise Conflict("This passkey is known already.")
    passkey_id = tx.insert(
        passkey,
        user_id=user_id,
        name=name.strip()[:LONGEST_NAME] or "Passkey",
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        synced=int(made.credential_device_type == CredentialDeviceType.MULTI_DEVICE),
        created_at=clock.now(),
    )
    record_audit(tx, user_id, "passkey-added", str(passkey_id))
    return passkey_id


def begin_passkey_sign_in(tx: WriteTx, site: Site) -> str:
    """What the browser needs to ask its person for a passkey of this site, as JSON; it says nothing of who has one."""
    _demand_name(site)
    challenge = new_secret()
    begin_ceremony(tx, _SIGN_IN, challenge)
    options = generate_authentication_options(
        rp_id=site.rp_id, challenge=challenge.encode(), user_verification=UserVerificationRequirement.REQUIRED
    )
    return options_to_json(options)


def take_passkey(tx: WriteTx, site: Site, answer: dict[str, Any]) -> int | None:
    """The enabled person whose passkey answered, None when it is nobody's, or a copy of one: an older count is
    remembered as a doubt and told in the audit log. Raises Invalid, Forbidden as ``add_passkey``."""
    _demand_name(site)
    parsed = _understood(lambda: parse_authentication_credential_json(answer))
    challenge = _challenge_of(parsed.response.client_data_json)
    end_ceremony(tx, _SIGN_IN, challenge)
    asked = (
        select(passkey)
        .join(user, user.c.id == passkey.c.user_id)
        .where(passkey.c.credential_id == parsed.raw_id, user.c.disabled_at.is_(None))
    )
    owner = tx.row(asked)
    if owner is None:
        return None
    tx.lock(user, owner.user_id)
    row = tx.row(asked)  # it may have been removed, or its person disabled, until the row was held
    if row is None:
        return None
    shown = _understood(
        lambda: verify_authentication_response(
            credential=parsed,
            expected_challenge=challenge.encode(),
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=bytes(row.public_key),
            credential_current_sign_count=0,  # compared below, after the signature: a stranger must not raise a doubt
            require_user_verification=True,
        )
    )
    here = update(passkey).where(passkey.c.id == row.id)
    known = int(row.sign_count)
    if (shown.new_sign_count or known) and shown.new_sign_count <= known:
        tx.execute(here.values(doubted_at=clock.now()))
        record_audit(tx, row.user_id, "passkey-doubted", str(row.id))
        return None
    tx.execute(here.values(sign_count=shown.new_sign_count, used_at=clock.now()))
    return int(row.user_id)


def rename_passkey(tx: WriteTx, user_id: int, passkey_id: int, name: str) -> None:
    """Call one of the person's passkeys by another name. Raises NotFound, Invalid."""
    if not name.strip():
        raise Invalid("A passkey needs a name.", field="name")
    mine = update(passkey).where(passkey.c.id == passkey_id, passkey.c.user_id == user_id)
    if not tx.execute(mine.values(name=name.strip()[:LONGEST_NAME])):
        raise NotFound("There is no passkey with the number %(id)s.", id=passkey_id)


def drop_passkey(tx: WriteTx, user_id: int, passkey_id: int, rule: str, *, by_id: int | None = None) -> None:
    """Take a passkey no more. Raises NotFound, and Forbidden when the house wants a second factor and it is the only
    one; an administrator (``by_id``) may."""
    tx.lock(user, user_id)
    mine = get_factors(tx, user_id)
    gone = tx.execute(delete(passkey).where(passkey.c.id == passkey_id, passkey.c.user_id == user_id))
    if not gone:
        raise NotFound("There is no passkey with the number %(id)s.", id=passkey_id)
    if by_id is None and mine.codes_since is None and mine.passkeys == 1:
        refuse_last(tx, user_id, rule)
    record_audit(tx, user_id if by_id is None else by_id, "passkey-removed", str(user_id), passkey=passkey_id)


def _demand_name(site: Site) -> None:
    if not site.rp_id:
        raise Invalid("Browsers make no passkeys for an address of numbers. Set web.base_url to a name.")


def _challenge_of(client_data: bytes) -> str:
    """The challenge that was answered, as text; whether it is one of ours is asked of its row."""
    told = _understood(lambda: parse_client_data_json(client_data))
    return _understood(lambda: told.challenge.decode("ascii"))


def _understood(read: Callable[[], T]) -> T:
    """What the library reads and checks; whatever it cannot make sense of is Invalid."""
    try:
        return read()
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, msgspec.MsgspecError) as problem:
        raise Invalid("The answer of the passkey does not hold. Try again.") from problem

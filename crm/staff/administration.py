"""What administrators do with the accounts of others: roles, sessions, factors that were lost. Each is a line of the
audit log, and whatever makes an old cookie stronger than it was ends it."""

from __future__ import annotations

from core.database import ReadTx, WriteTx
from core.errors import Conflict
from crm.staff.audit import record_audit
from crm.staff.factors import drop_codes
from crm.staff.identities import drop_identity
from crm.staff.passkeys import drop_passkey, list_passkeys
from crm.staff.people import User, disable_user, get_user, set_admin
from crm.staff.readable import Viewer, demand_admin
from crm.staff.sessions import Session, end_named_session, end_sessions, list_sessions


def change_role(tx: WriteTx, viewer: Viewer, user_id: int, is_admin: bool) -> User:
    """Make a person an administrator or one no more; they sign in anew. Raises Forbidden, NotFound, Conflict."""
    demand_admin(viewer)
    if set_admin(tx, user_id, is_admin):
        action = "user-became-administrator" if is_admin else "user-no-administrator"
        record_audit(tx, viewer.user_id, action, str(user_id))
    return get_user(tx, user_id)


def list_sessions_of(tx: ReadTx, viewer: Viewer, user_id: int) -> list[Session]:
    """Where a person is signed in. Raises Forbidden, NotFound."""
    demand_admin(viewer)
    return list_sessions(tx, get_user(tx, user_id).id, None)


def end_session_of(tx: WriteTx, viewer: Viewer, user_id: int, name: str) -> None:
    """Sign a person out in one place. Raises Forbidden, NotFound."""
    demand_admin(viewer)
    end_named_session(tx, user_id, name, by_id=viewer.user_id)


def end_sessions_of(tx: WriteTx, viewer: Viewer, user_id: int) -> int:
    """Sign a person out everywhere. Returns how many sessions ended. Raises Forbidden, NotFound."""
    demand_admin(viewer)
    ended = end_sessions(tx, get_user(tx, user_id).id)
    record_audit(tx, viewer.user_id, "sessions-ended", str(user_id), sessions=ended)
    return ended


def reset_factors(tx: WriteTx, viewer: Viewer, user_id: int) -> None:
    """For who lost the telephone: codes, passkeys and the single sign-on of a person are forgotten, and they are signed
    out. Raises Forbidden, NotFound, and Conflict for oneself."""
    demand_admin(viewer)
    if user_id == viewer.user_id:
        raise Conflict("You cannot shut yourself out. Let another administrator do it.")
    get_user(tx, user_id)
    drop_codes(tx, user_id, "", by_id=viewer.user_id)
    for one in list_passkeys(tx, user_id):
        drop_passkey(tx, user_id, one.id, "", by_id=viewer.user_id)
    drop_identity(tx, user_id, viewer.user_id)
    end_sessions_of(tx, viewer, user_id)


def let_go(tx: WriteTx, viewer: Viewer, user_id: int) -> None:
    """Let a person in no more. Raises Forbidden, NotFound, and Conflict for oneself."""
    demand_admin(viewer)
    if user_id == viewer.user_id:
        raise Conflict("You cannot shut yourself out. Let another administrator do it.")
    disable_user(tx, user_id)
    record_audit(tx, viewer.user_id, "user-disabled", str(user_id))

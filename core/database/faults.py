"""What the drivers' errors mean to the house."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, IntegrityError

from core.errors import Conflict, HouseError, Unavailable

# SQLSTATE classes that mean "run it again": serialization failure, deadlock, unique violation (another was first).
_AGAIN = {"40001", "40P01", "23505"}


def may_run_again(error: BaseException) -> bool:
    """True when the same unit, run again on what is committed now, may succeed (PostgreSQL)."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None) in _AGAIN


def translate(error: BaseException) -> BaseException:
    """The house's error for a driver's: Unavailable for disk and connection, Conflict for a broken uniqueness.

    Errors of the house and bugs pass unchanged; the driver's own error stays as ``__cause__``.
    """
    if isinstance(error, HouseError):
        return error
    cause = error.orig if isinstance(error, DBAPIError) else error
    meaning: HouseError | None = None
    if isinstance(error, IntegrityError) or isinstance(cause, sqlite3.IntegrityError):
        meaning = Conflict("Somebody else has just done the same. Look again.")
    elif isinstance(cause, sqlite3.OperationalError):
        name = getattr(cause, "sqlite_errorname", "")
        if name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CANTOPEN")):
            meaning = Unavailable("The database cannot write now (%(reason)s). Try again in a minute.", reason=name)
    elif _is_operational(cause) and not (getattr(cause, "sqlstate", None) or "").startswith("54"):  # 54: our bug
        meaning = Unavailable("The database cannot be reached now. Try again in a minute.")
    if meaning is None:
        return error
    meaning.__cause__ = error
    return meaning


def _is_operational(cause: BaseException | None) -> bool:
    """Is it psycopg's OperationalError? Told by name: the driver is loaded only where the database is PostgreSQL."""
    return any(kind.__name__ == "OperationalError" and kind.__module__ == "psycopg" for kind in type(cause).__mro__)

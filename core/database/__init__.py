"""The database: plain functions ``verb(tx, …)`` run inside one short transaction, and nobody else commits."""

from core.database.engine import Database, open_database
from core.database.tx import ReadTx, WriteTx

__all__ = ["Database", "ReadTx", "WriteTx", "open_database"]

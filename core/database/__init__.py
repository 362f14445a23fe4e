"""The database: plain functions ``verb(tx, …)`` run inside one short transaction, and nobody else commits."""

from core.database.among import among
from core.database.as_json import to_json
from core.database.engine import Database, open_database
from core.database.indexes import ExpressionIndex, list_indexes
from core.database.tx import ReadTx, WriteTx

__all__ = ["Database", "ExpressionIndex", "ReadTx", "WriteTx", "among", "list_indexes", "open_database", "to_json"]

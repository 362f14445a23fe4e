"""Whether a list is still what was asked for: segments end, and their rules are written anew, while it lies frozen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, exists, select

from core.database import ReadTx
from core.errors import Conflict
from crm.segments.tables import segment, segment_version
from mailhub.campaigns.mailings import Choice, list_choices

_ENDED = select(segment.c.name).where(
    segment.c.id.in_(bindparam("ids", expanding=True)), segment.c.ended_at.is_not(None)
)
# Versions that nobody wrote only ask the same once more.
_REWRITTEN = select(segment.c.name).where(
    segment.c.id.in_(bindparam("ids", expanding=True)),
    exists().where(
        segment_version.c.segment_id == segment.c.id,
        segment_version.c.by_id.is_not(None),
        segment_version.c.at > bindparam("since"),
    ),
)


def demand_standing(tx: ReadTx, choices: Sequence[Choice]) -> None:
    """Raises Conflict where a segment among them was ended: nobody is in it any more, so whoever should not get it
    would."""
    name = tx.value(_ENDED.limit(1), {"ids": _segments(choices)})
    if name is not None:
        raise Conflict("The segment “%(name)s” was ended. Choose anew who shall get this mailing.", name=name)


def find_rewritten(tx: ReadTx, row: Any) -> str | None:
    """The name of a segment whose rule somebody wrote anew since the list of a mailing (its row) was frozen."""
    asked = {"ids": _segments(list_choices(tx, row.id)), "since": row.frozen_at or 0}
    name: str | None = tx.value(_REWRITTEN.limit(1), asked)
    return name


def demand_fresh(tx: ReadTx, row: Any) -> None:
    """Raises Conflict for a list that another rule would lay now."""
    name = find_rewritten(tx, row)
    if name is not None:
        raise Conflict(
            "The rule of the segment “%(name)s” has changed since the list was frozen. Check again: the list is frozen "
            "anew then.",
            name=name,
        )


def _segments(choices: Sequence[Choice]) -> list[int]:
    return [one.number for one in choices if one.kind == "segment"]

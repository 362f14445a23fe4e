"""Many threads at once, for programs and pages alike: chunk after chunk, each a transaction of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.auth import Door
from core.errors import Invalid
from mailhub.mailboxes.bulk import CHUNK, MOST_THREADS, Back, Refused, Wish, begin_bulk, do_chunk, undo_chunk


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of all threads; ``bulk_id`` takes it back."""

    bulk_id: int
    done: list[int]
    refused: list[Refused]


async def carry_out(door: Door, wish: Wish, thread_ids: Sequence[int]) -> Outcome:
    """Do it to each that the viewer may do it to. Raises Invalid for none, or for more than a thousand."""
    ids = sorted(set(thread_ids))
    if not 0 < len(ids) <= MOST_THREADS:
        raise Invalid("Choose 1 to %(most)s threads.", most=MOST_THREADS, field="thread_ids")
    outcome = Outcome(await door.write(begin_bulk, wish), [], [])
    for start in range(0, len(ids), CHUNK):
        done = await door.write(do_chunk, outcome.bulk_id, wish, ids[start : start + CHUNK])
        outcome.done.extend(done.done)
        outcome.refused.extend(done.refused)
    return outcome


async def take_back(door: Door, bulk_id: int) -> Back:
    """All of it back to what it was, but what was changed since. Raises NotFound."""
    whole = await door.write(undo_chunk, bulk_id)
    part = whole
    while part.more:
        part = await door.write(undo_chunk, bulk_id)
        whole.restored.extend(part.restored)
        whole.changed.extend(part.changed)
    return whole

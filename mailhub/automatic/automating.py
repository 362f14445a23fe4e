"""The loop of letters that go by themselves: what has come due is written down, and leaves when its hour is there."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from core import clock
from core.database import Database
from core.errors import HouseError, Unavailable
from core.log import get_log
from core.rounds import Rounds
from mailhub.automatic.following import follow_part, has_news
from mailhub.automatic.letters import hold_fault
from mailhub.automatic.rules import list_active
from mailhub.automatic.sending import Means, find_next, list_due, send_letter
from mailhub.automatic.shapes import TIMED, Rule
from mailhub.automatic.taking import has_due, take_part, was_off

LOOK_SECONDS = 20.0
SHORTEST_REST = 0.2
DATES_EVERY = clock.MINUTE
log = get_log(__name__)


class Automating(Rounds):
    """Runs until it is cancelled; ``wake`` makes it look at once. A house without rules writes nothing."""

    def __init__(self, database: Database, means: Means, zone: ZoneInfo) -> None:
        """``zone`` is that of the house."""
        super().__init__("letters that go by themselves", LOOK_SECONDS)
        self._database = database
        self._means = means
        self._zone = zone
        self._looked: dict[int, int] = {}

    async def look(self) -> float | None:
        """What happened, what the clock says, then the letters whose hour is there."""
        rules = await self._database.read(list_active)
        means = self._means
        if await self._database.read(has_news):
            while await self._database.work(follow_part, self._zone, means.stamp.epoch, means.hold_after):
                pass
        for rule in rules:
            if rule.told.kind in TIMED:
                await self._take(rule, off=was_off(rule, means.hold_after))
        moved = True
        while moved and (due := await self._database.read(list_due)):
            moved = any([await self._send(letter_id) for letter_id in due])
        following = await self._database.read(find_next)
        if following is None:
            return None
        return min(LOOK_SECONDS, max((following - clock.now()) / clock.SECOND, SHORTEST_REST))

    async def _take(self, rule: Rule, *, off: bool) -> None:
        """Dates are looked for in all clients, so no more than once a minute, and never while others wait to write."""
        rule_id, now = rule.id, clock.now()
        if rule.told.kind == "date":
            if abs(now - self._looked.get(rule_id, 0)) < DATES_EVERY and not off:
                return
            self._looked[rule_id] = now
            if not await self._database.read(has_due, rule_id, self._zone):
                return
        more = True
        while more:
            taken, more = await self._database.work(
                take_part, rule_id, self._zone, self._means.stamp.epoch, self._means.hold_after, off=off
            )
            if taken:
                log.info("letters came due", rule=rule_id, count=taken)

    async def _send(self, letter_id: int) -> bool:
        """A letter that cannot be written waits for a person, and keeps none of the others. Raises Unavailable."""
        try:
            return await self._database.work(send_letter, self._means, letter_id)
        except Unavailable:
            raise
        except HouseError as problem:
            log.warning("an automatic letter is held", letter=letter_id, reason=problem.code)
        except Exception as problem:
            log.error("a fault in an automatic letter", letter=letter_id, exc_info=problem)
        return await self._database.work(hold_fault, letter_id)

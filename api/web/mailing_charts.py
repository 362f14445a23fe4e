"""The pictures of what became of a mailing: letters over time and the way from sent to answered. Pure; each picture has
its numbers in a table beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.web.shapes import Speaker, When, make_when
from mailhub.campaigns.conducting import SLICE
from mailhub.campaigns.mailings import Mailing
from mailhub.campaigns.results import count_way, share_of_sent

MOST_BARS = 48


@dataclass(frozen=True, slots=True)
class Bar:
    """Letters that left in a stretch of time: where its bar stands and how high it is, in hundredths."""

    at: When | None
    count: int
    x: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the way: how many came so far, of those sent in hundredths, and how wide it is drawn."""

    key: str
    count: int
    share: float
    width: float


@dataclass(frozen=True, slots=True)
class Compared:
    """A mailing beside others, its shares in hundredths of what was sent."""

    one: Mailing
    at: When | None
    sent: int
    shares: dict[str, float]


def draw_time(speaker: Speaker, slices: Mapping[str, int] | None) -> list[Bar]:
    """Bars over the time in which letters left, as many as can be told apart."""
    if not slices:
        return []
    known = sorted((int(number), count) for number, count in slices.items())
    first, last = known[0][0], known[-1][0]
    each = max(1, -(-(last - first + 1) // MOST_BARS))
    sums: dict[int, int] = {}
    for number, count in known:
        place = (number - first) // each
        sums[place] = sums.get(place, 0) + count
    places, most = max(sums) + 1, max(sums.values())
    width = 100 / places
    return [
        Bar(
            make_when(speaker, (first + place * each) * SLICE, long=True), count, round(place * width, 3),
            round(width * 0.8, 3), round(100 * count / most, 2),
        )
        for place, count in sorted(sums.items())
    ]  # fmt: skip


def draw_way(one: Mailing) -> list[Step]:
    """From sent to answered; what is not kept of openings and clicks is not drawn."""
    steps = count_way(one)
    sent = steps[0][1]
    return [
        Step(
            key, number, round(100 * number / sent, 1) if sent else 0.0, round(100 * number / sent, 2) if sent else 0.0
        )
        for key, number in steps
    ]


def compare(speaker: Speaker, mailings: Sequence[Mailing]) -> list[Compared]:
    """Those that have left, beside each other."""
    rows = []
    for one in mailings:
        shares, sent = share_of_sent(one), count_way(one)[0][1]
        if shares:
            rows.append(Compared(one, make_when(speaker, one.started_at or one.created_at), sent, shares))
    return rows

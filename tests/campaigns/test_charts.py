"""The pictures of a mailing say what its numbers say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from api.web.mailing_charts import MOST_BARS, draw_time, draw_way
from api.web.shapes import Speaker
from core.language import Catalogs
from core.resources import locale_dir
from mailhub.campaigns.conducting import SLICE, count_slices, keep_slices
from mailhub.outbound.tables import recipient
from tests.campaigns.house import Marketing
from tests.campaigns.test_sending import two_clients


def _mailing(tracking: str, **counts: int) -> Any:
    return SimpleNamespace(tracking=tracking, counts=counts)


def test_the_way_from_sent_to_answered() -> None:
    one = _mailing("persons", sent=90, bounced=10, opened=40, clicked=20, answered=5, queued=7)
    assert [(step.key, step.count, step.share) for step in draw_way(one)] == [
        ("sent", 100, 100.0), ("delivered", 90, 90.0), ("opened", 40, 40.0), ("clicked", 20, 20.0),
        ("answered", 5, 5.0),
    ]  # fmt: skip
    assert [step.key for step in draw_way(_mailing("totals", sent=1))] == ["sent", "delivered", "answered"]
    assert {step.share for step in draw_way(_mailing("persons"))} == {0.0}


def test_bars_hold_every_letter_and_stay_inside() -> None:
    speaker = Speaker(None, Catalogs(locale_dir()).language("en", "UTC"), 0)  # type: ignore[arg-type]
    slices = {str(5_866_666 + number * 7): number + 1 for number in range(100)}
    bars = draw_time(speaker, slices)
    assert sum(bar.count for bar in bars) == sum(slices.values())
    assert len(bars) <= MOST_BARS
    assert all(bar.x >= 0 and bar.x + bar.width <= 100.01 and 0 < bar.height <= 100 for bar in bars)
    assert max(bar.height for bar in bars) == 100
    assert draw_time(speaker, None) == []


def test_letters_are_counted_by_the_time_at_which_they_left(house: Marketing) -> None:
    two_clients(house)
    made = house.mailing()
    house.ready(made)
    rows = house.rows(made)
    for place, row in enumerate(rows):
        house.database.write_now(_sent, row.id, (1_000_000 + place) * SLICE + 5)
    slices = house.database.read_now(count_slices, made)
    assert slices == {"1000000": 1, "1000001": 1}
    house.database.write_now(keep_slices, made, slices)
    assert house.see(made).slices == slices


def _sent(tx: Any, row_id: int, at: int) -> None:
    tx.change(recipient, row_id, sent_at=at)

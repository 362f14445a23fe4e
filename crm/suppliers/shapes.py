"""What is known of a supplier."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed with a supplier; None where nothing was. ``least`` is in minor units of ``currency``."""

    counterparty_id: int
    currency: str = ""
    payment: str = ""
    delivery: str = ""
    payment_days: int | None = None
    lead_days: int | None = None
    least: int | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What an item costs at a supplier: ``price`` in minor units for one unit, from ``quantity`` thousandths on,
    between two days; the last is None while it holds on."""

    id: int
    counterparty_id: int
    item_id: int
    price: int
    currency: str
    quantity: int
    date_from: str
    date_to: str | None

    def holds_on(self, day: str) -> bool:
        """True on days between the first and the last."""
        return self.date_from <= day and (self.date_to is None or day <= self.date_to)


@dataclass(frozen=True, slots=True)
class Delivered:
    """One order at a supplier: the days until its first shipment, or how many it waits for one."""

    order_id: int
    number: str
    days: int
    came: bool


@dataclass(frozen=True, slots=True)
class Record:
    """How a supplier kept its word over its latest orders. ``promised`` are the days that were agreed."""

    promised: int | None
    orders: tuple[Delivered, ...]

    @property
    def came(self) -> list[Delivered]:
        """Those that were shipped."""
        return [one for one in self.orders if one.came]

    @property
    def in_time(self) -> int:
        """How many came within the days that were agreed."""
        return sum(1 for one in self.came if self.promised is not None and one.days <= self.promised)

    @property
    def overdue(self) -> list[Delivered]:
        """Those that should have come and did not."""
        return [one for one in self.orders if not one.came and self.promised is not None and one.days > self.promised]

    @property
    def usual_days(self) -> int | None:
        """Half of the orders came within so many days."""
        return round(median(one.days for one in self.came)) if self.came else None

    @property
    def reliability(self) -> int | None:
        """Of a hundred orders so many came in time; those that are overdue count as late. None while nothing tells."""
        known = len(self.came) + len(self.overdue)
        return round(100 * self.in_time / known) if known and self.promised is not None else None

"""A figure with its floor and its aim, and the table of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured. Below the floor the product fails; the aim is what it is built for. ``more`` is True when a
    larger value is better. Without a floor it is told and judged by nobody."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    aim: float | None = None
    more: bool = False
    note: str = ""

    def reaches(self, border: float | None) -> bool:
        """True when the value is at the border or better."""
        if border is None:
            return True
        return self.value >= border if self.more else self.value <= border

    @property
    def verdict(self) -> str:
        """``below the floor``, ``floor``, ``aim``, or nothing when there is no border."""
        if self.floor is None:
            return ""
        if not self.reaches(self.floor):
            return "BELOW THE FLOOR"
        return "aim" if self.reaches(self.aim) else "floor"


def print_figures(figures: Sequence[Figure]) -> bool:
    """Print the table; True when no figure is below its floor."""
    width = max(len(figure.name) for figure in figures)
    print(f"{'':{width}}  {'figure':>12}  {'floor':>8}  {'aim':>8}")
    for one in figures:
        value = f"{_short(one.value)} {one.unit}"
        line = f"{one.name:{width}}  {value:>12}  {_short(one.floor):>8}  {_short(one.aim):>8}  {one.verdict}"
        print(line + (f"  ({one.note})" if one.note else ""), flush=True)
    return all(one.reaches(one.floor) for one in figures)


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"

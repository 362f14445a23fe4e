"""Public holidays by country. The tables of all countries load with the first question about one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from importlib import import_module
from typing import Any

from core.errors import Invalid

MOST_YEARS = 500  # (country, region, year) remembered
# Regions of other states that the tables list beside the countries themselves.
_ALPHA_2 = 2


@lru_cache(maxsize=1)
def list_countries() -> Mapping[str, tuple[str, ...]]:
    """The countries whose public holidays are known (ISO 3166), each with its regions (as their codes)."""
    known: dict[str, list[str]] = _tables().list_supported_countries(include_aliases=False)
    return {code: tuple(known[code]) for code in sorted(known) if len(code) == _ALPHA_2}


@lru_cache(maxsize=MOST_YEARS)
def list_holidays(country: str, region: str, year: int) -> Mapping[date, str]:
    """The days of a year on which nobody works there, with their names as that country calls them."""
    if not country:
        return {}
    found = _tables().country_holidays(country, subdiv=region or None, years=year)
    return dict(sorted(found.items()))


def check_country(country: str, region: str) -> None:
    """Raises Invalid for a country or a region that is not known."""
    regions = list_countries().get(country)
    if regions is None:
        raise Invalid("The public holidays of “%(country)s” are not known.", country=country, field="country")
    if region and region not in regions:
        raise Invalid("There is no region “%(region)s” in that country.", region=region, field="region")


@lru_cache(maxsize=1)
def _tables() -> Any:
    return import_module("holidays")

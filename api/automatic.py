"""What the pages of letters that go by themselves and their interface share: a letter made beside the transaction."""

from __future__ import annotations

from typing import Any

from api.mailing import foot_of
from mailhub.automatic.rules import letter_data
from mailhub.campaigns.making import Format, make_letter
from mailhub.runtime import House


def make_data(house: House, form: Format, subject: str, source: str, language: str) -> dict[str, Any]:
    """A letter as a rule keeps it. Raises Invalid for what cannot be a letter."""
    return letter_data(form, source, make_letter(form, subject, source, foot_of(house, language, ""), language))

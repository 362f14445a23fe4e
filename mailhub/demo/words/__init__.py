"""What the people of the demo write, in five languages: one TOML file a language, in the shape of ``Words``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from mailhub.demo.words.shape import Newsletter, Stranger, Topic, Words

LANGUAGES = ("uk", "bg", "en", "ru", "vi")


@cache
def load_words(language: str) -> Words:
    """The words of one of ``LANGUAGES``."""
    return msgspec.toml.decode((Path(__file__).parent / f"{language}.toml").read_bytes(), type=Words)


__all__ = ["LANGUAGES", "Newsletter", "Stranger", "Topic", "Words", "load_words"]

"""The world of the interface's tests, seen through pages."""

from tests.api.conftest import loop, world

__all__ = ["loop", "world"]

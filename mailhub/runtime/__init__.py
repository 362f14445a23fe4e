"""The running house: what is open, which loops run here, and how it starts, drains and stops."""

from mailhub.runtime.house import ROLES, House
from mailhub.runtime.shapes import DemoPerson, Gone

__all__ = ["ROLES", "DemoPerson", "Gone", "House"]

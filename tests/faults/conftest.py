"""Where things break, databases are as in real life."""

import pytest


@pytest.fixture(autouse=True)
def lifelike(as_in_life: None) -> None:
    """Before anything is opened."""

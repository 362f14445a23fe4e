"""A short run of ``random_requests``: every operation of the OpenAPI document, no server error and no
answer that the document does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailhub.migrations import upgrade
from tests.api.random_requests import ask_everything, lay_down
from tests.support.house import running_site, settings_for


# The house works in other threads of this process: its loops rest for times of chance.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning")
def test_whatever_comes_the_server_has_no_fault(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/mailhub.db"
    upgrade(url)
    lay_down(url, tmp_path)
    with running_site(settings_for(url, tmp_path)) as (house, site):
        found = ask_everything(house, site, seconds=0, examples=2)
    assert found.operations > 80
    assert found.requests >= found.operations
    assert found.faults == found.undocumented == [], str(found)
    assert found.statuses[401] < found.requests / 10, "the requests come through the door"

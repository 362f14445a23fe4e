"""The junk filter of the house says in the check what it thinks of a letter; silent that is not known."""

from __future__ import annotations

import asyncio

import pytest

from core import jobs
from mailhub.campaigns.checking import check_mailing
from mailhub.campaigns.preparing import Preparing
from tests.campaigns.house import Marketing
from tests.support.engines import only
from tests.verdicts.test_rspamd import serving


@only("sqlite")
@pytest.mark.parametrize(
    ("answer", "kind", "what"),
    [
        (b'{"action": "reject", "score": 15, "symbols": {"BAD": {"score": 9}}}', "junk", "15.0 (BAD)"),
        (b'{"action": "no action", "score": 0.5}', "junk_no", "0.5"),
        (b"nonsense", "junk_unknown", ""),
    ],
)
def test_the_filter_is_asked_about_the_letter_of_somebody(
    house: Marketing, answer: bytes, kind: str, what: str
) -> None:
    house.client("Acme", ("Anna", ["anna@acme.example"]))
    made = house.mailing("Hello {{ contact.name }}")
    with serving(answer) as (url, asked):
        house.ready(made)  # without one nobody is asked
        assert not asked
        house.database.write_now(check_mailing, house.world.viewer("ivan"), made)
        boot = house.database.write_now(jobs.start_boot)
        stamp = house.stamp
        preparing = Preparing(house.database, stamp.keys, stamp, boot, explicit=False, inside=False, rspamd=url)
        asyncio.run(preparing.look())
        assert len(asked) == 1
        assert b"Subject: News" in asked[0][2]
    said = [(one["kind"], one["what"], one["stops"]) for one in house.see(made).faults if "junk" in one["kind"]]
    assert said == [(kind, what, False)]

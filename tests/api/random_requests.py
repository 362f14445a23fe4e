"""Requests made from the OpenAPI document, with values that it allows and values that it does not: whatever comes, the
server has no fault and answers with a status, a type and a shape that the document says.

``python -m tests.api.random_requests [SECONDS] [sqlite|postgresql]`` goes on for so long (ten minutes).
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from core.database import WriteTx
from crm.staff.people import add_user
from crm.staff.rights import RIGHTS, add_grant
from crm.staff.sessions import add_token
from mailhub.mailboxes.boxes import get_mailbox
from mailhub.migrations import upgrade
from mailhub.runtime import House
from tests.api.world import make_world
from tests.support.databases import Cluster
from tests.support.house import running_site, settings_for

STREAMS = ("/events",)
DOCUMENTED = [status_code_conformance, content_type_conformance, response_schema_conformance]
ANSWER_SECONDS = 60


@dataclass
class Outcome:
    """What was asked and answered. ``faults`` name the request."""

    requests: int = 0
    operations: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    undocumented: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        figures = f"{self.requests} requests to {self.operations} operations: {dict(sorted(self.statuses.items()))}"
        counts = f"{len(self.faults)} server errors, {len(self.undocumented)} answers that the document does not know"
        return "\n".join([figures, *self.faults, *self.undocumented, counts])


def lay_down(url: str, folder: Path) -> None:
    """Fill a house that does not run yet: two of three requests name something that is there."""

    async def fill() -> None:
        world = await make_world(url, folder)
        await world.close()

    asyncio.run(fill())


def ask_everything(house: House, url: str, *, seconds: float, examples: int, seed: int = 0) -> Outcome:
    """Ask each operation ``examples`` times, round after round until the time is over; once at least."""
    schema = schemathesis.openapi.from_url(f"{url}/schema/openapi.json", timeout=ANSWER_SECONDS)
    operations = [one.ok() for one in schema.get_all_operations()]
    operations = [one for one in operations if not one.path.endswith(STREAMS)]
    found, deadline = Outcome(operations=len(operations)), time.monotonic() + seconds
    round_ = 0
    while round_ == 0 or time.monotonic() < deadline:
        for operation in operations:
            if round_ and time.monotonic() > deadline:
                break
            _ask(house, url, operation, found, examples, f"{seed}-{round_}")
        round_ += 1
    return found


def _ask(house: House, url: str, operation: Any, found: Outcome, examples: int, seed: str) -> None:
    # Whoever asks may be shut out by what they ask: somebody new for each operation.
    token = house.database.write_now(partial(_newcomer, name=f"n{found.requests}-{seed}-{time.monotonic_ns()}"))

    @settings(
        max_examples=examples, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def one(case: Any) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        _name_what_is_there(case, found.requests)
        try:
            answer = case.call(base_url=url, headers=headers, timeout=ANSWER_SECONDS)
        except ValueError:
            return  # what no HTTP client can write down
        found.requests += 1
        found.statuses[answer.status_code] += 1
        if answer.status_code >= 500 and answer.status_code != 503:
            found.faults.append(f"{case.method} {case.formatted_path} {case.query!r} {case.body!r}"[:500])
        try:
            case.validate_response(answer, checks=DOCUMENTED)
        except FailureGroup as group:
            said = "; ".join(f"{one.title}: {one.message}" for one in group.exceptions)
            found.undocumented.append(f"{case.method} {case.path} {answer.status_code}: {said}"[:500])

    one()


def _name_what_is_there(case: Any, number: int) -> None:
    """Two of three requests are about something that is there (``lay_down``), of those that delete it one in ten: else
    nearly all would end at its number."""
    named = number % 10 == 1 if case.method == "DELETE" else number % 3 > 0
    for name, value in (case.path_parameters or {}).items():
        if named and isinstance(value, int):
            case.path_parameters[name] = 1 + number // 3 % 4


def _newcomer(tx: WriteTx, name: str) -> str:
    user_id = add_user(tx, f"{name}@firm.example", "New", is_admin=True)
    for right in RIGHTS:
        add_grant(tx, get_mailbox(tx, 1).scope_id, right, user_id=user_id)
    return add_token(tx, user_id, "random", ["all"])[1]


def main(seconds: float, engine: str) -> int:
    cluster = Cluster() if engine == "postgresql" else None
    try:
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/mailhub.db"
            if cluster:
                cluster.make_template()
                url = cluster.copy()
            else:
                upgrade(url)
            lay_down(url, Path(folder))
            with running_site(settings_for(url, Path(folder))) as (house, site):
                found = ask_everything(house, site, seconds=seconds, examples=20, seed=int(time.time()))
    finally:
        if cluster:
            cluster.stop()
    print(engine, found)
    return bool(found.faults or found.undocumented)


if __name__ == "__main__":
    wanted = [*sys.argv[1:], *("600", "sqlite")[len(sys.argv) - 1 :]]
    sys.exit(main(float(wanted[0]), wanted[1]))

"""Every test that asks for ``database`` runs twice: on SQLite, and on PostgreSQL from a cluster of the tests' own.

``TEST_ENGINE=sqlite`` (or ``postgresql``) leaves the other out.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from core.database import Database, engine, open_database
from mailhub.migrations import upgrade
from tests.support.databases import Cluster

# How long it takes to make an example says something of the machine, nothing of the code; a failure prints its blob.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("house")

# Lines as they are by default, but a traceback is plain text: a coloured one with its variables costs 50 ms to draw.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

# Most tests are about what is in a database. As their PostgreSQL, their SQLite does not wait for the disk (what a power
# cut leaves is tried by tests/faults), and of eleven connections to PostgreSQL, each a process, four are not opened.
IN_LIFE = {"synchronous": "FULL", "writers": engine.POSTGRES_WRITERS}
assert Database.__init__.__kwdefaults__ == {"synchronous": IN_LIFE["synchronous"]}
Database.__init__.__kwdefaults__["synchronous"] = "OFF"
engine.POSTGRES_WRITERS = 2

ENGINES = [os.environ["TEST_ENGINE"]] if "TEST_ENGINE" in os.environ else ["sqlite", "postgresql"]


# What takes minutes, the longest first: begun first, so that no worker is alone with it in the end.
LONG = (
    *("tests/api/test_matrix.py", "tests/browser/test_accessible.py", "tests/api/test_access_matrix.py"),
    *("tests/browser/test_composer.py", "tests/test_demo.py", "tests/faults/", "tests/browser/"),
    *("tests/core/test_jobs", "tests/api/test_random", "tests/test_", "tests/cli/", "tests/web/", "tests/fuzz/"),
    *("tests/api/", "tests/outbound/", "tests/ingest/", "tests/campaigns/", "tests/mailboxes/"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; xdist keeps the order, as pyproject.toml asks it to (``--no-loadscope-reorder``)."""
    items.sort(key=lambda item: next((n for n, part in enumerate(LONG) if item.nodeid.startswith(part)), len(LONG)))


def pytest_collection_finish() -> None:
    """What was imported and collected stays until the end: looking through it for garbage took a third of the time
    in which a world is made."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)


@pytest.fixture
def as_in_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """Databases that wait for the disk and have all their connections."""
    monkeypatch.setitem(Database.__init__.__kwdefaults__, "synchronous", IN_LIFE["synchronous"])
    monkeypatch.setattr(engine, "POSTGRES_WRITERS", IN_LIFE["writers"])


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "mailhub.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    cluster.make_template()
    yield cluster
    cluster.stop()


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, migrated database."""
    if request.param == "sqlite":
        path = tmp_path / "mailhub.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        cluster = request.getfixturevalue("cluster")
        url = cluster.lend()
        yield url
        cluster.take_back(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh, migrated, open database."""
    database = open_database(database_url)
    yield database
    database.close()

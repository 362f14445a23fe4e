"""One letter whose bytes are gone from the disk is an alarm about that letter, and stops nobody else's."""

from __future__ import annotations

from pathlib import Path

from core.blobs import record_settled
from core.database import Database
from mailhub.ingest.intake import accept
from tests.support.engines import look
from tests.support.house import eventually, running_house, send, settings_for
from tests.support.mail import add_office, arrive, write_letter


def test_the_server_goes_on_without_them(database: Database, tmp_path: Path) -> None:
    box, _ = add_office(database)
    lost = database.write_now(accept, arrive(write_letter(1), box.id))
    database.write_now(record_settled, [1])
    with running_house(settings_for(database.url, tmp_path)) as house:
        send(house, write_letter(2), ["sales@firm.example"])
        states = "SELECT id, state FROM incoming ORDER BY id"
        eventually(lambda: look(house.database, states)[0] == (lost, "quarantined"), 15)
        eventually(lambda: look(house.database, states)[1][1] == "done", 15)

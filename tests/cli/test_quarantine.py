"""``mailhub quarantine``: what a person at the machine can do with letters that could not be processed."""

from __future__ import annotations

from core import clock
from core.database import open_database
from crm.parties import add_counterparty
from mailhub.ingest.intake import Arrival, accept
from mailhub.routing.quarantine import hold
from tests.cli.support import Place
from tests.support.world import World, letter


def test_look_retry_and_file_by_hand(place: Place) -> None:
    raw = letter("Pumps", "1@client")
    database = open_database(place.url)
    for number in (1, 2):
        trace = {"mail_from": "anna@client.example"}
        database.write_now(accept, Arrival(raw, "smtp", clock.now(), [1], trace))
        database.write_now(hold, number, "match", "ValueError: a bug")
    client = database.write_now(add_counterparty, "Client Ltd")
    database.close()

    first = place.facts("quarantine", "list", "--limit", "1")
    (held,) = first["items"]
    assert (held["id"], held["step"], held["mail_from"]) == (2, "match", "anna@client.example")
    assert [one["id"] for one in place.facts("quarantine", "list", "--after", first["next"])["items"]] == [1]
    assert "error: ValueError: a bug" in place.run("quarantine", "show", 1).stdout
    assert place.run("quarantine", "show", 1, "--raw").stdout.encode() == raw.replace(b"\r\n", b"\n")

    place.run("quarantine", "retry", 1)
    assert "no counterparty" in place.run("quarantine", "file", 2, "--counterparty", 99, code=1).stderr
    place.run("quarantine", "file", 2, "--counterparty", client)
    assert place.facts("quarantine", "list")["items"] == []
    assert "no letter in quarantine" in place.run("quarantine", "retry", 1, code=1).stderr
    assert place.ask("SELECT count(*) FROM incoming WHERE state = 'waiting'") == 2


def test_a_letter_is_filed_in_a_thread_of_its_mailbox(place: Place) -> None:
    database = open_database(place.url)
    world = World(database)
    world.box("claims")
    world.grant("ivan", "claims", "answer")
    world.arrive(letter("Pumps", "1@client"), "claims")
    (row,) = world.threads("ivan")
    raw = letter("Again", "2@client")
    held_id = database.write_now(accept, Arrival(raw, "smtp", clock.now(), [world.boxes["claims"].id], {}))
    database.write_now(hold, held_id, "match", "ValueError: a bug")
    database.close()
    assert "no thread" in place.run("quarantine", "file", held_id, "--thread", 99, code=1).stderr
    assert f"on its way to thread {row.id}" in place.run("quarantine", "file", held_id, "--thread", row.id).stdout
    assert place.ask(f"SELECT state FROM incoming WHERE id = {held_id}") == "waiting"

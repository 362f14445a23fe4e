"""Saved views: what they show is what fits, of what their reader sees; no statement reads a table to its end."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest

from core.database import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound
from crm.parties import add_counterparty
from crm.staff.people import add_team, join_team
from mailhub.mailboxes.handling import assign_thread, set_read, set_state
from mailhub.mailboxes.tables import thread
from mailhub.mailboxes.tags import make_tag, tag_thread
from mailhub.mailboxes.views import (
    Looked,
    SavedView,
    add_view,
    change_view,
    count_views,
    delete_view,
    get_view,
    list_view,
    list_views,
    listing,
    parse_view,
    verbs,
)
from tests.support.world import World, letter

ZONE = "Europe/Kyiv"


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    world.grant("olena", "sales", "answer", "assign")
    world.grant("olena", "claims", "answer", "assign")
    world.grant("petro", "sales", "answer")
    world.grant("maria", "claims", "answer", only_assigned=True)
    return world


def begin(world: World, subject: str, box: str = "sales", sender: str = "anna@client.example") -> int:
    world.arrive(letter(subject, f"{world.now}@client", sender=sender), box)
    return next(row.id for row in world.threads("olena") if row.subject == subject)


def keep(world: World, person: str, condition: Any, *, late: bool = False, team_id: int | None = None) -> SavedView:
    viewer = world.viewer(person)
    wanted = parse_view(viewer, "A view", condition, late=late, team_id=team_id, zone=ZONE)
    return world.database.write_now(add_view, viewer, wanted)


def look(world: World, person: str, view: SavedView, **more: Any) -> Looked:
    viewer = world.viewer(person)
    return world.database.read_now(lambda tx: list_view(tx, viewer, get_view(tx, viewer, view.id), **more))


def leaf(field: str, op: str, value: Any) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


def test_every_word_finds_what_it_says(world: World) -> None:
    client = world.database.write_now(add_counterparty, "Ромашка ООД", domains=["romashka.example"])
    known = begin(world, "Known", sender="ivan@romashka.example")
    other = begin(world, "Other", "claims")
    closed = begin(world, "Closed")
    olena = world.viewer("olena")
    world.database.write_now(set_state, olena, closed, "closed")
    world.database.write_now(assign_thread, olena, known, olena.user_id)
    world.database.write_now(set_read, olena, known, read=True)
    world.database.write_now(lambda tx: tx.change(thread, other, attachment_count=2, undelivered=1, language="bg"))
    assert client
    for condition, fitting in (
        (leaf("state", "eq", "closed"), [closed]),
        (leaf("state", "in", ["open", "closed"]), [closed, other, known]),
        (leaf("waiting", "eq", "us"), [other, known]),
        (leaf("mailbox", "eq", world.box("claims").id), [other]),
        (leaf("executor", "eq", olena.user_id), [known]),
        (leaf("executor", "is_empty", True), [closed, other]),
        (leaf("mine", "eq", True), [known]),
        (leaf("unread", "eq", True), [closed, other]),
        (leaf("client.name", "contains", "ромаш"), [known]),
        (leaf("client.known", "eq", False), [closed, other]),
        (leaf("who", "contains", "@romashka"), [known]),
        (leaf("language", "eq", "bg"), [other]),
        (leaf("newest", "older_than_days", 0), [closed, other, known]),
        (leaf("newest", "lt", "2020-01-01"), []),
        (leaf("letters", "gt", 1), []),
        (leaf("attached", "eq", True), [other]),
        (leaf("undelivered", "eq", True), [other]),
        (leaf("tags", "is_empty", True), [closed, other, known]),
        ({"all": [leaf("mine", "eq", True), leaf("state", "eq", "closed")]}, []),
        ({"all": []}, [closed, other, known]),
    ):
        view = keep(world, "olena", condition)
        assert [row.id for row in look(world, "olena", view).items] == fitting, condition
        world.database.write_now(delete_view, olena, view.id)


def test_a_shared_view_shows_each_what_is_theirs(world: World) -> None:
    team = world.database.write_now(add_team, "Sales")
    for name in ("olena", "petro", "maria"):
        world.database.write_now(join_team, team, world.person(name))
    sales, claims = begin(world, "Pumps"), begin(world, "Rust", "claims")
    view = keep(world, "olena", {"all": []}, team_id=team)
    assert [row.id for row in look(world, "olena", view).items] == [claims, sales]
    assert [row.id for row in look(world, "petro", view).items] == [sales]
    assert look(world, "maria", view).items == []
    world.database.write_now(assign_thread, world.viewer("olena"), claims, world.person("maria"))
    viewer = world.viewer("maria")
    counts = [
        world.database.read_now(lambda tx, who=who: count_views(tx, who, list_views(tx, who)))[view.id]
        for who in (world.viewer("olena"), world.viewer("petro"), viewer)
    ]
    assert counts == [2, 1, 1]
    assert [row.id for row in look(world, "maria", view).items] == [claims]
    with pytest.raises(Forbidden):
        world.database.write_now(delete_view, viewer, view.id)
    world.person("stranger")
    with pytest.raises(NotFound):
        world.database.read_now(get_view, world.viewer("stranger"), view.id)
    assert world.database.read_now(list_views, world.viewer("stranger")) == []


def test_views_are_read_strictly_and_changed_by_their_maker(world: World) -> None:
    viewer = world.viewer("petro")
    for condition in (leaf("text", "contains", "x"), leaf("state", "eq", "burning"), {"field": "mine"}):
        with pytest.raises(Invalid):
            parse_view(viewer, "A view", condition, late=False, team_id=None, zone=ZONE)
    with pytest.raises(Invalid):
        parse_view(viewer, " ", {"all": []}, late=False, team_id=None, zone=ZONE)
    with pytest.raises(NotFound):  # as if it were not there
        keep(world, "petro", leaf("mailbox", "eq", world.box("claims").id))
    with pytest.raises(Invalid):
        keep(world, "petro", {"all": []}, team_id=world.database.write_now(add_team, "Others"))
    view = keep(world, "petro", {"all": []})
    wanted = parse_view(viewer, "Other", leaf("mine", "eq", True), late=True, team_id=None, zone=ZONE)
    changed = world.database.write_now(change_view, viewer, view.id, wanted, version=view.version)
    assert (changed.name, changed.late, changed.version) == ("Other", True, 2)
    with pytest.raises(Conflict):
        world.database.write_now(change_view, viewer, view.id, wanted, version=view.version)


def test_how_far_was_looked_tells_nobody_of_what_is_not_theirs(world: World) -> None:
    """Deadlines and numbers of a colleague's work are not counted out by pages of a view."""
    mine, other = begin(world, "Mine", "claims"), begin(world, "Not mine", "claims")
    world.database.write_now(assign_thread, world.viewer("olena"), mine, world.person("maria"))
    for late in (True, False):
        looked = look(world, "maria", keep(world, "maria", {"all": []}, late=late))
        assert ([row.id for row in looked.items], looked.looked_at) == ([mine], 1), other


def test_a_view_is_small_and_those_of_colleagues_crowd_out_nobodys_own(world: World) -> None:
    viewer, team = world.viewer("petro"), world.database.write_now(add_team, "Sales")
    for name in ("olena", "petro"):
        world.database.write_now(join_team, team, world.person(name))
    large = {"any": [leaf("client.name", "contains", f"{number}".zfill(300)) for number in range(60)]}
    with pytest.raises(Invalid):
        parse_view(viewer, "Large", large, late=False, team_id=None, zone=ZONE)
    with patch.object(verbs, "_MINE", verbs._MINE.limit(2)):
        for _ in range(2):
            keep(world, "olena", {"all": []}, team_id=team)
        own = keep(world, "petro", {"all": []})
        assert own.id in [one.id for one in world.database.read_now(list_views, viewer)]


def test_pages_follow_one_another_and_say_how_far_they_looked(world: World) -> None:
    ids = [begin(world, f"Letter {number}") for number in range(7)]
    every = keep(world, "olena", {"all": []})
    first = look(world, "olena", every, limit=4)
    second = look(world, "olena", every, limit=4, after=first.next)
    assert [row.id for row in (*first.items, *second.items)] == ids[::-1]
    assert (second.next, second.unfinished) == (None, False)
    world.database.write_now(set_state, world.viewer("olena"), ids[0], "closed")
    rare = keep(world, "olena", {"not": leaf("state", "eq", "open")})
    with patch.object(listing, "LOOK", 2), patch.object(listing, "MOST_LOOKS", 2):
        looked = look(world, "olena", rare)
        assert (looked.items, looked.unfinished, looked.looked_at) == ([], True, 4)
        assert looked.looked_back_to is not None
        further = look(world, "olena", rare, after=looked.next)
        assert [row.id for row in further.items] == [ids[0]]
    late = keep(world, "olena", {"all": []}, late=True)
    assert [row.id for row in look(world, "olena", late).items] == ids[1:]


def test_a_client_and_a_rare_tag_are_found_at_once(world: World) -> None:
    client = world.database.write_now(add_counterparty, "Ромашка ООД", domains=["romashka.example"])
    known = begin(world, "Known", sender="ivan@romashka.example")
    tagged = begin(world, "Tagged")
    olena = world.viewer("olena")
    rare = world.database.write_now(make_tag, olena, "Їжа").id
    world.database.write_now(tag_thread, olena, tagged, [rare])
    foreign = begin(world, "Foreign", "claims")
    world.database.write_now(tag_thread, olena, foreign, [rare])
    for number in range(5):
        begin(world, f"Letter {number}")
    with patch.object(listing, "LOOK", 2), patch.object(listing, "MOST_LOOKS", 1):
        for condition, fitting in (
            (leaf("client", "eq", client), [known]),
            ({"all": [leaf("client", "in", [client]), leaf("state", "eq", "open")]}, [known]),
            (leaf("tags", "contains", "їжа"), [foreign, tagged]),
            ({"all": [leaf("tags", "contains", "Їжа"), leaf("mailbox", "eq", world.box("sales").id)]}, [tagged]),
            (leaf("tags", "contains", "Nothing"), []),
        ):
            looked = look(world, "olena", keep(world, "olena", condition))
            assert ([row.id for row in looked.items], looked.looked_at <= 2) == (fitting, True), condition
    shared = keep(world, "petro", leaf("tags", "contains", "Їжа"))
    assert [row.id for row in look(world, "petro", shared).items] == [tagged]
    with pytest.raises(NotFound):
        keep(world, "olena", leaf("client", "eq", 999_999))


def test_no_statement_reads_a_table_to_its_end(world: World) -> None:
    begin(world, "Pumps")
    client = world.database.write_now(add_counterparty, "Ромашка ООД")
    for number in range(200):
        world.database.write_now(lambda tx, number=number: tx.insert(thread, **_copy(tx, number)))
    conditions = (
        {"all": []},
        {"all": [leaf("state", "eq", "closed"), leaf("client.name", "contains", "x")]},
        {"all": [leaf("mine", "eq", True), leaf("tags", "contains", "vip")]},
        leaf("client", "eq", client),
        leaf("tags", "contains", "vip"),
        {"any": [leaf("unread", "eq", True), leaf("client.manager", "is_empty", True)]},
    )
    viewer = world.viewer("olena")
    for late in (False, True):
        views = [keep(world, "olena", condition, late=late) for condition in conditions]
        plans = world.database.read_now(_plans, viewer, views)
        assert plans
        for plan in plans:
            assert "SCAN thread" not in plan, plan
            assert "Seq Scan on thread" not in plan, plan


def _copy(tx: Any, number: int) -> dict[str, Any]:
    values = dict(tx.get(thread, 1)._mapping)
    return values | {"id": 1000 + number, "last_message_at": values["last_message_at"] - number}


def _plans(tx: Any, viewer: Any, views: list[SavedView]) -> list[str]:
    """How the engine goes about every statement of the views and their counters."""
    statements: list[Any] = []
    real = type(tx)._run

    def note(self: Any, statement: Any, parameters: Any) -> Any:
        statements.append((statement, parameters))
        return real(self, statement, parameters)

    with patch.object(type(tx), "_run", note), patch.object(type(tx), "_directly", lambda *_: None):
        for view in views:
            list_view(tx, viewer, view)
        count_views(tx, viewer, views)
    said = "EXPLAIN QUERY PLAN" if tx.is_sqlite else "EXPLAIN"
    plans = []
    if not tx.is_sqlite:
        tx.sql("SET LOCAL enable_seqscan = off")
    for statement, parameters in statements:
        filled = statement.params(parameters or {})
        text = str(filled.compile(dialect=tx._connection.dialect, compile_kwargs={"literal_binds": True}))
        if "FROM thread" in text:
            rows = tx._connection.exec_driver_sql(f"{said} {text.replace('%', '%%') if not tx.is_sqlite else text}")
            plans.append("\n".join(str(row[-1]) for row in rows))
    return plans

"""What is proposed for an unknown sender: what their letter says, and clients who look alike."""

from __future__ import annotations

from functools import partial

import pytest

from core.database import Database
from crm.parties import add_counterparty
from mailhub.mailboxes.proposals import Proposals, guess_company, see_proposals
from mailhub.mailboxes.reading import get_thread
from tests.support.world import World, letter


@pytest.mark.parametrize(
    ("text", "company"),
    [
        ("Добрий день!\n\n--\nОлена Коваль\nТОВ «Пекарня на розі»\n+380", "ТОВ «Пекарня на розі»"),
        ("Здравейте,\nИван Петров\nБалкан Логистик ООД", "Балкан Логистик ООД"),
        ("Regards,\nAnna\nSmith & Sons Ltd.", "Smith & Sons Ltd."),
        ("Trân trọng,\nCông ty TNHH Hải Long", "Công ty TNHH Hải Long"),
        ("Ещё вопрос\nООО «Ромашка», отдел закупок", "ООО «Ромашка», отдел закупок"),
        ("We need pumps.\nAnna", ""),
        ("", ""),
    ],
)
def test_a_company_is_known_by_its_legal_form(text: str, company: str) -> None:
    assert guess_company(text) == company


def proposed(world: World, sender: str, body: str = "We need pumps.") -> Proposals:
    world.arrive(letter("Question", f"{world.now}@x", sender=sender, body=body), "sales")
    row = world.threads("olena")[0]
    opened = world.database.read_now(get_thread, world.viewer("olena"), row.id)
    return world.database.read_now(see_proposals, opened)


def test_clients_who_look_alike_are_proposed(database: Database) -> None:
    world = World(database)
    world.grant("olena", "sales", "answer")
    for name, domains in (("Balkan Logistic", ["balkan.bg"]), ("Пекарня на розі", []), ("Nova", ["nova.example"])):
        database.write_now(partial(add_counterparty, domains=domains), name)
    assert [one.name for one in proposed(world, "ivan@mail.balkan.com").similar] == ["Balkan Logistic"]
    by_name = proposed(world, "olena@gmail.com", "Дякую\n\nТОВ «Пекарня на розі»")
    assert [one.name for one in by_name.similar] == ["Пекарня на розі"]
    assert proposed(world, "someone@gmail.com").similar == ()

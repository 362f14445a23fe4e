"""The index and the evaluator in Python say the same of any letters and any question; so both engines do, too."""

from __future__ import annotations

import random

from core.database import Database, ReadTx, WriteTx
from core.fulltext import words
from core.fulltext.index import Words, add_words, find_rows
from core.fulltext.question import LIKENESSES, Question, ask, matches
from core.fulltext.row import FROM, KIND, TO, mark

NEW = 1_795_000_000 << 20
TEXT = """
договір договору договорами рахунок рахунки оплата оплати invoice invoices shipped ship news new hop dong hợp đồng
цена цени ден дни pump pumps AB-1187 1187 a 12 київ києва край ґрати грати
"""
SAID = TEXT.split()


def letters(chance: random.Random) -> dict[int, Words]:
    """Letters of few words, so that many questions meet."""

    def some(most: int) -> list[str]:
        return words(" ".join(chance.choices(SAID, k=chance.randint(0, most))))

    made = {}
    for number in range(150):
        senders, others = some(2), some(2)
        people = [*senders, *others, mark(FROM, senders), mark(TO, others)]
        body = [*some(8), *([mark(KIND, ["any", "pdf"])] if chance.random() < 0.3 else [])]
        made[NEW + number * chance.choice((1, 1 << 40))] = Words(
            " ".join(some(3)), " ".join(filter(None, people)), " ".join(body)
        )
    return made


def question(chance: random.Random) -> Question:
    """Some terms wanted, some not, in places or anywhere."""
    wanted = []
    for _ in range(chance.randint(1, 3)):
        said = chance.choice(SAID)
        text = chance.choice((said, said, f'"{said}"', f'"{said} {chance.choice(SAID)}"', f"{said[:4]}*"))
        wanted += ask(text, chance.choice(("", "", "", "subject", "from", "to")), typed=chance.random() < 0.4)
    unwanted = ask(chance.choice(SAID)) if chance.random() < 0.3 else []
    return Question(tuple(dict.fromkeys(wanted)), tuple(unwanted))


def test_index_and_evaluator_agree(database: Database) -> None:
    chance = random.Random(11)
    made = letters(chance)

    def add(tx: WriteTx) -> None:
        for row_id, said in made.items():
            add_words(tx, row_id, 1, said)

    def compare(tx: ReadTx) -> int:
        compared = 0
        for _ in range(400):
            asked = question(chance)
            before: set[int] = set()
            for likeness in LIKENESSES:
                if likeness not in asked.likenesses():
                    continue
                expected = {row_id for row_id, said in made.items() if matches(asked, likeness, said)} - before
                found = find_rows(tx, [1], asked, 1000, likeness=likeness)
                assert found == sorted(expected, reverse=True), (asked, likeness)
                before |= expected
                compared += len(found)
        return compared

    database.write_now(add)
    compared = database.read_now(compare)
    print(f"{compared} rows agreed")
    assert compared > 1000

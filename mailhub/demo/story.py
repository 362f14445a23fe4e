"""The plan of the demo: three hundred letters of the last ten days, then a few more from time to time.

The same seed tells the same story, so that a demo that was interrupted goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from random import Random

from core.clock import DAY, HOUR, MINUTE, to_datetime
from mailhub.demo import occasions
from mailhub.demo.company import Client, list_clients
from mailhub.demo.talk import SHORT, Letter, Talk, open_talk, say
from mailhub.demo.words import LANGUAGES, load_words

LETTERS = 300
SPAN = 10 * DAY
TODAY = 28 * HOUR
"""What came since then may still wait for us; everything before was dealt with."""
_LENGTHS = (1, 2, 1, 3, 1, 2, 4, 1, 2, 5, 1, 3, 8, 2, 1, 6)
# Mailbox, hours it answers within, hours left (below zero: late), earlier letters of the same conversation.
_WAITING = (
    ("sales", 8, -19.0, 2),
    ("claims", 4, -5.2, 3),
    ("sales", 8, -1.2, 0),
    ("claims", 4, 0.4, 0),
    ("sales", 8, 0.8, 3),
    ("claims", 4, 1.2, 4),
    ("purchasing", 8, 2.1, 0),
    ("oksana", 8, 2.9, 1),
    ("claims", 4, 3.4, 0),
    ("sales", 8, 4.3, 1),
    ("sales", 8, 5.6, 0),
    ("purchasing", 8, 7.2, 0),
    ("sales", 8, 7.8, 5),
    ("info", 24, 18.5, 0),
)

_DAYS_BACK = (0, 0, 0, 0, 0, 1, 3)


@dataclass(slots=True)
class Story:
    """Letters in the order of their arrival, and the conversations that may go on."""

    letters: list[Letter]
    talks: list[Talk]


def tell_story(moment: int, seed: int = 7) -> Story:
    """The ten days before ``moment``."""
    rng = Random(seed)  # noqa: S311 — a story, not a secret
    story = Story(list(_tell_occasions(rng, moment)), [])
    numbers = iter(range(1, LETTERS + 1))
    clients = list(list_clients())
    rng.shuffle(clients)
    for mailbox, within, left, earlier in _WAITING:
        client = _pick(rng, clients, mailbox)
        talk = _tell_talk(rng, story, next(numbers), client, moment, earlier, to=mailbox)
        story.letters.append(say(talk, moment - round((within - left) * HOUR), fate="leave"))
    for length, client in zip(cycle(_LENGTHS), cycle(clients), strict=False):
        room = LETTERS - len(story.letters)
        if not room:
            break
        _tell_talk(rng, story, next(numbers), client, moment, min(length, room))
    story.letters.sort(key=lambda letter: letter.at)
    return story


def tell_news(rng: Random, story: Story, now: int) -> list[Letter]:
    """One to three letters of this moment: somebody begins a conversation, somebody goes on with one."""
    news = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        if rng.random() < 0.6:
            talk = open_talk(rng, 1000 + len(story.talks), rng.choice(list_clients()), now)
            story.talks.append(talk)
        else:
            talk = rng.choice(story.talks[-20:])
        news.append(say(talk, now, fate="leave"))
    return news


def _tell_talk(
    rng: Random, story: Story, number: int, client: Client, moment: int, length: int, *, to: str = ""
) -> Talk:
    """The part of a conversation that lies before today."""
    latest = moment - TODAY
    begin = rng.randrange(moment - SPAN, latest - DAY)
    end = min(latest, begin + 5 * DAY)
    times = sorted(_in_office(rng, rng.randrange(begin, end), latest) for _ in range(length))
    talk = open_talk(rng, number, client, times[0] if times else moment, to=to)
    talk.offset = rng.randrange(max(1, len(talk.words.follow_ups) - length))
    if talk.topic.mailbox in SHORT:
        del times[1:]
    story.talks.append(talk)
    story.letters += [say(talk, at + step * MINUTE) for step, at in enumerate(times)]
    return talk


def _tell_occasions(rng: Random, moment: int) -> Iterator[Letter]:
    """About forty letters, the same kinds in each language."""
    numbers = iter(range(5000, 6000))

    def at() -> int:
        return _in_office(rng, rng.randrange(moment - SPAN, moment - TODAY), moment - TODAY)

    for language in LANGUAGES:
        words = load_words(language)
        client = next(one for one in list_clients() if one.language == language)
        yield occasions.newsletter(words, at(), next(numbers))
        yield occasions.newsletter(words, at(), next(numbers))
        yield occasions.automatic_answer(words, client, at(), next(numbers))
        yield occasions.invitation(words, client, at(), next(numbers))
        yield occasions.marked_junk(words, at(), next(numbers))
        for stranger in words.strangers:
            yield occasions.from_stranger(words, stranger, at(), next(numbers))
    yield occasions.unmarked_junk(load_words("en"), at(), next(numbers))
    yield occasions.unmarked_junk(load_words("ru"), at(), next(numbers))
    step_trade, khlib, _, verba, *_ = list_clients()
    yield occasions.forged_name(step_trade, moment - 2 * HOUR, next(numbers))
    yield occasions.bounce(verba, moment - 5 * HOUR, next(numbers))
    yield occasions.receipt(khlib, moment - 26 * HOUR, next(numbers))


def _pick(rng: Random, clients: list[Client], mailbox: str) -> Client:
    """Somebody who would write there."""
    if mailbox == "purchasing":
        fitting = [client for client in clients if "customer" not in client.roles]
    else:
        fitting = [client for client in clients if client.manager]
    if mailbox == "oksana":
        fitting = [client for client in clients if client.manager == "oksana"]
    return rng.choice(fitting)


def _in_office(rng: Random, at: int, latest: int) -> int:
    """The same day between 6 and 16 hours UTC; a weekend becomes a day before it, what is too late an earlier day."""
    hour = rng.randrange(6 * HOUR, 16 * HOUR)
    while (moment := at - at % DAY - _DAYS_BACK[to_datetime(at).weekday()] * DAY + hour) > latest:
        at -= DAY
    return moment

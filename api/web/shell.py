"""What stands around every page: the rail with its counters, the top bar, the person's menu."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.auth import csrf_token
from api.web.place import Place
from api.web.shapes import Person, Speaker, colour_of, make_person, short_name
from core.changes import Position, newest_position
from core.database import ReadTx
from core.language import LANGUAGES
from crm.staff.readable import Viewer
from mailhub.mailboxes.accounts import list_troubled
from mailhub.mailboxes.boxes import Mailbox, list_mailboxes
from mailhub.mailboxes.lists import Counters, count_threads, count_waiting
from mailhub.mailboxes.report import manages_something
from mailhub.mailboxes.views import SavedView, count_views, list_views
from mailhub.routing.quarantine import count_held
from mailhub.runtime import House
from mailhub.upkeep.first_hour import FirstStep, list_steps

LANGUAGE_NAMES = {"en": "English", "uk": "Українська", "ru": "Русский", "bg": "Български", "vi": "Tiếng Việt"}
EVENTS_URL = "/api/v1/events"


@dataclass(frozen=True, slots=True)
class Around:
    """What a snapshot says for the shell."""

    boxes: list[Mailbox]
    counters: Counters
    held: int
    position: Position
    troubled: frozenset[int] = frozenset()
    views: Sequence[tuple[SavedView, int]] = ()
    steps: Sequence[FirstStep] = ()


def see_around(tx: ReadTx, viewer: Viewer) -> Around:
    """Read it, on the snapshot of the page itself, so that its counters and its rows agree."""
    boxes = list_mailboxes(tx, viewer)
    saved = list_views(tx, viewer)
    counts = count_views(tx, viewer, saved)
    return Around(
        boxes,
        count_threads(tx, viewer),
        count_held(tx, viewer),
        newest_position(tx),
        list_troubled(tx),
        [(view, counts[view.id]) for view in saved],
        list_steps(tx, viewer),
    )


def see_places(tx: ReadTx, viewer: Viewer, place: Place, *, waiting: bool = False) -> Around:
    """What a part of a page needs, which stands in a page that has its rail already: what places are called, and, for
    the head of a list, how much waits."""
    counters = Counters(count_waiting(tx, viewer) if waiting else 0, 0, {})
    views = [(view, 0) for view in list_views(tx, viewer)] if place.saved is not None else ()
    return Around(list_mailboxes(tx, viewer), counters, 0, Position(), views=views)


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the rail."""

    key: str
    url: str
    count: int | None
    current: bool


@dataclass(frozen=True, slots=True)
class ViewItem:
    """A saved view in the rail; the count is what waits for us in it. ``shared`` says by whom, where it is not one's
    own."""

    url: str
    name: str
    count: int
    current: bool
    shared: str | None


@dataclass(frozen=True, slots=True)
class BoxItem:
    """A mailbox in the rail; the count is what waits for us there."""

    url: str
    name: str
    address: str
    count: int
    colour: str
    personal: bool
    current: bool
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the first hour: its number, where it is done, and whether that is behind us."""

    key: str
    number: int
    url: str
    done: bool
    skipped: bool
    next: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A language to choose."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the shell's own buttons lead."""

    rail: str
    home: str = "/"
    events: str = EVENTS_URL
    preferences: str = "/settings/preferences"
    settings: str = "/settings"
    search: str = "/search"
    logout: str = "/logout"


@dataclass(frozen=True, slots=True)
class Shell:
    """See templates/web/layout.html."""

    user: Person
    csrf_token: str
    company: str | None
    notice: str | None
    last_change: str
    views: list[Item]
    mailboxes: list[BoxItem]
    places: list[Item]
    upkeep: list[Item]
    saved: list[ViewItem]
    steps: list[Step]
    languages: list[Choice]
    units: dict[str, str]
    urls: Urls
    words: str
    admin: bool
    off: frozenset[str]

    def uses(self, part: str) -> bool:
        """True for a part of the house that is not turned off, and for what is no part."""
        return part not in self.off


def make_shell(house: House, session: str | None, speaker: Speaker, around: Around, here: Place | str) -> Shell:
    """The shell; ``here`` is the list or the name of the page that is shown."""
    viewer = speaker.viewer
    place = here if isinstance(here, Place) else Place("all")
    key = here if isinstance(here, str) else ""
    day, hour, minute = speaker.language.units
    counts = {
        "waiting": around.counters.waiting,
        "mine": around.counters.mine,
        "snoozed": around.counters.snoozed or None,
    }
    views = [
        Item(view, f"/{view}", counts.get(view), _is_here(place, view) and not key)
        for view in ("waiting", "mine", "snoozed", "open", "closed", "spam")
    ]
    fault = speaker.say("Its letters are not fetched until somebody does something.")
    views.append(Item("mentions", "/notices?kind=mentioned", None, key == "mentions"))
    views.append(Item("drafts", "/drafts", None, key == "drafts"))
    places = [
        Item(name, f"/{name}", None, key == name)
        for name in ("clients", "segments", "calendar", "promises", "documents", "suppliers", "marketing", "mailings")
        if name != "mailings" or viewer.may_somewhere("answer")
    ]
    upkeep = [
        Item(name, f"/{name}", around.held if name == "quarantine" else None, key == name)
        for name, open_to in (
            ("execution", manages_something(viewer)), ("quarantine", True), ("trash", True), ("health", viewer.is_admin)
        )
        if open_to
    ]  # fmt: skip
    return Shell(
        user=make_person(viewer.name, me=True, person_id=viewer.user_id),
        csrf_token=csrf_token(house.keys, session),
        company=house.settings.company.name or None,
        notice=speaker.say("Demo: nothing leaves this machine") if house.demo else None,
        last_change=str(around.position),
        views=views,
        mailboxes=[
            _box_item(box, around.counters, place, fault if box.id in around.troubled else None) for box in around.boxes
        ],
        places=[one for one in places if viewer.uses(one.key)],
        upkeep=upkeep,
        saved=[_view_item(view, count, place) for view, count in around.views],
        steps=_steps(around),
        languages=[Choice(code, LANGUAGE_NAMES[code]) for code in LANGUAGES],
        units={"day": day, "hour": hour, "minute": minute},
        urls=Urls(rail=_rail_url(here)),
        words=place.words,
        admin=viewer.is_admin,
        off=viewer.off,
    )


def _steps(around: Around) -> list[Step]:
    box_id = around.boxes[0].id if around.boxes else None
    urls = {
        "mailbox": "/welcome",
        "import": "/settings/imports",
        "rule": f"/settings/mailboxes/{box_id}/rules/new" if box_id is not None else "/settings#rules",
        "people": "/settings/people",
    }
    first = next((step.key for step in around.steps if not (step.done or step.skipped)), "")
    return [
        Step(step.key, number, urls[step.key], step.done, step.skipped, step.key == first)
        for number, step in enumerate(around.steps, 1)
    ]


def _is_here(place: Place, view: str) -> bool:
    return place.mailbox_id is None and place.saved is None and place.view == view


def _view_item(view: SavedView, count: int, place: Place) -> ViewItem:
    return ViewItem(f"/views/{view.id}", view.name, count, place.saved == view.id, None if view.own else view.owner)


def _box_item(box: Mailbox, counters: Counters, place: Place, problem: str | None) -> BoxItem:
    return BoxItem(
        url=f"/mailboxes/{box.id}",
        name=short_name(box),
        address=f"{box.name} · {box.address}" if box.name != box.address else box.address,
        count=counters.by_mailbox.get(box.id, 0),
        colour=colour_of(box.kind, box.colour),
        personal=box.kind == "personal",
        current=place.mailbox_id == box.id,
        problem=problem,
    )


def _rail_url(here: Place | str) -> str:
    return f"/fragments/rail?page={here}" if isinstance(here, str) else here.fragment("rail")

"""How the company of the demo has settled in: its hours, tags, rules, views, texts and deputies, and work in hand.

Written once, by the verbs of the house, when the letters of the past are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from core import clock
from core.database import ReadTx, WriteTx
from crm.execution.absence import add_absence, set_deputies
from crm.staff.people import list_teams
from crm.staff.readable import Viewer, get_viewer
from crm.staff.tables import user
from crm.working import HOUSE, Calendar, choose_calendar
from mailhub.demo.company import DEMO_PEOPLE, DOMAIN
from mailhub.demo.growing import know_trade
from mailhub.demo.growth import know_clients
from mailhub.demo.plans import plan_weeks
from mailhub.letters.html.outgoing import text_as_html
from mailhub.mailboxes.attention import set_urgent
from mailhub.mailboxes.boxes import find_mailbox
from mailhub.mailboxes.following import follow
from mailhub.mailboxes.handling import assign_thread
from mailhub.mailboxes.lists import ThreadRow, list_threads
from mailhub.mailboxes.notes import add_note
from mailhub.mailboxes.notices import mark_notices
from mailhub.mailboxes.snoozing import snooze
from mailhub.mailboxes.tables import thread
from mailhub.mailboxes.tags import make_tag, tag_thread
from mailhub.mailboxes.views import add_view, parse_view
from mailhub.outbound.drafts import Text, add_draft, change_draft
from mailhub.outbound.scheduling import schedule_draft
from mailhub.outbound.signatures import set_signature
from mailhub.outbound.templates import save_template
from mailhub.routing.rules.tables import rule
from mailhub.routing.rules.verbs import add_rule, parse_wanted
from mailhub.upkeep.first_hour import skip_step

ZONE = "Europe/Kyiv"
OFFICE = tuple([((9 * 60, 13 * 60), (14 * 60, 18 * 60))] * 5 + [()] * 2)
# Each tag with its colour and the words of subjects, in five languages, that its rule looks for.
TAGS: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "claim": (2, ("claim", "рекламац", "недостача", "липси", "khiếu nại", "thiếu hàng", "short delivery")),
    "quotation": (1, ("quotation", "запит ціни", "запрос цены", "запитване", "hỏi giá", "báo giá")),
    "order": (3, ("order", "замовленн", "заказ", "поръчка", "đơn ")),
}
TAGGED = 40
TEXTS = (
    ("thanks", "Thank you for your letter, {{ contact.name }}.\nWe answer today before 18:00.\n"),
    ("dispatch", "Dear {{ contact.name }},\nyour goods leave our warehouse tomorrow. The waybill follows by e-mail.\n"),
    ("return", "Dear {{ contact.name }},\nplease send us two photographs and the number on the box.\n"),
)
SIGNATURES = {
    "sales": "Delta Pump, sales\n+380 44 555 01 20 · delta.example",
    "claims": "Delta Pump, service\n+380 44 555 01 30 · delta.example",
}
NOTED = "@Helen, the warehouse confirms: two spare pieces are on the shelf, they can leave today until 16:00."
ANSWERED = "Thank you, we have two on the shelf.\nThey leave today, the waybill follows."


@dataclass(frozen=True, slots=True)
class _Office:
    """Who is there, by login, and what waits for an answer."""

    people: dict[str, Viewer]
    boxes: dict[str, int]
    waiting: list[ThreadRow]


def find_habits(tx: ReadTx) -> int | None:
    """Something that it is known by, or None before the company has settled in."""
    found = tx.value(select(rule.c.id).limit(1))
    return None if found is None else int(found)


def settle_in(tx: WriteTx) -> None:
    """Write all of it. The deadlines of letters that are here stay as they are; new ones go by the working hours."""
    office = _see_office(tx)
    helen = office.people["helen"]
    choose_calendar(tx, HOUSE, Calendar(ZONE, OFFICE, "UA"))
    skip_step(tx, helen, "all")
    _sort(tx, office, helen)
    _write_texts(tx, office, helen)
    _go_away(tx, office, helen)
    for viewer in office.people.values():
        mark_notices(tx, viewer, read=True)  # of ten days of letters
    _work(tx, office)
    plan_weeks(tx, helen, list(office.people.values()), office.waiting, ZONE)
    know_clients(tx, helen, office.boxes["sales"], ZONE)
    know_trade(tx, helen, office.boxes["sales"])


def _see_office(tx: ReadTx) -> _Office:
    logins = {one.email.partition("@")[0]: one.email for one in DEMO_PEOPLE}
    ids = {login: int(tx.value(select(user.c.id).where(user.c.email == email))) for login, email in logins.items()}
    people = {login: get_viewer(tx, number) for login, number in ids.items()}
    boxes = {}
    for name in ("sales", "claims", "purchasing", "info"):
        box = find_mailbox(tx, f"{name}@{DOMAIN}")
        assert box is not None, "the company was founded"
        boxes[name] = box.id
    return _Office(people, boxes, list(list_threads(tx, people["helen"], "waiting").items))


def _sort(tx: WriteTx, office: _Office, helen: Viewer) -> None:
    """Tags on what is here, rules for what comes, views of both."""
    seen = tx.rows(
        select(thread.c.id, thread.c.subject)
        .where(thread.c.mailbox_id.in_(office.boxes.values()), thread.c.state != "spam")
        .order_by(thread.c.last_message_at.desc())
        .limit(TAGGED)
    )
    for name, (colour, words) in TAGS.items():
        tag = make_tag(tx, helen, name, colour)
        box = office.boxes["claims" if name == "claim" else "sales"]
        subject = {"field": "subject", "op": "contains", "value": list(words)}
        acts = [{"tag": [tag.id]}] + ([{"assign": {"way": "manager"}}] if name == "order" else [])
        wanted = parse_wanted(f"{name.capitalize()}s", {"all": [subject]}, acts, ZONE)
        add_rule(tx, helen, box, wanted, active=True)
        for row in seen:
            if any(word in row.subject.casefold() for word in words):
                tag_thread(tx, helen, row.id, [tag.id])
    thanks = {"any": [{"field": "text", "op": "contains", "value": "thank you, received"}]}
    wanted = parse_wanted("Thanks need no answer", thanks, [{"state": "closed"}], ZONE)
    add_rule(tx, helen, office.boxes["sales"], wanted)
    opened = {"field": "state", "op": "eq", "value": "open"}
    claims = {"all": [opened, {"field": "tags", "op": "contains", "value": "claim"}]}
    spoken = {"all": [opened, {"field": "language", "op": "eq", "value": "vi"}]}
    sales = next(team.id for team in list_teams(tx) if team.name == "Sales")
    add_view(tx, helen, parse_view(helen, "Claims by lateness", claims, late=True, team_id=None, zone=ZONE))
    add_view(tx, helen, parse_view(helen, "From Viet Nam", spoken, late=False, team_id=sales, zone=ZONE))


def _write_texts(tx: WriteTx, office: _Office, helen: Viewer) -> None:
    for box in ("sales", "claims"):
        for name, text in TEXTS:
            save_template(tx, helen, office.boxes[box], name, "", text_as_html(text), own=False)
    for name, text in SIGNATURES.items():
        set_signature(tx, helen, office.boxes[name], text_as_html(text), own=False)


def _go_away(tx: WriteTx, office: _Office, helen: Viewer) -> None:
    """Елена is away in three days' time, for a week; Оксана stands in."""
    elena, oksana = office.people["elena"].user_id, office.people["oksana"].user_id
    begin = clock.now() + 3 * clock.DAY
    set_deputies(tx, helen, elena, [oksana])
    add_absence(tx, helen, elena, begin, begin + 7 * clock.DAY, "Trade fair in Plovdiv")


def _work(tx: WriteTx, office: _Office) -> None:
    """What is in hand: threads for the administrator, one put aside, a note, a draft and a letter that is planned."""
    helen, oksana = office.people["helen"], office.people["oksana"]
    claims = [row for row in office.waiting if row.mailbox_address.startswith("claims@")]
    others = [row for row in office.waiting if row.mailbox_address.startswith("purchasing@")]
    first, second = claims[0], claims[1]
    set_urgent(tx, helen, first.id, urgent=True)
    add_note(tx, oksana, first.id, NOTED)
    follow(tx, helen, first.id)
    assign_thread(tx, oksana, second.id, helen.user_id)
    snooze(tx, helen, others[-1].id, clock.now() + 2 * clock.DAY)
    _draft(tx, helen, claims[2])
    draft = _draft(tx, helen, second)
    when = clock.now() + clock.DAY
    schedule_draft(tx, helen, draft[0], draft[1], when - when % clock.HOUR, unless_reply=True, force=True)


def _draft(tx: WriteTx, viewer: Viewer, row: ThreadRow) -> tuple[int, int]:
    begun = add_draft(tx, viewer, "reply", thread_id=row.id)
    text = Text(to=f"{row.who} <{row.who_address}>", subject=f"Re: {row.subject}", html=text_as_html(ANSWERED))
    saved = change_draft(tx, viewer, begun.id, begun.version, text)
    return saved.id, saved.version

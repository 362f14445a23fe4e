"""A house in which every word is an attack: letters, names, notes, tags, texts, drafts. And a watch over what a browser
does when it looks at them, with both layers or with one alone.

The pages have two layers: what is said is escaped (or cleaned), and the policy of the answer lets nothing else run or
load. ``Layers`` takes one of them away on the way to the browser, as a fault of ours would.
"""

from __future__ import annotations

import re
import smtplib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from html import unescape
from itertools import cycle
from typing import Any, Literal

from playwright.sync_api import BrowserContext, Request, Route
from sqlalchemy import update

from core import clock
from core.database import WriteTx
from crm.execution import add_absence
from crm.execution.promises import Made
from crm.parties import add_contact, add_counterparty
from crm.planner import Plan
from crm.staff.people import add_team, add_user, join_team
from crm.staff.readable import Viewer, get_viewer
from crm.staff.rights import RIGHTS, add_grant
from crm.staff.sessions import add_token
from crm.staff.tables import user
from mailhub.keeping.rules import add_hold
from mailhub.letters.html.outgoing import CleanHtml
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.mailboxes.handling import assign_thread
from mailhub.mailboxes.notes import add_note, change_note
from mailhub.mailboxes.notifying import notify
from mailhub.mailboxes.planning import plan, promise_it
from mailhub.mailboxes.tags import make_tag, tag_thread
from mailhub.mailboxes.views import add_view, parse_view
from mailhub.outbound.drafts import Text, add_draft, change_draft
from mailhub.outbound.signatures import set_signature
from mailhub.outbound.templates import save_template
from mailhub.routing.rules.verbs import add_rule, parse_wanted
from mailhub.runtime import House
from tests.browser.hostile_html import OURS, armed, is_refresh, shared
from tests.browser.letter_bench import Quiet, serving

Left = Literal["both", "escaping alone", "policy alone", "policy alone, in scripts"]
CANARY = "canary.example"
SPREAD = 5
# What a layer is taken away from; only that passes through here, for each turn costs.
LOOKED_AT = re.compile(r"^http://127\.0\.0\.1:\d+/(?!assets/|api/v1/events)")
# As if scripts took words for markup wherever they say some: what a fault in any of them would do.
WORDS_ARE_MARKUP = """(() => {
    const http = (one) => String(one).replaceAll("https://v", "http://v");
    const said = (one) => (typeof one === "string" ? document.createRange().createContextualFragment(http(one)) : one);
    const markup = Object.getOwnPropertyDescriptor(Element.prototype, "innerHTML").set;
    const words = Object.getOwnPropertyDescriptor(Node.prototype, "textContent");
    Object.defineProperty(Element.prototype, "textContent", { configurable: true, get: words.get,
        set(value) { markup.call(this, http(value ?? "")) } });
    for (const verb of ["append", "prepend", "replaceChildren", "before", "after", "replaceWith"]) {
        const plainly = Element.prototype[verb];
        Element.prototype[verb] = function (...all) { return plainly.apply(this, all.map(said)) };
    }
})()"""
WORD = "Pumps"
"""Begins what people look for, so that it is found and marked."""
SAVED = "Saved words"
"""Begins every saved text: what hides the rest of itself hides not that it was put in."""


def as_http(text: str) -> str:
    """The canaries of attacks by http, where the proxy can tell a request from a connection that is only made."""
    return text.replace("https://v", "http://v")


@dataclass
class Vectors:
    """Attacks by their number, given out one after the other to whatever has room for them."""

    all: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        wanted = [one for one in (*OURS, *shared()) if not is_refresh(one)]
        self.all = [armed(one, number, f"https://v{number}.{CANARY}/{number}") for number, one in enumerate(wanted)]
        self._turn = cycle(self.all)

    def take(self, longest: int) -> str:
        """The next one that is short enough, behind an honest word."""
        return next(f"{WORD} {one}" for one in self._turn if len(one) + len(WORD) < longest and one.isprintable())

    def split(self, parts: int) -> list[list[str]]:
        """All of them in so many heaps."""
        return [self.all[at::parts] for at in range(parts)]


def hostile_letter(vectors: list[str], number: int, *, answers: bool) -> bytes:
    """A letter whose every part says these vectors."""
    letter = EmailMessage(policy=SMTP)
    joined = " ".join(vectors)
    plain = re.sub(r"[\x00-\x1f\x7f\u2028\u2029]", " ", joined)
    name = re.sub(r'["\\<>@,]', "", plain)[:60]
    letter["From"] = f'"{name or "x"}" <anna{number}@client.example>'
    letter["To"] = "sales@firm.example"
    letter["Subject"] = f"{WORD} {plain}"[:900]
    letter["Message-ID"] = f"<h{number}@client.example>"
    if answers:
        letter["References"] = "<h0@client.example>"
    letter.set_content(f"{WORD}\n{joined}\n> {joined}\n", cte="base64")
    letter.add_alternative(f"<p>{WORD}</p>{joined}", subtype="html", cte="base64")
    letter.add_attachment(joined.encode(), maintype="image", subtype="svg+xml", filename=f"{plain[:120]}.svg")
    letter.add_attachment(joined.encode(), maintype="text", subtype="html", filename=f"{plain[-120:]}.html")
    said = hostile_calendar(vectors).encode()
    letter.add_attachment(
        said, maintype="text", subtype="calendar", filename="invite.ics", params={"method": "REQUEST"}
    )
    return letter.as_bytes()


def hostile_calendar(vectors: list[str]) -> str:
    """A calendar object each of whose lines says one of these vectors: what its letter shows as a card."""
    turn = cycle(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", one) for one in vectors)
    named = ("SUMMARY:", "LOCATION:", "COMMENT:", "DTSTART:", "DTEND:", "ORGANIZER:mailto:", *["ATTENDEE:mailto:"] * 6)
    lines = (f"{name}{next(turn)}" for name in named)
    return "\r\n".join(["BEGIN:VCALENDAR", "METHOD:REQUEST", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR", ""])


def send_letters(house: House, vectors: Vectors, letters: int) -> None:
    """All vectors in single threads, then in one long thread."""
    assert house.listener is not None
    heaps = vectors.split(letters)
    with smtplib.SMTP("127.0.0.1", house.listener.port, timeout=20) as client:
        for number in range(letters + letters // SPREAD):
            longer = number >= letters
            some = heaps[(number - letters) * SPREAD :][:SPREAD] if longer else [heaps[number]]
            heap = [one for each in some for one in each]
            raw = hostile_letter(heap, number, answers=longer)
            client.sendmail("anna@client.example", ["sales@firm.example"], raw)


@dataclass
class Filled:
    """What the pages of the house are about, by the name of the parameter that asks for it."""

    ids: dict[str, int] = field(default_factory=dict)


def found_hostile(tx: WriteTx, vectors: Vectors, password: str) -> Filled:
    """People and mailboxes, before letters come."""
    oksana = add_user(tx, "oksana@firm.example", "Oksana Lysenko", password_hash=password, language="en", is_admin=True)
    petro = add_user(tx, "petro@firm.example", vectors.take(200), language="en")
    team = add_team(tx, vectors.take(100))
    join_team(tx, team, oksana)
    boxes = [add_mailbox(tx, f"{name}@firm.example", vectors.take(120), "public") for name in ("sales", "claims")]
    for right in RIGHTS:
        for box in boxes:
            add_grant(tx, box.scope_id, right, user_id=oksana)
            add_grant(tx, box.scope_id, right, user_id=petro)
    client = add_counterparty(tx, vectors.take(200), domains=["client.example"], city=vectors.take(200))
    for number in range(30):
        add_counterparty(tx, vectors.take(200), domains=[f"c{number}.example"])
        contact = partial(add_contact, emails=[f"anna{number}@client.example"], counterparty_id=client)
        person = contact(tx, vectors.take(200), position=vectors.take(200))
    tx.execute(update(user).where(user.c.id == petro).values(name=vectors.take(200)))
    return Filled({"box_id": boxes[0].id, "client_id": client, "contact_id": person, "user_id": petro})


def say_everywhere(tx: WriteTx, vectors: Vectors, filled: Filled, single: int, long: int) -> None:
    """Whatever people write themselves, once the letters have come."""
    viewer = get_viewer(tx, 1)
    petro = get_viewer(tx, filled.ids["user_id"])
    box = filled.ids["box_id"]
    everything = "\n".join(vectors.all)
    for thread_id in (single, long):
        noted = add_note(tx, petro, thread_id, f"@Oksana Lysenko\n{everything}"[:19_900])
        change_note(tx, petro, noted.id, f"{WORD}\n{everything}"[-19_900:])
        tags = [make_tag(tx, viewer, vectors.take(40)).id for _ in range(20)]
        tag_thread(tx, viewer, thread_id, tags)
        notify(tx, "mentioned", [viewer.user_id], thread_id, by_id=petro.user_id)
        assign_thread(tx, viewer, thread_id, petro.user_id)
        begin_drafts(tx, petro if thread_id == single else viewer, thread_id, everything)
    filled.ids |= {"thread_id": long, "tag_id": tags[0]}
    every: dict[str, Any] = {"all": [{"field": "who", "op": "contains", "value": vectors.take(200)}]}
    for _ in range(10):
        wanted = parse_view(viewer, vectors.take(60), every, late=False, team_id=None, zone="UTC")
        filled.ids["view_id"] = add_view(tx, viewer, wanted).id
        rule = parse_wanted(vectors.take(100), {"all": []}, [{"answer_hours": 2}], "UTC")
        filled.ids["rule_id"] = add_rule(tx, viewer, box, rule).id
        save_template(
            tx,
            viewer,
            box,
            vectors.take(80),
            "",
            CleanHtml(f"<p>{SAVED}</p>{re.sub('[{}]', '', everything)}"),
            own=True,
        )
    for own in (True, False):
        set_signature(tx, viewer, box, CleanHtml(everything[:19_900]), own=own)
    add_absence(tx, viewer, petro.user_id, clock.now(), None, vectors.take(200))
    add_hold(tx, viewer, vectors.take(200), counterparty_id=filled.ids["client_id"])
    add_token(tx, viewer.user_id, vectors.take(200), ["read"])
    plan_and_promise(tx, viewer, vectors, filled)


def plan_and_promise(tx: WriteTx, viewer: Viewer, vectors: Vectors, filled: Filled) -> None:
    """What stands in the calendar, and among what was promised."""
    same = {"executor_id": viewer.user_id, "counterparty_id": filled.ids["client_id"]}
    for day in range(1, 20):
        starts = clock.iso(clock.now() + day * clock.DAY)[:16]
        told = Plan("call", vectors.take(200), starts, "Europe/Kyiv", body=vectors.take(900), **same)
        filled.ids["planned_id"] = plan(tx, viewer, told)
        made = Made(text=vectors.take(400), due_at=clock.now() + day * clock.DAY, **same)
        filled.ids["promise_id"] = promise_it(tx, viewer, made)


def begin_drafts(tx: WriteTx, writer: Viewer, thread_id: int, html: str) -> None:
    """An answer that was written down without being cleaned."""
    made = add_draft(tx, writer, "reply", thread_id=thread_id)
    text = Text(to="anna@client.example", subject=html[:900], html=CleanHtml(f"<div>{WORD}</div>{html}"))
    change_draft(tx, writer, made.id, made.version, text)


@dataclass
class Watch:
    """What the browser did."""

    executed: set[int] = field(default_factory=set)
    abroad: list[str] = field(default_factory=list)
    navigated: list[str] = field(default_factory=list)
    opened: int = 0

    @property
    def summary(self) -> str:
        """What was done, by whom."""
        return f"ran {sorted(self.executed)}; asked {dict(Counter(self.abroad))}; went to {self.navigated}"

    @property
    def nothing(self) -> bool:
        return not (self.executed or self.abroad or self.navigated)


@contextmanager
def abroad(watch: Watch) -> Iterator[str]:
    """A proxy for everything that is not on this machine: it writes down who was asked for, and answers nothing."""

    class Proxy(Quiet):
        def any_method(self) -> None:
            watch.abroad.append(f"{self.command} {self.path}")
            self.close_connection = True
            self.answer(b"", {"Content-Type": "text/plain"})

        do_GET = do_POST = do_HEAD = do_OPTIONS = do_CONNECT = any_method

    with serving(Proxy) as address:
        yield address


class Layers:
    """Stands between the house and the browser and takes a layer away."""

    def __init__(self, left: Left) -> None:
        self.left = left

    def __call__(self, route: Route) -> None:
        if route.request.method != "GET":
            route.continue_()
            return
        # As any browser does, ask anew where the house let a resting connection go while the request was on its way.
        answer = route.fetch(max_redirects=0, max_retries=3)
        headers = dict(answer.headers)
        body = answer.body()
        if headers.get("content-type", "").startswith("text/html"):
            text = body.decode()
            if self.left == "policy alone":
                # Chromium connects to the host of a frame before it asks the policy. That is no request: with http,
                # where no tunnel is asked for, the proxy can tell it from one.
                body = as_http(unescape(text)).encode(errors="replace")
            else:
                headers.pop("content-security-policy", None)
                body = re.sub(r' sandbox="[^"]*"', "", text).encode()
        route.fulfill(status=answer.status, headers=headers, body=body)


def watch_over(context: BrowserContext, watch: Watch, layers: Layers, home: str) -> None:
    """Look at everything that this context does."""

    def seen(request: Request) -> None:
        if request.is_navigation_request() and not request.url.startswith((home, "about:", "data:,")):
            watch.navigated.append(request.url)

    context.expose_binding("hit", lambda _source, number=-1: watch.executed.add(int(number)))
    context.on("request", seen)
    context.on("dialog", lambda dialog: (watch.executed.add(-1), dialog.dismiss()))
    if layers.left == "policy alone, in scripts":
        context.add_init_script(WORDS_ARE_MARKUP)
    elif layers.left != "both":
        context.route(LOOKED_AT, layers)

"""What the pages about rules say: the form as chips with their choices, actions as words, letters that were tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.web.condition_words import Choice, LineView, chosen_of, show_joined, show_lines
from api.web.place import Place
from api.web.rule_form import Draft
from api.web.shapes import Speaker, When, make_when
from core.rules import Wording
from mailhub.routing.rules.actions import Actions
from mailhub.routing.rules.facts import LETTERS
from mailhub.routing.rules.trying import Part, Tried


@dataclass(frozen=True, slots=True)
class People:
    """Everybody by number and name, those who may answer in the mailbox, the teams, the tags, and the mailboxes where
    threads may go."""

    users: dict[int, str]
    able: list[int]
    teams: dict[int, str]
    tags: dict[int, str]
    boxes: dict[int, str]


@dataclass(frozen=True, slots=True)
class FormView:
    """See templates/web/_rule_form.html."""

    name: str
    joined: list[Choice]
    group_words: str
    lines: list[LineView]
    moves: list[Choice]
    who: list[Choice]
    states: list[Choice]
    hours: str
    tags: list[Choice]
    urgent: bool
    silent: bool
    stop: bool


@dataclass(frozen=True, slots=True)
class TriedView:
    """A letter that was tried: what people did and what the rule would have done. ``mark`` is ``same``, ``other`` or
    ``unknown``."""

    url: str
    when: When | None
    sender: str
    subject: str
    excerpt: str
    people: str
    rule: str
    mark: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What was found so far."""

    looked_at: int = 0
    total: int = 0
    touched: int = 0
    same: int = 0
    other: int = 0
    unknown: int = 0
    shown: int = 0

    def add(self, parts: Sequence[Part], *, shown: int) -> Trial:
        """And in these parts."""
        items = [one for part in parts for one in part.items]
        sure = [one for one in items if not one.unknown]
        return Trial(
            looked_at=self.looked_at + sum(part.looked_at for part in parts),
            total=parts[-1].total,
            touched=self.touched + len(sure),
            same=self.same + sum(one.who == "same" for one in sure),
            other=self.other + sum(one.who == "other" for one in sure),
            unknown=self.unknown + len(items) - len(sure),
            shown=self.shown + shown,
        )


def wording_of(speaker: Speaker, people: People) -> Wording:
    """How rules are said to this reader."""
    return Wording(speaker.language, lambda _field, number: people.users.get(number, "?"))


def say_actions(speaker: Speaker, actions: Actions, people: People) -> str:
    """What a rule does, as a part of a sentence."""
    parts = []
    if actions.mailbox_id is not None:
        parts.append(speaker.say("move it to %(mailbox)s", mailbox=people.boxes.get(actions.mailbox_id, "?")))
    if actions.user_id is not None:
        parts.append(speaker.say("assign to %(name)s", name=people.users.get(actions.user_id, "?")))
    if actions.team_id is not None:
        turn = speaker.say("whose turn it is in %(team)s", team=people.teams.get(actions.team_id, "?"))
        parts.append(speaker.say("assign to %(name)s", name=turn))
    if actions.way == "manager":
        parts.append(speaker.say("assign to %(name)s", name=speaker.say("the client's responsible manager")))
    if actions.way == "turn":
        parts.append(speaker.say("assign to %(name)s", name=speaker.say("whose turn it is")))
    if actions.way == "least_busy":
        parts.append(speaker.say("assign to %(name)s", name=speaker.say("who has least to do")))
    if actions.answer_hours is not None:
        parts.append(speaker.say("to be answered in %(hours)s h", hours=actions.answer_hours))
    if actions.tags:
        names = ", ".join(f"“{people.tags.get(one, '?')}”" for one in actions.tags)
        parts.append(speaker.say("tag it %(tags)s", tags=names))
    if actions.urgent:
        parts.append(speaker.say("call it urgent"))
    if actions.state is not None:
        parts.append(speaker.say("close it") if actions.state == "closed" else speaker.say("mark it as junk"))
    if not actions.acknowledge:
        parts.append(speaker.say("do not send “your letter has come”"))
    if actions.stop:
        parts.append(speaker.say("ask no further rule"))
    return ", ".join(parts)


def show_form(speaker: Speaker, draft: Draft, people: People) -> FormView:
    """The form with everything that can be chosen in it."""
    say, (joined, group_words) = speaker.say, show_joined(speaker, draft.joined)
    users = [(f"user:{one}", people.users[one]) for one in sorted(people.able, key=lambda one: people.users[one])]
    teams = [
        (f"team:{one}", say("whose turn it is in %(team)s", team=name))
        for one, name in sorted(people.teams.items(), key=lambda pair: pair[1])
    ]
    ways = [
        ("", say("nobody in particular")),
        ("way:manager", say("the client's responsible manager")),
        ("way:turn", say("whose turn it is")),
        ("way:least_busy", say("who has least to do")),
    ]
    who = [*ways, *users, *teams]
    if draft.who and draft.who not in dict(who):
        kind, _, key = draft.who.partition(":")
        number = int(key) if key.isdigit() else 0
        who.append((draft.who, (people.users if kind == "user" else people.teams).get(number, "?")))
    states = [("", say("leave it open")), ("closed", say("close it")), ("spam", say("mark it as junk"))]
    return FormView(
        name=draft.name,
        joined=joined,
        group_words=group_words,
        lines=show_lines(speaker, draft.joined, draft.lines, LETTERS, {"users": people.users, "tags": people.tags}),
        moves=_moves(speaker, draft, people),
        who=chosen_of(who, draft.who),
        states=chosen_of(states, draft.state),
        hours=draft.hours,
        tags=[(str(one), name, str(one) in draft.tags) for one, name in people.tags.items()],
        urgent=draft.urgent,
        silent=not draft.acknowledge,
        stop=draft.stop,
    )


def _moves(speaker: Speaker, draft: Draft, people: People) -> list[Choice]:
    """Where the thread may go; nothing to choose where there is one mailbox only."""
    boxes = [(str(one), address) for one, address in sorted(people.boxes.items(), key=lambda pair: pair[1])]
    if draft.move and draft.move not in dict(boxes):
        boxes.append((draft.move, "?"))
    stay = ("", speaker.say("leave it in this mailbox"))
    return chosen_of([stay, *boxes], draft.move) if boxes else []


def show_tried(speaker: Speaker, box_id: int, one: Tried) -> TriedView:
    """A letter of this mailbox that was tried."""
    say = speaker.say
    states = {"closed": say("Closed"), "spam": say("Junk")}
    fields = {"name": one.rule or ""}
    rule = {
        "nobody": say("would act"),
        "same": say("as people did"),
        "other": one.rule or "",
        "kept": say("stays with %(name)s", **fields),
        "turn": say("whose turn it would have been"),
        "least_busy": say("who would have had least to do"),
        "manager": say("the manager of that day"),
        "no_access": say("%(name)s may not answer here", **fields),
    }[one.who]
    mark = "same" if one.who in ("same", "kept") else "other"
    if one.unknown:
        labels = ", ".join(say(LETTERS.get(key).label) for key in one.unknown)
        rule, mark = say("not known of that day: %(what)s", what=labels), "unknown"
    elif one.who == "no_access":
        mark = "unknown"
    people = one.people or states.get(one.state) or say("nobody")
    when = make_when(speaker, one.came_at)
    subject = one.subject or say("no subject")
    url = Place("open", box_id).thread(one.thread_id)
    return TriedView(url, when, one.sender, subject, one.excerpt, people, rule, mark)

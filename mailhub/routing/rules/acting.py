"""A rule acts on the journey of a letter: its mailbox's rules are asked in their order, and what each does says so.

Rules look at letters that come in, never at those of an archive, at junk or at our own, and nothing that they do brings
a letter in: no rule sets off another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from core.database import WriteTx
from core.errors import Forbidden, NotFound
from core.rules import At, evaluate
from crm.execution import Choice, choose_in_turn, choose_least_busy, is_able, stand_in_choice
from crm.staff.people import get_user, list_teams
from crm.staff.readable import get_viewer
from mailhub.mailboxes import handling
from mailhub.mailboxes.attention import set_urgent_by_rule
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.busy import count_waiting
from mailhub.mailboxes.handling import ByRule
from mailhub.mailboxes.moving import get_target, move_by_rule
from mailhub.mailboxes.tables import message
from mailhub.mailboxes.tags import tag_by_rule
from mailhub.mailboxes.threads import tell
from mailhub.routing.rules.actions import Actions
from mailhub.routing.rules.facts import LETTERS, Facts, ask
from mailhub.routing.rules.verbs import RoutingRule, list_active

NO_ACCESS = "The rule “%(rule)s”, version %(version)s, assigns to %(name)s, who may not answer here."
NO_WAY = "The rule “%(rule)s”, version %(version)s, moves to a mailbox where its writer may not answer any more."
NO_JUNK = "The rule “%(rule)s”, version %(version)s, calls no letter junk that goes on with a conversation."
NOBODY_FITS = "The rule “%(rule)s”, version %(version)s, found nobody who may answer here."


@dataclass(slots=True)
class Outcome:
    """What the rules decided that the later steps of the journey heed. ``executor_id`` is who got the thread,
    ``put_away`` whether it was closed or called junk, ``box`` the mailbox it was moved to."""

    acknowledge: bool = True
    box: Mailbox | None = None
    put_away: bool = False
    executor_id: int | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A letter in front of the rules. ``manager_id`` finds its client's responsible manager, ``held`` says whether
    somebody has its thread who can answer, ``facts`` are what the rules ask of it, by their time zone."""

    box: Mailbox
    thread_id: int
    message_id: int
    begins: bool
    held: bool
    manager_id: Callable[[], int | None]
    facts: Callable[[ZoneInfo], Facts]


def act(tx: WriteTx, case: Case, now: int) -> Outcome:
    """Ask the rules of the mailbox in their order, and do what those say that are true of the letter."""
    outcome = Outcome()
    known: dict[str, Callable[[str], Any]] = {}
    for rule in list_active(tx, case.box.id):
        zone = ZoneInfo(rule.zone)
        if rule.zone not in known:
            known[rule.zone] = ask(case.facts(zone))
        if evaluate(rule.condition, LETTERS, known[rule.zone], At(now, zone)):
            _do(tx, case, rule, outcome)
            if rule.actions.stop or outcome.box is not None:
                break  # a thread that was moved is no more the business of these rules
    return outcome


def _do(tx: WriteTx, case: Case, rule: RoutingRule, outcome: Outcome) -> None:
    actions, mark = rule.actions, ByRule(rule.id, rule.version, rule.name)
    if not actions.acknowledge:
        outcome.acknowledge = False
    if actions.mailbox_id is not None and not case.held:
        case = _move(tx, case, rule, mark, outcome)
    if actions.assigns and not case.held and outcome.executor_id is None:
        _assign(tx, case, actions, mark, outcome)
    if actions.answer_hours is not None:
        handling.set_time(tx, case.thread_id, actions.answer_hours, mark)
    if actions.tags:
        tag_by_rule(tx, case.thread_id, actions.tags, mark)
    if actions.urgent:
        set_urgent_by_rule(tx, case.thread_id, mark)
    if actions.state is not None and not outcome.put_away:
        if actions.state == "spam" and not case.begins:
            tell(tx, case.thread_id, NO_JUNK, **mark.fields)
            return
        if actions.state == "spam":
            tx.change(message, case.message_id, spam=1)
        handling.put_away(tx, case.thread_id, actions.state, mark)
        outcome.put_away = True


def _move(tx: WriteTx, case: Case, rule: RoutingRule, mark: ByRule, outcome: Outcome) -> Case:
    """The case as it is in the other mailbox. Whoever wrote the rule must still be able to move a thread there."""
    assert rule.actions.mailbox_id is not None
    try:
        target = get_target(tx, get_viewer(tx, rule.by_id), case.box, rule.actions.mailbox_id)
    except (NotFound, Forbidden):
        tell(tx, case.thread_id, NO_WAY, **mark.fields)
        return case
    if not move_by_rule(tx, case.thread_id, target, mark):
        return case
    outcome.box = target
    return replace(case, box=target)


def _assign(tx: WriteTx, case: Case, actions: Actions, mark: ByRule, outcome: Outcome) -> None:
    executor_id = find_executor(tx, case.box.scope_id, actions, case.manager_id)
    if executor_id is not None and not is_able(tx, case.box.scope_id, executor_id):
        tell(tx, case.thread_id, NO_ACCESS, name=get_user(tx, executor_id).name, **mark.fields)
        return
    choice = None
    if executor_id is not None:
        choice = stand_in_choice(tx, case.box.scope_id, Choice(executor_id, _reason(actions)))
    if choice is not None:
        handling.give(tx, case.thread_id, choice, rule=mark)
        outcome.executor_id = choice.executor_id
    else:
        tell(tx, case.thread_id, NOBODY_FITS, **mark.fields)


def _reason(actions: Actions) -> str:
    if actions.way == "least_busy":
        return "rule_least_busy"
    return "rule" if actions.user_id is not None or actions.way == "manager" else "rule_turn"


def find_executor(tx: WriteTx, scope_id: int, actions: Actions, manager_id: Callable[[], int | None]) -> int | None:
    """Whom the actions name, whether they may answer or not; None for nobody."""
    if actions.user_id is not None:
        return actions.user_id
    if actions.way == "manager":
        return manager_id()
    if actions.way == "least_busy":
        return choose_least_busy(tx, scope_id, lambda people: count_waiting(tx, people))
    members = None
    if actions.team_id is not None:
        members = next((one.member_ids for one in list_teams(tx) if one.id == actions.team_id), ())
    return choose_in_turn(tx, scope_id, members)

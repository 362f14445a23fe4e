"""The timeline of a client: what happened, with whom, when: letters, and what people write into it by hand.

One row per message, in the scope of its mailbox: a history shows each reader what their rights allow. What somebody
writes by hand is of the scope of the letter that it follows from, else of the house: everybody may read it.
"""

from crm.interactions.history import (
    HIDDEN,
    Base,
    Interaction,
    count_history,
    count_kinds,
    get_interaction,
    list_history,
    list_timeline,
)
from crm.interactions.letters import (
    Direction,
    LetterFacts,
    forget_letter,
    forget_thread,
    get_letter_facts,
    give_letters,
    hold_facts,
    move_letters,
    record_letter,
    recount_letters,
    set_waiting,
)
from crm.interactions.tables import HOUSE, interaction, letter_facts
from crm.interactions.written import KINDS, add_interaction, change_interaction, drop_interaction, may_write

__all__ = [
    "HIDDEN",
    "HOUSE",
    "KINDS",
    "Base",
    "Direction",
    "Interaction",
    "LetterFacts",
    "add_interaction",
    "change_interaction",
    "count_history",
    "count_kinds",
    "drop_interaction",
    "forget_letter",
    "forget_thread",
    "get_interaction",
    "get_letter_facts",
    "give_letters",
    "hold_facts",
    "interaction",
    "letter_facts",
    "list_history",
    "list_timeline",
    "may_write",
    "move_letters",
    "record_letter",
    "recount_letters",
    "set_waiting",
]
